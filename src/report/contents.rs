//! What a run's rows hold, how they went over time, and what a verification found.

use serde::{Deserialize, Serialize};

/// Whether values of the source may stand in reports and messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceValues {
    /// They are shown, sensitive ones masked.
    #[default]
    Shown,
    /// `--no-source-values`: places, codes and counts only.
    LeftOut,
}

/// How full one request field is, over all rows that were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldShare {
    /// The request field, as `organization.businessName`.
    pub field: String,
    /// The column that mainly feeds it.
    pub column: Option<String>,
    /// Rows that send a value.
    pub filled: u64,
    /// Rows whose cells for it are empty.
    pub empty: u64,
    /// Rows whose value is an error.
    pub invalid: u64,
    /// For a date column: how its order of day and month was decided.
    pub order: Option<String>,
    /// The earliest and the latest date, as `yyyy-MM-dd`.
    pub dates: Option<(String, String)>,
    /// A cell as it was read and what is sent of it, both masked where they are sensitive. It is not kept in the state.
    #[serde(skip)]
    pub example: Option<(String, String)>,
}

/// A payload as it is sent, sensitive values masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplePayload {
    /// The file that the row is in, as it was named.
    pub file: String,
    /// The row as a spreadsheet numbers it.
    pub row: u64,
    /// The request body as JSON, keys in the order in which they are sent.
    pub body: String,
}

/// What the rows of a run hold, over all its files: what the page shows and what drift is measured by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// How full each request field is that a column feeds.
    pub fields: Vec<FieldShare>,
    /// The first few request bodies.
    pub samples: Vec<SamplePayload>,
    /// The columns of the source.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The words of columns that feed a field of fixed words.
    #[serde(default)]
    pub words: Vec<FieldWords>,
}

/// The distinct words of a column that feeds a field of fixed words: a new one is drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldWords {
    /// The request field.
    pub field: String,
    /// The column's name in the header.
    pub column: String,
    /// Each word once.
    pub seen: Vec<Word>,
}

/// A word, as it can be kept: its text is left out of what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The first eight bytes of its hash.
    pub hash: u64,
    /// The word itself; absent where values are left out.
    pub text: Option<String>,
}

impl Word {
    /// The word with its hash.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut short = [0; 8];
        short.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
        Self {
            hash: u64::from_le_bytes(short),
            text: Some(text.to_owned()),
        }
    }
}

impl Contents {
    /// The same without anything that stood in a cell.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        self.samples.clear();
        for field in &mut self.fields {
            field.dates = None;
            field.example = None;
        }
        for word in self.words.iter_mut().flat_map(|w| &mut w.seen) {
            word.text = None;
        }
        self
    }
}

/// A time in which nothing was sent because the API asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Milliseconds from the run's start to its beginning.
    pub from: u64,
    /// Milliseconds from the run's start to its end.
    pub to: u64,
    /// Whether the API refused for being asked too often; else it was only told to wait.
    pub throttled: bool,
}

/// Rows that the API answered over the time of a run, in steps of one length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Milliseconds of each step; 0 while there is no row.
    pub step: u64,
    /// Rows that the API answered in each step, from the run's start.
    pub rows: Vec<u64>,
    /// When the API was left alone.
    pub pauses: Vec<Pause>,
}

/// Steps of a timeline at most: when they are used up, two become one.
const STEPS: usize = 120;
/// A timeline's first step.
const FIRST_STEP: u64 = 250;

impl Timeline {
    /// Counts rows at a moment, in milliseconds from the run's start.
    pub fn add(&mut self, at: u64, rows: u64) {
        if self.step == 0 {
            self.step = FIRST_STEP;
        }
        let mut place = usize::try_from(at / self.step).unwrap_or(usize::MAX);
        while place >= STEPS {
            self.rows = self.rows.chunks(2).map(|two| two.iter().sum()).collect();
            self.step = self.step.saturating_mul(2);
            place = usize::try_from(at / self.step).unwrap_or(usize::MAX);
        }
        if self.rows.len() <= place {
            self.rows.resize(place + 1, 0);
        }
        self.rows[place] += rows;
    }
}

/// Rows of a verification by what was found; together they are all rows of the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The partner is as the source has it.
    pub agree: u64,
    /// At least one field differs.
    pub differ: u64,
    /// The state has a partner for the row; the API has it no longer.
    pub gone: u64,
    /// The row has no partner yet.
    pub only_source: u64,
    /// The row is invalid, or in doubt, or was left out by `--sample`.
    pub uncompared: u64,
    /// Partners of this mapping whose row the source has no longer. These are no rows.
    pub only_api: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_keeps_its_rows_and_its_size() {
        let mut timeline = Timeline::default();
        for second in 0..3600 {
            timeline.add(second * 1000, 10);
        }
        assert!(timeline.rows.len() <= STEPS);
        assert_eq!(timeline.rows.iter().sum::<u64>(), 36_000);
        assert_eq!(timeline.step, 32_000);
        assert_eq!(timeline.rows[0], 320);
    }
}
