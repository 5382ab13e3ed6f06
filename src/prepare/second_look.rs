//! A second look at rows whose hash was seen twice, or in a circle: the exact texts, and where they are.

use std::collections::HashMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::content::ContentHash;
use super::exports::{Exports, PrepareError};
use super::keys::KeyIndex;
use super::parallel::Pass;
use super::place::{NAMED_ROWS, Place};
use super::survey::Survey;
use crate::mapping::{Plan, RowBuffers};
use crate::source::{Flow, RowBatch, SourceRow};

/// Keys that a message names of a long circle.
const NAMED_KEYS: usize = 8;

/// The hashes that a second look is for.
#[derive(Default)]
pub(super) struct SecondLook {
    pub(super) keys: FxHashSet<u64>,
    pub(super) identifiers: FxHashSet<u64>,
    pub(super) contents: FxHashSet<u64>,
    pub(super) cycles: Vec<Vec<u64>>,
}

/// Something about a row that a second look was for.
enum Sighting {
    Key(String),
    Identifier(String),
    Content(u64),
    InCycle(u64, String),
}

impl SecondLook {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.identifiers.is_empty()
            && self.contents.is_empty()
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
        for (file, export) in exports.files.iter().enumerate() {
            let work = |scratch: &mut RowBuffers, piece: usize, batch: RowBatch| {
                let mut seen = Vec::new();
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    self.look_at(&export.plan, row, &in_cycles, scratch, &mut seen);
                }
                (piece, seen)
            };
            let mut take = |(piece, seen): (usize, Vec<(u64, Sighting)>)| {
                if !seen.is_empty() {
                    survey.pieces[file].needs_second_pass(piece);
                }
                for (row, seen) in seen {
                    let place = Place { file, row };
                    match seen {
                        Sighting::Key(key) => note_place(&mut survey.repeated_keys, key, place),
                        Sighting::Identifier(id) => {
                            note_place(&mut survey.repeated_identifiers, id, place);
                        }
                        Sighting::Content(content) => note_place(&mut survey.alike, content, place),
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
                start: &RowBuffers::default,
                wanted: &|_| true,
                work: &work,
            }
            .run(&mut take)?;
        }
        survey.repeated_keys.retain(|_, places| places.len() > 1);
        survey
            .repeated_identifiers
            .retain(|_, places| places.len() > 1);
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

    /// What of this row is wanted, with its number.
    fn look_at(
        &self,
        plan: &Plan,
        row: SourceRow<'_>,
        in_cycles: &FxHashSet<u64>,
        scratch: &mut RowBuffers,
        seen: &mut Vec<(u64, Sighting)>,
    ) {
        if plan.key_of(row, &mut scratch.key) {
            let key = KeyIndex::hash(&scratch.key);
            if self.keys.contains(&key) {
                seen.push((row.row(), Sighting::Key(scratch.key.clone())));
            }
            if in_cycles.contains(&key) {
                seen.push((row.row(), Sighting::InCycle(key, scratch.key.clone())));
            }
            if !self.contents.is_empty() {
                let content = ContentHash::default().of(plan, row);
                if self.contents.contains(&content) {
                    seen.push((row.row(), Sighting::Content(content)));
                }
            }
        }
        if !self.identifiers.is_empty() {
            plan.fill(row, &[], scratch);
            if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf())
                && self.identifiers.contains(&KeyIndex::hash(id))
            {
                seen.push((row.row(), Sighting::Identifier(id.to_owned())));
            }
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
