//! The run report: all that renderers need, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{Code, Severity};
use crate::partner::RowOutcome;

/// What kind of run it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Validation without network or state.
    Check,
    /// Rows were sent.
    Import,
    /// Nothing was sent; the counts say what an import would do.
    DryRun,
    /// Doubts were settled; no file was read.
    Reconcile,
}

/// Rows by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; 9]);

impl Counts {
    /// Adds `n` rows of an outcome.
    pub fn add(&mut self, outcome: RowOutcome, n: u64) {
        self.0[outcome as usize] += n;
    }

    /// Rows of an outcome.
    #[must_use]
    pub fn get(&self, outcome: RowOutcome) -> u64 {
        self.0[outcome as usize]
    }

    /// All rows.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Problems of one kind in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemGroup {
    /// The kind.
    pub code: Code,
    /// Its level.
    pub severity: Severity,
    /// The column's name, where it is about a column.
    pub column: Option<Arc<str>>,
    /// How many.
    pub count: u64,
    /// The first of them, on one line: place, value, message.
    pub example: String,
    /// How to repair it.
    pub hint: Option<String>,
}

/// What was detected of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detected {
    /// The file, its format, header row.
    pub file: String,
    /// Decisions on the way.
    pub notes: Vec<String>,
    /// Each date column with its evidence.
    pub dates: Vec<String>,
    /// Columns that no rule uses.
    pub unused: Vec<String>,
}

/// A run, told.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Its name.
    pub run: String,
    /// What kind.
    pub kind: Kind,
    /// The API; none for a check.
    pub target: Option<String>,
    /// The mapping's name.
    pub mapping: String,
    /// The files.
    pub files: Vec<String>,
    /// Rows by outcome. A check counts valid rows as deferred: nothing was tried.
    pub counts: Counts,
    /// Problems of rows, most frequent first.
    pub groups: Vec<ProblemGroup>,
    /// Errors and warnings.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// What was detected, by file.
    pub detected: Vec<Detected>,
    /// Why it stopped early.
    pub stopped: Option<String>,
    /// Wall-clock time.
    pub seconds: f64,
    /// The exit code.
    pub exit: u8,
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Whether a written file holds the user's own rows, bank data included.
    pub holds_bank_data: bool,
}

impl RunReport {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.counts.sum()
    }

    /// Rows of an outcome.
    #[must_use]
    pub fn count(&self, outcome: RowOutcome) -> u64 {
        self.counts.get(outcome)
    }
}
