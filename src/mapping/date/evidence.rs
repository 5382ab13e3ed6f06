//! What a column's own dates prove about the order of day and month (points 3 and 12).

use super::calendar::is_placeholder;
use super::hints::Order;
use super::reading::{Meaning, Reading};
use crate::diagnostic::{counted, thousands};
use crate::source::Cell;

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
    /// Date cells of a workbook, placeholders not counted.
    pub date_cells: u64,
    /// Of these, cells whose day is over 12: Excel cannot have exchanged day and month in them.
    pub late_date_cells: u64,
    /// What the report that the rows come from says of the column: see [`super::noted`].
    pub noted: Option<Verdict>,
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
    /// A workbook's column whose date cells all have days up to 12, and whose texts have days over 12: what a
    /// spreadsheet leaves that understood only a half of the column, and that half the wrong way round.
    Mixed {
        /// The order that the texts prove; none where they contradict each other.
        order: Option<Order>,
        /// No text is left that the spreadsheet would have understood, too.
        whole: bool,
    },
}

impl Verdict {
    /// What the column proves about its texts.
    #[must_use]
    pub fn of_texts(self) -> Self {
        match self {
            Verdict::Mixed { order, .. } => match order {
                Some(Order::DayFirst) => Verdict::DayFirst,
                Some(Order::MonthFirst) => Verdict::MonthFirst,
                Some(Order::YearFirst) | None => Verdict::Contradicts,
            },
            of_texts => of_texts,
        }
    }
}

impl Evidence {
    /// Counts the reading of one cell of any kind.
    pub fn add_cell(&mut self, cell: Cell<'_>, reading: &Reading, row: u64) {
        self.add(reading, row);
        if let (Cell::Serial(..) | Cell::Iso(_), Meaning::Sure { date, .. }) =
            (cell, &reading.meaning)
            && !is_placeholder(*date)
        {
            self.date_cells += 1;
            self.late_date_cells += u64::from(date.day() > 12);
        }
    }

    /// Counts the reading of one text; `row` is shown as the proof where it is the first.
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

    /// Counts what a row of a report says of how its column was read. Rows of several reports may say different things.
    pub fn add_note(&mut self, verdict: Verdict) {
        self.noted = Some(match self.noted {
            Some(other) if other != verdict => Verdict::Contradicts,
            _ => verdict,
        });
    }

    /// Adds what rows further down the column prove.
    pub fn merge(&mut self, below: &Evidence) {
        self.values += below.values;
        self.day_first += below.day_first;
        self.month_first += below.month_first;
        self.undecided += below.undecided;
        self.first_day_row = self.first_day_row.or(below.first_day_row);
        self.first_month_row = self.first_month_row.or(below.first_month_row);
        self.date_cells += below.date_cells;
        self.late_date_cells += below.late_date_cells;
        if let Some(noted) = below.noted {
            self.add_note(noted);
        }
    }

    /// What the values counted so far prove together, and with what a report noted of them: the whole column had proved
    /// it, so a part of it cannot prove the contrary.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let own = self.of_values();
        let Some(noted) = self.noted else {
            return own;
        };
        match (noted.of_texts(), own.of_texts(), noted) {
            (
                Verdict::DayFirst,
                Verdict::MonthFirst | Verdict::Contradicts,
                Verdict::Mixed { whole, .. },
            )
            | (
                Verdict::MonthFirst,
                Verdict::DayFirst | Verdict::Contradicts,
                Verdict::Mixed { whole, .. },
            ) => Verdict::Mixed { order: None, whole },
            (Verdict::DayFirst, Verdict::MonthFirst, _)
            | (Verdict::MonthFirst, Verdict::DayFirst, _)
            | (Verdict::DayFirst | Verdict::MonthFirst, Verdict::Contradicts, _) => {
                Verdict::Contradicts
            }
            _ => noted,
        }
    }

    fn of_values(&self) -> Verdict {
        let mixed = |order| Verdict::Mixed {
            order,
            whole: self.undecided == 0,
        };
        let is_mixed = self.date_cells > 0 && self.late_date_cells == 0;
        match (self.day_first > 0, self.month_first > 0) {
            (false, false) => Verdict::Silent,
            (true, false) if is_mixed => mixed(Some(Order::DayFirst)),
            (false, true) if is_mixed => mixed(Some(Order::MonthFirst)),
            (true, true) if is_mixed => mixed(None),
            (true, false) => Verdict::DayFirst,
            (false, true) => Verdict::MonthFirst,
            (true, true) => Verdict::Contradicts,
        }
    }

    /// The evidence in words, with its numbers.
    #[must_use]
    pub fn describe(&self) -> String {
        let dates = counted(self.values, "date");
        let first =
            |row: Option<u64>| row.map_or_else(String::new, |row| format!(" (first: row {row})"));
        let only = |count: u64, row| {
            format!(
                "{} of {dates} can only be read so{}",
                thousands(count),
                first(row)
            )
        };
        if let Some(words) = self.describe_noted() {
            return words;
        }
        let words = match self.verdict().of_texts() {
            Verdict::DayFirst => format!(
                "day/month/year: {}, none the other way",
                only(self.day_first, self.first_day_row)
            ),
            Verdict::MonthFirst => format!(
                "month/day/year: {}, none the other way",
                only(self.month_first, self.first_month_row)
            ),
            Verdict::Contradicts | Verdict::Mixed { .. } => format!(
                "both orders occur: of {dates}, {} can only be day/month{} and {} only month/day{}",
                thousands(self.day_first),
                first(self.first_day_row),
                thousands(self.month_first),
                first(self.first_month_row)
            ),
            Verdict::Silent if self.undecided > 0 => format!(
                "not decided: {} of {dates} can be read as day/month or month/day",
                thousands(self.undecided)
            ),
            Verdict::Silent => format!("{dates}, none ambiguous"),
        };
        let cells = match self.verdict() {
            Verdict::Mixed { .. } => format!(
                "; beside these texts there {} {} without a day over 12: a spreadsheet may have swapped day and month",
                if self.date_cells == 1 { "is" } else { "are" },
                counted(self.date_cells, "date cell"),
            ),
            _ => String::new(),
        };
        format!("{words}{cells}")
    }

    /// The same where a report notes how the column was read.
    fn describe_noted(&self) -> Option<String> {
        let other = |order: &str, count: u64, first: Option<u64>| {
            first.map_or_else(String::new, |row| {
                format!(
                    ", but {} can only be {order} now (first: row {row})",
                    thousands(count)
                )
            })
        };
        let (read, now) = match self.noted?.of_texts() {
            Verdict::DayFirst => (
                "day/month/year",
                other("month/day", self.month_first, self.first_month_row),
            ),
            Verdict::MonthFirst => (
                "month/day/year",
                other("day/month", self.day_first, self.first_day_row),
            ),
            _ => ("both orders occur", String::new()),
        };
        Some(format!(
            "{read}: as in the report that these rows come from{now}"
        ))
    }
}
