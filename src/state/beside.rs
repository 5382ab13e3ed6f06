//! Names of files that belong to another.

use std::path::{Path, PathBuf};

/// The file beside another whose name has this more.
pub(super) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}
