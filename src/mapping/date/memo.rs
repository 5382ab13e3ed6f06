//! Dates seen before: the same few thousand texts stand in a column again and again.

use jiff::civil::Date;
use rustc_hash::FxHashMap;

use super::evidence::Verdict;
use super::reading::Reading;

/// Texts remembered for one column.
const MOST: usize = 4096;
/// A longer text is read each time.
const LONGEST: usize = 40;

/// What texts of one column mean by themselves.
#[derive(Debug, Default)]
pub struct Readings(FxHashMap<Box<str>, Reading>);

impl Readings {
    /// The reading of a text that was seen.
    #[must_use]
    pub fn get(&self, text: &str) -> Option<&Reading> {
        if text.len() > LONGEST {
            return None;
        }
        self.0.get(text)
    }

    /// Remembers a reading, unless the text is long or enough are remembered.
    pub fn put(&mut self, text: &str, reading: Reading) {
        if text.len() <= LONGEST && self.0.len() < MOST {
            self.0.insert(text.into(), reading);
        }
    }
}

/// Texts of one field that became a date without a warning, under one verdict of their column.
#[derive(Debug, Default)]
pub struct SettledDates {
    verdict: Option<Verdict>,
    dates: FxHashMap<Box<str>, Date>,
}

impl SettledDates {
    /// The date of a text that was seen.
    #[must_use]
    pub fn get(&self, text: &str, verdict: Verdict) -> Option<Date> {
        if self.verdict != Some(verdict) || text.len() > LONGEST {
            return None;
        }
        self.dates.get(text).copied()
    }

    /// Remembers a date. Another verdict begins anew.
    pub fn put(&mut self, text: &str, verdict: Verdict, date: Date) {
        if self.verdict != Some(verdict) {
            self.dates.clear();
            self.verdict = Some(verdict);
        }
        if text.len() <= LONGEST && self.dates.len() < MOST {
            self.dates.insert(text.into(), date);
        }
    }
}
