//! What the writer's thread drives: each batch of commands in one transaction, which checks that the state is still this
//! run's, and counts itself.

use std::sync::Arc;

use postgres::{GenericClient, Transaction};

use super::super::command::{Command, CommandResult};
use super::super::contract::{Journal, StateReader};
use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::known::Known;
use super::super::note::RunEnd;
use super::super::place::StateAddress;
use super::super::run::RunStart;
use super::super::space::SpaceId;
use super::super::writer::{Begun, Opened, start as start_writer};
use super::begin::begin_run;
use super::error::Trouble;
use super::keys;
use super::known::{KNOWN, known_from};
use super::late::{are_told, late};
use super::lease::{Lease, Term};
use super::limit;
use super::link::{AGAIN, Link, locking, query, values};
use super::moves::{claim_all, settle_all};
use super::owner::{Owner, text};
use super::reader::PostgresReader;
use super::server::Server;
use super::totals;
use crate::clock::{Clock, Timestamp};

/// How often a batch that meets other transactions is done again.
const MEETINGS: u32 = 100;

/// Begins a run in a state that is held and starts the writer. Rows `in_flight` of dead runs become doubts, and all doubts of
/// the space are returned.
pub(in crate::state) fn begin(
    server: &Arc<Server>,
    lease: &Lease,
    start: &RunStart,
    clock: &Clock,
) -> Result<Begun, StateError> {
    let link = Link::new(Arc::clone(server));
    let key = keys::for_writing(&link)?;
    let now = clock.now();
    let state = server.state();
    let term = Arc::clone(lease.term());
    let takeover = server.takeover();
    let begun = again(|| {
        link.with(|client| begin_run(client, &term, &state, start, takeover, key.number, now))
    });
    let (space, run, batch, doubts) = begun.map_err(|trouble| trouble.settled(&state))?;
    let lost_key = keys::find_lost(&link, space, key.number)?;
    let limited = link.look(|client| limit::of_machine(client, &term.machine))?;
    let journal = PostgresJournal {
        link,
        state,
        term,
        space,
        run,
        key: key.number,
        limited,
        batch,
        unsure: None,
        ended: None,
    };
    let server = Arc::clone(server);
    let open_reader = move || Ok(StateReader::new(PostgresReader::open(&server, space)?));
    let opened = Opened {
        journal: Box::new(journal),
        open_reader: Arc::new(open_reader),
        key,
        lost_key,
        doubts,
    };
    start_writer(opened, clock)
}

/// Does what met another transaction again.
pub(super) fn again<T>(mut work: impl FnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
    for _ in 0..MEETINGS {
        match work() {
            Err(Trouble::Again) => {}
            done => return done,
        }
    }
    Err(Trouble::Again)
}

struct PostgresJournal {
    link: Link,
    state: StateAddress,
    term: Arc<Term>,
    space: SpaceId,
    run: i64,
    key: KeyNumber,
    /// The import that this machine shares, where the number of its rows is limited.
    limited: Option<i64>,
    /// The last batch that is known to be committed.
    batch: i64,
    /// What a batch came to whose commit was asked for and not answered.
    unsure: Option<Vec<CommandResult>>,
    /// Why nothing more is written: it is not known what the last batch came to.
    ended: Option<StateError>,
}

impl Journal for PostgresJournal {
    fn commit(&mut self, now: Timestamp, commands: &[Command]) -> Vec<CommandResult> {
        if let Some(error) = &self.ended {
            self.note_late(now, commands);
            let refused = |_: &Command| Err(error.duplicate(&self.state));
            return commands.iter().map(refused).collect();
        }
        let mut meetings = 0;
        let is_away;
        let mut was_away = false;
        let error = loop {
            match self.attempt(now, commands) {
                Ok(results) => {
                    self.batch += 1;
                    self.unsure = None;
                    return results;
                }
                Err(Trouble::Again) if meetings < MEETINGS => meetings += 1,
                // What is in flight is recorded for as long as the state is certainly this run's; and a connection that broke while
                // this process was suspended says nothing of the database, so it is asked once more who has the state.
                Err(Trouble::Away(reason)) if !was_away || !self.term.may_be_over() => {
                    was_away = true;
                    tracing::debug!(reason, "the state's database is away; it is tried again");
                    std::thread::park_timeout(AGAIN);
                }
                Err(trouble) => {
                    is_away = matches!(trouble, Trouble::Away(_));
                    break trouble.settled(&self.state);
                }
            }
        };
        let is_taken = matches!(error, StateError::Taken { .. });
        if is_taken {
            self.term.is_lost();
        }
        // It may be there again, and whether the answers were recorded is not known: that they came is kept in any case.
        if is_taken || is_away {
            self.note_late(now, commands);
        }
        let refused = |_: &Command| Err(error.duplicate(&self.state));
        let results = commands.iter().map(refused).collect();
        if is_away || self.unsure.take().is_some() {
            self.ended = Some(error);
        }
        results
    }

