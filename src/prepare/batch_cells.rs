//! A row's own cells, for those who look at them when the row has long been prepared.

use std::borrow::Cow;

use crate::partner::{SourceCells, SourceValue};
use crate::source::{Cell, Epoch, RowBatch, SourceRow};

/// The rows that were read together.
#[derive(Debug)]
pub(super) struct BatchCells(pub(super) RowBatch);

impl SourceCells for BatchCells {
    fn cells(&self, index: u32) -> Vec<Cow<'_, str>> {
        let row = self.0.row(index as usize);
        row.into_iter().flat_map(SourceRow::shown).collect()
    }

    fn cell(&self, index: u32, column: usize) -> Cow<'_, str> {
        let row = self.0.row(index as usize);
        row.map_or(Cow::Borrowed(""), |row| row.cell(column).to_text())
    }

    fn each_value(&self, index: u32, each: &mut dyn FnMut(usize, SourceValue<'_>)) {
        let Some(row) = self.0.row(index as usize) else {
            return;
        };
        for column in 0..row.width() {
            let value = match row.cell(column) {
                Cell::Empty | Cell::NoValue => SourceValue::Empty,
                Cell::Text(text) | Cell::Iso(text) | Cell::Error(text) => SourceValue::Text(text),
                Cell::Number(n) | Cell::Duration(n) => SourceValue::Number(n),
                Cell::Serial(days, Epoch::Y1900) => SourceValue::Days(days),
                // Four years and a day lie between the two systems.
                Cell::Serial(days, Epoch::Y1904) => SourceValue::Days(days + 1462.0),
                Cell::Bool(b) => SourceValue::Boolean(b),
            };
            each(column, value);
        }
    }
}
