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
    Bool(bool),
    Error(&'a CellErrorType),
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
            DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => Value::Iso(s),
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
            Data::DateTimeIso(s) | Data::DurationIso(s) => Value::Iso(s),
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
            Value::Iso(s) => {
                let (a, b) = batch.push_text(s);
                Stored::Iso(a, b)
            }
            Value::Bool(b) => Stored::Bool(b),
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
