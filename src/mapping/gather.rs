//! The first pass over a file: what its date cells prove about the order of day and month.

use super::coerce::trim;
use super::date::{self, Evidence};
use super::plan::{Plan, PlanFeed};
use super::scratch::Scratch;
use crate::source::{Cell, SourceRow};

impl Plan {
    /// Counts what the row's date cells prove, by date column.
    pub fn gather(&self, row: SourceRow<'_>, scratch: &mut Scratch, evidence: &mut [Evidence]) {
        scratch.remember_for(self);
        for (index, column) in self.date_columns.iter().enumerate() {
            let rule = &self.rules[column.leaf];
            let reading = match column.column {
                Some(c) => {
                    let cell = row.cell(c);
                    if let Cell::Text(text) = cell {
                        if !self.is_null(text)
                            && let Some(reading) = date::read_common(text, &rule.hints)
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
                    date::read_cell(cell, &rule.hints)
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
                evidence[index].add(&reading, row.row());
                if let Some(Cell::Text(text)) = column.column.map(|c| row.cell(c)) {
                    scratch.readings[index].put(text, reading);
                }
            }
        }
    }
}
