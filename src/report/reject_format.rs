//! How rows of a source are written again: in the columns, the rules and the encoding of the source.

use std::fmt;

use super::csv_file::{CsvRules, Encode};
use super::sheet_limits::{ADDED, fits_a_sheet};
use crate::diagnostic::DATES_COLUMN;

/// How a source is written again.
#[derive(Clone)]
pub struct RejectFormat {
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The header cells as they stood.
    pub header: Vec<String>,
    /// The columns that are not written: those that an earlier report added, for one.
    pub dropped: Vec<usize>,
    /// The name of the added column.
    pub added_column: &'static str,
    /// How the dates of the rows were read, for [`DATES_COLUMN`]; no such column without.
    pub dates: Option<String>,
    /// How cells are set apart and quoted.
    pub rules: CsvRules,
    /// Blank lines above the header, where the mapping names its row.
    pub blank_lines: u64,
    /// The byte order mark, or nothing.
    pub mark: &'static [u8],
    /// Text to bytes, where that is not UTF-8.
    pub encode: Option<Encode>,
}

impl fmt::Debug for RejectFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectFormat")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

impl RejectFormat {
    /// The source's own columns.
    pub(super) fn own_columns(&self) -> impl Iterator<Item = usize> {
        (0..self.header.len()).filter(|column| !self.dropped.contains(column))
    }

    /// The columns of a sheet of its rows.
    pub(super) fn sheet_columns(&self) -> usize {
        ADDED.len() + self.own_columns().count() + usize::from(self.dates.is_some())
    }

    pub(super) fn fits_a_sheet(&self) -> bool {
        fits_a_sheet(self.header.len(), self.blank_lines)
    }

    /// The header as it is written.
    pub(super) fn line_of_header(&self) -> impl Iterator<Item = &str> {
        let dates = self.dates.as_ref().map(|_| DATES_COLUMN);
        self.arranged(&self.header, dates, self.added_column)
    }

    /// The header's columns, the added one, how the dates were read, then whatever a ragged row had beyond the header.
    pub(super) fn arrange<'c>(
        &'c self,
        cells: &'c [impl AsRef<str>],
        added: &'c str,
    ) -> impl Iterator<Item = &'c str> {
        self.arranged(cells, self.dates.as_deref(), added)
    }

    fn arranged<'c>(
        &self,
        cells: &'c [impl AsRef<str>],
        dates: Option<&'c str>,
        added: &'c str,
    ) -> impl Iterator<Item = &'c str> {
        let width = self.header.len();
        self.own_columns()
            .map(|column| cells.get(column).map_or("", AsRef::as_ref))
            .chain(std::iter::once(added))
            .chain(dates)
            .chain(cells.iter().skip(width).map(AsRef::as_ref))
    }
}
