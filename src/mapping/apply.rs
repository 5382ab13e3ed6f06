//! A row by its plan → draft and findings.

use super::cell::set_ready;
use super::date::Verdict;
use super::key::Parent;
use super::plan::{Plan, PlanFeed, PlanRule};
use super::row_buffers::RowBuffers;
use super::target::Target;
use crate::diagnostic::{Code, UNCERTAIN};
use crate::partner::{Finding, Query, Slot};
use crate::source::{Cell, SourceRow};

/// What a filled row is, beside its draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// The query flags of its create.
    pub query: Query,
}

impl Plan {
    /// Fills the scratch's draft from a row. `verdicts` are those of the date columns, in their order.
    pub fn fill(
        &self,
        row: SourceRow<'_>,
        verdicts: &[Verdict],
        scratch: &mut RowBuffers,
    ) -> Filled {
        scratch.findings.clear();
        scratch.remember_for(self);
        scratch.draft.reset(self.rules.len());
        for leaf in self.order.iter().copied() {
            let rule = &self.rules[leaf];
            self.fill_leaf(leaf, rule, row, verdicts, scratch);
        }
        self.judge_key(row, scratch);
        if self.is_of_rejects {
            self.refuse_uncertain(row, scratch);
        }
        for address in &self.addresses {
            address.settle(&mut scratch.draft, &mut scratch.findings);
        }
        let flag = |leaf: Option<usize>| {
            leaf.is_some_and(|l| scratch.draft.slot(l) == Slot::Boolean(true))
        };
        Filled {
            query: Query {
                create_apptivo_account: flag(self.query[0]),
                create_bill_com_profile: flag(self.query[1]),
            },
        }
    }

    /// Cells that rejected rows gave back with a mark, and that nobody has looked at.
    fn refuse_uncertain(&self, row: SourceRow<'_>, s: &mut RowBuffers) {
        let used = (0..self.header.len()).filter(|column| !self.unused.contains(column));
        for column in used {
            let Cell::Text(text) = row.cell(column) else {
                continue;
            };
            if !text.trim_start().starts_with(UNCERTAIN) {
                continue;
            }
            s.findings.retain(|finding| finding.column != Some(column));
            let message = "Nobody has looked at this cell yet: its value is not certain.";
            let mut finding = Finding::new(self.legacy, Code::CellUncertain, message);
            finding.leaf = None;
            finding.column = Some(column);
            s.findings.push(finding.with_value(text));
        }
    }

    fn fill_leaf(
        &self,
        leaf: usize,
        rule: &PlanRule,
        row: SourceRow<'_>,
        verdicts: &[Verdict],
        s: &mut RowBuffers,
    ) {
        // `nth` is the place of a column among those of its rule.
        let target = |column: Option<usize>, nth: usize| Target {
            leaf,
            rule,
            column,
            verdict: (verdicts.get(rule.dates + nth).copied()).unwrap_or(Verdict::Silent),
        };
        match &rule.feed {
            PlanFeed::Sibling => {}
            PlanFeed::Value(ready) => set_ready(leaf, ready, &mut s.draft),
            PlanFeed::Key => {
                let key = std::mem::take(&mut s.key);
                if !key.is_empty() {
                    s.draft.set_text(leaf, &key, true);
                }
                s.key = key;
            }
            PlanFeed::Template(index) => match self.templates.fill(*index, row, &self.header) {
                Ok(text) => {
                    // It holds more than the row's own texts.
                    s.plain = false;
                    self.fill_cell(&target(None, 0), Cell::Text(&text), s);
                }
                Err(message) => s
                    .findings
                    .push(Finding::new(leaf, Code::TemplateFailed, message)),
            },
            PlanFeed::Column(column) => {
                s.plain = row.is_plain(*column);
                self.fill_cell(&target(Some(*column), 0), row.cell(*column), s);
            }
            PlanFeed::Columns(columns) => {
                let filled = |c: &usize| !self.is_blank(row.cell(*c));
                let nth = columns.iter().position(filled).unwrap_or(0);
                if let Some(column) = columns.get(nth) {
                    s.plain = row.is_plain(*column);
                    self.fill_cell(&target(Some(*column), nth), row.cell(*column), s);
                }
            }
            PlanFeed::Partner(column) => {
                self.fill_reference(target(Some(*column), 0), row.cell(*column), s);
            }
        }
        if let Some(default) = &rule.default
            && s.draft.slot(leaf) == Slot::Empty
            && !s.findings.iter().any(|f| f.leaf == Some(leaf))
        {
            set_ready(leaf, default, &mut s.draft);
        }
    }

    /// The key of another row, or a partner id as it is.
    fn fill_reference(&self, target: Target<'_>, cell: Cell<'_>, s: &mut RowBuffers) {
        match self.parent(cell) {
            Ok(None) => {}
            Ok(Some(Parent::Partner(id))) => {
                let id = id.hyphenated().to_string();
                s.draft.set_text(target.leaf, &id, true);
            }
            Ok(Some(Parent::Key(key))) => {
                let at = s.draft.push_text(&key);
                s.draft.set(target.leaf, Slot::Link { at }, true);
            }
            Err((code, message)) => {
                let finding = target.finding(code, message);
                s.findings.push(finding.with_value(cell.to_text()));
            }
        }
    }
}
