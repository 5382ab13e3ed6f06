//! How many rows may still be sent, where `--limit` or a canary says so. Parents are taken before their children: a child
//! whose parent is neither created nor on its way waits for the next pass and takes nothing from the limit meanwhile.
//!
//! Where machines share the import, the state counts, with each claim, and what is left was true when the pass began: a row that
//! the limit does not reach waits, since another machine may give some back, and is left once the import is over.

use std::collections::HashSet;

use crate::delivery::MaySend;
use crate::partner::{PreparedPartner, RowKey};
use crate::state::{Known, RecordState, StateError, StateReader};

/// Rows that may still be sent.
#[derive(Debug)]
pub(super) struct Budget {
    may_send: MaySend,
    /// Whether the state counts, over all machines.
    is_shared: bool,
    /// Rows handed over in this pass: no more than may be sent.
    handed: HashSet<RowKey>,
    /// Ordinals of children that wait for the next pass, ascending.
    waiting: Vec<u32>,
    not_reached: u64,
}

/// What becomes of a row that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    /// It is sent.
    Yes,
    /// It waits for the next pass.
    Later,
    /// It is left for a later run.
    NothingLeft,
}

impl Budget {
    pub(super) fn new(may_send: MaySend) -> Self {
        Self {
            may_send,
            is_shared: false,
            handed: HashSet::new(),
            waiting: Vec::new(),
            not_reached: 0,
        }
    }

    /// One that the state keeps, over all machines.
    pub(super) fn shared() -> Self {
        Self {
            is_shared: true,
            ..Self::new(MaySend::new(0))
        }
    }

    /// All machines together may send so many more.
    pub(super) fn is_left(&mut self, rows: u64) {
        self.may_send = MaySend::new(rows);
    }

    /// Whether a row is sent in this pass.
    pub(super) fn spend(
        &mut self,
        row: &PreparedPartner,
        reader: &StateReader,
    ) -> Result<Spent, StateError> {
        if self.may_send.is_used_up() {
            return Ok(self.nothing_left(row));
        }
        let others = row.links.iter().filter(|l| !self.handed.contains(&l.key));
        let known = reader.known(others.map(|l| l.key.as_str()))?;
        let are_created = known.iter().all(|k| is_created(k.as_ref()));
        if !are_created {
            self.waiting.push(row.origin.ordinal);
            return Ok(Spent::Later);
        }
        if !self.may_send.take() {
            return Ok(self.nothing_left(row));
        }
        self.handed.insert(row.key.clone());
        Ok(Spent::Yes)
    }

    fn nothing_left(&mut self, row: &PreparedPartner) -> Spent {
        if self.is_shared {
            self.waiting.push(row.origin.ordinal);
            return Spent::Later;
        }
        self.not_reached += 1;
        Spent::NothingLeft
    }

    /// The import is over, and a row was not sent that waits for no other: true, and counted, where the limit did not reach it.
    pub(super) fn leaves(&mut self) -> bool {
        let is_left = self.is_shared && self.may_send.is_used_up();
        self.not_reached += u64::from(is_left);
        is_left
    }

    /// A pass is over: rows that the delivery gave back were not sent, and children that waited are for the next pass.
    /// Returns how many of them are left for a later run instead.
    pub(super) fn end_pass(&mut self, postponed: &mut Vec<u32>) -> u64 {
        self.may_send.give_back(postponed.len() as u64);
        self.handed.clear();
        let waiting = std::mem::take(&mut self.waiting);
        if self.may_send.is_used_up() && !self.is_shared {
            self.not_reached += waiting.len() as u64;
            return waiting.len() as u64;
        }
        postponed.extend(waiting);
        postponed.sort_unstable();
        0
    }

    /// The run stops within a pass: how many children waited, which are left for a later run.
    pub(super) fn give_up(&mut self) -> u64 {
        std::mem::take(&mut self.waiting).len() as u64
    }

