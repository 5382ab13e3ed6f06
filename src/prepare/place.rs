//! Where rows are, as messages about several of them name it.

/// Rows that a message names when many have something in common.
pub(super) const NAMED_ROWS: usize = 5;

/// A row as messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) row: u64,
}
