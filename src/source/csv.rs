//! Text tables: records with their positions.
//!
//! The file is read in blocks that end where a record ends, found by the same rules by which the csv crate
//! parses; each block is then parsed on its own. That bounds the memory of a record (an unclosed quote
//! would swallow the rest of the file), shows blank lines, which the parser skips but a spreadsheet counts,
//! and tells a file that ends inside a quoted cell.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::dialect::Dialect;
use super::encoding::{self, TextEncoding};
use super::error::SourceError;
use super::footer::FooterWatch;
use super::header::Header;
use super::input::Input;
use super::row::{RowBatch, RowFault, Stored};
use super::workbook::Facts;
use super::{
    BATCH_ROWS, Detected, Flow, Format, HEADER_SEARCH_ROWS, ReadEnd, SourceOptions, choose_header,
};

/// Bytes of a block, about.
const BLOCK_BYTES: usize = 256 * 1024;
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
    scan(input, &encoding, dialect, &nameless, 0, &mut |batch| {
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
        header,
        header_row,
        facts: Facts::default(),
        notes,
    })
}

/// Reads all rows below `header_row`.
pub(super) fn read(
    input: &Input,
    encoding: &TextEncoding,
    dialect: Dialect,
    header: &Arc<Header>,
    header_row: u64,
    sink: &mut dyn FnMut(RowBatch) -> Flow,
) -> Result<ReadEnd, SourceError> {
    scan(input, encoding, dialect, header, header_row, sink)
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

/// Reads the records below row `after` into batches. With a nameless header widths are not judged.
fn scan(
    input: &Input,
    encoding: &TextEncoding,
    dialect: Dialect,
    header: &Arc<Header>,
    after: u64,
    sink: &mut dyn FnMut(RowBatch) -> Flow,
) -> Result<ReadEnd, SourceError> {
    let path = input.path();
    let reader = encoding::open(input, encoding).map_err(|e| SourceError::open(path, e))?;
    let mut blocks = Blocks::new(reader, dialect.delimiter);
    // Decoding a legacy code page turns broken bytes into U+FFFD before the parser sees them.
    let decoded = encoding.encoding != encoding_rs::UTF_8;
    let mut at = Position {
        row: 0,
        embedded: 0,
    };
    let mut record = csv::ByteRecord::new();
    let mut batch = RowBatch::new(Arc::clone(header));
    let mut footer = FooterWatch::new(header.len());
    while let Some(block) = blocks.next(path, at.row)? {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .from_reader(block.bytes);
        let mut from = 0;
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let (blank_lines, skipped) = leading_blank_lines(&block.bytes[from..]);
            let start = from + skipped;
            from = usize::try_from(reader.position().byte())
                .unwrap_or(usize::MAX)
                .min(block.bytes.len());
            // The parser stops behind a carriage return and takes its line feed with the next record.
            if from > 0 && block.bytes[from - 1] == b'\r' && block.bytes.get(from) == Some(&b'\n') {
                from += 1;
            }
            at.row += blank_lines + 1;
            let line = at.row + at.embedded;
            let embedded = memchr::memchr_iter(b'\n', record.as_slice()).count() as u64;
            at.embedded += embedded;
            // The line `sep=;` names the delimiter and is no row of the table.
            let is_sep_line = dialect.sep_line && at.row == 1;
            if at.row <= after || is_sep_line {
                continue;
            }
            push_record(&mut batch, &record, at.row, line, header.len(), decoded);
            let last = from >= block.bytes.len();
            if block.torn && last && start < block.bytes.len() {
                batch.set_fault(RowFault::Torn);
            }
            if !batch.drop_if_blank() {
                footer.see(&batch);
            }
            if (batch.len() >= BATCH_ROWS || batch.text_len() >= BLOCK_BYTES * 4)
                && !footer.is_open()
            {
                let full = std::mem::replace(&mut batch, RowBatch::new(Arc::clone(header)));
                if sink(full) == Flow::Enough {
                    return Ok(ReadEnd::default());
                }
            }
        }
        // Blank lines behind the block's last record.
        at.row += leading_blank_lines(&block.bytes[from..]).0;
    }
    let footer = footer.finish(&mut batch);
    if !batch.is_empty() {
        sink(batch);
    }
    Ok(ReadEnd { footer })
}

struct Position {
    /// Rows seen, as a spreadsheet counts them.
    row: u64,
    /// Line breaks inside cells so far: what an editor counts on top.
    embedded: u64,
}

