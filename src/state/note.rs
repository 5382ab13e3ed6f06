//! What a run notes: rows that it is about to send, what became of them, and how it ended.

use std::time::Duration;

use super::record::Event;
use crate::clock::Timestamp;
use crate::partner::{ApiWords, ExternalId, Fingerprint, PartnerId, RowKey};

/// Intent: this row is about to be sent.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Value of the row's key column.
    pub key: RowKey,
    /// The hash of what will be sent.
    pub fingerprint: Fingerprint,
    /// What to look for on the API.
    pub legacy_identifier: ExternalId,
    /// What to search for on the API.
    pub business_name: String,
}

/// What became of a claimed row, or of a doubt.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Value of the row's key column.
    pub key: RowKey,
    /// What happened; never [`Event::Claim`].
    pub event: Event,
    /// The partner's id, for [`Event::Created`] and [`Event::FoundRemotely`].
    pub partner: Option<PartnerId>,
    /// Requests sent beyond the one that the claim counted; -1 where none was sent.
    pub more_attempts: i32,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// The API's words, scrubbed.
    pub words: Option<ApiWords>,
    /// What a partner found without a claim is known by.
    pub adopted: Option<Claim>,
}

impl Settlement {
    /// A settlement without further news.
    #[must_use]
    pub fn new(key: RowKey, event: Event) -> Self {
        Self {
            key,
            event,
            partner: None,
            more_attempts: 0,
            status: None,
            words: None,
            adopted: None,
        }
    }
}

/// A row whose outcome is unknown.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// Value of the row's key column.
    pub key: RowKey,
    /// What to look for.
    pub legacy_identifier: ExternalId,
    /// What to search for.
    pub business_name: String,
    /// The hash of what was sent; none where it was made with a key that is not at hand.
    pub fingerprint: Option<Fingerprint>,
    /// The last moment at which the request can have been on its way.
    pub since: Timestamp,
    /// HTTP status of the last answer, where there was one.
    pub status: Option<u16>,
    /// What was seen last, scrubbed.
    pub words: Option<String>,
    /// Creates that were asked for and are not proved unmade.
    pub posts: u32,
    /// Those of them whose answer was lost.
    pub lost: u32,
    /// How long, from when it was read, a look-up that does not find it proves nothing, whatever the settling time: the
    /// machine that sent it was lost, and may still be alive. None: for as long as nobody says that it is not.
    pub proves_nothing_for: Option<Duration>,
}

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub struct RunEnd {
    /// Exit code that the process will have.
    pub exit: u8,
    /// The summary, as JSON.
    pub summary: String,
    /// What its reports are made of again, as JSON without values of the source.
    pub report: Option<String>,
    /// Runs of the space whose problems are kept; older ones lose them, and their own record where no row names it.
    pub keep: Option<u32>,
    /// The last of the answers that came late and were reported: see [`super::Reader::twins`].
    pub told: i64,
}

/// A row whose answer came after another machine had taken it over, with another partner than the one that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// The number of the late answer.
    pub number: i64,
    /// Value of the row's key column.
    pub key: String,
    /// What both partners are known by.
    pub legacy_identifier: String,
    /// The partner that the state has.
    pub kept: PartnerId,
    /// The one that came late.
    pub late: PartnerId,
}
