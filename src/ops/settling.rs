//! How long after its last possible moment a create may still be processed, and how long one may still leave a machine that was
//! lost.

use std::time::Duration;

use super::observer::Note;
use super::session::{Session, Target};
use crate::state::{StateAddress, Takeover};

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

/// Node's servers wait so long for the rest of a request (`requestTimeout`); load balancers end idle connections sooner.
const LEAST_TAKEOVER: Duration = Duration::from_mins(5);

/// Informs the observer where what a lost machine had under way may arrive later than the settings say. They are obeyed.
pub(super) fn heed_takeover(session: &Session<'_>) {
    let settings = session.settings;
    let is_shared = matches!(settings.state, StateAddress::Server(_));
    let least = LEAST_TAKEOVER.max(settings.timeout);
    if let Takeover::After(asked) = settings.database.takeover()
        && is_shared
        && asked < least
    {
        let note = Note::ShortTakeover { asked, least };
        session.observer.note(&note);
    }
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
            let is_short = matches!(
                note,
                Note::ShortSettlingTime { .. } | Note::ShortTakeover { .. }
            );
            assert!(is_short, "{note:?}");
            *self.0.lock().unwrap() += 1;
        }

        fn trouble(&self, error: &OpError) {
            panic!("{error}");
        }

        fn progress(&self, _: &Arc<Counters>) {}
    }

    #[test]
    fn a_takeover_that_is_short_is_told_where_the_state_is_shared() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let minutes = |n| Some(Takeover::After(Duration::from_mins(n)));
        let database = "postgres://u@h/d";
        for (state, timeout, takeover, warned) in [
            (database, 30, None, 0),
            (database, 30, minutes(5), 0),
            (database, 30, minutes(4), 1),
            (database, 301, minutes(5), 1),
            (database, 30, Some(Takeover::Never), 0),
            ("s.db", 30, minutes(4), 0),
        ] {
            let address = StateAddress::read(std::path::Path::new(state)).unwrap();
            let mut settings = Resolved {
                timeout: Duration::from_secs(timeout),
                state: address,
                ..Resolved::least(None, &ConfigFile::default())
            };
            settings.database.takeover = takeover;
            let observer = Warned::default();
            heed_takeover(&Session {
                settings: &settings,
                target: Target::Api,
                clock: Clock::System,
                runtime: runtime.handle().clone(),
                stop: Stop::default(),
                observer: &observer,
            });
            let found = *observer.0.lock().unwrap();
            assert_eq!(found, warned, "{state} {timeout} {takeover:?}");
        }
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
