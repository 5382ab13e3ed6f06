//! A place as it is written in the configuration: a path of this machine, or an address.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::secret::SecretAddress;

/// A path, or an address, of which no secret is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportPath {
    /// Of this machine.
    Path(String),
    /// Of a bucket, or of a file behind an address.
    Address(SecretAddress),
}

impl ExportPath {
    /// The path, where it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            ExportPath::Path(path) => Some(Path::new(path)),
            ExportPath::Address(_) => None,
        }
    }

    /// What messages call it.
    #[must_use]
    pub fn shown(&self) -> PathBuf {
        self.to_string().into()
    }
}

impl From<String> for ExportPath {
    fn from(text: String) -> Self {
        if text.contains("://") {
            ExportPath::Address(SecretAddress::new(&text))
        } else {
            ExportPath::Path(text)
        }
    }
}

impl fmt::Display for ExportPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportPath::Path(path) => f.write_str(path),
            ExportPath::Address(address) => address.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for ExportPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.into())
    }
}
