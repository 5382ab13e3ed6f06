//! What is known of a row, looked up by its key.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::hash_key::KeyNumber;
use super::super::known::Known;
use super::super::record::RecordState;
use super::super::space::SpaceId;
use crate::partner::{ExternalId, PartnerId};

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
