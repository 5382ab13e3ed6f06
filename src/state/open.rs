//! Connections: one that writes, and any number that read.

use std::path::Path;

use rusqlite::Connection;

use super::error::StateError;
use super::file::{connect, create_private, make_empty_private};
use super::lock::StateLock;
use super::migration::{self, Version};
use crate::clock::Clock;

/// Pages of the state kept in memory: those that the keys of a run lead through, however many rows the state has.
const CACHE_KIB: i64 = 8 * 1024;
/// Pages of the log before it is folded into the file: each folding waits for the disk twice.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Opens the state for writing: made with mode 0600 where it is not there, migrated where it is older,
/// checked where the last run did not end. The caller holds the [`StateLock`].
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StateError> {
    let fresh = create_private(path)?;
    make_empty_private(path).map_err(|source| StateError::Open {
        path: path.to_owned(),
        source,
    })?;
    let mut connection = connect(path)?;
    // Before anything is set: the file may be another program's.
    migration::examine(&connection, path)?;
    let configure = |connection: &Connection| -> rusqlite::Result<()> {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // What a failed command has to be taken back by lives no longer than its commit: it needs no disk.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    };
    configure(&connection).map_err(|e| StateError::sqlite(path, e))?;
    migration::migrate(&mut connection, path)?;
    if !fresh {
        check_after_crash(&connection, path)?;
    }
    Ok(connection)
}

/// Opens the state for reading only, where there is one.
///
/// # Errors
/// [`StateError::Missing`] where there is none, or one that a run had only begun to make.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StateError> {
    find_for_reading(path)?.ok_or_else(|| StateError::Missing {
        path: path.to_owned(),
    })
}

/// Opens the state for reading only; `None` where there is none, or one that a run had only begun to make.
///
/// # Errors
/// [`StateError::Outdated`] where it is of an older version and another run holds it.
pub(super) fn find_for_reading(path: &Path) -> Result<Option<Connection>, StateError> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = connect(path)?;
    match migration::examine(&connection, path)? {
        Version::New => return Ok(None),
        Version::Current => {}
        Version::Older(found) => bring_up_to_date(path, found)?,
    }
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|e| StateError::sqlite(path, e))?;
    Ok(Some(connection))
}

/// Taking the lock migrates. A program that is older may hold it, and would refuse the file from then on, so a reader
/// does not migrate beside a run.
fn bring_up_to_date(path: &Path, found: i64) -> Result<(), StateError> {
    match StateLock::take(path, &Clock::System) {
        Ok(_) => Ok(()),
        Err(StateError::Locked { path, holder }) => Err(StateError::Outdated {
            path,
            found,
            known: migration::known(),
            holder,
        }),
        Err(error) => Err(error),
    }
}

/// A run without an end crashed: the file is looked over before anything relies on it.
fn check_after_crash(connection: &Connection, path: &Path) -> Result<(), StateError> {
    let crashed: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM run WHERE ended IS NULL)",
            [],
            |r| r.get(0),
        )
        .map_err(|e| StateError::sqlite(path, e))?;
    if !crashed {
        return Ok(());
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |r| r.get(0))
        .map_err(|e| StateError::sqlite(path, e))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StateError::Corrupt {
            path: path.to_owned(),
            reason: verdict,
        })
    }
}
