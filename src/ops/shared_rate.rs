//! The rate of a connection, where machines that share a state share it too.

use std::sync::Arc;
use std::time::Duration;

use crate::api::{NoPermits, Permits, Rate, Slots};
use crate::state::{SharedRate, StateError, Store};

/// What gives out the slots of a rate at a target; `None` where nobody shares it: a state of this machine alone, or no limit.
#[must_use]
pub fn shared_rate(
    store: &Store,
    target: &str,
    rate: Rate,
    burst: Option<u32>,
) -> Option<Arc<dyn Permits>> {
    let Rate::PerSecond(asked) = rate else {
        return None;
    };
    let shared = store.shared_rate(target, asked, burst.unwrap_or(1))?;
    Some(Arc::new(InState(shared)))
}

/// Slots from the state's database.
#[derive(Debug)]
struct InState(SharedRate);

impl Permits for InState {
    fn take(&self, slots: u32) -> Result<Slots, NoPermits> {
        let taken = self.0.take(slots).map_err(no_permits)?;
        Ok(Slots {
            first: taken.first,
            rate: taken.rate,
            paused: taken.paused,
        })
    }

    fn slow(&self, pause: Duration, throttled: bool) -> Result<(), NoPermits> {
        self.0.slow(pause, throttled).map_err(no_permits)
    }
}

fn no_permits(error: StateError) -> NoPermits {
    match error {
        StateError::Away { .. } => NoPermits::Away,
        // Before the first import there is nobody to share it with.
        StateError::Missing { .. } => NoPermits::NotShared(None),
        error => NoPermits::NotShared(Some(error.to_string())),
    }
}
