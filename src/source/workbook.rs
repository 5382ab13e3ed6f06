//! Workbooks: cells with their types; serial dates stay raw with the workbook's epoch.
//!
//! XLSX is streamed cell by cell. XLSB, XLS and ODS are read as a whole sheet, since calamine's streaming
//! knows the first only.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::error::SourceError;
use super::header::Header;
use super::row::{Epoch, RowBatch, Stored};
use super::{
    BATCH_ROWS, Detected, Flow, Format, HEADER_SEARCH_ROWS, SheetChoice, SourceOptions,
    choose_header,
};

type Stream = BufReader<File>;

/// Whether the file's first bytes are those of a workbook: a zip archive or an OLE document.
pub(super) fn is_workbook(magic: &[u8]) -> bool {
    magic.starts_with(b"PK\x03\x04") || magic.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

enum Book {
    Streamed(Box<Xlsx<Stream>>),
    Whole(Box<calamine::Sheets<Stream>>, &'static str),
}

impl Book {
    fn open(path: &Path) -> Result<Self, SourceError> {
        let stream = || {
            File::open(path)
                .map(BufReader::new)
                .map_err(|e| SourceError::open(path, e))
        };
        let xlsx_reason = match Xlsx::new(stream()?) {
            Ok(book) => return Ok(Book::Streamed(Box::new(book))),
            Err(XlsxError::Password) => {
                return Err(SourceError::Encrypted {
                    path: path.to_owned(),
                });
            }
            Err(e) => e.to_string(),
        };
        if let Ok(book) = calamine::Xlsb::new(stream()?) {
            return Ok(Book::Whole(Box::new(calamine::Sheets::Xlsb(book)), "XLSB"));
        }
        match calamine::Xls::new(stream()?) {
            Ok(book) => return Ok(Book::Whole(Box::new(calamine::Sheets::Xls(book)), "XLS")),
            Err(calamine::XlsError::Password) => {
                return Err(SourceError::Encrypted {
                    path: path.to_owned(),
                });
            }
            Err(_) => {}
        }
        if let Ok(book) = calamine::Ods::new(stream()?) {
            return Ok(Book::Whole(Box::new(calamine::Sheets::Ods(book)), "ODS"));
        }
        Err(SourceError::BrokenWorkbook {
            path: path.to_owned(),
            reason: xlsx_reason,
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Book::Streamed(_) => "XLSX",
            Book::Whole(_, kind) => kind,
        }
    }

    fn sheets(&self) -> Vec<calamine::Sheet> {
        match self {
            Book::Streamed(book) => book.sheets_metadata().to_vec(),
            Book::Whole(book, _) => book.sheets_metadata().to_vec(),
        }
    }

    /// Hands over the cells of a sheet: row from 0, column from 0, value. Positions ascend.
    fn cells(
        &mut self,
        path: &Path,
        sheet: &str,
        each: &mut dyn FnMut(u32, u32, Value<'_>) -> Flow,
    ) -> Result<(), SourceError> {
        let broken = |reason: String| SourceError::BrokenWorkbook {
            path: path.to_owned(),
            reason,
        };
        match self {
            Book::Streamed(book) => {
                let mut reader = book
                    .worksheet_cells_reader(sheet)
                    .map_err(|e| broken(e.to_string()))?;
                while let Some(cell) = reader
                    .next_cell_with_formula_metadata()
                    .map_err(|e| broken(e.to_string()))?
                {
                    let value = match &cell.value {
                        DataRef::Empty if cell.formula.is_some() => Value::Formula,
                        value => Value::of_ref(value),
                    };
                    if each(cell.pos.0, cell.pos.1, value) == Flow::Enough {
                        break;
                    }
                }
            }
            Book::Whole(book, _) => {
                let range = book
                    .worksheet_range(sheet)
                    .map_err(|e| broken(e.to_string()))?;
                let (top, left) = range.start().unwrap_or((0, 0));
                for (row, column, value) in range.used_cells() {
                    let row = top + u32::try_from(row).unwrap_or(u32::MAX);
                    let column = left + u32::try_from(column).unwrap_or(u32::MAX);
                    if each(row, column, Value::of_data(value)) == Flow::Enough {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A value as calamine reads it, whichever reader it came from.
enum Value<'a> {
    Empty,
    Formula,
    Text(&'a str),
    Number(f64),
    DateTime(ExcelDateTime),
    Iso(&'a str),
    Bool(bool),
    Error(String),
}

impl<'a> Value<'a> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a workbook stores numbers as f64 in the first place"
    )]
    fn of_ref(value: &'a DataRef<'_>) -> Self {
        match value {
            DataRef::Empty => Value::Empty,
            DataRef::String(s) => Value::Text(s),
            DataRef::SharedString(s) => Value::Text(s),
            DataRef::Int(n) => Value::Number(*n as f64),
            DataRef::Float(n) => Value::Number(*n),
            DataRef::Bool(b) => Value::Bool(*b),
            DataRef::DateTime(d) => Value::DateTime(*d),
            DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => Value::Iso(s),
            DataRef::Error(e) => Value::Error(e.to_string()),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a workbook stores numbers as f64 in the first place"
    )]
    fn of_data(value: &'a Data) -> Self {
        match value {
            Data::Empty => Value::Empty,
            Data::String(s) => Value::Text(s),
            Data::Int(n) => Value::Number(*n as f64),
            Data::Float(n) => Value::Number(*n),
            Data::Bool(b) => Value::Bool(*b),
            Data::DateTime(d) => Value::DateTime(*d),
            Data::DateTimeIso(s) | Data::DurationIso(s) => Value::Iso(s),
            Data::Error(e) => Value::Error(e.to_string()),
        }
    }

    fn store(self, batch: &mut RowBatch) -> Stored {
        match self {
            Value::Empty => Stored::Empty,
            Value::Formula => Stored::NoValue,
            Value::Text("") => Stored::Empty,
            Value::Text(s) => {
                let (a, b) = batch.push_text(s);
                Stored::Text(a, b)
            }
            Value::Number(n) => Stored::Number(n),
            Value::DateTime(d) => {
                let days = d.as_f64();
                if d.is_duration() {
                    Stored::Duration(days)
                } else {
                    Stored::Serial(
                        days,
                        if is_1904(d) {
                            Epoch::Y1904
                        } else {
                            Epoch::Y1900
                        },
                    )
                }
            }
            Value::Iso(s) => {
                let (a, b) = batch.push_text(s);
                Stored::Iso(a, b)
            }
            Value::Bool(b) => Stored::Bool(b),
            Value::Error(e) => {
                let (a, b) = batch.push_text(&e);
                Stored::Error(a, b)
            }
        }
    }
}

/// calamine keeps the epoch to itself; a value made with the 1904 epoch is equal only to its like.
fn is_1904(d: ExcelDateTime) -> bool {
    d == ExcelDateTime::new(d.as_f64(), calamine::ExcelDateTimeType::DateTime, true)
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
pub(super) fn detect(path: &Path, options: &SourceOptions) -> Result<Detected, SourceError> {
    let mut book = Book::open(path)?;
    let (sheet, mut notes) = choose_sheet(path, &book, options.sheet.as_ref())?;
    let kind = book.kind();
    let enough = options.header_row.unwrap_or(HEADER_SEARCH_ROWS as u64);
    let nameless = Arc::new(Header::new(Vec::new()));
    let mut rows = Vec::new();
    let mut numbers = Vec::new();
    scan(path, &mut book, &sheet, &nameless, 0, &mut |batch| {
        for row in batch.rows() {
            if row.row() > enough {
                return Flow::Enough;
            }
            rows.push(row.texts());
            numbers.push(row.row());
        }
        Flow::More
    })?;
    let (header, header_row) = choose_header(path, options.header_row, rows, &numbers, &mut notes)?;
    Ok(Detected {
        format: Format::Workbook { kind, sheet },
        header,
        header_row,
        notes,
    })
}

/// Reads all rows below `header_row`.
pub(super) fn read(
    path: &Path,
    sheet: &str,
    header: &Arc<Header>,
    header_row: u64,
    sink: &mut dyn FnMut(RowBatch) -> Flow,
) -> Result<(), SourceError> {
    scan(
        path,
        &mut Book::open(path)?,
        sheet,
        header,
        header_row,
        sink,
    )
}

/// Groups cells into rows. Cells beyond the header's width are kept only where there is no header yet.
fn scan(
    path: &Path,
    book: &mut Book,
    sheet: &str,
    header: &Arc<Header>,
    after: u64,
    sink: &mut dyn FnMut(RowBatch) -> Flow,
) -> Result<(), SourceError> {
    let width = if header.is_empty() {
        usize::MAX
    } else {
        header.len()
    };
    let mut batch = RowBatch::new(Arc::clone(header));
    let mut current: Option<u32> = None;
    let mut filled = 0_usize;
    let mut stopped = false;
    book.cells(path, sheet, &mut |row, column, value| {
        if u64::from(row) < after {
            return Flow::More;
        }
        if current != Some(row) {
            if current.is_some() {
                finish_row(&mut batch, filled, width);
            }
            if batch.len() >= BATCH_ROWS {
                let full = std::mem::replace(&mut batch, RowBatch::new(Arc::clone(header)));
                if sink(full) == Flow::Enough {
                    stopped = true;
                    return Flow::Enough;
                }
            }
            current = Some(row);
            filled = 0;
            batch.start_row(u64::from(row) + 1, None);
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
        return Ok(());
    }
    if current.is_some() {
        finish_row(&mut batch, filled, width);
    }
    if !batch.is_empty() {
        sink(batch);
    }
    Ok(())
}

/// Fills a row up to the header's width: a workbook stores no trailing empty cells.
fn finish_row(batch: &mut RowBatch, filled: usize, width: usize) {
    if width != usize::MAX {
        for _ in filled..width {
            batch.push(Stored::Empty);
        }
    }
    batch.drop_if_blank();
}
