//! What a pass over all rows counts on its way: how full each field is, the range of its dates, and a few
//! payloads to look at.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use rustc_hash::FxHashSet;

use super::example::{Example, Examples};
use crate::mapping::Plan;
use crate::partner::{Body, Draft, FieldKind, Finding, Slot, write_payload};
use crate::source::{Cell, SourceRow};

/// Payloads that are kept to look at.
const SAMPLES: usize = 3;

/// How full one request field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTally {
    /// The request field by its path, `organization.businessName`.
    pub field: Arc<str>,
    /// The column that mainly feeds it.
    pub column: Option<Arc<str>>,
    /// Rows with a value for it that is no error.
    pub filled: u64,
    /// Rows without a value for it.
    pub empty: u64,
    /// Rows whose value is an error.
    pub invalid: u64,
    /// The earliest and the latest date, where it is a field of dates.
    pub dates: Option<(Date, Date)>,
    /// A cell as read and what is sent of it, both masked where they are sensitive.
    pub example: Option<Example>,
}

/// A payload as it would be sent, sensitive values masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// The row as a spreadsheet counts.
    pub row: u64,
    /// The request body as JSON; a link to another row's partner is shown by that row's key.
    pub body: String,
}

/// What a pass counted over all files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Fields that columns feed, in the order of the mapping.
    pub fields: Vec<FieldTally>,
    /// The first payloads of rows that can be sent, three at most.
    pub samples: Vec<Sample>,
    /// Fields of fixed words, their column and the words that stand in it; one that has too many is left out.
    pub words: Vec<(Arc<str>, Arc<str>, BTreeSet<String>)>,
}

/// A column with more different words than this holds no fixed words.
const MOST_WORDS: usize = 200;
/// Sets of leaves that are counted each by itself.
const MOST_SETS: usize = 16;

/// The same for one file, by leaf.
#[derive(Debug, Clone, Default)]
pub(super) struct LeafTally {
    filled: Vec<u64>,
    /// Sets of leaves that rows without a finding fill, a bit for each leaf, and how many rows: not yet in `filled`.
    sets: Vec<(u128, u64)>,
    invalid: Vec<u64>,
    dates: Vec<Option<(Date, Date)>>,
    /// Leaves that hold dates.
    date_leaves: Vec<usize>,
    rows: u64,
    samples: Vec<Sample>,
    errors: Vec<usize>,
    /// Leaf, column, and the words so far.
    words: Vec<(usize, usize, FxHashSet<String>)>,
    examples: Examples,
}

impl LeafTally {
    pub(super) fn new(plan: &Plan) -> Self {
        let leaves = plan.shape.leaves.len();
        Self {
            filled: vec![0; leaves],
            invalid: vec![0; leaves],
            dates: vec![None; leaves],
            date_leaves: (0..leaves)
                .filter(|leaf| plan.shape.leaves[*leaf].field.kind == FieldKind::Date)
                .collect(),
            words: plan
                .word_columns()
                .map(|(leaf, column)| (leaf, column, FxHashSet::default()))
                .collect(),
            ..Self::default()
        }
    }

    /// Counts a row: its draft and what was found on it.
    pub(super) fn row(
        &mut self,
        plan: &Plan,
        row: SourceRow<'_>,
        draft: &Draft,
        findings: &[Finding],
    ) {
        self.rows += 1;
        for (_, column, words) in &mut self.words {
            if let Cell::Text(text) = row.cell(*column)
                && words.len() <= MOST_WORDS
                && !words.contains(text.trim())
            {
                words.insert(text.trim().to_owned());
            }
        }
        self.errors.clear();
        for finding in findings {
            let Some(leaf) = finding.leaf else { continue };
            if plan.validation.severity(finding.code) == crate::diagnostic::Severity::Error
                && !self.errors.contains(&leaf)
            {
                self.errors.push(leaf);
                self.invalid[leaf] += 1;
            }
        }
        match draft.filled_leaves() {
            Some(set) if self.errors.is_empty() => self.count_set(set),
            _ => {
                for leaf in 0..self.filled.len() {
                    let is_counted =
                        draft.slot(leaf) != Slot::Empty && !self.errors.contains(&leaf);
                    self.filled[leaf] += u64::from(is_counted);
                }
            }
        }
        for leaf in self.date_leaves.iter().copied() {
            if let Slot::Date(date) = draft.slot(leaf) {
                let range = self.dates[leaf].get_or_insert((date, date));
                *range = (range.0.min(date), range.1.max(date));
            }
        }
        if Examples::wants(self.rows) {
            self.examples.row(self.rows, plan, row, draft, &self.errors);
        }
    }

    /// Counts a row that fills these leaves: nearly all rows fill one of a few sets.
    fn count_set(&mut self, set: u128) {
        if let Some((_, rows)) = self.sets.iter_mut().find(|(known, _)| *known == set) {
            *rows += 1;
            return;
        }
        if self.sets.len() == MOST_SETS {
            self.add_sets_up();
        }
        self.sets.push((set, 1));
    }

    fn add_sets_up(&mut self) {
        for (set, rows) in self.sets.drain(..) {
            for (leaf, filled) in self.filled.iter_mut().enumerate() {
                *filled += rows * u64::from(set >> leaf & 1 == 1);
            }
        }
    }

