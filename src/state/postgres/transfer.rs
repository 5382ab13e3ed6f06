//! A state in a database, moved to another room or from one.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use postgres::types::{ToSql, Type};
use postgres::{Row, Transaction};

use super::super::error::StateError;
use super::super::transfer::{Batch, Cell, Giver, Kind, OF_META, Table, Taker};
use super::error::Trouble;
use super::lease::Lease;
use super::link::{Link, lasting, query, values};
use super::machines::WAITED_FOR;
use super::owner::text;
use super::reader::find_for_reading;
use super::server::Server;

/// A state that is read.
pub(in crate::state) struct PostgresGiver {
    link: Link,
}

impl PostgresGiver {
    pub(in crate::state) fn open(server: &Arc<Server>) -> Result<Self, StateError> {
        let link = find_for_reading(server)?;
        let missing = || StateError::Missing {
            state: server.state(),
        };
        let link = link.ok_or_else(missing)?;
        let sql = format!("SELECT count(*) FROM partner_sync.record WHERE {WAITED_FOR}");
        let waiting = link.look(|client| query(client, &sql, &[]))?;
        let rows = waiting.first().map_or(0, |row| row.get::<_, i64>(0));
        if rows > 0 {
            return Err(StateError::WaitsForLost {
                state: server.state(),
                rows: rows.unsigned_abs(),
            });
        }
        Ok(Self { link })
    }
}

impl Giver for PostgresGiver {
    fn each_row(
        &self,
        table: &'static Table,
        each: &mut dyn FnMut(Vec<Cell>),
    ) -> Result<(), StateError> {
        let which = match table.name {
            "meta" => format!("WHERE {OF_META} ORDER BY name"),
            "space" | "run" | "story" => "ORDER BY id".to_owned(),
            _ => String::new(),
        };
        let sql = format!(
            "SELECT {} FROM partner_sync.{} {which}",
            table.names(),
            table.name
        );
        self.link
            .each(&sql, &[], &mut |row| each(cells(table, row)))
    }
}

fn cells(table: &Table, row: &Row) -> Vec<Cell> {
    let cell = |(at, (_, kind)): (usize, &(&str, Kind))| match kind {
        Kind::Int => row.get::<_, Option<i64>>(at).map_or(Cell::Null, Cell::Int),
        Kind::Text => row
            .get::<_, Option<String>>(at)
            .map_or(Cell::Null, Cell::Text),
        Kind::Bytes => row
            .get::<_, Option<Vec<u8>>>(at)
            .map_or(Cell::Null, Cell::Bytes),
    };
    table.columns.iter().enumerate().map(cell).collect()
}

/// A state that is written; it is held.
pub(in crate::state) struct PostgresTaker {
    link: Link,
    machine: String,
    generation: i64,
}

impl PostgresTaker {
    pub(in crate::state) fn open(server: &Arc<Server>, lease: &Lease) -> Self {
        Self {
            link: Link::new(Arc::clone(server)),
            machine: lease.term().machine.clone(),
            generation: lease.term().generation,
        }
    }
}

impl Taker for PostgresTaker {
    fn take(
        &mut self,
        come: Receiver<Batch>,
        agrees: &(dyn Fn(u64) -> bool + Sync),
    ) -> Result<u64, StateError> {
        let state = self.link.server().state();
        let of = |e: postgres::Error| Trouble::of(&e, &state);
        let taken = self.link.with(|client| {
            let mut t = lasting(client).map_err(of)?;
            for batch in come {
                put(&mut t, &batch).map_err(of)?;
            }
            let sql = "SELECT count(*) FROM partner_sync.record";
            let count = query(&mut t, sql, &[]).map_err(of)?;
            let count = count
                .first()
                .map_or(0, |row| row.get::<_, i64>(0))
                .unsigned_abs();
            let held = "SELECT 1 FROM partner_sync.machine WHERE id = $1 AND gen = $2 FOR UPDATE";
            let values = values![self.machine => TEXT, self.generation => INT8];
            if query(&mut t, held, &values).map_err(of)?.is_empty() {
                return Err(Trouble::State(StateError::Taken {
                    state: state.clone(),
                }));
            }
            if !agrees(count) {
                return Err(Trouble::State(StateError::NotMoved {
                    state: state.clone(),
                }));
            }
            t.commit().map_err(of)?;
            Ok(count)
        });
        taken.map_err(|trouble| trouble.settled(&self.link.server().state()))
    }
}

/// One column of a batch, as an array.
enum Column {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn of(batch: &Batch, at: usize, kind: Kind) -> Self {
        let cells = batch.rows.iter().filter_map(|row| row.get(at));
        match kind {
            Kind::Int => Self::Ints(
                cells
                    .map(|c| if let Cell::Int(n) = c { Some(*n) } else { None })
                    .collect(),
            ),
            Kind::Text => Self::Texts(
                cells
                    .map(|c| {
                        if let Cell::Text(t) = c {
                            Some(text(t).into_owned())
                        } else {
                            None
                        }
                    })
                    .collect(),
            ),
            Kind::Bytes => Self::Bytes(
                cells
                    .map(|c| {
                        if let Cell::Bytes(b) = c {
                            Some(b.clone())
                        } else {
                            None
                        }
                    })
                    .collect(),
            ),
        }
    }

    fn value(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Ints(all) => (all, Type::INT8_ARRAY),
            Self::Texts(all) => (all, Type::TEXT_ARRAY),
            Self::Bytes(all) => (all, Type::BYTEA_ARRAY),
        }
    }
}

fn put(t: &mut Transaction<'_>, batch: &Batch) -> Result<(), postgres::Error> {
    if batch.rows.is_empty() {
        return Ok(());
    }
    let table = batch.table;
    let kinds = table.columns.iter().enumerate();
    let columns: Vec<Column> = kinds
        .map(|(at, (_, kind))| Column::of(batch, at, *kind))
        .collect();
    let values: Vec<_> = columns.iter().map(Column::value).collect();
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "INSERT INTO partner_sync.{} ({}) SELECT * FROM unnest({})",
        table.name,
        table.names(),
        places.join(", ")
    );
    query(t, &sql, &values).map(drop)
}
