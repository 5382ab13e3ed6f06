//! A batch of typed rows as bytes: rows, cells of nine bytes each, then all texts. Empty cells in a row are one of these:
//! a sheet may have a value in the last of 16,384 columns and nothing before it.

use std::sync::Arc;

use crate::source::cell::Epoch;
use crate::source::header::Header;
use crate::source::row::{RowBatch, Stored};

/// A batch as it is kept, to be unpacked wherever it is needed.
#[derive(Debug)]
pub(in crate::source) struct Packed {
    header: Arc<Header>,
    bytes: Vec<u8>,
}

impl Packed {
    pub(super) fn new(header: &Arc<Header>, bytes: Vec<u8>) -> Self {
        Self {
            header: Arc::clone(header),
            bytes,
        }
    }

    /// The rows. What the spool did not write makes no rows.
    pub(in crate::source) fn unpack(self) -> RowBatch {
        let empty = || RowBatch::typed(Arc::clone(&self.header));
        unpack(Arc::clone(&self.header), &self.bytes).unwrap_or_else(empty)
    }
}

const EMPTY: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const SERIAL_1900: u8 = 3;
const SERIAL_1904: u8 = 4;
const DURATION: u8 = 5;
const ISO: u8 = 6;
const NO: u8 = 7;
const YES: u8 = 8;
const ERROR: u8 = 9;
const NO_VALUE: u8 = 10;
/// So many empty cells.
const EMPTY_RUN: u8 = 11;
/// What the widest row has.
const LONGEST_RUN: usize = 16_384;

/// Bytes of one cell: what it is, and its value or the range of its text.
const CELL: usize = 9;

/// Bytes of one row: its number, its width, and how many cells it has where it is ragged.
const ROW: usize = 16;

/// Appends the bytes of a batch.
pub(super) fn pack(batch: &RowBatch, out: &mut Vec<u8>) {
    let (rows, cells, text) = batch.typed_parts();
    out.reserve(8 + rows.len() * ROW + text.len());
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&count(rows.len()));
    let at_count = out.len();
    out.extend_from_slice(&count(0));
    for (row, width, ragged) in rows {
        out.extend_from_slice(&row.to_le_bytes());
        out.extend_from_slice(&width.to_le_bytes());
        out.extend_from_slice(&ragged.to_le_bytes());
    }
    let mut records = 0;
    let mut rest = cells;
    while let Some((cell, behind)) = rest.split_first() {
        rest = behind;
        records += 1;
        let range = |a: u32, b: u32| (u64::from(a) | u64::from(b) << 32).to_le_bytes();
        let (what, value) = match *cell {
            Stored::Empty => {
                let more = (rest.iter()).take_while(|cell| matches!(cell, Stored::Empty));
                let more = more.take(LONGEST_RUN - 1).count();
                rest = &rest[more..];
                match more {
                    0 => (EMPTY, [0; 8]),
                    more => (EMPTY_RUN, (more as u64 + 1).to_le_bytes()),
                }
            }
            Stored::Text(a, b) => (TEXT, range(a, b)),
            Stored::Number(n) => (NUMBER, n.to_le_bytes()),
            Stored::Serial(n, Epoch::Y1900) => (SERIAL_1900, n.to_le_bytes()),
            Stored::Serial(n, Epoch::Y1904) => (SERIAL_1904, n.to_le_bytes()),
            Stored::Duration(n) => (DURATION, n.to_le_bytes()),
            Stored::Iso(a, b) => (ISO, range(a, b)),
            Stored::Bool(false) => (NO, [0; 8]),
            Stored::Bool(true) => (YES, [0; 8]),
            Stored::Error(a, b) => (ERROR, range(a, b)),
            Stored::NoValue => (NO_VALUE, [0; 8]),
        };
        out.push(what);
        out.extend_from_slice(&value);
    }
    out[at_count..at_count + 4].copy_from_slice(&count(records));
    out.extend_from_slice(text.as_bytes());
}

