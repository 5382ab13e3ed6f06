//! What all workers of a pass over one file share.

use std::sync::Arc;

use super::exports::Export;
use super::survey::Survey;
use crate::partner::{Fingerprinter, Query, RowKey};

/// Names of a file that locations share.
pub(super) struct Names {
    pub(super) file: Arc<str>,
    pub(super) sheet: Option<Arc<str>>,
    pub(super) columns: Vec<Arc<str>>,
}

impl Names {
    pub(super) fn of(export: &Export) -> Self {
        Self {
            file: Arc::clone(export.source.name()),
            sheet: export.source.sheet(),
            columns: export.source.header().names().to_vec(),
        }
    }
}

/// Which rows of a pass are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// All.
    All,
    /// Those with something to report; the others are counted.
    WithFindings,
    /// Those that are not known to be done; the others are counted.
    Pending,
}

/// What all workers of a pass over one file share.
pub(super) struct PassContext<'w> {
    pub(super) file: usize,
    pub(super) export: &'w Export,
    pub(super) names: &'w Names,
    pub(super) survey: &'w Survey,
    /// Without one, rows are only checked: nobody sends their bodies.
    pub(super) fingerprinter: Option<&'w Fingerprinter>,
    pub(super) always: Query,
    /// Whether a row that is not in the files has a partner.
    pub(super) known: &'w (dyn Fn(&RowKey) -> bool + Sync),
    pub(super) files: &'w [Export],
    pub(super) rows: Rows,
}

impl PassContext<'_> {
    /// Whether a partner by this key is neither in the files nor in the state.
    pub(super) fn is_elsewhere(&self, key: &str) -> bool {
        !self.survey.has_key(key) && !(self.known)(&RowKey::new(key))
    }
}
