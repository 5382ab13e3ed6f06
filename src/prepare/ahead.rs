//! What a survey may settle on its way, so that most rows need no second pass.
//!
//! A row can be decided for good only when the whole file was seen: its dates wait for what their column proves, its
//! key for all other keys. But nearly always what the first rows prove is what all prove, and no key occurs twice. So
//! each piece is checked at once by what its thread has seen so far; the survey keeps, for each piece, under which
//! verdicts it was settled, and in the end those pieces need not be read again whose verdicts held and in which no key
//! occurs twice. A row that has anything to report makes its piece one that is read again: nothing is reported from
//! here.

use crate::partner::{Fingerprint, Fingerprinter};

/// What a survey looks for in rows on its way.
#[derive(Clone, Copy)]
pub enum Ahead<'a> {
    /// Nothing: all rows are read again anyway.
    Nothing,
    /// Rows that are valid and have nothing to report.
    Valid,
    /// Of these, rows that are done.
    Done(&'a Fingerprinter, &'a (dyn AreDone + Sync)),
}

/// Knows what an earlier run has settled.
pub trait AreDone {
    /// Whether all these rows, by key and fingerprint, are done.
    fn are_done(&self, rows: &mut dyn Iterator<Item = (&str, &Fingerprint)>) -> bool;
}

/// What is known of the rows of settled pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Settled {
    /// Nothing: nobody looked.
    #[default]
    Unknown,
    /// All are valid, with nothing to report.
    Valid,
    /// And done.
    Done,
}

impl Ahead<'_> {
    pub(super) fn settles(self) -> Settled {
        match self {
            Ahead::Nothing => Settled::Unknown,
            Ahead::Valid => Settled::Valid,
            Ahead::Done(..) => Settled::Done,
        }
    }
}
