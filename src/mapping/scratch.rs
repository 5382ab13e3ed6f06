//! What one thread has at hand while it takes rows through a plan: buffers, and dates seen before.

use super::coerce::trim;
use super::compile::{Plan, PlanFeed};
use super::date::{self, Evidence, Readings, SettledDates};
use super::known::Known;
use crate::partner::{Draft, Finding};
use crate::source::{Cell, SourceRow};

/// Buffers for one row, reused from row to row.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The row's values.
    pub draft: Draft,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The row's key.
    pub key: String,
    /// The row's texts are plain: nothing in them has to be looked for.
    pub(super) plain: bool,
    /// The plan that the dates below were read by.
    plan: u64,
    /// By date column.
    readings: Vec<Readings>,
    /// By leaf.
    pub(super) settled: Vec<SettledDates>,
    /// By leaf.
    pub(super) known: Vec<Known>,
}

impl Scratch {
    /// What was remembered under another plan is forgotten.
    pub(super) fn remember_for(&mut self, plan: &Plan) {
        if self.plan != plan.id {
            self.plan = plan.id;
            self.readings.clear();
            self.readings
                .resize_with(plan.date_columns.len(), Readings::default);
            self.settled.clear();
            self.settled
                .resize_with(plan.rules.len(), SettledDates::default);
            self.known.clear();
            self.known.resize_with(plan.rules.len(), Known::default);
        }
    }
}

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
