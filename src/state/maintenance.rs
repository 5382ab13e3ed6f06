//! Rows as upkeep of the state shows them.

use super::record::{RecordState, may_forget};

/// A row that has its partner, as `state export` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Value of the row's key column.
    pub key: String,
    /// What the partner is known by on the API.
    pub legacy_identifier: String,
    /// Id of its partner on the API; empty where the API named none.
    pub partner: String,
    /// Since when its partner is known, RFC 3339 in UTC.
    pub since: String,
}

/// A row that upkeep is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceRow {
    pub(super) space: i64,
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Value of the row's key column.
    pub key: String,
    /// What is known of its partner.
    pub state: RecordState,
    /// The partner's id, where it has one.
    pub partner: Option<String>,
    /// Whether the last run reported it as changed.
    pub changed: bool,
}

impl MaintenanceRow {
    /// Whether it is not known if it has a partner.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        matches!(self.state, RecordState::InDoubt | RecordState::InFlight)
    }

    /// Whether it may be forgotten.
    #[must_use]
    pub fn may_be_forgotten(&self) -> bool {
        may_forget(self.state)
    }
}
