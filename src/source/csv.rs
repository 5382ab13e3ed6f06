//! Text tables: records with their positions.
//!
//! The file is cut into pieces that end where a record ends, found by the same rules by which the csv crate
//! parses; each piece knows where it stands and is then parsed on its own, on whatever thread takes it. That bounds
//! the memory of a record (an unclosed quote would swallow the rest of the file), shows blank lines, which the
//! parser skips but a spreadsheet counts, and tells a file that ends inside a quoted cell.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::cutter::{Cutter, PIECE_ROWS, Position};
use super::dialect::Dialect;
use super::encoding::{self, TextEncoding};
use super::error::SourceError;
use super::footer::{Footer, FooterWatch};
use super::header::Header;
use super::input::{Input, read_exact_at};
use super::row::{RowBatch, RowFault};
use super::{Detected, Flow, Format, HEADER_SEARCH_ROWS, SourceOptions, choose_header};

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
    let table = TextTable {
        input,
        encoding: &encoding,
        dialect,
        header: &nameless,
        after: 0,
        known: &KnownPieces::new(),
    };
    table.pieces(&mut |piece| {
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

/// A text table: what is needed to cut it into pieces, again and again.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextTable<'s> {
    pub(super) input: &'s Input,
    pub(super) encoding: &'s TextEncoding,
    pub(super) dialect: Dialect,
    /// A nameless header judges no widths.
    pub(super) header: &'s Arc<Header>,
    /// Rows up to this one are no data.
    pub(super) after: u64,
    /// Where the pieces lie, once somebody has cut the whole table.
    pub(super) known: &'s KnownPieces,
}

/// Where the pieces of a table lie in its file: it has to be cut only once.
pub(super) type KnownPieces = OnceLock<Vec<KnownPiece>>;

/// A piece but for its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownPiece {
    from: u64,
    bytes: usize,
    at: Position,
    torn: bool,
    has_breaks: bool,
}

impl TextTable<'_> {
    /// Hands over the table below row `after` in pieces.
    pub(super) fn pieces(self, sink: &mut dyn FnMut(TextPiece) -> Flow) -> Result<(), SourceError> {
        let decoded = self.encoding.encoding != encoding_rs::UTF_8;
        let table = Arc::new(Table {
            header: Arc::clone(self.header),
            dialect: self.dialect,
            after: self.after,
            decoded,
        });
        match self.known.get() {
            // Decoded bytes do not lie in the file.
            Some(known) if !decoded => self.again(&table, known, sink),
            _ => self.cut(&table, sink),
        }
    }

    /// The pieces of an earlier pass.
    fn again(
        self,
        table: &Arc<Table>,
        known: &[KnownPiece],
        sink: &mut dyn FnMut(TextPiece) -> Flow,
    ) -> Result<(), SourceError> {
        let path = self.input.path();
        let file = self.input.file().map_err(|e| SourceError::open(path, e))?;
        for (index, piece) in known.iter().enumerate() {
            let mut bytes = vec![0; piece.bytes];
            read_exact_at(&file, &mut bytes, piece.from).map_err(|e| match e.kind() {
                std::io::ErrorKind::UnexpectedEof => SourceError::Changed {
                    path: path.to_owned(),
                },
                _ => SourceError::read(path, e),
            })?;
            let piece = TextPiece {
                table: Arc::clone(table),
                bytes,
                at: piece.at,
                torn: piece.torn,
                has_breaks: piece.has_breaks,
                last: index + 1 == known.len(),
            };
            if sink(piece) == Flow::Enough {
                break;
            }
        }
        Ok(())
    }

    fn cut(
        self,
        table: &Arc<Table>,
        sink: &mut dyn FnMut(TextPiece) -> Flow,
    ) -> Result<(), SourceError> {
        let path = self.input.path();
        let reader =
            encoding::open(self.input, self.encoding).map_err(|e| SourceError::open(path, e))?;
        let mut cutter = Cutter::new(reader, self.dialect.delimiter);
        let mut at = Position::default();
        let mut known: Vec<KnownPiece> = Vec::new();
        let mut from = self.encoding.mark_bytes();
        // The last piece is never a short one, unless the table is: a footer is whole in it.
        let mut held: Option<TextPiece> = None;
        while let Some(cut) = cutter.next(path, at.row)? {
            let bytes = &cutter.buffer[cut.from..cut.to];
            match (&mut held, known.last_mut()) {
                (Some(before), Some(known)) if cutter.has_ended() => {
                    before.bytes.extend_from_slice(bytes);
                    before.torn = cut.torn;
                    before.has_breaks |= cut.embedded > 0;
                    known.bytes = before.bytes.len();
                    known.torn = before.torn;
                    known.has_breaks = before.has_breaks;
                }
                _ => {
                    let piece = TextPiece {
                        table: Arc::clone(table),
                        bytes: bytes.to_vec(),
                        at,
                        torn: cut.torn,
                        has_breaks: cut.embedded > 0,
                        last: false,
                    };
                    known.push(KnownPiece {
                        from,
                        bytes: bytes.len(),
                        at,
                        torn: piece.torn,
                        has_breaks: piece.has_breaks,
                    });
                    if let Some(before) = held.replace(piece)
                        && sink(before) == Flow::Enough
                    {
                        return Ok(());
                    }
                }
            }
            from += bytes.len() as u64;
            at.row += cut.rows;
            at.embedded += cut.embedded;
        }
        if let Some(mut last) = held {
            last.last = true;
            // Whoever was first has cut it the same.
            let _ = self.known.set(known);
            sink(last);
        }
        Ok(())
    }
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

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
