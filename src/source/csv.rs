//! Text tables: records with their positions.
//!
//! The file is cut into pieces that end where a record ends, found by the same rules by which the csv crate
//! parses; each piece knows where it stands and is then parsed on its own, on whatever thread takes it. That bounds
//! the memory of a record (an unclosed quote would swallow the rest of the file), shows blank lines, which the
//! parser skips but a spreadsheet counts, and tells a file that ends inside a quoted cell.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::dialect::Dialect;
use super::encoding::{self, TextEncoding};
use super::error::SourceError;
use super::footer::{Footer, FooterWatch};
use super::header::Header;
use super::input::Input;
use super::row::{RowBatch, RowFault};
use super::{Detected, Flow, Format, HEADER_SEARCH_ROWS, SourceOptions, choose_header};

/// Bytes of a piece, about.
const PIECE_BYTES: usize = 256 * 1024;
/// Records of a piece at most.
const PIECE_ROWS: u64 = 1024;
/// A record longer than this has an unclosed quote.
const RECORD_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of text looked at for dialect and header.
const SAMPLE_BYTES: usize = 128 * 1024;
/// This share of control characters in the sample, in percent, makes a file no text.
const BINARY_PERCENT: usize = 2;

/// Detects encoding, delimiter and header.
pub(super) fn detect(input: &Input, options: &SourceOptions) -> Result<Detected, SourceError> {
    let path = input.path();
    let encoding =
        encoding::detect(input, options.encoding).map_err(|e| SourceError::read(path, e))?;
    let mut sample = Vec::new();
    encoding::open(input, &encoding)
        .and_then(|r| r.take(SAMPLE_BYTES as u64).read_to_end(&mut sample))
        .map_err(|e| SourceError::read(path, e))?;
    refuse_binary(path, &sample)?;
    let dialect = Dialect::judge(&sample, options.delimiter);

    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut numbers = Vec::new();
    let wanted = options.header_row;
    let enough = wanted.map_or(HEADER_SEARCH_ROWS as u64, |n| n);
    let nameless = Arc::new(Header::new(Vec::new()));
    pieces(input, &encoding, dialect, &nameless, 0, &mut |piece| {
        let (batch, _) = piece.rows();
        for row in batch.rows() {
            if row.row() > enough {
                return Flow::Enough;
            }
            rows.push(row.texts());
            numbers.push(row.row());
        }
        Flow::More
    })?;
    let mut notes = Vec::new();
    let (header, header_row) = choose_header(path, wanted, rows, &numbers, &mut notes)?;
    Ok(Detected {
        format: Format::Text { encoding, dialect },
        header: Arc::new(header),
        header_row,
        spool: None,
        notes,
    })
}

fn refuse_binary(path: &Path, sample: &[u8]) -> Result<(), SourceError> {
    let controls = sample
        .iter()
        .filter(|b| **b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a))
        .count();
    if controls > 8 && controls * 100 > sample.len() * BINARY_PERCENT {
        return Err(SourceError::NotATable {
            path: path.to_owned(),
            reason: format!(
                "{controls} of its first {} bytes are control characters",
                sample.len()
            ),
        });
    }
    Ok(())
}

/// What all pieces of a table share.
#[derive(Debug)]
struct Table {
    header: Arc<Header>,
    dialect: Dialect,
    /// Rows up to this one are no data.
    after: u64,
    /// Decoding a legacy code page turns broken bytes into U+FFFD before the parser sees them.
    decoded: bool,
}

