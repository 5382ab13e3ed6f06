//! The keys of all rows in eight bytes each.

use rustc_hash::FxHashSet;

/// Hashes of all keys, sorted: eight bytes a row.
#[derive(Debug, Default)]
pub(super) struct KeyIndex(Vec<u64>);

impl KeyIndex {
    pub(super) fn hash(key: &str) -> u64 {
        // blake3 rather than a fast hash: keys may be chosen to collide, and a collision costs a second look.
        let hash = blake3::hash(key.as_bytes());
        let mut short = [0; 8];
        short.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(short)
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
