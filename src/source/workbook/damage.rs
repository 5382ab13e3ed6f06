//! The errors of a workbook that cannot be read as one.

use std::path::Path;

use crate::source::error::SourceError;

/// What is said of a file on which a parser gave up.
pub(super) const DAMAGED: &str = "its structure is damaged";

/// Its structure is not what a workbook's must be.
pub(super) fn broken(path: &Path, reason: impl Into<String>) -> SourceError {
    SourceError::BrokenWorkbook {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// It would not fit in memory.
pub(super) fn too_large(path: &Path, reason: impl Into<String>) -> SourceError {
    SourceError::TooLarge {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
