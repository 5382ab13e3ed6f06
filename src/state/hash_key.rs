//! The key by which this state hashes payloads. It lies beside the state (`key_file`); the state has only what tells one
//! key from another, and with each record the number of the key that its hash was made with.
//!
//! A key that is lost (the state was copied without it) is followed by a new one, with the next number. Of the rows that were
//! hashed with another one it is not known whether they changed.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::error::StateError;
use super::key_file::{self, Key};
use super::space::SpaceId;
use crate::partner::{Fingerprint, Fingerprinter, HashScheme};

/// The mark of states that were made before version 5.
const SCHEME_WHOLE: &[u8] = b"whole";
/// Where `meta` keeps what tells key number N from others.
const IDS: &str = "hash_key_id/";

/// The number of a key, counted from 0 in the order in which a state had them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyNumber(pub(super) i64);

impl KeyNumber {
    /// Of a key that no record was hashed with.
    const NONE: Self = Self(-1);

    /// A record's hash, where it was made with this key.
    pub(super) fn told(self, of_record: i64, fingerprint: [u8; 16]) -> Option<Fingerprint> {
        (of_record == self.0).then_some(Fingerprint(fingerprint))
    }
}

/// A hasher, and the number of its key.
#[derive(Debug, Clone)]
pub(super) struct StateKey {
    pub(super) number: KeyNumber,
    pub(super) fingerprinter: Fingerprinter,
}

/// A key that is not beside its state any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostKey {
    /// Where it should be.
    pub path: PathBuf,
    /// Where the file is that was in its place: the key of another state, or no key.
    pub aside: Option<PathBuf>,
    /// Rows of which it is not known whether they changed.
    pub rows: u64,
}

impl LostKey {
    /// The rows of a space that were hashed with another key than this one, if there are any.
    pub(super) fn find(
        c: &Connection,
        path: &Path,
        space: SpaceId,
        number: KeyNumber,
        aside: Option<PathBuf>,
    ) -> Result<Option<Self>, StateError> {
        let rows = untellable(c, space, number).map_err(|e| StateError::sqlite(path, e))?;
        Ok((rows > 0).then(|| Self {
            path: key_file::path_of(path),
            aside,
            rows,
        }))
    }
}

/// What tells a key from others, and nothing else of it.
fn id_of(key: &Key) -> [u8; 16] {
    let derived = blake3::derive_key("partner-sync 2026-11-26 id of a state's key", key);
    let mut id = [0; 16];
    id.copy_from_slice(&derived[..16]);
    id
}

/// The key as it lies beside the state, for who only reads: where it is lost, no record was hashed with it.
pub(super) fn for_reading(c: &Connection, path: &Path) -> Result<StateKey, StateError> {
    let key = key_file::read(path)?;
    let number = match &key {
        Some(key) => number_of(c, key).map_err(|e| StateError::sqlite(path, e))?,
        None => None,
    };
    match (key, number) {
        (Some(key), Some(number)) => with(c, path, &key, number),
        _ => with(c, path, &random(), KeyNumber::NONE),
    }
}

/// The key for who writes: where there is none, a new one is made. Returns where a file is that was in its place.
pub(super) fn for_writing(
    c: &mut Connection,
    path: &Path,
) -> Result<(StateKey, Option<PathBuf>), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    let there = key_file::read(path)?;
    if let Some(key) = &there
        && let Some(number) = number_of(c, key).map_err(sqlite)?
    {
        return Ok((with(c, path, key, number)?, None));
    }
    let transaction = c.transaction().map_err(sqlite)?;
    let sql = "SELECT count(*) FROM meta WHERE substr(name, 1, length(?1)) = ?1";
    let count: i64 = transaction
        .query_row(sql, [IDS], |r| r.get(0))
        .map_err(sqlite)?;
    // The key of a state that was deleted serves the new one: that state may be put back.
    let key = there.filter(|_| count == 0).unwrap_or_else(random);
    let aside = key_file::put(path, &key)?;
    let number = KeyNumber(count);
    note(&transaction, &key, number).map_err(sqlite)?;
    transaction.commit().map_err(sqlite)?;
    Ok((with(c, path, &key, number)?, aside))
}

