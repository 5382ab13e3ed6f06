//! What one thread has at hand while it takes rows through a plan: buffers, and dates seen before.

use super::date::{Readings, SettledDates};
use super::known::Known;
use super::plan::Plan;
use crate::partner::{Draft, Finding};

/// Buffers for one row, reused from row to row.
#[derive(Debug, Default)]
pub struct RowBuffers {
    /// The values of the row that was filled last, by leaf.
    pub draft: Draft,
    /// What was found in that row.
    pub findings: Vec<Finding>,
    /// The row's key, which the caller writes before the row is filled.
    pub key: String,
    /// The cell under way is a plain text: nothing inside it has to be looked for.
    pub(super) plain: bool,
    /// The plan that the dates below were read by.
    plan: u64,
    /// By date column.
    pub(super) readings: Vec<Readings>,
    /// By leaf.
    pub(super) settled: Vec<SettledDates>,
    /// By leaf.
    pub(super) known: Vec<Known>,
}

impl RowBuffers {
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
