//! The run report: all that renderers need, and nothing else.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::contents::{Contents, SourceValues, Timeline, Verified};
use super::ending::RunEnding;
use super::stopped::{StopCause, Stopped};
use super::together::Together;
use crate::diagnostic::{Code, Severity, counted, listed};
use crate::partner::RowOutcome;

/// What kind of run it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Validation without network or state.
    Check,
    /// Rows were sent, or found to be sent already.
    Import,
    /// Nothing was sent; the counts say what an import would do.
    DryRun,
    /// Doubts were settled; no file was read.
    Reconcile,
    /// Partners were read back and compared with the source.
    Verify,
}

impl Kind {
    /// As the verdict and the page name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Check => "check",
            Kind::Import => "import",
            Kind::DryRun => "dry run of an import",
            Kind::Reconcile => "reconcile",
            Kind::Verify => "verify",
        }
    }
}

/// Rows by outcome: every row is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; 9]);

impl Counts {
    /// Adds `n` rows of an outcome.
    pub fn add(&mut self, outcome: RowOutcome, n: u64) {
        self.0[outcome as usize] += n;
    }

    /// How many rows have this outcome.
    #[must_use]
    pub fn get(&self, outcome: RowOutcome) -> u64 {
        self.0[outcome as usize]
    }

    /// The rows of all outcomes together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Problems of one kind in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemGroup {
    /// What is wrong.
    pub code: Code,
    /// Whether it keeps rows from being sent.
    pub severity: Severity,
    /// The column's name, where it is about a column.
    pub column: Option<Arc<str>>,
    /// How many problems are in the group.
    pub count: u64,
    /// The first of them, on one line: place, value, message.
    pub example: String,
    /// How to repair it, where there is more to say than of all problems of this kind.
    pub hint: Option<String>,
}

/// A count with its name, as every format shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountLine {
    /// The name in the summary's JSON.
    pub name: &'static str,
    /// What it means, as the terminal and the page say it.
    pub meaning: &'static str,
    /// How many rows; 0 is listed too.
    pub count: u64,
    /// `done`, `wait`, `bad` or `idle`: its colour on the page, beside the words.
    pub class: &'static str,
}

/// What was detected of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// The file as it was named.
    pub file: String,
    /// What was found out: encoding, delimiter, sheet, header, the order of each date column.
    pub decisions: Vec<Decision>,
    /// What was noticed on the way.
    pub notes: Vec<String>,
    /// Words at the end that are no rows: what is said of their place, and the first of them. It is a cell of the source,
    /// so that it is not kept in the state.
    #[serde(skip)]
    pub footer: Option<(String, Option<String>)>,
    /// Columns that no rule uses.
    pub unused: Vec<String>,
    /// Rows that were read and left out: they are none of the run's rows.
    #[serde(default)]
    pub left_out: u64,
    /// By what the file is told from others of the same name, where it lies elsewhere: its `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Detected {
    /// What was noticed, with the words at the end; `values`: as they stand there.
    pub(super) fn all_notes(&self, values: SourceValues) -> Vec<String> {
        let mut notes = self.notes.clone();
        notes.extend(self.footer.as_ref().map(|(place, text)| match text {
            Some(text) if values == SourceValues::Shown => format!("{place}: \"{text}\""),
            _ => place.clone(),
        }));
        notes
    }

    /// All of it, a line each; all but the first are indented.
    #[must_use]
    pub fn lines(&self, values: SourceValues) -> Vec<String> {
        let mut lines = vec![self.file.clone()];
        lines.extend(self.decisions.iter().map(Decision::line));
        self.add_notes(values, &mut lines);
        if !self.unused.is_empty() {
            lines.push(format!(
                "  columns that the mapping does not use: {}",
                listed(self.unused.iter().map(String::as_str), ", ")
            ));
        }
        lines
    }

    /// The same in two lines, where nothing is unusual; what is, whole.
    #[must_use]
    pub fn brief(&self, values: SourceValues) -> Vec<String> {
        let of_dates = |d: &&Decision| d.setting == "date_order";
        let short = |wanted: bool| {
            let all = self.decisions.iter().filter(|d| of_dates(d) == wanted);
            let words = all
                .filter_map(|d| d.brief.as_deref())
                .filter(|b| !b.is_empty());
            words.collect::<Vec<_>>()
        };
        let mut found = short(false).join(", ");
        if !self.unused.is_empty() {
            let unused = counted(self.unused.len() as u64, "column");
            found = format!("{found}; {unused} not used");
        }
        let mut lines = vec![format!("{}: {found}", self.file)];
        let dates = by_order(&short(true));
        if !dates.is_empty() {
            lines.push(format!("  dates: {}", dates.join("; ")));
        }
        let unusual = self.decisions.iter().filter(|d| d.brief.is_none());
        lines.extend(unusual.map(Decision::line));
        self.add_notes(values, &mut lines);
        lines
    }

    fn add_notes(&self, values: SourceValues, lines: &mut Vec<String>) {
        let notes = self.all_notes(values);
        lines.extend(notes.iter().map(|note| format!("  note: {note}")));
    }
}

