//! When a workbench that nobody uses any more ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long after the last page was closed.
const AFTER_CLOSE: Duration = Duration::from_mins(1);

/// Which pages are open. A page says so by a connection that it holds; without script it cannot, so until one did the time of
/// `--for` alone ends the workbench.
#[derive(Debug, Clone, Default)]
pub(super) struct Life(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    open: usize,
    closed: Option<Instant>,
}

/// A page that is open. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct OpenPage(Life);

impl Life {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page was opened.
    pub(super) fn open(&self) -> OpenPage {
        self.pages().open += 1;
        OpenPage(self.clone())
    }

    /// Somebody without script, or between two pages, did something: the minute begins again.
    pub(super) fn seen(&self) {
        let mut pages = self.pages();
        if pages.closed.is_some() {
            pages.closed = Some(Instant::now());
        }
    }

    /// Waits until no page has been open for a minute, or for `most`.
    pub(super) async fn over(&self, most: Duration) -> Ended {
        let end = Instant::now() + most;
        loop {
            let next = {
                let pages = self.pages();
                match pages.closed.filter(|_| pages.open == 0) {
                    Some(closed) => (closed + AFTER_CLOSE).min(end),
                    None => end,
                }
            };
            let now = Instant::now();
            if now >= next {
                return if now >= end {
                    Ended::TimeOver
                } else {
                    Ended::Closed
                };
            }
            // A page that is opened or closed meanwhile is noticed within the second.
            tokio::time::sleep((next - now).min(Duration::from_secs(1))).await;
        }
    }
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        let mut pages = self.0.pages();
        pages.open -= 1;
        pages.closed = Some(Instant::now());
    }
}

/// Why a workbench ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The page was closed.
    Closed,
    /// The time that it may take was over.
    TimeOver,
    /// Somebody stopped it.
    Stopped,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_hours(8);

    #[tokio::test(start_paused = true)]
    async fn it_ends_a_minute_after_the_last_page_was_closed() {
        let life = Life::default();
        let (one, other) = (life.open(), life.open());
        let begun = Instant::now();
        let waiting = tokio::spawn({
            let life = life.clone();
            async move { (life.over(LONG).await, begun.elapsed()) }
        });
        tokio::time::sleep(Duration::from_mins(10)).await;
        drop(one);
        tokio::time::sleep(Duration::from_mins(10)).await;
        drop(other);
        // Reloaded: closed and opened again.
        tokio::time::sleep(Duration::from_secs(30)).await;
        let again = life.open();
        tokio::time::sleep(Duration::from_mins(10)).await;
        drop(again);
        let (ended, after) = waiting.await.unwrap();
        assert_eq!(ended, Ended::Closed);
        assert!((1890..=1892).contains(&after.as_secs()), "{after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_script_only_the_time_ends_it() {
        let life = Life::default();
        let begun = Instant::now();
        life.seen();
        assert_eq!(life.over(LONG).await, Ended::TimeOver);
        assert_eq!(begun.elapsed().as_secs(), LONG.as_secs());
    }
}
