//! Ids that rows have already, of this run and of earlier ones: no two rows have one partner.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use crate::partner::PartnerId;
use crate::state::{StateError, StateReader};

/// The hashes of ids. Two ids of one hash would put a row in doubt that is none, which its look-up settles; for that, an
/// id costs eight bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct PartnerIds {
    hasher: RandomState,
    taken: HashSet<u64>,
}

impl PartnerIds {
    /// Takes an id for a row; false where another row has it.
    pub(super) fn take(&mut self, id: &PartnerId) -> bool {
        self.taken.insert(self.hasher.hash_one(id.as_str()))
    }

    /// Those of the state, beside none of this run.
    pub(super) fn read(&self, state: &StateReader) -> Result<Self, StateError> {
        let hasher = self.hasher.clone();
        let mut taken = HashSet::new();
        state.each_partner(&mut |id| {
            taken.insert(hasher.hash_one(id));
        })?;
        Ok(Self { hasher, taken })
    }

    /// Adds those that [`Self::read`] returned.
    pub(super) fn add(&mut self, read: Self) {
        if self.taken.is_empty() {
            self.taken = read.taken;
        } else {
            self.taken.extend(read.taken);
        }
    }
}
