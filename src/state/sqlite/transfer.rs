//! A state in a file, moved to another room or from one.

use std::path::Path;
use std::sync::mpsc::Receiver;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, TransactionBehavior};

use super::super::error::StateError;
use super::super::transfer::{Batch, Cell, Giver, OF_META, Table, Taker};
use super::fence::Fence;
use super::log::{self, Mark, Reading};
use super::open::{open_for_reading, open_for_writing};

/// A state that is read.
pub(in crate::state) struct SqliteGiver {
    connection: Reading,
    path: std::path::PathBuf,
}

impl SqliteGiver {
    pub(in crate::state) fn open(path: &Path) -> Result<Self, StateError> {
        Ok(Self {
            connection: open_for_reading(path)?,
            path: path.to_owned(),
        })
    }
}

impl Giver for SqliteGiver {
    fn each_row(
        &self,
        table: &'static Table,
        each: &mut dyn FnMut(Vec<Cell>),
    ) -> Result<(), StateError> {
        let sql = match table.name {
            "meta" => format!("SELECT name, value FROM meta WHERE {OF_META} ORDER BY name"),
            "space" => "SELECT id, target, mapping, total,
                    (SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM meta WHERE name = 'total_run/' || space.id),
                    (SELECT value FROM meta WHERE name = 'unclaimed/' || space.id) FROM space ORDER BY id"
                .to_owned(),
            "story" => format!("SELECT {} FROM story ORDER BY rowid", table.names()),
            name => format!("SELECT {} FROM {name}", table.names()),
        };
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let cells = (0..table.columns.len()).map(|at| row.get_ref(at).map(cell));
                each(cells.collect::<rusqlite::Result<_>>()?);
            }
            Ok(())
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    let text = |t: &[u8]| String::from_utf8_lossy(t).into_owned();
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(n) => Cell::Int(n),
        ValueRef::Text(t) => Cell::Text(text(t)),
        ValueRef::Blob(b) => Cell::Bytes(b.to_vec()),
        // No column holds one.
        ValueRef::Real(_) => Cell::Null,
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Int(n) => ToSqlOutput::Owned(Value::Integer(*n)),
            Cell::Text(t) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
            Cell::Bytes(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
        })
    }
}

/// A state that is written; it is held.
pub(in crate::state) struct SqliteTaker {
    connection: Connection,
    fence: Fence,
    path: std::path::PathBuf,
}

impl SqliteTaker {
    pub(in crate::state) fn open(path: &Path) -> Result<Self, StateError> {
        let mut connection = open_for_writing(path)?;
        let fence = log::take_over(&mut connection, path);
        Ok(Self {
            fence: fence.map_err(|e| StateError::sqlite(path, e))?,
            connection,
            path: path.to_owned(),
        })
    }
}

impl Taker for SqliteTaker {
    fn take(
        &mut self,
        come: Receiver<Batch>,
        agrees: &(dyn Fn(u64) -> bool + Sync),
    ) -> Result<u64, StateError> {
        let path = &self.path;
        let write = || -> rusqlite::Result<Option<u64>> {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            Mark::Here.put(&transaction, path)?;
            for batch in come {
                for row in &batch.rows {
                    put(&transaction, batch.table, row)?;
                }
            }
            let sql = "SELECT count(*) FROM record";
            let count: i64 = transaction.query_row(sql, [], |r| r.get(0))?;
            if !agrees(count.unsigned_abs()) {
                return Ok(None);
            }
            transaction.commit()?;
            Ok(Some(count.unsigned_abs()))
        };
        let written = write().map_err(|e| StateError::sqlite(path, e))?;
        written.ok_or_else(|| StateError::NotMoved {
            state: path.as_path().into(),
        })
    }
}

fn put(c: &Connection, table: &Table, row: &[Cell]) -> rusqlite::Result<()> {
    let (sql, row) = match (table.name, row) {
        ("space", [id, target, mapping, total, total_run, unclaimed]) => {
            if let (Cell::Int(id), Cell::Int(run)) = (id, total_run) {
                let sql = "INSERT INTO meta (name, value) VALUES ('total_run/' || ?1, CAST(CAST(?2 AS TEXT) AS BLOB))";
                c.prepare_cached(sql)?.execute([id, run])?;
            }
            if let (Cell::Int(id), Cell::Bytes(hashes)) = (id, unclaimed) {
                let sql = "INSERT INTO meta (name, value) VALUES ('unclaimed/' || ?1, ?2)";
                c.prepare_cached(sql)?
                    .execute(rusqlite::params![id, hashes])?;
            }
            let sql =
                "INSERT INTO space (id, target, mapping, total) VALUES (?, ?, ?, ?)".to_owned();
            (sql, vec![id, target, mapping, total])
        }
        (name, row) => {
            let places = vec!["?"; row.len()].join(", ");
            let or = if name == "meta" { "OR REPLACE " } else { "" };
            let sql = format!(
                "INSERT {or}INTO {name} ({}) VALUES ({places})",
                table.names()
            );
            (sql, row.iter().collect())
        }
    };
    c.prepare_cached(&sql)?
        .execute(rusqlite::params_from_iter(row))
        .map(drop)
}

impl Drop for SqliteTaker {
    fn drop(&mut self) {
        log::fold_away(&mut self.connection, self.fence, &self.path);
    }
}
