//! An import that machines share or shared, as it is kept.

use super::share::MachineOfImport;
use super::space::SpaceId;

/// An import as it is kept, for its report.
#[derive(Debug, Clone)]
pub struct StoredImport {
    pub(super) space: SpaceId,
    /// Its number.
    pub import: i64,
    /// Base URL of the API.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// The digest of the files: see [`super::ImportStart`].
    pub source_digest: String,
    /// The digest of the mapping, and of what else decides what becomes of a row.
    pub mapping_digest: String,
    /// Rows of the files.
    pub rows: u64,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// Seconds that it took, or since it began.
    pub seconds: f64,
    /// Whether it came to its end: no machine had anything left to do.
    pub is_complete: bool,
    /// Machines that joined it, the first one first.
    pub machines: Vec<MachineOfImport>,
}

/// A row that an import gave its partner.
#[derive(Debug, Clone, Copy)]
pub struct CreatedRow<'r> {
    /// Value of the row's key column.
    pub key: &'r str,
    /// What the partner is known by.
    pub legacy_identifier: &'r str,
    /// The partner's id.
    pub partner: &'r str,
    /// The run that created it.
    pub run: &'r str,
    /// Whether it was found on the API, and nobody here had sent it.
    pub is_adopted: bool,
}
