//! An import that several machines share, as the tables `import` and `piece` have it.

use std::sync::Arc;
use std::time::Duration;

use postgres::Transaction;

use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::note::Doubt;
use super::super::place::StateAddress;
use super::super::share::{FirstLook, ImportStanding, ImportStart, Share};
use super::super::space::SpaceId;
use super::begin::space_of;
use super::error::Trouble;
use super::journal::again;
use super::keys;
use super::lease::{Lease, Term};
use super::link::{AGAIN, Link, locking, query, values};
use super::owner::Owner;
use super::schema::one_at_a_time;
use super::server::Server;
use super::takeover::{Whose, adopt, fence};
use crate::clock::Clock;

/// The piece that is the look on the API before the first create.
const LOOK: i64 = 0;
const FREE: i64 = 1;
const TAKEN: i64 = 2;
const DONE: i64 = 3;

/// Parts of a lease after which it is looked whether other machines' have ended.
const LOOKS: u32 = 6;

/// An import that this machine has joined.
#[derive(Debug)]
pub(in crate::state) struct PostgresShare {
    link: Link,
    state: StateAddress,
    term: Arc<Term>,
    key: KeyNumber,
    clock: Clock,
    space: SpaceId,
    import: i64,
    piece_rows: u32,
}

impl PostgresShare {
    /// Joins the import of the same files and mapping that is under way, or begins one.
    ///
    /// # Errors
    /// [`StateError::OtherImport`] where machines are at another one.
    pub(in crate::state) fn join(
        server: &Arc<Server>,
        lease: &Lease,
        start: &ImportStart,
        clock: &Clock,
    ) -> Result<Self, StateError> {
        let link = Link::new(Arc::clone(server));
        let key = keys::for_writing(&link)?.number;
        let (state, term) = (server.state(), Arc::clone(lease.term()));
        let joined = again(|| {
            link.with(|client| {
                let of = |e: postgres::Error| Trouble::of(&e, &state);
                let mut t = locking(client, term.length).map_err(of)?;
                let joined = join_in(&mut t, &term, start, &state)?;
                t.commit().map_err(of)?;
                Ok(joined)
            })
        });
        let (space, import, piece_rows) = joined.map_err(|trouble| trouble.settled(&state))?;
        Ok(Self {
            link,
            state,
            term,
            key,
            clock: clock.clone(),
            space,
            import,
            piece_rows: u32::try_from(piece_rows).unwrap_or(u32::MAX),
        })
    }

