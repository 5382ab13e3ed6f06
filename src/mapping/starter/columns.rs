//! Counts over the cells of a file's columns, and the first rows themselves.

use super::super::coerce::trim;
use super::super::placeholder::placeholder;
use super::content::Content;
use crate::source::RowBatch;

/// Rows that are kept, to try on them what is proposed.
const KEPT_ROWS: usize = 2_000;
/// Cells that are kept of all rows together: of a file with very many columns, fewer rows.
const KEPT_CELLS: usize = 400_000;
/// Bytes of a cell that is kept: longer ones are nothing that is tried.
const LONGEST_KEPT: usize = 64;

/// Counts over all columns of a file.
#[derive(Debug, Default)]
pub struct Columns {
    contents: Vec<Content>,
    rows: Vec<Vec<Box<str>>>,
    cells: usize,
}

impl Columns {
    /// Counts the cells of a batch's rows, those that could not be read left out.
    pub fn see(&mut self, batch: &RowBatch) {
        let width = batch.header().len();
        self.contents
            .resize_with(width.max(self.contents.len()), Content::default);
        for row in batch.rows().filter(|r| r.fault().is_none()) {
            for (column, content) in self.contents.iter_mut().enumerate() {
                content.see(row.cell(column), row.row());
            }
            if self.rows.len() < KEPT_ROWS && self.cells < KEPT_CELLS {
                let kept = (0..width).map(|column| {
                    let text = row.cell(column).to_text();
                    let text = trim(&text).0;
                    let is_kept = text.len() <= LONGEST_KEPT && placeholder(text).is_none();
                    Box::from(if is_kept { text } else { "" })
                });
                self.rows.push(kept.collect());
                self.cells += width;
            }
        }
    }

    /// The counts of a column; none for one past the widest row.
    pub(super) fn content(&self, column: usize) -> Option<&Content> {
        self.contents.get(column)
    }

    /// The cells of some columns in the first rows; empty where there is none.
    pub(super) fn first_rows<const N: usize>(
        &self,
        columns: [usize; N],
    ) -> impl Iterator<Item = [&str; N]> {
        self.rows
            .iter()
            .map(move |row| columns.map(|column| row.get(column).map_or("", |cell| &**cell)))
    }
}
