//! For each field one cell as it was read beside what is sent of it.

use std::borrow::Cow;

use crate::diagnostic::visible;
use crate::mapping::Plan;
use crate::partner::{Draft, FieldKind, Slot};
use crate::secret::mask;
use crate::source::{Cell, SourceRow};

/// Rows of a piece in which an example is looked for that shows a change.
const FIRST_ROWS: u64 = 8;
/// Rows in which one is looked for at all, and then one in so many: a column may be empty at the beginning.
const MORE_ROWS: u64 = 64;
const ONE_IN: u64 = 64;
/// The longest text that is shown.
const LONGEST: usize = 60;

/// A cell as it was read, and what is sent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The cell, masked where it is sensitive.
    pub before: String,
    /// What is sent, masked where it is sensitive.
    pub after: String,
    row: u64,
    is_changed: bool,
}

impl Example {
    /// One in which something changes says more; else the earlier one.
    pub(super) fn better(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) if b.is_changed && !a.is_changed => Some(b),
            (a, b) => a.or(b),
        }
    }
}

/// The examples of one file, by leaf.
#[derive(Debug, Clone, Default)]
pub(super) struct Examples(Vec<Option<Example>>);

impl Examples {
    /// Whether the row with this number, from 1, is looked at.
    #[inline]
    pub(super) fn wants(row: u64) -> bool {
        row <= MORE_ROWS || row.is_multiple_of(ONE_IN)
    }

    /// Looks at the row with this number. Leaves with an error are no examples.
    pub(super) fn row(
        &mut self,
        number: u64,
        plan: &Plan,
        row: SourceRow<'_>,
        draft: &Draft,
        errors: &[usize],
    ) {
        let leaves = plan.shape.leaves.len();
        if self.0.is_empty() {
            self.0.resize(leaves, None);
        }
        for leaf in 0..leaves {
            let known = &self.0[leaf];
            let is_enough = known
                .as_ref()
                .is_some_and(|e| e.is_changed || number > FIRST_ROWS);
            if is_enough || errors.contains(&leaf) || !draft.is_from_data(leaf) {
                continue;
            }
            let Some(after) = sent(plan, draft, leaf) else {
                continue;
            };
            let cell = plan.column_of(leaf).map(|column| row.cell(column));
            let before = cell.map_or(Cow::Borrowed(""), Cell::to_text);
            let is_changed = before != after;
            if known.is_some() && !is_changed {
                continue;
            }
            let is_sensitive = plan.is_sensitive(leaf);
            let shown = |text: &str| {
                if is_sensitive {
                    mask(text)
                } else {
                    visible(text, LONGEST)
                }
            };
            self.0[leaf] = Some(Example {
                before: shown(&before),
                after: shown(&after),
                row: row.row(),
                is_changed,
            });
        }
    }

    /// Lets go of examples of these rows.
    pub(super) fn forget(&mut self, rows: &std::ops::RangeInclusive<u64>) {
        for example in &mut self.0 {
            if example.as_ref().is_some_and(|e| rows.contains(&e.row)) {
                *example = None;
            }
        }
    }

    /// Takes in those of other rows of the same file.
    pub(super) fn absorb(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
            return;
        }
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            let (first, second) = match (mine.take(), theirs) {
                (Some(a), Some(b)) if b.row < a.row => (Some(b), Some(a)),
                both => both,
            };
            *mine = Example::better(first, second);
        }
    }

    /// That of a leaf.
    pub(super) fn take(&mut self, leaf: usize) -> Option<Example> {
        self.0.get_mut(leaf).and_then(Option::take)
    }
}

/// What is sent of a leaf, as text.
pub(super) fn sent<'d>(plan: &Plan, draft: &'d Draft, leaf: usize) -> Option<Cow<'d, str>> {
    Some(match draft.slot(leaf) {
        Slot::Empty => return None,
        Slot::Text { at } | Slot::Raw { at } => Cow::Borrowed(draft.text(at)),
        Slot::Integer(n) => Cow::Owned(match word(plan.shape.leaves[leaf].field.kind, n) {
            Some(word) => format!("{n} ({word})"),
            None => n.to_string(),
        }),
        Slot::Boolean(true) => Cow::Borrowed("true"),
        Slot::Boolean(false) => Cow::Borrowed("false"),
        Slot::Date(date) => Cow::Owned(date.to_string()),
        Slot::Link { at } => Cow::Owned(format!("the partner of {}", draft.text(at))),
        Slot::List { of } => Cow::Owned(draft.list(of).collect::<Vec<_>>().join(", ")),
    })
}

/// What a number of a fixed list means.
fn word(kind: FieldKind, number: i64) -> Option<&'static str> {
    let FieldKind::Words(words) = kind else {
        return None;
    };
    let found = words.iter().find(|(n, _)| *n == number);
    found.map(|(_, word)| *word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(row: u64, is_changed: bool) -> Example {
        Example {
            before: "a".to_owned(),
            after: if is_changed { "b" } else { "a" }.to_owned(),
            row,
            is_changed,
        }
    }

    #[test]
    fn a_change_says_more_than_an_earlier_row() {
        for (a, b, row) in [
            (Some(example(2, false)), Some(example(3, false)), 2),
            (Some(example(2, false)), Some(example(3, true)), 3),
            (Some(example(2, true)), Some(example(3, true)), 2),
            (None, Some(example(3, false)), 3),
        ] {
            assert_eq!(Example::better(a, b).map(|e| e.row), Some(row));
        }
    }

    #[test]
    fn rows_of_several_workers_come_together_and_can_be_forgotten() {
        let mut one = Examples(vec![
            Some(example(40, false)),
            Some(example(41, true)),
            None,
        ]);
        let other = Examples(vec![
            Some(example(2, false)),
            Some(example(3, false)),
            Some(example(5, false)),
        ]);
        one.absorb(other);
        let rows: Vec<_> = one.0.iter().flatten().map(|e| e.row).collect();
        assert_eq!(rows, [2, 41, 5]);
        one.forget(&(3..=41));
        assert_eq!(one.0.iter().flatten().count(), 1);
    }
}
