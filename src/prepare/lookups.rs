//! How many of the export's different words stand in a rule's lookup file, and which do not, for a person who makes a mapping.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::exports::{Export, Exports, PrepareError};
use crate::diagnostic::visible;
use crate::mapping::LookedUp;
use crate::source::Flow;

/// Different words that are counted of a rule: what has more is no column of words.
const MOST_WORDS: usize = 100_000;
/// Words that are not there and are named, the most frequent first.
const NAMED: usize = 10;
/// The longest word that is shown.
const LONGEST: usize = 60;

/// Different words, and the rows that have one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WordCount {
    /// Different words.
    pub words: u64,
    /// Cells that have one.
    pub rows: u64,
}

/// What a rule's lookup file has of a column's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookupCoverage {
    /// The rule's field, as a path of the request.
    pub field: Arc<str>,
    /// In the file, or in the rule's own map.
    pub found: WordCount,
    /// In neither; the field takes them as they are.
    pub known: WordCount,
    /// Nowhere.
    pub missed: WordCount,
    /// Whether there are more different words than are counted; the rows are all counted.
    pub is_cut: bool,
    /// The most frequent words that are nowhere; none of a column whose values nobody may see.
    pub first_missed: Vec<(String, u64)>,
}

/// Words of one rule under way.
#[derive(Default)]
struct Counted {
    words: FxHashMap<Box<str>, (LookedUp, u64)>,
    others: LookupCoverage,
}

impl Counted {
    fn see(&mut self, word: &str, found: LookedUp) {
        if let Some((_, rows)) = self.words.get_mut(word) {
            *rows += 1;
        } else if self.words.len() < MOST_WORDS {
            self.words.insert(word.into(), (found, 1));
        } else {
            self.others.is_cut = true;
            self.others.count_of(found).rows += 1;
        }
    }

    fn settled(self, field: &Arc<str>, is_hidden: bool) -> LookupCoverage {
        let mut coverage = self.others;
        coverage.field = Arc::clone(field);
        let mut missed: Vec<(Box<str>, u64)> = Vec::new();
        for (word, (found, rows)) in self.words {
            let count = coverage.count_of(found);
            count.words += 1;
            count.rows += rows;
            if found == LookedUp::Missed && !is_hidden {
                missed.push((word, rows));
            }
        }
        missed.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        missed.truncate(NAMED);
        let shown = missed.into_iter();
        coverage.first_missed = shown.map(|(w, n)| (visible(&w, LONGEST), n)).collect();
        coverage
    }
}

impl LookupCoverage {
    fn count_of(&mut self, found: LookedUp) -> &mut WordCount {
        match found {
            LookedUp::Found => &mut self.found,
            LookedUp::Known => &mut self.known,
            LookedUp::Missed => &mut self.missed,
        }
    }
}

impl Exports {
    /// Goes through all rows: for each rule that takes columns through a lookup file what is in it and what is not. Without such a
    /// rule nothing is read. Ends early where it is stopped.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn looked_up(
        &self,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<LookupCoverage>, PrepareError> {
        let Some(first) = self.files.first() else {
            return Ok(Vec::new());
        };
        let leaves: Vec<(usize, bool)> = first
            .plan
            .lookup_leaves()
            .map(|l| hidden(first, l))
            .collect();
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let mut counted: Vec<Counted> = leaves.iter().map(|_| Counted::default()).collect();
        for export in &self.files {
            export.source.read(&mut |batch| {
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    for ((leaf, _), counted) in leaves.iter().zip(&mut counted) {
                        let see = &mut |word: &str, found| counted.see(word, found);
                        export.plan.look_up(*leaf, row, see);
                    }
                }
                if is_stopped() {
                    Flow::Enough
                } else {
                    Flow::More
                }
            })?;
        }
        let of = |((leaf, is_hidden), counted): (&(usize, bool), Counted)| {
            counted.settled(&first.plan.shape.leaves[*leaf].path, *is_hidden)
        };
        Ok(leaves.iter().zip(counted).map(of).collect())
    }
}

/// A leaf, and whether its words may not be shown.
fn hidden(export: &Export, (leaf, columns): (usize, &[usize])) -> (usize, bool) {
    let plan = &export.plan;
    let is_sensitive = |c: &usize| plan.sensitive_columns[*c];
    let is_hidden = plan.is_sensitive(leaf) || columns.iter().any(is_sensitive);
    (leaf, is_hidden)
}