fn push_record(
    batch: &mut RowBatch,
    record: &csv::ByteRecord,
    row: u64,
    line: u64,
    width: usize,
    decoded: bool,
) {
    batch.start_row(row, Some(line));
    let mut broken = None;
    // One check for the whole record; only a record with broken bytes is looked at cell by cell.
    let whole = std::str::from_utf8(record.as_slice())
        .ok()
        .filter(|text| !(decoded && text.contains('\u{fffd}')));
    if let Some(text) = whole {
        // The record's cells lie one behind the other: they are taken at once.
        let (base, _) = batch.push_text(text);
        let mut start = base;
        for (column, bytes) in record.iter().enumerate() {
            let end = start + u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let in_header = width == 0 || column < width;
            if start < end {
                batch.push(Stored::Text(start, end));
            } else if in_header {
                batch.push(Stored::Empty);
            }
            start = end;
        }
        judge_width(batch, record, width);
        return;
    }
    for (column, bytes) in record.iter().enumerate() {
        // Cells beyond the header that are empty come from a trailing delimiter.
        if width > 0 && column >= width && bytes.is_empty() {
            continue;
        }
        let (start, end) = if let Ok(text) = std::str::from_utf8(bytes) {
            if decoded && text.contains('\u{fffd}') {
                broken.get_or_insert(column);
            }
            batch.push_text(text)
        } else {
            broken.get_or_insert(column);
            batch.push_text(&String::from_utf8_lossy(bytes))
        };
        batch.push(if start == end {
            Stored::Empty
        } else {
            Stored::Text(start, end)
        });
    }
    judge_width(batch, record, width);
    if let Some(column) = broken {
        batch.set_fault(RowFault::Undecodable { column });
    }
}

/// A row with another number of cells than the header has is ragged.
fn judge_width(batch: &mut RowBatch, record: &csv::ByteRecord, width: usize) {
    let found = record.len();
    let trailing_empty = record.iter().skip(width).all(<[u8]>::is_empty);
    if width > 0 && (found < width || (found > width && !trailing_empty)) {
        batch.set_fault(RowFault::Ragged { found });
    }
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

struct Block<'a> {
    bytes: &'a [u8],
    /// The file ends inside a quoted cell of the block's last record.
    torn: bool,
}

/// Cuts a stream into blocks that end where a record ends.
struct Blocks<R> {
    reader: R,
    delimiter: u8,
    buffer: Vec<u8>,
    /// Bytes of the block given out last, to be dropped first.
    given: usize,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    fn new(reader: R, delimiter: u8) -> Self {
        Self {
            reader,
            delimiter,
            buffer: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn next(&mut self, path: &Path, row: u64) -> Result<Option<Block<'_>>, SourceError> {
        self.buffer.drain(..self.given);
        self.given = 0;
        let mut scan = RecordScan::new(self.delimiter);
        let mut target = BLOCK_BYTES;
        loop {
            while !self.ended && self.buffer.len() < target {
                let start = self.buffer.len();
                self.buffer.resize(target, 0);
                let n = match self.reader.read(&mut self.buffer[start..]) {
                    Ok(n) => n,
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {
                        self.buffer.truncate(start);
                        continue;
                    }
                    Err(e) => return Err(SourceError::read(path, e)),
                };
                self.buffer.truncate(start + n);
                self.ended = n == 0;
            }
            scan.advance(&self.buffer, self.ended);
            if self.ended {
                self.given = self.buffer.len();
                let torn = scan.in_quotes;
                return Ok((self.given > 0).then_some(Block {
                    bytes: &self.buffer,
                    torn,
                }));
            }
            if let Some(end) = scan.last_end {
                self.given = end;
                return Ok(Some(Block {
                    bytes: &self.buffer[..end],
                    torn: false,
                }));
            }
            if self.buffer.len() >= RECORD_LIMIT_BYTES {
                return Err(SourceError::RecordTooLong {
                    path: path.to_owned(),
                    row: row + 1,
                    limit: RECORD_LIMIT_BYTES / (1024 * 1024),
                });
            }
            target = (target * 2).min(RECORD_LIMIT_BYTES);
        }
    }
}

/// Follows quotes as the csv crate does: a quote opens a cell only where the cell starts.
struct RecordScan {
    delimiter: u8,
    at: usize,
    in_quotes: bool,
    /// Offset behind the last line end outside quotes.
    last_end: Option<usize>,
}

impl RecordScan {
    fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            at: 0,
            in_quotes: false,
            last_end: None,
        }
    }

    fn advance(&mut self, bytes: &[u8], ended: bool) {
        while self.at < bytes.len() {
            if self.in_quotes {
                let Some(found) = memchr::memchr(b'"', &bytes[self.at..]) else {
                    self.at = bytes.len();
                    return;
                };
                let quote = self.at + found;
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
                self.at = i + 1;
                if bytes[i] == b'"' {
                    let opens = i == 0
                        || bytes[i - 1] == self.delimiter
                        || matches!(bytes[i - 1], b'\n' | b'\r');
                    self.in_quotes = opens;
                } else if bytes[i] == b'\n' || bytes.get(i + 1).is_some_and(|b| *b != b'\n') {
                    self.last_end = Some(i + 1);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
