//! What a run begins with: its own record, and the doubts that dead runs left.

use std::time::Duration;

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::super::address::address_of;
use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::note::Doubt;
use super::super::record::{Event, RecordState, step};
use super::super::run::{OpenRows, RunStart};
use super::super::space::SpaceId;
use super::fence::Fence;
use super::log::Mark;
use crate::clock::Timestamp;
use crate::partner::{ExternalId, RowKey};

/// Notes the run's start, turns claims of dead runs into doubts, and lists all doubts.
pub(super) fn begin_run(
    connection: &mut Connection,
    fence: Fence,
    path: &Path,
    start: &RunStart,
    number: KeyNumber,
    now: Timestamp,
) -> Result<(SpaceId, i64, Vec<Doubt>), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite)?;
    fence.hold(&transaction, path)?;
    let note = || -> rusqlite::Result<(SpaceId, i64, Vec<Doubt>)> {
        Mark::Here.put(&transaction, path)?;
        let target = address_of(&start.target);
        transaction.execute(
            "INSERT INTO space (target, mapping) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![target, start.mapping],
        )?;
        let space: i64 = transaction.query_row(
            "SELECT id FROM space WHERE target = ?1 AND mapping = ?2",
            params![target, start.mapping],
            |r| r.get(0),
        )?;
        transaction.execute(
            "INSERT INTO run (name, space, command, files, started) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![start.id.0, space, start.command, start.files, now.0],
        )?;
        let run = transaction.last_insert_rowid();
        let doubts = match start.open {
            OpenRows::MayExist => open_rows(&transaction, SpaceId(space), number, now)?,
            OpenRows::NoneExist => Vec::new(),
        };
        Ok((SpaceId(space), run, doubts))
    };
    let begun = note().map_err(sqlite)?;
    transaction.commit().map_err(sqlite)?;
    Ok(begun)
}

/// All rows in doubt; claims of dead runs become doubts first. Nothing marks open rows but their state, so every
/// record is looked at, once a run: an index of open rows would cost every claim and every outcome more.
fn open_rows(
    c: &Connection,
    space: SpaceId,
    number: KeyNumber,
    now: Timestamp,
) -> rusqlite::Result<Vec<Doubt>> {
    let mut statement = c.prepare(
        "SELECT key, legacy, name, fingerprint, since, state, status, words, posts, lost, hash_key FROM record WHERE space = ?1 AND state IN (?2, ?3)",
    )?;
    let (in_flight, in_doubt) = (RecordState::InFlight.code(), RecordState::InDoubt.code());
    let rows = statement.query_map(params![space.0, in_flight, in_doubt], |r| {
        let doubt = Doubt {
            key: RowKey::new(r.get::<_, String>(0)?),
            legacy_identifier: ExternalId::new(r.get::<_, String>(1)?),
            business_name: r.get(2)?,
            fingerprint: number.told(r.get(10)?, r.get(3)?),
            since: Timestamp(r.get(4)?),
            status: r.get(6)?,
            words: r.get(7)?,
            posts: r.get(8)?,
            lost: r.get(9)?,
            proves_nothing_for: Some(Duration::ZERO),
        };
        Ok((doubt, RecordState::from_code(r.get(5)?)))
    })?;
    let mut doubts = Vec::new();
    for (mut doubt, state) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        // We hold the lock, so whoever claimed it is dead. When it died is not known: the settling time is counted
        // from now, the last moment at which its request can have been on its way.
        if let Ok(to) = step(state, Event::OwnerLost) {
            owner_died(c, space, now, &doubt.key, to)?;
            doubt.since = now;
            doubt.lost += 1;
        }
        doubts.push(doubt);
    }
    Ok(doubts)
}

/// Notes that the run which claimed a row died before the answer came.
fn owner_died(
    c: &Connection,
    space: SpaceId,
    now: Timestamp,
    key: &RowKey,
    to: RecordState,
) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO story (space, key, at, run, what)
         SELECT space, key, ?1, (SELECT name FROM run WHERE id = record.run), ?2 FROM record WHERE space = ?3 AND key = ?4",
    )?
    .execute(params![
        now.0,
        Event::OwnerLost.as_str(),
        space.0,
        key.as_str()
    ])?;
    c.prepare_cached(
        "UPDATE record SET state = ?1, since = ?2, lost = lost + 1, words = 'the run ended before the answer came'
         WHERE space = ?3 AND key = ?4",
    )?
    .execute(params![to.code(), now.0, space.0, key.as_str()])?;
    Ok(())
}
