//! A file to be read: where its bytes are, and what people call it.

use std::path::{Path, PathBuf};

/// A file and its name. They differ where the file is a copy of ours of something that lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where the bytes are; `-` is standard input.
    pub at: PathBuf,
    /// What messages and reports call it.
    pub shown: PathBuf,
    /// By what the bytes are told from others of the same name: an `ETag`; none of a file of this machine.
    pub etag: Option<String>,
}

impl From<&Path> for SourceFile {
    fn from(path: &Path) -> Self {
        Self {
            at: path.to_owned(),
            shown: path.to_owned(),
            etag: None,
        }
    }
}