/// `day/month/year in "Signed", "Onboarded"`: columns that are read alike together.
fn by_order(columns: &[&str]) -> Vec<String> {
    let mut orders: Vec<(&str, Vec<&str>)> = Vec::new();
    for text in columns {
        let (order, column) = text.split_once(" in ").unwrap_or((text, ""));
        match orders.iter_mut().find(|(known, _)| *known == order) {
            Some((_, columns)) => columns.push(column),
            None => orders.push((order, vec![column])),
        }
    }
    orders
        .into_iter()
        .map(|(order, columns)| format!("{order} in {}", listed(columns, ", ")))
        .collect()
}

impl Decision {
    fn line(&self) -> String {
        format!(
            "  {}: {}; [source] {} overrides it",
            self.subject, self.found, self.setting
        )
    }
}

/// One thing that was found out about a file, and how to overrule it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What it is about: `encoding`, `dates in "Signed On"`.
    pub subject: String,
    /// What was found, with its evidence.
    pub found: String,
    /// The setting under `[source]` that changes it.
    pub setting: Cow<'static, str>,
    /// It in a few words, where nobody has to look at it; empty where it need not be said.
    #[serde(default)]
    pub brief: Option<String>,
}

/// All that renderers say about a run. It is kept in the state without its groups and files, in a form of its own
/// ([`read_stored`](super::read_stored)): those are made again from the run's problems.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The run's name: when it began, and a few random characters.
    pub run: String,
    /// What was done; the meaning of the counts depends on it.
    pub kind: Kind,
    /// The API; none for a check.
    pub target: Option<String>,
    /// The mapping's name, which identifies rows in the state.
    pub mapping: String,
    /// The files that were read, as they were named.
    pub files: Vec<String>,
    /// Rows by outcome. A check counts valid rows as deferred: nothing was tried.
    pub counts: Counts,
    /// What a verification found; then its numbers are the rows, not `counts`.
    pub verified: Option<Verified>,
    /// Problems of rows, most frequent first.
    pub groups: Vec<ProblemGroup>,
    /// Problems that are errors.
    pub errors: u64,
    /// Problems that are warnings.
    pub warnings: u64,
    /// What was detected, by file.
    pub detected: Vec<Detected>,
    /// What the rows hold: field shares, samples, words.
    pub contents: Contents,
    /// Rows over time, where rows were sent.
    pub timeline: Option<Timeline>,
    /// Whether values of cells may be shown.
    pub values: SourceValues,
    /// Why it stopped early; a report without it went through all rows. Where it ends with a full stop it says itself what
    /// to do; otherwise a rerun goes on.
    pub stopped: Option<Stopped>,
    /// The machines that shared the import, where it is one that several may share.
    pub together: Option<Together>,
    /// How long it took, in seconds of wall-clock time.
    pub seconds: f64,
    /// How it ended, from which the exit code of the process follows.
    pub ending: RunEnding,
    /// Report files that were written.
    pub written: Vec<PathBuf>,
    /// Whether a written file holds the user's own rows, bank data included.
    pub holds_bank_data: bool,
}

