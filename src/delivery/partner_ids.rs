//! Ids that rows have already, of this run and of earlier ones: no two rows have one partner.

use std::hash::{BuildHasher as _, RandomState};

use crate::partner::PartnerId;
use crate::state::{StateError, StateReader};

/// Sets into which ids are sorted by the first bits of their hashes: a power of two.
const SHARDS: usize = 4096;

/// The hashes of ids, 44 bits of each. Two ids of one hash put a row in doubt that is none, until the next run, whose
/// hashes are others: one of thirty runs of a million rows has such a row. For that, an id costs five bytes, and none are copied when
/// there are more.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartnerIds {
    hasher: RandomState,
    /// By the first bits, the next 32 bits of each; none before the first id.
    shards: Vec<Vec<u32>>,
}

impl PartnerIds {
    /// Takes an id for a row; false where another row has it.
    pub(crate) fn take(&mut self, id: &PartnerId) -> bool {
        self.insert(id.as_str())
    }

    /// Whether a row has it.
    pub(crate) fn has(&self, id: &PartnerId) -> bool {
        let (shard, kept) = self.place(id.as_str());
        self.shards.get(shard).is_some_and(|s| s.contains(&kept))
    }

    /// The shard of an id, and what is kept of it there.
    fn place(&self, id: &str) -> (usize, u32) {
        let hash = self.hasher.hash_one(id);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low bits choose the shard, the next 32 are kept"
        )]
        (hash as usize % SHARDS, (hash >> 32) as u32)
    }

    fn insert(&mut self, id: &str) -> bool {
        if self.shards.is_empty() {
            self.shards.resize(SHARDS, Vec::new());
        }
        let (shard, kept) = self.place(id);
        let shard = &mut self.shards[shard];
        if shard.contains(&kept) {
            return false;
        }
        if shard.len() == shard.capacity() {
            shard.reserve_exact(shard.len() / 4 + 4);
        }
        shard.push(kept);
        true
    }

    /// Those of the state, beside none of this run.
    pub(super) fn read(&self, state: &StateReader) -> Result<Self, StateError> {
        let mut read = Self {
            hasher: self.hasher.clone(),
            shards: Vec::new(),
        };
        state.each_partner(&mut |id| {
            read.insert(id);
        })?;
        Ok(read)
    }

    /// Adds those that [`Self::read`] returned.
    pub(super) fn add(&mut self, read: Self) {
        if self.shards.is_empty() {
            self.shards = read.shards;
            return;
        }
        for (shard, more) in self.shards.iter_mut().zip(read.shards) {
            shard.extend(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_once() {
        let mut ids = PartnerIds::default();
        let id = |n: u32| PartnerId::new(format!("id-{n}"));
        assert!(!ids.has(&id(0)));
        assert!((0..10_000).all(|n| ids.take(&id(n))));
        assert!(ids.has(&id(0)) && !ids.has(&id(10_000)));
        assert!((0..10_000).all(|n| !ids.take(&id(n))));
        let mut read = PartnerIds {
            hasher: ids.hasher.clone(),
            ..PartnerIds::default()
        };
        assert!(read.insert("of the state"));
        ids.add(read);
        assert!(!ids.take(&PartnerId::new("of the state")));
        assert!(!ids.take(&id(0)), "those of this run are still there");
    }

    /// Five bytes for an id: a set grows by a quarter.
    #[test]
    fn what_is_kept_for_more_ids_is_little() {
        let mut ids = PartnerIds::default();
        for n in 0..100_000 {
            ids.take(&PartnerId::new(format!("id-{n}")));
        }
        for shard in &ids.shards {
            let mut grown = 4;
            while grown < shard.len() {
                grown += grown / 4 + 4;
            }
            assert_eq!(shard.capacity(), grown, "of {}", shard.len());
        }
    }
}
