//! Cells, one after the other, become rows: each cell at its own address, whatever order they are stored in.

use std::path::Path;
use std::sync::Arc;

use super::damage::broken;
use super::value::Value;
use crate::diagnostic::column_letter;
use crate::source::error::SourceError;
use crate::source::footer::{Footer, FooterWatch};
use crate::source::header::Header;
use crate::source::row::{RowBatch, RowFault};

/// Rows that a batch holds at most, unless a footer may have begun in it.
const BATCH_ROWS: usize = 512;
/// Cells that a batch holds at most, likewise: what is in memory does not grow with the width of the table.
const BATCH_CELLS: usize = 256 * 1024;

/// Rows and columns of a sheet. Source: ECMA-376 part 1, 18.3.1.73 and 18.3.1.4, and Excel's specifications and limits.
pub(super) const MOST_ROWS: u32 = 1_048_576;
pub(super) const MOST_COLUMNS: u32 = 16_384;

/// Why the cells of a sheet make no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellTrouble {
    /// A cell lies outside any sheet: row and column from 0.
    Outside(u32, u32),
    /// A row comes after a later one; its number from 0.
    RowsOutOfOrder(u32),
    /// Two cells with values have one address.
    Twice(u32, u32),
}

impl CellTrouble {
    pub(super) fn into_error(self, path: &Path) -> SourceError {
        let place = |row: u32, column: u32| {
            format!("{}{}", column_letter(column as usize), u64::from(row) + 1)
        };
        broken(
            path,
            match self {
                Self::Outside(row, column) => format!(
                    "it has a cell at {}, and a sheet ends at XFD1048576",
                    place(row, column)
                ),
                Self::RowsOutOfOrder(row) => format!(
                    "its rows are out of order: row {} comes after a later one",
                    u64::from(row) + 1
                ),
                Self::Twice(row, column) => {
                    format!("it has two cells at {}", place(row, column))
                }
            },
        )
    }
}

/// Builds batches of rows.
pub(super) struct RowBuilder {
    header: Arc<Header>,
    batch: RowBatch,
    footer: FooterWatch,
    /// The row under way, from 0.
    current: Option<u32>,
}

impl RowBuilder {
    pub(super) fn new(header: &Arc<Header>) -> Self {
        Self {
            header: Arc::clone(header),
            batch: RowBatch::typed(Arc::clone(header)),
            footer: FooterWatch::new(header.len()),
            current: None,
        }
    }

    /// Whether a cell of this row begins another one.
    pub(super) fn is_new(&self, row: u32) -> bool {
        self.current != Some(row)
    }

    /// Adds a cell by its place, from 0.
    pub(super) fn add(
        &mut self,
        row: u32,
        column: u32,
        value: Value<'_>,
    ) -> Result<(), CellTrouble> {
        if row >= MOST_ROWS || column >= MOST_COLUMNS {
            return Err(CellTrouble::Outside(row, column));
        }
        if self.current != Some(row) {
            if self.current.is_some_and(|current| current > row) {
                return Err(CellTrouble::RowsOutOfOrder(row));
            }
            self.current = Some(row);
            self.batch.start_row(u64::from(row) + 1);
        }
        let place = column as usize;
        if !self.header.raw().is_empty() && place >= self.header.len() {
            if !value.is_blank() {
                let found = place + 1;
                self.batch.set_fault(RowFault::Ragged { found });
            }
            return Ok(());
        }
        let stored = value.store(&mut self.batch);
        // A cell without a value says nothing, wherever it stands.
        if self.batch.put(place, stored) {
            Ok(())
        } else {
            Err(CellTrouble::Twice(row, column))
        }
    }

    /// Ends the row under way, if there is one. The batch, where that is full.
    pub(super) fn finish_row(&mut self) -> Option<RowBatch> {
        self.current?;
        if !self.batch.drop_if_blank() {
            self.footer.see(&self.batch);
        }
        let is_full = self.batch.len() >= BATCH_ROWS || self.batch.typed_cells() >= BATCH_CELLS;
        (is_full && !self.footer.is_open())
            .then(|| std::mem::replace(&mut self.batch, RowBatch::typed(Arc::clone(&self.header))))
    }

    /// The rows that are left, and the footer that was taken off behind them.
    pub(super) fn finish(mut self) -> (RowBatch, Option<Footer>) {
        let full = self.finish_row();
        let mut batch = match full {
            Some(batch) => batch,
            None => self.batch,
        };
        let footer = self.footer.finish(&mut batch);
        (batch, footer)
    }
}
