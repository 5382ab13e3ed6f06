//! Signals of the process, watched from its first step to its last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Builder;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

#[cfg(unix)]
use crate::config::is_hangup_ignored;
use crate::delivery::{Stop, StopReason};
use crate::report::RunEnding;

/// Watches for SIGINT, SIGTERM and SIGHUP on a thread of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watcher {
    stop: Stop,
    is_draining: Arc<AtomicBool>,
}

impl Watcher {
    /// Installs the handlers: they are there when this returns, since the first process of a container has no others.
    pub(crate) fn start() -> Self {
        let watcher = Self::default();
        if let Ok(runtime) = Builder::new_current_thread().enable_io().build() {
            let signals = {
                let _entered = runtime.enter();
                Signals::new()
            };
            let watching = watcher.clone();
            // Where there is no thread, the handlers would take signals that nobody sees: then little else works.
            let _ = std::thread::Builder::new()
                .name("signals".to_owned())
                .spawn(move || runtime.block_on(watching.watch(signals)));
        }
        watcher
    }

    /// What the first signal stops from now on. Until then it ends the process at once: there is nothing to put in order.
    pub(crate) fn drain(&self) -> Stop {
        self.is_draining.store(true, Ordering::SeqCst);
        self.stop()
    }

    /// What the first signal stops after [`Watcher::drain`].
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// First signal: stop in good order. Second: end at once; the state has everything that matters.
    async fn watch(self, mut signals: Signals) {
        signals.next().await;
        if self.is_draining.load(Ordering::SeqCst) {
            self.stop.request(StopReason::Interrupted);
            signals.next().await;
        }
        end_at_once();
    }
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
struct Signals([Option<Signal>; 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        // A file that grows beyond the process's limit (`ulimit -f`) is then an error like a full disk's; it would end the process
        // without a word. Whoever is installed stays so, and nobody has to listen.
        let too_large = rustix::process::Signal::XFSZ.as_raw();
        drop(signal(SignalKind::from_raw(too_large)));
        // `nohup` has it ignored, so that the run outlives its terminal.
        let hangup = (!is_hangup_ignored()).then(SignalKind::hangup);
        let kinds = [
            Some(SignalKind::interrupt()),
            Some(SignalKind::terminate()),
            hangup,
        ];
        Self(kinds.map(|kind| kind.and_then(|kind| signal(kind).ok())))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            () = one(interrupt) => {}
            () = one(terminate) => {}
            () = one(hangup) => {}
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
