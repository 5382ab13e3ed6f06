//! Rows and cells as read, in batches.
//!
//! A batch keeps all its texts in one buffer. It is shared by reference count: a row on its way to the
//! API can still show its own cells to the rejects file without a copy having been made for it.

use std::borrow::Cow;
use std::sync::Arc;

use super::cell::Cell;
use super::guard::without_guard;
use super::header::Header;
use super::odd_cells::OddCells;
use super::record::Span;
pub use super::stored::RowFault;
pub(super) use super::stored::{Cells, RowMeta, Stored, TypedRow};

/// Some rows of a file, in order.
#[derive(Debug)]
pub struct RowBatch {
    header: Arc<Header>,
    rows: Vec<RowMeta>,
    cells: Cells,
    text: String,
}

impl RowBatch {
    /// A batch for typed cells, which are pushed row by row.
    pub(super) fn typed(header: Arc<Header>) -> Self {
        Self {
            header,
            rows: Vec::new(),
            cells: Cells::Typed(Vec::new()),
            text: String::new(),
        }
    }

    /// A batch of texts: all of them in one, and where each cell lies in it. Rows, so many about, are pushed as ranges
    /// of these cells.
    pub(super) fn of_texts(
        header: Arc<Header>,
        text: String,
        cells: Vec<Span>,
        rows: usize,
    ) -> Self {
        Self {
            header,
            rows: Vec::with_capacity(rows),
            cells: Cells::Texts(cells),
            text,
        }
    }

    /// A batch of typed cells as they were kept.
    pub(super) fn of_typed(
        header: Arc<Header>,
        text: String,
        cells: Vec<Stored>,
        rows: impl Iterator<Item = TypedRow>,
    ) -> Self {
        let most = u32::try_from(cells.len()).unwrap_or(u32::MAX);
        let mut first = 0;
        let rows = rows
            .map(|(row, width, ragged)| {
                let meta = RowMeta {
                    row,
                    line: None,
                    first,
                    end: first.saturating_add(width).min(most),
                    fault: (ragged > 0).then_some(RowFault::Ragged {
                        found: ragged as usize,
                    }),
                    odd: OddCells::ALL,
                };
                first = meta.end;
                meta
            })
            .collect();
        Self {
            header,
            rows,
            cells: Cells::Typed(cells),
            text,
        }
    }

    /// The rows of a batch of typed cells, its cells, and their texts.
    pub(super) fn typed_parts(&self) -> (Vec<TypedRow>, &[Stored], &str) {
        let rows = self.rows.iter().map(|r| {
            let ragged = match r.fault {
                Some(RowFault::Ragged { found }) => u32::try_from(found).unwrap_or(u32::MAX),
                _ => 0,
            };
            (r.row, r.end - r.first, ragged)
        });
        match &self.cells {
            Cells::Typed(cells) => (rows.collect(), cells, &self.text),
            Cells::Texts(_) => (Vec::new(), &[], ""),
        }
    }

    /// A row of texts: its cells by their numbers, and which of them are not plain.
    pub(super) fn push_row(
        &mut self,
        row: u64,
        line: u64,
        cells: std::ops::Range<usize>,
        odd: OddCells,
    ) {
        let number = |n| u32::try_from(n).unwrap_or(u32::MAX);
        self.rows.push(RowMeta {
            row,
            line: Some(line),
            first: number(cells.start),
            end: number(cells.end),
            fault: None,
            odd,
        });
    }

    /// Starts a row of typed cells; they are pushed next.
    pub(super) fn start_row(&mut self, row: u64) {
        let Cells::Typed(cells) = &self.cells else {
            return;
        };
        let first = u32::try_from(cells.len()).unwrap_or(u32::MAX);
        self.rows.push(RowMeta {
            row,
            line: None,
            first,
            end: first,
            fault: None,
            odd: OddCells::ALL,
        });
    }

    /// Appends a cell to the row that was started last.
    #[cfg(test)]
    pub(super) fn push(&mut self, cell: Stored) {
        let place = self.rows.last().map_or(0, |row| row.end - row.first);
        self.put(place as usize, cell);
    }

