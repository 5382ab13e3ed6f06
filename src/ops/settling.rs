//! How long after its last possible moment a create may still be processed.

use std::time::Duration;

use super::observer::Note;
use super::session::{Session, Target};

/// The least time, whatever the timeout: a queue in front of the API may hold a request that its sender gave up.
const LEAST: Duration = Duration::from_mins(2);
/// Timeouts that it is at least.
const TIMEOUTS: u32 = 4;
/// The sandbox in this process has no queue, and commits when it answers.
const IN_THIS_PROCESS: Duration = Duration::from_secs(1);

/// The settling time: what was asked for, else two minutes or four timeouts, whichever is longer. A shorter one is obeyed,
/// and the observer is told.
pub(super) fn settling_time(asked: Option<Duration>, session: &Session<'_>) -> Duration {
    let least = match session.target {
        Target::Sandbox => IN_THIS_PROCESS,
        Target::Api => LEAST.max(session.settings.timeout.saturating_mul(TIMEOUTS)),
    };
    let Some(asked) = asked else {
        return least;
    };
    if asked < least {
        let observer = session.observer;
        observer.note(&Note::ShortSettlingTime { asked, least });
    }
    asked
}
