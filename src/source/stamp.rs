//! By what a file is known to be the one that was opened.

use std::path::Path;

use super::error::SourceError;

/// Length and time of last change: enough to notice that a file was replaced or is still being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Result<Self, SourceError> {
        let meta = std::fs::metadata(path).map_err(|e| SourceError::open(path, e))?;
        Ok(Self {
            length: meta.len(),
            modified: meta.modified().ok(),
        })
    }

    /// Sees that a file is still the one of this stamp.
    pub(super) fn check(self, path: &Path) -> Result<(), SourceError> {
        if Self::of(path)? == self {
            Ok(())
        } else {
            Err(SourceError::Changed {
                path: path.to_owned(),
            })
        }
    }
}
