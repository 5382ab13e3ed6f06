//! What a run begins with: its own record, and the doubts that dead runs left.

use std::time::Duration;

use postgres::{Client, Transaction};

use super::super::address::address_of;
use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::note::Doubt;
use super::super::place::StateAddress;
use super::super::run::{OpenRows, RunStart};
use super::super::space::SpaceId;
use super::error::Trouble;
use super::late::heed_late;
use super::lease::Term;
use super::limit::hold_all;
use super::link::{locking, query, values};
use super::owner::{Owner, text};
use super::schema::one_at_a_time;
use super::takeover::{Whose, adopt, fence};
use crate::clock::Timestamp;

/// The space, the run, the last batch that the state counted, and all doubts of the space.
pub(super) type Beginning = (SpaceId, i64, i64, Vec<Doubt>);

/// Notes the run's start, turns claims of dead runs into doubts, and lists all doubts.
pub(super) fn begin_run(
    client: &mut Client,
    term: &Term,
    state: &StateAddress,
    start: &RunStart,
    takeover: Option<Duration>,
    key: KeyNumber,
    now: Timestamp,
) -> Result<Beginning, Trouble> {
    let of = |e: postgres::Error| Trouble::of(&e, state);
    let mut t = locking(client, term.length).map_err(of)?;
    one_at_a_time(&mut t).map_err(of)?;
    let sql = "SELECT batch FROM partner_sync.machine WHERE id = $1 AND gen = $2 FOR UPDATE";
    let held = query(
        &mut t,
        sql,
        &values![term.machine => TEXT, term.generation => INT8],
    )
    .map_err(of)?;
    let Some(held) = held.first() else {
        term.is_lost();
        return Err(Trouble::State(StateError::Taken {
            state: state.clone(),
        }));
    };
    let batch: i64 = held.get(0);
    let space = space_of(&mut t, &start.target, &start.mapping).map_err(of)?;
    // Begun once before, where the answer was lost.
    let sql = "INSERT INTO partner_sync.run (id, name, space, command, files, started)
               SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5 FROM partner_sync.run ON CONFLICT (name) DO NOTHING";
    let values = values![
        start.id.0 => TEXT, space.0 => INT8, start.command => TEXT, text(&start.files) => TEXT, now.0 => INT8,
    ];
    query(&mut t, sql, &values).map_err(of)?;
    let run = query(
        &mut t,
        "SELECT id FROM partner_sync.run WHERE name = $1",
        &values![start.id.0 => TEXT],
    )
    .map_err(of)?;
    let run: i64 = run.first().map_or(0, |row| row.get(0));
    let sql = "UPDATE partner_sync.machine SET run = $2 WHERE id = $1";
    query(&mut t, sql, &values![term.machine => TEXT, run => INT8]).map_err(of)?;
    let owner = Owner {
        state,
        space,
        run,
        key,
        machine: &term.machine,
        generation: term.generation,
        limited: None,
    };
    let of_this_space =
        "import IS NULL OR import IN (SELECT id FROM partner_sync.import WHERE space = $1)";
    fence(&mut t, &values![space.0 => INT8], of_this_space).map_err(of)?;
    // Before rows are locked.
    hold_all(&mut t, &owner)?;
    let doubts = match start.open {
        OpenRows::MayExist => adopt(&mut t, &owner, Whose::Nobodys, takeover, now).map_err(of)?,
        OpenRows::NoneExist => Vec::new(),
    };
    // What is in doubt may have been answered meanwhile.
    heed_late(&mut t, &owner, now)?;
    t.commit().map_err(of)?;
    Ok((space, run, batch, doubts))
}

/// The space of a mapping at a target, which is made where it is not there yet.
pub(super) fn space_of(
    t: &mut Transaction<'_>,
    target: &str,
    mapping: &str,
) -> Result<SpaceId, postgres::Error> {
    let target = address_of(target);
    let sql = "INSERT INTO partner_sync.space (id, target, mapping)
               SELECT coalesce(max(id), 0) + 1, $1, $2 FROM partner_sync.space ON CONFLICT (target, mapping) DO NOTHING";
    query(t, sql, &values![target => TEXT, mapping => TEXT])?;
    let sql = "SELECT id FROM partner_sync.space WHERE target = $1 AND mapping = $2";
    let space = query(t, sql, &values![target => TEXT, mapping => TEXT])?;
    Ok(SpaceId(space.first().map_or(0, |row| row.get(0))))
}
