//! Counts over the cells of a file's columns.

use super::content::Content;
use crate::source::RowBatch;

/// Counts over all columns of a file.
#[derive(Debug, Default)]
pub struct Columns(Vec<Content>);

impl Columns {
    /// Counts the cells of a batch's rows, those that could not be read left out.
    pub fn see(&mut self, batch: &RowBatch) {
        let width = batch.header().len();
        self.0
            .resize_with(width.max(self.0.len()), Content::default);
        for row in batch.rows().filter(|r| r.fault().is_none()) {
            for (column, content) in self.0.iter_mut().enumerate() {
                content.see(row.cell(column), row.row());
            }
        }
    }

    /// The counts of a column; none for one past the widest row.
    pub(super) fn content(&self, column: usize) -> Option<&Content> {
        self.0.get(column)
    }
}
