//! What happens to what a machine had whose lease has ended: nothing that it does counts from then on, its pieces are free, and what
//! it had under way is in doubt, and is looked up by who took it over.
//!
//! That a look-up does not find a row proves something only once the machine that sent it cannot send any more: at once where its
//! process is gone for certain, else when every connection of it is closed (`--takeover`), and a lease later, since the database's
//! clock may have ended its lease too early. That a row is such a one is kept with it, and the time is counted anew by whoever has
//! it in doubt, on a clock of its own: no clock that jumps makes it shorter. What it had recorded as in doubt is no better known: it may
//! have been suspended with the request in its hands.

use std::time::Duration;

use postgres::{GenericClient, Row, Transaction};

use super::super::note::Doubt;
use super::super::record::{Event, RecordState};
use super::known::fingerprint;
use super::link::{Value, query, values};
use super::owner::Owner;
use super::process;
use crate::clock::Timestamp;
use crate::partner::{ExternalId, RowKey};

/// Raises the generation of the machines whose lease has ended, among those of a condition: from then on they can note nothing.
/// Of several who try, one does it. Returns which.
pub(super) fn fence(
    t: &mut impl GenericClient,
    values: &[Value<'_>],
    which: &str,
) -> Result<Vec<String>, postgres::Error> {
    const OVER: &str = "until <= clock_timestamp() AND lost_at IS NULL AND ended IS NULL";
    let sql = format!(
        "SELECT id, process FROM partner_sync.machine WHERE {OVER} AND ({which}) ORDER BY id"
    );
    let over = query(t, &sql, values)?;
    let mut fenced = Vec::new();
    for row in over {
        let (id, told_by) = (row.get::<_, String>(0), row.get::<_, &str>(1));
        let sql = format!(
            "UPDATE partner_sync.machine SET gen = gen + 1, lost_at = clock_timestamp(), died = $2 WHERE id = $1 AND {OVER} RETURNING id"
        );
        let values = values![id => TEXT, process::is_gone(told_by) => BOOL];
        if !query(t, &sql, &values)?.is_empty() {
            fenced.push(id);
        }
    }
    if !fenced.is_empty() {
        let sql = "UPDATE partner_sync.piece SET state = 1, machine = NULL, gen = NULL WHERE state = 2 AND machine = ANY ($1)";
        query(t, sql, &values![fenced => TEXT_ARRAY])?;
    }
    Ok(fenced)
}

/// Whose rows are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of nobody who is at work, and of earlier runs of this machine.
    Nobodys,
    /// Those of machines that were lost.
    OfTheLost,
}

/// Takes the rows of the owner's space that are under way or in doubt, and belong to nobody any more. They are this machine's from
/// then on, and in doubt. `waits` is how long what a machine had that may still be alive may be sent; none for ever.
pub(super) fn adopt(
    t: &mut Transaction<'_>,
    owner: &Owner<'_>,
    whose: Whose,
    waits: Option<Duration>,
    now: Timestamp,
) -> Result<Vec<Doubt>, postgres::Error> {
    let (in_flight, in_doubt) = (RecordState::InFlight.code(), RecordState::InDoubt.code());
    let which = match whose {
        Whose::Nobodys => {
            "m.id IS NULL OR m.lost_at IS NOT NULL OR m.ended IS NOT NULL OR m.id = $2"
        }
        Whose::OfTheLost => "m.lost_at IS NOT NULL AND m.id <> $2",
    };
    let sql = format!(
        "WITH theirs AS (
             SELECT r.space, r.key, r.machine, r.state, run.name AS run,
                 CASE WHEN m.died THEN NULL ELSE m.lost_at END AS lost_at
             FROM partner_sync.record r LEFT JOIN partner_sync.machine m ON m.id = r.machine
             LEFT JOIN partner_sync.run ON run.id = r.run
             WHERE r.space = $1 AND r.state IN ({in_flight}, {in_doubt}) AND ({which})),
         taken AS (
             UPDATE partner_sync.record AS r SET state = {in_doubt}, machine = $2, gen = $3,
                 since = CASE WHEN l.state = {in_flight} THEN $4 ELSE r.since END,
                 lost = r.lost + CASE WHEN l.state = {in_flight} THEN 1 ELSE 0 END,
                 words = CASE WHEN l.state = {in_flight} THEN 'the run ended before the answer came' ELSE r.words END,
                 lost_at = coalesce(l.lost_at, r.lost_at)
             FROM theirs l
             WHERE r.space = l.space AND r.key = l.key AND r.state = l.state AND r.machine IS NOT DISTINCT FROM l.machine
             RETURNING r.key, r.legacy, r.name, r.fingerprint, r.since, r.status, r.words, r.posts, r.lost, r.hash_key,
                 r.lost_at IS NOT NULL AS is_lost, l.state, l.run),
         told AS (
             INSERT INTO partner_sync.story (space, key, at, run, what)
             SELECT $1, key, $4, run, $5 FROM taken WHERE state = {in_flight})
         SELECT * FROM taken"
    );
    let values = values![
        owner.space.0 => INT8, owner.machine => TEXT, owner.generation => INT8, now.0 => INT8,
        Event::OwnerLost.as_str() => TEXT,
    ];
    let rows = query(t, &sql, &values)?;
    let mut doubts: Vec<Doubt> = rows.iter().map(|row| doubt(owner, row, waits)).collect();
    doubts.sort_by(|a, b| a.key.as_str().cmp(b.key.as_str()));
    Ok(doubts)
}

fn doubt(owner: &Owner<'_>, row: &Row, waits: Option<Duration>) -> Doubt {
    let count = |at| u32::try_from(row.get::<_, i64>(at)).unwrap_or(u32::MAX);
    let is_lost: bool = row.get(10);
    Doubt {
        key: RowKey::new(row.get::<_, String>(0)),
        legacy_identifier: ExternalId::new(row.get::<_, String>(1)),
        business_name: row.get(2),
        fingerprint: fingerprint(row.get(3)).and_then(|f| owner.key.told(row.get(9), f.0)),
        since: Timestamp(row.get(4)),
        status: row
            .get::<_, Option<i64>>(5)
            .and_then(|s| u16::try_from(s).ok()),
        words: row.get(6),
        posts: count(7),
        lost: count(8),
        proves_nothing_for: if is_lost { waits } else { Some(Duration::ZERO) },
    }
}
