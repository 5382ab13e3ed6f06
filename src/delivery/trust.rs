//! What a run has learnt about the ways to look a partner up, and so what an absence is worth (pure).
//!
//! A search or a list that shows nothing proves nothing by itself: an API may search other fields than we think, or show
//! less than it has. It is believed once the same way of looking showed, in this run, a partner that is known to exist:
//! one made in this run, or one of the state. A search earns that once; a walk over the list each time, since the
//! partners that are known to exist are met on its way.

use std::collections::{HashMap, HashSet};

use crate::api::{Place, best_place, can_be_searched};
use crate::partner::{ExternalId, PartnerId};

/// Partners that are kept to be looked for.
const WITNESSES: usize = 20;
/// Witnesses that a search is tried with before it is taken not to find what exists: one may have been deleted since.
const TRIALS: usize = 3;

/// What is known of searching for a plain word of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// Nothing yet.
    Untried,
    /// It showed a partner that is known to exist.
    Earned,
    /// It did not show one that is known to exist.
    Refuted,
}

/// How a look-up that found nothing looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// By a search for a word that stands there in the name.
    Search(Option<Place>),
    /// By a walk over the whole list that showed a partner that is known to exist.
    ListThatShowsKnown,
    /// By a walk that showed none of those that are known to exist.
    ListThatShowsNone,
    /// By a walk, when no partner was known to exist.
    ListUntried,
}

/// A partner that is known to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Witness {
    pub(super) id: PartnerId,
    pub(super) legacy_identifier: ExternalId,
    pub(super) business_name: String,
}

/// What this run has learnt.
#[derive(Debug)]
pub(super) struct Trust {
    search: Belief,
    /// Where the word stood in the name by which a search showed one.
    reach: Option<Place>,
    witnesses: Vec<Witness>,
    /// Witnesses that a search was tried with.
    tried: HashSet<PartnerId>,
    /// Whether such a search is under way.
    is_trying: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            search: Belief::Untried,
            reach: None,
            witnesses: Vec::new(),
            tried: HashSet::new(),
            is_trying: false,
        }
    }
}

impl Trust {
    pub(super) fn search(&self) -> Belief {
        self.search
    }

    /// What is known of searching for a word that stands there in a name. Where a search was only seen to find whole names or
    /// their begins, a witness with a word inside of its name decides, or the whole list has to be walked.
    pub(super) fn search_by(&mut self, place: Option<Place>) -> Belief {
        if self.search != Belief::Earned || self.reach >= place {
            return self.search;
        }
        let reaches = |w: &Witness| best_place(&w.business_name) >= place;
        let is_left = |w: &Witness| reaches(w) && !self.tried.contains(&w.id);
        if self.tried.len() < TRIALS && self.witnesses.iter().any(is_left) {
            self.search = Belief::Untried;
            Belief::Untried
        } else {
            Belief::Refuted
        }
    }

    /// Keeps a partner that is known to exist.
    pub(super) fn add(&mut self, witness: Witness) {
        if self.wants_witnesses() && self.witnesses.iter().all(|w| w.id != witness.id) {
            self.witnesses.push(witness);
        }
    }

    /// Whether no partner is known to exist.
    pub(super) fn is_empty(&self) -> bool {
        self.witnesses.is_empty()
    }

    /// Whether another partner would be of use.
    pub(super) fn wants_witnesses(&self) -> bool {
        self.witnesses.len() < WITNESSES
    }

    /// The next witness to try a search with: of those left, one with a word inside of its name, which shows the most, and of
    /// these the one with the longest word, which finds the least else.
    pub(super) fn next_trial(&mut self) -> Option<Witness> {
        if self.search != Belief::Untried || self.tried.len() >= TRIALS {
            return None;
        }
        let longest = |w: &&Witness| {
            let words = w.business_name.split(|c: char| !c.is_ascii_alphanumeric());
            let longest = words.map(str::len).max().unwrap_or(0);
            (best_place(&w.business_name), longest)
        };
        let next = self
            .witnesses
            .iter()
            .filter(|w| can_be_searched(&w.business_name) && !self.tried.contains(&w.id))
            .max_by_key(longest)
            .cloned()?;
        self.tried.insert(next.id.clone());
        self.is_trying = true;
        Some(next)
    }

    /// Whether a search for a witness is under way.
    pub(super) fn is_trying(&self) -> bool {
        self.is_trying
    }

    /// A search for a witness ended, and found it by a word that stands there, or did not find it; the last one that may be
    /// tried decides where none was found.
    pub(super) fn searched(&mut self, found: Option<Place>) {
        self.is_trying = false;
        if found.is_some() {
            self.search = Belief::Earned;
            self.reach = self.reach.max(found);
        } else if self.tried.len() >= TRIALS.min(self.searchable()) {
            self.search = Belief::Refuted;
        }
    }

    /// No search can be tried: the whole list is walked.
    pub(super) fn no_trial_left(&mut self) {
        if self.search == Belief::Untried {
            self.search = Belief::Refuted;
        }
    }

    fn searchable(&self) -> usize {
        let can = |w: &&Witness| can_be_searched(&w.business_name);
        self.witnesses.iter().filter(can).count()
    }

