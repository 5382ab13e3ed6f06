//! The first pass over a file: what its date cells prove about the order of day and month.

use super::coerce::trim;
use super::date::{self, Evidence, Meaning, Reading};
use super::plan::{Plan, PlanFeed};
use super::row_buffers::RowBuffers;
use crate::source::{Cell, SourceRow};

impl Plan {
    /// Whether anything depends on what a file's dates prove; `date_cells` where it can hold date cells.
    ///
    /// A hint decides about texts. What a workbook's date cells were, only the texts beside them show.
    #[must_use]
    pub fn needs_evidence(&self, date_cells: bool) -> bool {
        (self.date_columns.iter()).any(|c| !c.hinted || date_cells && c.column.is_some())
    }

    /// Counts what the row's date cells prove, by date column.
    pub fn gather(&self, row: SourceRow<'_>, scratch: &mut RowBuffers, evidence: &mut [Evidence]) {
        scratch.remember_for(self);
        if let Some(noted) = &self.noted_dates {
            let notes = row.cell(noted.column).to_text();
            for (of_column, evidence) in noted.notes.iter().zip(evidence.iter_mut()) {
                if let Some(verdict) = of_column
                    .as_ref()
                    .and_then(|notes_of| notes_of.find(&notes))
                {
                    evidence.add_note(verdict);
                }
            }
        }
        for (index, column) in self.date_columns.iter().enumerate() {
            let rule = &self.rules[column.leaf];
            let reading = match column.column {
                Some(c) => {
                    let cell = row.cell(c);
                    if let Cell::Text(text) = cell {
                        if !self.is_null(text)
                            && rule.hints.formats.is_empty()
                            && let Some(reading) = date::read_common(text, &rule.evidence)
                        {
                            evidence[index].add(&reading, row.row());
                            continue;
                        }
                        if let Some(reading) = scratch.readings[index].get(text) {
                            evidence[index].add(reading, row.row());
                            continue;
                        }
                        if self.is_null(trim(text).0) {
                            continue;
                        }
                    }
                    match date::read_cell(cell, &rule.evidence) {
                        // A format decides what the text leaves open.
                        Err(_)
                        | Ok(Some(Reading {
                            meaning: Meaning::Choice { .. },
                            ..
                        })) if !rule.hints.formats.is_empty() => date::read_cell(cell, &rule.hints),
                        reading => reading,
                    }
                }
                None => match &rule.feed {
                    PlanFeed::Template(t) => match self.templates.fill(*t, row, &self.header) {
                        Ok(text) => date::read_cell(Cell::Text(&text), &rule.hints),
                        Err(_) => continue,
                    },
                    _ => continue,
                },
            };
            if let Ok(Some(reading)) = reading {
                let cell = column.column.map_or(Cell::Empty, |c| row.cell(c));
                evidence[index].add_cell(cell, &reading, row.row());
                if let Cell::Text(text) = cell {
                    scratch.readings[index].put(text, reading);
                }
            }
        }
    }
}
