//! Rows for tests of what is done with them.

use std::sync::Arc;

use super::{Cell, Header, RowBatch, Stored};

impl RowBatch {
    /// One row of these cells, as a workbook has it: for tests of what is done with them.
    pub(crate) fn of_cells(header: Arc<Header>, cells: &[Cell<'_>]) -> Self {
        let mut batch = Self::typed(header);
        batch.start_row(2);
        for cell in cells {
            let stored = match *cell {
                Cell::Empty => Stored::Empty,
                Cell::Text(text) => {
                    let (from, to) = batch.push_text(text);
                    Stored::Text(from, to)
                }
                Cell::Iso(text) => {
                    let (from, to) = batch.push_text(text);
                    Stored::Iso(from, to)
                }
                Cell::Error(text) => {
                    let (from, to) = batch.push_text(text);
                    Stored::Error(from, to)
                }
                Cell::Number(n) => Stored::Number(n),
                Cell::Serial(n, epoch) => Stored::Serial(n, epoch),
                Cell::Duration(n) => Stored::Duration(n),
                Cell::Bool(b) => Stored::Bool(b),
                Cell::NoValue => Stored::NoValue,
            };
            batch.push(stored);
        }
        batch
    }
}
