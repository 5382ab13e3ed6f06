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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn as_many_texts_as_allowed_are_remembered_and_none_that_is_longer() {
        let day = date(2026, 3, 4);
        let mut readings = Readings::default();
        let mut dates = SettledDates::default();
        let (long, too_long) = ("4".repeat(LONGEST), "4".repeat(LONGEST + 1));
        for text in [long.as_str(), &too_long] {
            readings.put(text, Reading::sure(day));
            dates.put(text, Verdict::Silent, day);
        }
        assert_eq!(readings.get(&long), Some(&Reading::sure(day)));
        assert_eq!(dates.get(&long, Verdict::Silent), Some(day));
        assert_eq!(readings.get(&too_long), None);
        assert_eq!(dates.get(&too_long, Verdict::Silent), None);
        assert_eq!((readings.0.len(), dates.dates.len()), (1, 1));
        for n in 0..2 * MOST {
            readings.put(&n.to_string(), Reading::sure(day));
            dates.put(&n.to_string(), Verdict::Silent, day);
        }
        assert_eq!((readings.0.len(), dates.dates.len()), (MOST, MOST));
        assert_eq!(readings.get("7"), Some(&Reading::sure(day)));
        assert_eq!(dates.get("7", Verdict::Silent), Some(day));
    }
}
