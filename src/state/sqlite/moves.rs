//! One claim, one settlement: the statements, and the moves that they may make.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::hash_key::KeyNumber;
use super::super::note::{Claim, Settlement};
use super::super::record::{Event, IllegalMove, Lost, RecordState, sources, step};
use super::super::space::SpaceId;
use crate::clock::Timestamp;
use crate::partner::{ApiWords, PartnerId, RowKey};

/// Why a claim or a settlement was not applied.
pub(super) enum ApplyError {
    Illegal(IllegalMove),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(e: rusqlite::Error) -> Self {
        ApplyError::Sqlite(e)
    }
}

/// The states from which an event is legal, as SQL: the table of moves decides, not this file.
fn legal(event: Event) -> String {
    let codes: Vec<String> = sources(event)
        .0
        .iter()
        .map(|s| s.code().to_string())
        .collect();
    codes.join(", ")
}

fn current(c: &Connection, space: SpaceId, key: &RowKey) -> rusqlite::Result<Option<RecordState>> {
    c.prepare_cached("SELECT state FROM record WHERE space = ?1 AND key = ?2")?
        .query_row(params![space.0, key.as_str()], |r| r.get::<_, i64>(0))
        .optional()
        .map(|code| code.and_then(RecordState::from_code))
}

/// What an outcome adds to the record of a claim, in bytes: a record that keeps it free in the meantime stays as long
/// as it is, in its place, where it would else outgrow a page that claims have filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReservedBytes(usize);

impl ReservedBytes {
    /// The id is a UUID (api.md, "ids") and its status 201, until an outcome shows otherwise.
    pub(super) const USUAL: Self = Self(36 + 2 + 1);

    /// What this outcome took: its id, its words, two bytes of status, and one more of a state whose code is not 1.
    fn of(s: &Settlement) -> Self {
        let id = s.partner.as_ref().map_or(0, |id| id.as_str().len());
        let words = s.words.as_ref().map_or(0, |words| words.as_str().len());
        let status = if s.status.is_some() { 2 } else { 0 };
        Self(id + words + status + 1)
    }
}

/// Claims rows by one statement, prepared once.
pub(super) fn claim_all(
    c: &Connection,
    space: SpaceId,
    run: i64,
    now: Timestamp,
    (number, reserved): (KeyNumber, ReservedBytes),
    claims: &[Claim],
) -> Result<(), ApplyError> {
    thread_local! {
        static SQL: String = format!(
            "INSERT INTO record (space, key, state, fingerprint, legacy, name, attempts, posts, run, since, room, hash_key)
             VALUES (?1, ?2, {in_flight}, ?3, ?4, ?5, 1, {posts}, ?6, ?7, ?8, ?9)
             ON CONFLICT (space, key) DO UPDATE SET state = {in_flight}, fingerprint = ?3, legacy = ?4, name = ?5,
                 attempts = attempts + 1, posts = posts + {posts}, run = ?6, since = ?7, status = NULL, words = NULL, room = ?8, hash_key = ?9
             WHERE state IN ({legal})",
            in_flight = RecordState::InFlight.code(),
            posts = Event::Claim.counts().posts,
            legal = legal(Event::Claim),
        );
    }
    let mut statement = SQL.with(|sql| c.prepare_cached(sql))?;
    // What is the same for all rows is bound once: bound values stay from row to row.
    statement.raw_bind_parameter(1, space.0)?;
    statement.raw_bind_parameter(6, run)?;
    statement.raw_bind_parameter(7, now.0)?;
    statement.raw_bind_parameter(8, vec![0_u8; reserved.0])?;
    statement.raw_bind_parameter(9, number.0)?;
    for claim in claims {
        statement.raw_bind_parameter(2, claim.key.as_str())?;
        statement.raw_bind_parameter(3, claim.fingerprint.0)?;
        statement.raw_bind_parameter(4, claim.legacy_identifier.as_str())?;
        statement.raw_bind_parameter(5, claim.business_name.as_str())?;
        if statement.raw_execute()? != 1 {
            return Err(ApplyError::Illegal(IllegalMove {
                from: current(c, space, &claim.key)?,
                event: Event::Claim,
            }));
        }
    }
    Ok(())
}

/// Settles rows: those that were created, nearly all, by one statement, prepared once. Returns the bytes that later
/// claims should reserve, if a row was created.
pub(super) fn settle_all(
    c: &Connection,
    space: SpaceId,
    run: i64,
    now: Timestamp,
    number: KeyNumber,
    settlements: &[Settlement],
) -> Result<Option<ReservedBytes>, ApplyError> {
    let mut created = CreatedStatement::prepare(c, space, run, now)?;
    let mut reserved = None;
    for s in settlements {
        if s.event == Event::Created && created.settle(s)? {
            reserved = Some(ReservedBytes::of(s));
        } else {
            settle_one(c, space, run, now, number, s)?;
        }
    }
    Ok(reserved)
}

