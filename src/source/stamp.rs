//! By what a file is known to be the one that was opened.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::error::SourceError;
use super::file_reader::FileReader;

/// A file as it was when it was opened: which file it is, its length and its time of change. It is held open, so that all
/// of this is said of the file that is read, whatever its name leads to by now.
#[derive(Debug, Clone)]
pub struct Stamp {
    file: Arc<File>,
    seen: Seen,
}

/// Enough to notice that a file was replaced or is still being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Device and inode, where the system has them.
    identity: Option<(u64, u64)>,
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl Seen {
    fn of(meta: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt as _;
            Some((meta.dev(), meta.ino()))
        };
        #[cfg(not(unix))]
        let identity = None;
        Self {
            identity,
            length: meta.len(),
            modified: meta.modified().ok(),
        }
    }
}

impl Stamp {
    /// The stamp of a file that is open.
    pub(super) fn of(file: Arc<File>) -> io::Result<Self> {
        let seen = Seen::of(&file.metadata()?);
        Ok(Self { file, seen })
    }

    /// Sees that the file that is read did not change; `path` is its name, for the message.
    pub(super) fn check(&self, path: &Path) -> Result<(), SourceError> {
        let meta = self
            .file
            .metadata()
            .map_err(|e| SourceError::read(path, e))?;
        if Seen::of(&meta) == self.seen {
            Ok(())
        } else {
            Err(SourceError::Changed {
                path: path.to_owned(),
            })
        }
    }

    /// Whether `path` leads to the very file that was opened, unchanged since then.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::NotFound`] where nothing has that name.
    pub fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(Seen::of(&std::fs::metadata(path)?) == self.seen)
    }

    /// Copies the bytes of the file that was opened, with its mode and its time of change.
    ///
    /// # Errors
    /// What the file system says.
    pub fn copy_to(&self, to: &mut File) -> io::Result<()> {
        let mut from =
            io::BufReader::with_capacity(256 * 1024, FileReader::new(Arc::clone(&self.file)));
        io::copy(&mut from, to)?;
        to.set_permissions(self.file.metadata()?.permissions())?;
        match self.seen.modified {
            Some(modified) => to.set_modified(modified),
            None => Ok(()),
        }
    }
}
