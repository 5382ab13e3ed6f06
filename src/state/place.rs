//! Where a state is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::beside::beside;

/// Where a state is, as a person wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateAddress {
    /// A file of this machine; it need not be there yet.
    File(PathBuf),
}

impl StateAddress {
    /// A file that belongs to the state and lies beside it, with another extension.
    #[must_use]
    pub fn companion(&self, extension: &str) -> PathBuf {
        match self {
            StateAddress::File(path) => path.with_extension(extension),
        }
    }

    /// The files of this machine that the state consists of, there or not.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            StateAddress::File(path) => ["", "-wal", "-shm", ".key", ".lock"]
                .map(|end| beside(path, end))
                .into(),
        }
    }
}

impl From<&Path> for StateAddress {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<PathBuf> for StateAddress {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl fmt::Display for StateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateAddress::File(path) => path.display().fmt(f),
        }
    }
}