    /// Puts a cell at its place in the row that was started last, whatever stands there empty. False where another
    /// value stands there.
    pub(super) fn put(&mut self, place: usize, cell: Stored) -> bool {
        let (Cells::Typed(cells), Some(row)) = (&mut self.cells, self.rows.last_mut()) else {
            return true;
        };
        let at = row.first as usize + place;
        if at >= cells.len() {
            cells.resize(at, Stored::Empty);
            cells.push(cell);
            row.end = u32::try_from(at + 1).unwrap_or(u32::MAX);
        } else if matches!(cells[at], Stored::Empty) {
            cells[at] = cell;
        } else {
            return matches!(cell, Stored::Empty);
        }
        true
    }

    /// How many cells it holds, where they are typed.
    pub(super) fn typed_cells(&self) -> usize {
        match &self.cells {
            Cells::Typed(cells) => cells.len(),
            Cells::Texts(_) => 0,
        }
    }

    pub(super) fn push_text(&mut self, text: &str) -> (u32, u32) {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        (start, u32::try_from(self.text.len()).unwrap_or(u32::MAX))
    }

    pub(super) fn set_fault(&mut self, fault: RowFault) {
        if let Some(last) = self.rows.last_mut() {
            last.fault.get_or_insert(fault);
        }
    }

    /// As [`RowBatch::set_fault`], in place of any other fault.
    pub(super) fn replace_fault(&mut self, fault: RowFault) {
        if let Some(last) = self.rows.last_mut() {
            last.fault = Some(fault);
        }
    }

    /// Takes back the row just pushed where all its cells are blank: it is no row. True where it did.
    pub(super) fn drop_if_blank(&mut self) -> bool {
        let Some(last) = self.rows.len().checked_sub(1).and_then(|i| self.row(i)) else {
            return false;
        };
        let blank = (0..last.width()).all(|column| last.cell(column).is_blank());
        // A line of one empty quoted cell is blank, and not a row with cells missing; a row of a workbook is ragged by a
        // value beyond the header.
        let is_text = matches!(self.cells, Cells::Texts(_));
        let dropped = match last.fault() {
            None => blank,
            Some(RowFault::Ragged { .. }) => blank && is_text,
            Some(_) => false,
        };
        if dropped {
            self.truncate(self.rows.len() - 1);
        }
        dropped
    }

    /// Takes back all rows from `index` on.
    pub(super) fn truncate(&mut self, index: usize) {
        if let Some(row) = self.rows.get(index) {
            if let Cells::Typed(cells) = &mut self.cells {
                cells.truncate(row.first as usize);
            }
            self.rows.truncate(index);
        }
    }

    /// Takes out the rows at these places, which ascend.
    pub(super) fn remove(&mut self, indices: &[usize]) {
        let (mut index, mut out) = (0, indices.iter().peekable());
        if !indices.is_empty() {
            self.rows.retain(|_| {
                index += 1;
                out.next_if(|out| **out == index - 1).is_none()
            });
        }
    }

    /// How many rows it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The columns that its rows have cells for.
    #[must_use]
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The row at `index`, from 0.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<SourceRow<'_>> {
        let meta = self.rows.get(index)?;
        let (first, end) = (meta.first as usize, meta.end as usize);
        let cells = match &self.cells {
            Cells::Texts(cells) => RowCells::Texts(&cells[first..end]),
            Cells::Typed(cells) => RowCells::Typed(&cells[first..end]),
        };
        Some(SourceRow {
            batch: self,
            meta,
            cells,
            index,
        })
    }

    /// All rows in the file's order, those with a [`RowFault`] too.
    pub fn rows(&self) -> impl Iterator<Item = SourceRow<'_>> {
        (0..self.rows.len()).filter_map(|index| self.row(index))
    }
}

/// The cells of one row.
#[derive(Debug, Clone, Copy)]
enum RowCells<'a> {
    Texts(&'a [Span]),
    Typed(&'a [Stored]),
}

/// One row of a batch.
#[derive(Debug, Clone, Copy)]
pub struct SourceRow<'a> {
    batch: &'a RowBatch,
    meta: &'a RowMeta,
    cells: RowCells<'a>,
    index: usize,
}

impl<'a> SourceRow<'a> {
    /// Its place in the batch, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }

    /// The row as a spreadsheet shows it, from 1.
    #[must_use]
    pub fn row(self) -> u64 {
        self.meta.row
    }

    /// The line in a text editor, where that is another number.
    #[must_use]
    pub fn line(self) -> Option<u64> {
        self.meta.line.filter(|line| *line != self.meta.row)
    }

    /// What makes it unreadable; the first fault where it has several. Its cells are then not to be trusted.
    #[must_use]
    pub fn fault(self) -> Option<RowFault> {
        self.meta.fault
    }