    /// Does something in a transaction, for as long as nobody has taken this machine over.
    fn held<T: Send>(
        &self,
        mut work: impl FnMut(&mut Transaction<'_>) -> Result<T, postgres::Error> + Send,
    ) -> Result<T, StateError> {
        let of = |e: postgres::Error| Trouble::of(&e, &self.state);
        let mut once = || {
            again(|| {
                self.link.with(|client| {
                    let mut t = locking(client, self.term.length).map_err(of)?;
                    let sql =
                        "SELECT 1 FROM partner_sync.machine WHERE id = $1 AND gen = $2 FOR UPDATE";
                    let mine = values![self.term.machine => TEXT, self.term.generation => INT8];
                    if query(&mut t, sql, &mine).map_err(of)?.is_empty() {
                        self.term.is_lost();
                        return Err(Trouble::State(StateError::Taken {
                            state: self.state.clone(),
                        }));
                    }
                    let done = work(&mut t).map_err(of)?;
                    t.commit().map_err(of)?;
                    Ok(done)
                })
            })
        };
        // What is done here may be done twice: an answer that was lost is asked for again while the lease holds.
        loop {
            match once() {
                Err(Trouble::Away(_)) if !self.term.may_be_over() => {
                    std::thread::park_timeout(AGAIN);
                }
                done => return done.map_err(|trouble| trouble.settled(&self.state)),
            }
        }
    }

    fn set(&self, pieces: &[i64], to: i64) -> Result<(), StateError> {
        self.held(|t| {
            let sql = "UPDATE partner_sync.piece SET state = $3 WHERE import = $1 AND n = ANY ($2) AND machine = $4 AND gen = $5";
            let values = values![
                self.import => INT8, pieces => INT8_ARRAY, to => INT8, self.term.machine => TEXT, self.term.generation => INT8,
            ];
            query(t, sql, &values).map(drop)
        })
    }
}

fn join_in(
    t: &mut Transaction<'_>,
    term: &Term,
    start: &ImportStart,
    state: &StateAddress,
) -> Result<(SpaceId, i64, i64), Trouble> {
    let of = |e: postgres::Error| Trouble::of(&e, state);
    one_at_a_time(t).map_err(of)?;
    let space = space_of(t, &start.target, &start.mapping).map_err(of)?;
    let sql = format!(
        "SELECT i.id, i.source, i.mapping, i.rows, i.piece_rows, m.holder FROM partner_sync.import i
         JOIN partner_sync.machine m ON m.import = i.id WHERE i.space = $1 AND i.ended IS NULL AND m.id <> $2 AND {LIVE_MACHINE}
         ORDER BY m.started LIMIT 1"
    );
    let open = query(t, &sql, &values![space.0 => INT8, term.machine => TEXT]).map_err(of)?;
    let rows = i64::try_from(start.rows).unwrap_or(i64::MAX);
    let joined = match open.first() {
        Some(open) => {
            let is_same_file =
                open.get::<_, &str>(1) == start.source_digest && open.get::<_, i64>(3) == rows;
            let is_same_mapping = open.get::<_, &str>(2) == start.mapping_digest;
            if !is_same_file || !is_same_mapping {
                return Err(Trouble::State(StateError::OtherImport {
                    state: state.clone(),
                    holder: open.get(5),
                    differs: if is_same_file {
                        "another mapping or other options"
                    } else {
                        "another file"
                    },
                }));
            }
            (open.get(0), open.get(4))
        }
        None => (
            begin_import(t, space, rows, start).map_err(of)?,
            i64::from(start.piece_rows),
        ),
    };
    let sql = "UPDATE partner_sync.machine SET import = $3, idle = NULL WHERE id = $1 AND gen = $2 RETURNING id";
    let values = values![term.machine => TEXT, term.generation => INT8, joined.0 => INT8];
    if query(t, sql, &values).map_err(of)?.is_empty() {
        return Err(Trouble::State(StateError::Taken {
            state: state.clone(),
        }));
    }
    Ok((space, joined.0, joined.1))
}

/// `schema::LIVE`, of a machine that is named `m`.
const LIVE_MACHINE: &str = "m.until > clock_timestamp() AND m.lost_at IS NULL AND m.ended IS NULL";

fn begin_import(
    t: &mut Transaction<'_>,
    space: SpaceId,
    rows: i64,
    start: &ImportStart,
) -> Result<i64, postgres::Error> {
    // Those that nobody is at any more are over. What they came to is in the records; a month of them is kept.
    let sql = "UPDATE partner_sync.import SET ended = clock_timestamp() WHERE space = $1 AND ended IS NULL";
    query(t, sql, &values![space.0 => INT8])?;
    let sql =
        "DELETE FROM partner_sync.import WHERE ended < clock_timestamp() - interval '30 days'";
    query(t, sql, &[])?;
    let sql = "INSERT INTO partner_sync.import (id, space, source, mapping, rows, piece_rows, started)
               SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5, clock_timestamp() FROM partner_sync.import RETURNING id";
    let piece_rows = i64::from(start.piece_rows);
    let values = values![
        space.0 => INT8, start.source_digest => TEXT, start.mapping_digest => TEXT, rows => INT8, piece_rows => INT8,
    ];
    let import: i64 = query(t, sql, &values)?.first().map_or(0, |row| row.get(0));
    let pieces = rows.div_euclid(piece_rows.max(1)) + 1;
    let sql = "INSERT INTO partner_sync.piece (import, n, state) SELECT $1, n, $3 FROM generate_series(0::bigint, $2) AS n";
    query(
        t,
        sql,
        &values![import => INT8, pieces => INT8, FREE => INT8],
    )?;
    Ok(import)
}

impl Share for PostgresShare {
    fn piece_rows(&self) -> u32 {
        self.piece_rows
    }

    fn first_look(&self) -> Result<FirstLook, StateError> {
        self.held(|t| {
            let sql = "UPDATE partner_sync.piece SET state = $3, machine = $4, gen = $5 WHERE import = $1 AND n = $2
                       AND (state = $6 OR state = $3 AND machine = $4) RETURNING n";
            let values = values![
                self.import => INT8, LOOK => INT8, TAKEN => INT8, self.term.machine => TEXT, self.term.generation => INT8,
                FREE => INT8,
            ];
            if !query(t, sql, &values)?.is_empty() {
                return Ok(FirstLook::Ours);
            }
            let sql = "SELECT state FROM partner_sync.piece WHERE import = $1 AND n = $2";
            let state = query(t, sql, &values![self.import => INT8, LOOK => INT8])?;
            let is_done = state.first().is_some_and(|row| row.get::<_, i64>(0) == DONE);
            Ok(if is_done { FirstLook::Done } else { FirstLook::Elsewhere })
        })
    }

    fn has_looked(&self) -> Result<(), StateError> {
        self.set(&[LOOK], DONE)
    }

