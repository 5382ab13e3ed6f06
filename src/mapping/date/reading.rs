//! What a value can mean by itself, before its column decides.

use jiff::civil::{Date, Weekday};

use super::hints::Order;
use crate::diagnostic::Code;

/// What a value can mean by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The date that the text means, or the dates that it can mean.
    pub meaning: Meaning,
    /// The weekday written beside it, which must agree.
    pub weekday: Option<Weekday>,
    /// Time of day in seconds and offset from UTC in minutes, where both stand there.
    pub instant: Option<(i64, i64)>,
    /// The year was written with two digits.
    pub two_digit_year: bool,
}

/// What the parts of a date mean: one day, one of two, or none.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// One date. `order` tells which order of day and month it proves, if it proves one.
    Sure {
        /// The day of the calendar, as written.
        date: Date,
        /// The order proved by a part over 12.
        proves: Option<Order>,
    },
    /// Both parts may be the day, and they differ: only the column or a hint decides.
    Choice {
        /// The date where the first part is the day.
        day_first: Option<Date>,
        /// The date where the first part is the month; none where only a year first competes.
        month_first: Option<Date>,
        /// The parts are separated by dots, which mean day first unless something proves otherwise.
        dots: bool,
    },
    /// All parts are zero: a placeholder, not a day.
    Zero,
}

impl Reading {
    pub(super) fn sure(date: Date) -> Self {
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
    /// `date.invalid`, `date.ambiguous`, or the code of a cell that holds no value.
    pub code: Code,
    /// What was seen and what was expected.
    pub message: String,
    /// What to do, where that is not what it is for every value of the code.
    pub hint: Option<String>,
    seen: Seen,
}

/// How much of a refused text was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nothing that makes it a date.
    Nothing,
    /// Enough to say what is wrong with it.
    Fault,
}

impl Refusal {
    /// With what to do about this value.
    pub(in crate::mapping) fn new(
        code: Code,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            hint,
            seen: Seen::Fault,
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::DateInvalid, message, None)
    }

    pub(super) fn ambiguous(message: impl Into<String>) -> Self {
        Self::new(Code::DateAmbiguous, message, None)
    }

    /// A text in which no date was seen.
    pub(super) fn not_a_date() -> Self {
        Self {
            seen: Seen::Nothing,
            ..Self::invalid("It is not a date.")
        }
    }

    /// Whether it says no more than that the text is no date.
    pub(super) fn is_plain(&self) -> bool {
        self.seen == Seen::Nothing
    }

    /// The same with its own way out: what in the mapping reads such a date.
    pub(super) fn with_setting(mut self, setting: &str) -> Self {
        self.hint = Some(format!(
            "Type the date as yyyy-MM-dd, for example 2026-02-28. In the mapping: {setting}."
        ));
        self
    }
}
