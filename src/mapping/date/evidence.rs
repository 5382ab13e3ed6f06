//! What a column's own dates prove about the order of day and month (point 3).

use super::hints::Order;
use super::reading::{Meaning, Reading};
use crate::diagnostic::thousands;

/// Counts over one column of one file, gathered before any row is decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Values that are dates, or a choice.
    pub values: u64,
    /// Values that only fit day first.
    pub day_first: u64,
    /// Values that only fit month first.
    pub month_first: u64,
    /// Values that fit both and differ.
    pub undecided: u64,
    /// The row of the first value that only fits day first.
    pub first_day_row: Option<u64>,
    /// The row of the first value that only fits month first.
    pub first_month_row: Option<u64>,
}

/// The order of day and month that a column proves, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// No value proves an order.
    Silent,
    /// Every value that proves an order proves day first.
    DayFirst,
    /// Every value that proves an order proves month first.
    MonthFirst,
    /// Values prove both orders, so that the column decides nothing.
    Contradicts,
}

impl Evidence {
    /// Counts the reading of one cell; `row` is shown as the proof where it is the first.
    pub fn add(&mut self, reading: &Reading, row: u64) {
        self.values += 1;
        match &reading.meaning {
            Meaning::Sure {
                proves: Some(Order::DayFirst),
                ..
            } => {
                self.day_first += 1;
                self.first_day_row.get_or_insert(row);
            }
            Meaning::Sure {
                proves: Some(Order::MonthFirst),
                ..
            } => {
                self.month_first += 1;
                self.first_month_row.get_or_insert(row);
            }
            Meaning::Choice { .. } => self.undecided += 1,
            Meaning::Sure { .. } | Meaning::Zero => {}
        }
    }

    /// Adds what rows further down the column prove.
    pub fn merge(&mut self, below: &Evidence) {
        self.values += below.values;
        self.day_first += below.day_first;
        self.month_first += below.month_first;
        self.undecided += below.undecided;
        self.first_day_row = self.first_day_row.or(below.first_day_row);
        self.first_month_row = self.first_month_row.or(below.first_month_row);
    }

    /// What the values counted so far prove together.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.day_first > 0, self.month_first > 0) {
            (false, false) => Verdict::Silent,
            (true, false) => Verdict::DayFirst,
            (false, true) => Verdict::MonthFirst,
            (true, true) => Verdict::Contradicts,
        }
    }

    /// The evidence in words, with its numbers.
    #[must_use]
    pub fn describe(&self) -> String {
        let some = |n: u64| {
            if n == 0 {
                "none".to_owned()
            } else {
                thousands(n)
            }
        };
        let proof = match (self.first_day_row, self.first_month_row) {
            (Some(d), Some(m)) => format!("; first proofs: row {d} and row {m}"),
            (Some(row), None) | (None, Some(row)) => format!("; first proof: row {row}"),
            (None, None) => String::new(),
        };
        let verdict = match self.verdict() {
            Verdict::DayFirst => "day first",
            Verdict::MonthFirst => "month first",
            Verdict::Contradicts => "the column contradicts itself",
            Verdict::Silent if self.undecided > 0 => "not decided",
            Verdict::Silent => "nothing to decide",
        };
        format!(
            "{verdict}: {} {}; {} only fit day first; {} only month first; {} fit both{proof}",
            thousands(self.values),
            if self.values == 1 { "value" } else { "values" },
            some(self.day_first),
            some(self.month_first),
            some(self.undecided)
        )
    }
}
