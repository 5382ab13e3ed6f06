//! An import that several machines share, as the tables `import` and `piece` have it.

use std::sync::Arc;
use std::time::Duration;

use postgres::Transaction;

use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::note::Doubt;
use super::super::place::StateAddress;
use super::super::share::{
    ImportProgress, ImportStanding, ImportStart, MachinesOfImport, Share, Told, Turn,
};
use super::super::space::SpaceId;
use super::error::Trouble;
use super::imports::{LIVE_MACHINE, machines_of, progress_of};
use super::join::{CANARY, FREE, LOOK, join_in};
use super::journal::again;
use super::keys;
use super::lease::{Lease, Term};
use super::link::{AGAIN, Link, locking, query, values};
use super::owner::Owner;
use super::server::Server;
use super::takeover::{Whose, adopt, fence};
use crate::clock::Clock;

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
    /// [`StateError::OtherImport`] where machines are at another one, [`StateError::OtherKey`] where they have another key.
    pub(in crate::state) fn join(
        server: &Arc<Server>,
        lease: &Lease,
        start: &ImportStart,
        clock: &Clock,
    ) -> Result<Self, StateError> {
        let link = Link::new(Arc::clone(server));
        let (key, key_file) = (keys::for_writing(&link)?.number, server.key_file()?);
        let (state, term) = (server.state(), Arc::clone(lease.term()));
        let joined = again(|| {
            link.with(|client| {
                let of = |e: postgres::Error| Trouble::of(&e, &state);
                let mut t = locking(client, term.length).map_err(of)?;
                let joined = join_in(&mut t, &term, start, (key, key_file), &state)?;
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
        // What is done here may be done twice: an answer that was lost is asked for again while the lease holds. A connection that
        // broke while this process was suspended says nothing of the database.
        let mut was_away = false;
        loop {
            match once() {
                Err(Trouble::Away(_)) if !was_away || !self.term.may_be_over() => {
                    was_away = true;
                    std::thread::park_timeout(AGAIN);
                }
                done => return done.map_err(|trouble| trouble.settled(&self.state)),
            }
        }
    }

    fn set(&self, pieces: &[i64], to: i64) -> Result<(), StateError> {
        self.held(|t| self.set_in(t, pieces, to))
    }

    fn set_in(
        &self,
        t: &mut Transaction<'_>,
        pieces: &[i64],
        to: i64,
    ) -> Result<(), postgres::Error> {
        let sql = "UPDATE partner_sync.piece SET state = $3 WHERE import = $1 AND n = ANY ($2) AND machine = $4 AND gen = $5";
        let values = values![
            self.import => INT8, pieces => INT8_ARRAY, to => INT8, self.term.machine => TEXT, self.term.generation => INT8,
        ];
        query(t, sql, &values).map(drop)
    }

    /// Takes a piece that is one machine's work for all, where nobody has it.
    fn turn(&self, t: &mut Transaction<'_>, piece: i64) -> Result<Turn, postgres::Error> {
        let sql = "UPDATE partner_sync.piece SET state = $3, machine = $4, gen = $5 WHERE import = $1 AND n = $2
                   AND (state = $6 OR state = $3 AND machine = $4) RETURNING n";
        let values = values![
            self.import => INT8, piece => INT8, TAKEN => INT8, self.term.machine => TEXT, self.term.generation => INT8,
            FREE => INT8,
        ];
        if !query(t, sql, &values)?.is_empty() {
            return Ok(Turn::Ours);
        }
        let sql = "SELECT m.holder FROM partner_sync.piece p LEFT JOIN partner_sync.machine m ON m.id = p.machine
                   WHERE p.import = $1 AND p.n = $2 AND p.state = $3";
        let taken = query(t, sql, &values[..3])?;
        Ok(taken.first().map_or(Turn::Done, |row| {
            let holder: Option<String> = row.get(0);
            Turn::Elsewhere(holder.unwrap_or_default())
        }))
    }
}

/// A count, as the database has it.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Share for PostgresShare {
    fn piece_rows(&self) -> u32 {
        self.piece_rows
    }

    fn canary(&self) -> Result<Turn, StateError> {
        self.held(|t| {
            // Who had it is gone: what it has sent is this machine's doubts once it begins its run.
            fence(t, &values![self.import => INT8], "import = $1")?;
            self.turn(t, CANARY)
        })
    }

    fn canary_has(&self, sent: u64) -> Result<(), StateError> {
        let sent = i64::try_from(sent).unwrap_or(i64::MAX);
        self.held(|t| {
            let sql = "UPDATE partner_sync.import SET sent = greatest(sent, $2) WHERE id = $1 AND most IS NOT NULL";
            query(t, sql, &values![self.import => INT8, sent => INT8]).map(drop)
        })
    }

    fn canary_agrees(&self) -> Result<(), StateError> {
        self.held(|t| {
            self.set_in(t, &[CANARY], DONE)?;
            let sql = "UPDATE partner_sync.import SET most = NULL, changes = changes + 1 WHERE id = $1 AND canary IS NOT NULL";
            query(t, sql, &values![self.import => INT8]).map(drop)
        })
    }

    fn first_look(&self) -> Result<Turn, StateError> {
        self.held(|t| self.turn(t, LOOK))
    }

    fn has_looked(&self) -> Result<(), StateError> {
        self.set(&[LOOK], DONE)
    }

    fn take(&self, from: u64, most: u32) -> Result<Vec<u64>, StateError> {
        let from = i64::try_from(from).unwrap_or(i64::MAX - 1) + 1;
        let taken = self.held(|t| {
            let sql = "UPDATE partner_sync.piece SET state = $3, machine = $4, gen = $5 WHERE import = $1 AND state = $6 AND n IN (
                           SELECT n FROM partner_sync.piece WHERE import = $1 AND n >= $2 AND state = $6 ORDER BY n LIMIT $7) RETURNING n";
            let values = values![
                self.import => INT8, from => INT8, TAKEN => INT8, self.term.machine => TEXT, self.term.generation => INT8,
                FREE => INT8, i64::from(most) => INT8,
            ];
            if !query(t, sql, &values)?.is_empty() {
                // Who has something to do is not idle: else the others could take the import for over at this moment.
                let sql = "UPDATE partner_sync.machine SET idle = NULL WHERE id = $1 AND gen = $2";
                query(t, sql, &values![self.term.machine => TEXT, self.term.generation => INT8])?;
            }
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

    fn finish(&self, pieces: &[u64], rows: u64) -> Result<(), StateError> {
        let number = |n: &u64| i64::try_from(*n).unwrap_or(i64::MAX - 1) + 1;
        let pieces: Vec<i64> = pieces.iter().map(number).collect();
        let rows = whole(rows);
        self.held(|t| {
            // Counted once, also where it is done twice.
            let sql = "WITH done AS (
                           UPDATE partner_sync.piece SET state = $3 WHERE import = $1 AND n = ANY ($2) AND machine = $4 AND gen = $5
                               AND state <> $3 RETURNING n)
                       UPDATE partner_sync.machine SET settled = settled + $6 WHERE id = $4 AND gen = $5 AND EXISTS (SELECT 1 FROM done)";
            let values = values![
                self.import => INT8, pieces => INT8_ARRAY, DONE => INT8, self.term.machine => TEXT, self.term.generation => INT8,
                rows => INT8,
            ];
            query(t, sql, &values).map(drop)
        })
    }

    fn tell(&self, told: Told) -> Result<ImportProgress, StateError> {
        let (done, ahead) = (whole(told.done), whole(told.ahead));
        let of = |e: postgres::Error| Trouble::of(&e, &self.state);
        let asked = self.link.with(|client| {
            let mut t = locking(client, self.term.length).map_err(of)?;
            // What is shown need not be on the disk.
            t.batch_execute("SET LOCAL synchronous_commit = off").map_err(of)?;
            let sql = "UPDATE partner_sync.machine SET done = $3, ahead = $4 WHERE id = $1 AND gen = $2";
            let values = values![
                self.term.machine => TEXT, self.term.generation => INT8, done => INT8, ahead => INT8,
            ];
            query(&mut t, sql, &values).map_err(of)?;
            let found = progress_of(&mut t, Some(self.import)).map_err(of)?;
            t.commit().map_err(of)?;
            Ok(found)
        });
        let found = asked.map_err(|trouble| trouble.settled(&self.state))?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    fn machines(&self) -> Result<MachinesOfImport, StateError> {
        let machines = self.link.look(|client| machines_of(client, self.import))?;
        Ok(MachinesOfImport {
            import: self.import,
            own: machines.iter().position(|m| m.machine == self.term.machine),
            machines,
        })
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
                         AND NOT EXISTS (SELECT 1 FROM partner_sync.machine m WHERE m.id = p.machine AND {LIVE_MACHINE})),
                     i.most - i.sent
                 FROM partner_sync.import i WHERE i.id = $1"
            );
            let rows = query(t, &sql, &values![self.import => INT8])?;
            let gone = ImportStanding {
                changes: 0,
                has_free: false,
                is_over: true,
                left: None,
            };
            Ok(rows.first().map_or(gone, |row| {
                let has_free = row.get(1);
                ImportStanding {
                    changes: row.get::<_, i64>(0).unsigned_abs(),
                    has_free,
                    is_over: !has_free && row.get::<_, bool>(2),
                    left: row
                        .get::<_, Option<i64>>(3)
                        .map(|left| u64::try_from(left).unwrap_or(0)),
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
                limited: None,
            };
            adopt(t, &owner, Whose::OfTheLost, takeover, now)
        })
    }

    fn end(&self) -> Result<(), StateError> {
        self.held(|t| {
            let sql = "UPDATE partner_sync.import SET ended = clock_timestamp(), complete = most IS NULL OR sent < most WHERE id = $1 AND ended IS NULL";
            query(t, sql, &values![self.import => INT8]).map(drop)
        })
    }

    fn look_every(&self) -> Duration {
        self.term.length / LOOKS
    }
}
