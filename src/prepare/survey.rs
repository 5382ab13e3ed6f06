//! The first pass over all rows: what no row can tell by itself.

use std::collections::HashMap;
use std::hash::Hasher as _;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::ahead::{Ahead, Court, Found, Judge, Pieces, Quiet};
use super::cycle::References;
use super::keys::KeyIndex;
use super::parallel::Pass;
use super::{Exports, NAMED_ROWS, PrepareError};
use crate::mapping::date::{Evidence, Verdict};
use crate::mapping::{Plan, Scratch};
use crate::partner::PartnerId;
use crate::source::{Flow, Footer, RowBatch, SourceRow};

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
    /// The pieces of each file, and what those are that need no second look.
    pub(super) pieces: Vec<Pieces>,
    pub(super) quiet: Quiet,
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

/// What a thread of the survey has at hand.
struct Hands {
    scratch: Scratch,
    judge: Judge,
}

/// What a batch tells the survey.
#[derive(Default)]
struct Part {
    found: Found,
    keys: Vec<u64>,
    contents: Vec<u64>,
    references: Vec<(u64, u64)>,
    identifiers: Vec<u64>,
    evidence: Vec<Evidence>,
}

impl Part {
    fn of(court: Court<'_>, own_identifier: bool, hands: &mut Hands, batch: &RowBatch) -> Self {
        let plan = &court.export.plan;
        let Hands { scratch, judge } = hands;
        let mut part = Self {
            keys: Vec::with_capacity(batch.len()),
            evidence: vec![Evidence::default(); plan.date_columns.len()],
            ..Self::default()
        };
        let gathers = plan.date_columns.iter().any(|c| !c.hinted);
        judge.begin(court);
        for row in batch.rows() {
            part.found.rows += 1;
            part.found.last_row = row.row();
            if row.fault().is_some() {
                judge.is_loud();
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
            } else {
                judge.is_loud();
            }
            if gathers {
                plan.gather(row, scratch, &mut part.evidence);
            }
            let is_filled = judge.row(court, row, scratch);
            if own_identifier {
                if !is_filled {
                    plan.fill(row, &[], scratch);
                }
                if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf()) {
                    part.identifiers.push(KeyIndex::hash(id));
                }
            }
        }
        part.found.quiet_by = judge.end(court, &part.evidence, batch, scratch);
        part
    }
}

