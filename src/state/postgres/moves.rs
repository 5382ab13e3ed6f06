//! Claims and settlements: the statements, and the moves that they may make.
//!
//! A whole batch is one statement, over arrays. The space stands within what is joined: on a table without statistics the
//! planner would else read the whole space for each batch.

use std::borrow::Cow;
use std::collections::HashSet;

use postgres::GenericClient;

use super::super::error::StateError;
use super::super::known::Known;
use super::super::note::{Claim, Settlement};
use super::super::record::{Event, IllegalMove, Lost, RecordState, step};
use super::error::Trouble;
use super::known::{KNOWN, known_from};
use super::late::late;
use super::limit;
use super::link::{query, values};
use super::owner::{Owner, legal, partner, text};
use super::totals;
use crate::clock::Timestamp;
use crate::partner::ApiWords;

/// How a row stands.
struct Standing {
    state: RecordState,
    /// Whether this machine was the last to claim it, or has taken it over.
    is_ours: bool,
    partner: Option<String>,
}

impl Standing {
    /// Whether what is to be noted comes too late: another machine has the row, or has settled it.
    fn is_elsewhere(&self) -> bool {
        let has_owner = matches!(
            self.state,
            RecordState::InFlight | RecordState::InDoubt | RecordState::Created
        );
        has_owner && !self.is_ours
    }
}

fn current(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    key: &str,
) -> Result<Option<Standing>, Trouble> {
    let sql =
        "SELECT state, coalesce(machine = $3 AND gen = $4, false), partner FROM partner_sync.record
               WHERE space = $1 AND key = $2 FOR UPDATE";
    let values = values![
        owner.space.0 => INT8, text(key) => TEXT, owner.machine => TEXT, owner.generation => INT8,
    ];
    let rows = query(c, sql, &values).map_err(owner.trouble())?;
    Ok(rows.first().and_then(|row| {
        Some(Standing {
            state: RecordState::from_code(row.get(0))?,
            is_ours: row.get(1),
            partner: row.get(2),
        })
    }))
}

/// What is known of one row.
fn known_of(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    key: &str,
) -> Result<Option<Known>, Trouble> {
    let asked = vec![text(key)];
    let values = values![owner.space.0 => INT8, asked => TEXT_ARRAY];
    let rows = query(c, KNOWN, &values).map_err(owner.trouble())?;
    Ok(known_from(&rows, owner.key, &asked)
        .into_iter()
        .flatten()
        .next())
}

fn illegal(from: Option<RecordState>, event: Event) -> Trouble {
    Trouble::State(StateError::Illegal(IllegalMove { from, event }))
}

/// Claims rows, as many as their import may still send; an answer for each: nothing where it is this machine's now, else how it
/// stands. One that is not claimed since no more may be sent stands as it did, and as unsent where nothing was known of it.
pub(super) fn claim_all(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    claims: &[Claim],
) -> Result<Vec<Option<Known>>, Trouble> {
    let Some(mut left) = limit::left(c, owner)? else {
        return claim_each(c, owner, now, claims);
    };
    let (mut answers, mut rest) = (Vec::with_capacity(claims.len()), claims);
    let mut sent = 0;
    while left > 0 && !rest.is_empty() {
        let (some, behind) = rest.split_at(left.min(rest.len()));
        let mut answered = claim_each(c, owner, now, some)?;
        answered.resize(some.len(), None);
        let ours = answered.iter().filter(|answer| answer.is_none()).count();
        (sent, left, rest) = (sent + ours, left - ours, behind);
        answers.append(&mut answered);
    }
    limit::have_sent(c, owner, sent)?;
    if !rest.is_empty() {
        let keys: Vec<_> = rest.iter().map(|claim| text(claim.key.as_str())).collect();
        let values = values![owner.space.0 => INT8, keys => TEXT_ARRAY];
        let rows = query(c, KNOWN, &values).map_err(owner.trouble())?;
        let known = known_from(&rows, owner.key, &keys).into_iter();
        let stands =
            |(known, claim): (Option<Known>, &Claim)| known.or_else(|| Some(unsent(claim)));
        answers.extend(known.zip(rest).map(stands));
    }
    Ok(answers)
}

/// How a row stands that nobody has sent.
fn unsent(claim: &Claim) -> Known {
    Known {
        state: RecordState::Unsent,
        fingerprint: Some(claim.fingerprint),
        partner: None,
        status: None,
        words: None,
        legacy_identifier: claim.legacy_identifier.clone(),
        business_name: claim.business_name.clone(),
        posts: 0,
        lost: 0,
    }
}