    /// Whether a row whose parents are these waits for one that the limit did not reach; it is left with it then.
    pub(super) fn may_have_left(&mut self, parents: &[Option<Known>]) -> bool {
        let missing = parents.iter().find(|known| !is_created(known.as_ref()));
        let is_open = match missing {
            Some(None) => true,
            Some(Some(known)) => known.state == RecordState::Unsent,
            None => false,
        };
        let is_left = self.not_reached > 0 && is_open;
        self.not_reached += u64::from(is_left);
        is_left
    }

    /// Rows that were left for a later run.
    pub(super) fn not_reached(&self) -> u64 {
        self.not_reached
    }
}

fn is_created(known: Option<&Known>) -> bool {
    known.is_some_and(|k| k.state == RecordState::Created)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::{ExternalId, Fingerprint};

    fn budget(left: u64, waiting: &[u32], not_reached: u64) -> Budget {
        Budget {
            may_send: MaySend::new(left),
            is_shared: false,
            handed: HashSet::new(),
            waiting: waiting.to_vec(),
            not_reached,
        }
    }

    /// Where machines share the import, what the limit does not reach waits: another machine may give some back.
    #[test]
    fn what_several_machines_may_send_is_for_the_state_to_say() {
        let mut shared = Budget {
            is_shared: true,
            ..budget(0, &[4, 2], 0)
        };
        let mut postponed = vec![3];
        assert_eq!(shared.end_pass(&mut postponed), 0);
        assert_eq!((postponed, shared.not_reached()), (vec![2, 3, 4], 0));
        // Whatever was given back in this pass, the state is asked before the next one.
        shared.is_left(1);
        assert!(!shared.leaves(), "something else kept it");
        assert_eq!(shared.not_reached(), 0);
        shared.is_left(0);
        assert!(shared.leaves());
        assert_eq!(shared.not_reached(), 1);
        let mut alone = budget(0, &[], 0);
        assert!(!alone.leaves());
        assert_eq!(alone.not_reached(), 0);
    }

    #[test]
    fn children_that_waited_are_left_only_where_nothing_may_be_sent() {
        let mut used_up = budget(0, &[4, 2], 1);
        let mut postponed = Vec::new();
        assert_eq!(used_up.end_pass(&mut postponed), 2);
        assert_eq!((used_up.not_reached(), postponed.len()), (3, 0));
        // A row that was given back leaves room for another.
        let mut given_back = budget(0, &[4, 2], 1);
        let mut postponed = vec![3];
        assert_eq!(given_back.end_pass(&mut postponed), 0);
        assert_eq!(given_back.not_reached(), 1);
        assert!(given_back.may_send.take() && given_back.may_send.is_used_up());
        assert_eq!(postponed, [2, 3, 4]);
        let mut stopped = budget(5, &[4, 2], 0);
        assert_eq!(stopped.give_up(), 2);
        assert_eq!(stopped.give_up(), 0, "each is told once");
    }

    #[test]
    fn a_child_is_left_with_a_parent_that_the_limit_did_not_reach() {
        let known = |state| {
            Some(Known {
                state,
                posts: 0,
                lost: 0,
                legacy_identifier: ExternalId::new("k"),
                business_name: String::new(),
                fingerprint: Some(Fingerprint([1; 16])),
                partner: None,
                status: None,
                words: None,
            })
        };
        let created = known(RecordState::Created);
        for (not_reached, parents, is_left) in [
            (0, vec![None], false),
            (1, vec![None], true),
            (1, vec![known(RecordState::Unsent)], true),
            (1, vec![known(RecordState::Rejected)], false),
            (1, vec![created.clone()], false),
            (1, vec![created, None], true),
            (1, Vec::new(), false),
        ] {
            let mut budget = budget(1, &[], not_reached);
            assert_eq!(budget.may_have_left(&parents), is_left, "{parents:?}");
            assert_eq!(budget.not_reached(), not_reached + u64::from(is_left));
        }
    }
}
