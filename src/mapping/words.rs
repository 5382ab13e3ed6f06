//! The words that a rule's `map` and its lookup file turn into others.

use std::collections::HashMap;
use std::sync::Arc;

use super::rule::{Constant, Lookup};
use crate::diagnostic::nearest;

/// Words up to which all are compared with one that is missing.
const FEW: usize = 1_000;
/// Words of a longer table that are compared with one that is missing.
const MOST_COMPARED: usize = 4_096;
/// Letters by which they may be longer or shorter.
const DIFFERENCE: usize = 3;

/// A rule's words: exactly first, then without regard to case and blanks. What `map` says counts before the lookup file.
#[derive(Debug, Clone)]
pub(super) struct WordMap {
    exact: HashMap<String, String>,
    folded: HashMap<String, String>,
    /// The words in their order.
    words: Vec<String>,
    /// The lookup file, as the mapping names it.
    file: Option<Arc<str>>,
}

/// Words without regard to case and blanks. Where two differ in nothing else and become different values, neither stands
/// for a third spelling.
fn folded<'w>(words: impl Iterator<Item = (&'w str, &'w str)>) -> HashMap<String, String> {
    let mut all: HashMap<String, Option<&str>> = HashMap::new();
    for (word, becomes) in words {
        all.entry(fold(word))
            .and_modify(|known| *known = known.filter(|k| *k == becomes))
            .or_insert(Some(becomes));
    }
    (all.into_iter())
        .filter_map(|(word, becomes)| Some((word, becomes?.to_owned())))
        .collect()
}

impl WordMap {
    pub(super) fn new(map: &[(String, Constant)], lookup: Option<&Lookup>) -> Option<Self> {
        if map.is_empty() && lookup.is_none() {
            return None;
        }
        let map: Vec<(&str, String)> = map.iter().map(|(w, c)| (&**w, c.to_text())).collect();
        let of_map = || map.iter().map(|(w, b)| (*w, &**b));
        let read = lookup.and_then(|l| l.read.as_ref());
        let of_file = || {
            let words = read.into_iter().flat_map(|(_, words)| words.iter());
            words.map(|w| (&*w.word, &*w.becomes))
        };
        // What comes later takes the place of what came before.
        let in_order = || of_file().chain(of_map());
        let mut by_fold = folded(of_file());
        by_fold.extend(folded(of_map()));
        Some(Self {
            exact: in_order()
                .map(|(w, b)| (w.to_owned(), b.to_owned()))
                .collect(),
            folded: by_fold,
            words: of_map()
                .chain(of_file())
                .map(|(w, _)| w.to_owned())
                .collect(),
            file: lookup.map(|l| l.file.text.as_str().into()),
        })
    }

    pub(super) fn get(&self, text: &str) -> Option<&str> {
        self.exact
            .get(text)
            .or_else(|| self.folded.get(&fold(text)))
            .map(String::as_str)
    }

    /// The lookup file, if there is one.
    pub(super) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The word nearest to one that is missing. Of a long table only words are compared that begin alike and are as long:
    /// a whole export may have such words.
    pub(super) fn nearest(&self, text: &str) -> Option<&str> {
        let words = self.words.iter().map(String::as_str);
        if self.words.len() <= FEW {
            return nearest(text, words);
        }
        let first = |t: &str| t.chars().next().map(|c| c.to_lowercase().to_string());
        let (begin, length) = (first(text), text.len());
        let is_alike = |w: &&str| w.len().abs_diff(length) <= DIFFERENCE && first(w) == begin;
        nearest(text, words.filter(is_alike).take(MOST_COMPARED))
    }
}

fn fold(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(word: &str, becomes: &str) -> (String, Constant) {
        (word.to_owned(), Constant::Text(becomes.to_owned()))
    }

    #[test]
    fn a_spelling_between_two_words_is_neither() {
        let map =
            WordMap::new(&[text("ab", "1"), text("AB", "2"), text("c  d", "3")], None).unwrap();
        assert_eq!(map.get("ab"), Some("1"));
        assert_eq!(map.get("AB"), Some("2"));
        assert_eq!(map.get("Ab"), None);
        assert_eq!(map.get("C D"), Some("3"));
        let same = WordMap::new(&[text("ab", "1"), text("AB", "1")], None).unwrap();
        assert_eq!(same.get("Ab"), Some("1"));
    }

    #[test]
    fn the_nearest_word_of_a_long_table_is_found() {
        let words: Vec<_> = (0..30_000)
            .map(|n| text(&format!("type {n}"), "x"))
            .chain([text("Wholesaler", "y")])
            .collect();
        let map = WordMap::new(&words, None).unwrap();
        assert_eq!(map.nearest("wholesalr"), Some("Wholesaler"));
        assert_eq!(map.nearest("zzz"), None);
    }
}
