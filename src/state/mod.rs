//! THE LEDGER: the only door to `SQLite`.
//!
//! What comes in: claims (intent, before a request leaves) and settlements (what became of it). What goes
//! out: what is known of a row, of a run, of everything in doubt. No payload and no bank data ever lies
//! here: a keyed hash of the payload, the key, legacyIdentifier, the business name, counts, times, and the
//! API's words, scrubbed.
//!
//! Locking: one process writes; it holds `<state>.lock` for as long as it runs ([`StateLock`]). Readers
//! (`status`) need no lock, since the file is in WAL mode.
//!
//! Ordering: one thread owns the writing connection. It takes whatever has queued up, applies it in one
//! transaction, commits with `synchronous = FULL`, and only then answers. So a claim that was answered is
//! on the disk, and many claims and outcomes share one commit.
//!
//! Failure: a commit that fails fails everything in it, and nobody is told that it was done. A row
//! `in_flight` of a dead run becomes `in_doubt` when the next run opens its space.

mod done;
mod error;
mod lock;
mod migration;
mod moves;
mod query;
mod record;
mod run;
mod upkeep;
mod writer;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::partner::{Fingerprinter, HashScheme};

pub use done::DoneRows;
pub use error::StateError;
pub use lock::StateLock;
pub use query::{
    Known, LedgerReader, RecordRow, RunRow, SpaceCounts, StateView, StoredRun, StoryLine,
};
pub use record::{Event, IllegalMove, RecordState, may_forget, sources, step};
pub use run::{OpenRows, RunId, RunStart};
pub use upkeep::{Exported, Kept, Upkeep, backup, export};
pub use writer::{Claim, Doubt, Ledger, RunEnd, Settlement};

/// Which rows: one mapping's name at one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpaceId(pub(crate) i64);

/// How long a statement waits for a lock of another connection.
const BUSY: Duration = Duration::from_secs(10);

/// Pages of the state kept in memory: those that the keys of a run lead through, however many rows the state has.
const CACHE_KIB: i64 = 8 * 1024;
/// Pages of the log before it is folded into the file: each folding waits for the disk twice.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Opens the state for writing: made with mode 0600 where it is not there, migrated where it is older,
/// checked where the last run did not end.
fn open_for_writing(path: &Path) -> Result<Connection, StateError> {
    let fresh = create_private(path)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|e| StateError::sqlite(path, e))?;
    let configure = |connection: &Connection| -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY)?;
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

/// Opens the state for reading only.
fn open_for_reading(path: &Path) -> Result<Connection, StateError> {
    if !path.exists() {
        return Err(StateError::Missing {
            path: path.to_owned(),
        });
    }
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|e| StateError::sqlite(path, e))?;
    connection
        .busy_timeout(BUSY)
        .map_err(|e| StateError::sqlite(path, e))?;
    // Migrations only add, so a run of an older program that holds the state is not harmed by one.
    if migration::check_version(&connection, path)? == migration::Version::Older {
        migration::migrate(&mut connection, path)?;
    }
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|e| StateError::sqlite(path, e))?;
    Ok(connection)
}

/// Makes the file, readable by its owner alone; `-wal` and `-shm` inherit its mode. True where it is new.
fn create_private(path: &Path) -> Result<bool, StateError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(StateError::Open {
            path: path.to_owned(),
            source,
        }),
    }
}

/// A run without an end crashed: the file is looked over before anything stands on it.
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

/// The hasher of this state's payloads: its key is random and made with the state, and so is its scheme.
fn fingerprinter(connection: &Connection, path: &Path) -> Result<Fingerprinter, StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    let stored = |name: &str| -> Result<Option<Vec<u8>>, StateError> {
        let value = "SELECT value FROM meta WHERE name = ?1";
        let value = connection.query_row(value, [name], |r| r.get(0));
        value.optional().map_err(sqlite)
    };
    if let Some(key) = stored("hash_key")?.and_then(|k| k.try_into().ok()) {
        let scheme = match stored("hash_scheme")?.as_deref() {
            Some(SCHEME_WHOLE) => HashScheme::Whole,
            _ => HashScheme::Folded,
        };
        return Ok(Fingerprinter::new(key, scheme));
    }
    let mut key = [0; 32];
    key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    connection
        .execute(
            "INSERT OR REPLACE INTO meta (name, value) VALUES ('hash_key', ?1)",
            params![key.to_vec()],
        )
        .map_err(sqlite)?;
    Ok(Fingerprinter::new(key, HashScheme::Folded))
}

/// The mark of states that were made before version 5.
const SCHEME_WHOLE: &[u8] = b"whole";

#[cfg(test)]
pub(crate) mod test_run;
#[cfg(test)]
mod tests;
