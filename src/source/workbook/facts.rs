//! What a sheet holds beside its values, and the notes about it.

use std::collections::HashSet;

use super::binary_looks::BinaryLooks;
use super::look::SheetLooks;

/// Places that a note names of those it counts.
const NAMED_PLACES: usize = 5;

/// Places of formulas whose result was never stored: row and column from 1.
type Valueless = HashSet<(u64, u64)>;

/// An error that calamine does not know, as Excel has made some since 2010 (`#SPILL!`): row and column from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownError {
    pub(super) row: u64,
    pub(super) column: u64,
    pub(super) text: String,
}

/// What a sheet holds beside its values.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Hidden rows with cells: how many, and the first.
    hidden: (u64, Vec<u64>),
    /// Merged cells: how many, and the first.
    merged: (u64, Vec<String>),
    /// Formulas whose result was never stored.
    pub(super) valueless: Valueless,
    /// Errors that calamine does not know, in the order of the sheet.
    pub(super) errors: Vec<UnknownError>,
    /// The sheet is still being looked over: it is parsed again where that finds what the parser needs.
    is_to_come: bool,
    /// Of an old workbook: how the numbers of some cells are to be taken.
    pub(super) looks: SheetLooks,
    /// Of an XLSB workbook: the same, where one of its styles needs a look.
    pub(super) binary: Option<BinaryLooks>,
}

impl Facts {
    /// Whether a cell, by places from 0, is a formula whose result was never stored.
    pub(super) fn is_valueless(&self, row: u32, column: u32) -> bool {
        let place = (u64::from(row) + 1, u64::from(column) + 1);
        self.valueless.contains(&place)
    }

    /// What is known while the sheet is being looked over.
    pub(super) fn to_come() -> Self {
        Self {
            is_to_come: true,
            ..Self::default()
        }
    }

    pub(super) fn are_to_come(&self) -> bool {
        self.is_to_come
    }

    /// Whether the parser needs the facts to tell all cells.
    pub(super) fn are_needed(&self) -> bool {
        !self.valueless.is_empty() || !self.errors.is_empty()
    }

    pub(super) fn hide(&mut self, row: u64) {
        self.hidden.0 += 1;
        if self.hidden.1.len() < NAMED_PLACES {
            self.hidden.1.push(row);
        }
    }

    pub(super) fn merge(&mut self, place: String) {
        self.merged.0 += 1;
        if self.merged.1.len() < NAMED_PLACES {
            self.merged.1.push(place);
        }
    }

    /// The notes about them.
    pub(super) fn notes(&self) -> Vec<String> {
        let some = |count: u64, named: Vec<String>| {
            let more = if count > named.len() as u64 {
                ", …"
            } else {
                ""
            };
            format!("{}{more}", named.join(", "))
        };
        let mut notes = Vec::new();
        if self.hidden.0 > 0 {
            let rows = self.hidden.1.iter().map(u64::to_string).collect();
            notes.push(format!(
                "{} hidden {} read like all others: row {}",
                self.hidden.0,
                if self.hidden.0 == 1 {
                    "row is"
                } else {
                    "rows are"
                },
                some(self.hidden.0, rows)
            ));
        }
        if self.merged.0 > 0 {
            notes.push(format!(
                "{} merged {} a value in the first cell only, and the others are empty: {}",
                self.merged.0,
                if self.merged.0 == 1 {
                    "range has"
                } else {
                    "ranges have"
                },
                some(self.merged.0, self.merged.1.clone())
            ));
        }
        notes
    }
}
