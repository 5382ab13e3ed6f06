//! The short way to the cells of a piece.
//!
//! It walks only over the bytes that mean something (delimiters, quotes, line ends), found sixty-four at a time, and
//! leaves all cells where they are; only cells with doubled quotes are written anew, behind the piece.

use wide::u8x64;

use super::cutter::PIECE_ROWS;
use super::record::{Record, Span, is_plain};

/// Places of bytes that mean something, in order, and whether others than plain ones were passed.
struct Marks<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    /// Where the block under the mask begins, and the next one.
    block: usize,
    next: usize,
    mask: u64,
    /// Bytes of the block that are neither plain nor marks, and not accounted for yet.
    odd: u64,
    /// Such bytes were in blocks before, since the last record ended.
    passed_odd: bool,
}

impl<'b> Marks<'b> {
    fn new(bytes: &'b [u8], delimiter: u8) -> Self {
        Self {
            bytes,
            delimiter,
            block: 0,
            next: 0,
            mask: 0,
            odd: 0,
            passed_odd: false,
        }
    }

    /// Loads the next block; false where there is none.
    #[inline]
    fn load(&mut self) -> bool {
        let Some(rest) = self.bytes.get(self.next..).filter(|rest| !rest.is_empty()) else {
            return false;
        };
        self.block = self.next;
        self.next += 64;
        self.passed_odd |= self.odd != 0;
        (self.mask, self.odd) = match rest.first_chunk::<64>() {
            Some(block) => self.look(*block),
            None => {
                let mut block = [b' '; 64];
                block[..rest.len()].copy_from_slice(rest);
                let (mask, odd) = self.look(block);
                // A blank may be the delimiter.
                (mask & ((1 << rest.len()) - 1), odd)
            }
        };
        true
    }

    /// Whether an odd byte stood since this was asked last, up to `end`, which lies in the block.
    #[inline]
    fn take_odd(&mut self, end: usize) -> bool {
        let before = match end - self.block {
            within @ 0..64 => (1_u64 << within) - 1,
            _ => u64::MAX,
        };
        let odd = self.passed_odd || self.odd & before != 0;
        self.passed_odd = false;
        self.odd &= !before;
        odd
    }

    #[inline]
    fn look(&self, block: [u8; 64]) -> (u64, u64) {
        let block = u8x64::new(block);
        let is = |byte| block.simd_eq(u8x64::splat(byte));
        let marks = is(self.delimiter) | is(b'"') | is(b'\n') | is(b'\r');
        let (least, most) = (u8x64::splat(b' '), u8x64::splat(b'~'));
        // Within the range, a byte is its own maximum and minimum.
        let plain = block.max(least).min(most).simd_eq(block);
        let odd = (!plain | is(b'\\')) & !marks;
        (marks.to_bitmask(), odd.to_bitmask())
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            if !self.load() {
                return None;
            }
        }
        let at = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(at)
    }
}

/// What the short way finds.
pub(super) struct Found {
    pub(super) cells: Vec<Span>,
    pub(super) records: Vec<Record>,
    /// Texts of cells with doubled quotes, to stand behind the bytes.
    pub(super) behind: Vec<u8>,
}

/// The short way.
pub(super) struct Walk<'b> {
    bytes: &'b [u8],
    marks: Marks<'b>,
    found: Found,
    width: usize,
    /// The first cell of the record under way.
    first: usize,
    blank_lines: u64,
    breaks: u64,
    /// Something in the record under way is not plain.
    is_odd: bool,
}

impl<'b> Walk<'b> {
    pub(super) fn new(bytes: &'b [u8], delimiter: u8, width: usize) -> Option<Self> {
        let records = usize::try_from(PIECE_ROWS).unwrap_or(0);
        (!matches!(delimiter, b'"' | b'\n' | b'\r' | 0)).then(|| Self {
            bytes,
            marks: Marks::new(bytes, delimiter),
            found: Found {
                // Most pieces hold as many bytes as there can be, and rows of a third of a kilobyte.
                cells: Vec::with_capacity(width.max(2) * records / 2),
                records: Vec::with_capacity(records / 2),
                behind: Vec::new(),
            },
            width,
            first: 0,
            blank_lines: 0,
            breaks: 0,
            is_odd: false,
        })
    }

