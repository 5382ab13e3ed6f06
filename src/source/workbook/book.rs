//! A workbook under the parser of its kind, and its cells one after the other.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use calamine::{Reader, Xlsb, Xlsx, XlsxError};

use super::binary_looks::{StyleWalk, open_archive};
use super::damage::{DAMAGED, broken};
use super::facts::Facts;
use super::guard::guarded;
use super::kind::Kind;
use super::look::Look;
use super::read_barrier::ReadBarrier;
use super::unpacked::{ShownSheets, Unpacked};
use super::value::Value;
use crate::source::Flow;
use crate::source::error::SourceError;
use crate::source::input::Input;

type Stream = BufReader<Unpacked>;

/// Cells that are parsed in one go.
const CELLS_AT_ONCE: usize = 256;

/// A workbook, opened by the parser of its kind.
pub(super) enum Book {
    Xlsx(Box<Xlsx<Stream>>),
    Xlsb(Box<Xlsb<Stream>>, Input),
    Whole(Box<calamine::Sheets<Stream>>),
}

impl Book {
    pub(super) fn open(
        input: &Input,
        kind: Kind,
        barrier: &Arc<ReadBarrier>,
        sheets: &ShownSheets,
    ) -> Result<Self, SourceError> {
        let path = input.path();
        let stream = BufReader::new(Unpacked::new(input, barrier, sheets));
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
                .map(|book| Book::Xlsb(Box::new(book), input.clone()))
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

    pub(super) fn sheets(&self) -> &[calamine::Sheet] {
        match self {
            Book::Xlsx(book) => book.sheets_metadata(),
            Book::Xlsb(book, _) => book.sheets_metadata(),
            Book::Whole(book) => book.sheets_metadata(),
        }
    }

    /// Hands over the cells of a sheet: row from 0, column from 0, value. Positions ascend.
    pub(super) fn cells(
        &mut self,
        path: &Path,
        sheet: &str,
        facts: &Facts,
        each: &mut EachCell<'_>,
    ) -> Result<(), SourceError> {
        match self {
            Book::Xlsx(book) => cells_of_xlsx(book, path, sheet, facts, each),
            Book::Xlsb(book, input) => cells_of_xlsb(book, input, sheet, facts, each),
            Book::Whole(book) => cells_of_whole(book, path, sheet, facts, each),
        }
    }
}

/// Takes a cell's row and column, from 0, and its value.
type EachCell<'e> = dyn FnMut(u32, u32, Value<'_>) -> Flow + 'e;

fn cells_of_xlsx(
    book: &mut Xlsx<Stream>,
    path: &Path,
    sheet: &str,
    facts: &Facts,
    each: &mut EachCell<'_>,
) -> Result<(), SourceError> {
    let broken = |e: &dyn std::fmt::Display| broken(path, e.to_string());
    let damaged = || broken(&DAMAGED);
    let mut reader = guarded(|| book.worksheet_cells_reader(sheet))
        .ok_or_else(damaged)?
        .map_err(|e| broken(&e))?;
    let looks: Vec<Option<Look>> = (reader.styles().iter())
        .map(|style| Look::of_code(&style.number_format.as_ref()?.format_code))
        .collect();
    let has_looks = looks.iter().any(Option::is_some);
    let mut errors = UnknownErrors::of(facts);
    loop {
        // One net for many cells: it costs more than a cell. What is done with a cell is under it too.
        let step = guarded(|| {
            for _ in 0..CELLS_AT_ONCE {
                let next = if has_looks {
                    reader.next_cell_with_style_id()
                } else {
                    reader.next_cell().map(|cell| Some((cell?, 0)))
                };
                let next = match next {
                    // The reader stands behind the value and goes on to the next cell.
                    Err(e @ XlsxError::CellError(_)) => match errors.next() {
                        Found::Later => continue,
                        Found::At(row, column, text) => {
                            match each(row, column, Value::UnknownError(text)) {
                                Flow::More => continue,
                                Flow::Enough => return Ok(Flow::Enough),
                            }
                        }
                        Found::Nowhere => return Err(broken(&e)),
                    },
                    next => next.map_err(|e| broken(&e))?,
                };
                let Some((cell, style)) = next else {
                    return if errors.are_all_found() {
                        Ok(Flow::Enough)
                    } else {
                        Err(broken(&DAMAGED))
                    };
                };
                let (row, column) = cell.get_position();
                if !errors.fit(row, column) {
                    return Err(broken(&DAMAGED));
                }
                let mut shown = String::new();
                let value = match (Value::of_ref(cell.get_value()), looks.get(style)) {
                    (Value::Empty, _) if facts.is_valueless(row, column) => Value::Formula,
                    (value, Some(Some(look))) => look.take(value, false, &mut shown),
                    (value, _) => value,
                };
                if each(row, column, value) == Flow::Enough {
                    return Ok(Flow::Enough);
                }
            }
            Ok(Flow::More)
        });
        match step.ok_or_else(damaged)?? {
            Flow::More => {}
            Flow::Enough => return Ok(()),
        }
    }
}

