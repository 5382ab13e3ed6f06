//! What an operation runs in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::error::OpError;
use super::observer::{Note, Observer};
use crate::api::{ApiError, printed_by};
use crate::blocking::{self, Unfinished};
use crate::clock::Clock;
use crate::config::Resolved;
use crate::delivery::{Stop, StopReason};
use crate::state::{
    Begun, PasswordSource, RunStart, ServerSettings, StateError, StateLock, StateReader, Store,
    in_password_file,
};

/// How often a state that another run holds is asked for again.
const LOCK_EVERY: Duration = Duration::from_millis(250);

/// Which API is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The one of the settings.
    Api,
    /// A practice API in this process; its partners are kept in a file beside the state.
    Sandbox,
}

/// What an operation runs in. A front makes one and may use it for several operations.
#[derive(Clone)]
pub struct Session<'s> {
    /// The resolved settings: address, token, state, rate.
    pub settings: &'s Resolved,
    /// Which API is talked to.
    pub target: Target,
    /// The wall clock.
    pub clock: Clock,
    /// The runtime for everything that waits. Operations block the calling thread, which must not be one of its own.
    pub runtime: Handle,
    /// Stops every operation of the session.
    pub stop: Stop,
    /// Who is informed, and asked.
    pub observer: &'s dyn Observer,
}

impl<'s> Session<'s> {
    /// The same session with a stop of its own, which comes after `limit` where there is one.
    pub(super) fn within(&self, limit: Option<Duration>) -> Session<'s> {
        let stop = self.stop.child();
        if let Some(limit) = limit {
            let stop = stop.clone();
            self.runtime.spawn(async move {
                if stop.pause(limit).await {
                    stop.request(StopReason::TimeOver);
                }
            });
        }
        Session {
            stop,
            ..self.clone()
        }
    }

    /// Does work that may block for as long as somebody else likes, and leaves it behind when the session stops.
    pub(super) fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, OpError> {
        blocking::finish(None, &self.stop.flag(), work).map_err(|why| match why {
            Unfinished::NoThread(error) => OpError::Thread(error),
            Unfinished::Stopped | Unfinished::TimeOver => self.stopped(),
        })
    }

    /// Why the session stops, where it stopped before anything was begun.
    pub(super) fn stopped(&self) -> OpError {
        match self.stop.reason() {
            Some(StopReason::TimeOver) => OpError::TimeOver,
            _ => OpError::Interrupted,
        }
    }

    /// An error as the session means it: the API client knows only that it was stopped.
    pub(super) fn meaning(&self, error: OpError) -> OpError {
        match error {
            OpError::Api(ApiError::Stopped) => self.stopped(),
            error => error,
        }
    }

    /// The state of the settings.
    pub(super) fn store(&self) -> Store {
        store(self.settings)
    }

    /// Takes the lock of the state, which may have to be brought to this version first.
    pub(super) fn lock(&self) -> Result<Arc<StateLock>, OpError> {
        self.lock_with(false)
    }

    fn lock_with(&self, others: bool) -> Result<Arc<StateLock>, OpError> {
        let (store, clock) = (self.store(), self.clock.clone());
        let lock = move || {
            if others {
                store.lock_shared(&clock)
            } else {
                store.lock(&clock)
            }
        };
        Ok(Arc::new(self.blocking(lock)??))
    }

    /// Takes the lock of the state; waits for another run for as long as that is asked for, and says so once. `others` may share it
    /// where they are at the same import.
    pub(super) fn lock_within(
        &self,
        wait: Option<Duration>,
        others: bool,
    ) -> Result<Arc<StateLock>, OpError> {
        let begin = Instant::now();
        let mut is_noted = false;
        loop {
            match self.lock_with(others) {
                Err(OpError::State(StateError::Locked { state, holder }))
                    if wait.is_some_and(|most| begin.elapsed() < most) =>
                {
                    if !is_noted {
                        is_noted = true;
                        self.observer.note(&Note::WaitingForLock {
                            state: &state,
                            holder: holder.as_deref(),
                        });
                    }
                    if !self.runtime.block_on(self.stop.pause(LOCK_EVERY)) {
                        return Err(self.stopped());
                    }
                }
                taken => return taken,
            }
        }
    }

    /// Begins a run in the state, which may be looked over for damage first.
    pub(super) fn begin(&self, lock: &Arc<StateLock>, start: RunStart) -> Result<Begun, OpError> {
        let (store, clock, lock) = (self.store(), self.clock.clone(), Arc::clone(lock));
        Ok(self.blocking(move || store.begin(&lock, &start, &clock))??)
    }

    /// What the state knows of a mapping at an API; `None` where there is no state, or where it knows neither.
    pub(super) fn reader(
        &self,
        target: &str,
        mapping: &str,
    ) -> Result<Option<StateReader>, OpError> {
        Ok(self.store().reader(target, mapping)?)
    }
}

/// The state of the settings. Nothing is asked of it yet.
#[must_use]
pub fn store(settings: &Resolved) -> Store {
    let database = &settings.database;
    let (file, command) = (
        database.password_file.clone(),
        database.password_command.clone(),
    );
    let password = PasswordSource::new(move |address| match (&command, &file) {
        (Some(command), _) => printed_by(command).map(Some),
        (None, Some(file)) => in_password_file(file, address),
        (None, None) => Ok(None),
    });
    let needs = ServerSettings {
        key_file: database.key_file.clone(),
        password: Some(password),
        ca_file: settings.transport.ca_file.clone(),
        lease: database.lease,
        takeover: database.takeover,
    };
    Store::at(&settings.state, &needs)
}