fn unpack(header: Arc<Header>, bytes: &[u8]) -> Option<RowBatch> {
    let (row_count, rest) = bytes.split_first_chunk::<4>()?;
    let (cell_count, rest) = rest.split_first_chunk::<4>()?;
    let count = |n: &[u8; 4]| usize::try_from(u32::from_le_bytes(*n)).ok();
    let (rows, rest) = rest.split_at_checked(count(row_count)?.checked_mul(ROW)?)?;
    let (cells, text) = rest.split_at_checked(count(cell_count)?.checked_mul(CELL)?)?;
    let text = std::str::from_utf8(text).ok()?.to_owned();
    let rows = rows.as_chunks::<ROW>().0.iter().map(|row| {
        let (number, rest) = row.split_at(8);
        let (width, ragged) = rest.split_at(4);
        let number = number.first_chunk().copied().unwrap_or_default();
        let width = width.first_chunk().copied().unwrap_or_default();
        let ragged = ragged.first_chunk().copied().unwrap_or_default();
        (
            u64::from_le_bytes(number),
            u32::from_le_bytes(width),
            u32::from_le_bytes(ragged),
        )
    });
    let mut all = Vec::new();
    for cell in cells.as_chunks::<CELL>().0 {
        let value = cell[1..].first_chunk::<8>().copied().unwrap_or_default();
        let number = f64::from_le_bytes(value);
        let range = u64::from_le_bytes(value);
        let (a, b) = (
            u32::try_from(range & 0xffff_ffff).unwrap_or(0),
            u32::try_from(range >> 32).unwrap_or(0),
        );
        let stored = match cell[0] {
            TEXT => Stored::Text(a, b),
            NUMBER => Stored::Number(number),
            SERIAL_1900 => Stored::Serial(number, Epoch::Y1900),
            SERIAL_1904 => Stored::Serial(number, Epoch::Y1904),
            DURATION => Stored::Duration(number),
            ISO => Stored::Iso(a, b),
            NO => Stored::Bool(false),
            YES => Stored::Bool(true),
            ERROR => Stored::Error(a, b),
            NO_VALUE => Stored::NoValue,
            EMPTY_RUN => {
                let run = usize::try_from(range).map_or(1, |run| run.min(LONGEST_RUN));
                all.resize(all.len() + run.saturating_sub(1), Stored::Empty);
                Stored::Empty
            }
            _ => Stored::Empty,
        };
        all.push(stored);
    }
    Some(RowBatch::of_typed(header, text, all, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed_bytes(batch: &RowBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(batch, &mut bytes);
        bytes
    }

    proptest::proptest! {
        /// Wherever rows are empty, and however long.
        #[test]
        fn empty_cells_come_back(widths in proptest::collection::vec((0_usize..40_000, 0_usize..4), 0..6)) {
            let header = Arc::new(Header::new(vec!["A".to_owned()]));
            let mut batch = RowBatch::typed(Arc::clone(&header));
            for (row, (empty, filled)) in (2..).zip(&widths) {
                batch.start_row(row);
                for place in 0..*filled {
                    batch.put(empty + place, Stored::Number(1.0));
                }
                batch.put(empty + filled + 1, Stored::Empty);
            }
            let bytes = packed_bytes(&batch);
            proptest::prop_assert!(bytes.len() < 8 + 6 * (ROW + 10 * CELL));
            let back = Packed::new(&header, bytes).unpack();
            let seen = |batch: &RowBatch| -> Vec<String> {
                batch.rows().map(|row| format!("{} {:?}", row.row(), row.texts())).collect()
            };
            proptest::prop_assert_eq!(seen(&back), seen(&batch));
        }
    }

    #[test]
    fn a_batch_comes_back_as_it_was() {
        let header = Arc::new(Header::new(vec!["A".to_owned(), "B".to_owned()]));
        let mut batch = RowBatch::typed(Arc::clone(&header));
        let texts = ["", "ä", "2026-03-04", "#N/A"].map(|t| batch.push_text(t));
        let cells = [
            Stored::Empty,
            Stored::Text(texts[1].0, texts[1].1),
            Stored::Number(-1.5),
            Stored::Serial(46085.25, Epoch::Y1900),
            Stored::Serial(1.0, Epoch::Y1904),
            Stored::Duration(0.5),
            Stored::Iso(texts[2].0, texts[2].1),
            Stored::Bool(false),
            Stored::Bool(true),
            Stored::Error(texts[3].0, texts[3].1),
            Stored::NoValue,
        ];
        for (row, two) in (5..).zip(cells.chunks(2)) {
            batch.start_row(row);
            for cell in two {
                batch.push(*cell);
            }
        }
        batch.set_fault(crate::source::RowFault::Ragged { found: 7 });
        let seen = |batch: &RowBatch| -> Vec<String> {
            let cells = |row: crate::source::SourceRow<'_>| -> Vec<String> {
                (0..row.width())
                    .map(|c| format!("{:?}", row.cell(c)))
                    .collect()
            };
            batch
                .rows()
                .map(|row| format!("{} {:?} {:?}", row.row(), row.fault(), cells(row)))
                .collect()
        };
        let pack = |batch| Packed::new(&header, packed_bytes(batch));
        assert_eq!(seen(&pack(&batch).unpack()), seen(&batch));
        let empty = RowBatch::typed(Arc::clone(&header));
        assert!(pack(&empty).unpack().is_empty());
        // What the spool did not write makes no rows.
        assert!(
            Packed::new(&header, vec![9, 0, 0, 0, 1])
                .unpack()
                .is_empty()
        );
    }
}
