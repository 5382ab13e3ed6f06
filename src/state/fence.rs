//! Which run has the state: each one that takes it for writing raises its generation, and every commit checks it. A run
//! that lost the state to a later one, however that came about, can record nothing more.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::error::StateError;

/// A generation of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence(i64);

impl Fence {
    /// Takes the state, in the transaction that is open.
    pub(super) fn raise(c: &Connection) -> rusqlite::Result<Self> {
        c.query_row(
            "INSERT INTO meta (name, value) VALUES ('generation', CAST(1 AS BLOB))
             ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS BLOB)
             RETURNING CAST(value AS INTEGER)",
            [],
            |r| r.get(0).map(Self),
        )
    }

    /// The present generation, for whoever writes beside no run and takes the state from nobody.
    pub(super) fn present(c: &Connection) -> rusqlite::Result<Self> {
        let value = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'generation'";
        let value = c.prepare_cached(value)?.query_row([], |r| r.get(0));
        Ok(Self(value.optional()?.unwrap_or(0)))
    }

    /// Checks, in the transaction that is open, that nobody has taken the state since.
    ///
    /// # Errors
    /// [`StateError::Taken`].
    pub(super) fn hold(self, c: &Connection, path: &Path) -> Result<(), StateError> {
        let now = Self::present(c).map_err(|e| StateError::sqlite(path, e))?;
        if now == self {
            return Ok(());
        }
        Err(StateError::Taken {
            path: path.to_owned(),
        })
    }
}
