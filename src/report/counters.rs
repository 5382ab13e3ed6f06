//! Counts that a progress display reads while the run goes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::partner::RowOutcome;

/// Rows by outcome, and how many there are to come: added to by the run, read by a progress display at any moment.
#[derive(Debug, Default)]
pub struct Counters {
    outcomes: [AtomicU64; 9],
    /// Rows that there are; 0 until they are counted.
    pub total: AtomicU64,
    /// Rows read by the counting pass.
    pub surveyed: AtomicU64,
    /// How far the import is that other machines are at as well, with the rows that were done and created here by then.
    whole: Mutex<Option<(WholePace, u64, u64)>>,
}

/// How far an import is, over all machines that share it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WholePace {
    /// Rows of its files.
    pub rows: u64,
    /// Rows that have an outcome.
    pub done: u64,
    /// Partners that were created, or found on the API.
    pub created: u64,
    /// Rows that the API rejected.
    pub rejected: u64,
    /// Machines that are at work on it.
    pub machines: u64,
    /// Seconds since it began.
    pub seconds: f64,
}

impl WholePace {
    /// Rows a second that were sent, since the import began; none where too few were.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let sent = self.created + self.rejected;
        #[expect(clippy::cast_precision_loss, reason = "a display of rows a second")]
        let rate = sent as f64 / self.seconds;
        (sent >= ENOUGH && rate.is_finite()).then_some(rate)
    }
}

/// Rows sent before a rate is given: of fewer, nothing follows.
pub(super) const ENOUGH: u64 = 5;

impl Counters {
    /// Counts `n` more rows of an outcome.
    pub fn add(&self, outcome: RowOutcome, n: u64) {
        self.outcomes[outcome as usize].fetch_add(n, Ordering::Relaxed);
    }

    /// How many rows have had this outcome so far.
    #[must_use]
    pub fn get(&self, outcome: RowOutcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    /// Notes how far the import is that other machines are at as well.
    pub fn set_whole(&self, whole: WholePace) {
        let seen = (whole, self.done(), self.created());
        *self.whole.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    /// How far the import is over all machines, where others are or were at it as well: what was seen last, and what this one has
    /// done since.
    #[must_use]
    pub fn whole(&self) -> Option<WholePace> {
        let seen = *self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut all, done, created) = seen?;
        let has_others = all.created + all.rejected > created + self.get(RowOutcome::Rejected);
        all.done = all.rows.min(all.done + self.done().saturating_sub(done));
        all.created += self.created().saturating_sub(created);
        (all.machines > 1 || has_others).then_some(all)
    }

    fn created(&self) -> u64 {
        self.get(RowOutcome::Created) + self.get(RowOutcome::Adopted)
    }

    /// Rows that have an outcome, over all machines where others are at the import as well.
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.whole().map_or_else(|| self.done(), |whole| whole.done)
    }

    /// Rows that have an outcome, whichever.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.outcomes
            .iter()
            .map(|n| n.load(Ordering::Relaxed))
            .sum()
    }
}
