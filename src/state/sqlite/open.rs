//! Connections: one that writes, and any number that read.

use std::path::Path;

use rusqlite::Connection;

use super::super::error::StateError;
use super::file::{connect, create_private, make_empty_private, refuse_no_file};
use super::lock::FileLock;
use super::log::{self, Reading};
use super::migration::{self, Version};
use super::sweep::sweep_if_due;
use super::unite;
use crate::clock::Clock;

/// Pages of the state kept in memory: those that the keys of a run lead through, however many rows the state has.
const CACHE_KIB: i64 = 8 * 1024;

/// Opens the state for writing: made with mode 0600 where it is not there, migrated where it is older,
/// checked where the last run did not end. The caller holds the [`FileLock`].
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StateError> {
    log::refuse_orphan(path)?;
    let fresh = create_private(path)?;
    make_empty_private(path).map_err(|source| StateError::Open {
        path: path.to_owned(),
        source,
    })?;
    let mut connection = connect(path)?;
    // Before anything is set: the file may be another program's.
    if migration::examine(&connection, path)? != Version::New {
        log::refuse_another(&connection, path)?;
    }
    let configure = |connection: &Connection| -> rusqlite::Result<()> {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // What a failed command has to be taken back by lives no longer than its commit: it needs no disk.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // The log is folded by `log::fold` alone.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    };
    configure(&connection).map_err(|e| StateError::sqlite(path, e))?;
    migration::migrate(&mut connection, path)?;
    sweep_if_due(path)?;
    unite::spaces(&mut connection, path)?;
    if !fresh {
        check_after_crash(&connection, path)?;
    }
    Ok(connection)
}

/// Opens the state for reading only, where there is one.
///
/// # Errors
/// [`StateError::Missing`] where there is none, or one that a run had only begun to make.
pub(super) fn open_for_reading(path: &Path) -> Result<Reading, StateError> {
    find_for_reading(path)?.ok_or_else(|| StateError::Missing { state: path.into() })
}

/// Opens the state for reading only; `None` where there is none, or one that a run had only begun to make.
///
/// # Errors
/// [`StateError::Outdated`] where it is of an older version and another run holds it.
pub(super) fn find_for_reading(path: &Path) -> Result<Option<Reading>, StateError> {
    refuse_no_file(path)?;
    log::refuse_orphan(path)?;
    if !path.exists() {
        return Ok(None);
    }
    let connection = connect(path)?;
    let version = migration::examine(&connection, path)?;
    if version == Version::New {
        return Ok(None);
    }
    log::refuse_another(&connection, path)?;
    let connection = Reading::new(connection);
    if version != Version::Current || unite::is_due(&connection, path)? {
        bring_up_to_date(path, version)?;
    }
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|e| StateError::sqlite(path, e))?;
    Ok(Some(connection))
}

/// Taking the lock migrates. A program that is older may hold it, and would refuse the file from then on, so a reader
/// does not migrate beside a run.
fn bring_up_to_date(path: &Path, version: Version) -> Result<(), StateError> {
    match (FileLock::take(path, &Clock::System), version) {
        (Ok(_), _) => Ok(()),
        (Err(StateError::Locked { state, holder }), Version::Older(found)) => {
            Err(StateError::Outdated {
                state,
                found,
                known: migration::known(),
                holder,
            })
        }
        (Err(error), _) => Err(error),
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