impl Exports {
    /// Reads all rows once: counts them, gathers the evidence of date columns, finds keys that stand twice,
    /// rows that are alike and references in a circle, and on the way what `ahead` asks for. `stop` is asked between
    /// batches; `seen` is told how many rows there are so far.
    pub fn survey(
        &self,
        ahead: Ahead<'_>,
        stop: &dyn Fn() -> bool,
        seen: &dyn Fn(u64),
    ) -> Result<Survey, PrepareError> {
        let mut survey = Survey {
            quiet: ahead.finds(),
            ..Survey::default()
        };
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
            let court = Court {
                export,
                ahead,
                always: self.always,
            };
            let work = |hands: &mut Hands, _: usize, batch: RowBatch| {
                Part::of(court, own_identifier, hands, &batch)
            };
            let mut found = Vec::new();
            let mut incomplete = false;
            let mut take = |part: Part| {
                survey.rows += u64::from(part.found.rows);
                found.push(part.found);
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
                start: &|| Hands {
                    scratch: Scratch::default(),
                    judge: Judge::new(plan),
                },
                wanted: &|_| true,
                work: &work,
                take: &mut take,
            }
            .run()?;
            last_rows += end.last_row;
            survey.incomplete = incomplete;
            let verdicts: Vec<Verdict> = evidence.iter().map(Evidence::verdict).collect();
            let judges = end.states.into_iter().map(|hands| hands.judge);
            let pieces = Pieces::new(found, &verdicts, judges, end.last_row);
            survey.pieces.push(pieces);
            survey.verdicts.push(verdicts);
            survey.evidence.push(evidence);
            survey.footers.push(end.footer);
            if survey.incomplete {
                return Ok(survey);
            }
        }
        if last_rows > u64::from(u32::MAX) {
            return Err(PrepareError::TooManyRows);
        }
        let wanted = std::thread::scope(|scope| {
            let contents = scope.spawn(move || contents.finish());
            Wanted {
                keys: survey.keys.finish(),
                identifiers: identifiers.finish(),
                cycles: references.cycles(),
                contents: match contents.join() {
                    Ok(contents) => contents,
                    Err(panic) => std::panic::resume_unwind(panic),
                },
            }
        });
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
        let in_cycles: FxHashSet<u64> = wanted.cycles.iter().flatten().copied().collect();
        let mut cycle_keys: FxHashMap<u64, String> = FxHashMap::default();
        for (file, export) in self.files.iter().enumerate() {
            let work = |scratch: &mut Scratch, piece: usize, batch: RowBatch| {
                let mut seen = Vec::new();
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    wanted.look(&export.plan, row, &in_cycles, scratch, &mut seen);
                }
                (piece, seen)
            };
            let mut take = |(piece, seen): (usize, Vec<(u64, Seen)>)| {
                if !seen.is_empty() {
                    survey.pieces[file].look_again(piece);
                }
                for (row, seen) in seen {
                    let place = Place { file, row };
                    match seen {
                        Seen::Key(key) => note_place(&mut survey.repeated_keys, key, place),
                        Seen::Identifier(id) => {
                            note_place(&mut survey.repeated_identifiers, id, place);
                        }
                        Seen::Content(content) => note_place(&mut survey.alike, content, place),
                        Seen::InCycle(hash, key) => {
                            cycle_keys.insert(hash, key);
                        }
                    }
                }
                if stop() { Flow::Enough } else { Flow::More }
            };
            Pass {
                source: &export.source,
                start: &Scratch::default,
                wanted: &|_| true,
                work: &work,
                take: &mut take,
            }
            .run()?;
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

/// Something about a row that a second look was for.
enum Seen {
    Key(String),
    Identifier(String),
    Content(u64),
    InCycle(u64, String),
}

impl Wanted {
    fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.identifiers.is_empty()
            && self.contents.is_empty()
            && self.cycles.is_empty()
    }

    /// What of this row is wanted, with its number.
    fn look(
        &self,
        plan: &Plan,
        row: SourceRow<'_>,
        in_cycles: &FxHashSet<u64>,
        scratch: &mut Scratch,
        seen: &mut Vec<(u64, Seen)>,
    ) {
        if plan.key_of(row, &mut scratch.key) {
            let key = KeyIndex::hash(&scratch.key);
            if self.keys.contains(&key) {
                seen.push((row.row(), Seen::Key(scratch.key.clone())));
            }
            if in_cycles.contains(&key) {
                seen.push((row.row(), Seen::InCycle(key, scratch.key.clone())));
            }
            if !self.contents.is_empty() {
                let content = content(plan, row);
                if self.contents.contains(&content) {
                    seen.push((row.row(), Seen::Content(content)));
                }
            }
        }
        if !self.identifiers.is_empty() {
            plan.fill(row, &[], scratch);
            if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf())
                && self.identifiers.contains(&KeyIndex::hash(id))
            {
                seen.push((row.row(), Seen::Identifier(id.to_owned())));
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

/// The hash of all mapped cells that are no part of the row's identity: of their texts without blanks around them.
pub(super) fn content(plan: &Plan, row: SourceRow<'_>) -> u64 {
    content_of(plan.content_columns(), row)
}

fn content_of(columns: &[usize], row: SourceRow<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    for column in columns {
        // A hash of each text, its length included, goes into the hash of all.
        match row.text_bytes(*column) {
            // What begins and ends with a letter, digit or sign has nothing to trim.
            Some(text)
                if text.first().is_none_or(u8::is_ascii_graphic)
                    && text.last().is_none_or(u8::is_ascii_graphic) =>
            {
                hasher.write(text);
            }
            _ => hasher.write(row.cell(*column).to_text().trim().as_bytes()),
        }
    }
    hasher.finish()
}

fn note_place<K: std::hash::Hash + Eq, S: std::hash::BuildHasher>(
    places: &mut HashMap<K, Vec<Place>, S>,
    what: K,
    place: Place,
) {
    let list = places.entry(what).or_default();
    // One more than are named tells that there are more.
    if list.len() <= NAMED_ROWS {
        list.push(place);
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
