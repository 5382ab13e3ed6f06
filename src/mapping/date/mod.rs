//! Every date of the program: text or cell → calendar date, or a refusal with its reason. Never a guess.
//!
//! Reading is done in two steps. [`read_text`] and [`read_cell`] say what a value can mean by itself: a
//! date, a choice between orders of day and month, or nothing. [`settle`] then decides a choice by the
//! hint or by the verdict of the value's own column ([`Evidence`]), and by nothing else. The policy is
//! that of `docs/dates.md`; its point numbers stand in the comments.

mod evidence;
mod memo;
mod names;
mod parse;
mod serial;
mod time;

use jiff::civil::{Date, Weekday};

pub use evidence::{Evidence, Verdict};
pub use memo::{Readings, SettledDates};
pub use names::Locale;
pub use parse::{read_common, read_text};
pub use serial::{read_epoch, read_serial};

use crate::diagnostic::Code;
use crate::source::{Cell, Epoch};

/// The order of the parts of a numeric date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// 31/12/2026.
    DayFirst,
    /// 12/31/2026.
    MonthFirst,
    /// 26-12-31.
    YearFirst,
}

impl Order {
    /// The order of a mapping's word: `dmy`, `mdy`, `ymd`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "dmy" => Some(Order::DayFirst),
            "mdy" => Some(Order::MonthFirst),
            "ymd" => Some(Order::YearFirst),
            _ => None,
        }
    }

    /// The mapping's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Order::DayFirst => "dmy",
            Order::MonthFirst => "mdy",
            Order::YearFirst => "ymd",
        }
    }
}

/// A format that a mapping names for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A strptime pattern.
    Pattern(String),
    /// A bare number is an Excel serial of the 1900 system.
    Excel,
    /// A bare number is seconds since 1970 in UTC.
    EpochSeconds,
    /// A bare number is milliseconds since 1970 in UTC.
    EpochMillis,
}

impl Format {
    /// The format of a mapping's word or pattern; `Err` says what is wrong with it.
    pub fn from_word(word: &str) -> Result<Self, String> {
        match word {
            "excel" => Ok(Format::Excel),
            "epoch_s" => Ok(Format::EpochSeconds),
            "epoch_ms" => Ok(Format::EpochMillis),
            _ if !word.contains('%') => Err(format!(
                "\"{word}\" is no date format: write a strptime pattern, \"%d %b %Y\", or \"excel\", \"epoch_s\", \"epoch_ms\""
            )),
            _ => {
                // A pattern that cannot print a date cannot read one either.
                let probe = jiff::civil::date(2026, 3, 4)
                    .at(17, 27, 5, 0)
                    .to_zoned_datetime(jiff::tz::TimeZone::UTC);
                let printed = probe
                    .ok()
                    .and_then(|z| jiff::fmt::strtime::format(word, &z).ok())
                    .ok_or_else(|| format!("\"{word}\" is no strptime pattern"))?;
                let date = jiff::fmt::strtime::parse(word, &printed).and_then(|t| t.to_date());
                match date {
                    Ok(_) => Ok(Format::Pattern(word.to_owned())),
                    Err(e) => Err(format!("\"{word}\" does not make a date: {e}")),
                }
            }
        }
    }
}

/// What the mapping says about a field's dates.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Formats, tried first.
    pub formats: Vec<Format>,
    /// The order of numeric dates.
    pub order: Option<Order>,
    /// The language of month names beside English.
    pub locale: Option<Locale>,
    /// The zone into which a time with an offset is converted.
    pub timezone: Option<jiff::tz::TimeZone>,
}

/// What a value can mean by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The meaning.
    pub meaning: Meaning,
    /// The weekday written beside it, which must agree.
    pub weekday: Option<Weekday>,
    /// Time of day in seconds and offset from UTC in minutes, where both stand there.
    pub instant: Option<(i64, i64)>,
    /// The year was written with two digits.
    pub two_digit_year: bool,
}

