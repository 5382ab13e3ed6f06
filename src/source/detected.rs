//! What opening a file found out about it.

use std::sync::Arc;

use super::format::Format;
use super::header::Header;
use super::short_rows::ShortRows;
use super::workbook::Spool;

/// What detection found.
pub(super) struct Detected {
    pub(super) format: Format,
    pub(super) header: Arc<Header>,
    pub(super) header_row: u64,
    /// What a text table shows about rows with fewer cells than the header.
    pub(super) short: Arc<ShortRows>,
    pub(super) spool: Option<Spool>,
    /// Rows that the workbook calls totals of a table, ascending.
    pub(super) totals: Vec<u64>,
    /// Visible sheets of a workbook that are not read, where none was asked for.
    pub(super) others: Vec<Arc<str>>,
    pub(super) notes: Vec<String>,
}
