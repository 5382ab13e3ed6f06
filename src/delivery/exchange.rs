//! What a delivery and whoever runs it hand each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::api::Outage;
use crate::diagnostic::Diagnostic;
use crate::partner::PreparedPartner;
use crate::state::Doubt;

/// Rows that a run may still send, where their number is limited. Whoever hands rows over takes one for each; the delivery
/// takes one for a row that an earlier run left in doubt, once it is to be sent again.
#[derive(Debug, Clone)]
pub struct MaySend(Arc<AtomicU64>);

impl MaySend {
    /// So many rows.
    #[must_use]
    pub fn new(rows: u64) -> Self {
        Self(Arc::new(AtomicU64::new(rows)))
    }

    /// Takes one; false where none is left.
    #[must_use]
    pub fn take(&self) -> bool {
        let one_less = |rows: u64| rows.checked_sub(1);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.is_ok()
    }

    /// Gives back what was taken for rows that were not sent.
    pub fn give_back(&self, rows: u64) {
        self.0.fetch_add(rows, Ordering::Relaxed);
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// How a delivery is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Requests under way at most.
    pub workers: usize,
    /// How long after its last possible moment a request may still be processed.
    pub settle: Duration,
    /// Send rows again that the API rejected with the same payload.
    pub retry_rejected: bool,
    /// A person settles what was posted too often: absence, proved, lets such a row go again.
    pub settles_for_a_person: bool,
    /// Rows that may be sent, where their number is limited.
    pub may_send: Option<MaySend>,
    /// Whether other machines are at the same rows: what one of them has is postponed until it has settled it.
    pub shares: bool,
    /// Whether the log may name rows, and quote the API, which may quote a row.
    pub log: RowsInLog,
    /// The wait for an API that does not answer.
    pub outage: Outage,
}

/// Whether a row's key, which is a value of the source, may stand in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsInLog {
    /// Each by its key.
    Named,
    /// None.
    Unnamed,
}

/// What the feeder hands over.
#[derive(Debug)]
pub enum Input {
    /// Rows to send: the state has nothing against it.
    Rows(Vec<PreparedPartner>),
    /// Rows that were posted before: to send, if a look-up does not find them.
    PostedBefore(Vec<PreparedPartner>),
    /// Rows whose record was in doubt when the feeder looked.
    Doubtful(Vec<PreparedPartner>),
    /// All rows of a pass were handed over. Answered when all of them are settled or postponed.
    EndOfPass(oneshot::Sender<PassEnd>),
    /// The same where more rows may come from other machines: doubts whose row was not met yet are not waited for.
    EndOfPart(oneshot::Sender<PassEnd>),
    /// Doubts of a machine that was lost, which are ours from now on.
    Doubts(Vec<Doubt>),
}

/// What a pass left.
#[derive(Debug, Default)]
pub struct PassEnd {
    /// Ordinals of rows whose parent has no partner yet, ascending.
    pub postponed: Vec<u32>,
    /// Rows that got their partner in this pass: without any, another pass changes nothing.
    pub progress: u64,
    /// Doubts that are not settled yet, and not given up.
    pub open: u64,
}

/// What a delivery leaves that is not in its rows' outcomes.
#[derive(Debug, Default)]
pub struct Leftover {
    /// Rows of earlier runs that are still in doubt.
    pub doubts: u64,
    /// Deferred rows that the run went on without: each was refused by itself, and a person has to look at it.
    pub set_aside: u64,
    /// Rows of earlier runs that were in doubt and have no partner, and that a limit did not reach.
    pub not_reached: u64,
    /// Partners that the API holds several times, found while doubts of earlier runs were settled.
    pub duplicates: Vec<Diagnostic>,
}
