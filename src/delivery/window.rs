//! How many rows to claim ahead of the workers (pure).
//!
//! A claim costs a commit, so fast APIs want many rows to a commit. But every claimed row that a crash
//! leaves unsent has to be looked up by the next run, so slow APIs want few. The window starts at one
//! batch for each worker round, doubles whenever the workers ran dry while a claim was being committed,
//! and shrinks again when what was claimed lies about unsent.

/// Rows claimed in one commit at most.
const LARGEST: usize = 2048;

/// The claim window.
#[derive(Debug)]
pub(super) struct Window {
    smallest: usize,
    size: usize,
}

impl Window {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            smallest: workers.max(1),
            size: workers.max(1),
        }
    }

    /// Rows that may be claimed now, given how many are claimed and not yet being sent.
    pub(super) fn room(&self, claimed: usize) -> usize {
        // Half empty before it is filled again: a commit then carries half a window, not single rows.
        if claimed * 2 > self.size {
            0
        } else {
            self.size - claimed
        }
    }

    /// Rows in one commit at present.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Workers waited while a claim was being committed.
    pub(super) fn starved(&mut self) {
        self.size = (self.size * 2).min(LARGEST.max(self.smallest));
    }

    /// A claim came while there was still plenty to send.
    pub(super) fn plenty(&mut self) {
        self.size = (self.size - self.size / 8).max(self.smallest);
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn it_grows_by_need_and_shrinks_back() {
        let mut window = Window::new(8);
        assert_eq!((window.room(0), window.room(4), window.room(5)), (8, 4, 0));
        for _ in 0..20 {
            window.starved();
        }
        assert_eq!(window.room(0), 2048);
        window.plenty();
        assert_eq!(window.room(0), 2048 - 256);
        for _ in 0..100 {
            window.plenty();
        }
        assert!(window.room(0) < 16);
    }
}
