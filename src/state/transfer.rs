//! What a state consists of, table by table, for moving it from one room to another.

use std::sync::mpsc::Receiver;

use super::error::StateError;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A table, with the columns that every room has.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
}

/// All that a state consists of, in an order in which it can be written: what is named comes before what names it. `meta` has
/// what tells the keys of the hashes apart, and how they hash; whatever else is in it is of one room.
pub(super) const TABLES: [Table; 7] = [
    Table {
        name: "meta",
        columns: &[("name", Kind::Text), ("value", Kind::Bytes)],
    },
    Table {
        name: "space",
        columns: &[
            ("id", Kind::Int),
            ("target", Kind::Text),
            ("mapping", Kind::Text),
            ("total", Kind::Int),
            ("total_run", Kind::Int),
            ("unclaimed", Kind::Bytes),
        ],
    },
    Table {
        name: "run",
        columns: &[
            ("id", Kind::Int),
            ("name", Kind::Text),
            ("space", Kind::Int),
            ("command", Kind::Text),
            ("files", Kind::Text),
            ("started", Kind::Int),
            ("ended", Kind::Int),
            ("exit", Kind::Int),
            ("summary", Kind::Text),
            ("report", Kind::Text),
        ],
    },
    Table {
        name: "problem",
        columns: &[
            ("run", Kind::Int),
            ("part", Kind::Int),
            ("lines", Kind::Bytes),
        ],
    },
    Table {
        name: "record",
        columns: &[
            ("space", Kind::Int),
            ("key", Kind::Text),
            ("state", Kind::Int),
            ("run", Kind::Int),
            ("fingerprint", Kind::Bytes),
            ("hash_key", Kind::Int),
            ("legacy", Kind::Text),
            ("name", Kind::Text),
            ("partner", Kind::Text),
            ("attempts", Kind::Int),
            ("posts", Kind::Int),
            ("lost", Kind::Int),
            ("since", Kind::Int),
            ("status", Kind::Int),
            ("words", Kind::Text),
        ],
    },
    Table {
        name: "changed",
        columns: &[
            ("space", Kind::Int),
            ("key", Kind::Text),
            ("fingerprint", Kind::Bytes),
            ("run", Kind::Int),
        ],
    },
    Table {
        name: "story",
        columns: &[
            ("space", Kind::Int),
            ("key", Kind::Text),
            ("at", Kind::Int),
            ("run", Kind::Text),
            ("what", Kind::Text),
            ("status", Kind::Int),
            ("words", Kind::Text),
        ],
    },
];

/// The rows of `meta` that belong to every room.
pub(super) const OF_META: &str = "name LIKE 'hash_key_id/%' OR name = 'hash_scheme'";

impl Table {
    /// The names of its columns, joined by commas.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// Rows of one table.
pub(super) struct Batch {
    pub(super) table: &'static Table,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// What hands its rows over.
pub(super) trait Giver {
    /// Hands over the rows of a table, in an order in which they may be written again.
    fn each_row(
        &self,
        table: &'static Table,
        each: &mut dyn FnMut(Vec<Cell>),
    ) -> Result<(), StateError>;
}

/// What takes rows over: a state that is held, and empty.
pub(super) trait Taker: Send {
    /// Writes all that comes, all or nothing, and says how many records there are then, counted anew. Nothing stays where they
    /// are not as many as `come` counts.
    fn take(
        &mut self,
        come: Receiver<Batch>,
        agrees: &(dyn Fn(u64) -> bool + Sync),
    ) -> Result<u64, StateError>;
}

/// Rows that are written together.
const TOGETHER: usize = 1024;

/// Gives all that one state has to another; returns the records that both have.
///
/// # Errors
/// Where one of the two fails, or the counts do not agree; then nothing is written.
pub(super) fn transfer(giver: &dyn Giver, taker: &mut dyn Taker) -> Result<u64, StateError> {
    use std::sync::atomic::{AtomicU64, Ordering};
    let records = AtomicU64::new(0);
    let is_whole = std::sync::atomic::AtomicBool::new(false);
    let agrees =
        |count: u64| is_whole.load(Ordering::SeqCst) && count == records.load(Ordering::SeqCst);
    std::thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::sync_channel(4);
        let agrees = &agrees;
        let taking = scope.spawn(move || taker.take(receiver, agrees));
        let mut read = Ok(());
        for table in &TABLES {
            let mut rows = Vec::with_capacity(TOGETHER);
            read = giver.each_row(table, &mut |row| {
                if table.name == "record" {
                    records.fetch_add(1, Ordering::SeqCst);
                }
                rows.push(row);
                if rows.len() == TOGETHER {
                    let rows = std::mem::take(&mut rows);
                    let _ = sender.send(Batch { table, rows });
                }
            });
            let _ = sender.send(Batch { table, rows });
            if read.is_err() {
                break;
            }
        }
        is_whole.store(read.is_ok(), Ordering::SeqCst);
        drop(sender);
        let written = taking
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read.and(written)
    })
}
