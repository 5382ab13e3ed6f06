//! A second look at rows whose hash was seen twice, or in a circle: the exact texts, and where they are.

use std::collections::HashMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::clusters::{Clusters, Member};
use super::exports::{Exports, PrepareError};
use super::keys::KeyIndex;
use super::parallel::Pass;
use super::place::{NAMED_ROWS, Place};
use super::row_words::{RowWords, Wanted};
use super::survey::Survey;
use crate::mapping::{Plan, RowBuffers};
use crate::source::{Flow, RowBatch, SourceRow};

/// Keys that a message names of a long circle.
const NAMED_KEYS: usize = 8;
/// Rows that are compared by name and contacts at most, the first of the export: a file in which each partner is there twice would
/// take several times the memory that all else does.
const MOST_COMPARED: usize = 50_000;

/// The hashes that a second look is for.
#[derive(Default)]
pub(super) struct SecondLook {
    pub(super) keys: FxHashSet<u64>,
    pub(super) identifiers: FxHashSet<u64>,
    pub(super) words: Wanted,
    pub(super) cycles: Vec<Vec<u64>>,
}

/// Something about a row that a second look was for.
enum Sighting {
    Key(String),
    Identifier(String),
    Content(u64),
    Similar(Box<Member>),
    InCycle(u64, String),
}

/// What a thread keeps for itself.
#[derive(Default)]
struct LookState {
    scratch: RowBuffers,
    words: RowWords,
}

impl SecondLook {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.identifiers.is_empty()
            && self.words.is_empty()
            && self.cycles.is_empty()
    }

    /// Reads all rows once more, and notes in the survey what is found.
    pub(super) fn look(
        &self,
        exports: &Exports,
        survey: &mut Survey,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), PrepareError> {
        let in_cycles: FxHashSet<u64> = self.cycles.iter().flatten().copied().collect();
        let mut cycle_keys: FxHashMap<u64, String> = FxHashMap::default();
        let mut members: Vec<Member> = Vec::new();
        for (file, export) in exports.files.iter().enumerate() {
            let work = |state: &mut LookState, piece: usize, batch: RowBatch| {
                let mut seen = Vec::new();
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    let place = Place {
                        file,
                        row: row.row(),
                    };
                    self.look_at(&export.plan, row, place, &in_cycles, state, &mut seen);
                }
                (piece, seen)
            };
            let mut take = |(piece, seen): (usize, Vec<(Place, Sighting)>)| {
                if !seen.is_empty() {
                    survey.pieces[file].needs_second_pass(piece);
                }
                for (place, seen) in seen {
                    match seen {
                        Sighting::Key(key) => note_place(&mut survey.repeated_keys, key, place),
                        Sighting::Identifier(id) => {
                            note_place(&mut survey.repeated_identifiers, id, place);
                        }
                        Sighting::Content(content) => note_place(&mut survey.alike, content, place),
                        Sighting::Similar(member) if members.len() < MOST_COMPARED => {
                            members.push(*member);
                        }
                        Sighting::Similar(_) => survey.not_compared += 1,
                        Sighting::InCycle(hash, key) => {
                            cycle_keys.insert(hash, key);
                        }
                    }
                }
                if stop() { Flow::Enough } else { Flow::More }
            };
            Pass {
                workers: exports.workers,
                source: &export.source,
                start: &LookState::default,
                wanted: &|_| true,
                work: &work,
            }
            .run(&mut take)?;
        }
        survey.repeated_keys.retain(|_, places| places.len() > 1);
        survey
            .repeated_identifiers
            .retain(|_, places| places.len() > 1);
        survey.alike.retain(|_, places| places.len() > 1);
        let repeated = survey.repeated_keys.keys();
        let repeated = repeated.map(|key| KeyIndex::hash(key)).collect();
        survey.similar = Clusters::find(members, &repeated);
        self.describe_cycles(&cycle_keys, survey);
        Ok(())
    }

    /// Notes each circle in words, for each of its keys.
    fn describe_cycles(&self, cycle_keys: &FxHashMap<u64, String>, survey: &mut Survey) {
        for cycle in &self.cycles {
            let keys: Vec<&str> = cycle
                .iter()
                .filter_map(|hash| cycle_keys.get(hash).map(String::as_str))
                .collect();
            if keys.len() < cycle.len() {
                continue;
            }
            for (start, key) in keys.iter().enumerate() {
                survey.cycles.insert((*key).to_owned(), chain(&keys, start));
            }
        }
    }

    /// What of this row is wanted, with its place.
    fn look_at(
        &self,
        plan: &Plan,
        row: SourceRow<'_>,
        place: Place,
        in_cycles: &FxHashSet<u64>,
        state: &mut LookState,
        seen: &mut Vec<(Place, Sighting)>,
    ) {
        let LookState { scratch, words } = state;
        if plan.key_of(row, &mut scratch.key) {
            let key = KeyIndex::hash(&scratch.key);
            if self.keys.contains(&key) {
                seen.push((place.clone(), Sighting::Key(scratch.key.clone())));
            }
            if in_cycles.contains(&key) {
                seen.push((place.clone(), Sighting::InCycle(key, scratch.key.clone())));
            }
            if !self.words.is_empty() {
                self.compare(plan, row, &place, key, words, seen);
            }
        }
        if !self.identifiers.is_empty() {
            plan.fill(row, &[], scratch);
            if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf())
                && self.identifiers.contains(&KeyIndex::hash(id))
            {
                seen.push((place, Sighting::Identifier(id.to_owned())));
            }
        }
    }

    /// Whether other rows have something in common with this one.
    fn compare(
        &self,
        plan: &Plan,
        row: SourceRow<'_>,
        place: &Place,
        key: u64,
        words: &mut RowWords,
        seen: &mut Vec<(Place, Sighting)>,
    ) {
        let of = words.of(plan, row);
        let is_repeated = of.each().any(|word| self.words.repeated.contains(&word));
        let is_related = (of.likeness).is_some_and(|word| self.words.related.contains(&word));
        if !is_repeated && !is_related {
            return;
        }
        let content = words.content(plan, row);
        if is_repeated {
            seen.push((place.clone(), Sighting::Content(content)));
        }
        if is_related {
            let mut refers_to = Vec::new();
            plan.each_reference(row, &mut |key| refers_to.push(KeyIndex::hash(key)));
            let member = Member::new(&words.likeness, place, key, refers_to, content);
            seen.push((place.clone(), Sighting::Similar(Box::new(member))));
        }
    }
}