/// A date, or a choice.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// One date. `order` tells which order of day and month it proves, if it proves one.
    Sure {
        /// The date.
        date: Date,
        /// The order proved by a part over 12.
        proves: Option<Order>,
    },
    /// Several readings are possible.
    Choice {
        /// Day first.
        day_first: Option<Date>,
        /// Month first.
        month_first: Option<Date>,
        /// The parts are separated by dots, which mean day first unless something proves otherwise.
        dots: bool,
    },
    /// All zeros: a placeholder.
    Zero,
}

impl Reading {
    fn sure(date: Date) -> Self {
        Self {
            meaning: Meaning::Sure { date, proves: None },
            weekday: None,
            instant: None,
            two_digit_year: false,
        }
    }
}

/// Why a value is no date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `date.invalid` or `date.ambiguous`.
    pub code: Code,
    /// What was seen and what was expected.
    pub message: String,
}

impl Refusal {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: Code::DateInvalid,
            message: message.into(),
        }
    }

    fn ambiguous(message: impl Into<String>) -> Self {
        Self {
            code: Code::DateAmbiguous,
            message: message.into(),
        }
    }
}

/// A decided date and what is to be told about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The date.
    pub date: Date,
    /// Warnings, in words.
    pub warnings: Vec<(Code, String)>,
    /// A placeholder: the field is left out.
    pub sentinel: bool,
    /// It is no day of the calendar, only zeros.
    pub no_day: bool,
}

/// Reads a cell: dates of a workbook by its own epoch, text as text.
///
/// # Errors
/// A [`Refusal`] where the cell can be no date.
pub fn read_cell(cell: Cell<'_>, hints: &Hints) -> Result<Option<Reading>, Refusal> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Text(text) | Cell::Iso(text) => {
            let text = parse::clean(text);
            if text.is_empty() {
                Ok(None)
            } else {
                read_text(text, hints).map(Some)
            }
        }
        // Point 7: a number is a date only with a date style or a hint.
        Cell::Serial(days, epoch) => read_serial(days, epoch).map(|d| Some(Reading::sure(d))),
        Cell::Number(n) => {
            for format in &hints.formats {
                match format {
                    Format::Excel => {
                        return read_serial(n, Epoch::Y1900).map(|d| Some(Reading::sure(d)));
                    }
                    Format::EpochSeconds => {
                        return read_epoch(n * 1000.0, hints).map(|d| Some(Reading::sure(d)));
                    }
                    Format::EpochMillis => {
                        return read_epoch(n, hints).map(|d| Some(Reading::sure(d)));
                    }
                    Format::Pattern(_) => {}
                }
            }
            // The digits of a number are judged like text: eight of them are yyyymmdd.
            read_text(&crate::source::number_text(n), hints).map(Some)
        }
        Cell::Duration(_) => Err(Refusal::invalid(
            "The cell holds a length of time, not a date.",
        )),
        Cell::Bool(_) => Err(Refusal::invalid(
            "The cell holds true or false, not a date.",
        )),
        Cell::Error(e) => Err(Refusal {
            code: Code::CellError,
            message: format!("The cell holds the error {e}."),
        }),
        Cell::NoValue => Err(Refusal {
            code: Code::CellNoCachedValue,
            message: "The cell holds a formula without a stored result.".to_owned(),
        }),
    }
}

/// Placeholders of exporting systems (point 10).
const SENTINELS: [(i16, i8, i8); 4] = [(1, 1, 1), (1900, 1, 1), (1970, 1, 1), (9999, 12, 31)];

