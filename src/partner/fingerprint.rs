//! Canonical bytes → keyed hash: how the ledger knows that a row changed, without keeping its payload.
//!
//! The key is random and made with the state file, so that a hash in a stolen state cannot be tried
//! against guessed account numbers without the key beside it, and hashes of two states do not compare.
//! The body is canonical already: one order of keys, one spelling of every value. A link counts by the
//! key of the row it points to, not by the id found for it.

use std::fmt;

use super::prepared::{Link, Query};

/// 128 bits of a keyed BLAKE3 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Hashes payloads under one state's key.
#[derive(Clone)]
pub struct Fingerprinter {
    key: [u8; 32],
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter(***)")
    }
}

impl Fingerprinter {
    /// A hasher under `key`.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The fingerprint of what would be sent.
    #[must_use]
    pub fn of(&self, body: &[u8], links: &[Link], query: Query) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(body.len() as u64).to_le_bytes());
        hasher.update(body);
        for link in links {
            hasher.update(&(link.at as u64).to_le_bytes());
            hasher.update(&(link.key.as_str().len() as u64).to_le_bytes());
            hasher.update(link.key.as_str().as_bytes());
        }
        hasher.update(&[
            u8::from(query.create_apptivo_account),
            u8::from(query.create_bill_com_profile),
        ]);
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Fingerprint(short)
    }
}
