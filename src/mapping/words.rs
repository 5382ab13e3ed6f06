//! The words that a rule's `map` turns into others.

use std::collections::HashMap;

use super::rule::Constant;

/// A rule's `map`: exact words first, then without regard to case and blanks.
#[derive(Debug, Clone)]
pub(super) struct WordMap {
    exact: HashMap<String, String>,
    folded: HashMap<String, String>,
}

impl WordMap {
    pub(super) fn new(words: &[(String, Constant)]) -> Option<Self> {
        (!words.is_empty()).then(|| Self {
            exact: words
                .iter()
                .map(|(w, c)| (w.clone(), c.to_text()))
                .collect(),
            folded: words.iter().map(|(w, c)| (fold(w), c.to_text())).collect(),
        })
    }

    pub(super) fn get(&self, text: &str) -> Option<&str> {
        self.exact
            .get(text)
            .or_else(|| self.folded.get(&fold(text)))
            .map(String::as_str)
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(String::as_str)
    }
}

fn fold(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}
