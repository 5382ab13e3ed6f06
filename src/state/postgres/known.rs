//! What is known of rows, as it is read.

use std::borrow::Cow;
use std::collections::HashMap;

use postgres::Row;

use super::super::hash_key::KeyNumber;
use super::super::known::Known;
use super::super::record::RecordState;
use crate::partner::{ExternalId, Fingerprint, PartnerId};

/// What is known of rows, by a space and an array of keys.
pub(super) const KNOWN: &str =
    "SELECT key, state, fingerprint, partner, status, words, legacy, name, posts, lost, hash_key
     FROM partner_sync.record WHERE space = $1 AND key = ANY ($2)";

/// What is known of rows, in the order asked.
pub(super) fn known_from(
    rows: &[Row],
    number: KeyNumber,
    asked: &[Cow<'_, str>],
) -> Vec<Option<Known>> {
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let known = |row: &Row| Known {
        state: RecordState::from_code(row.get(1)).unwrap_or(RecordState::InDoubt),
        fingerprint: fingerprint(row.get(2)).and_then(|f| number.told(row.get(10), f.0)),
        partner: row.get::<_, Option<&str>>(3).map(PartnerId::new),
        status: row
            .get::<_, Option<i64>>(4)
            .and_then(|s| u16::try_from(s).ok()),
        words: row.get(5),
        legacy_identifier: ExternalId::new(row.get::<_, String>(6)),
        business_name: row.get(7),
        posts: count(row.get(8)),
        lost: count(row.get(9)),
    };
    let by_key: HashMap<&str, &Row> = rows.iter().map(|row| (row.get(0), row)).collect();
    let find = |key: &Cow<'_, str>| by_key.get(key.as_ref()).map(|row| known(row));
    asked.iter().map(find).collect()
}

/// A fingerprint as it is kept.
pub(super) fn fingerprint(bytes: &[u8]) -> Option<Fingerprint> {
    bytes.try_into().ok().map(Fingerprint)
}
