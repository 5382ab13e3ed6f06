//! Who may write. The database's clock decides: a lease that is not renewed ends, and whoever takes the state then raises
//! its generation, which every commit of the earlier one names in vain.
//!
//! The clock of this machine decides only what is *not* done: a run that could not renew its lease for a while sends nothing
//! more, well before the lease ends. That time is counted on a clock that goes on while the machine is suspended
//! (`Instant` does not, rust-lang/rust#87906), from the moment before the last renewal was asked for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Transaction};

use super::super::error::StateError;
use super::error::Trouble;
use super::link::{Link, locking, query, values};
use super::process;
use super::schema::{self, LIVE};
use super::server::Server;
use super::takeover::fence;
use crate::clock::Clock;

/// Parts of a lease after which it is renewed, and in which a renewal that failed is tried again.
const RENEWALS: u32 = 3;
const TRIES: u32 = 30;
/// How long somebody else's transaction is waited for who has the state, or is about to take it.
const LOCKED_FOR: &str = "SET LOCAL lock_timeout = '2s'";
/// Of ten parts of a lease, those in which something may be sent.
const SENDS: u64 = 8;
/// Leases for which the renewal of one is waited for before nothing is sent any more.
const WAITED: u64 = 2;

/// A state that is held, until it is dropped.
#[derive(Debug)]
pub(in crate::state) struct Lease {
    term: Arc<Term>,
    stop: Option<mpsc::Sender<()>>,
    renewing: Mutex<Option<JoinHandle<()>>>,
}

/// One holding of the state.
#[derive(Debug)]
pub(super) struct Term {
    link: Link,
    pub(super) machine: String,
    pub(super) generation: i64,
    /// Whether other machines may be at work as well.
    pub(super) is_shared: bool,
    pub(super) length: Duration,
    /// When the last renewal that went well was asked for, in milliseconds since the machine was started.
    renewed: AtomicU64,
    lost: AtomicBool,
}

impl Lease {
    /// Takes the state for this machine alone. It is made or brought to this version first.
    ///
    /// # Errors
    /// [`StateError::Locked`] where another machine is at work.
    pub(in crate::state) fn take(server: &Arc<Server>, clock: &Clock) -> Result<Self, StateError> {
        Self::enter(server, clock, Company::None)
    }

    /// Takes the state for this machine and others, as [`Lease::take`] does.
    ///
    /// # Errors
    /// [`StateError::Locked`] where a machine is at work that has to be alone.
    pub(in crate::state) fn share(server: &Arc<Server>, clock: &Clock) -> Result<Self, StateError> {
        Self::enter(server, clock, Company::Others)
    }

