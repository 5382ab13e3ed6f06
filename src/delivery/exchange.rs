//! What a delivery and whoever runs it hand each other.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::api::Outage;
use crate::diagnostic::Diagnostic;
use crate::partner::PreparedPartner;

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
    /// The wait for an API that does not answer.
    pub outage: Outage,
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
}

/// What a pass left.
#[derive(Debug, Default)]
pub struct PassEnd {
    /// Ordinals of rows whose parent has no partner yet, ascending.
    pub postponed: Vec<u32>,
    /// Rows that got their partner in this pass: without any, another pass changes nothing.
    pub progress: u64,
}

/// What a delivery leaves that is not in its rows' outcomes.
#[derive(Debug, Default)]
pub struct Leftover {
    /// Rows of earlier runs that are still in doubt.
    pub doubts: u64,
    /// Deferred rows that the run went on without: each was refused by itself, and a person has to look at it.
    pub set_aside: u64,
    /// Partners that the API holds several times, found while doubts of earlier runs were settled.
    pub duplicates: Vec<Diagnostic>,
}
