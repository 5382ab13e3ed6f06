//! The schema: an append-only list of migrations, counted by `user_version`.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::super::error::StateError;
use super::file::{connect, make_empty_private};
use super::sweep::sweep_if_due;
use super::{hash_key, log, unite};

/// Each entry brings the file from its index to the next version. Entries are never changed, only added.
const MIGRATIONS: &[&str] = &[
    // 1: targets, spaces, runs, records.
    "
    CREATE TABLE meta (
        name  TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT;
    CREATE TABLE space (
        id      INTEGER PRIMARY KEY,
        target  TEXT NOT NULL,
        mapping TEXT NOT NULL,
        UNIQUE (target, mapping)
    ) STRICT;
    CREATE TABLE run (
        id      INTEGER PRIMARY KEY,
        name    TEXT NOT NULL UNIQUE,
        space   INTEGER NOT NULL REFERENCES space (id),
        command TEXT NOT NULL,
        files   TEXT NOT NULL,
        started INTEGER NOT NULL,
        ended   INTEGER,
        exit    INTEGER,
        summary TEXT
    ) STRICT;
    -- since: for in_doubt, the last moment at which the request can have been on its way.
    CREATE TABLE record (
        space       INTEGER NOT NULL REFERENCES space (id),
        key         TEXT NOT NULL,
        state       INTEGER NOT NULL,
        fingerprint BLOB NOT NULL,
        legacy      TEXT NOT NULL,
        name        TEXT NOT NULL,
        partner     TEXT,
        attempts    INTEGER NOT NULL,
        run         INTEGER NOT NULL REFERENCES run (id),
        since       INTEGER NOT NULL,
        status      INTEGER,
        words       TEXT,
        PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX record_open ON record (space, state) WHERE state IN (1, 4);
    ",
    // 2: what a run's reports are made of again: its report, and its problems in compressed parts.
    "
    ALTER TABLE run ADD COLUMN report TEXT;
    CREATE TABLE problem (
        run   INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
        part  INTEGER NOT NULL,
        lines BLOB NOT NULL,
        PRIMARY KEY (run, part)
    ) STRICT;
    ",
    // 3: what a run reported as changed, so that a person can accept it; and what happened to a row beyond being created.
    "
    CREATE TABLE changed (
        space       INTEGER NOT NULL REFERENCES space (id),
        key         TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        run         INTEGER NOT NULL,
        PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE story (
        space  INTEGER NOT NULL REFERENCES space (id),
        key    TEXT NOT NULL,
        at     INTEGER NOT NULL,
        run    TEXT,
        what   TEXT NOT NULL,
        status INTEGER,
        words  TEXT
    ) STRICT;
    CREATE INDEX story_row ON story (space, key, at);
    ",
    // 4: open rows are found by one pass when a run begins; every claim and every outcome paid for their index.
    "
    DROP INDEX record_open;
    ",
    // 5: payloads are hashed in two steps; the rows of a state that is older are known by one.
    "
    INSERT INTO meta (name, value) SELECT 'hash_scheme', CAST('whole' AS BLOB) FROM meta WHERE name = 'hash_key';
    ",
    // 6: a claim reserves the bytes that its outcome will take, so that pages which claims have filled need not be split
    // when the outcomes come. Zeros, and NULL once it is taken.
    "
    ALTER TABLE record ADD COLUMN room BLOB;
    ",
    // 7: posts: creates whose request was asked for and that are not proved unmade; before another one the row is looked
    // up. lost: those of them whose answer never came or proved nothing; they are bounded. What an older state counts as
    // requests may have been any of these. total: partners that the API had when the last run ended.
    "
    ALTER TABLE record ADD COLUMN posts INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE record ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
    UPDATE record SET posts = max(attempts, 0), lost = CASE WHEN state IN (1, 4) THEN 1 ELSE 0 END;
    ALTER TABLE space ADD COLUMN total INTEGER;
    ",
    // 8: the key of the hashes lies beside the state; before this, `hash_key::move_out` has put it there. Each record says by
    // number which key its hash was made with.
    "
    ALTER TABLE record ADD COLUMN hash_key INTEGER NOT NULL DEFAULT 0;
    INSERT OR REPLACE INTO meta (name, value) SELECT 'sweep', x'01' FROM meta WHERE name = 'hash_key';
    DELETE FROM meta WHERE name = 'hash_key';
    ",
];

/// The version whose migration takes the key out.
const WITHOUT_KEY: usize = 8;

/// The newest version this program knows.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// How old a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// It has no schema yet: an empty file, or one whose first run was killed before the schema was committed.
    New,
    /// Of this version, which has to be migrated.
    Older(i64),
    /// As this program writes it.
    Current,
}

/// Looks at a file without changing it.
///
/// # Errors
/// [`StateError::Newer`] for a state of a newer version, [`StateError::Foreign`] for a database of another program.
pub(super) fn examine(connection: &Connection, path: &Path) -> Result<Version, StateError> {
    let number = |sql: &str| -> Result<i64, StateError> {
        connection
            .query_row(sql, [], |r| r.get(0))
            .map_err(|e| StateError::sqlite(path, e))
    };
    let found = number("PRAGMA user_version")?;
    let all = number("SELECT count(*) FROM sqlite_schema")?;
    // Every version has these; a newer one may have replaced some of them.
    let ours = number(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'space', 'run', 'record')",
    )?;
    match found {
        0 if all == 0 => Ok(Version::New),
        _ if found > known() && ours > 0 => Err(StateError::Newer {
            state: path.into(),
            found,
            known: known(),
        }),
        _ if found < 1 || found > known() || ours < 4 => {
            Err(StateError::Foreign { state: path.into() })
        }
        _ if found < known() => Ok(Version::Older(found)),
        _ => Ok(Version::Current),
    }
}

/// Brings the file to the newest version, all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite)?;
    let found = match examine(&transaction, path)? {
        Version::Current => return Ok(()),
        Version::Older(found) => found,
        Version::New => 0,
    };
    for (index, sql) in MIGRATIONS
        .iter()
        .enumerate()
        .skip(usize::try_from(found).unwrap_or(0))
    {
        if index + 1 == WITHOUT_KEY {
            hash_key::move_out(&transaction, path)?;
        }
        transaction.execute_batch(sql).map_err(sqlite)?;
        transaction
            .pragma_update(
                None,
                "user_version",
                i64::try_from(index + 1).unwrap_or(i64::MAX),
            )
            .map_err(sqlite)?;
    }
    transaction.commit().map_err(sqlite)
}

