//! Where the pieces of a text table end: between two records.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use super::error::SourceError;
use super::grammar::Grammar;
use super::record_scan::RecordScan;

/// Bytes of a piece, about.
const PIECE_BYTES: usize = 128 * 1024;
/// Records of a piece at most.
pub(super) const PIECE_ROWS: u64 = 1024;
/// A record longer than this has an unclosed quote.
pub(super) const RECORD_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// Cells of a record at most: sixteen times what a row of a spreadsheet has. A cell takes a byte at least, its delimiter,
/// so that only a piece that is longer than two others can hold such a record.
pub(super) const CELLS_OF_A_RECORD: usize = 2 * PIECE_BYTES;

/// A piece as a range of the cutter's buffer.
pub(super) struct Cut {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) rows: u64,
    pub(super) embedded: u64,
    /// The file ends inside a quoted cell.
    pub(super) torn: bool,
    /// Records whose quoting does not fit, from the beginning of the piece on.
    pub(super) unfit: Vec<Range<usize>>,
}

/// Finds where pieces end.
pub(super) struct Cutter<R> {
    reader: R,
    grammar: Grammar,
    /// Cells of most records; 0 where that is not known.
    width: usize,
    /// The last record of the piece before was unfit.
    wary: bool,
    pub(super) buffer: Vec<u8>,
    /// Where the bytes that are not cut yet begin,
    from: usize,
    /// and where they end.
    filled: usize,
    ended: bool,
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(reader: R, grammar: Grammar, width: usize) -> Self {
        Self {
            reader,
            grammar,
            width,
            wary: false,
            buffer: Vec::new(),
            from: 0,
            filled: 0,
            ended: false,
        }
    }

    /// Whether what was cut last was the rest.
    pub(super) fn has_ended(&self) -> bool {
        self.ended && self.from == self.filled
    }

    pub(super) fn next(&mut self, path: &Path, row: u64) -> Result<Option<Cut>, SourceError> {
        let mut scan = RecordScan::new(self.grammar, self.width, PIECE_ROWS, self.from);
        scan.wary = self.wary;
        let mut wanted = PIECE_BYTES;
        loop {
            let bytes = &self.buffer[..self.filled];
            scan.advance(bytes, self.ended);
            if self.ended && scan.ends.row < PIECE_ROWS {
                if scan.let_go(bytes) {
                    continue;
                }
                scan.end_last(bytes);
            }
            let enough = scan.ends.row == PIECE_ROWS || self.filled - self.from >= wanted;
            let to = match scan.last_end {
                Some(end) if enough => Some(end),
                _ if self.ended => Some(self.filled),
                _ => None,
            };
            if let Some(to) = to {
                let start = self.from;
                // A last record without line end may lie behind the cut, and is looked at again.
                let unfit = scan.unfit_records.iter().filter(|r| r.end <= to);
                let cut = Cut {
                    from: start,
                    to,
                    rows: scan.ends.row,
                    embedded: scan.ends.embedded,
                    torn: self.ended && to == self.filled && scan.in_quotes,
                    unfit: unfit.map(|r| r.start - start..r.end - start).collect(),
                };
                if to - cut.from > CELLS_OF_A_RECORD {
                    self.refuse_too_many_cells(&cut, path, row)?;
                }
                self.from = to;
                self.wary = scan.wary;
                return Ok((cut.from < to).then_some(cut));
            }
            if self.filled - self.from >= wanted {
                if wanted >= RECORD_LIMIT_BYTES {
                    if scan.let_go(&self.buffer[..self.filled]) {
                        continue;
                    }
                    return Err(SourceError::RecordTooLong {
                        path: path.to_owned(),
                        row: row + 1,
                        limit: RECORD_LIMIT_BYTES / (1024 * 1024),
                    });
                }
                wanted = (wanted * 2).min(RECORD_LIMIT_BYTES);
            }
            // What is cut is dropped before more is read.
            self.buffer.copy_within(self.from..self.filled, 0);
            self.filled -= self.from;
            scan.moved_down(self.from);
            self.from = 0;
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
            while self.filled < wanted && !self.ended {
                match self.reader.read(&mut self.buffer[self.filled..wanted]) {
                    Ok(0) => self.ended = true,
                    Ok(n) => self.filled += n,
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(e) => return Err(SourceError::read(path, e)),
                }
            }
        }
    }
}

impl<R> Cutter<R> {
    /// Refuses a record whose cells alone would fill the memory: each takes a place of its own, however short it is.
    fn refuse_too_many_cells(&self, cut: &Cut, path: &Path, row: u64) -> Result<(), SourceError> {
        let bytes = &self.buffer[cut.from..cut.to];
        if memchr::memchr_iter(self.grammar.delimiter, bytes).count() < CELLS_OF_A_RECORD {
            return Ok(());
        }
        // Delimiters in quotes are text: the parser knows.
        let mut parser = csv_core::ReaderBuilder::new()
            .delimiter(self.grammar.delimiter)
            .quoting(self.grammar.quote.is_some())
            .quote(self.grammar.quote.unwrap_or(b'"'))
            .escape(self.grammar.backslash.then_some(b'\\'))
            .build();
        let (mut from, mut cells, mut records) = (0, 0, 0);
        let mut text = [0; 1024];
        loop {
            let (result, read, _) = parser.read_field(&bytes[from..], &mut text);
            from += read;
            match result {
                csv_core::ReadFieldResult::Field { record_end } => {
                    cells += 1;
                    if cells > CELLS_OF_A_RECORD {
                        return Err(SourceError::TooManyCells {
                            path: path.to_owned(),
                            row: row + 1 + records,
                            limit: CELLS_OF_A_RECORD,
                        });
                    }
                    if record_end {
                        cells = 0;
                        records += 1;
                    }
                }
                csv_core::ReadFieldResult::End => return Ok(()),
                csv_core::ReadFieldResult::InputEmpty | csv_core::ReadFieldResult::OutputFull => {}
            }
        }
    }
}