    fn close(self: Box<Self>) {}
}

impl PostgresJournal {
    fn owner(&self) -> Owner<'_> {
        Owner {
            state: &self.state,
            space: self.space,
            run: self.run,
            key: self.key,
            machine: &self.term.machine,
            generation: self.term.generation,
            limited: self.limited,
        }
    }

    /// Applies the commands and commits, once.
    fn attempt(
        &mut self,
        now: Timestamp,
        commands: &[Command],
    ) -> Result<Vec<CommandResult>, Trouble> {
        let owner = self.owner();
        let (term, batch, was_asked) = (&*self.term, self.batch, self.unsure.is_some());
        let mut applied = None;
        let done = self.link.with(|client| {
            let most = self.link.server().lease();
            let mut t = locking(client, most).map_err(owner.trouble())?;
            match fence(&mut t, &owner, term, batch, commands)? {
                Fence::Ours => {}
                Fence::Done if was_asked => return Ok(true),
                Fence::Done | Fence::Before => {
                    return Err(Trouble::State(StateError::CommitsLost {
                        state: owner.state.clone(),
                    }));
                }
            }
            limit::hold(&mut t, &owner, commands)?;
            let results = apply_all(&mut t, &owner, now, commands)?;
            applied = Some(results);
            t.commit().map_err(owner.trouble())?;
            Ok(false)
        });
        match done {
            Ok(true) => Ok(self.unsure.take().unwrap_or_default()),
            Ok(false) => Ok(applied.unwrap_or_default()),
            Err(trouble) => {
                // Its transaction may still be committed: what it came to is kept for then.
                if let (Trouble::Away(_), Some(applied)) = (&trouble, applied) {
                    self.unsure = Some(applied);
                }
                Err(trouble)
            }
        }
    }

    fn note_late(&self, now: Timestamp, commands: &[Command]) {
        let owner = self.owner();
        for command in commands {
            let Command::Settle(settlements) = command else {
                continue;
            };
            let noted = again(|| {
                self.link.with(|client| {
                    let most = self.link.server().lease();
                    let mut t = locking(client, most).map_err(owner.trouble())?;
                    late(&mut t, &owner, now, &settlements.iter().collect::<Vec<_>>())?;
                    t.commit().map_err(owner.trouble())
                })
            });
            if let Err(trouble) = noted {
                tracing::error!(?trouble, "an answer that came late could not be kept");
            }
        }
    }
}

/// What the state says of a batch that is about to be done.
enum Fence {
    /// It is its turn, and counted.
    Ours,
    /// It was done.
    Done,
    /// One that was confirmed before is not there any more.
    Before,
}

/// Checks, and makes certain until the transaction ends, that nobody has taken the state, and counts the batch. What claims
/// needs a lease that has not ended; one that has, and that nobody took since, is renewed.
fn fence(
    t: &mut Transaction<'_>,
    owner: &Owner<'_>,
    term: &Term,
    batch: i64,
    commands: &[Command],
) -> Result<Fence, Trouble> {
    let claims = commands
        .iter()
        .any(|command| matches!(command, Command::Claim(_)));
    let sql = "UPDATE partner_sync.machine SET batch = $3 + 1
               WHERE id = $1 AND gen = $2 AND batch = $3 AND (NOT $4 OR until > clock_timestamp())
               RETURNING batch";
    let values =
        values![owner.machine => TEXT, owner.generation => INT8, batch => INT8, claims => BOOL];
    if !query(t, sql, &values).map_err(owner.trouble())?.is_empty() {
        return Ok(Fence::Ours);
    }
    let sql = "SELECT gen, batch FROM partner_sync.machine WHERE id = $1 FOR UPDATE";
    let rows = query(t, sql, &values![owner.machine => TEXT]).map_err(owner.trouble())?;
    match rows
        .first()
        .map(|row| (row.get::<_, i64>(0), row.get::<_, i64>(1)))
    {
        // Nobody deletes the row of a machine that runs: a takeover raises its generation.
        None => Ok(Fence::Before),
        Some((generation, _)) if generation != owner.generation => {
            Err(Trouble::State(StateError::Taken {
                state: owner.state.clone(),
            }))
        }
        Some((_, found)) if found > batch => Ok(Fence::Done),
        Some((_, found)) if found < batch => Ok(Fence::Before),
        Some(_) => {
            let sql = "UPDATE partner_sync.machine SET batch = $3 + 1, until = clock_timestamp() + $4 * interval '1 millisecond'
                       WHERE id = $1 AND gen = $2";
            let values = values![owner.machine => TEXT, owner.generation => INT8, batch => INT8, term.millis() => FLOAT8];
            query(t, sql, &values).map_err(owner.trouble())?;
            Ok(Fence::Ours)
        }
    }
}

