//! Why a run stops early, and the signal that says so to everybody.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use crate::api::ApiError;

/// Why a run ends before all rows were tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// 401 that remains, 403 again and again, or a proxy's 407.
    NotAuthorised(String),
    /// The API sends requests to another address.
    Redirected(String),
    /// The API cannot be reached, or everything fails.
    ApiDown(String),
    /// `--max-duration` is over.
    TimeOver,
    /// The state cannot be written.
    State(String),
    /// The source changed or broke off.
    Source(String),
    /// More rows are new than may be.
    TooManyNew(String),
    /// A room found a fault of its own.
    Internal(String),
}

impl StopReason {
    /// The reason in an answer to a question after which no other question or create has sense; `None` where it speaks of
    /// the question alone.
    #[must_use]
    pub fn of(error: &ApiError) -> Option<Self> {
        let words = error.to_string();
        match error {
            ApiError::Unauthorised(_) | ApiError::ProxyAuthentication(_) => {
                Some(StopReason::NotAuthorised(words))
            }
            ApiError::Redirected(_) => Some(StopReason::Redirected(words)),
            ApiError::Outage(_) | ApiError::AsksToWait(_) => Some(StopReason::ApiDown(words)),
            _ => None,
        }
    }
}

impl StopReason {
    /// The reason without any words of the API, for messages that leave the machine.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            StopReason::NotAuthorised(_) => {
                "the API, or something before it, did not accept the token or did not allow the requests (401, 403 or 407)".to_owned()
            }
            StopReason::Redirected(_) => {
                "the API sends requests to another address (a redirect)".to_owned()
            }
            StopReason::ApiDown(_) => {
                "the API did not answer, or not as it should".to_owned()
            }
            // Their words are our own.
            StopReason::Interrupted
            | StopReason::TimeOver
            | StopReason::State(_)
            | StopReason::Source(_)
            | StopReason::TooManyNew(_)
            | StopReason::Internal(_) => self.to_string(),
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Interrupted => f.write_str("interrupted"),
            StopReason::NotAuthorised(words)
            | StopReason::Redirected(words)
            | StopReason::ApiDown(words)
            | StopReason::State(words)
            | StopReason::Source(words)
            | StopReason::TooManyNew(words)
            | StopReason::Internal(words) => f.write_str(words),
            StopReason::TimeOver => f.write_str("the time of --max-duration is over"),
        }
    }
}

/// The signal. The first reason stands; later ones change nothing.
///
/// Signals form a tree: who stops a parent stops all its children, with the parent's reason; a child that stops leaves
/// its parent and its siblings alone. The process has one signal, each operation a child of it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Node>);

#[derive(Debug)]
struct Node {
    reason: watch::Sender<Option<StopReason>>,
    flag: watch::Sender<bool>,
    /// Held while a reason is set, so that a child made meanwhile misses nothing.
    children: Mutex<Vec<Weak<Node>>>,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            reason: watch::Sender::new(None),
            flag: watch::Sender::new(false),
            children: Mutex::default(),
        }
    }
}

impl Node {
    fn request(&self, reason: StopReason) {
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        for child in children.iter().filter_map(Weak::upgrade) {
            child.request(reason.clone());
        }
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
}

impl Stop {
    /// A signal that this one stops too.
    #[must_use]
    pub fn child(&self) -> Self {
        let child = Self::default();
        let mut children = self
            .0
            .children
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        children.retain(|c| c.strong_count() > 0);
        if let Some(reason) = self.reason() {
            child.0.request(reason);
        } else {
            children.push(Arc::downgrade(&child.0));
        }
        child
    }

    /// Asks everybody to stop.
    pub fn request(&self, reason: StopReason) {
        self.0.request(reason);
    }

    /// Why, where somebody asked.
    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        self.0.reason.borrow().clone()
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.flag.borrow()
    }

    /// The flag alone, for the limiter.
    #[must_use]
    pub fn flag(&self) -> watch::Receiver<bool> {
        self.0.flag.subscribe()
    }

    /// Waits until somebody asks.
    pub async fn requested(&self) {
        let mut flag = self.0.flag.subscribe();
        let _ = flag.wait_for(|f| *f).await;
    }

    /// Waits for `time` or until somebody asks; true where nobody did.
    pub async fn pause(&self, time: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(time) => !self.is_requested(),
            () = self.requested() => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_stops_its_children_and_not_the_other_way_round() {
        let parent = Stop::default();
        let (first, second) = (parent.child(), parent.child());
        let grandchild = first.child();
        first.request(StopReason::TimeOver);
        assert!(grandchild.is_requested());
        assert!(!parent.is_requested() && !second.is_requested());
        parent.request(StopReason::Interrupted);
        assert_eq!(second.reason(), Some(StopReason::Interrupted));
        // The first reason stands.
        assert_eq!(first.reason(), Some(StopReason::TimeOver));
        assert_eq!(grandchild.reason(), Some(StopReason::TimeOver));
        // One that is born late is stopped at once.
        assert_eq!(parent.child().reason(), Some(StopReason::Interrupted));
    }

    /// The process has one signal, and a `sync` many operations.
    #[test]
    fn children_that_are_gone_are_forgotten() {
        let parent = Stop::default();
        let kept = parent.child();
        for _ in 0..100 {
            drop(parent.child());
        }
        assert!(parent.0.children.lock().unwrap().len() <= 2);
        parent.request(StopReason::Interrupted);
        assert!(kept.is_requested());
    }

    #[test]
    fn what_concerns_every_question_stops_the_run() {
        use crate::partner::ApiWords;
        let words = || ApiWords::new("no");
        for (error, reason) in [
            (ApiError::Unauthorised(words()), Some("not authorised")),
            (
                ApiError::ProxyAuthentication(words()),
                Some("not authorised"),
            ),
            (ApiError::Redirected(words()), Some("redirected")),
            (ApiError::Outage("no".to_owned()), Some("down")),
            (ApiError::AsksToWait("no".to_owned()), Some("down")),
            (ApiError::Forbidden(words()), None),
            (ApiError::Unreachable(words()), None),
            (ApiError::Unreadable(words()), None),
            (ApiError::Stopped, None),
        ] {
            let stop = StopReason::of(&error);
            let kind = stop.as_ref().map(|reason| match reason {
                StopReason::NotAuthorised(_) => "not authorised",
                StopReason::Redirected(_) => "redirected",
                StopReason::ApiDown(_) => "down",
                other => panic!("{other:?}"),
            });
            assert_eq!(kind, reason, "{error:?}");
            if let Some(stop) = stop {
                assert_eq!(stop.to_string(), error.to_string());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_when_somebody_asks() {
        let parent = Stop::default();
        let child = parent.child();
        assert!(child.pause(Duration::from_hours(1)).await);
        let waiting = tokio::spawn(async move { child.pause(Duration::from_hours(1)).await });
        tokio::task::yield_now().await;
        parent.request(StopReason::Interrupted);
        assert!(!waiting.await.unwrap());
    }
}