    /// Whether it has fewer cells than the header, and those that are missing are empty.
    #[must_use]
    pub fn is_short(self) -> bool {
        matches!(self.cells, RowCells::Texts(cells) if cells.len() < self.batch.header.named())
            && self.meta.fault.is_none()
    }

    /// True where a cell is known to be a text of printable ASCII, without quotes, apostrophes, backslashes and ampersands.
    #[inline]
    #[must_use]
    pub fn is_plain(self, column: usize) -> bool {
        !self.meta.odd.may_have(column)
    }

    /// The bytes of a text; none where the cell is something else.
    #[inline]
    #[must_use]
    pub fn text_bytes(self, column: usize) -> Option<&'a [u8]> {
        let RowCells::Texts(cells) = self.cells else {
            return None;
        };
        let span = cells.get(column)?;
        Some(self.unguarded(span.start, span.end).as_bytes())
    }

    /// The texts of columns beside each other as they stand in a text file, guards and all: one by one, and what lies from
    /// the first to the last of them. None in a workbook, and where the row ends before.
    #[must_use]
    pub fn raw_texts(
        self,
        first: usize,
        last: usize,
    ) -> Option<(impl Iterator<Item = &'a [u8]>, &'a [u8])> {
        let RowCells::Texts(cells) = self.cells else {
            return None;
        };
        let cells = cells.get(first..=last)?;
        let all = self.batch.text.as_bytes();
        let between = all.get(cells.first()?.start as usize..cells.last()?.end as usize)?;
        let texts = cells.iter().map(|cell| {
            let range = cell.start as usize..cell.end as usize;
            all.get(range).unwrap_or_default()
        });
        Some((texts, between))
    }

    /// The cell of a column; empty where the row is too short.
    #[inline]
    #[must_use]
    pub fn cell(self, column: usize) -> Cell<'a> {
        match self.cells {
            RowCells::Texts(cells) => match cells.get(column) {
                Some(span) if span.is_empty() => Cell::Empty,
                Some(span) => Cell::Text(self.unguarded(span.start, span.end)),
                None => Cell::Empty,
            },
            RowCells::Typed(cells) => cells
                .get(column)
                .map_or(Cell::Empty, |cell| self.resolve(*cell)),
        }
    }

    #[inline]
    fn text(self, start: u32, end: u32) -> &'a str {
        self.batch
            .text
            .get(start as usize..end as usize)
            .unwrap_or("")
    }

    /// The text without what only tells a spreadsheet that it is text.
    #[inline]
    fn unguarded(self, start: u32, end: u32) -> &'a str {
        without_guard(self.text(start, end))
    }

    fn resolve(self, cell: Stored) -> Cell<'a> {
        match cell {
            Stored::Empty => Cell::Empty,
            Stored::Text(a, b) => Cell::Text(self.text(a, b)),
            Stored::Number(n) => Cell::Number(n),
            Stored::Serial(n, epoch) => Cell::Serial(n, epoch),
            Stored::Duration(n) => Cell::Duration(n),
            Stored::Iso(a, b) => Cell::Iso(self.text(a, b)),
            Stored::Bool(b) => Cell::Bool(b),
            Stored::Error(a, b) => Cell::Error(self.text(a, b)),
            Stored::NoValue => Cell::NoValue,
        }
    }

    /// How many cells it has. A workbook stores none behind a row's last value: its rows are as wide as the header.
    #[must_use]
    pub fn width(self) -> usize {
        match self.cells {
            RowCells::Texts(cells) => cells.len(),
            RowCells::Typed(cells) => cells.len().max(self.batch.header.len()),
        }
    }

    /// All its cells as text, as they stand in the file.
    pub fn shown(self) -> impl Iterator<Item = Cow<'a, str>> {
        (0..self.width()).map(move |column| match self.cells {
            RowCells::Texts(cells) => {
                let span = cells[column];
                Cow::Borrowed(self.text(span.start, span.end))
            }
            RowCells::Typed(_) => self.cell(column).to_text(),
        })
    }

    /// As [`SourceRow::shown`], in strings of their own.
    #[must_use]
    pub fn texts(self) -> Vec<String> {
        self.shown().map(Cow::into_owned).collect()
    }

    /// The columns of its batch.
    #[must_use]
    pub fn header(self) -> &'a Header {
        &self.batch.header
    }
}

#[cfg(test)]
#[path = "row_of_cells.rs"]
mod of_cells;
