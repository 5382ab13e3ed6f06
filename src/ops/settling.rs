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
/// and the observer is informed.
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::clock::Clock;
    use crate::config::{ConfigFile, Resolved};
    use crate::delivery::Stop;
    use crate::ops::{Observer, OpError};
    use crate::report::{Counters, Detected};

    /// Counts the warnings.
    #[derive(Default)]
    struct Warned(Mutex<usize>);

    impl Observer for Warned {
        fn found(&self, _: &[Detected]) {}

        fn note(&self, note: &Note<'_>) {
            assert!(matches!(note, Note::ShortSettlingTime { .. }), "{note:?}");
            *self.0.lock().unwrap() += 1;
        }

        fn trouble(&self, error: &OpError) {
            panic!("{error}");
        }

        fn progress(&self, _: &Arc<Counters>) {}
    }

    #[test]
    fn it_is_two_minutes_or_four_timeouts_unless_somebody_says_otherwise() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let seconds = Duration::from_secs;
        let (api, sandbox) = (Target::Api, Target::Sandbox);
        for (target, timeout, asked, expected, warned) in [
            (api, 10, None, 120, 0),
            (api, 30, None, 120, 0),
            (api, 31, None, 124, 0),
            (api, 30, Some(120), 120, 0),
            (api, 30, Some(119), 119, 1),
            (api, 60, Some(239), 239, 1),
            (api, 30, Some(600), 600, 0),
            (sandbox, 60, None, 1, 0),
            (sandbox, 60, Some(0), 0, 1),
        ] {
            let settings = Resolved {
                transport: crate::config::Transport::default(),
                timeout: seconds(timeout),
                ..Resolved::least(None, &ConfigFile::default())
            };
            let observer = Warned::default();
            let session = Session {
                settings: &settings,
                target,
                clock: Clock::System,
                runtime: runtime.handle().clone(),
                stop: Stop::default(),
                observer: &observer,
            };
            let time = settling_time(asked.map(seconds), &session);
            assert_eq!(time, seconds(expected), "{timeout} {asked:?}");
            assert_eq!(*observer.0.lock().unwrap(), warned, "{timeout} {asked:?}");
        }
    }
}
