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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::Query;

    /// The rows of a state that is older than the scheme are recognised by the one that they were hashed by.
    #[test]
    fn a_state_keeps_its_key_and_its_scheme() {
        let key = [7; 32];
        let of = |hasher: Fingerprinter| hasher.of(b"a body", &[], Query::default());
        let [whole, folded] = [HashScheme::Whole, HashScheme::Folded]
            .map(|scheme| of(Fingerprinter::new(key, scheme)));
        assert_ne!(whole, folded);
        for (scheme, expected) in [(None, folded), (Some("whole"), whole), (Some("x"), folded)] {
            let state = Connection::open_in_memory().unwrap();
            let table = "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)";
            state.execute_batch(table).unwrap();
            let hash = || of(fingerprinter(&state, Path::new("s.db")).unwrap());
            let made = hash();
            assert_eq!(hash(), made, "it is made once");
            assert_ne!(made, folded, "and by chance");
            let put = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
            state.execute(put, params!["hash_key", key]).unwrap();
            if let Some(scheme) = scheme {
                state
                    .execute(put, params!["hash_scheme", scheme.as_bytes()])
                    .unwrap();
            }
            assert_eq!(hash(), expected, "{scheme:?}");
        }
    }
}
