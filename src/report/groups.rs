//! Problems grouped by kind and column.

use std::collections::HashMap;
use std::sync::Arc;

use super::model::ProblemGroup;
use crate::diagnostic::{Code, Diagnostic, one_line};

/// Beyond this many groups those that are new are counted without their column.
const MOST_GROUPS: usize = 2_000;

/// What problems are grouped by.
pub(super) type GroupKey = (Code, Option<Arc<str>>);

/// The groups so far. A group's example is the first of it.
#[derive(Debug, Default)]
pub(super) struct Groups {
    by_key: HashMap<GroupKey, ProblemGroup>,
    errors: u64,
    warnings: u64,
}

impl Groups {
    /// Counts a problem; returns the group that it is in.
    pub(super) fn add(&mut self, diagnostic: &Diagnostic) -> GroupKey {
        if diagnostic.is_error() {
            self.errors += 1;
        } else {
            self.warnings += 1;
        }
        let mut column = diagnostic.at.column.as_ref().map(|c| Arc::clone(&c.name));
        if self.by_key.len() >= MOST_GROUPS {
            column = None;
        }
        self.by_key
            .entry((diagnostic.code, column.clone()))
            .or_insert_with(|| ProblemGroup {
                code: diagnostic.code,
                severity: diagnostic.severity,
                column: column.clone(),
                count: 0,
                example: one_line(diagnostic),
                hint: diagnostic.hint.clone(),
            })
            .count += 1;
        (diagnostic.code, column)
    }

    /// Problems that are errors.
    pub(super) fn errors(&self) -> u64 {
        self.errors
    }

    /// Problems that are warnings.
    pub(super) fn warnings(&self) -> u64 {
        self.warnings
    }

    /// The groups, errors before warnings, most frequent first.
    pub(super) fn sorted(self) -> Vec<ProblemGroup> {
        let mut groups: Vec<ProblemGroup> = self.by_key.into_values().collect();
        groups.sort_by(|a, b| {
            (b.severity, b.count, a.code, &a.column).cmp(&(a.severity, a.count, b.code, &b.column))
        });
        groups
    }
}