impl RunReport {
    /// Whether it stopped early, which is not so of an import that other machines are still at.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let cause = self.stopped.as_ref().map(Stopped::cause);
        cause.is_some_and(|cause| cause != StopCause::NotOver)
    }

    /// All rows of the run: the lines add up to it.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match &self.verified {
            Some(v) => v.agree + v.differ + v.gone + v.only_source + v.uncompared,
            None => self.counts.sum(),
        }
    }

    /// Rows that were read and left out, by the mapping's `[source] only` and `except` or because they are no records:
    /// they stand beside the rows.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.detected.iter().map(|file| file.left_out).sum()
    }

    /// The counts by name, in the order of the summary; they add up to the rows.
    #[must_use]
    pub fn lines(&self) -> Vec<CountLine> {
        let line = |name, meaning, count, class| CountLine {
            name,
            meaning,
            count,
            class,
        };
        if let Some(v) = &self.verified {
            return vec![
                line("agree", "agree with their partner", v.agree, "done"),
                line("differ", "differ from their partner", v.differ, "wait"),
                line(
                    "gone",
                    "gone (their partner is no longer on the API)",
                    v.gone,
                    "bad",
                ),
                line(
                    "only_source",
                    "without a partner yet",
                    v.only_source,
                    "idle",
                ),
                line(
                    "uncompared",
                    "not compared (invalid, in doubt, or left out of the sample)",
                    v.uncompared,
                    "idle",
                ),
            ];
        }
        if self.kind == Kind::Check {
            return vec![
                line("valid", "valid", self.count(RowOutcome::Deferred), "done"),
                line("invalid", "invalid", self.count(RowOutcome::Invalid), "bad"),
            ];
        }
        RowOutcome::ALL
            .into_iter()
            .map(|outcome| {
                let class = match outcome {
                    RowOutcome::Created | RowOutcome::Adopted | RowOutcome::Skipped => "done",
                    RowOutcome::Changed | RowOutcome::Blocked | RowOutcome::InDoubt => "wait",
                    RowOutcome::Invalid | RowOutcome::Rejected => "bad",
                    RowOutcome::Deferred => "idle",
                };
                let count = self.count(outcome);
                let meaning = match outcome {
                    RowOutcome::Skipped if self.by_others() > 0 => {
                        "skipped (created by another machine or an earlier run)"
                    }
                    _ => meaning(outcome, self.kind),
                };
                line(outcome.as_str(), meaning, count, class)
            })
            .collect()
    }

    /// Partners that other machines created, or found on the API, in the same import.
    #[must_use]
    pub fn by_others(&self) -> u64 {
        let own = self.together.as_ref().filter(|t| t.own.is_some());
        own.map_or(0, Together::by_others)
    }

    /// How many rows have this outcome.
    #[must_use]
    pub fn count(&self, outcome: RowOutcome) -> u64 {
        self.counts.get(outcome)
    }

    /// How many problems have this code.
    #[must_use]
    pub fn count_of(&self, code: Code) -> u64 {
        let of_it = self.groups.iter().filter(|g| g.code == code);
        of_it.map(|g| g.count).sum()
    }

    /// How many differences from the last good run were found: columns, words and shares.
    #[must_use]
    pub fn drift(&self) -> u64 {
        let of_it = self
            .groups
            .iter()
            .filter(|g| g.code.as_str().starts_with("drift."));
        of_it.map(|g| g.count).sum()
    }
}

/// An outcome in words, as this kind of run means it.
fn meaning(outcome: RowOutcome, kind: Kind) -> &'static str {
    match (outcome, kind) {
        (RowOutcome::Created, Kind::DryRun) => "to be created",
        (RowOutcome::Created, _) => "created",
        (RowOutcome::Adopted, Kind::DryRun) => "to be adopted (found on the API already)",
        (RowOutcome::Skipped, Kind::DryRun) => "to be skipped (created by an earlier run)",
        (RowOutcome::Adopted, Kind::Reconcile) => "found on the API",
        (RowOutcome::Deferred, Kind::Reconcile) => "without a partner (a later import sends them)",
        (RowOutcome::Adopted, _) => "adopted (found on the API already)",
        (RowOutcome::Skipped, _) => "skipped (created by an earlier run)",
        (RowOutcome::Changed, _) => "changed since they were created (the API documents no update)",
        (RowOutcome::Blocked, _) => "blocked (their parent has no partner yet)",
        (RowOutcome::Invalid, _) => "invalid (cannot be sent as they are)",
        (RowOutcome::Rejected, _) => "rejected by the API",
        (RowOutcome::InDoubt, _) => "in doubt (it is not known whether they were created)",
        (RowOutcome::Deferred, _) => "deferred (not tried; a later run sends them)",
    }
}