/// The errors that calamine does not know, as its reader comes to them: it says that there is one, and not where.
struct UnknownErrors<'f> {
    facts: &'f Facts,
    /// How many it came to.
    passed: usize,
}

/// Where an error stands, from 0, and what it says.
enum Found<'f> {
    At(u32, u32, &'f str),
    /// That is not known yet, and the sheet will be parsed again.
    Later,
    Nowhere,
}

impl<'f> UnknownErrors<'f> {
    fn of(facts: &'f Facts) -> Self {
        Self { facts, passed: 0 }
    }

    fn place(&self, number: usize) -> Option<(u32, u32)> {
        let error = self.facts.errors.get(number)?;
        let from_zero = |place: u64| u32::try_from(place.saturating_sub(1)).unwrap_or(u32::MAX);
        Some((from_zero(error.row), from_zero(error.column)))
    }

    fn next(&mut self) -> Found<'f> {
        if self.facts.are_to_come() {
            return Found::Later;
        }
        let facts = self.facts;
        let Some(((row, column), error)) =
            self.place(self.passed).zip(facts.errors.get(self.passed))
        else {
            return Found::Nowhere;
        };
        self.passed += 1;
        Found::At(row, column, &error.text)
    }

    /// Whether a cell stands behind the last error and before the next one. It does not where the look at the sheet saw
    /// another one than the reader did, and where a cell behind an error has no place of its own: the reader then gives it
    /// the error's.
    fn fit(&self, row: u32, column: u32) -> bool {
        let last = self.passed.checked_sub(1).and_then(|last| self.place(last));
        let next = self.place(self.passed);
        last.is_none_or(|last| last < (row, column)) && next.is_none_or(|next| next > (row, column))
    }

    fn are_all_found(&self) -> bool {
        self.passed == self.facts.errors.len()
    }
}

fn cells_of_xlsb(
    book: &mut Xlsb<Stream>,
    input: &Input,
    sheet: &str,
    facts: &Facts,
    each: &mut EachCell<'_>,
) -> Result<(), SourceError> {
    let broken = |e: &dyn std::fmt::Display| broken(input.path(), e.to_string());
    let damaged = || broken(&DAMAGED);
    let mut reader = guarded(|| book.worksheet_cells_reader(sheet))
        .ok_or_else(damaged)?
        .map_err(|e| broken(&e))?;
    let mut archive;
    let mut styles = match &facts.binary {
        Some(looks) => {
            archive = open_archive(input).map_err(|e| broken(&e))?;
            let part = archive.by_index(looks.part).map_err(|e| broken(&e))?;
            Some((StyleWalk::new(part, looks), looks.from_1904))
        }
        None => None,
    };
    loop {
        let next = guarded(|| reader.next_cell()).ok_or_else(damaged)?;
        let Some(cell) = next.map_err(|e| broken(&e))? else {
            return Ok(());
        };
        let (row, column) = cell.get_position();
        let mut value = Value::of_ref(cell.get_value());
        let mut shown = String::new();
        if let Some((styles, from_1904)) = &mut styles
            && let Some(look) = styles.next(row, column).map_err(|e| broken(&e))?
        {
            value = look.take(value, *from_1904, &mut shown);
        }
        if each(row, column, value) == Flow::Enough {
            return Ok(());
        }
    }
}

fn cells_of_whole(
    book: &mut calamine::Sheets<Stream>,
    path: &Path,
    sheet: &str,
    facts: &Facts,
    each: &mut EachCell<'_>,
) -> Result<(), SourceError> {
    let broken = |e: &dyn std::fmt::Display| broken(path, e.to_string());
    let damaged = || broken(&DAMAGED);
    let range = guarded(|| book.worksheet_range(sheet))
        .ok_or_else(damaged)?
        .map_err(|e| broken(&e))?;
    let (top, left) = range.start().unwrap_or((0, 0));
    for (row, column, value) in range.used_cells() {
        let row = top + u32::try_from(row).unwrap_or(u32::MAX);
        let column = left + u32::try_from(column).unwrap_or(u32::MAX);
        let mut shown = String::new();
        let value = (facts.looks).take(row, column, Value::of_data(value), &mut shown);
        if each(row, column, value) == Flow::Enough {
            break;
        }
    }
    Ok(())
}
