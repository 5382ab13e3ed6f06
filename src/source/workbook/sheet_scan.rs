//! What calamine does not report of an XLSX sheet: hidden rows, merged cells, formulas whose result was never stored, errors
//! that it does not know.

use std::path::Path;

use super::damage::too_large;
use super::facts::{Facts, UnknownError};
use super::xml::{Tag, XmlEvent};
use crate::source::error::SourceError;
use crate::source::flow::Flow;

/// Formulas without a result that are remembered.
const MOST_VALUELESS: usize = 1_000_000;
/// Errors that are remembered.
const MOST_ERRORS: usize = 1_000_000;
/// Characters that are kept of an error.
const ERROR_LENGTH: usize = 40;
/// The errors that calamine knows. Source: `xlsx/mod.rs` of calamine 0.38, `CellErrorType::from_str`.
const KNOWN_ERRORS: [&str; 7] = [
    "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!",
];

/// Gathers the facts of a sheet from its events.
pub(super) struct SheetScan<'p> {
    book: &'p Path,
    pub(super) facts: Facts,
    /// The cell under way, from 1.
    row: u64,
    column: u64,
    cell: CellContents,
    /// Text that comes now is a cell's value.
    in_value: bool,
    /// The row under way is hidden, and none of its cells was seen yet: an empty row is not reported.
    is_row_hidden: bool,
}

/// What the cell under way holds so far.
#[derive(Default)]
struct CellContents {
    has_formula: bool,
    has_value: bool,
    is_error: bool,
}

impl<'p> SheetScan<'p> {
    pub(super) fn new(book: &'p Path) -> Self {
        Self {
            book,
            facts: Facts::default(),
            row: 0,
            column: 0,
            cell: CellContents::default(),
            in_value: false,
            is_row_hidden: false,
        }
    }

    /// Takes the next event in.
    ///
    /// # Errors
    /// Where there are more formulas without a result, or unknown errors, than are remembered.
    pub(super) fn see(&mut self, event: &XmlEvent<'_>) -> Result<Flow, SourceError> {
        match event {
            XmlEvent::Start(tag) => self.start(*tag),
            XmlEvent::Text(text) => {
                if self.in_value && self.cell.is_error && !self.cell.has_value {
                    self.see_error(*text)?;
                }
                self.cell.has_value |= self.in_value;
            }
            XmlEvent::End(name) => match name.local() {
                "v" | "is" => self.in_value = false,
                "c" if self.cell.has_formula && !self.cell.has_value => {
                    if self.facts.valueless.len() >= MOST_VALUELESS {
                        return Err(too_large(
                            self.book,
                            "more than a million formulas have no stored result",
                        ));
                    }
                    self.facts.valueless.insert((self.row, self.column));
                }
                _ => {}
            },
        }
        Ok(Flow::More)
    }

    /// Takes the text of an error in, where calamine does not know it: it looks at the first text of the value.
    fn see_error(&mut self, text: Option<&str>) -> Result<(), SourceError> {
        let Some(text) = text.filter(|text| !KNOWN_ERRORS.contains(text)) else {
            return Ok(());
        };
        if self.facts.errors.len() >= MOST_ERRORS {
            return Err(too_large(
                self.book,
                "more than a million cells hold an error that is not known",
            ));
        }
        self.facts.errors.push(UnknownError {
            row: self.row,
            column: self.column,
            text: text.chars().take(ERROR_LENGTH).collect(),
        });
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag.name().local() {
            "row" => {
                let number = tag.attribute("r").and_then(|r| r.parse().ok());
                self.row = number.unwrap_or(self.row + 1);
                self.column = 0;
                self.is_row_hidden = tag.is_true("hidden");
            }
            "c" => {
                if std::mem::take(&mut self.is_row_hidden) {
                    self.facts.hide(self.row);
                }
                self.cell = CellContents {
                    is_error: tag.is("t", "e"),
                    ..CellContents::default()
                };
                let column = tag.attribute("r").and_then(|place| column_of(&place));
                self.column = column.unwrap_or(self.column + 1);
            }
            "f" => self.cell.has_formula = true,
            "v" | "is" => self.in_value = true,
            "mergeCell" => self.facts.merge(tag.attribute("ref").unwrap_or_default()),
            _ => {}
        }
    }
}

/// The column of `AB12`, from 1.
fn column_of(place: &str) -> Option<u64> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let mut column = 0_u64;
    for letter in letters.take(4) {
        column = column * 26 + u64::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    (column > 0).then_some(column)
}
