//! Bare upserts into SQLite, as the state is set up: write-ahead log, `synchronous = FULL`, the same columns.

use rusqlite::{Connection, params};

/// A table in a file of its own.
pub struct Table {
    connection: Connection,
    _folder: tempfile::TempDir,
}

impl Table {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("t.db")).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE t (key TEXT PRIMARY KEY, state INTEGER, hash BLOB, legacy TEXT, name TEXT, partner TEXT) STRICT, WITHOUT ROWID;",
            )
            .unwrap();
        Self {
            connection,
            _folder: folder,
        }
    }

    /// Rows `from` to `to` as they are claimed, in one commit.
    pub fn claim(&mut self, from: u64, to: u64) {
        self.upsert(from, to, 1, |_| None);
    }

    /// The same rows with what became of them. An upsert that changes nothing would not be written at all.
    pub fn settle(&mut self, from: u64, to: u64) {
        self.upsert(from, to, 2, |i| Some(super::state::partner_id(i)));
    }

    fn upsert(&mut self, from: u64, to: u64, state: i64, partner: impl Fn(u64) -> Option<String>) {
        let transaction = self.connection.transaction().unwrap();
        {
            let mut statement = transaction
                .prepare_cached(
                    "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (key) DO UPDATE SET state = ?2, hash = ?3, legacy = ?4, name = ?5, partner = ?6",
                )
                .unwrap();
            for i in from..to {
                let key = format!("K-{i}");
                let name = format!("Company {i}");
                statement
                    .execute(params![key, state, [1_u8; 16], key, name, partner(i)])
                    .unwrap();
            }
        }
        transaction.commit().unwrap();
    }
}
