//! What an operation runs in.

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;

use super::error::OpError;
use super::observer::Observer;
use crate::api::ApiError;
use crate::blocking::{self, Unfinished};
use crate::clock::Clock;
use crate::config::Resolved;
use crate::delivery::{Stop, StopReason};
use crate::state::{Doubt, RunStart, StateLock, StateReader, StateWriter};

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

    /// Takes the lock of the state, which may have to be brought to this version first.
    pub(super) fn lock(&self) -> Result<StateLock, OpError> {
        let (path, clock) = (self.settings.state.clone(), self.clock.clone());
        Ok(self.blocking(move || StateLock::take(&path, &clock))??)
    }

    /// Begins a run in the state, which may be looked over for damage first.
    pub(super) fn begin(
        &self,
        start: RunStart,
    ) -> Result<(StateWriter, Vec<Doubt>, JoinHandle<()>), OpError> {
        let (path, clock) = (self.settings.state.clone(), self.clock.clone());
        Ok(self.blocking(move || StateWriter::begin(&path, &start, &clock))??)
    }

    /// What the state knows of a mapping at an API; `None` where there is no state, or where it knows neither.
    pub(super) fn reader(
        &self,
        target: &str,
        mapping: &str,
    ) -> Result<Option<StateReader>, OpError> {
        Ok(StateReader::find(&self.settings.state, target, mapping)?)
    }
}
