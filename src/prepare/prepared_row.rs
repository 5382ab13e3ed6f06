//! What a pass hands over of a row.

use crate::diagnostic::Diagnostic;
use crate::partner::{Origin, PreparedPartner, RowKey};

/// A row as the mapping made it: a partner to send, or the diagnostics that say why there is none.
#[derive(Debug)]
pub struct PreparedRow {
    /// The file and row that it came from, with its own cells.
    pub origin: Origin,
    /// Its key, where it has one.
    pub key: Option<RowKey>,
    /// The partner, unless a diagnostic is an error.
    pub partner: Option<PreparedPartner>,
    /// What was found, warnings included.
    pub diagnostics: Vec<Diagnostic>,
}