    /// How many payloads it keeps.
    pub(super) fn samples(&self) -> usize {
        self.samples.len()
    }

    /// Whether another payload is wanted, where `others` are kept elsewhere.
    pub(super) fn wants_sample(&self, others: usize) -> bool {
        self.samples.len() + others < SAMPLES
    }

    /// Lets go of payloads of these rows.
    pub(super) fn forget_samples(&mut self, rows: std::ops::RangeInclusive<u64>) {
        self.examples.forget(&rows);
        self.samples.retain(|s| !rows.contains(&s.row));
    }

    /// Takes in what other rows of the same plan hold.
    pub(super) fn absorb(&mut self, mut other: Self) {
        other.add_sets_up();
        self.rows += other.rows;
        let counts = self.filled.iter_mut().zip(other.filled);
        counts.for_each(|(all, more)| *all += more);
        let counts = self.invalid.iter_mut().zip(other.invalid);
        counts.for_each(|(all, more)| *all += more);
        for (all, more) in self.dates.iter_mut().zip(other.dates) {
            *all = widest(*all, more);
        }
        for ((.., all), (.., more)) in self.words.iter_mut().zip(other.words) {
            if all.len() <= MOST_WORDS {
                all.extend(more);
            }
        }
        self.examples.absorb(other.examples);
        self.samples.extend(other.samples);
    }

    /// Keeps a row's payload, sensitive values masked.
    pub(super) fn sample(&mut self, plan: &Plan, draft: &Draft, file: &Arc<str>, row: u64) {
        let mut masked = draft.clone();
        for leaf in 0..plan.shape.leaves.len() {
            if plan.is_sensitive(leaf) && masked.slot(leaf) != Slot::Empty {
                let text = masked
                    .leaf_text(leaf)
                    .map_or_else(|| crate::secret::mask("********"), crate::secret::mask);
                masked.replace_text(leaf, &text);
            }
        }
        let mut body = Vec::new();
        let holes = write_payload(&plan.shape, &masked, &mut body);
        let links: Vec<(usize, String)> = holes
            .iter()
            .filter_map(|hole| match masked.slot(hole.leaf) {
                Slot::Link { at } => {
                    Some((hole.at, format!("(the partner of {})", masked.text(at))))
                }
                _ => None,
            })
            .collect();
        let body = Body::new(body).filled(links.iter().map(|(at, text)| (*at, text.as_str())));
        self.samples.push(Sample {
            file: Arc::clone(file),
            row,
            body: String::from_utf8_lossy(&body).into_owned(),
        });
    }
}

/// The range that holds both.
fn widest(a: Option<(Date, Date)>, b: Option<(Date, Date)>) -> Option<(Date, Date)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

impl Tally {
    /// Keeps the first samples: each worker brought its own.
    pub(super) fn settle(&mut self) {
        // Stable, and files come in their order: the rows of a file are sorted among themselves.
        let file = |s: &Sample| Arc::clone(&s.file);
        if let Some(last) = self.samples.last().map(file) {
            let from = self.samples.iter().position(|s| s.file == last);
            self.samples[from.unwrap_or(0)..].sort_by_key(|s| s.row);
        }
        self.samples.truncate(SAMPLES);
    }

    /// Adds what one file counted; fields of the same name are added up.
    pub(super) fn add(&mut self, plan: &Plan, names: &[Arc<str>], mut leaves: LeafTally) {
        leaves.add_sets_up();
        let mut examples = leaves.examples;
        let mut places: HashMap<Arc<str>, usize> = self
            .fields
            .iter()
            .enumerate()
            .map(|(i, f)| (Arc::clone(&f.field), i))
            .collect();
        for (leaf, info) in plan.shape.leaves.iter().enumerate() {
            if !info.from_columns {
                continue;
            }
            let at = *places.entry(Arc::clone(&info.path)).or_insert_with(|| {
                self.fields.push(FieldTally {
                    field: Arc::clone(&info.path),
                    column: plan.column_of(leaf).and_then(|c| names.get(c).cloned()),
                    filled: 0,
                    empty: 0,
                    invalid: 0,
                    dates: None,
                    example: None,
                });
                self.fields.len() - 1
            });
            let field = &mut self.fields[at];
            field.filled += leaves.filled[leaf];
            field.invalid += leaves.invalid[leaf];
            field.empty += leaves
                .rows
                .saturating_sub(leaves.filled[leaf] + leaves.invalid[leaf]);
            field.dates = widest(field.dates, leaves.dates[leaf]);
            let example = examples.take(leaf);
            field.example = Example::better(field.example.take(), example);
        }
        for (leaf, column, words) in leaves.words {
            let (Some(info), Some(name)) = (plan.shape.leaves.get(leaf), names.get(column)) else {
                continue;
            };
            if words.len() > MOST_WORDS {
                continue;
            }
            let words = words.into_iter().filter(|w| !w.is_empty());
            match self.words.iter_mut().find(|(f, ..)| *f == info.path) {
                Some((.., known)) => known.extend(words),
                None => {
                    let words = words.collect();
                    self.words
                        .push((Arc::clone(&info.path), Arc::clone(name), words));
                }
            }
        }
        self.samples.extend(leaves.samples);
    }
}
