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
    /// The file.
    pub file: String,
    /// What was found out: encoding, delimiter, sheet, header, the order of each date column.
    pub decisions: Vec<Decision>,
    /// What was noticed on the way.
    pub notes: Vec<String>,
    /// Columns that no rule uses.
    pub unused: Vec<String>,
}

impl Detected {
    /// All of it, a line each; all but the first are indented.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.file.clone()];
        lines.extend(self.decisions.iter().map(|d| {
            format!(
                "  {}: {}; [source] {} overrides it",
                d.subject, d.found, d.setting
            )
        }));
        lines.extend(self.notes.iter().map(|note| format!("  note: {note}")));
        if !self.unused.is_empty() {
            lines.push(format!(
                "  columns that no rule uses: {}",
                self.unused.join(", ")
            ));
        }
        lines
    }
}

/// One thing that was found out about a file, and how to overrule it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What it is about: `encoding`, `dates in "Signed On"`.
    pub subject: String,
    /// What was found, with its evidence.
    pub found: String,
    /// The setting under `[source]` that overrides it.
    pub setting: &'static str,
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
