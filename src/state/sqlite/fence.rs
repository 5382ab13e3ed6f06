//! Which run has the state: each one that takes it for writing raises its generation, and every commit checks it. A run
//! that lost the state to a later one, however that came about, can record nothing more.
//!
//! A file that was deleted or replaced keeps the generation that it had, and its lock with it: what is at the path then is
//! another state, which a later run may hold. So every commit also looks whether the file is still at its path.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::super::error::StateError;

/// A generation of a state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence {
    generation: i64,
    file: Option<Inode>,
}

/// Device and inode.
type Inode = (u64, u64);

/// What is at a path; none where nothing is, or where files have no inodes.
fn file_at(path: &Path) -> Option<Inode> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

impl Fence {
    /// Takes the state at `path`, in the transaction that is open.
    pub(super) fn raise(c: &Connection, path: &Path) -> rusqlite::Result<Self> {
        let generation = c.query_row(
            "INSERT INTO meta (name, value) VALUES ('generation', CAST(1 AS BLOB))
             ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS BLOB)
             RETURNING CAST(value AS INTEGER)",
            [],
            |r| r.get(0),
        )?;
        let file = file_at(path);
        Ok(Self { generation, file })
    }

    /// The present generation, for whoever writes beside no run and takes the state from nobody.
    pub(super) fn present(c: &Connection, path: &Path) -> rusqlite::Result<Self> {
        let value = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'generation'";
        let value = c.prepare_cached(value)?.query_row([], |r| r.get(0));
        Ok(Self {
            generation: value.optional()?.unwrap_or(0),
            file: file_at(path),
        })
    }

    /// Checks, in the transaction that is open, that nobody has taken the state since, and that it is still there.
    ///
    /// # Errors
    /// [`StateError::Taken`], [`StateError::Replaced`].
    pub(super) fn hold(self, c: &Connection, path: &Path) -> Result<(), StateError> {
        let now = Self::present(c, path).map_err(|e| StateError::sqlite(path, e))?;
        if now.file != self.file {
            return Err(StateError::Replaced {
                path: path.to_owned(),
            });
        }
        if now.generation != self.generation {
            return Err(StateError::Taken { state: path.into() });
        }
        Ok(())
    }
}
