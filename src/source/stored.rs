//! How a batch keeps its rows: what a cell is stored as, where a row's cells lie, and what is wrong with it.

use super::cell::Epoch;
use super::odd_cells::OddCells;
use super::record::Span;

/// What makes a row unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFault {
    /// Another number of cells than the header has.
    Ragged {
        /// Cells in the row.
        found: usize,
    },
    /// Bytes that are no text in the file's encoding.
    Undecodable {
        /// The column, from 0.
        column: usize,
    },
    /// Bytes that are text in UTF-8, where the file is in another encoding.
    OtherEncoding {
        /// The column, from 0.
        column: usize,
    },
    /// Quotes that fit no rule: where its cells begin and end is not sure.
    Quoting,
    /// The file ends inside a character.
    CutOff,
    /// The file ends inside a quoted cell.
    Torn,
}

/// A stored cell; texts are ranges of the batch's buffer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stored {
    Empty,
    Text(u32, u32),
    Number(f64),
    Serial(f64, Epoch),
    Duration(f64),
    Iso(u32, u32),
    Bool(bool),
    Error(u32, u32),
    NoValue,
}

/// A row of a batch, but for its cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowMeta {
    pub(super) row: u64,
    pub(super) line: Option<u64>,
    /// Its cells are those from here
    pub(super) first: u32,
    /// to here.
    pub(super) end: u32,
    pub(super) fault: Option<RowFault>,
    /// Its cells that are not plain.
    pub(super) odd: OddCells,
}

/// A row of typed cells: its number, its width, and how many cells it has where it is ragged, else 0.
pub(super) type TypedRow = (u64, u32, u32);

/// The cells of all rows of a batch.
#[derive(Debug)]
pub(super) enum Cells {
    /// Texts, each a range of the buffer.
    Texts(Vec<Span>),
    /// Cells of several types.
    Typed(Vec<Stored>),
}
