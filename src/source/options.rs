//! What a mapping's `[source]` table decides about reading a file.

use super::dialect::{Escape, Quote};

/// The mapping's `[source]` settings for reading a file; absent ones are detected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceOptions {
    /// A workbook's sheet: name, or number from 1.
    pub sheet: Option<SheetChoice>,
    /// The header's row, from 1.
    pub header_row: Option<u64>,
    /// The byte between two cells of a text table.
    pub delimiter: Option<u8>,
    /// What cells of a text table are quoted with.
    pub quote: Option<Quote>,
    /// How a quote is written inside a quoted cell.
    pub escape: Option<Escape>,
    /// The character encoding of a text table; without one it is detected from all bytes.
    pub encoding: Option<&'static encoding_rs::Encoding>,
}

/// How a sheet is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SheetChoice {
    /// By name.
    Name(String),
    /// By number from 1, hidden sheets counted.
    Number(usize),
}