/// Nearly always all go well together. Where one fails, all are applied again, each behind a savepoint: the one that fails
/// then leaves nothing behind and harms no other.
fn apply_all(
    t: &mut Transaction<'_>,
    owner: &Owner<'_>,
    now: Timestamp,
    commands: &[Command],
) -> Result<Vec<CommandResult>, Trouble> {
    let mut all = t.savepoint("batch").map_err(owner.trouble())?;
    let together: Result<Vec<_>, Trouble> = commands
        .iter()
        .map(|command| apply(&mut all, owner, now, command))
        .collect();
    match together {
        Ok(results) => {
            all.commit().map_err(owner.trouble())?;
            return Ok(results.into_iter().map(Ok).collect());
        }
        Err(Trouble::State(_)) => all.rollback().map_err(owner.trouble())?,
        Err(passing) => return Err(passing),
    }
    let mut results = Vec::with_capacity(commands.len());
    for command in commands {
        let mut one = t.savepoint("command").map_err(owner.trouble())?;
        match apply(&mut one, owner, now, command) {
            Ok(known) => {
                one.commit().map_err(owner.trouble())?;
                results.push(Ok(known));
            }
            Err(Trouble::State(error)) => {
                one.rollback().map_err(owner.trouble())?;
                results.push(Err(error));
            }
            Err(passing) => return Err(passing),
        }
    }
    Ok(results)
}

fn apply(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    command: &Command,
) -> Result<Vec<Option<Known>>, Trouble> {
    match command {
        Command::Claim(claims) => return claim_all(c, owner, now, claims),
        Command::Settle(settlements) => return settle_all(c, owner, now, settlements),
        Command::Problems(part) => {
            let sql = "INSERT INTO partner_sync.problem (run, part, lines)
                       VALUES ($1, (SELECT count(*) FROM partner_sync.problem WHERE run = $1), $2)";
            query(c, sql, &values![owner.run => INT8, part => BYTEA]).map_err(owner.trouble())?;
        }
        Command::Changed(rows) => {
            for (key, fingerprint) in rows {
                let sql = "INSERT INTO partner_sync.changed (space, key, fingerprint, run) VALUES ($1, $2, $3, $4)
                           ON CONFLICT (space, key) DO UPDATE SET fingerprint = excluded.fingerprint, run = excluded.run";
                let values = values![
                    owner.space.0 => INT8, text(key.as_str()) => TEXT, fingerprint.0.as_slice() => BYTEA, owner.run => INT8,
                ];
                query(c, sql, &values).map_err(owner.trouble())?;
            }
        }
        Command::Total(partners, unclaimed) => {
            totals::set(c, owner, *partners, unclaimed.as_ref())?;
        }
        Command::End(end) => end_run(c, owner, now, end)?,
        Command::Known(keys) => {
            let asked: Vec<_> = keys.iter().map(|key| text(key.as_str())).collect();
            let rows = query(
                c,
                KNOWN,
                &values![owner.space.0 => INT8, asked => TEXT_ARRAY],
            );
            let rows = rows.map_err(owner.trouble())?;
            return Ok(known_from(&rows, owner.key, &asked));
        }
    }
    Ok(Vec::new())
}

/// Notes how a run ended, and lets go of what older runs of its space left.
fn end_run(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    now: Timestamp,
    end: &RunEnd,
) -> Result<(), Trouble> {
    let sql = "UPDATE partner_sync.run SET ended = $1, exit = $2, summary = $3, report = $4 WHERE id = $5";
    let report = end.report.as_deref().map(text);
    let values = values![
        now.0 => INT8, i64::from(end.exit) => INT8, text(&end.summary) => TEXT, report => TEXT, owner.run => INT8,
    ];
    query(c, sql, &values).map_err(owner.trouble())?;
    are_told(c, owner, end.told)?;
    let Some(keep) = end.keep else { return Ok(()) };
    // All that machines did of one import is kept, or let go, together.
    let old = "SELECT id FROM partner_sync.run WHERE id IN (
                   SELECT id FROM partner_sync.run WHERE space = $1 ORDER BY id DESC OFFSET $2)
               AND id NOT IN (
                   SELECT m.run FROM partner_sync.machine m JOIN partner_sync.import i ON i.id = m.import
                   WHERE i.space = $1 AND m.run IS NOT NULL)";
    // A run that a row was settled by stays: it is part of the row's history.
    for sql in [
        "DELETE FROM partner_sync.import WHERE ended IS NOT NULL AND id IN (
             SELECT id FROM partner_sync.import WHERE space = $1 ORDER BY id DESC OFFSET $2)"
            .to_owned(),
        format!("DELETE FROM partner_sync.problem WHERE run IN ({old})"),
        format!(
            "DELETE FROM partner_sync.run WHERE id IN ({old})
             AND NOT EXISTS (SELECT 1 FROM partner_sync.record WHERE record.run = run.id)"
        ),
    ] {
        let values = values![owner.space.0 => INT8, i64::from(keep) => INT8];
        query(c, &sql, &values).map_err(owner.trouble())?;
    }
    Ok(())
}
