//! Counts that a progress display reads while the run goes.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::partner::RowOutcome;

/// Rows by outcome, and how many there are to come: added to by the run, read by a progress display at any moment.
#[derive(Debug, Default)]
pub struct Counters {
    outcomes: [AtomicU64; 9],
    /// Rows that there are; 0 until they are counted.
    pub total: AtomicU64,
    /// Rows read by the counting pass.
    pub surveyed: AtomicU64,
}

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

    /// Rows that have an outcome, whichever.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.outcomes
            .iter()
            .map(|n| n.load(Ordering::Relaxed))
            .sum()
    }
}
