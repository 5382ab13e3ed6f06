//! A workbook's or a text file's cell → reading.

use super::hints::{Format, Hints};
use super::parse::{clean, read_text};
use super::reading::{Reading, Refusal};
use super::serial::{read_epoch, read_serial};
use crate::diagnostic::Code;
use crate::source::{Cell, Epoch};

/// Reads a cell: dates of a workbook by its own epoch, text as text.
///
/// # Errors
/// A [`Refusal`] where the cell can be no date.
pub fn read_cell(cell: Cell<'_>, hints: &Hints) -> Result<Option<Reading>, Refusal> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Text(text) | Cell::Iso(text) => {
            let text = clean(text);
            if text.is_empty() {
                Ok(None)
            } else {
                read_text(text, hints).map(Some)
            }
        }
        // Point 7: a number is a date only with a date style or a hint.
        Cell::Serial(days, epoch) => read_serial(days, epoch).map(|d| Some(Reading::sure(d))),
        Cell::Number(n) => {
            for format in &hints.formats {
                match format {
                    Format::Excel => {
                        return read_serial(n, Epoch::Y1900).map(|d| Some(Reading::sure(d)));
                    }
                    Format::EpochSeconds => {
                        return read_epoch(n * 1000.0, hints).map(|d| Some(Reading::sure(d)));
                    }
                    Format::EpochMillis => {
                        return read_epoch(n, hints).map(|d| Some(Reading::sure(d)));
                    }
                    Format::Pattern(_) => {}
                }
            }
            // The digits of a number are judged like text: eight of them are yyyymmdd, where they are all that it has.
            read_text(&n.to_string(), hints).map(Some)
        }
        Cell::Duration(_) => Err(Refusal::invalid(
            "The cell is a length of time, not a date.",
        )),
        Cell::Bool(_) => Err(Refusal::invalid("The cell is true or false, not a date.")),
        Cell::Error(e) => Err(Refusal::new(
            Code::CellError,
            format!("The cell contains the error {e}."),
            None,
        )),
        Cell::NoValue => Err(Refusal::new(
            Code::CellNoCachedValue,
            "The cell contains a formula without a stored result.",
            None,
        )),
    }
}