    fn enter(server: &Arc<Server>, clock: &Clock, company: Company) -> Result<Self, StateError> {
        server.key_file()?;
        let link = Link::new(Arc::clone(server));
        schema::migrate(&link)?;
        let length = server.lease();
        let machine = uuid::Uuid::new_v4().to_string();
        let host = host_name();
        let holder = format!(
            "process {} on {host}, since {}",
            std::process::id(),
            clock.now().to_rfc3339()
        );
        let state = server.state();
        let asked = now();
        let locked = |client: &mut Client| {
            let holder = schema::held_by(client).map_err(|e| Trouble::of(&e, &state))?;
            Err(Trouble::State(StateError::Locked {
                state: state.clone(),
                holder,
            }))
        };
        let entry = Entry {
            machine: &machine,
            host: &host,
            holder: &holder,
            millis: millis(length),
            company,
        };
        let taken = || {
            link.with(|client| {
                let of = |e: postgres::Error| Trouble::of(&e, &state);
                let mut t = locking(client, length).map_err(of)?;
                let entered = match entry.make(&mut t) {
                    Ok(entered) => entered,
                    Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => false,
                    Err(error) => return Err(of(error)),
                };
                if !entered {
                    drop(t);
                    return locked(client);
                }
                t.commit().map_err(of)
            })
        };
        let mut taken_now = taken();
        // One's own lease can be taken twice: an answer that was lost is asked for again.
        if matches!(taken_now, Err(Trouble::Again | Trouble::Away(_))) {
            taken_now = taken();
        }
        taken_now.map_err(|trouble| trouble.settled(&state))?;
        let term = Arc::new(Term {
            link,
            machine,
            generation: FIRST,
            is_shared: company == Company::Others,
            length,
            renewed: AtomicU64::new(asked),
            lost: AtomicBool::new(false),
        });
        let (stop, stopped) = mpsc::channel();
        let renewing = Arc::clone(&term);
        let thread = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || renewing.renew_until(&stopped))
            .map_err(StateError::Thread)?;
        Ok(Self {
            term,
            stop: Some(stop),
            renewing: Mutex::new(Some(thread)),
        })
    }

    /// Whether other machines may be at work as well.
    pub(in crate::state) fn is_shared(&self) -> bool {
        self.term.is_shared
    }

    pub(super) fn term(&self) -> &Arc<Term> {
        &self.term
    }

    /// Whether something may be sent now; `None` where nothing may be sent any more, since the lease is over.
    #[must_use]
    pub(in crate::state) fn may_send(&self) -> Option<bool> {
        self.term.may_send()
    }

    /// Why nothing may be sent any more, where that is so.
    #[must_use]
    pub(in crate::state) fn over(&self) -> Option<StateError> {
        let state = self.term.link.server().state();
        match self.term.may_send() {
            Some(_) => None,
            None if self.term.lost.load(Ordering::SeqCst) => Some(StateError::Taken { state }),
            None => Some(StateError::Away {
                state,
                reason: "this run could not renew its lease in time: the database did not answer, or this machine was suspended".to_owned(),
            }),
        }
    }
}

impl Term {
    /// One that has ended and was not taken over yet may still be renewed, so it is waited for; not for ever.
    fn may_send(&self) -> Option<bool> {
        let since = now().saturating_sub(self.renewed.load(Ordering::SeqCst));
        let length = u64::try_from(self.length.as_millis()).unwrap_or(u64::MAX / WAITED);
        let is_over = self.lost.load(Ordering::SeqCst) || since >= length.saturating_mul(WAITED);
        (!is_over).then_some(since < length / 10 * SENDS)
    }

    /// Whether the lease may have ended by now, as far as this machine can know.
    pub(super) fn may_be_over(&self) -> bool {
        let since = now().saturating_sub(self.renewed.load(Ordering::SeqCst));
        self.lost.load(Ordering::SeqCst) || u128::from(since) >= self.length.as_millis()
    }

    /// The length of a lease in milliseconds.
    pub(super) fn millis(&self) -> f64 {
        millis(self.length)
    }

    /// Another run has it.
    pub(super) fn is_lost(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    /// Asks for another term of the same length. True where it was given: nobody has taken the state since.
    pub(super) fn renew(&self) -> Result<bool, Trouble> {
        let asked = now();
        let state = self.link.server().state();
        let millis = millis(self.length);
        let renewed = self.link.with(|client| {
            let sql = "UPDATE partner_sync.machine SET until = clock_timestamp() + $3 * interval '1 millisecond'
                       WHERE id = $1 AND gen = $2 RETURNING gen";
            let values = values![self.machine => TEXT, self.generation => INT8, millis => FLOAT8];
            query(client, sql, &values).map_err(|e| Trouble::of(&e, &state))
        })?;
        if renewed.is_empty() {
            self.is_lost();
            return Ok(false);
        }
        self.renewed.store(asked, Ordering::SeqCst);
        Ok(true)
    }

    fn renew_until(&self, stopped: &mpsc::Receiver<()>) {
        let mut wait = self.length / RENEWALS;
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(wait) {
            wait = match self.renew() {
                Ok(true) => self.length / RENEWALS,
                Ok(false) => return,
                Err(trouble) => {
                    tracing::debug!(?trouble, "the lease of the state was not renewed");
                    self.length / TRIES
                }
            };
        }
    }

    /// Its pieces are for others from now on; what it leaves in doubt is for the next run.
    fn give_back(&self) {
        let sql = "WITH ended AS (
                UPDATE partner_sync.machine SET until = clock_timestamp(), ended = clock_timestamp()
                WHERE id = $1 AND gen = $2 RETURNING id)
            UPDATE partner_sync.piece SET state = 1, machine = NULL, gen = NULL
            WHERE machine = (SELECT id FROM ended) AND state = 2";
        let values = values![self.machine => TEXT, self.generation => INT8];
        let given = self
            .link
            .look(|client| query(client, sql, &values).map(drop));
        if let Err(error) = given {
            tracing::debug!(%error, "the lease of the state was not given back; it ends by itself");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        let renewing = self
            .renewing
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = renewing.take() {
            let _ = thread.join();
        }
        self.term.give_back();
    }
}

/// The generation that a machine begins with; who takes it over raises it.
const FIRST: i64 = 1;

/// Whether others may be at work as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    None,
    Others,
}

