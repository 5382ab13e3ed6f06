//! How many rows may be under way while the API is, or may still be, out of order (pure but for the time it is given).
//!
//! When the API does not answer, nothing is sent. When it seems to answer again, one row is tried, and twice as many with each
//! that is created: an API whose list works and whose creates fail costs a row a pause, not a file of rows in doubt.

use tokio::time::Instant;

/// Creates that fail, one after the other, each right after a question was answered: the API is there, and does not create.
const ANSWERED_FAILURES: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// As many as there are workers.
    Free,
    /// None: the API is waited for.
    Held,
    /// So many: the API answers questions again.
    Trying(usize),
}

/// The rows that may be under way.
#[derive(Debug)]
pub(super) struct Flow {
    workers: usize,
    phase: Phase,
    /// When the outage began that no created row has ended yet.
    since: Option<Instant>,
    /// How often it seemed to be over.
    relapses: u32,
    /// Creates that the API itself failed to do while it answered questions.
    answered_failures: u32,
}

impl Flow {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            workers,
            phase: Phase::Free,
            since: None,
            relapses: 0,
            answered_failures: 0,
        }
    }

    /// How many rows may be under way.
    pub(super) fn room(&self) -> usize {
        match self.phase {
            Phase::Free => self.workers,
            Phase::Held => 0,
            Phase::Trying(rows) => rows,
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.phase == Phase::Held
    }

    /// Whether the next failure holds everything again.
    pub(super) fn is_trying(&self) -> bool {
        matches!(self.phase, Phase::Trying(_))
    }

    /// Holds everything; returns since when the outage lasts and how often it seemed to be over. `None` where that has no
    /// sense any more: the API `answers` that it fails, again and again.
    pub(super) fn hold(&mut self, answers: bool, now: Instant) -> Option<(Instant, u32)> {
        if self.is_trying() {
            self.relapses += 1;
            self.answered_failures = if answers {
                self.answered_failures + 1
            } else {
                0
            };
            if self.answered_failures >= ANSWERED_FAILURES {
                return None;
            }
        }
        self.phase = Phase::Held;
        Some((*self.since.get_or_insert(now), self.relapses))
    }

    /// A question was answered: rows are tried.
    pub(super) fn answers(&mut self) {
        self.phase = Phase::Trying(1);
    }

    /// The API creates.
    pub(super) fn creates(&mut self) {
        if let Phase::Trying(rows) = self.phase {
            self.phase = if rows >= self.workers {
                Phase::Free
            } else {
                Phase::Trying(rows * 2)
            };
            (self.since, self.relapses, self.answered_failures) = (None, 0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn after_an_outage_one_row_is_tried_and_then_more() {
        let mut flow = Flow::new(8);
        let now = Instant::now();
        assert_eq!((flow.room(), flow.is_trying()), (8, false));
        assert_eq!(flow.hold(false, now), Some((now, 0)));
        assert_eq!((flow.room(), flow.is_held()), (0, true));
        // What was under way and succeeds says nothing of those that come.
        flow.creates();
        assert_eq!(flow.room(), 0);
        flow.answers();
        for rows in [1, 2, 4, 8, 8] {
            assert_eq!(flow.room(), rows);
            flow.creates();
        }
        assert!(!flow.is_trying());
    }

    #[test]
    fn an_outage_lasts_until_a_row_is_created() {
        let mut flow = Flow::new(8);
        let begin = Instant::now();
        let later = begin + Duration::from_secs(9);
        flow.hold(false, begin);
        // Silence may go on for as long as it is waited for.
        for relapses in 1..20 {
            flow.answers();
            assert_eq!(flow.hold(false, later), Some((begin, relapses)));
        }
        flow.answers();
        flow.creates();
        assert_eq!(flow.hold(false, later), Some((later, 1)));
    }

    #[test]
    fn an_api_that_answers_and_does_not_create_ends_the_run() {
        let mut flow = Flow::new(8);
        let now = Instant::now();
        assert!(flow.hold(true, now).is_some());
        for _ in 1..ANSWERED_FAILURES {
            flow.answers();
            assert!(flow.hold(true, now).is_some());
        }
        flow.answers();
        assert_eq!(flow.hold(true, now), None);
    }
}
