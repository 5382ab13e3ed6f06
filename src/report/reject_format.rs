//! How rows of a source are written again: in the columns, the rules and the encoding of the source.

use std::fmt;

use super::csv_file::{CsvRules, Encode};
use super::sheet_limits::fits_a_sheet;

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

    pub(super) fn fits_a_sheet(&self) -> bool {
        fits_a_sheet(self.header.len(), self.blank_lines)
    }

    /// The header as it is written.
    pub(super) fn line_of_header(&self) -> impl Iterator<Item = &str> {
        self.arrange(&self.header, self.added_column)
    }

    /// The header's columns, the added one, then whatever a ragged row had beyond the header.
    pub(super) fn arrange<'c>(
        &self,
        cells: &'c [impl AsRef<str>],
        added: &'c str,
    ) -> impl Iterator<Item = &'c str> {
        let width = self.header.len();
        self.own_columns()
            .map(|column| cells.get(column).map_or("", AsRef::as_ref))
            .chain(std::iter::once(added))
            .chain(cells.iter().skip(width).map(AsRef::as_ref))
    }
}
