//! What is shown of a state to people, by `status` and in reports.

use super::space::SpaceId;

/// Counts of one space by state.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SpaceCounts {
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Number of rows in each state; all states are there.
    pub states: std::collections::BTreeMap<&'static str, u64>,
    /// Since when the oldest row in doubt is in doubt, RFC 3339 in UTC.
    pub oldest_doubt: Option<String>,
}

/// A run as `status` shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RunRow {
    /// Name of the run, see [`super::RunId`].
    pub run: String,
    /// Command that made it: `import`, `canary`, `sync` or `reconcile`.
    pub command: String,
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Paths of the files it read, joined by commas.
    pub files: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, RFC 3339 in UTC; `None` for a run that crashed or still runs.
    pub ended: Option<String>,
    /// Exit code of the process; `None` for a run that crashed or still runs.
    pub exit: Option<u8>,
    /// Its summary, as written then.
    pub summary: Option<serde_json::Value>,
}

/// A row that needs attention, or one row's history.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RecordRow {
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Value of the row's key column.
    pub key: String,
    /// Word of its [`super::RecordState`].
    pub state: &'static str,
    /// What it is known by on the API.
    pub legacy_identifier: String,
    /// Id of its partner on the API, where it has one.
    pub partner_id: Option<String>,
    /// Requests sent for it.
    pub attempts: u32,
    /// Since when it is in this state, RFC 3339 in UTC.
    pub since: String,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// What the API said in its last answer, scrubbed.
    pub words: Option<String>,
    /// The run that was the last to settle it.
    pub run: String,
    /// What else happened to it, oldest first; only where one row was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<RowEvent>,
}

/// Something that happened to a row, beyond its being created.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RowEvent {
    /// When it happened, RFC 3339 in UTC.
    pub at: String,
    /// Name of the run in which it happened; `None` for what a person did.
    pub run: Option<String>,
    /// What happened, in words for people.
    pub what: String,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// What the API said in its last answer, scrubbed.
    pub words: Option<String>,
}

/// What the state keeps of a run's report.
#[derive(Debug, Clone)]
pub struct StoredRun {
    pub(super) id: i64,
    pub(super) space: SpaceId,
    /// Name of the run, see [`super::RunId`].
    pub name: String,
    /// Command that made it: `import`, `canary`, `sync` or `reconcile`.
    pub command: String,
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Paths of the files it read, joined by commas.
    pub files: String,
    /// Exit code of the process; `None` for a run that crashed or still runs.
    pub exit: Option<u8>,
    /// Its report, as JSON.
    pub report: Option<String>,
    /// False for a run that crashed or still runs.
    pub ended: bool,
}
