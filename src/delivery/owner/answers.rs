//! What the owner asked for comes back as one of these.

use tokio::time::Instant;

use crate::api::{ApiError, Found, RemotePartner, Sweep};
use crate::partner::{CreateOutcome, PartnerId, PreparedPartner, RowKey};
use crate::state::{Known, StateError};

/// A row with the ids that its links stand for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) row: PreparedPartner,
    pub(super) ids: Vec<PartnerId>,
}

/// What to do once a settlement is on the disk.
pub(super) enum After {
    Made(Box<Job>, PartnerId),
    Refused(Box<Job>, u16, String),
    Lost(Box<Job>, String),
    Unsent(Box<Job>),
    Found {
        key: RowKey,
        hits: Vec<RemotePartner>,
    },
    Absent(RowKey),
}

/// What a task of the owner came back with.
pub(super) enum Done {
    Claimed(Vec<Job>, Result<(), StateError>),
    Answered(Box<Job>, CreateOutcome, u32),
    Settled(Vec<After>, Result<(), StateError>),
    /// Rows with links, and what is known of the rows they point to.
    Parents(Vec<PreparedPartner>, Vec<Vec<Option<Known>>>),
    /// Rows whose doubt was settled before they came.
    Rechecked(Vec<PreparedPartner>, Vec<Option<Known>>),
    ReadFailed(Vec<PreparedPartner>, StateError),
    Looked(RowKey, Instant, Result<Found, ApiError>),
    Swept(Vec<RowKey>, Instant, Result<Sweep, ApiError>),
}