/// Claims rows; an answer for each, or none at all where each is this machine's now.
fn claim_each(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    claims: &[Claim],
) -> Result<Vec<Option<Known>>, Trouble> {
    let in_flight = RecordState::InFlight.code();
    let sql = format!(
        "INSERT INTO partner_sync.record AS r (space, key, state, machine, gen, run, since, hash_key, attempts, posts, lost,
             fingerprint, legacy, name)
         SELECT $1, t.key, {in_flight}, $2, $3, $4, $5, $6, 1, {posts}, 0, t.fingerprint, t.legacy, t.name
         FROM unnest($7::text[], $8::bytea[], $9::text[], $10::text[]) AS t (key, fingerprint, legacy, name)
         ON CONFLICT (space, key) DO UPDATE SET state = {in_flight}, machine = $2, gen = $3, run = $4, since = $5, hash_key = $6,
             fingerprint = excluded.fingerprint, legacy = excluded.legacy, name = excluded.name, attempts = r.attempts + 1,
             posts = r.posts + {posts}, status = NULL, words = NULL, lost_at = NULL, lost_machines = NULL
         WHERE r.state IN ({legal}) RETURNING r.key",
        posts = Event::Claim.counts().posts,
        legal = legal(Event::Claim),
    );
    let keys: Vec<_> = claims.iter().map(|c| text(c.key.as_str())).collect();
    let fingerprints: Vec<&[u8]> = claims.iter().map(|c| c.fingerprint.0.as_slice()).collect();
    let legacy: Vec<_> = claims
        .iter()
        .map(|c| text(c.legacy_identifier.as_str()))
        .collect();
    let names: Vec<_> = claims.iter().map(|c| text(&c.business_name)).collect();
    let claimed = query(
        c,
        &sql,
        &values![
            owner.space.0 => INT8, owner.machine => TEXT, owner.generation => INT8, owner.run => INT8, now.0 => INT8,
            owner.key.0 => INT8, keys => TEXT_ARRAY, fingerprints => BYTEA_ARRAY, legacy => TEXT_ARRAY, names => TEXT_ARRAY,
        ],
    );
    let claimed = match claimed {
        Ok(claimed) => claimed,
        // A key that is there twice in one statement.
        Err(error) if error.code().is_some_and(|code| code.code() == "21000") => {
            return Err(illegal(Some(RecordState::InFlight), Event::Claim));
        }
        Err(error) => return Err(owner.trouble()(error)),
    };
    if claimed.len() == claims.len() {
        return Ok(Vec::new());
    }
    let claimed: HashSet<&str> = claimed.iter().map(|row| row.get(0)).collect();
    let mut answers = Vec::with_capacity(claims.len());
    for key in &keys {
        let mut answer = None;
        if !claimed.contains(key.as_ref()) {
            match current(c, owner, key)? {
                Some(standing) if !standing.is_ours => answer = known_of(c, owner, key)?,
                standing => return Err(illegal(standing.map(|s| s.state), Event::Claim)),
            }
        }
        answers.push(answer);
    }
    Ok(answers)
}

/// Settles rows: those that were created, nearly all, by one statement. An answer for each: nothing where it was settled as was
/// asked for, else how it stands.
pub(super) fn settle_all(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    settlements: &[Settlement],
) -> Result<Vec<Option<Known>>, Trouble> {
    let mut senders = totals::senders_of_found(c, owner, settlements)?;
    let unmade = limit::unmade(c, owner, settlements)?;
    let created: Vec<_> = settlements
        .iter()
        .filter(|s| s.event == Event::Created)
        .collect();
    let mut settled = HashSet::new();
    if !created.is_empty() {
        settled = settle_created(c, owner, now, &created)?;
    }
    senders.push((owner.run, i64::try_from(settled.len()).unwrap_or(i64::MAX)));
    let mut answers = Vec::new();
    for (at, settlement) in settlements.iter().enumerate() {
        if settlement.event == Event::Created && settled.contains(settlement.key.as_str()) {
            continue;
        }
        // One whose move is not legal says so, like any other.
        if let Some(known) = settle_one(c, owner, now, settlement)? {
            answers.resize(settlements.len(), None);
            answers[at] = Some(known);
        }
    }
    totals::add(c, owner, &senders)?;
    limit::give_back(c, owner, unmade)?;
    Ok(answers)
}

