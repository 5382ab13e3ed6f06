//! What is said where more rows are new than `max_new` allows: with an example, and with a key of the state that is like it,
//! since keys that are spelt otherwise than before are the usual cause.

use std::collections::HashMap;

use super::new_rows::NewRows;
use crate::config::Bound;
use crate::diagnostic::{shape, thousands};
use crate::ops::error::OpError;
use crate::state::StateReader;

/// A shorter key is like too many others.
const SHORTEST: usize = 6;
/// Characters of a key that are shown.
const SHOWN: usize = 40;

/// Why nothing is sent, and what to do, where more of `rows` are new than `bound` allows.
pub(super) fn too_many_new(
    new: &NewRows,
    bound: Bound,
    rows: u64,
    reader: Option<&StateReader>,
) -> Result<Option<String>, OpError> {
    if !bound.is_exceeded(new.without_record, rows) {
        return Ok(None);
    }
    let keys: Vec<&str> = new.sample.rows().iter().map(|r| r.key.as_str()).collect();
    let mut like = Like::new(&keys);
    if let Some(reader) = reader {
        reader.each_key(&mut |key| like.see(key))?;
    }
    // The words leave the machine with the webhook: a key is shown by what it looks like.
    let shown = |key: &str| format!("\"{}\"", shape(key, SHOWN));
    let example = match (like.found, keys.first()) {
        (Some((new, known)), _) => format!(
            "One of them has a key of the form {}, where the state has one of the form {} (9 for a digit, A and a for letters): if all keys are spelt differently than before, correct the export or the mapping",
            shown(&new),
            shown(&known)
        ),
        (None, Some(new)) => format!(
            "One of them has a key of the form {} (9 for a digit, A and a for letters): if all keys are spelt differently than before, correct the export or the mapping",
            shown(new)
        ),
        (None, None) => "Check the export".to_owned(),
    };
    Ok(Some(format!(
        "{} of {} rows are new; max_new = {bound}. Nothing was sent. {example}. If they really are new, run once with a larger max_new.",
        thousands(new.without_record),
        thousands(rows)
    )))
}

/// Looks for a key of the state that may be a new one, spelt otherwise.
struct Like<'k> {
    /// New keys by their plain spelling.
    new: HashMap<String, &'k str>,
    found: Option<(String, String)>,
    /// Whether it is the same but for its spelling; else one begins with the other.
    is_same: bool,
}

impl<'k> Like<'k> {
    fn new(keys: &[&'k str]) -> Self {
        Self {
            new: keys.iter().map(|key| (plain(key), *key)).collect(),
            found: None,
            is_same: false,
        }
    }

    fn see(&mut self, known: &str) {
        if self.is_same {
            return;
        }
        let spelt = plain(known);
        if let Some(new) = self.new.get(&spelt) {
            self.found = Some(((*new).to_owned(), known.to_owned()));
            self.is_same = true;
        } else if self.found.is_none() {
            let like = self.new.iter().find(|(new, _)| begin_alike(new, &spelt));
            self.found = like.map(|(_, new)| ((*new).to_owned(), known.to_owned()));
        }
    }
}

/// A key without what exports write in different ways: letter case, marks between, zeros in front.
fn plain(key: &str) -> String {
    let letters = key.chars().filter(|c| c.is_alphanumeric());
    let plain: String = letters.flat_map(char::to_lowercase).collect();
    plain.trim_start_matches('0').to_owned()
}

/// Whether one of them is the other with something behind it.
fn begin_alike(one: &str, other: &str) -> bool {
    let shorter = one.len().min(other.len());
    let longer = one.len().max(other.len());
    shorter >= SHORTEST
        && shorter * 2 > longer
        && (one.starts_with(other) || other.starts_with(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_spelt_otherwise_is_found() {
        for (new, known, is_like) in [
            ("0015000000AbCdEAAW", "0015000000AbCdE", true),
            ("00042", "42", true),
            ("ab-12", "AB12", true),
            ("K-10", "K-1", false),
            ("A-100", "B-100", false),
            ("", "1", false),
        ] {
            let mut like = Like::new(&[new]);
            like.see(known);
            assert_eq!(like.found.is_some(), is_like, "{new} {known}");
        }
    }

    #[test]
    fn half_of_a_key_is_not_like_it() {
        for (one, other, alike) in [
            ("abcdef", "abcdefghijk", true),
            ("abcdef", "abcdefghijkl", false),
            ("abcde", "abcdefg", false),
            ("abcdef", "abcdeg", false),
        ] {
            assert_eq!(begin_alike(one, other), alike, "{one} {other}");
            assert_eq!(begin_alike(other, one), alike, "{other} {one}");
        }
    }

    #[test]
    fn the_bound_is_of_rows_without_a_record() {
        let told = |without_record, rows| {
            let new = NewRows {
                to_create: rows,
                without_record,
                ..NewRows::default()
            };
            too_many_new(&new, Bound::Rows(2), rows, None).unwrap()
        };
        assert_eq!(told(2, 9), None);
        let words = told(3, 1_009).unwrap();
        let expected = "3 of 1,009 rows are new; max_new = 2. Nothing was sent. Check the export.";
        assert!(words.starts_with(expected), "{words}");
    }

    #[test]
    fn the_same_key_is_shown_before_one_that_begins_alike() {
        let mut like = Like::new(&["customer-1", "customer-10"]);
        like.see("customer100");
        like.see("CUSTOMER 10");
        like.see("customer101");
        let found = like.found.unwrap();
        assert_eq!(
            (found.0.as_str(), found.1.as_str()),
            ("customer-10", "CUSTOMER 10")
        );
    }
}
