//! Work that blocks its thread for as long as somebody else likes: a pipe that nobody writes to, a file on a network that
//! hangs, a person who does not answer. It has a thread of its own, and is left behind when a stop comes.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How often a stop is looked for. Work that ends is noticed at once.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long work may still take once a stop came: what is done in a moment leaves a run whole, with its reports.
const GRACE: Duration = Duration::from_secs(1);

/// Why there is no result.
#[derive(Debug)]
pub enum Unfinished {
    /// A stop came first.
    Stopped,
    /// The time was over first.
    TimeOver,
    /// The machine gives no thread.
    NoThread(io::Error),
}

/// Does `work` on a thread of its own and waits for it: until `stop` has been true for a second, and for `limit` at most.
/// What is not finished then goes on alone, and its result is dropped.
///
/// # Errors
/// [`Unfinished`] where there is no result to wait for any longer.
pub fn finish<T: Send + 'static>(
    limit: Option<Duration>,
    stop: &watch::Receiver<bool>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unfinished> {
    let begin = Instant::now();
    let mut stopped: Option<Instant> = None;
    let (finished, result) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("blocking".to_owned())
        .spawn(move || {
            // Whoever waited may be gone.
            let _ = finished.send(work());
        })
        .map_err(Unfinished::NoThread)?;
    loop {
        match result.recv_timeout(LOOK_EVERY) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => return Err(Unfinished::Stopped),
            },
            Err(RecvTimeoutError::Timeout) => {}
        }
        if *stop.borrow() && stopped.get_or_insert_with(Instant::now).elapsed() >= GRACE {
            return Err(Unfinished::Stopped);
        }
        if limit.is_some_and(|most| begin.elapsed() >= most) {
            return Err(Unfinished::TimeOver);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_does_not_end_is_left_behind() {
        let (stop, flag) = watch::channel(false);
        assert!(matches!(finish(None, &flag, || 7), Ok(7)));
        let (_never, forever) = mpsc::channel::<()>();
        let limit = Some(Duration::from_millis(50));
        let waited = finish(limit, &flag, move || forever.recv().is_err());
        assert!(matches!(waited, Err(Unfinished::TimeOver)), "{waited:?}");
        let (_never, forever) = mpsc::channel::<()>();
        let stopping = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            stop.send_replace(true);
            stop
        });
        let waited = finish(None, &flag, move || forever.recv().is_err());
        assert!(matches!(waited, Err(Unfinished::Stopped)), "{waited:?}");
        let _stop = stopping.join().unwrap();
        // What takes no time is done also after a stop.
        assert!(matches!(finish(None, &flag, || 7), Ok(7)));
    }
}
