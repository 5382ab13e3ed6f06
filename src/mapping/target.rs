//! One leaf of one row: what fills it, and where a finding about it belongs.

use super::date::Verdict;
use super::plan::PlanRule;
use crate::diagnostic::Code;
use crate::partner::Finding;

/// A leaf that a cell is about to fill. Steps that nearly all cells take get it by reference: it is written field by field,
/// and a processor waits before it can read that again in larger words, as a copy does.
#[derive(Clone, Copy)]
pub(super) struct Target<'p> {
    /// The leaf's number.
    pub(super) leaf: usize,
    pub(super) rule: &'p PlanRule,
    /// The source column that the value comes from; none for a template's text.
    pub(super) column: Option<usize>,
    /// What that column proves about the order of day and month.
    pub(super) verdict: Verdict,
}

impl Target<'_> {
    /// A finding about the cell.
    pub(super) fn finding(self, code: Code, message: impl Into<String>) -> Finding {
        let mut finding = Finding::new(self.leaf, code, message);
        finding.column = self.column;
        finding
    }
}

/// What was taken off around a text was no ordinary blank.
pub(super) fn trimmed(target: Target<'_>, text: &str) -> Finding {
    let message = "Invisible characters around the value were removed.";
    target.finding(Code::TextTrimmed, message).with_value(text)
}
