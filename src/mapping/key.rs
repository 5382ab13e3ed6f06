//! What makes a row itself, and which other rows it names.

use super::coerce::trim;
use super::plan::{Plan, PlanFeed};
use crate::source::{Cell, SourceRow};

impl Plan {
    /// Writes the row's key into `key`; false where it is empty.
    pub fn key_of(&self, row: SourceRow<'_>, key: &mut String) -> bool {
        key.clear();
        if let [column] = self.key[..] {
            match row.cell(column) {
                Cell::Text(text) => key.push_str(trim(text).0),
                cell => key.push_str(&cell.to_text()),
            }
            return !key.is_empty() && !self.is_null(key);
        }
        let mut any = false;
        for (i, column) in self.key.iter().enumerate() {
            if i > 0 {
                key.push('|');
            }
            let text = row.cell(*column).to_text();
            let (text, _) = trim(&text);
            any |= !text.is_empty() && !self.is_null(text);
            // Two different sets of parts never make one key.
            for c in text.chars() {
                if matches!(c, '|' | '\\') {
                    key.push('\\');
                }
                key.push(c);
            }
        }
        any
    }

    /// Hands over the key of each other row that the row refers to.
    pub fn each_reference(&self, row: SourceRow<'_>, each: &mut dyn FnMut(&str)) {
        if !self.has_references() {
            return;
        }
        for rule in &self.rules {
            if let PlanFeed::Partner(column) = rule.feed {
                let cell = row.cell(column);
                if self.is_blank(cell) || matches!(cell, Cell::Error(_)) {
                    continue;
                }
                let text = cell.to_text();
                let text = trim(&text).0;
                if uuid::Uuid::try_parse(text).is_err() {
                    each(text);
                }
            }
        }
    }

    /// Whether a cell holds nothing, or a word that stands for nothing.
    pub(super) fn is_blank(&self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Text(text) => {
                let text = trim(text).0;
                text.is_empty() || self.is_null(text)
            }
            cell => cell.is_blank(),
        }
    }
}
