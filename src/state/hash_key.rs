//! The key by which this state hashes payloads.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StateError;
use crate::partner::{Fingerprinter, HashScheme};

/// The mark of states that were made before version 5.
const SCHEME_WHOLE: &[u8] = b"whole";

/// The hasher of this state's payloads: its key is random and made with the state, and so is its scheme.
pub(super) fn fingerprinter(
    connection: &Connection,
    path: &Path,
) -> Result<Fingerprinter, StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    let stored = |name: &str| -> Result<Option<Vec<u8>>, StateError> {
        let value = "SELECT value FROM meta WHERE name = ?1";
        let value = connection.query_row(value, [name], |r| r.get(0));
        value.optional().map_err(sqlite)
    };
    if let Some(key) = stored("hash_key")?.and_then(|k| k.try_into().ok()) {
        let scheme = match stored("hash_scheme")?.as_deref() {
            Some(SCHEME_WHOLE) => HashScheme::Whole,
            _ => HashScheme::Folded,
        };
        return Ok(Fingerprinter::new(key, scheme));
    }
    let mut key = [0; 32];
    key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    connection
        .execute(
            "INSERT OR REPLACE INTO meta (name, value) VALUES ('hash_key', ?1)",
            params![key.to_vec()],
        )
        .map_err(sqlite)?;
    Ok(Fingerprinter::new(key, HashScheme::Folded))
}
