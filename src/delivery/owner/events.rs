//! What the owner's tasks end with, and what follows from it.

use tokio::time::Instant;

use crate::api::{ApiError, Found, FoundMany, Place, RemotePartner, Waited};
use crate::delivery::partner_ids::PartnerIds;
use crate::delivery::trust::Witness;
use crate::partner::{CreateOutcome, PartnerId, PreparedPartner, RowKey};
use crate::state::{Known, PerRow, StateError};

/// A row with the ids that its links stand for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) row: PreparedPartner,
    pub(super) ids: Vec<PartnerId>,
    /// Requests for it that did not leave, before an outage held it back.
    pub(super) attempts: u32,
}

/// What to do once a settlement is on the disk.
pub(super) enum After {
    Made(Box<Job>, PartnerId),
    Refused(Box<Job>, u16, String),
    Lost(Box<Job>, Option<u16>, String),
    Unsent(Box<Job>),
    /// Refused by itself; the words say how.
    SetAside(Box<Job>, String),
    Found {
        key: RowKey,
        hits: Vec<RemotePartner>,
    },
    Absent(RowKey),
}

/// A row's last answer, and how many requests were sent for it.
pub(super) struct Answered {
    pub(super) job: Box<Job>,
    pub(super) outcome: CreateOutcome,
    pub(super) attempts: u32,
}

/// What a task of the owner ended with.
pub(super) enum Done {
    Claimed(Vec<Job>, Result<PerRow, StateError>),
    Answered(Answered),
    Settled(Vec<After>, Result<PerRow, StateError>),
    /// Rows with links, and what is known of the rows they point to.
    Parents(Vec<PreparedPartner>, Vec<Vec<Option<Known>>>),
    /// Rows whose doubt was settled before they came.
    Rechecked(Vec<PreparedPartner>, Vec<Option<Known>>),
    ReadFailed(Vec<PreparedPartner>, StateError),
    /// Ids of the state's rows.
    IdsRead(Result<PartnerIds, StateError>),
    Looked(RowKey, Instant, Result<Found, ApiError>),
    /// The wait for an API that did not answer is over.
    Waited(Waited),
    /// A walk for these rows, and among how many partners that are known to exist it was to show one.
    Swept(Vec<RowKey>, Instant, Result<FoundMany, ApiError>, usize),
    /// Partners of the state, which are known to exist.
    WitnessesRead(Result<Vec<Witness>, StateError>),
    /// Whether a search found a partner that is known to exist.
    Tried(Result<Option<Place>, ApiError>),
}

/// Whether partners of the state were read, by which ways of looking up are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StateWitnesses {
    Unread,
    Reading,
    Read,
}

/// Whether the ids of the state's rows are known: nothing is sent before they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdsOfState {
    Unread,
    Reading,
    Read,
}

/// Which rows a pass has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    All,
    /// More may come from other machines.
    Part,
}