/// Decides a reading by its column's verdict.
///
/// # Errors
/// `date.ambiguous` where the column does not decide, `date.invalid` where a weekday contradicts.
pub fn settle(reading: &Reading, verdict: Verdict, hints: &Hints) -> Result<Settled, Refusal> {
    let mut warnings = Vec::new();
    let date = match &reading.meaning {
        Meaning::Zero => {
            let message = "A date of zeros is a placeholder; the field is left out.".to_owned();
            return Ok(Settled {
                date: jiff::civil::date(1, 1, 1),
                warnings: vec![(Code::DateSentinel, message)],
                sentinel: true,
                no_day: true,
            });
        }
        Meaning::Sure { date, proves } => {
            // Point 3: a cell that decides itself keeps its date, with a warning where the column is at odds.
            if proves.is_some() && verdict == Verdict::Contradicts {
                warnings.push((
                    Code::DateContradicts,
                    format!("The date can only be read as {date}, but other dates of the column are written the other way round."),
                ));
            }
            *date
        }
        Meaning::Choice {
            day_first,
            month_first,
            dots,
        } => {
            let chosen = match verdict {
                Verdict::DayFirst => *day_first,
                Verdict::MonthFirst => *month_first,
                // Point 5: dots mean day first, unless the column proves otherwise.
                Verdict::Silent if *dots => *day_first,
                Verdict::Silent | Verdict::Contradicts => None,
            };
            let Some(chosen) = chosen else {
                return Err(ambiguous(*day_first, *month_first, verdict));
            };
            chosen
        }
    };
    if let Some(weekday) = reading.weekday
        && weekday != date.weekday()
    {
        return Err(Refusal::invalid(format!(
            "The weekday contradicts the date: {date} is a {:?}.",
            date.weekday()
        )));
    }
    let date = match (reading.instant, &hints.timezone) {
        (Some((seconds, offset)), Some(zone)) => {
            convert(date, seconds, offset, zone).unwrap_or(date)
        }
        _ => date,
    };
    if reading.two_digit_year {
        warnings.push((
            Code::DateTwoDigitYear,
            format!("The year has two digits and is read as {}.", date.year()),
        ));
    }
    let sentinel = SENTINELS.contains(&(date.year(), date.month(), date.day()));
    if sentinel {
        warnings.push((
            Code::DateSentinel,
            format!("{date} is a placeholder; the field is left out."),
        ));
    } else if !(1900..=2100).contains(&date.year()) {
        warnings.push((
            Code::DateFarAway,
            format!("{date} lies outside 1900 to 2100."),
        ));
    }
    Ok(Settled {
        date,
        warnings,
        sentinel,
        no_day: false,
    })
}

/// The same for a reading without a weekday, a time or a short year whose date is near enough to tell nothing of it: what
/// [`settle`] would decide, or nothing where there is something to be told.
pub(super) fn settle_quietly(reading: &Reading, verdict: Verdict) -> Option<Date> {
    if reading.weekday.is_some() || reading.instant.is_some() || reading.two_digit_year {
        return None;
    }
    let date = match (&reading.meaning, verdict) {
        (Meaning::Sure { proves, date }, _)
            if proves.is_none() || verdict != Verdict::Contradicts =>
        {
            *date
        }
        (Meaning::Choice { day_first, .. }, Verdict::DayFirst) => (*day_first)?,
        (Meaning::Choice { month_first, .. }, Verdict::MonthFirst) => (*month_first)?,
        _ => return None,
    };
    // No placeholder lies between these years but the first day of 1970.
    let near = (1901..=2100).contains(&date.year());
    let is_epoch = date.year() == 1970 && date.month() == 1 && date.day() == 1;
    (near && !is_epoch).then_some(date)
}

fn ambiguous(day_first: Option<Date>, month_first: Option<Date>, verdict: Verdict) -> Refusal {
    let why = match verdict {
        Verdict::Contradicts => "the column holds dates of both orders",
        _ => "the column does not decide",
    };
    Refusal::ambiguous(match (day_first, month_first) {
        (Some(d), Some(m)) => format!("It is {d} (day first) or {m} (month first), and {why}."),
        (Some(d), None) => {
            format!("It is {d} (day first) or a date that begins with its year, and {why}.")
        }
        _ => format!("It can be read in more than one way, and {why}."),
    })
}

fn convert(
    date: Date,
    seconds: i64,
    offset_minutes: i64,
    zone: &jiff::tz::TimeZone,
) -> Option<Date> {
    let utc = date
        .to_datetime(jiff::civil::Time::midnight())
        .checked_add(jiff::Span::new().seconds(seconds - offset_minutes * 60))
        .ok()?
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .ok()?;
    Some(utc.with_time_zone(zone.clone()).date())
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
