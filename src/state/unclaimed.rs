//! legacyIdentifiers that the API may have and no row of a space does: those that a walk over its list showed and no row
//! was given to, and those of rows that a person had forgotten. A row that turns up with one of them may have its partner
//! already, although the API has no more partners than the state knows of.
//!
//! They are kept as hashes of eight bytes, since a list can be long. Two that meet by chance cost a walk, and no more.

use std::collections::HashSet;

/// A set of legacyIdentifiers, by their hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identifiers(HashSet<u64>);

impl Identifiers {
    /// Adds one.
    pub fn insert(&mut self, legacy: &str) {
        self.0.insert(hash(legacy));
    }

    /// Takes one out.
    pub fn remove(&mut self, legacy: &str) {
        self.0.remove(&hash(legacy));
    }

    /// Whether it is one of them, or has the hash of one.
    #[must_use]
    pub fn contains(&self, legacy: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&hash(legacy))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|h| h.to_le_bytes()).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let (hashes, _) = bytes.as_chunks();
        Self(hashes.iter().map(|h| u64::from_le_bytes(*h)).collect())
    }
}

fn hash(legacy: &str) -> u64 {
    let hash = blake3::hash(legacy.as_bytes());
    hash.as_bytes()
        .first_chunk()
        .map_or(0, |h| u64::from_le_bytes(*h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_back_from_their_bytes() {
        let mut some = Identifiers::default();
        assert!(some.is_empty() && !some.contains("a"));
        for legacy in ["a", "b", "ü", ""] {
            some.insert(legacy);
        }
        some.remove("b");
        let back = Identifiers::from_bytes(&some.to_bytes());
        assert_eq!(back, some);
        for (legacy, is_in) in [
            ("a", true),
            ("b", false),
            ("A", false),
            ("ü", true),
            ("", true),
        ] {
            assert_eq!(back.contains(legacy), is_in, "{legacy}");
        }
    }
}
