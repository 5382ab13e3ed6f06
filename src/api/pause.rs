//! Pauses that a server asks for.

use std::time::Duration;

use crate::clock::{Clock, spoken};

/// The longest pause that a server may ask for, and the clock by which its end is reported.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    pub(super) most: Duration,
    pub(super) clock: Clock,
}

impl Patience {
    /// In words, where a pause is longer than anybody waits.
    pub(super) fn is_over(&self, time: Duration) -> Option<String> {
        (time > self.most).then(|| {
            format!(
                "the API asks to wait until {} ({}), longer than --outage ({})",
                self.clock.now().after(time).to_words(time),
                spoken(time),
                spoken(self.most)
            )
        })
    }
}

/// A time in which nothing was sent because the server asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When the server's request for it arrived.
    pub from: std::time::Instant,
    /// When it ended, or is to end.
    pub to: std::time::Instant,
    /// Whether the server refused for being asked too often.
    pub throttled: bool,
}
