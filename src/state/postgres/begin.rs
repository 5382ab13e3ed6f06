//! What a run begins with: its own record, and the doubts that dead runs left.

use postgres::{Client, Transaction};

use super::super::address::address_of;
use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::note::Doubt;
use super::super::place::StateAddress;
use super::super::record::{Event, RecordState, step};
use super::super::run::{OpenRows, RunStart};
use super::super::space::SpaceId;
use super::error::Trouble;
use super::known::fingerprint;
use super::lease::Term;
use super::link::{locking, query, values};
use super::owner::text;
use crate::clock::Timestamp;
use crate::partner::{ExternalId, RowKey};

/// The space, the run, the last batch that the state counted, and all doubts of the space.
pub(super) type Beginning = (SpaceId, i64, i64, Vec<Doubt>);

/// Notes the run's start, turns claims of dead runs into doubts, and lists all doubts.
pub(super) fn begin_run(
    client: &mut Client,
    term: &Term,
    state: &StateAddress,
    start: &RunStart,
    key: KeyNumber,
    now: Timestamp,
) -> Result<Beginning, Trouble> {
    let of = |e: postgres::Error| Trouble::of(&e, state);
    let mut t = locking(client, term.length).map_err(of)?;
    let sql = "SELECT batch FROM partner_sync.lease WHERE name = 'writer' AND machine = $1 AND gen = $2 FOR UPDATE";
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
    let target = address_of(&start.target);
    let sql = "INSERT INTO partner_sync.space (id, target, mapping)
               SELECT coalesce(max(id), 0) + 1, $1, $2 FROM partner_sync.space ON CONFLICT (target, mapping) DO NOTHING";
    query(&mut t, sql, &values![target => TEXT, start.mapping => TEXT]).map_err(of)?;
    let sql = "SELECT id FROM partner_sync.space WHERE target = $1 AND mapping = $2";
    let space = query(&mut t, sql, &values![target => TEXT, start.mapping => TEXT]).map_err(of)?;
    let space = SpaceId(space.first().map_or(0, |row| row.get(0)));
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
    let doubts = match start.open {
        OpenRows::MayExist => open_rows(&mut t, space, key, now).map_err(of)?,
        OpenRows::NoneExist => Vec::new(),
    };
    t.commit().map_err(of)?;
    Ok((space, run, batch, doubts))
}

/// All rows in doubt; claims of dead runs become doubts first. The state is held, so whoever claimed them is dead, or fenced
/// off. When it died is not known: the settling time is counted from now.
fn open_rows(
    t: &mut Transaction<'_>,
    space: SpaceId,
    key: KeyNumber,
    now: Timestamp,
) -> Result<Vec<Doubt>, postgres::Error> {
    let (in_flight, in_doubt) = (RecordState::InFlight.code(), RecordState::InDoubt.code());
    if let Ok(to) = step(Some(RecordState::InFlight), Event::OwnerLost) {
        let sql = "INSERT INTO partner_sync.story (space, key, at, run, what)
                   SELECT r.space, r.key, $2, run.name, $3 FROM partner_sync.record r
                   LEFT JOIN partner_sync.run ON run.id = r.run WHERE r.space = $1 AND r.state = $4";
        let told = values![space.0 => INT8, now.0 => INT8, Event::OwnerLost.as_str() => TEXT, in_flight => INT8];
        query(t, sql, &told)?;
        let sql = "UPDATE partner_sync.record SET state = $3, since = $2, lost = lost + 1,
                       words = 'the run ended before the answer came' WHERE space = $1 AND state = $4";
        query(
            t,
            sql,
            &values![space.0 => INT8, now.0 => INT8, to.code() => INT8, in_flight => INT8],
        )?;
    }
    let sql = "SELECT key, legacy, name, fingerprint, since, status, words, posts, lost, hash_key
               FROM partner_sync.record WHERE space = $1 AND state = $2 ORDER BY key";
    let rows = query(t, sql, &values![space.0 => INT8, in_doubt => INT8])?;
    let doubt = |row: &postgres::Row| Doubt {
        key: RowKey::new(row.get::<_, String>(0)),
        legacy_identifier: ExternalId::new(row.get::<_, String>(1)),
        business_name: row.get(2),
        fingerprint: fingerprint(row.get(3)).and_then(|f| key.told(row.get(9), f.0)),
        since: Timestamp(row.get(4)),
        status: row
            .get::<_, Option<i64>>(5)
            .and_then(|s| u16::try_from(s).ok()),
        words: row.get(6),
        posts: u32::try_from(row.get::<_, i64>(7)).unwrap_or(u32::MAX),
        lost: u32::try_from(row.get::<_, i64>(8)).unwrap_or(u32::MAX),
    };
    Ok(rows.iter().map(doubt).collect())
}
