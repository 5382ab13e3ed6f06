//! The keys of the hashes, as `meta` knows them.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::super::error::StateError;
use super::super::hash_key::{KeyNumber, LostKey, StateKey, id_of, random};
use super::super::key_file::{self, Key};
use super::super::space::SpaceId;
use super::file::key_path;
use crate::partner::{Fingerprinter, HashScheme};

/// The mark of states that were made before version 5.
const SCHEME_WHOLE: &[u8] = b"whole";
/// Where `meta` keeps what tells key number N from others.
const IDS: &str = "hash_key_id/";

/// The rows of a space that were hashed with another key than this one, if there are any.
pub(super) fn find_lost(
    c: &Connection,
    path: &Path,
    space: SpaceId,
    number: KeyNumber,
    aside: Option<PathBuf>,
) -> Result<Option<LostKey>, StateError> {
    let rows = untellable(c, space, number).map_err(|e| StateError::sqlite(path, e))?;
    Ok((rows > 0).then(|| LostKey {
        path: key_path(path),
        aside,
        rows,
    }))
}

/// The key as it lies beside the state, for who only reads: where it is lost, no record was hashed with it.
pub(super) fn for_reading(c: &Connection, path: &Path) -> Result<StateKey, StateError> {
    let key = key_file::read(&key_path(path))?;
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
    let there = key_file::read(&key_path(path))?;
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
    let aside = key_file::put(&key_path(path), &key)?;
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
    if let Some(aside) = key_file::put(&key_path(path), &key)? {
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
