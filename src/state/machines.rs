//! The machines that share a state, what they are at, and the rate that they keep to: for people. A file is of one run at a time and
//! has none of it.

use serde::Serialize;

/// How a machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its lease holds.
    AtWork,
    /// Its lease has ended, and nobody has taken it over yet.
    Silent,
    /// It was taken over, and may still be alive: what it had under way may still be sent.
    Lost,
    /// It was taken over, and is gone for certain.
    Gone,
    /// It came to its end by itself.
    Ended,
}

impl Standing {
    /// For a table.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AtWork => "at work",
            Self::Silent => "silent",
            Self::Lost => "lost",
            Self::Gone => "gone",
            Self::Ended => "ended",
        }
    }
}

/// A machine: one process that has, or had, a lease.
#[derive(Debug, Clone, Serialize)]
pub struct MachineRow {
    /// Its id, which `reconcile --lost` takes.
    pub machine: String,
    /// The host that it runs on.
    pub host: String,
    /// Process, host and begin, in words.
    pub holder: String,
    /// How it stands.
    pub standing: Standing,
    /// Seconds until its lease ends; negative where it has ended.
    pub lease_seconds: f64,
    /// The run that it is at, or was at last.
    pub run: Option<String>,
    /// The import that it shares.
    pub import: Option<i64>,
    /// Pieces of the import that it has.
    pub pieces: u64,
    /// Rows that it has under way.
    pub in_flight: u64,
    /// Rows of which only a found partner proves something, as long as this machine may still be alive.
    pub waited_for: u64,
}

/// An import that machines share.
#[derive(Debug, Clone, Serialize)]
pub struct ImportRow {
    /// Its number.
    pub import: i64,
    /// Base URL of the API.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Rows of its files.
    pub rows: u64,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// Pieces that nobody has.
    pub free: u64,
    /// Pieces that a machine has.
    pub taken: u64,
    /// Pieces of which nothing is left to do.
    pub done: u64,
    /// Machines that are at it.
    pub machines: u64,
    /// Rows that have an outcome, over all machines.
    pub rows_done: u64,
    /// Partners that its machines created.
    pub created: u64,
    /// Partners that they found on the API and recorded.
    pub adopted: u64,
    /// Rows that the API rejected.
    pub rejected: u64,
    /// Seconds since it began.
    pub seconds: f64,
}

/// An import that no machine is at any more.
#[derive(Debug, Clone, Serialize)]
pub struct PastImport {
    /// Its number.
    pub import: i64,
    /// Base URL of the API.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Rows of its files.
    pub rows: u64,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, RFC 3339 in UTC.
    pub ended: String,
    /// Whether it came to its end: no machine had anything left to do.
    pub complete: bool,
    /// Machines that joined it.
    pub machines: u64,
    /// Partners that its machines created.
    pub created: u64,
    /// Partners that they found on the API and recorded.
    pub adopted: u64,
    /// Rows that the API rejected.
    pub rejected: u64,
}

/// The rate at which an API is called, over all machines.
#[derive(Debug, Clone, Serialize)]
pub struct RateRow {
    /// Base URL of the API.
    pub target: String,
    /// Requests a second that are asked for.
    pub asked: f64,
    /// Requests a second now: less, where the API has throttled.
    pub rate: f64,
    /// Seconds for which nobody sends, since the API asked to wait.
    pub paused_seconds: Option<f64>,
}

/// What machines share at this moment.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Machines {
    /// Those at work, those whose rows wait for them, and all that are at an import which is under way; the oldest first.
    pub machines: Vec<MachineRow>,
    /// Imports that are under way.
    pub imports: Vec<ImportRow>,
    /// Imports that are over, the newest first.
    pub past: Vec<PastImport>,
    /// Rates that somebody kept to within the last minute.
    pub rates: Vec<RateRow>,
}
