//! The key by which a state hashes payloads. It lies beside the state (`key_file`); the state has only what tells one key from
//! another, and with each record the number of the key that its hash was made with.
//!
//! A key that is lost (the state was copied without it) is followed by a new one, with the next number. Of the rows that were
//! hashed with another one it is not known whether they changed.

use std::path::PathBuf;

use super::key_file::Key;
use crate::partner::{Fingerprint, Fingerprinter};

/// The number of a key, counted from 0 in the order in which a state had them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyNumber(pub(super) i64);

impl KeyNumber {
    /// Of a key that no record was hashed with.
    pub(super) const NONE: Self = Self(-1);

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

/// What tells a key from others, and nothing else of it.
pub(super) fn id_of(key: &Key) -> [u8; 16] {
    let derived = blake3::derive_key("partner-sync 2026-11-26 id of a state's key", key);
    let mut id = [0; 16];
    id.copy_from_slice(&derived[..16]);
    id
}

/// A new key.
pub(super) fn random() -> Key {
    let mut key = [0; 32];
    key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key
}