fn settle_created(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    created: &[&Settlement],
) -> Result<HashSet<String>, Trouble> {
    let sql = format!(
        "WITH settled AS (
             UPDATE partner_sync.record AS r SET state = {created}, partner = coalesce(t.partner, r.partner),
                 attempts = r.attempts + t.attempts, run = $2, since = $3, status = t.status, words = t.words
             FROM (SELECT $1::bigint AS space, u.* FROM unnest($4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[])
                       AS u (key, partner, attempts, status, words) OFFSET 0) AS t
             WHERE r.space = t.space AND r.key = t.key AND r.state IN ({legal}) AND r.machine = $9 AND r.gen = $10
             RETURNING r.key),
         counted AS (
             UPDATE partner_sync.machine SET created = created + (SELECT count(*) FROM settled) WHERE id = $9 AND gen = $10)
         SELECT key FROM settled",
        created = RecordState::Created.code(),
        legal = legal(Event::Created),
    );
    let keys: Vec<_> = created.iter().map(|s| text(s.key.as_str())).collect();
    let partners: Vec<_> = created.iter().map(|s| partner(s)).collect();
    let attempts: Vec<i64> = created.iter().map(|s| i64::from(s.more_attempts)).collect();
    let statuses: Vec<_> = created.iter().map(|s| s.status.map(i64::from)).collect();
    let words: Vec<_> = created.iter().map(|s| words(s)).collect();
    let rows = query(
        c,
        &sql,
        &values![
            owner.space.0 => INT8, owner.run => INT8, now.0 => INT8, keys => TEXT_ARRAY, partners => TEXT_ARRAY,
            attempts => INT8_ARRAY, statuses => INT8_ARRAY, words => TEXT_ARRAY, owner.machine => TEXT,
            owner.generation => INT8,
        ],
    );
    let rows = rows.map_err(owner.trouble())?;
    let settled: HashSet<&str> = rows.iter().map(|row| row.get(0)).collect();
    let keys = created
        .iter()
        .zip(&keys)
        .filter(|(_, key)| settled.contains(key.as_ref()));
    Ok(keys.map(|(s, _)| s.key.as_str().to_owned()).collect())
}

fn words(s: &Settlement) -> Option<Cow<'_, str>> {
    s.words.as_ref().map(ApiWords::as_str).map(text)
}

fn settle_one(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    s: &Settlement,
) -> Result<Option<Known>, Trouble> {
    let key = text(s.key.as_str());
    let standing = current(c, owner, s.key.as_str())?;
    if let Some(standing) = standing.as_ref().filter(|s| s.is_elsewhere()) {
        if standing.partner.as_deref() != partner(s).as_deref() {
            late(c, owner, now, &[s])?;
        }
        return known_of(c, owner, s.key.as_str());
    }
    let from = standing.map(|s| s.state);
    let to = step(from, s.event).map_err(|e| Trouble::State(StateError::Illegal(e)))?;
    let (status, said) = (s.status.map(i64::from), words(s));
    // That a row was created is in its record; its history has what else happened.
    if s.event != Event::Created {
        let sql = "INSERT INTO partner_sync.story (space, key, at, run, what, status, words)
                   VALUES ($1, $2, $3, (SELECT name FROM partner_sync.run WHERE id = $4), $5, $6, $7)";
        let values = values![
            owner.space.0 => INT8, key => TEXT, now.0 => INT8, owner.run => INT8, s.event.as_str() => TEXT, status => INT8,
            said => TEXT,
        ];
        query(c, sql, &values).map_err(owner.trouble())?;
    }
    if let (None, Some(adopted)) = (from, &s.adopted) {
        let sql = "INSERT INTO partner_sync.record (space, key, state, fingerprint, legacy, name, attempts, posts, lost, run,
                       since, hash_key, machine, gen)
                   VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, $7, $8, $9, $10, $11)";
        let values = values![
            owner.space.0 => INT8, key => TEXT, to.code() => INT8, adopted.fingerprint.0.as_slice() => BYTEA,
            text(adopted.legacy_identifier.as_str()) => TEXT, text(&adopted.business_name) => TEXT, owner.run => INT8,
            now.0 => INT8, owner.key.0 => INT8, owner.machine => TEXT, owner.generation => INT8,
        ];
        query(c, sql, &values).map_err(owner.trouble())?;
    }
    let counts = s.event.counts();
    let sql = "UPDATE partner_sync.record SET state = $3, partner = coalesce($4, partner), attempts = attempts + $5, run = $6,
                   machine = $13, gen = $14, since = $7, status = $8, words = $9, posts = greatest(0, posts + $10), lost = lost * $11 + $12
               WHERE space = $1 AND key = $2";
    let values = values![
        owner.space.0 => INT8, key => TEXT, to.code() => INT8, partner(s) => TEXT, i64::from(s.more_attempts) => INT8,
        owner.run => INT8, now.0 => INT8, status => INT8, said => TEXT, counts.posts => INT8,
        i64::from(counts.lost != Lost::Forgotten) => INT8, counts.lost.more() => INT8,
        owner.machine => TEXT, owner.generation => INT8,
    ];
    query(c, sql, &values).map_err(owner.trouble())?;
    let counted = match s.event {
        Event::Created => "created",
        // Nobody here had sent it.
        Event::FoundRemotely if from.is_none() && s.adopted.is_some() => "adopted",
        Event::FoundRemotely => "created",
        Event::Rejected | Event::AbsentAfterRefusal => "rejected",
        _ => return Ok(None),
    };
    let sql = format!(
        "UPDATE partner_sync.machine SET {counted} = {counted} + 1 WHERE id = $1 AND gen = $2"
    );
    query(
        c,
        &sql,
        &values![owner.machine => TEXT, owner.generation => INT8],
    )
    .map_err(owner.trouble())?;
    Ok(None)
}
