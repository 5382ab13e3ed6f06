//! What the columns of a file hold, counted for a person who is to give them fields: how full, some values, how often each of a
//! few words occurs.

use rustc_hash::FxHashMap;

use super::super::coerce::{coerce, trim};
use super::name::{fields_of, is_bank};
use super::spelling::{Spelled, words};
use crate::partner::FieldKind;
use crate::source::RowBatch;

/// Values that are shown of a column.
const SAMPLES: usize = 5;
/// Different values up to which they are words, each with its count.
const MOST_WORDS: usize = 100;
/// Characters of a value that is kept.
const LONGEST: usize = 200;
/// Words in the names of columns whose values are shown to nobody before it is known what they are.
const GUARDED_WORDS: &[&str] = &[
    "iban",
    "bic",
    "swift",
    "bank",
    "blz",
    "bsb",
    "aba",
    "routing",
    "ssn",
    "tin",
    "ein",
    "nif",
    "cpf",
    "cnpj",
    "passport",
    "steuernummer",
    "account",
    "konto",
    "kontonummer",
    "cuenta",
    "compte",
    "conto",
    "conta",
    "rekening",
    "rekeningnummer",
];

/// What one column holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Rows whose cell is not empty.
    pub filled: u64,
    /// The first different values, as written.
    pub samples: Vec<String>,
    /// The different values with how often each occurs, the most frequent first; empty where there are many.
    pub words: Vec<(String, u64)>,
    counts: FxHashMap<Box<str>, u64>,
    has_many: bool,
}

/// What all columns of a file hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Rows that could be read.
    pub rows: u64,
    /// By column.
    pub columns: Vec<ColumnFacts>,
}

impl Facts {
    /// Counts the cells of a batch's rows, those that could not be read left out.
    pub fn see(&mut self, batch: &RowBatch) {
        let width = batch.header().len().max(self.columns.len());
        self.columns.resize_with(width, ColumnFacts::default);
        for row in batch.rows().filter(|r| r.fault().is_none()) {
            self.rows += 1;
            for (column, facts) in self.columns.iter_mut().enumerate() {
                let cell = row.cell(column);
                if !cell.is_blank() {
                    facts.see(trim(&cell.to_text()).0);
                }
            }
        }
    }

    /// Sorts the words: to be called when all rows were seen.
    #[must_use]
    pub fn settled(mut self) -> Self {
        for column in &mut self.columns {
            let counts = std::mem::take(&mut column.counts);
            column.words = counts.into_iter().map(|(w, n)| (w.into(), n)).collect();
            let order = |a: &(String, u64), b: &(String, u64)| (b.1, &a.0).cmp(&(a.1, &b.0));
            column.words.sort_by(order);
        }
        self
    }
}

impl ColumnFacts {
    fn see(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.filled += 1;
        if self.has_many {
            return;
        }
        if let Some(count) = self.counts.get_mut(text) {
            *count += 1;
            return;
        }
        if self.samples.len() < SAMPLES {
            self.samples.push(text.chars().take(LONGEST).collect());
        }
        if self.counts.len() == MOST_WORDS || text.len() > LONGEST {
            self.has_many = true;
            self.counts = FxHashMap::default();
        } else {
            self.counts.insert(text.into(), 1);
        }
    }

    /// Whether there are more different values than are counted.
    #[must_use]
    pub fn has_many(&self) -> bool {
        self.has_many
    }
}

/// Whether a column may hold bank data or the like, by its name or its values: its values are masked until a mapping says what
/// they are.
#[must_use]
pub fn may_be_sensitive(name: &str, facts: &ColumnFacts) -> bool {
    let named = fields_of(&Spelled::of(name));
    let is_named = named.iter().any(|n| is_bank(n.path))
        || words(name)
            .iter()
            .any(|w| GUARDED_WORDS.contains(&w.as_str()));
    let samples = &facts.samples;
    let routing = |s: &&String| coerce(FieldKind::Routing, s).is_ok();
    let are_routing = samples.iter().filter(routing).count() * 2 > samples.len();
    is_named || are_routing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(values: &[&str]) -> ColumnFacts {
        let mut column = ColumnFacts::default();
        for value in values {
            column.see(value);
        }
        let facts = Facts {
            rows: 0,
            columns: vec![column],
        };
        facts.settled().columns.remove(0)
    }

    #[test]
    fn few_words_are_counted_and_many_values_are_not_kept() {
        let few = facts(&["b", "a", "", "b", "c", "c", "b"]);
        assert_eq!((few.filled, few.has_many()), (6, false));
        assert_eq!(few.samples, ["b", "a", "c"]);
        let words: Vec<_> = few.words.iter().map(|(w, n)| (w.as_str(), *n)).collect();
        assert_eq!(words, [("b", 3), ("c", 2), ("a", 1)]);
        let values: Vec<String> = (0..=MOST_WORDS).map(|n| n.to_string()).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let many = facts(&values);
        assert_eq!(many.filled, MOST_WORDS as u64 + 1);
        assert!(many.has_many() && many.words.is_empty());
        assert_eq!(many.samples.len(), SAMPLES);
        assert!(!facts(&values[1..]).has_many());
    }

    #[test]
    fn columns_that_may_be_of_a_bank_are_known_by_name_or_values() {
        for (name, values, is_it) in [
            ("IBAN", &["x"][..], true),
            ("Bank Acct", &["x"], true),
            ("SSN", &["123-45-6789"], true),
            ("Account Number", &["12345"], true),
            ("Code", &["021000021", "011401533"], true),
            ("Code", &["021000021", "A", "B"], false),
            ("Customer Name", &["Acme"], false),
            ("Phone", &["(619) 555-0134"], false),
        ] {
            assert_eq!(may_be_sensitive(name, &facts(values)), is_it, "{name}");
        }
    }
}
