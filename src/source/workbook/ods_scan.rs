//! An ODS workbook is loaded whole, repeated rows and cells too: its cells are counted before, and its hidden rows found.

use std::path::Path;

use super::damage::too_large;
use super::facts::Facts;
use super::xml::{Tag, XmlEvent};
use crate::source::error::SourceError;
use crate::source::flow::Flow;

/// Cells of an ODS workbook, repeated ones counted.
const MOST_CELLS: u64 = 10_000_000;

/// Counts the cells of all sheets, and gathers the facts of one.
pub(super) struct OdsScan<'p> {
    book: &'p Path,
    /// The sheet whose facts are wanted.
    wanted: Option<&'p str>,
    pub(super) facts: Facts,
    is_wanted: bool,
    /// Cells of the sheets before this one, as the parser would keep them.
    cells: u64,
    /// Of the sheet under way: rows, its last filled row, and its widest.
    row: u64,
    filled_rows: u64,
    widest: u64,
    /// Of the row under way: columns, its last filled column, how often it is repeated.
    column: u64,
    filled: u64,
    repetitions: u64,
    is_row_hidden: bool,
}

impl<'p> OdsScan<'p> {
    pub(super) fn new(book: &'p Path, wanted: Option<&'p str>) -> Self {
        Self {
            book,
            wanted,
            facts: Facts::default(),
            is_wanted: false,
            cells: 0,
            row: 0,
            filled_rows: 0,
            widest: 0,
            column: 0,
            filled: 0,
            repetitions: 1,
            is_row_hidden: false,
        }
    }

    /// Takes the next event in.
    ///
    /// # Errors
    /// Where there are more cells than fit in memory.
    pub(super) fn see(&mut self, event: &XmlEvent<'_>) -> Result<Flow, SourceError> {
        match event {
            XmlEvent::Start(tag) => self.start(*tag),
            XmlEvent::Text(_) => {}
            XmlEvent::End(name) => match name.full() {
                "table:table-row" => self.end_row(),
                "table:table" => {
                    let cells = self.widest.saturating_mul(self.filled_rows);
                    self.cells = self.cells.saturating_add(cells);
                    if self.cells > MOST_CELLS {
                        return Err(too_large(self.book, "it has more than ten million cells"));
                    }
                }
                _ => {}
            },
        }
        Ok(Flow::More)
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag.name().full() {
            "table:table" => {
                (self.row, self.widest, self.filled_rows) = (0, 0, 0);
                self.is_wanted =
                    self.wanted.is_some() && tag.attribute("table:name").as_deref() == self.wanted;
            }
            "table:table-row" => {
                (self.column, self.filled) = (0, 0);
                self.repetitions = tag.repetitions("table:number-rows-repeated");
                let visibility = tag.attribute("table:visibility");
                self.is_row_hidden = visibility.is_some_and(|v| v != "visible");
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let more = tag.repetitions("table:number-columns-repeated");
                self.column = self.column.saturating_add(more);
                if tag.attribute("office:value-type").is_some() {
                    self.filled = self.column;
                }
            }
            "text:p" => self.filled = self.column,
            _ => {}
        }
    }

    fn end_row(&mut self) {
        if self.is_wanted && self.is_row_hidden && self.filled > 0 {
            self.facts.hide(self.row + 1);
        }
        self.row = self.row.saturating_add(self.repetitions);
        if self.filled > 0 {
            self.widest = self.widest.max(self.filled);
            self.filled_rows = self.row;
        }
    }
}
