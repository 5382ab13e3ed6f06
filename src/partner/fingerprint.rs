//! Canonical bytes → keyed hash: how the state knows that a row changed, without keeping its payload.
//!
//! The key is random and made with the state file, so that a hash in a stolen state cannot be tried
//! against guessed account numbers without the key beside it, and hashes of two states do not compare.
//! The body is canonical already: one order of keys, one spelling of every value. A link counts by the
//! key of the row it points to, not by the id found for it.
//!
//! What is kept is always a keyed BLAKE3 hash. A state made since version 5 hashes a body in two steps: `HighwayHash`
//! folds its kilobyte into 256 bits, under a key of its own, and BLAKE3 hides these. `HighwayHash` is no cryptographic
//! hash, and need not be one: nobody sees what it gives, and that two bodies give the same is as improbable as for any
//! hash of this length. It takes a tenth of the time, and a run in which nothing changed does little else.
//! Older states go on with BLAKE3 over all, so that their rows are known again.

use std::fmt;

use highway::{HighwayHash as _, HighwayHasher};

use super::link::{Link, Query};

/// 128 bits of a keyed BLAKE3 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Whether this is the hash that is known, or none is: then nobody can tell a difference.
    #[must_use]
    pub fn may_be(self, known: Option<Self>) -> bool {
        known.is_none_or(|known| known == self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// How a state hashes payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashScheme {
    /// BLAKE3 over the whole body: states made before version 5.
    Whole,
    /// `HighwayHash`, and BLAKE3 over what it gives.
    Folded,
}

/// Hashes payloads under one state's key.
#[derive(Clone)]
pub struct Fingerprinter {
    key: [u8; 32],
    scheme: HashScheme,
    fold: highway::Key,
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter(***)")
    }
}

/// What the key of the first step is derived for.
const FOLD: &str = "partner-sync 2026-11-25 payload fold";

impl Fingerprinter {
    /// A hasher under a state's own `key`; hashes under different keys do not compare.
    #[must_use]
    pub fn new(key: [u8; 32], scheme: HashScheme) -> Self {
        let derived = blake3::derive_key(FOLD, &key);
        let mut fold = [0; 4];
        for (word, bytes) in fold.iter_mut().zip(derived.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self {
            key,
            scheme,
            fold: highway::Key(fold),
        }
    }

    /// The fingerprint of what would be sent.
    #[must_use]
    pub fn of(&self, body: &[u8], links: &[Link], query: Query) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        match self.scheme {
            HashScheme::Whole => {
                hasher.update(&(body.len() as u64).to_le_bytes());
                hasher.update(body);
            }
            HashScheme::Folded => {
                // The length is a part of what it gives.
                let mut folded = [0; 32];
                let words = HighwayHasher::new(self.fold).hash256(body);
                for (bytes, word) in folded.as_chunks_mut::<8>().0.iter_mut().zip(words) {
                    *bytes = word.to_le_bytes();
                }
                hasher.update(&folded);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::RowKey;

    /// What stands in the states of users must not move.
    #[test]
    fn fingerprints_stay_what_they_are() {
        let flags = Query {
            create_apptivo_account: true,
            create_bill_com_profile: false,
        };
        let seen: Vec<String> = [HashScheme::Whole, HashScheme::Folded]
            .into_iter()
            .flat_map(|scheme| {
                let hasher = Fingerprinter::new([7; 32], scheme);
                [
                    hasher.of(br#"{"organization":{}}"#, &[], Query::default()),
                    hasher.of(br#"{"organization":{}}"#, &[], flags),
                    hasher.of(&[b'x'; 1500], &[], Query::default()),
                    hasher.of(b"", &[], Query::default()),
                ]
            })
            .map(|f| f.to_string())
            .collect();
        insta::assert_snapshot!(seen.join("\n"));
    }

    /// The key of a state is a secret, also where something is shown for debugging.
    #[test]
    fn the_key_is_not_shown() {
        let hasher = Fingerprinter::new([7; 32], HashScheme::Folded);
        assert_eq!(format!("{hasher:?}"), "Fingerprinter(***)");
    }

    #[test]
    fn every_byte_counts() {
        let hasher = Fingerprinter::new([7; 32], HashScheme::Folded);
        let mut seen = std::collections::HashSet::new();
        for length in [0, 1, 31, 32, 33, 500] {
            let mut body = vec![b'a'; length];
            assert!(seen.insert(hasher.of(&body, &[], Query::default())));
            for at in 0..length {
                body[at] = b'b';
                assert!(seen.insert(hasher.of(&body, &[], Query::default())));
                body[at] = b'a';
            }
        }
    }

    /// Whatever changes what a create would do changes the fingerprint, under either scheme.
    #[test]
    fn links_and_query_flags_count() {
        let link = |at: usize, key: &str| Link {
            field: "organization.parentId".into(),
            key: RowKey::new(key),
            at,
        };
        let query = |apptivo: bool, bill_com: bool| Query {
            create_apptivo_account: apptivo,
            create_bill_com_profile: bill_com,
        };
        // Without the length of each key, this one key would read as two links, `x` and `y`.
        let one_key = "x\u{5}\0\0\0\0\0\0\0y";
        let creates = [
            (vec![], query(false, false)),
            (vec![], query(true, false)),
            (vec![], query(false, true)),
            (vec![], query(true, true)),
            (vec![link(1, "x")], query(false, false)),
            (vec![link(1, "y")], query(false, false)),
            (vec![link(2, "x")], query(false, false)),
            (vec![link(1, "x"), link(5, "y")], query(false, false)),
            (vec![link(1, "y"), link(5, "x")], query(false, false)),
            (vec![link(1, one_key)], query(false, false)),
        ];
        for scheme in [HashScheme::Whole, HashScheme::Folded] {
            let hasher = Fingerprinter::new([7; 32], scheme);
            let seen: std::collections::HashSet<_> = creates
                .iter()
                .map(|(links, query)| hasher.of(b"{}", links, *query))
                .collect();
            assert_eq!(seen.len(), creates.len(), "{scheme:?}");
        }
    }
}
