//! The schema: an append-only list of migrations, counted by `user_version`.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::StateError;

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
    // 3: what a run told as changed, so that a person can accept it; and what befell a row beyond being made.
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
    // 6: a claim keeps the room that its outcome will take, so that pages which claims have filled need not be split
    // when the outcomes come. Zeros, and NULL once it is taken.
    "
    ALTER TABLE record ADD COLUMN room BLOB;
    ",
];

/// The newest version this program knows.
fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection, path: &Path) -> Result<i64, StateError> {
    connection
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .map_err(|e| StateError::sqlite(path, e))
}

/// How old a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// As this program writes it.
    Current,
    /// It has to be migrated.
    Older,
}

/// Refuses a file of a newer version, or one without a schema.
pub(super) fn check_version(connection: &Connection, path: &Path) -> Result<Version, StateError> {
    match version(connection, path)? {
        found if found > known() => Err(StateError::Newer {
            path: path.to_owned(),
            found,
            known: known(),
        }),
        0 => Err(StateError::Missing {
            path: path.to_owned(),
        }),
        found if found < known() => Ok(Version::Older),
        _ => Ok(Version::Current),
    }
}

/// Brings the file to the newest version, all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite)?;
    let found = version(&transaction, path)?;
    if found > known() {
        return Err(StateError::Newer {
            path: path.to_owned(),
            found,
            known: known(),
        });
    }
    for (index, sql) in MIGRATIONS
        .iter()
        .enumerate()
        .skip(usize::try_from(found).unwrap_or(0))
    {
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
