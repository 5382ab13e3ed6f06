//! Signals of the process, watched from the first step of a command to its last.

use tokio::runtime::Handle;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::delivery::{Stop, StopReason};
use crate::report::RunEnding;

/// First signal: stop in good order. Second: end at once; the state has everything that matters.
///
/// The handlers are there when this returns: a signal that comes right after the start is not one that kills.
pub(super) fn watch(runtime: &Handle, stop: &Stop) {
    let stop = stop.clone();
    let _entered = runtime.enter();
    let mut signals = Signals::new();
    runtime.spawn(async move {
        signals.next().await;
        stop.request(StopReason::Interrupted);
        signals.next().await;
        end_at_once();
    });
}

#[expect(
    clippy::exit,
    reason = "a second Ctrl-C means now: nothing is lost, and nothing may be waited for"
)]
fn end_at_once() {
    std::process::exit(i32::from(RunEnding::Interrupted.code()));
}

/// Ctrl-C and what ends a process elsewhere.
#[cfg(unix)]
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            () = one(&mut self.interrupt) => {}
            () = one(&mut self.terminate) => {}
        }
    }
}

/// The next signal of a kind; never where its handler could not be installed.
#[cfg(unix)]
async fn one(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
