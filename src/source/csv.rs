//! Text tables: records with their positions.
//!
//! The file is cut into pieces that end where a record ends, found by the same rules by which they are
//! parsed; each piece knows where it stands and is then parsed on its own, on whatever thread takes it. That bounds
//! the memory of a record (an unclosed quote would swallow the rest of the file), shows blank lines, which the
//! parser skips but a spreadsheet counts, and finds records whose quoting does not fit and a file that ends inside a
//! quoted cell.

use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::cutter::Cutter;
use super::detected::Detected;
use super::dialect::{Dialect, UNIT_SEPARATOR, Wanted};
use super::encoding::{self, TextEncoding, Trust};
use super::error::SourceError;
use super::file_reader::read_exact_at;
use super::flow::Flow;
use super::footer::{Footer, FooterWatch};
use super::format::Format;
use super::header::Header;
use super::header_search::HeaderSearch;
use super::input::Input;
use super::options::SourceOptions;
use super::record::{Parsed, Record, RecordParser, Span};
use super::record_scan::Position;
use super::row::{RowBatch, RowFault};
use super::short_rows::{Rows, ShortRows};
use super::texts::{Broken, Origin, decode};
use crate::diagnostic::unguarded;

/// Bytes of text looked at for dialect and header.
const SAMPLE_BYTES: usize = 128 * 1024;
/// This share of control characters in the sample, in percent, makes a file no text.
const BINARY_PERCENT: usize = 2;

/// Detects encoding, delimiter, quoting and header.
pub(super) fn detect(input: &Input, options: &SourceOptions) -> Result<Detected, SourceError> {
    let path = input.path();
    let cannot_read = |e| SourceError::read(path, e);
    let mut notes = Vec::new();
    let encoding = encoding::detect(input, options.encoding, &mut notes).map_err(cannot_read)?;
    let mut sample = Vec::new();
    encoding::open(input, &encoding)
        .and_then(|r| r.take(SAMPLE_BYTES as u64).read_to_end(&mut sample))
        .map_err(cannot_read)?;
    refuse_binary(path, &sample)?;
    let is_whole = sample.len() < SAMPLE_BYTES;
    let wanted = Wanted {
        delimiter: options.delimiter,
        quote: options.quote,
        escape: options.escape,
    };
    let dialect = Dialect::judge(&sample, is_whole, wanted);
    notes.extend(dialect.describe_marks());

    let mut search = HeaderSearch::new(options.header_row);
    let table = TextTable {
        input,
        encoding: &encoding,
        dialect,
        header: &HeaderSearch::nameless(),
        after: 0,
        short: &Arc::default(),
        known: &KnownPieces::new(),
    };
    table.pieces(&|_| true, &mut |_, piece| search.take(&piece.rows().0))?;
    let (mut header, header_row) = search.choose(path, &mut notes)?;
    if header.is_guarded() {
        header = header.without_guards();
        notes.push(
            "partner-sync wrote this list: the apostrophe that it puts before =, +, - and @ is removed"
                .to_owned(),
        );
    }
    if header.is_in_typographic_quotes() {
        return Err(SourceError::NotATable {
            path: path.to_owned(),
            reason: "its cells are in typographic quotes (“ ”), which do not keep cells together; straight quotes (\") do"
                .to_owned(),
        });
    }
    let head = usize::try_from(dialect.head).unwrap_or(usize::MAX);
    let table = sample.get(head..).unwrap_or(b"");
    let parser = RecordParser::new(dialect.grammar());
    let parsed = Parsed::of(table, &parser, header.len(), &[]);
    let below = below(&parsed.records, u64::from(dialect.sep_line), header_row);
    // The sample may end inside a record.
    let records = &parsed.records
        [below..parsed.records.len() - usize::from(!is_whole).min(parsed.records.len() - below)];
    let rows = Rows {
        records,
        cells: &parsed.cells,
        texts: &parsed.bytes,
        goes_on_before: false,
        goes_on_behind: !is_whole,
        is_cut: false,
    };
    Ok(Detected {
        format: Format::Text { encoding, dialect },
        short: Arc::new(ShortRows::learn(rows, header.named())),
        header: Arc::new(header),
        header_row,
        spool: None,
        totals: Vec::new(),
        others: Vec::new(),
        notes,
    })
}

/// The number of the first record below row `after`, where `rows` rows stand before the first one.
fn below(records: &[Record], rows: u64, after: u64) -> usize {
    let mut row = rows;
    let is_above = |record: &&Record| {
        row += record.blank_lines + 1;
        row <= after
    };
    records.iter().take_while(is_above).count()
}

fn refuse_binary(path: &Path, sample: &[u8]) -> Result<(), SourceError> {
    let is_odd = |b: &u8| {
        *b < 0x20
            && !matches!(
                b,
                b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1a | &UNIT_SEPARATOR
            )
    };
    let controls = sample.iter().filter(|b| is_odd(b)).count();
    if controls > 8 && controls * 100 > sample.len() * BINARY_PERCENT {
        let is_zero = memchr::memchr_iter(0, sample).count() * 2 > sample.len();
        return Err(SourceError::NotATable {
            path: path.to_owned(),
            reason: if is_zero {
                "most of its first bytes are zero, as in UTF-32 text or a file that was not written completely".to_owned()
            } else {
                format!(
                    "{controls} of its first {} bytes are control characters",
                    sample.len()
                )
            },
        });
    }
    Ok(())
}

