//! `rejects.csv`: the rows not created, their own columns and values as read, plus `_problems`. Repaired,
//! it is imported as it is with the same mapping. Values are kept verbatim: they go back in.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use super::csv_file::{CsvRules, Encode};
use super::folder::{ReportError, ReportFolder};
use super::sheet_limits::fits_a_sheet;
use super::source_files::{Guards, SourceFiles};
use crate::diagnostic::Diagnostic;

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

/// The files under way.
#[derive(Debug)]
pub(super) struct Rejects {
    files: SourceFiles,
    rows: u64,
}

impl Rejects {
    pub(super) fn begin(
        folder: &ReportFolder,
        formats: Vec<RejectFormat>,
    ) -> Result<Self, ReportError> {
        Ok(Self {
            files: SourceFiles::begin(folder, "rejects", formats, Guards::None)?,
            rows: 0,
        })
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row of source `index`.
    pub(super) fn add(
        &mut self,
        index: usize,
        cells: &[impl AsRef<str>],
        problems: &str,
    ) -> Result<(), ReportError> {
        self.rows += u64::from(self.files.add(index, cells, problems)?);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<PathBuf>, ReportError> {
        self.files.finish()
    }
}

/// A row's problems in one cell.
pub(super) fn problems_text(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for d in diagnostics {
        if !text.is_empty() {
            text.push_str(" | ");
        }
        // Writing to memory cannot fail.
        let _ = match &d.at.column {
            Some(column) => write!(text, "{}: {} [{}]", column.name, d.message, d.code),
            None => write!(text, "{} [{}]", d.message, d.code),
        };
    }
    text
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
