//! The problems of a page under way: in each group the distinct values with their counts, and a few rows of each.
//!
//! Ten thousand cells with the same wrong word are one line. Memory is bounded: beyond so many distinct values the others
//! are counted, and `problems.csv` has them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, column_letter};
use crate::partner::RowOutcome;
use crate::report::groups::GroupKey;
use crate::report::row_name::RowName;

/// Distinct values that are kept of a group, and of all groups.
const OF_A_GROUP: usize = 500;
const OF_ALL: usize = 5_000;
/// Rows that are named of a value.
pub(super) const ROWS: usize = 3;
/// Rows that are named of an outcome.
const OF_AN_OUTCOME: usize = 10;

/// A row that is named beside a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct NamedRow {
    /// The file as it was named.
    pub(super) file: Option<Arc<str>>,
    pub(super) sheet: Option<Arc<str>>,
    /// As a spreadsheet numbers it.
    pub(super) row: Option<u64>,
    /// The cell as a spreadsheet names it, where it is one.
    pub(super) cell: Option<String>,
    pub(super) name: RowName,
}

/// One value with what is wrong about it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::report) struct ValueLine {
    /// The value seen, masked where it is sensitive; none where the problem is not about a value.
    pub(super) value: Option<String>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// The request field.
    pub(super) field: Option<Arc<str>>,
    pub(super) count: u64,
    /// The first of its rows.
    pub(super) rows: Vec<NamedRow>,
}

/// The distinct values of a group so far.
#[derive(Debug, Default)]
pub(in crate::report) struct Values {
    by_text: HashMap<String, usize>,
    /// In the order in which they came.
    pub(super) lines: Vec<ValueLine>,
}

/// What a page shows of the rows of a run.
#[derive(Debug, Default)]
pub struct Findings {
    pub(super) groups: HashMap<GroupKey, Values>,
    kept: usize,
    /// The first rows of each outcome.
    pub(super) outcomes: Vec<(RowOutcome, Vec<NamedRow>)>,
    text: String,
}

impl Findings {
    /// Takes a problem of a group, on a row of this name.
    pub(in crate::report) fn add(&mut self, group: GroupKey, d: &Diagnostic, name: &RowName) {
        let values = self.groups.entry(group).or_default();
        self.text.clear();
        self.text.push_str(d.value.as_deref().unwrap_or("\u{0}"));
        self.text.push('\u{0}');
        self.text.push_str(&d.message);
        let at = match values.by_text.get(&self.text) {
            Some(at) => *at,
            None if values.lines.len() >= OF_A_GROUP || self.kept >= OF_ALL => return,
            None => {
                self.kept += 1;
                values.by_text.insert(self.text.clone(), values.lines.len());
                values.lines.push(ValueLine {
                    value: d.value.clone(),
                    message: d.message.clone(),
                    hint: d.hint.clone(),
                    field: d.at.field.clone(),
                    count: 0,
                    rows: Vec::new(),
                });
                values.lines.len() - 1
            }
        };
        let line = &mut values.lines[at];
        line.count += 1;
        if line.rows.len() < ROWS && (d.at.row.is_some() || name.key.is_some()) {
            let column = d.at.column.as_ref().zip(d.at.row);
            line.rows.push(NamedRow {
                file: d.at.file.clone(),
                sheet: d.at.sheet.clone(),
                row: d.at.row,
                cell: column.map(|(c, row)| format!("{}{row}", column_letter(c.index))),
                name: name.clone(),
            });
        }
    }

    /// Whether a row of this outcome is still to be named.
    pub(in crate::report) fn wants(&self, outcome: RowOutcome) -> bool {
        let of_it = self.outcomes.iter().find(|(o, _)| *o == outcome);
        of_it.is_none_or(|(_, rows)| rows.len() < OF_AN_OUTCOME)
    }

    /// Names a row of an outcome.
    pub(in crate::report) fn row(
        &mut self,
        outcome: RowOutcome,
        file: Option<&Arc<str>>,
        sheet: Option<&Arc<str>>,
        row: u64,
        name: &RowName,
    ) {
        if !self.wants(outcome) {
            return;
        }
        let named = NamedRow {
            file: file.cloned(),
            sheet: sheet.cloned(),
            row: Some(row),
            cell: None,
            name: name.clone(),
        };
        match self.outcomes.iter_mut().find(|(o, _)| *o == outcome) {
            Some((_, rows)) => rows.push(named),
            None => self.outcomes.push((outcome, vec![named])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Location};

    fn add(findings: &mut Findings, group: &str, row: u64, value: &str) {
        let at = Location {
            row: Some(row),
            ..Location::default()
        };
        let d = Diagnostic::new(Code::WordUnknown, at, "It is no word.").with_value(value, false);
        let key = (Code::WordUnknown, Some(Arc::from(group)));
        findings.add(key, &d, &RowName::default());
    }

    #[test]
    fn a_value_is_one_line_however_often_it_stands() {
        let mut findings = Findings::default();
        for row in 0..10_000 {
            add(&mut findings, "Stage", row, "Done");
        }
        add(&mut findings, "Stage", 10_000, "done");
        let values = findings.groups.values().next().unwrap();
        let counts: Vec<_> = values
            .lines
            .iter()
            .map(|l| (l.count, l.rows.len()))
            .collect();
        assert_eq!(counts, [(10_000, ROWS), (1, 1)]);
    }

    /// A value that is kept is counted to the end, however many others there are.
    #[test]
    fn many_values_do_not_grow_beyond_their_bounds() {
        let mut findings = Findings::default();
        for group in 0..20 {
            for row in 0..1_000 {
                add(&mut findings, &group.to_string(), row, &row.to_string());
            }
            add(&mut findings, &group.to_string(), 1_000, "0");
        }
        let kept: usize = findings.groups.values().map(|v| v.lines.len()).sum();
        assert_eq!(kept, OF_ALL);
        let most = findings.groups.values().map(|v| v.lines.len()).max();
        assert_eq!(most, Some(OF_A_GROUP));
        let first = (Code::WordUnknown, Some(Arc::from("0")));
        assert_eq!(findings.groups[&first].lines[0].count, 2);
    }

    #[test]
    fn the_first_rows_of_an_outcome_are_named() {
        let mut findings = Findings::default();
        for row in 0..50 {
            findings.row(RowOutcome::Created, None, None, row, &RowName::default());
        }
        assert!(!findings.wants(RowOutcome::Created));
        assert!(findings.wants(RowOutcome::Skipped));
        assert_eq!(findings.outcomes[0].1.len(), OF_AN_OUTCOME);
    }
}
