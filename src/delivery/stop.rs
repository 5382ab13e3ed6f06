//! Why a run stops early, and the signal that says so to everybody.

use std::fmt;

use tokio::sync::watch;

/// Why a run ends before all rows were tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// 401 or 403 that remains.
    NotAuthorised(String),
    /// The API cannot be reached, or everything fails.
    ApiDown(String),
    /// `--max-duration` is over.
    TimeOver,
    /// The ledger cannot be written.
    State(String),
    /// The source changed or broke off.
    Source(String),
    /// A room found a fault of its own.
    Internal(String),
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Interrupted => f.write_str("interrupted"),
            StopReason::NotAuthorised(words)
            | StopReason::ApiDown(words)
            | StopReason::State(words)
            | StopReason::Source(words)
            | StopReason::Internal(words) => f.write_str(words),
            StopReason::TimeOver => f.write_str("the time of --max-duration is over"),
        }
    }
}

/// The signal. The first reason stands; later ones change nothing.
#[derive(Debug, Clone)]
pub struct Stop {
    reason: watch::Sender<Option<StopReason>>,
    flag: watch::Sender<bool>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            reason: watch::Sender::new(None),
            flag: watch::Sender::new(false),
        }
    }
}

impl Stop {
    /// Asks everybody to stop.
    pub fn request(&self, reason: StopReason) {
        let first = self.reason.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason);
            }
            first
        });
        if first {
            self.flag.send_replace(true);
        }
    }

    /// Why, where somebody asked.
    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        self.reason.borrow().clone()
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.flag.borrow()
    }

    /// The flag alone, for the limiter.
    #[must_use]
    pub fn flag(&self) -> watch::Receiver<bool> {
        self.flag.subscribe()
    }

    /// Waits until somebody asks.
    pub async fn requested(&self) {
        let mut flag = self.flag.subscribe();
        let _ = flag.wait_for(|f| *f).await;
    }
}
