//! Workbooks: cells with their types; serial dates stay raw with the workbook's epoch.
//!
//! XLSX and XLSB are streamed cell by cell; XLS and ODS are read as a whole, since calamine reads them so. Either
//! way a sheet is parsed once, when it is opened: [`spool`] keeps its rows for the passes to come. What an XLSX sheet
//! holds beside its values is looked for by another thread, which goes ahead ([`gate`]).
//! Before a parser takes a file in, [`package`] or [`ole`] has looked at its size and structure, and a
//! parser that panics all the same is a broken file, not the end of the program.

mod facts;
mod gate;
mod guard;
mod ole;
mod package;
mod padding;
mod plain;
mod spool;
mod value;

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use calamine::{Reader, SheetType, SheetVisible, Xlsb, Xlsx, XlsxError};

use self::facts::Facts;
use self::gate::{Gate, Gated};
use self::guard::guarded;
use self::package::Package;
use self::padding::Padding;
use self::spool::SpoolWriter;
pub(super) use self::spool::{Packed, Spool};
use self::value::Value;
use super::error::SourceError;
use super::footer::FooterWatch;
use super::header::Header;
use super::input::{Input, Outside};
use super::row::{RowBatch, Stored};
use super::{
    BATCH_ROWS, Detected, Flow, Format, HEADER_SEARCH_ROWS, ReadEnd, SheetChoice, SourceOptions,
    choose_header,
};

type Stream = BufReader<Gated>;

/// What kind of workbook it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Office Open XML.
    Xlsx,
    /// The same in binary parts.
    Xlsb,
    /// Excel 97 to 2003.
    Xls,
    /// `OpenDocument`.
    Ods,
}

impl Kind {
    /// Its usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Xlsx => "XLSX",
            Kind::Xlsb => "XLSB",
            Kind::Xls => "XLS",
            Kind::Ods => "ODS",
        }
    }
}

/// Cells that are parsed in one go.
const CELLS_AHEAD: usize = 256;

enum Book {
    Xlsx(Box<Xlsx<Stream>>),
    Xlsb(Box<Xlsb<Stream>>),
    Whole(Box<calamine::Sheets<Stream>>),
}

impl Book {
    fn open(input: &Input, kind: Kind, gate: &Arc<Gate>) -> Result<Self, SourceError> {
        let path = input.path();
        let stream = input
            .open()
            .map(|stream| BufReader::new(Gated::follower(stream, gate)))
            .map_err(|e| SourceError::open(path, e))?;
        let encrypted = || SourceError::Encrypted {
            path: path.to_owned(),
        };
        let broken = |e: &dyn std::fmt::Display| broken(path, e.to_string());
        guarded(|| match kind {
            Kind::Xlsx => Xlsx::new(stream)
                .map(|book| Book::Xlsx(Box::new(book)))
                .map_err(|e| match e {
                    XlsxError::Password => encrypted(),
                    e => broken(&e),
                }),
            Kind::Xlsb => Xlsb::new(stream)
                .map(|book| Book::Xlsb(Box::new(book)))
                .map_err(|e| match e {
                    calamine::XlsbError::Password => encrypted(),
                    e => broken(&e),
                }),
            Kind::Xls => calamine::Xls::new(stream)
                .map(|book| Book::Whole(Box::new(calamine::Sheets::Xls(book))))
                .map_err(|e| match e {
                    calamine::XlsError::Password => encrypted(),
                    e => broken(&e),
                }),
            Kind::Ods => calamine::Ods::new(stream)
                .map(|book| Book::Whole(Box::new(calamine::Sheets::Ods(book))))
                .map_err(|e| match e {
                    calamine::OdsError::Password => encrypted(),
                    e => broken(&e),
                }),
        })
        .unwrap_or_else(|| Err(broken(&DAMAGED)))
    }

    fn sheets(&self) -> &[calamine::Sheet] {
        match self {
            Book::Xlsx(book) => book.sheets_metadata(),
            Book::Xlsb(book) => book.sheets_metadata(),
            Book::Whole(book) => book.sheets_metadata(),
        }
    }