/// A part of a text table that begins and ends between two records.
#[derive(Debug)]
pub(super) struct TextPiece {
    table: Arc<Table>,
    bytes: Vec<u8>,
    /// What stands before it.
    at: Position,
    /// The file ends inside a quoted cell of its last record.
    torn: bool,
    /// Cells of it hold line breaks.
    has_breaks: bool,
    /// Nothing comes behind it.
    last: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Position {
    /// Rows seen, as a spreadsheet counts them.
    row: u64,
    /// Line breaks inside cells so far: what an editor counts on top.
    embedded: u64,
}

/// Cuts the table below row `after` into pieces. With a nameless header widths are not judged.
pub(super) fn pieces(
    input: &Input,
    encoding: &TextEncoding,
    dialect: Dialect,
    header: &Arc<Header>,
    after: u64,
    sink: &mut dyn FnMut(TextPiece) -> Flow,
) -> Result<(), SourceError> {
    let path = input.path();
    let reader = encoding::open(input, encoding).map_err(|e| SourceError::open(path, e))?;
    let mut cutter = Cutter::new(reader, dialect.delimiter);
    let table = Arc::new(Table {
        header: Arc::clone(header),
        dialect,
        after,
        decoded: encoding.encoding != encoding_rs::UTF_8,
    });
    let mut at = Position::default();
    // The last piece is never a short one, unless the table is: a footer is whole in it.
    let mut held: Option<TextPiece> = None;
    while let Some(cut) = cutter.next(path, at.row)? {
        let bytes = &cutter.buffer[cut.from..cut.to];
        match &mut held {
            Some(before) if cutter.has_ended() => {
                before.bytes.extend_from_slice(bytes);
                before.torn = cut.torn;
                before.has_breaks |= cut.embedded > 0;
            }
            _ => {
                let piece = TextPiece {
                    table: Arc::clone(&table),
                    bytes: bytes.to_vec(),
                    at,
                    torn: cut.torn,
                    has_breaks: cut.embedded > 0,
                    last: false,
                };
                if let Some(before) = held.replace(piece)
                    && sink(before) == Flow::Enough
                {
                    return Ok(());
                }
            }
        }
        at.row += cut.rows;
        at.embedded += cut.embedded;
    }
    if let Some(mut last) = held {
        last.last = true;
        sink(last);
    }
    Ok(())
}

impl TextPiece {
    /// Parses its records; the last piece of a table may end with a footer, which is taken off.
    pub(super) fn rows(self) -> (RowBatch, Option<Footer>) {
        let parsed = Parsed::of(&self);
        let width = self.table.header.len();
        let (text, ends, broken) = decode(parsed.bytes, parsed.ends, self.table.decoded);
        let mut batch = RowBatch::of_texts(Arc::clone(&self.table.header), text, ends);
        let mut footer = self.last.then(|| FooterWatch::new(width));
        let mut broken = broken.into_iter().peekable();
        for record in parsed.records {
            batch.push_row(record.row, record.line, record.cells.clone());
            if let Some(found) = record.ragged {
                batch.set_fault(RowFault::Ragged { found });
            }
            while let Some(cell) = broken.next_if(|cell| *cell < record.cells.end) {
                if let Some(column) = cell.checked_sub(record.cells.start) {
                    let column = column as usize;
                    batch.set_fault(RowFault::Undecodable { column });
                }
            }
            if record.torn {
                batch.set_fault(RowFault::Torn);
            }
            if !batch.drop_if_blank()
                && let Some(footer) = &mut footer
            {
                footer.see(&batch);
            }
        }
        let footer = footer.and_then(|f| f.finish(&mut batch));
        (batch, footer)
    }
}

/// A record as ranges of what was parsed.
struct Record {
    row: u64,
    line: u64,
    cells: std::ops::Range<u32>,
    /// How many cells it has, where that is not as many as the header has.
    ragged: Option<usize>,
    torn: bool,
}

/// The records of a piece, still in bytes.
struct Parsed {
    /// All cells one behind the other, unquoted.
    bytes: Vec<u8>,
    /// A zero, and where each cell ends.
    ends: Vec<u32>,
    records: Vec<Record>,
}

impl Parsed {
    fn of(piece: &TextPiece) -> Self {
        let input = piece.bytes.as_slice();
        let width = piece.table.header.len();
        let mut at = piece.at;
        let mut parser = csv_core::ReaderBuilder::new()
            .delimiter(piece.table.dialect.delimiter)
            .build();
        // Cells without their quotes and delimiters are no longer than with them.
        let mut bytes = vec![0; input.len() + 1];
        let mut written = 0;
        let mut ends: Vec<u32> = vec![0];
        let mut fields = vec![0; width.max(64)];
        let mut records = Vec::with_capacity(usize::try_from(PIECE_ROWS).unwrap_or(0));
        let mut from = 0;
        loop {
            let (blank_lines, skipped) = leading_blank_lines(&input[from..]);
            let start = from + skipped;
            let first = written;
            let mut found = 0;
            let result = loop {
                let (result, read, wrote, ended) =
                    parser.read_record(&input[from..], &mut bytes[written..], &mut fields[found..]);
                from += read;
                written += wrote;
                found += ended;
                match result {
                    // At the end of the input, the empty rest says so to the parser.
                    csv_core::ReadRecordResult::InputEmpty => {}
                    csv_core::ReadRecordResult::OutputFull => bytes.resize(bytes.len() * 2, 0),
                    csv_core::ReadRecordResult::OutputEndsFull => {
                        fields.resize(fields.len() * 2, 0);
                    }
                    done => break done,
                }
            };
            if result == csv_core::ReadRecordResult::End {
                break;
            }
            // The parser stops behind a carriage return and takes its line feed with the next record.
            if from > 0 && input[from - 1] == b'\r' && input.get(from) == Some(&b'\n') {
                from += 1;
            }
            at.row += blank_lines + 1;
            let line = at.row + at.embedded;
            if piece.has_breaks {
                at.embedded += memchr::memchr_iter(b'\n', &bytes[first..written]).count() as u64;
            }
            // The line `sep=;` names the delimiter and is no row of the table.
            let is_sep_line = piece.table.dialect.sep_line && at.row == 1;
            if at.row <= piece.table.after || is_sep_line {
                written = first;
                continue;
            }
            // Empty cells beyond the header come from trailing delimiters.
            let mut kept = found;
            while width > 0 && kept > width && fields[kept - 1] == fields[kept - 2] {
                kept -= 1;
            }
            let cell = u32::try_from(ends.len() - 1).unwrap_or(u32::MAX);
            let base = u32::try_from(first).unwrap_or(u32::MAX);
            let end_of = |end: &usize| base + u32::try_from(*end).unwrap_or(0);
            ends.extend(fields[..kept].iter().map(end_of));
            records.push(Record {
                row: at.row,
                line,
                cells: cell..cell + u32::try_from(kept).unwrap_or(0),
                ragged: (width > 0 && kept != width).then_some(found),
                torn: piece.torn && from >= input.len() && start < input.len(),
            });
        }
        bytes.truncate(written);
        Self {
            bytes,
            ends,
            records,
        }
    }
}

/// The bytes as text, where each cell ends in it, and the numbers of the cells that are no text. `decoded` text came
/// through a code page, which shows broken bytes as U+FFFD.
fn decode(bytes: Vec<u8>, ends: Vec<u32>, decoded: bool) -> (String, Vec<u32>, Vec<u32>) {
    // One check for all cells; only where some are broken are they looked at one by one.
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => {
            let is_whole = text.is_ascii()
                || (ends.iter().all(|end| text.is_char_boundary(*end as usize))
                    && !(decoded && text.contains('\u{fffd}')));
            if is_whole {
                return (text, ends, Vec::new());
            }
            text.into_bytes()
        }
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut new_ends = Vec::with_capacity(ends.len());
    new_ends.push(0);
    let mut broken = Vec::new();
    for (cell, range) in (0..).zip(ends.windows(2)) {
        let bytes = &bytes[range[0] as usize..range[1] as usize];
        match std::str::from_utf8(bytes) {
            Ok(cell_text) => {
                if decoded && cell_text.contains('\u{fffd}') {
                    broken.push(cell);
                }
                text.push_str(cell_text);
            }
            Err(_) => {
                broken.push(cell);
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
        new_ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
    }
    (text, new_ends, broken)
}

/// Line ends at the start of `bytes`: how many lines, and how many bytes.
fn leading_blank_lines(bytes: &[u8]) -> (u64, usize) {
    let mut lines = 0;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'\r' if bytes.get(i + 1) == Some(&b'\n') => i += 2,
            b'\r' | b'\n' => i += 1,
            _ => break,
        }
        lines += 1;
    }
    (lines, i)
}

/// A piece as a range of the cutter's buffer.
struct Cut {
    from: usize,
    to: usize,
    rows: u64,
    embedded: u64,
    /// The file ends inside a quoted cell.
    torn: bool,
}

/// Finds where pieces end.
struct Cutter<R> {
    reader: R,
    delimiter: u8,
    buffer: Vec<u8>,
    /// Where the bytes that are not cut yet begin,
    from: usize,
    /// and where they end.
    filled: usize,
    ended: bool,
}

impl<R: Read> Cutter<R> {
    fn new(reader: R, delimiter: u8) -> Self {
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
    fn has_ended(&self) -> bool {
        self.ended && self.from == self.filled
    }

    fn next(&mut self, path: &Path, row: u64) -> Result<Option<Cut>, SourceError> {
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

/// Follows quotes as the csv crate does: a quote opens a cell only where the cell starts.
struct RecordScan {
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
    fn new(delimiter: u8, begin: usize) -> Self {
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
    fn advance(&mut self, bytes: &[u8], ended: bool) {
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
#[path = "csv_tests.rs"]
mod tests;