    fn take(&self, from: u64, most: u32) -> Result<Vec<u64>, StateError> {
        let from = i64::try_from(from).unwrap_or(i64::MAX - 1) + 1;
        let taken = self.held(|t| {
            let sql = "UPDATE partner_sync.piece SET state = $3, machine = $4, gen = $5 WHERE import = $1 AND state = $6 AND n IN (
                           SELECT n FROM partner_sync.piece WHERE import = $1 AND n >= $2 AND state = $6 ORDER BY n LIMIT $7)";
            let values = values![
                self.import => INT8, from => INT8, TAKEN => INT8, self.term.machine => TEXT, self.term.generation => INT8,
                FREE => INT8, i64::from(most) => INT8,
            ];
            query(t, sql, &values)?;
            // With what was taken before, where that answer was lost.
            let sql = "SELECT n FROM partner_sync.piece WHERE import = $1 AND n >= $2 AND state = $3 AND machine = $4 AND gen = $5";
            let rows = query(t, sql, &values[..5])?;
            Ok(rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>())
        })?;
        let mut taken: Vec<u64> = taken
            .iter()
            .map(|n| n.unsigned_abs().saturating_sub(1))
            .collect();
        taken.sort_unstable();
        Ok(taken)
    }

    fn finish(&self, pieces: &[u64]) -> Result<(), StateError> {
        let number = |n: &u64| i64::try_from(*n).unwrap_or(i64::MAX - 1) + 1;
        let pieces: Vec<i64> = pieces.iter().map(number).collect();
        self.set(&pieces, DONE)
    }

    fn has_changed(&self) -> Result<(), StateError> {
        self.held(|t| {
            let sql = "UPDATE partner_sync.import SET changes = changes + 1 WHERE id = $1";
            query(t, sql, &values![self.import => INT8]).map(drop)
        })
    }

    fn standing(&self, idle: Option<u64>) -> Result<ImportStanding, StateError> {
        let idle = idle.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        self.held(|t| {
            let sql = "UPDATE partner_sync.machine SET idle = $3 WHERE id = $1 AND gen = $2";
            let values = values![self.term.machine => TEXT, self.term.generation => INT8, idle => INT8];
            query(t, sql, &values)?;
            // Over, if nobody is at work, and none was before it could see what the others did last; and nobody has a piece who is
            // not there: somebody takes it over.
            let sql = format!(
                "SELECT i.changes,
                     EXISTS (SELECT 1 FROM partner_sync.piece p WHERE p.import = i.id AND p.state = {FREE} AND p.n > {LOOK}),
                     NOT EXISTS (SELECT 1 FROM partner_sync.machine m WHERE m.import = i.id AND {LIVE_MACHINE}
                         AND (m.idle IS NULL OR m.idle <> i.changes))
                     AND NOT EXISTS (SELECT 1 FROM partner_sync.piece p WHERE p.import = i.id AND p.state = {TAKEN}
                         AND NOT EXISTS (SELECT 1 FROM partner_sync.machine m WHERE m.id = p.machine AND {LIVE_MACHINE}))
                 FROM partner_sync.import i WHERE i.id = $1"
            );
            let rows = query(t, &sql, &values![self.import => INT8])?;
            let gone = ImportStanding {
                changes: 0,
                has_free: false,
                is_over: true,
            };
            Ok(rows.first().map_or(gone, |row| {
                let has_free = row.get(1);
                ImportStanding {
                    changes: row.get::<_, i64>(0).unsigned_abs(),
                    has_free,
                    is_over: !has_free && row.get::<_, bool>(2),
                }
            }))
        })
    }

    fn take_over(&self) -> Result<Vec<Doubt>, StateError> {
        let (now, takeover) = (self.clock.now(), self.link.server().takeover());
        self.held(|t| {
            let fenced = fence(t, &values![self.import => INT8], "import = $1")?;
            // Somebody else may have fenced one off whose rows nobody has taken.
            let sql = "SELECT 1 FROM partner_sync.machine m WHERE m.import = $1 AND m.lost_at IS NOT NULL AND EXISTS (
                           SELECT 1 FROM partner_sync.record r WHERE r.space = $2 AND r.machine = m.id AND r.state IN (1, 4)) LIMIT 1";
            if fenced.is_empty()
                && query(t, sql, &values![self.import => INT8, self.space.0 => INT8])?.is_empty()
            {
                return Ok(Vec::new());
            }
            let owner = Owner {
                state: &self.state,
                space: self.space,
                run: 0,
                key: self.key,
                machine: &self.term.machine,
                generation: self.term.generation,
            };
            adopt(t, &owner, Whose::OfTheLost, takeover, now)
        })
    }

    fn end(&self) -> Result<(), StateError> {
        self.held(|t| {
            let sql = "UPDATE partner_sync.import SET ended = clock_timestamp() WHERE id = $1 AND ended IS NULL";
            query(t, sql, &values![self.import => INT8]).map(drop)
        })
    }

    fn look_every(&self) -> Duration {
        self.term.length / LOOKS
    }
}
