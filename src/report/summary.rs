//! What the last sheet of `report.xlsx` says: how to use the workbook, the counts, the groups of problems.

use super::model::{Counts, Kind, ProblemGroup};
use crate::diagnostic::thousands;
use crate::partner::RowOutcome;

/// What the summary sheet says.
pub(super) struct Summary<'s> {
    /// Lines on top.
    pub(super) lines: Vec<String>,
    /// Problems, most frequent first.
    pub(super) groups: &'s [ProblemGroup],
}

impl<'s> Summary<'s> {
    pub(super) fn new(counts: &Counts, groups: &'s [ProblemGroup], kind: Kind) -> Self {
        let mut lines = vec![
            "Rows of the export that were not sent: repair the marked cells in the first sheet, save, and import this file with the same mapping.".to_owned(),
            "The columns _row, _level and _problems are ignored by the import.".to_owned(),
            format!("{} rows were read.", thousands(counts.sum())),
        ];
        for outcome in RowOutcome::ALL {
            let count = counts.get(outcome);
            let name = match (outcome, kind) {
                (RowOutcome::Deferred, Kind::Check) => "valid",
                (outcome, _) => outcome.as_str(),
            };
            if count > 0 {
                lines.push(format!("{}: {}", name, thousands(count)));
            }
        }
        Self { lines, groups }
    }
}
