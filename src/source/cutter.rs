//! Where the pieces of a text table end: between two records, found by the rules by which the csv crate parses.

use std::io::Read;
use std::path::Path;

use super::error::SourceError;

/// Bytes of a piece, about.
const PIECE_BYTES: usize = 128 * 1024;
/// Records of a piece at most.
pub(super) const PIECE_ROWS: u64 = 1024;
/// A record longer than this has an unclosed quote.
pub(super) const RECORD_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// Cells of a record at most: sixteen times what a row of a spreadsheet has. A cell takes a byte at least, its delimiter,
/// so that only a piece that is longer than two others can hold such a record.
pub(super) const CELLS_OF_A_RECORD: usize = 2 * PIECE_BYTES;

/// How far a table was counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    /// Rows seen, as a spreadsheet counts them.
    pub(super) row: u64,
    /// Line breaks inside cells so far: what an editor counts on top.
    pub(super) embedded: u64,
}

/// A piece as a range of the cutter's buffer.
pub(super) struct Cut {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) rows: u64,
    pub(super) embedded: u64,
    /// The file ends inside a quoted cell.
    pub(super) torn: bool,
}

/// Finds where pieces end.
pub(super) struct Cutter<R> {
    reader: R,
    delimiter: u8,
    pub(super) buffer: Vec<u8>,
    /// Where the bytes that are not cut yet begin,
    from: usize,
    /// and where they end.
    filled: usize,
    ended: bool,
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> Self {
        Self {
            reader,
            delimiter,
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
        let mut scan = RecordScan::new(self.delimiter, self.from);
        let mut wanted = PIECE_BYTES;
        loop {
            scan.advance(&self.buffer[..self.filled], self.ended);
            let enough = scan.ends.row == PIECE_ROWS || self.filled - self.from >= wanted;
            let to = match scan.last_end {
                Some(end) if enough => Some(end),
                _ if self.ended => Some(self.filled),
                _ => None,
            };
            if let Some(to) = to {
                let cut = Cut {
                    from: self.from,
                    to,
                    rows: scan.ends.row,
                    embedded: scan.ends.embedded,
                    torn: self.ended && to == self.filled && scan.in_quotes,
                };
                if to - cut.from > CELLS_OF_A_RECORD {
                    self.refuse_too_many_cells(&cut, path, row)?;
                }
                self.from = to;
                return Ok((cut.from < to).then_some(cut));
            }
            if self.filled - self.from >= wanted {
                if wanted >= RECORD_LIMIT_BYTES {
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
        if memchr::memchr_iter(self.delimiter, bytes).count() < CELLS_OF_A_RECORD {
            return Ok(());
        }
        // Delimiters in quotes are text: the parser knows.
        let mut parser = csv_core::ReaderBuilder::new()
            .delimiter(self.delimiter)
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

/// Follows quotes as the csv crate does: a quote opens a cell only where the cell starts.
pub(super) struct RecordScan {
    delimiter: u8,
    /// Where the piece begins.
    begin: usize,
    at: usize,
    in_quotes: bool,
    /// Line breaks inside cells so far.
    embedded: u64,
    /// Offset behind the last line end outside quotes.
    last_end: Option<usize>,
    /// Line ends up to there, and line breaks inside cells.
    ends: Position,
}

impl RecordScan {
    pub(super) fn new(delimiter: u8, begin: usize) -> Self {
        Self {
            delimiter,
            begin,
            at: begin,
            in_quotes: false,
            embedded: 0,
            last_end: None,
            ends: Position::default(),
        }
    }

    /// The bytes before the piece were dropped.
    fn moved_down(&mut self, by: usize) {
        self.begin -= by;
        self.at -= by;
        self.last_end = self.last_end.map(|end| end - by);
    }

    fn pass_quoted(&mut self, bytes: &[u8], to: usize) {
        self.embedded += memchr::memchr_iter(b'\n', &bytes[self.at..to]).count() as u64;
        self.at = to;
    }

    /// Goes on to the end of `bytes`, or to the end of the last record of a piece.
    pub(super) fn advance(&mut self, bytes: &[u8], ended: bool) {
        while self.at < bytes.len() && self.ends.row < PIECE_ROWS {
            if self.in_quotes {
                let Some(found) = memchr::memchr(b'"', &bytes[self.at..]) else {
                    return self.pass_quoted(bytes, bytes.len());
                };
                let quote = self.at + found;
                self.pass_quoted(bytes, quote);
                match bytes.get(quote + 1) {
                    Some(b'"') => self.at = quote + 2,
                    Some(_) => {
                        self.in_quotes = false;
                        self.at = quote + 1;
                    }
                    // The byte behind the quote is not here yet; at the end of the file it closes the cell.
                    None => {
                        self.in_quotes = !ended;
                        self.at = if ended { bytes.len() } else { quote };
                        return;
                    }
                }
            } else {
                let Some(found) = memchr::memchr3(b'"', b'\n', b'\r', &bytes[self.at..]) else {
                    self.at = bytes.len();
                    return;
                };
                let i = self.at + found;
                let next = bytes.get(i + 1);
                if bytes[i] == b'"' {
                    let opens = i == self.begin
                        || bytes[i - 1] == self.delimiter
                        || matches!(bytes[i - 1], b'\n' | b'\r');
                    self.in_quotes = opens;
                } else if bytes[i] == b'\r' && next.is_none() && !ended {
                    // Whether a line feed belongs to it is not known yet.
                    self.at = i;
                    return;
                } else if bytes[i] == b'\n' || next != Some(&b'\n') {
                    self.ends.row += 1;
                    self.ends.embedded = self.embedded;
                    self.last_end = Some(i + 1);
                }
                self.at = i + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_they_do_however_their_bytes_come() {
        let text = b"\"a\nb\",c\r\n\"d\"\"e\",f\r\"g\"\n5\" x,y\n";
        for at in 0..=text.len() {
            let mut scan = RecordScan::new(b',', 0);
            scan.advance(&text[..at], false);
            scan.advance(text, true);
            assert_eq!(scan.last_end, Some(text.len()), "{at}");
            let ends = (scan.ends.row, scan.ends.embedded);
            assert_eq!((ends, scan.in_quotes), ((4, 1), false), "{at}");
        }
    }

    #[test]
    fn what_was_found_moves_down_with_its_bytes() {
        let mut scan = RecordScan::new(b',', 3);
        scan.advance(b"xx\na,b\n\"c", false);
        assert_eq!((scan.last_end, scan.in_quotes), (Some(7), true));
        scan.moved_down(3);
        scan.advance(b"a,b\n\"c,d", true);
        assert_eq!((scan.last_end, scan.in_quotes), (Some(4), true));
    }
}
