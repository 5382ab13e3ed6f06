//! Answers that came after another machine had taken their rows over: what the API said of a partner is never dropped.

use postgres::GenericClient;

use super::super::error::StateError;
use super::super::note::{Settlement, Twin};
use super::super::record::{Event, RecordState};
use super::super::space::SpaceId;
use super::error::Trouble;
use super::limit;
use super::link::{Link, query, values};
use super::owner::{Owner, legal, partner, text};
use super::totals;
use crate::clock::Timestamp;
use crate::partner::PartnerId;

/// Keeps answers that came late. Where the row's outcome is still unknown to its new owner, its partner is known from now on.
pub(super) fn late(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    settlements: &[&Settlement],
) -> Result<(), Trouble> {
    for s in settlements {
        let key = text(s.key.as_str());
        let sql =
            "INSERT INTO partner_sync.late (space, key, machine, gen, partner, what, at, status)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = values![
            owner.space.0 => INT8, key => TEXT, owner.machine => TEXT, owner.generation => INT8, partner(s) => TEXT,
            s.event.as_str() => TEXT, now.0 => INT8, s.status.map(i64::from) => INT8,
        ];
        query(c, sql, &values).map_err(owner.trouble())?;
    }
    let brings = |s: &&Settlement| {
        matches!(s.event, Event::Created | Event::FoundRemotely) && s.partner.is_some()
    };
    if settlements.iter().any(brings) {
        heed_late(c, owner, now)?;
    }
    Ok(())
}

/// Gives rows of the owner's space whose outcome is unknown, or that count as not sent, the partners that came late: what was under
/// way again when an answer came may be so no longer.
pub(super) fn heed_late(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
) -> Result<(), Trouble> {
    limit::hold_all(c, owner)?;
    let created = RecordState::Created.code();
    let sql = format!(
        "WITH first AS (
             SELECT l.* FROM partner_sync.late l WHERE l.space = $1 AND l.partner IS NOT NULL AND NOT l.reported AND NOT EXISTS (
                 SELECT 1 FROM partner_sync.late e WHERE e.space = l.space AND e.key = l.key AND e.id < l.id
                     AND e.partner IS NOT NULL AND NOT e.reported)),
         unknown AS (
             SELECT l.key, l.partner, l.machine, l.gen, l.status, r.state AS was
             FROM first l JOIN partner_sync.record r ON r.space = l.space AND r.key = l.key
             WHERE r.state IN ({legal}) FOR UPDATE OF r),
         known AS (
             UPDATE partner_sync.record AS r SET state = {created}, partner = l.partner, machine = l.machine, gen = l.gen,
                 since = $2, status = l.status, words = 'its answer came after another run had taken the state'
             FROM unknown l WHERE r.space = $1 AND r.key = l.key RETURNING r.key, r.run, l.was),
         history AS (
             INSERT INTO partner_sync.story (space, key, at, what)
             SELECT $1, key, $2, 'made, as an answer says that came after another run had taken the state' FROM known)
         SELECT run, count(*), count(*) FILTER (WHERE was = {unsent}) FROM known GROUP BY run",
        legal = legal(Event::FoundRemotely),
        unsent = RecordState::Unsent.code(),
    );
    let values = values![owner.space.0 => INT8, now.0 => INT8];
    let senders = query(c, &sql, &values).map_err(owner.trouble())?;
    let uncounted: Vec<(i64, i64)> = senders.iter().map(|row| (row.get(0), row.get(2))).collect();
    limit::count_again(c, owner, &uncounted)?;
    let senders: Vec<(i64, i64)> = senders.iter().map(|row| (row.get(0), row.get(1))).collect();
    totals::add(c, owner, &senders)?;
    for (run, count) in &senders {
        let sql = "UPDATE partner_sync.machine SET created = created + $2 WHERE run = $1";
        query(c, sql, &values![run => INT8, count => INT8]).map_err(owner.trouble())?;
    }
    // Those that agree with what is known have been heeded; another partner is still to be reported.
    let sql = format!(
        "UPDATE partner_sync.late AS l SET reported = true FROM partner_sync.record r
         WHERE l.space = $1 AND NOT l.reported AND r.space = l.space AND r.key = l.key AND r.state = {created} AND r.partner = l.partner"
    );
    query(c, &sql, &values![owner.space.0 => INT8]).map_err(owner.trouble())?;
    Ok(())
}

const TWINS: &str =
    "l.space = $1 AND NOT l.reported AND l.partner IS NOT NULL AND r.space = l.space AND r.key = l.key
     AND r.partner IS NOT NULL AND r.partner <> l.partner";

/// Late answers with another partner than the row has, which were not reported yet.
pub(super) fn twins(link: &Link, space: SpaceId) -> Result<Vec<Twin>, StateError> {
    let sql = format!(
        "SELECT l.id, l.key, r.legacy, r.partner, l.partner FROM partner_sync.late l, partner_sync.record r
         WHERE {TWINS} ORDER BY l.id"
    );
    let rows = link.look(|client| query(client, &sql, &values![space.0 => INT8]))?;
    let twin = |row: &postgres::Row| Twin {
        number: row.get(0),
        key: row.get(1),
        legacy_identifier: row.get(2),
        kept: PartnerId::new(row.get::<_, String>(3)),
        late: PartnerId::new(row.get::<_, String>(4)),
    };
    Ok(rows.iter().map(twin).collect())
}

/// Notes that late answers were reported, up to this one.
pub(super) fn are_told(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    up_to: i64,
) -> Result<(), Trouble> {
    let sql = format!(
        "UPDATE partner_sync.late AS l SET reported = true FROM partner_sync.record r WHERE {TWINS} AND l.id <= $2"
    );
    let values = values![owner.space.0 => INT8, up_to => INT8];
    query(c, &sql, &values).map_err(owner.trouble()).map(drop)
}