/// A machine that is about to hold the state.
struct Entry<'e> {
    machine: &'e str,
    host: &'e str,
    holder: &'e str,
    millis: f64,
    company: Company,
}

impl Entry<'_> {
    /// Enters, unless somebody is at work with whom it may not be.
    fn make(&self, t: &mut Transaction<'_>) -> Result<bool, postgres::Error> {
        t.batch_execute(LOCKED_FOR)?;
        schema::one_at_a_time(t)?;
        let alone = self.company == Company::None;
        // One whose lease has ended, and that may not be at work beside this one, does not wake again. Only then is it certain
        // who is at work: until here one of them may have renewed its lease.
        fence(t, &values![alone => BOOL], "$1 OR alone")?;
        let sql = format!(
            "SELECT 1 FROM partner_sync.machine WHERE {LIVE} AND id <> $1 AND ($2 OR alone) LIMIT 1"
        );
        let others = query(t, &sql, &values![self.machine => TEXT, alone => BOOL])?;
        if !others.is_empty() {
            return Ok(false);
        }
        let sql = "INSERT INTO partner_sync.machine (id, name, started, holder, process, alone, gen, until)
                   VALUES ($1, $2, clock_timestamp(), $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 millisecond')
                   ON CONFLICT (id) DO UPDATE SET until = excluded.until";
        let values = values![
            self.machine => TEXT, self.host => TEXT, self.holder => TEXT, process::this_one() => TEXT, alone => BOOL,
            FIRST => INT8, self.millis => FLOAT8,
        ];
        query(t, sql, &values)?;
        // Those of a month ago are let go, unless rows are in doubt by them or the report of an import has them.
        let sql = "DELETE FROM partner_sync.machine AS m WHERE until < clock_timestamp() - interval '30 days'
                   AND NOT EXISTS (SELECT 1 FROM partner_sync.import i WHERE i.id = m.import)
                   AND NOT EXISTS (SELECT 1 FROM partner_sync.record r WHERE r.machine = m.id AND r.state IN (1, 4))";
        query(t, sql, &[]).map(|_| true)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a lease has minutes at most")]
fn millis(time: Duration) -> f64 {
    time.as_millis() as f64
}

/// Milliseconds since the machine was started, also those in which it was suspended.
fn now() -> u64 {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let millis = time.tv_sec * 1000 + time.tv_nsec / 1_000_000;
        u64::try_from(millis).unwrap_or(0)
    }
    #[cfg(not(target_os = "linux"))]
    {
        use std::sync::LazyLock;
        use std::time::Instant;
        static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        u64::try_from(BEGIN.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What this machine calls itself.
fn host_name() -> String {
    #[cfg(unix)]
    {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    }
    #[cfg(not(unix))]
    {
        "this machine".to_owned()
    }
}
