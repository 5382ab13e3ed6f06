//! A few rows of each mapped field as they were read beside what is sent of them, for a person who makes a mapping.

use std::sync::Arc;

use super::example::sent;
use super::exports::{Exports, PrepareError};
use super::survey::Survey;
use crate::diagnostic::{Severity, visible};
use crate::mapping::{Mapping, Plan, RowBuffers, columns_of_feed};
use crate::partner::validate;
use crate::secret::mask;
use crate::source::{Flow, SourceRow};

/// Rows that are shown of a field, each with another value.
const SHOWN: usize = 10;
/// How many of them may have a problem: the others show what is sent.
const WITH_PROBLEMS: usize = 4;
/// Rows that are looked through for them.
const LOOKED_THROUGH: u64 = 5_000;
/// The longest text that is shown.
const LONGEST: usize = 80;

/// The rows of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The field's path in the request.
    pub field: Arc<str>,
    /// Rows with different values, in the order of the file.
    pub rows: Vec<PreviewRow>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRow {
    /// The row as a spreadsheet counts.
    pub row: u64,
    /// The cells that go into it, masked where they are sensitive.
    pub before: String,
    /// What is sent, masked where it is sensitive; none where nothing is.
    pub after: Option<String>,
    /// What is wrong, and whether the row is not sent for it.
    pub problem: Option<(Severity, String)>,
}

impl Exports {
    /// Looks through the first rows of the first file: a preview for each rule of the mapping, in their order. `survey` is that of
    /// the same files and mapping.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn preview(
        &self,
        survey: &Survey,
        mapping: &Mapping,
    ) -> Result<Vec<Preview>, PrepareError> {
        let Some(export) = self.files.first() else {
            return Ok(Vec::new());
        };
        let verdicts = survey.verdicts.first().map_or(&[][..], Vec::as_slice);
        let header = export.source.header();
        // The leaves of the rules come first, in their order.
        let mut previews: Vec<(Vec<usize>, Preview)> = mapping
            .rules
            .iter()
            .zip(&export.plan.shape.leaves)
            .map(|(rule, leaf)| {
                let field = Arc::clone(&leaf.path);
                let columns = columns_of_feed(&rule.rule.feed, header);
                (
                    columns,
                    Preview {
                        field,
                        rows: Vec::new(),
                    },
                )
            })
            .collect();
        let mut scratch = RowBuffers::default();
        let mut seen = 0;
        export.source.read(&mut |batch| {
            for row in batch.rows().filter(|r| r.fault().is_none()) {
                let plan = &export.plan;
                plan.key_of(row, &mut scratch.key);
                plan.fill(row, verdicts, &mut scratch);
                let is_error = |code| plan.validation.is_error(code);
                validate(&plan.shape, &scratch.draft, is_error, &mut scratch.findings);
                for (leaf, (columns, preview)) in previews.iter_mut().enumerate() {
                    let before = cells(plan, leaf, columns, row);
                    preview.see(plan, leaf, (row.row(), before), &scratch);
                }
                seen += 1;
                if seen == LOOKED_THROUGH {
                    return Flow::Enough;
                }
            }
            Flow::More
        })?;
        Ok(previews.into_iter().map(|(_, preview)| preview).collect())
    }
}

impl Preview {
    fn see(
        &mut self,
        plan: &Plan,
        leaf: usize,
        (row, before): (u64, String),
        scratch: &RowBuffers,
    ) {
        if self.rows.len() == SHOWN {
            return;
        }
        let found = scratch.findings.iter().find(|f| f.leaf == Some(leaf));
        let after = sent(plan, &scratch.draft, leaf);
        if (before.is_empty() && after.is_none() && found.is_none())
            || self.rows.iter().any(|r| r.before == before)
        {
            return;
        }
        let with_problems = self.rows.iter().filter(|r| r.problem.is_some()).count();
        if found.is_some() && with_problems == WITH_PROBLEMS {
            return;
        }
        let problem = found.map(|f| {
            let words = if plan.is_sensitive(leaf) {
                f.code.meaning().to_owned()
            } else {
                f.message.clone()
            };
            (plan.validation.severity(f.code), words)
        });
        self.rows.push(PreviewRow {
            row,
            after: after
                .filter(|_| !matches!(problem, Some((Severity::Error, _))))
                .map(|text| shown(&text, plan.is_sensitive(leaf))),
            before,
            problem,
        });
    }
}

fn shown(text: &str, is_sensitive: bool) -> String {
    if is_sensitive {
        mask(text)
    } else {
        visible(text, LONGEST)
    }
}

/// The cells that go into a leaf; of a column that feeds a sensitive field, or a leaf that is one, masked.
fn cells(plan: &Plan, leaf: usize, columns: &[usize], row: SourceRow<'_>) -> String {
    let texts = columns.iter().filter_map(|column| {
        let cell = row.cell(*column);
        let is_sensitive = plan.is_sensitive(leaf) || plan.sensitive_columns[*column];
        (!cell.is_blank()).then(|| shown(&cell.to_text(), is_sensitive))
    });
    texts.collect::<Vec<_>>().join(" · ")
}