/// What all pieces of a table share.
#[derive(Debug)]
struct Table {
    header: Arc<Header>,
    parser: RecordParser,
    /// Rows up to this one are no data.
    after: u64,
    origin: Origin,
    short: Arc<ShortRows>,
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
    /// Records whose quoting does not fit.
    unfit: Unfit,
    /// Nothing comes behind it.
    last: bool,
}

/// The records of a piece whose quoting does not fit: next to always none.
type Unfit = Arc<[Range<usize>]>;

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
    pub(super) short: &'s Arc<ShortRows>,
    /// Where the pieces lie, once somebody has cut the whole table.
    pub(super) known: &'s KnownPieces,
}

/// Where the pieces of a table lie in its file: it has to be cut only once.
pub(super) type KnownPieces = OnceLock<Vec<KnownPiece>>;

/// A piece but for its bytes.
#[derive(Debug, Clone)]
pub(super) struct KnownPiece {
    from: u64,
    bytes: usize,
    at: Position,
    torn: bool,
    unfit: Unfit,
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
            parser: RecordParser::new(self.dialect.grammar()),
            after: self.after,
            origin: Origin {
                decoded,
                apart: (decoded && self.encoding.tells_utf8_apart)
                    .then_some(self.encoding.encoding),
                guessed: (self.encoding.trust != Trust::Known).then_some(self.encoding.encoding),
                doubtful: self.encoding.trust == Trust::Doubted,
            },
            short: Arc::clone(self.short),
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
                unfit: Arc::clone(&piece.unfit),
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
        let mut reader =
            encoding::open(self.input, self.encoding).map_err(|e| SourceError::open(path, e))?;
        let head = self.dialect.head;
        std::io::copy(&mut reader.by_ref().take(head), &mut std::io::sink())
            .map_err(|e| SourceError::read(path, e))?;
        let mut cutter = Cutter::new(reader, self.dialect.grammar(), self.dialect.width);
        let mut at = Position {
            row: u64::from(self.dialect.sep_line),
            embedded: 0,
        };
        let mut known: Vec<KnownPiece> = Vec::new();
        let mut from = self.encoding.mark_bytes() + head;
        // The last piece is never a short one, unless the table is: a footer is whole in it.
        let mut waiting: Option<TextPiece> = None;
        while let Some(cut) = cutter.next(path, at.row)? {
            let bytes = &cutter.buffer[cut.from..cut.to];
            match (&mut waiting, known.last_mut()) {
                (Some(before), Some(known)) if cutter.has_ended() => {
                    let moved = cut.unfit.iter().map(|r| {
                        let by = before.bytes.len();
                        r.start + by..r.end + by
                    });
                    before.unfit = before.unfit.iter().cloned().chain(moved).collect();
                    known.unfit = Arc::clone(&before.unfit);
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
                        unfit: cut.unfit.into(),
                        last: false,
                    };
                    known.push(KnownPiece {
                        from,
                        bytes: bytes.len(),
                        at,
                        torn: piece.torn,
                        unfit: Arc::clone(&piece.unfit),
                    });
                    if let Some(before) = waiting.replace(piece)
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
        if let Some(mut last) = waiting {
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
        let table = &*self.table;
        let width = table.header.len();
        let mut parsed = Parsed::of(&self.bytes, &table.parser, width, &self.unfit);
        let (text, broken) = decode(&mut parsed, table.origin);
        if table.guarded {
            take_guards_off(&text, &mut parsed.cells);
        }
        let filled = self.filled(&text, &parsed);
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
            if at.row <= table.after {
                continue;
            }
            let cells = record.cells;
            batch.push_row(at.row, line, cells.clone(), record.odd);
            if record.unfit {
                batch.set_fault(RowFault::Quoting);
            }
            let is_filled = filled.get(number - 1).is_some_and(|filled| *filled);
            let lacks = cells.len() < table.header.named() && !is_filled;
            if width > 0 && (lacks || cells.len() > width) {
                let found = record.found;
                batch.set_fault(RowFault::Ragged { found });
            }
            while let Some((cell, how)) = broken.next_if(|(cell, _)| *cell < cells.end) {
                let is_cut = how == Broken::CutOff && number == last && self.ends_the_file();
                match cell.checked_sub(cells.start) {
                    Some(_) if is_cut => batch.replace_fault(RowFault::CutOff),
                    Some(column) if how == Broken::OtherEncoding => {
                        batch.set_fault(RowFault::OtherEncoding { column });
                    }
                    Some(column) => batch.set_fault(RowFault::Undecodable { column }),
                    None => {}
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

    /// Whether the file ends with its bytes, and not with a line end.
    fn ends_the_file(&self) -> bool {
        self.last && !matches!(self.bytes.last(), Some(b'\n' | b'\r'))
    }

    /// Which records lack nothing but empty cells at their end; nothing where none is short.
    fn filled(&self, text: &str, parsed: &Parsed) -> Vec<bool> {
        let width = self.table.header.named();
        if !parsed.records.iter().any(|r| r.found < width) {
            return Vec::new();
        }
        let below = below(&parsed.records, self.at.row, self.table.after);
        let rows = Rows {
            records: &parsed.records[below..],
            cells: &parsed.cells,
            texts: text.as_bytes(),
            goes_on_before: self.at.row > self.table.after,
            goes_on_behind: !self.last,
            is_cut: self.ends_the_file(),
        };
        let mut filled = vec![false; below];
        filled.extend(self.table.short.filled(rows));
        filled
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

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