/// Moves the key of a state before version 8 out of it, in the transaction that brings it there. The file is on the disk
/// before the transaction can be, so that the key is in one of both at every moment.
pub(super) fn move_out(transaction: &Transaction<'_>, path: &Path) -> Result<(), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    let key = meta(transaction, "hash_key").map_err(sqlite)?;
    let Some(key) = key.and_then(|k| Key::try_from(k).ok()) else {
        return Ok(());
    };
    if let Some(aside) = key_file::put(path, &key)? {
        tracing::warn!(
            aside = %aside.display(),
            "the key of another state was in the place of this state's key; it was moved aside"
        );
    }
    note(transaction, &key, KeyNumber(0)).map_err(sqlite)
}

fn untellable(c: &Connection, space: SpaceId, number: KeyNumber) -> rusqlite::Result<u64> {
    // Nearly always a state has one key.
    if number != KeyNumber::NONE && meta(c, &format!("{IDS}1"))?.is_none() {
        return Ok(0);
    }
    let sql = "SELECT count(*) FROM record WHERE space = ?1 AND hash_key <> ?2";
    let rows: i64 = c.query_row(sql, params![space.0, number.0], |r| r.get(0))?;
    Ok(rows.unsigned_abs())
}

fn note(c: &Connection, key: &Key, number: KeyNumber) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO meta (name, value) VALUES (?1, ?2)",
        params![format!("{IDS}{}", number.0), id_of(key)],
    )
    .map(drop)
}

fn number_of(c: &Connection, key: &Key) -> rusqlite::Result<Option<KeyNumber>> {
    let sql = "SELECT CAST(substr(name, length(?1) + 1) AS INTEGER) FROM meta
               WHERE substr(name, 1, length(?1)) = ?1 AND value = ?2";
    let number = c.query_row(sql, params![IDS, id_of(key)], |r| r.get(0));
    Ok(number.optional()?.map(KeyNumber))
}

fn with(c: &Connection, path: &Path, key: &Key, number: KeyNumber) -> Result<StateKey, StateError> {
    let scheme = meta(c, "hash_scheme").map_err(|e| StateError::sqlite(path, e))?;
    let scheme = match scheme.as_deref() {
        Some(SCHEME_WHOLE) => HashScheme::Whole,
        _ => HashScheme::Folded,
    };
    Ok(StateKey {
        number,
        fingerprinter: Fingerprinter::new(*key, scheme),
    })
}

fn meta(c: &Connection, name: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let value = "SELECT value FROM meta WHERE name = ?1";
    c.query_row(value, [name], |r| r.get(0)).optional()
}

fn random() -> Key {
    let mut key = [0; 32];
    key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::Query;

    /// The rows of a state that is older than the scheme are recognised by the one that they were hashed by.
    #[test]
    fn a_state_keeps_its_scheme() {
        let key = [7; 32];
        let of = |hasher: Fingerprinter| hasher.of(b"a body", &[], Query::default());
        let [whole, folded] = [HashScheme::Whole, HashScheme::Folded]
            .map(|scheme| of(Fingerprinter::new(key, scheme)));
        assert_ne!(whole, folded);
        for (scheme, expected) in [(None, folded), (Some("whole"), whole), (Some("x"), folded)] {
            let state = Connection::open_in_memory().unwrap();
            let table = "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)";
            state.execute_batch(table).unwrap();
            let put = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
            if let Some(scheme) = scheme {
                state
                    .execute(put, params!["hash_scheme", scheme.as_bytes()])
                    .unwrap();
            }
            let known = with(&state, Path::new("s.db"), &key, KeyNumber(0)).unwrap();
            assert_eq!(of(known.fingerprinter), expected, "{scheme:?}");
        }
    }
}