    /// The partners by which a walk shows that it shows what exists, as it was sent.
    pub(super) fn known(&self) -> HashMap<PartnerId, ExternalId> {
        let known = |w: &Witness| (w.id.clone(), w.legacy_identifier.clone());
        self.witnesses.iter().map(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(id: &str, name: &str) -> Witness {
        Witness {
            id: PartnerId::new(id),
            legacy_identifier: ExternalId::new(id),
            business_name: name.to_owned(),
        }
    }

    fn next(trust: &mut Trust) -> Option<String> {
        trust.next_trial().map(|w| w.id.as_str().to_owned())
    }

    #[test]
    fn a_search_is_believed_once_it_found_what_exists() {
        let mut trust = Trust::default();
        assert_eq!(next(&mut trust), None, "there is nothing to look for");
        trust.add(witness("a", "Ab"));
        trust.add(witness("b", "A Longer Name"));
        trust.add(witness("c", "株式会社"));
        assert_eq!(next(&mut trust).as_deref(), Some("b"));
        trust.searched(None);
        assert_eq!(trust.search(), Belief::Untried);
        assert_eq!(next(&mut trust).as_deref(), Some("a"));
        trust.searched(Some(Place::Whole));
        assert_eq!(trust.search(), Belief::Earned);
        assert_eq!(next(&mut trust), None, "it is known");
    }

    #[test]
    fn a_search_that_finds_no_witness_is_not_believed() {
        let mut trust = Trust::default();
        for id in ["a", "b", "c", "d"] {
            trust.add(witness(id, "Name"));
        }
        for _ in 0..TRIALS {
            assert_eq!(trust.search(), Belief::Untried);
            assert!(next(&mut trust).is_some());
            trust.searched(None);
        }
        assert_eq!(trust.search(), Belief::Refuted);
        assert_eq!(next(&mut trust), None);
        let mut trust = Trust::default();
        trust.add(witness("a", "Only"));
        next(&mut trust);
        trust.searched(None);
        assert_eq!(trust.search(), Belief::Refuted);
    }

    /// A search that compares whole names, or their begins, finds a partner whose name is one word.
    #[test]
    fn a_search_is_believed_for_words_that_stand_where_it_was_seen_to_find() {
        let mut trust = Trust::default();
        trust.add(witness("a", "Whole"));
        next(&mut trust);
        trust.searched(Some(Place::Whole));
        assert_eq!(trust.search_by(Some(Place::Whole)), Belief::Earned);
        assert_eq!(trust.search_by(Some(Place::Inside)), Belief::Refuted);
        trust.add(witness("b", "A Name"));
        assert_eq!(trust.search_by(Some(Place::Begin)), Belief::Untried);
        assert_eq!(next(&mut trust).as_deref(), Some("b"));
        trust.searched(Some(Place::Inside));
        for place in [Place::Whole, Place::Begin, Place::Inside] {
            assert_eq!(trust.search_by(Some(place)), Belief::Earned);
        }
    }

    /// A witness that is left decides only where its name has a word that stands there, and only so many are tried.
    #[test]
    fn what_no_witness_can_show_is_refuted() {
        let mut trust = Trust::default();
        trust.add(witness("a", "Whole"));
        trust.add(witness("b", "Other"));
        next(&mut trust);
        trust.searched(Some(Place::Whole));
        assert_eq!(trust.search_by(Some(Place::Inside)), Belief::Refuted);

        let mut trust = Trust::default();
        for n in 0..=TRIALS {
            trust.add(witness(&n.to_string(), "A Name"));
        }
        for n in 1..=TRIALS {
            assert!(next(&mut trust).is_some());
            trust.searched(Some(Place::Whole));
            let left = if n < TRIALS {
                Belief::Untried
            } else {
                Belief::Refuted
            };
            assert_eq!(trust.search_by(Some(Place::Inside)), left, "{n}");
        }
    }

    #[test]
    fn so_many_witnesses_are_kept_and_each_once() {
        let mut trust = Trust::default();
        assert!(trust.is_empty());
        trust.add(witness("w0", "Name"));
        assert!(!trust.is_empty());
        for number in 0..WITNESSES {
            assert!(trust.wants_witnesses());
            trust.add(witness(&format!("w{number}"), "Name"));
        }
        assert_eq!(trust.witnesses.len(), WITNESSES, "w0 is kept once");
        assert!(!trust.wants_witnesses());
        trust.add(witness("one more", "Name"));
        assert_eq!(trust.known().len(), WITNESSES);
    }

    #[test]
    fn what_is_known_of_a_search_is_not_tried_again() {
        let mut trust = Trust::default();
        trust.add(witness("a", "X Ab -------------"));
        trust.add(witness("b", "X Longer"));
        assert!(!trust.is_trying());
        assert_eq!(next(&mut trust).as_deref(), Some("b"), "a dash is no word");
        assert!(trust.is_trying());
        trust.searched(Some(Place::Inside));
        assert!(!trust.is_trying());
        assert_eq!(next(&mut trust), None, "one is left, and it is known");
        trust.no_trial_left();
        assert_eq!(trust.search(), Belief::Earned, "what is known stays known");
        let mut untried = Trust::default();
        untried.no_trial_left();
        assert_eq!(untried.search(), Belief::Refuted);
    }
}
