//! Signals of the process, watched from the first step of a command to its last.

use tokio::runtime::Handle;

use crate::delivery::{Stop, StopReason};
use crate::report::RunEnding;

/// First signal: stop in good order. Second: end at once; the state has everything that matters.
pub(super) fn watch(runtime: &Handle, stop: &Stop) {
    let stop = stop.clone();
    runtime.spawn(async move {
        wait_for_signal().await;
        stop.request(StopReason::Interrupted);
        wait_for_signal().await;
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

async fn wait_for_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
