//! A record of a text table: which of the piece's cells are its own, and what is known of them.

use std::ops::Range;

/// A cell's text as a range of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        // A piece is not longer than the longest record, which is far below.
        let short = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            start: short(start),
            end: short(end),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A record of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its cells by their numbers, without empty ones beyond the header, which come from trailing delimiters.
    pub(super) cells: Range<usize>,
    /// How many cells it has with them.
    pub(super) found: usize,
    /// Blank lines before it.
    pub(super) blank_lines: u64,
    /// Line feeds in its cells.
    pub(super) breaks: u64,
    /// Its cells hold printable ASCII, and neither quotes nor backslashes.
    pub(super) plain: bool,
}

impl Record {
    /// The record of the cells from `first` on, under a header of `width` columns.
    pub(super) fn new(first: usize, cells: &[Span], width: usize) -> Self {
        let mut end = cells.len();
        while width > 0 && end - first > width && cells[end - 1].is_empty() {
            end -= 1;
        }
        Self {
            cells: first..end,
            found: cells.len() - first,
            blank_lines: 0,
            breaks: 0,
            plain: false,
        }
    }
}

/// Whether a byte is printable ASCII, and neither a quote nor a backslash.
pub(super) fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}
