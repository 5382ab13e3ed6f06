//! The words of a row that a rule looks up in its file, and whether they are there: for counts beside a mapping that somebody makes.

use super::coerce::trim;
use super::date::Verdict;
use super::placeholder::placeholder;
use super::plan::{Plan, PlanFeed};
use super::target::Target;
use super::value::is_known;
use crate::source::{Cell, SourceRow};

/// Where a word was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookedUp {
    /// In the file, or in the rule's own map.
    Found,
    /// In neither; the field takes it as it is.
    Known,
    /// Nowhere.
    Missed,
}

impl Plan {
    /// The leaves whose words stand in a file, with their columns.
    pub fn lookup_leaves(&self) -> impl Iterator<Item = (usize, &[usize])> {
        self.rules.iter().enumerate().filter_map(|(leaf, rule)| {
            rule.map.as_ref()?.file()?;
            let columns = match &rule.feed {
                PlanFeed::Column(column) => std::slice::from_ref(column),
                PlanFeed::Columns(columns) => columns.as_slice(),
                _ => return None,
            };
            Some((leaf, columns))
        })
    }

    /// Looks up the words that one of these leaves has of a row.
    pub fn look_up(&self, leaf: usize, row: SourceRow<'_>, see: &mut dyn FnMut(&str, LookedUp)) {
        let rule = &self.rules[leaf];
        let column = match &rule.feed {
            PlanFeed::Column(column) => *column,
            PlanFeed::Columns(columns) => {
                let is_filled = |c: &&usize| !self.is_blank(row.cell(**c));
                let filled = columns.iter().find(is_filled).or(columns.first());
                match filled {
                    Some(column) => *column,
                    None => return,
                }
            }
            _ => return,
        };
        let (Some(map), cell) = (&rule.map, row.cell(column)) else {
            return;
        };
        if self.is_blank(cell) || matches!(cell, Cell::Error(_) | Cell::NoValue) {
            return;
        }
        let target = Target {
            leaf,
            rule,
            column: Some(column),
            verdict: Verdict::Silent,
        };
        let text = cell.to_text();
        let text = trim(&text).0;
        let mut word = |word: &str| {
            let found = if map.get(word).is_some() {
                LookedUp::Found
            } else if is_known(target, word) {
                LookedUp::Known
            } else if placeholder(word).is_some() {
                // Such words have a problem of their own.
                return;
            } else {
                LookedUp::Missed
            };
            see(word, found);
        };
        match &rule.split {
            Some(separator) => {
                let parts = text.split(separator.as_str()).map(|part| trim(part).0);
                parts.filter(|part| !part.is_empty()).for_each(word);
            }
            None => word(text),
        }
    }
}
