//! The first pass over all rows: what no row can tell by itself.

use std::collections::HashMap;
use std::hash::Hasher as _;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::cycle::References;
use super::keys::KeyIndex;
use super::parallel::Pass;
use super::{Exports, NAMED_ROWS, PrepareError};
use crate::mapping::date::{Evidence, Verdict};
use crate::mapping::{Plan, Scratch};
use crate::partner::PartnerId;
use crate::source::{Cell, Flow, Footer, RowBatch, SourceRow};

/// What a first pass over all rows knows.
#[derive(Debug, Default)]
pub struct Survey {
    /// Data rows in all files.
    pub rows: u64,
    /// Evidence by file, then by date column of its plan.
    pub evidence: Vec<Vec<Evidence>>,
    /// Words at the end of each file that are no rows.
    pub footers: Vec<Option<Footer>>,
    /// True where the pass was stopped before the end.
    pub incomplete: bool,
    pub(super) verdicts: Vec<Vec<Verdict>>,
    keys: KeyIndex,
    /// Hashes of legacyIdentifiers, where they are not the keys.
    identifiers: Option<KeyIndex>,
    pub(super) repeated_keys: HashMap<String, Vec<Place>>,
    pub(super) repeated_identifiers: HashMap<String, Vec<Place>>,
    /// Rows that are alike but for the key, by the hash of their other cells.
    pub(super) alike: FxHashMap<u64, Vec<Place>>,
    /// Partners outside the files and the state.
    pub(super) elsewhere: Elsewhere,
    /// For each key in a circle, the circle in words, from that key on.
    pub(super) cycles: HashMap<String, String>,
}

/// What is known of partners outside the files and the state.
#[derive(Debug, Default)]
pub(super) enum Elsewhere {
    /// There are none.
    #[default]
    Nowhere,
    /// The API may have some, and was not asked yet.
    Unasked,
    /// The API has these, by legacyIdentifier.
    Found(HashMap<String, PartnerId>),
}

/// A row as messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) row: u64,
}

impl Survey {
    /// Takes what the API said of partners outside the files, by legacyIdentifier.
    pub fn found_on_api(&mut self, partners: HashMap<String, PartnerId>) {
        self.elsewhere = Elsewhere::Found(partners);
    }

    /// Whether a row of the files has this key. A false yes is possible once in 10¹³ questions.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Whether a row of the files is known on the API by this legacyIdentifier.
    #[must_use]
    pub fn has_identifier(&self, legacy: &str) -> bool {
        self.identifiers
            .as_ref()
            .unwrap_or(&self.keys)
            .contains(legacy)
    }
}

/// Keys that a message names of a long circle.
const NAMED_KEYS: usize = 8;

/// What the first pass leaves for a second look.
#[derive(Default)]
struct Wanted {
    keys: FxHashSet<u64>,
    identifiers: FxHashSet<u64>,
    contents: FxHashSet<u64>,
    cycles: Vec<Vec<u64>>,
}

/// What a batch tells the survey.
#[derive(Default)]
struct Part {
    rows: u64,
    keys: Vec<u64>,
    contents: Vec<u64>,
    references: Vec<(u64, u64)>,
    identifiers: Vec<u64>,
    evidence: Vec<Evidence>,
}

impl Part {
    fn of(plan: &Plan, own_identifier: bool, scratch: &mut Scratch, batch: &RowBatch) -> Self {
        let mut part = Self {
            keys: Vec::with_capacity(batch.len()),
            evidence: vec![Evidence::default(); plan.date_columns.len()],
            ..Self::default()
        };
        let gathers = plan.date_columns.iter().any(|c| !c.hinted);
        for row in batch.rows() {
            part.rows += 1;
            if row.fault().is_some() {
                continue;
            }
            if plan.key_of(row, &mut scratch.key) {
                let key = KeyIndex::hash(&scratch.key);
                part.keys.push(key);
                plan.each_reference(row, &mut |parent| {
                    part.references.push((key, KeyIndex::hash(parent)));
                });
                if !plan.content_columns().is_empty() {
                    part.contents.push(content(plan, row));
                }
            }
            if gathers {
                plan.gather(row, scratch, &mut part.evidence);
            }
            if own_identifier {
                plan.fill(row, &[], scratch);
                if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf()) {
                    part.identifiers.push(KeyIndex::hash(id));
                }
            }
        }
        part
    }
}

