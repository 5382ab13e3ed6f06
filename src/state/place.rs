//! Where a state is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::beside::beside;
use super::postgres::ServerAddress;

/// Where a state is, as a person wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateAddress {
    /// A file of this machine; it need not be there yet.
    File(PathBuf),
    /// A Postgres database.
    Server(Box<ServerAddress>),
}

impl StateAddress {
    /// Reads what `--state` names: `postgres://USER@HOST/DATABASE`, or else a file.
    ///
    /// # Errors
    /// In words, where the address of a database cannot be read or has a password.
    pub fn read(text: &Path) -> Result<Self, String> {
        match text.to_str().and_then(ServerAddress::parse) {
            Some(server) => Ok(StateAddress::Server(Box::new(server?))),
            None => Ok(StateAddress::File(text.to_owned())),
        }
    }

    /// A file that belongs to the state and lies beside it, with another extension.
    #[must_use]
    pub fn companion(&self, extension: &str) -> PathBuf {
        match self {
            StateAddress::File(path) => path.with_extension(extension),
            // Beside the program, as the usual state is.
            StateAddress::Server(_) => Path::new("partner-sync.db").with_extension(extension),
        }
    }

    /// The files of this machine that the state consists of, there or not.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            StateAddress::File(path) => ["", "-wal", "-shm", ".key", ".lock"]
                .map(|end| beside(path, end))
                .into(),
            StateAddress::Server(_) => Vec::new(),
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
            StateAddress::Server(server) => server.fmt(f),
        }
    }
}