    /// Hands over the cells of a sheet: row from 0, column from 0, value. Positions ascend.
    fn cells(
        &mut self,
        path: &Path,
        sheet: &str,
        facts: &Facts,
        each: &mut dyn FnMut(u32, u32, Value<'_>) -> Flow,
    ) -> Result<(), SourceError> {
        let broken = |e: &dyn std::fmt::Display| broken(path, e.to_string());
        let damaged = || broken(&DAMAGED);
        match self {
            Book::Xlsx(book) => {
                let mut reader = guarded(|| book.worksheet_cells_reader(sheet))
                    .ok_or_else(damaged)?
                    .map_err(|e| broken(&e))?;
                let padding: Vec<Option<Padding>> = reader
                    .styles()
                    .iter()
                    .map(|s| Padding::of(&s.number_format.as_ref()?.format_code))
                    .collect();
                let padded = padding.iter().any(Option::is_some);
                let mut ahead = Vec::with_capacity(CELLS_AHEAD);
                loop {
                    let ended = guarded(|| {
                        while ahead.len() < CELLS_AHEAD {
                            let next = if padded {
                                reader.next_cell_with_style_id()?
                            } else {
                                reader.next_cell()?.map(|cell| (cell, 0))
                            };
                            match next {
                                Some(cell) => ahead.push(cell),
                                None => return Ok(true),
                            }
                        }
                        Ok(false)
                    });
                    for (cell, style) in ahead.drain(..) {
                        let (row, column) = cell.get_position();
                        let shown;
                        let value = match Value::of_ref(cell.get_value()) {
                            Value::Number(n) => {
                                match padding.get(style).and_then(|p| p.as_ref()?.show(n)) {
                                    Some(text) => {
                                        shown = text;
                                        Value::Text(&shown)
                                    }
                                    None => Value::Number(n),
                                }
                            }
                            Value::Empty
                                if facts
                                    .valueless
                                    .contains(&(u64::from(row) + 1, u64::from(column) + 1)) =>
                            {
                                Value::Formula
                            }
                            value => value,
                        };
                        if each(row, column, value) == Flow::Enough {
                            return Ok(());
                        }
                    }
                    if ended
                        .ok_or_else(damaged)?
                        .map_err(|e: XlsxError| broken(&e))?
                    {
                        return Ok(());
                    }
                }
            }
            Book::Xlsb(book) => {
                let mut reader = guarded(|| book.worksheet_cells_reader(sheet))
                    .ok_or_else(damaged)?
                    .map_err(|e| broken(&e))?;
                loop {
                    let next = guarded(|| reader.next_cell()).ok_or_else(damaged)?;
                    let Some(cell) = next.map_err(|e| broken(&e))? else {
                        return Ok(());
                    };
                    let (row, column) = cell.get_position();
                    if each(row, column, Value::of_ref(cell.get_value())) == Flow::Enough {
                        return Ok(());
                    }
                }
            }
            Book::Whole(book) => {
                let range = guarded(|| book.worksheet_range(sheet))
                    .ok_or_else(damaged)?
                    .map_err(|e| broken(&e))?;
                let (top, left) = range.start().unwrap_or((0, 0));
                for (row, column, value) in range.used_cells() {
                    let row = top + u32::try_from(row).unwrap_or(u32::MAX);
                    let column = left + u32::try_from(column).unwrap_or(u32::MAX);
                    if each(row, column, Value::of_data(value)) == Flow::Enough {
                        break;
                    }
                }
                Ok(())
            }
        }
    }
}

/// What is said of a file on which a parser gave up.
const DAMAGED: &str = "its structure is damaged";

fn broken(path: &Path, reason: String) -> SourceError {
    SourceError::BrokenWorkbook {
        path: path.to_owned(),
        reason,
    }
}

/// The asked-for sheet, else the first visible worksheet.
fn choose_sheet(
    path: &Path,
    book: &Book,
    wanted: Option<&SheetChoice>,
) -> Result<(Arc<str>, Vec<String>), SourceError> {
    let sheets = book.sheets();
    let present = || {
        sheets
            .iter()
            .map(|s| format!("\"{}\"", s.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let missing = |wanted: String| SourceError::NoSheet {
        path: path.to_owned(),
        wanted,
        present: present(),
    };
    let visible =
        |s: &&calamine::Sheet| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible;
    match wanted {
        Some(SheetChoice::Name(name)) => sheets
            .iter()
            .find(|s| s.name == *name)
            .or_else(|| {
                sheets
                    .iter()
                    .find(|s| s.name.trim().eq_ignore_ascii_case(name.trim()))
            })
            .map(|s| (s.name.as_str().into(), Vec::new()))
            .ok_or_else(|| missing(format!("\"{name}\""))),
        Some(SheetChoice::Number(n)) => n
            .checked_sub(1)
            .and_then(|i| sheets.get(i))
            .map(|s| (s.name.as_str().into(), Vec::new()))
            .ok_or_else(|| missing(format!("number {n}"))),
        None => {
            let chosen = sheets
                .iter()
                .find(visible)
                .ok_or_else(|| missing("that is visible".to_owned()))?;
            let others: Vec<_> = sheets
                .iter()
                .filter(|s| s.name != chosen.name)
                .map(|s| format!("\"{}\"", s.name))
                .collect();
            let notes = if others.is_empty() {
                Vec::new()
            } else {
                vec![format!(
                    "sheet \"{}\" is read, the first visible one; not read: {}; [source] sheet settles it",
                    chosen.name,
                    others.join(", ")
                )]
            };
            Ok((chosen.name.as_str().into(), notes))
        }
    }
}

/// Detects sheet and header.
pub(super) fn detect(
    input: &Input,
    outside: Outside,
    options: &SourceOptions,
) -> Result<Detected, SourceError> {
    let path = input.path();
    let gate = Arc::new(Gate::default());
    let (mut package, kind) = if outside == Outside::OleDocument {
        ole::examine(input)?;
        (None, Kind::Xls)
    } else {
        let (package, kind) = Package::open(input, &gate)?;
        (Some(package), kind)
    };
    // ODS is loaded whole when it is opened, so it is measured before.
    if kind == Kind::Ods
        && let Some(package) = &mut package
    {
        package.ods_facts(None)?;
    }
    let mut book = Book::open(input, kind, &gate)?;
    let (sheet, mut notes) = choose_sheet(path, &book, options.sheet.as_ref())?;
    let mut facts = match (&mut package, kind) {
        (Some(package), Kind::Ods) => package.ods_facts(Some(&sheet))?,
        _ => Facts::default(),
    };
    if let Book::Whole(whole) = &book
        && let calamine::Sheets::Xls(xls) = &**whole
    {
        for merged in xls.merge_cells_by_sheet_name(&sheet).unwrap_or_default() {
            facts.merge(range_name(merged.start, merged.end));
        }
    }
    let mut keep = |facts: &Facts| keep(path, &mut book, &sheet, facts, options);
    let kept = match (&mut package, kind) {
        (Some(package), Kind::Xlsx) => match package.name_sheet(&sheet) {
            // Where the sheet's part is not found by name, there is nothing to go behind.
            None => {
                facts = package.sheet_facts(None)?;
                keep(&facts)?
            }
            part => {
                let (looked_over, kept) = std::thread::scope(|scope| {
                    let looking = scope.spawn(|| package.sheet_facts(part));
                    let kept = keep(&facts);
                    let looked_over = looking
                        .join()
                        .unwrap_or_else(|_| Err(broken(path, DAMAGED.to_owned())));
                    (looked_over, kept)
                });
                facts = looked_over?;
                if facts.valueless.is_empty() {
                    kept?
                } else {
                    // These cells look empty as long as nobody tells that they are not.
                    keep(&facts)?
                }
            }
        },
        _ => keep(&facts)?,
    };
    notes.extend(kept.notes);
    notes.extend(facts.notes());
    Ok(Detected {
        format: Format::Workbook { kind, sheet },
        header: kept.header,
        header_row: kept.header_row,
        spool: Some(kept.spool),
        notes,
    })
}

/// The rows of a sheet, kept, with its header.
struct Kept {
    header: Arc<Header>,
    header_row: u64,
    notes: Vec<String>,
    spool: Spool,
}

/// Finds the header and keeps all rows below it.
fn keep(
    path: &Path,
    book: &mut Book,
    sheet: &str,
    facts: &Facts,
    options: &SourceOptions,
) -> Result<Kept, SourceError> {
    let enough = options.header_row.unwrap_or(HEADER_SEARCH_ROWS as u64);
    let nameless = Arc::new(Header::new(Vec::new()));
    let mut rows = Vec::new();
    let mut numbers = Vec::new();
    scan(path, book, sheet, facts, &nameless, 0, &mut |batch| {
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
    let (header, header_row) = choose_header(path, options.header_row, rows, &numbers, &mut notes)?;
    let header = Arc::new(header);
    let mut spool = SpoolWriter::new(path);
    let (end, kept) = std::thread::scope(|scope| {
        let (batches, inbox) = sync_channel::<RowBatch>(BATCHES_AHEAD);
        let keeping = scope.spawn(move || {
            while let Ok(batch) = inbox.recv() {
                spool.add(&batch)?;
            }
            Ok(spool)
        });
        let end = scan(
            path,
            book,
            sheet,
            facts,
            &header,
            header_row,
            &mut |batch| {
                // Why nobody takes it any more is told below.
                match batches.send(batch) {
                    Ok(()) => Flow::More,
                    Err(_) => Flow::Enough,
                }
            },
        );
        drop(batches);
        let kept = keeping
            .join()
            .unwrap_or_else(|_| Err(broken(path, DAMAGED.to_owned())));
        (end, kept)
    });
    Ok(Kept {
        header,
        header_row,
        notes,
        spool: kept?.finish(end?.footer),
    })
}

/// Batches on their way to the file that keeps them.
const BATCHES_AHEAD: usize = 2;

/// `A5:B7` of places from 0.
fn range_name(start: (u32, u32), end: (u32, u32)) -> String {
    let letters = |column: u32| crate::diagnostic::column_letter(column as usize);
    format!(
        "{}{}:{}{}",
        letters(start.1),
        start.0 + 1,
        letters(end.1),
        end.0 + 1
    )
}

/// Groups cells into rows. Cells beyond the header's width are kept only where there is no header yet.
fn scan(
    path: &Path,
    book: &mut Book,
    sheet: &str,
    facts: &Facts,
    header: &Arc<Header>,
    after: u64,
    sink: &mut dyn FnMut(RowBatch) -> Flow,
) -> Result<ReadEnd, SourceError> {
    let width = if header.is_empty() {
        usize::MAX
    } else {
        header.len()
    };
    let mut batch = RowBatch::typed(Arc::clone(header));
    let mut footer = FooterWatch::new(header.len());
    let mut current: Option<u32> = None;
    let mut filled = 0_usize;
    let mut stopped = false;
    book.cells(path, sheet, facts, &mut |row, column, value| {
        if u64::from(row) < after {
            return Flow::More;
        }
        if current != Some(row) {
            if current.is_some() {
                finish_row(&mut batch, filled, width, &mut footer);
            }
            if batch.len() >= BATCH_ROWS && !footer.is_open() {
                let full = std::mem::replace(&mut batch, RowBatch::typed(Arc::clone(header)));
                if sink(full) == Flow::Enough {
                    stopped = true;
                    return Flow::Enough;
                }
            }
            current = Some(row);
            filled = 0;
            batch.start_row(u64::from(row) + 1);
        }
        let column = column as usize;
        if column < width && column >= filled {
            for _ in filled..column {
                batch.push(Stored::Empty);
            }
            let stored = value.store(&mut batch);
            batch.push(stored);
            filled = column + 1;
        }
        Flow::More
    })?;
    if stopped {
        return Ok(ReadEnd::default());
    }
    if current.is_some() {
        finish_row(&mut batch, filled, width, &mut footer);
    }
    let footer = footer.finish(&mut batch);
    if !batch.is_empty() {
        sink(batch);
    }
    Ok(ReadEnd { footer })
}

/// Fills a row up to the header's width: a workbook stores no trailing empty cells.
fn finish_row(batch: &mut RowBatch, filled: usize, width: usize, footer: &mut FooterWatch) {
    if width != usize::MAX {
        for _ in filled..width {
            batch.push(Stored::Empty);
        }
    }
    if !batch.drop_if_blank() {
        footer.see(batch);
    }
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
