//! What people know a row by: its key and, where the mapping has one, its business name.

use std::sync::Arc;

use crate::diagnostic::visible;
use crate::partner::{Origin, RowKey};

/// The longest key or name that is shown.
const LONGEST: usize = 80;

/// A row's key and business name; neither where values are left out, or where it is not known which cell is which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RowName {
    /// The key, on one line.
    pub(super) key: Option<Arc<str>>,
    /// The business name as it was read, on one line.
    pub(super) name: Option<Arc<str>>,
}

impl RowName {
    /// That of a row whose business name stands in a column, where one is known. Of a row without a key the cells may stand
    /// in other columns, so that nothing of it is shown.
    pub(super) fn of(origin: &Origin, key: Option<&RowKey>, name_column: Option<usize>) -> Self {
        let Some(key) = key else {
            return Self::default();
        };
        let name = name_column.map(|column| visible(origin.cell(column).trim(), LONGEST));
        Self {
            name: name.filter(|n| !n.is_empty()).map(Into::into),
            ..Self::of_key(key.as_str())
        }
    }

    /// That of a row of which only the key is at hand.
    pub(super) fn of_key(key: &str) -> Self {
        Self {
            key: Some(visible(key, LONGEST).into()),
            name: None,
        }
    }
}