/// Brings a state that is there to the newest version, and its addresses to their one spelling, for whoever has just taken
/// its lock.
///
/// What keeps the file from being opened at all is left to whoever opens it next: the lock is no reason to look.
pub(super) fn migrate_existing(path: &Path) -> Result<(), StateError> {
    let is_readable = path.exists() && make_empty_private(path).is_ok();
    if !is_readable || log::refuse_orphan(path).is_err() {
        return Ok(());
    }
    let Ok(mut connection) = connect(path) else {
        return Ok(());
    };
    match examine(&connection, path) {
        Ok(Version::New) => return migrate(&mut connection, path),
        Ok(_) if log::refuse_another(&connection, path).is_err() => return Ok(()),
        Ok(Version::Older(_)) => migrate(&mut connection, path)?,
        Ok(Version::Current) => {}
        Err(_) => return Ok(()),
    }
    sweep_if_due(path)?;
    unite::spaces(&mut connection, path)
}

/// Makes a new file one of an older version.
#[cfg(test)]
pub(super) fn up_to(connection: &Connection, version: i64) {
    for sql in MIGRATIONS.iter().take(usize::try_from(version).unwrap()) {
        connection.execute_batch(sql).unwrap();
    }
    connection
        .pragma_update(None, "user_version", version)
        .unwrap();
}
