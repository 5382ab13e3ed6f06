//! Whether a partner may be created at this moment: who sends has to hold the state, and may have lost it while it waited
//! for the rate, for a token, or suspended.
//!
//! It is asked before a create goes out, and once more when its body is: by then there is a connection, and the body is
//! the only part without which the request is none. A request that is sent anew on another connection asks again.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

type Ask = Box<dyn Fn() -> Option<bool> + Send + Sync>;

/// Says whether a partner may be created now. Without somebody who says it, always.
#[derive(Clone, Default)]
pub struct Gate(Arc<OnceLock<Ask>>);

/// How often one that is closed is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Gate {
    /// From now on `ask` decides: true for yes, false for not now, `None` for never again. The first one who is set stays.
    pub fn watch(&self, ask: impl Fn() -> Option<bool> + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(ask));
    }

    /// Whether it is open at this moment.
    pub(super) fn is_open(&self) -> bool {
        self.now() == Some(true)
    }

    /// Waits until it is open; false where it never will be.
    pub(super) async fn pass(&self) -> bool {
        loop {
            match self.now() {
                Some(true) => return true,
                Some(false) => tokio::time::sleep(LOOK_EVERY).await,
                None => return false,
            }
        }
    }

    fn now(&self) -> Option<bool> {
        self.0.get().map_or(Some(true), |ask| ask())
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.now()).finish()
    }
}

/// The body was asked for while the gate was closed.
#[derive(Debug, thiserror::Error)]
#[error("the state is not held any more, so it was not sent")]
pub(super) struct Closed;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_is_waited_for_and_one_that_is_shut_is_not() {
        let gate = Gate::default();
        assert!(gate.is_open() && gate.pass().await);
        let says = Arc::new(AtomicU8::new(1));
        let asked = Arc::clone(&says);
        gate.watch(move || {
            [None, Some(false), Some(true)][usize::from(asked.load(Ordering::SeqCst))]
        });
        gate.watch(|| Some(true));
        assert!(!gate.is_open());
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        says.store(2, Ordering::SeqCst);
        assert!(waiting.await.unwrap());
        says.store(0, Ordering::SeqCst);
        assert!(!gate.pass().await);
    }
}