    /// Walks to the end; none where something is out of the ordinary.
    pub(super) fn walk(mut self) -> Option<Found> {
        let mut start = 0;
        // A quoted cell whose end was seen; the mark behind it ends it.
        let mut quoted: Option<Span> = None;
        while let Some(at) = self.marks.next() {
            match self.bytes[at] {
                b'"' => {
                    // Only at its beginning does a quote open a cell.
                    if at == start {
                        quoted = Some(self.quoted(at + 1)?);
                    } else {
                        self.is_odd = true;
                    }
                }
                line_end @ (b'\n' | b'\r') => {
                    let is_blank =
                        at == start && quoted.is_none() && self.found.cells.len() == self.first;
                    if is_blank {
                        self.blank_lines += 1;
                    } else {
                        self.found
                            .cells
                            .push(quoted.take().unwrap_or(Span::new(start, at)));
                        self.end_record(at);
                    }
                    start = at + 1;
                    if line_end == b'\r' && self.bytes.get(start) == Some(&b'\n') {
                        self.marks.next();
                        start += 1;
                    }
                }
                _ => {
                    self.found
                        .cells
                        .push(quoted.take().unwrap_or(Span::new(start, at)));
                    start = at + 1;
                }
            }
        }
        // The last record may have no line end.
        if start < self.bytes.len() || self.found.cells.len() > self.first {
            self.found
                .cells
                .push(quoted.unwrap_or(Span::new(start, self.bytes.len())));
            self.end_record(self.bytes.len());
        }
        Some(self.found)
    }

    /// A quoted cell, from behind its quote on.
    fn quoted(&mut self, start: usize) -> Option<Span> {
        let mut doubled = false;
        loop {
            let at = self.marks.next()?;
            match self.bytes[at] {
                b'"' if self.bytes.get(at + 1) == Some(&b'"') => {
                    doubled = true;
                    self.is_odd = true;
                    self.marks.next();
                }
                b'"' => {
                    let behind = self.bytes.get(at + 1);
                    // Marks that are no quote end a cell; whatever else stands there belongs to it.
                    let is_end = behind.is_none_or(|b| self.ends_cell(*b));
                    return is_end.then(|| {
                        if doubled {
                            self.unquoted(start, at)
                        } else {
                            Span::new(start, at)
                        }
                    });
                }
                b'\n' => {
                    self.breaks += 1;
                    self.is_odd = true;
                }
                other => self.is_odd |= !is_plain(other),
            }
        }
    }

    fn ends_cell(&self, byte: u8) -> bool {
        matches!(byte, b'\n' | b'\r') || byte == self.marks.delimiter
    }

    /// A cell with doubled quotes, written anew.
    fn unquoted(&mut self, start: usize, end: usize) -> Span {
        let from = self.bytes.len() + self.found.behind.len();
        let mut rest = &self.bytes[start..end];
        while let Some(quote) = memchr::memchr(b'"', rest) {
            self.found.behind.extend_from_slice(&rest[..=quote]);
            rest = &rest[quote + 2..];
        }
        self.found.behind.extend_from_slice(rest);
        Span::new(from, self.bytes.len() + self.found.behind.len())
    }

    /// Ends the record at its line end, or at the end of all.
    fn end_record(&mut self, at: usize) {
        let is_odd = self.marks.take_odd(at) | std::mem::take(&mut self.is_odd);
        self.found.records.push(Record {
            blank_lines: std::mem::take(&mut self.blank_lines),
            breaks: std::mem::take(&mut self.breaks),
            plain: !is_odd,
            ..Record::new(self.first, &self.found.cells, self.width)
        });
        self.first = self.found.cells.len();
    }
}
