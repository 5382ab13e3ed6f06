//! What is known of a row, looked up by its key.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::hash_key::KeyNumber;
use super::record::RecordState;
use super::space::SpaceId;
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

/// Looks rows up by `KNOWN_OF`, prepared once.
pub(super) fn look_up(
    statement: &mut rusqlite::Statement<'_>,
    space: SpaceId,
    number: KeyNumber,
    key: &str,
) -> rusqlite::Result<Option<Known>> {
    statement
        .query_row(params![space.0, key], |r| {
            Ok(Known {
                state: RecordState::from_code(r.get(0)?).unwrap_or(RecordState::InDoubt),
                fingerprint: number.told(r.get(9)?, r.get(1)?),
                partner: r.get_ref(2)?.as_str_or_null()?.map(PartnerId::new),
                status: r.get(3)?,
                words: r.get(4)?,
                legacy_identifier: ExternalId::new(r.get::<_, String>(5)?),
                business_name: r.get(6)?,
                posts: r.get(7)?,
                lost: r.get(8)?,
            })
        })
        .optional()
}

pub(super) const KNOWN_OF: &str = "SELECT state, fingerprint, partner, status, words, legacy, name, posts, lost, hash_key FROM record WHERE space = ?1 AND key = ?2";

pub(super) fn known_of(
    c: &Connection,
    space: SpaceId,
    number: KeyNumber,
    key: &str,
) -> rusqlite::Result<Option<Known>> {
    look_up(&mut *c.prepare_cached(KNOWN_OF)?, space, number, key)
}
