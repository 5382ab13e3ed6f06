//! What an operation runs in.

use tokio::runtime::Handle;

use super::error::OpError;
use super::observer::Observer;
use crate::clock::Clock;
use crate::config::Resolved;
use crate::delivery::Stop;
use crate::state::StateReader;

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
    /// Who is told, and asked.
    pub observer: &'s dyn Observer,
}

impl Session<'_> {
    /// What the state knows of a mapping at an API; `None` where there is no state, or where it knows neither.
    pub(super) fn reader(
        &self,
        target: &str,
        mapping: &str,
    ) -> Result<Option<StateReader>, OpError> {
        Ok(StateReader::find(&self.settings.state, target, mapping)?)
    }
}
