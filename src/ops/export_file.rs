//! A file that an operation reads: one of this machine, or a copy of ours of something that lies elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::workspace::Workspace;
use crate::source::SourceFile;

/// A file of a request; `-` is standard input.
#[derive(Clone)]
pub struct ExportFile {
    file: SourceFile,
    /// The folder that a copy of ours lies in; it is removed with the last request that names the file.
    held: Option<Arc<Workspace>>,
    /// Whether it came from an address that holds a secret, which is kept nowhere.
    is_signed: bool,
}

impl ExportFile {
    /// A copy of ours, and what people call it.
    pub(super) fn copied(at: PathBuf, shown: PathBuf, held: Workspace) -> Self {
        Self {
            file: SourceFile {
                at,
                shown,
                etag: None,
            },
            held: Some(Arc::new(held)),
            is_signed: false,
        }
    }

    /// The same, told from others of its name by this `ETag`.
    pub(super) fn with_etag(mut self, etag: Option<String>) -> Self {
        self.file.etag = etag;
        self
    }

    /// The same, from an address that holds a secret.
    pub(super) fn signed(self) -> Self {
        Self {
            is_signed: true,
            ..self
        }
    }

    /// By what it is told from others of its name, where it lies elsewhere.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.file.etag.as_deref()
    }

    /// Whether somebody else can have the very same bytes again: a file of this machine, or an object with an `ETag`.
    pub(super) fn can_be_had_again(&self) -> bool {
        !self.is_copy() || (self.etag().is_some() && !self.is_signed)
    }

    /// Where its bytes are.
    #[must_use]
    pub fn at(&self) -> &Path {
        &self.file.at
    }

    /// What people call it.
    #[must_use]
    pub fn shown(&self) -> &Path {
        &self.file.shown
    }

    /// Whether it is a copy of ours, which nobody else knows.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.held.is_some()
    }

    pub(super) fn source(&self) -> &SourceFile {
        &self.file
    }
}

impl From<PathBuf> for ExportFile {
    fn from(path: PathBuf) -> Self {
        Self {
            file: path.as_path().into(),
            held: None,
            is_signed: false,
        }
    }
}

impl fmt::Debug for ExportFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.shown.fmt(f)
    }
}

impl PartialEq for ExportFile {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file
    }
}

impl Eq for ExportFile {}
