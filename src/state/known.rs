//! What is known of a row, looked up by its key.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::record::RecordState;
use super::space::SpaceId;
use crate::partner::{Fingerprint, PartnerId};

/// What the state knows of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What is known of its partner.
    pub state: RecordState,
    /// The hash of what was sent, or was to be sent.
    pub fingerprint: Fingerprint,
    /// The partner's id, where it is created.
    pub partner: Option<PartnerId>,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// What the API said in its last answer, scrubbed.
    pub words: Option<String>,
}

/// Looks rows up by `KNOWN_OF`, prepared once.
pub(super) fn look_up(
    statement: &mut rusqlite::Statement<'_>,
    space: SpaceId,
    key: &str,
) -> rusqlite::Result<Option<Known>> {
    statement
        .query_row(params![space.0, key], |r| {
            Ok(Known {
                state: RecordState::from_code(r.get(0)?).unwrap_or(RecordState::InDoubt),
                fingerprint: Fingerprint(r.get(1)?),
                partner: r.get_ref(2)?.as_str_or_null()?.map(PartnerId::new),
                status: r.get(3)?,
                words: r.get(4)?,
            })
        })
        .optional()
}

pub(super) const KNOWN_OF: &str =
    "SELECT state, fingerprint, partner, status, words FROM record WHERE space = ?1 AND key = ?2";

pub(super) fn known_of(
    c: &Connection,
    space: SpaceId,
    key: &str,
) -> rusqlite::Result<Option<Known>> {
    look_up(&mut *c.prepare_cached(KNOWN_OF)?, space, key)
}
