//! `report.xlsx`: the source's own rows that somebody has to look at, cells marked, and a summary behind them.
//!
//! Three columns stand first: the row's number in the source, how bad it is, and its problems. The others and their values
//! are as in the source, and the sheet has the source's name, so that the repaired workbook is imported as it is with the
//! same mapping. What was text is formatted as text, so that a spreadsheet turns nothing that is typed into a date or a
//! number. Rows are packed as they come in, by [`SheetRows`]; memory holds
//! the notes and no rows. All else is made by a library, twice ([`Skeleton`]), and put together with the rows in the end.

use std::collections::HashMap;
use std::io::{self, Seek, Write};
use std::path::PathBuf;

use zip::ZipWriter;

use super::archive_file::ArchiveFile;
use super::cell_text::{clip, clip_note, cut_short};
use super::folder::{ReportError, ReportFolder};
use super::reject_format::RejectFormat;
use super::rejects::problems_text;
use super::sheet_limits::{ADDED, MOST_ROWS};
use super::sheet_rows::SheetRows;
use super::skeleton::{CellNote, End, Skeleton, header_row};
use super::styles::Mark;
use super::summary::Summary;
use crate::diagnostic::{Diagnostic, Severity};
use crate::partner::{RowResult, SourceValue};

/// Notes that a workbook holds: more make Excel slow, and `_problems` has the rest.
const MOST_NOTES: usize = 1_000;
#[expect(clippy::cast_precision_loss, reason = "a row number in a cell")]
fn number_of(row: u64) -> f64 {
    row as f64
}

/// Which rows a workbook holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MarkedRows {
    /// The rows that somebody has to look at: those of the rejects.
    #[default]
    Problems,
    /// All rows, so that the repaired workbook can replace the source.
    All,
}

struct Sheet {
    format: RejectFormat,
    rows: SheetRows,
    /// The row that comes next, from 0.
    next: u32,
    left_out: u64,
}

/// The workbook under way.
pub(super) struct Marked {
    folder: ReportFolder,
    sheets: Vec<Sheet>,
    notes: Vec<CellNote>,
}

impl Marked {
    pub(super) fn begin(
        folder: &ReportFolder,
        formats: &[RejectFormat],
    ) -> Result<Self, ReportError> {
        let begin = || -> io::Result<Vec<Sheet>> {
            let mut skeleton = Skeleton::new(formats, None).map_err(io::Error::other)?;
            let sheets = formats.iter().enumerate().map(|(index, format)| {
                let (before, _, styles) = skeleton.around_rows(index, format)?;
                let columns = format.sheet_columns();
                Ok(Sheet {
                    rows: SheetRows::begin(&Skeleton::part(index), &before, columns, styles)?,
                    format: format.clone(),
                    next: header_row(format) + 1,
                    left_out: 0,
                })
            });
            sheets.collect()
        };
        Ok(Self {
            folder: folder.clone(),
            sheets: begin().map_err(|e| Self::trouble(folder, e))?,
            notes: Vec::new(),
        })
    }

