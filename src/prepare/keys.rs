//! The keys of all rows in eight bytes each.

use std::hash::Hasher as _;

use rustc_hash::FxHashSet;

/// Hashes of all keys, sorted: eight bytes a row.
#[derive(Debug, Default)]
pub(super) struct KeyIndex(Vec<u64>);

impl KeyIndex {
    pub(super) fn hash(key: &str) -> u64 {
        // SipHash rather than a faster one: it spreads whatever keys there are, and a collision costs a second look.
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(key.as_bytes());
        hasher.finish()
    }

    pub(super) fn add_hash(&mut self, hash: u64) {
        self.0.push(hash);
    }

    pub(super) fn finish(&mut self) -> FxHashSet<u64> {
        self.0.sort_unstable();
        let repeated = self
            .0
            .windows(2)
            .filter(|w| w[0] == w[1])
            .map(|w| w[0])
            .collect();
        self.0.dedup();
        repeated
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.0.binary_search(&Self::hash(key)).is_ok()
    }
}