impl Exports {
    /// Reads all rows once: counts them, gathers the evidence of date columns, finds keys that stand twice,
    /// rows that are alike and references in a circle. `stop` is asked between batches; `seen` is told how
    /// many rows there are so far.
    pub fn survey(
        &self,
        stop: &dyn Fn() -> bool,
        seen: &dyn Fn(u64),
    ) -> Result<Survey, PrepareError> {
        let mut survey = Survey::default();
        if self.asks_api() {
            survey.elsewhere = Elsewhere::Unasked;
        }
        let own_identifier = self.files.iter().any(|f| f.plan.has_own_identifier());
        let mut identifiers = KeyIndex::default();
        let mut contents = KeyIndex::default();
        let mut references = References::default();
        // Rows are numbered over all files as a spreadsheet counts them.
        let mut last_rows = 0;
        for export in &self.files {
            let plan = &export.plan;
            let mut evidence = vec![Evidence::default(); plan.date_columns.len()];
            let work = |scratch: &mut Scratch, batch: RowBatch| {
                Part::of(plan, own_identifier, scratch, &batch)
            };
            let mut incomplete = false;
            let mut take = |part: Part| {
                survey.rows += part.rows;
                for key in part.keys {
                    survey.keys.add_hash(key);
                }
                for content in part.contents {
                    contents.add_hash(content);
                }
                for (key, parent) in part.references {
                    references.add(key, parent);
                }
                for identifier in part.identifiers {
                    identifiers.add_hash(identifier);
                }
                for (all, below) in evidence.iter_mut().zip(&part.evidence) {
                    all.merge(below);
                }
                seen(survey.rows);
                incomplete = stop();
                if incomplete { Flow::Enough } else { Flow::More }
            };
            let end = Pass {
                source: &export.source,
                start: &Scratch::default,
                work: &work,
                take: &mut take,
            }
            .run()?;
            last_rows += end.last_row;
            survey.incomplete = incomplete;
            survey
                .verdicts
                .push(evidence.iter().map(Evidence::verdict).collect());
            survey.evidence.push(evidence);
            survey.footers.push(end.footer);
            if survey.incomplete {
                return Ok(survey);
            }
        }
        if last_rows > u64::from(u32::MAX) {
            return Err(PrepareError::TooManyRows);
        }
        let wanted = Wanted {
            keys: survey.keys.finish(),
            identifiers: identifiers.finish(),
            contents: contents.finish(),
            cycles: references.cycles(),
        };
        drop(contents);
        survey.identifiers = own_identifier.then_some(identifiers);
        if !wanted.is_empty() {
            self.look_again(&mut survey, &wanted, stop)?;
        }
        Ok(survey)
    }

    /// Second look at rows whose hash was seen twice, or in a circle: the exact texts, and where they stand.
    fn look_again(
        &self,
        survey: &mut Survey,
        wanted: &Wanted,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), PrepareError> {
        let mut scratch = Scratch::default();
        let in_cycles: FxHashSet<u64> = wanted.cycles.iter().flatten().copied().collect();
        let mut cycle_keys: FxHashMap<u64, String> = FxHashMap::default();
        for (file, export) in self.files.iter().enumerate() {
            let plan = &export.plan;
            export.source.read(&mut |batch| {
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    let place = || Place {
                        file,
                        row: row.row(),
                    };
                    let has_key = plan.key_of(row, &mut scratch.key);
                    if has_key {
                        let key = KeyIndex::hash(&scratch.key);
                        if wanted.keys.contains(&key) {
                            note_place(&mut survey.repeated_keys, &scratch.key, place());
                        }
                        if in_cycles.contains(&key) {
                            cycle_keys.insert(key, scratch.key.clone());
                        }
                        if !wanted.contents.is_empty() {
                            let content = content(plan, row);
                            if wanted.contents.contains(&content) {
                                let places = survey.alike.entry(content).or_default();
                                if places.len() <= NAMED_ROWS {
                                    places.push(place());
                                }
                            }
                        }
                    }
                    if !wanted.identifiers.is_empty() {
                        plan.fill(row, &[], &mut scratch);
                        if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf())
                            && wanted.identifiers.contains(&KeyIndex::hash(id))
                        {
                            note_place(&mut survey.repeated_identifiers, id, place());
                        }
                    }
                }
                if stop() { Flow::Enough } else { Flow::More }
            })?;
        }
        survey.repeated_keys.retain(|_, places| places.len() > 1);
        survey
            .repeated_identifiers
            .retain(|_, places| places.len() > 1);
        for cycle in &wanted.cycles {
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
        Ok(())
    }
}

impl Wanted {
    fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.identifiers.is_empty()
            && self.contents.is_empty()
            && self.cycles.is_empty()
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

/// The hash of all mapped cells that are no part of the row's identity: of their texts without blanks around them.
pub(super) fn content(plan: &Plan, row: SourceRow<'_>) -> u64 {
    content_of(plan.content_columns(), row)
}

fn content_of(columns: &[usize], row: SourceRow<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    for column in columns {
        // A hash of each text, its length included, goes into the hash of all.
        match row.cell(*column) {
            Cell::Text(text) => hasher.write(trimmed(text).as_bytes()),
            cell => hasher.write(trimmed(&cell.to_text()).as_bytes()),
        }
    }
    hasher.finish()
}

/// As `str::trim`, and at once where a text begins and ends with a letter, digit or sign.
fn trimmed(text: &str) -> &str {
    match (text.as_bytes().first(), text.as_bytes().last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        (None, _) => text,
        _ => text.trim(),
    }
}

fn note_place(places: &mut HashMap<String, Vec<Place>>, text: &str, place: Place) {
    match places.get_mut(text) {
        Some(list) if list.len() > NAMED_ROWS => {}
        Some(list) => list.push(place),
        None => {
            places.insert(text.to_owned(), vec![place]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceOptions};

    #[test]
    fn contents_are_alike_without_the_blanks_around_their_cells() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.csv");
        let text = "A,B,C\nx,y,z\n x,y ,z\nxy,,z\nx,yz,\nx,y,z\n";
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, &SourceOptions::default()).unwrap();
        for columns in [[0, 1, 2].as_slice(), &[0, 2], &[1]] {
            let mut seen = Vec::new();
            source
                .read(&mut |batch| {
                    seen.extend(batch.rows().map(|row| content_of(columns, row)));
                    Flow::More
                })
                .unwrap();
            assert_eq!(seen[0], seen[1]);
            assert_eq!(seen[0], seen[4]);
            assert_ne!(seen[0], seen[2]);
            assert_ne!(seen[2], seen[3]);
        }
    }
}
