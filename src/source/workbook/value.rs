//! Values as calamine reads them → cells as we keep them.

use calamine::{CellErrorType, Data, DataRef, ExcelDateTime};

use crate::source::cell::Epoch;
use crate::source::row::{RowBatch, Stored};

/// A value as calamine reads it, whichever reader it came from.
pub(super) enum Value<'a> {
    Empty,
    Formula,
    Text(&'a str),
    Number(f64),
    DateTime(ExcelDateTime),
    Iso(&'a str),
    /// `PT12H30M00S`: a time of day, or a length of time.
    IsoDuration(&'a str),
    Bool(bool),
    Error(&'a CellErrorType),
    /// An error that calamine does not know.
    UnknownError(&'a str),
}

impl<'a> Value<'a> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a workbook stores numbers as f64 in the first place"
    )]
    #[inline]
    pub(super) fn of_ref(value: &'a DataRef<'_>) -> Self {
        match value {
            DataRef::Empty => Value::Empty,
            DataRef::String(s) => Value::Text(s),
            DataRef::SharedString(s) => Value::Text(s),
            DataRef::Int(n) => Value::Number(*n as f64),
            DataRef::Float(n) => Value::Number(*n),
            DataRef::Bool(b) => Value::Bool(*b),
            DataRef::DateTime(d) => Value::DateTime(*d),
            DataRef::DateTimeIso(s) => Value::Iso(s),
            DataRef::DurationIso(s) => Value::IsoDuration(s),
            DataRef::Error(e) => Value::Error(e),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a workbook stores numbers as f64 in the first place"
    )]
    pub(super) fn of_data(value: &'a Data) -> Self {
        match value {
            Data::Empty => Value::Empty,
            Data::String(s) => Value::Text(s),
            Data::Int(n) => Value::Number(*n as f64),
            Data::Float(n) => Value::Number(*n),
            Data::Bool(b) => Value::Bool(*b),
            Data::DateTime(d) => Value::DateTime(*d),
            Data::DateTimeIso(s) => Value::Iso(s),
            Data::DurationIso(s) => Value::IsoDuration(s),
            Data::Error(e) => Value::Error(e),
        }
    }

    /// Whether it is nothing, or text of blanks only.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Value::Empty => true,
            Value::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    #[inline]
    pub(super) fn store(self, batch: &mut RowBatch) -> Stored {
        match self {
            Value::Empty => Stored::Empty,
            Value::Formula => Stored::NoValue,
            Value::Text("") => Stored::Empty,
            Value::Text(s) => {
                let (a, b) = batch.push_text(s);
                Stored::Text(a, b)
            }
            Value::Number(n) => Stored::Number(n),
            Value::DateTime(d) => {
                let days = d.as_f64();
                if d.is_duration() {
                    Stored::Duration(days)
                } else {
                    Stored::Serial(
                        days,
                        if is_1904(d) {
                            Epoch::Y1904
                        } else {
                            Epoch::Y1900
                        },
                    )
                }
            }
            Value::IsoDuration(s) if let Some(days) = days_of(s) => Stored::Duration(days),
            Value::Iso(s) | Value::IsoDuration(s) => {
                let (a, b) = batch.push_text(s);
                Stored::Iso(a, b)
            }
            Value::Bool(b) => Stored::Bool(b),
            Value::UnknownError(text) => {
                let (a, b) = batch.push_text(text);
                Stored::Error(a, b)
            }
            Value::Error(e) => {
                let (a, b) = batch.push_text(&e.to_string());
                Stored::Error(a, b)
            }
        }
    }
}

/// calamine keeps the epoch to itself; a value made with the 1904 epoch is equal only to its like.
fn is_1904(d: ExcelDateTime) -> bool {
    d == ExcelDateTime::new(d.as_f64(), calamine::ExcelDateTimeType::DateTime, true)
}

/// The days of `PT12H30M05.5S`. Source: ODF 1.3 part 3, 19.389 (office:time-value), as XML Schema writes durations; a
/// spreadsheet writes hours, minutes and seconds only.
fn days_of(duration: &str) -> Option<f64> {
    let (sign, rest) = match duration.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, duration),
    };
    let mut rest = rest.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut seconds = 0.0;
    for (unit, length) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((number, behind)) = rest.split_once(unit) {
            let is_number = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            seconds += number.parse::<f64>().ok().filter(|_| is_number)? * length;
            rest = behind;
        }
    }
    rest.is_empty().then_some(sign * seconds / 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::days_of;

    #[test]
    fn durations_are_days() {
        for (text, days) in [
            ("PT12H00M00S", Some(0.5)),
            ("PT36H", Some(1.5)),
            ("PT6M", Some(6.0 / 1440.0)),
            ("PT0.5S", Some(0.5 / 86_400.0)),
            ("-PT24H", Some(-1.0)),
            ("PT", None),
            ("P1D", None),
            ("PT1X", None),
            ("PTinfS", None),
            ("", None),
        ] {
            assert_eq!(days_of(text), days, "{text}");
        }
    }
}
