//! Text tables: records with their positions.
//!
//! The file is cut into pieces that end where a record ends, found by the same rules by which the csv crate
//! parses; each piece knows where it stands and is then parsed on its own, on whatever thread takes it. That bounds
//! the memory of a record (an unclosed quote would swallow the rest of the file), shows blank lines, which the
//! parser skips but a spreadsheet counts, and finds a file that ends inside a quoted cell.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::cutter::{Cutter, Position};
use super::detected::Detected;
use super::dialect::Dialect;
use super::encoding::{self, TextEncoding};
use super::error::SourceError;
use super::file_reader::read_exact_at;
use super::flow::Flow;
use super::footer::{Footer, FooterWatch};
use super::format::Format;
use super::header::Header;
use super::header_search::HeaderSearch;
use super::input::Input;
use super::options::SourceOptions;
use super::record::{Parsed, Span};
use super::row::{RowBatch, RowFault};
use crate::diagnostic::unguarded;

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

    let mut search = HeaderSearch::new(options.header_row);
    let table = TextTable {
        input,
        encoding: &encoding,
        dialect,
        header: &HeaderSearch::nameless(),
        after: 0,
        known: &KnownPieces::new(),
    };
    table.pieces(&|_| true, &mut |_, piece| search.take(&piece.rows().0))?;
    let mut notes = Vec::new();
    let (header, header_row) = search.choose(path, &mut notes)?;
    if header.is_guarded() {
        notes.push(
            "partner-sync wrote this list: the apostrophe that it puts before =, +, - and @ is taken off"
                .to_owned(),
        );
    }
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
    /// We wrote it, with guards against formulas, which are taken off.
    guarded: bool,
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
}

impl TextTable<'_> {
    /// Hands over the table below row `after` in pieces, with their numbers: those that are wanted.
    pub(super) fn pieces(
        self,
        wanted: &dyn Fn(usize) -> bool,
        sink: &mut dyn FnMut(usize, TextPiece) -> Flow,
    ) -> Result<(), SourceError> {
        let decoded = self.encoding.encoding != encoding_rs::UTF_8;
        let table = Arc::new(Table {
            header: Arc::clone(self.header),
            dialect: self.dialect,
            after: self.after,
            decoded,
            guarded: self.header.is_guarded(),
        });
        match self.known.get() {
            // Decoded bytes do not lie in the file.
            Some(known) if !decoded => self.again(&table, known, wanted, sink),
            _ => {
                let mut number = 0;
                self.cut(&table, &mut |piece| {
                    number += 1;
                    if wanted(number - 1) {
                        sink(number - 1, piece)
                    } else {
                        Flow::More
                    }
                })
            }
        }
    }

    /// The pieces of an earlier pass.
    fn again(
        self,
        table: &Arc<Table>,
        known: &[KnownPiece],
        wanted: &dyn Fn(usize) -> bool,
        sink: &mut dyn FnMut(usize, TextPiece) -> Flow,
    ) -> Result<(), SourceError> {
        let path = self.input.path();
        let file = self.input.file();
        for (index, piece) in known.iter().enumerate().filter(|(i, _)| wanted(*i)) {
            let mut bytes = vec![0; piece.bytes];
            read_exact_at(file, &mut bytes, piece.from).map_err(|e| match e.kind() {
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
                last: index + 1 == known.len(),
            };
            if sink(index, piece) == Flow::Enough {
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
                    known.bytes = before.bytes.len();
                    known.torn = before.torn;
                }
                _ => {
                    let piece = TextPiece {
                        table: Arc::clone(table),
                        bytes: bytes.to_vec(),
                        at,
                        torn: cut.torn,
                        last: false,
                    };
                    known.push(KnownPiece {
                        from,
                        bytes: bytes.len(),
                        at,
                        torn: piece.torn,
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
        let table = self.table;
        let width = table.header.len();
        let mut parsed = Parsed::of(&self.bytes, table.dialect.delimiter, width);
        let (text, broken) = decode(&mut parsed, table.decoded);
        if table.guarded {
            take_guards_off(&text, &mut parsed.cells);
        }
        let Parsed { cells, records, .. } = parsed;
        let last = records.len();
        let mut batch = RowBatch::of_texts(Arc::clone(&table.header), text, cells, last);
        let mut footer = self.last.then(|| FooterWatch::new(width));
        let mut broken = broken.into_iter().peekable();
        let mut at = self.at;
        for (number, record) in (1..).zip(records) {
            at.row += record.blank_lines + 1;
            let line = at.row + at.embedded;
            at.embedded += record.breaks;
            // The line `sep=;` names the delimiter and is no row of the table.
            let is_sep_line = table.dialect.sep_line && at.row == 1;
            if at.row <= table.after || is_sep_line {
                continue;
            }
            let cells = record.cells;
            batch.push_row(at.row, line, cells.clone(), record.plain);
            if width > 0 && cells.len() != width {
                let found = record.found;
                batch.set_fault(RowFault::Ragged { found });
            }
            while let Some(cell) = broken.next_if(|cell| *cell < cells.end) {
                if let Some(column) = cell.checked_sub(cells.start) {
                    batch.set_fault(RowFault::Undecodable { column });
                }
            }
            if self.torn && number == last {
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

/// Moves the beginnings of cells behind their guards.
fn take_guards_off(text: &str, cells: &mut [Span]) {
    for cell in cells {
        let whole = &text[cell.start as usize..cell.end as usize];
        let guard = whole.len() - unguarded(whole).len();
        *cell = Span::new(cell.start as usize + guard, cell.end as usize);
    }
}

/// The bytes of records as text, and the numbers of the cells that are no text. `decoded` text came through a code
/// page, which shows broken bytes as U+FFFD.
fn decode(parsed: &mut Parsed, decoded: bool) -> (String, Vec<usize>) {
    let cells = &mut parsed.cells;
    // One check for all cells; only where some are broken are they looked at one by one.
    let bytes = match String::from_utf8(std::mem::take(&mut parsed.bytes)) {
        Ok(text) => {
            // The broken end of one cell and the broken start of the next may be a character together.
            let is_whole = cells
                .iter()
                .all(|cell| text.is_char_boundary(cell.end as usize))
                && !(decoded && text.contains('\u{fffd}'));
            if is_whole {
                return (text, Vec::new());
            }
            text.into_bytes()
        }
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut broken = Vec::new();
    for (number, cell) in cells.iter_mut().enumerate() {
        let start = text.len();
        let bytes = &bytes[cell.start as usize..cell.end as usize];
        match std::str::from_utf8(bytes) {
            Ok(cell_text) => {
                if decoded && cell_text.contains('\u{fffd}') {
                    broken.push(number);
                }
                text.push_str(cell_text);
            }
            Err(_) => {
                broken.push(number);
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
        *cell = Span::new(start, text.len());
    }
    (text, broken)
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
