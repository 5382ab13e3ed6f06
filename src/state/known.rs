//! What is known of a row.

use super::record::RecordState;
use crate::partner::{ExternalId, Fingerprint, PartnerId};

/// What the state knows of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What is known of its partner.
    pub state: RecordState,
    /// The hash of what was sent, or was to be sent; none where it was made with a key that is not at hand.
    pub fingerprint: Option<Fingerprint>,
    /// The partner's id, where it is created.
    pub partner: Option<PartnerId>,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// What the API said in its last answer, scrubbed.
    pub words: Option<String>,
    /// What its partner would be known by, as it was sent.
    pub legacy_identifier: ExternalId,
    /// What its partner would be called, as it was sent.
    pub business_name: String,
    /// Creates that were asked for and are not proved unmade.
    pub posts: u32,
    /// Those of them whose answer was lost.
    pub lost: u32,
}

impl Known {
    /// Whether its partner exists.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.state == RecordState::Created
    }
}