    /// That the workbook cannot be written, and why.
    pub(super) fn trouble(folder: &ReportFolder, error: io::Error) -> ReportError {
        ReportError::new(&folder.path_of(NAME), error)
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &RowResult) -> Result<(), ReportError> {
        let index = row.origin.file as usize;
        let Some(sheet) = self.sheets.get_mut(index) else {
            return Ok(());
        };
        if sheet.next >= MOST_ROWS || !sheet.rows.has_room() {
            sheet.left_out += 1;
            return Ok(());
        }
        let at = sheet.next;
        sheet.next += 1;
        sheet.rows.begin_row(at + 1);
        let (format, rows, notes) = (&sheet.format, &mut sheet.rows, &mut self.notes);
        let level = row.diagnostics.iter().map(|d| d.severity).max();
        let problems = clip(problems_text(&row.diagnostics));
        let number = SourceValue::Number(number_of(row.origin.row));
        rows.cell(0, number, Mark::None);
        let level = SourceValue::Text(level.map_or("", Severity::as_str));
        rows.cell(1, level, Mark::None);
        rows.cell(2, SourceValue::Text(&problems), Mark::None);
        let mut place = ADDED.len();
        let behind = format.sheet_columns() - 1;
        let mut next = 0;
        let mut cell = |column: usize, value: SourceValue<'_>| {
            if column >= format.header.len() || format.dropped.contains(&column) {
                return;
            }
            let here = |d: &&Diagnostic| d.at.column.as_ref().is_some_and(|c| c.index == column);
            let mark = match row
                .diagnostics
                .iter()
                .filter(here)
                .map(Diagnostic::is_error)
                .max()
            {
                None => Mark::None,
                Some(false) => Mark::Warning,
                Some(true) => Mark::Error,
            };
            let cut = cut_short(value);
            let value = cut.as_deref().map_or(value, SourceValue::Text);
            rows.cell(place, value, mark);
            if mark != Mark::None && notes.len() < MOST_NOTES {
                notes.push(CellNote {
                    sheet: index,
                    row: at,
                    column: u16::try_from(place).unwrap_or(u16::MAX),
                    text: clip_note(note_of(row.diagnostics.iter().filter(here))),
                });
            }
            place += 1;
        };
        row.origin.each_value(&mut |column, value| {
            cell(column, value);
            next = column + 1;
        });
        // What a short row lacks may be marked.
        for column in next..format.header.len() {
            cell(column, SourceValue::Empty);
        }
        if let Some(dates) = &format.dates {
            rows.cell(behind, SourceValue::Text(&clip(dates.as_str())), Mark::None);
        }
        rows.end_row().map_err(|e| Self::trouble(&self.folder, e))
    }

    /// Adds the summary and gives the file its name.
    pub(super) fn finish(self, summary: &Summary<'_>) -> Result<PathBuf, ReportError> {
        let mut file = self.folder.begin(NAME)?;
        let path = self.folder.path_of(NAME);
        self.put_together(summary, file.writer())
            .map_err(|e| ReportError::new(&path, e))?;
        file.finish()
    }

    /// The library's parts, with the sheets of rows in place of its own.
    fn put_together(self, summary: &Summary<'_>, file: impl Write + Seek) -> io::Result<()> {
        let formats: Vec<RejectFormat> = self.sheets.iter().map(|s| s.format.clone()).collect();
        let end = End {
            notes: &self.notes,
            ends: self.sheets.iter().map(|s| s.next).collect(),
            left_out: self.sheets.iter().map(|s| s.left_out).sum(),
            summary,
        };
        let mut skeleton = Skeleton::new(&formats, Some(&end)).map_err(io::Error::other)?;
        let mut parts = HashMap::new();
        for (index, sheet) in self.sheets.into_iter().enumerate() {
            let (_, behind, styles) = skeleton.around_rows(index, &sheet.format)?;
            if styles != sheet.rows.styles() {
                return Err(io::Error::other("the workbook's formats have moved"));
            }
            parts.insert(Skeleton::part(index), sheet.rows.finish(&behind)?);
        }
        let mut book = ZipWriter::new(ArchiveFile::new(file));
        let archive = skeleton.archive();
        for number in 0..archive.len() {
            let part = archive.by_index(number)?;
            match parts.get_mut(&*part.name()?) {
                Some(rows) => book.raw_copy_file(rows.by_index(0)?)?,
                None => book.raw_copy_file(part)?,
            }
        }
        book.finish()?;
        Ok(())
    }
}

/// The note on a cell: each of its problems on a line.
fn note_of<'d>(here: impl Iterator<Item = &'d Diagnostic>) -> String {
    let lines = here.map(|d| match &d.hint {
        Some(hint) => format!("{}: {} {hint}", d.severity, d.message),
        None => format!("{}: {}", d.severity, d.message),
    });
    lines.collect::<Vec<_>>().join("\n")
}

const NAME: &str = "report.xlsx";