/// The settlement that nearly all rows have, in one statement.
struct CreatedStatement<'c>(rusqlite::CachedStatement<'c>);

impl<'c> CreatedStatement<'c> {
    fn prepare(
        c: &'c Connection,
        space: SpaceId,
        run: i64,
        now: Timestamp,
    ) -> Result<Self, ApplyError> {
        thread_local! {
            static SQL: String = format!(
                "UPDATE record SET state = {created}, partner = coalesce(?3, partner), attempts = attempts + ?4, run = ?5,
                     since = ?6, status = ?7, words = ?8, room = NULL
                 WHERE space = ?1 AND key = ?2 AND state IN ({legal})",
                created = RecordState::Created.code(),
                legal = legal(Event::Created),
            );
        }
        let mut statement = SQL.with(|sql| c.prepare_cached(sql))?;
        statement.raw_bind_parameter(1, space.0)?;
        statement.raw_bind_parameter(5, run)?;
        statement.raw_bind_parameter(6, now.0)?;
        Ok(Self(statement))
    }

    /// False, and nothing done, where the move is not legal.
    fn settle(&mut self, s: &Settlement) -> Result<bool, ApplyError> {
        let statement = &mut self.0;
        statement.raw_bind_parameter(2, s.key.as_str())?;
        statement.raw_bind_parameter(3, s.partner.as_ref().map(PartnerId::as_str))?;
        statement.raw_bind_parameter(4, s.more_attempts)?;
        statement.raw_bind_parameter(7, s.status)?;
        statement.raw_bind_parameter(8, s.words.as_ref().map(ApiWords::as_str))?;
        Ok(statement.raw_execute()? == 1)
    }
}

fn settle_one(
    c: &Connection,
    space: SpaceId,
    run: i64,
    now: Timestamp,
    number: KeyNumber,
    s: &Settlement,
) -> Result<(), ApplyError> {
    let from = current(c, space, &s.key)?;
    let to = step(from, s.event).map_err(ApplyError::Illegal)?;
    // That a row was created is in its record; its history has what else happened.
    if s.event != Event::Created {
        c.prepare_cached(
            "INSERT INTO story (space, key, at, run, what, status, words)
             VALUES (?1, ?2, ?3, (SELECT name FROM run WHERE id = ?4), ?5, ?6, ?7)",
        )?
        .execute(params![
            space.0,
            s.key.as_str(),
            now.0,
            run,
            s.event.as_str(),
            s.status,
            s.words.as_ref().map(ApiWords::as_str)
        ])?;
    }
    if let (None, Some(adopted)) = (from, &s.adopted) {
        c.prepare_cached(
            "INSERT INTO record (space, key, state, fingerprint, legacy, name, attempts, run, since, hash_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9)",
        )?
        .execute(params![
            space.0,
            s.key.as_str(),
            to.code(),
            adopted.fingerprint.0,
            adopted.legacy_identifier.as_str(),
            adopted.business_name,
            run,
            now.0,
            number.0,
        ])?;
    }
    let counts = s.event.counts();
    c.prepare_cached(
        "UPDATE record SET state = ?3, partner = coalesce(?4, partner), attempts = attempts + ?5, run = ?6,
             since = ?7, status = ?8, words = ?9, room = NULL, posts = max(0, posts + ?10), lost = lost * ?11 + ?12
         WHERE space = ?1 AND key = ?2",
    )?
    .execute(params![
        space.0,
        s.key.as_str(),
        to.code(),
        s.partner.as_ref().map(PartnerId::as_str),
        s.more_attempts,
        run,
        now.0,
        s.status,
        s.words.as_ref().map(ApiWords::as_str),
        counts.posts,
        i64::from(counts.lost != Lost::Forgotten),
        counts.lost.more(),
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_outcome_adds_to_a_record_is_what_is_kept_free() {
        let mut settlement = Settlement::new(RowKey::new("k"), Event::Created);
        assert_eq!(ReservedBytes::of(&settlement), ReservedBytes(1));
        settlement.partner = Some(PartnerId::new("x".repeat(36)));
        assert_eq!(ReservedBytes::of(&settlement), ReservedBytes(37));
        settlement.status = Some(201);
        assert_eq!(ReservedBytes::of(&settlement), ReservedBytes::USUAL);
        settlement.words = Some(ApiWords::new("words"));
        assert_eq!(ReservedBytes::of(&settlement), ReservedBytes(44));
    }
}