/// `A → B → C → A`, from one of the keys on.
fn chain(keys: &[&str], start: usize) -> String {
    let around = keys.iter().cycle().skip(start);
    let mut named: Vec<&str> = around.take(keys.len().min(NAMED_KEYS)).copied().collect();
    if keys.len() > NAMED_KEYS {
        named.push("…");
    }
    named.push(keys[start]);
    named.join(" → ")
}

fn note_place<K: std::hash::Hash + Eq, S: std::hash::BuildHasher>(
    places: &mut HashMap<K, Vec<Place>, S>,
    what: K,
    place: Place,
) {
    let list = places.entry(what).or_default();
    // One more than are named shows that there are more.
    if list.len() <= NAMED_ROWS {
        list.push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_circle_is_cut_short_in_words() {
        let keys: Vec<String> = (1..=9).map(|n| format!("K{n}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(chain(&keys[..3], 1), "K2 → K3 → K1 → K2");
        assert_eq!(
            chain(&keys[..8], 0),
            "K1 → K2 → K3 → K4 → K5 → K6 → K7 → K8 → K1"
        );
        assert_eq!(
            chain(&keys, 0),
            "K1 → K2 → K3 → K4 → K5 → K6 → K7 → K8 → … → K1"
        );
    }

    #[test]
    fn one_place_more_than_is_named_is_kept() {
        let mut places: HashMap<u8, Vec<Place>> = HashMap::new();
        for row in 1..=NAMED_ROWS as u64 + 3 {
            note_place(&mut places, 1, Place { file: 0, row });
        }
        assert_eq!(places[&1].len(), NAMED_ROWS + 1);
    }
}
