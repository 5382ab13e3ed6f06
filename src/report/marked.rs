//! `report.xlsx`: the source's own rows that have problems, cells marked, and a summary behind them.
//!
//! Columns and values are as in the source, and the sheet has the source's name, so that the repaired
//! workbook is imported as it is with the same mapping. Rows go out as they come in; memory holds the notes
//! and no rows.

use std::path::PathBuf;
use std::sync::Arc;

use rust_xlsxwriter::{Color, Format, Note, Workbook, Worksheet, XlsxError};

use super::folder::{ReportError, ReportFolder};
use super::model::{Kind, ProblemGroup};
use super::rejects::RejectFormat;
use crate::diagnostic::{Diagnostic, thousands};
use crate::partner::{RowOutcome, RowResult, SourceValue};

/// Notes that a workbook holds: more make Excel slow, and `_problems` tells the rest.
const MOST_NOTES: usize = 1_000;
/// Rows of a sheet. Source: Excel's limits.
const MOST_ROWS: u32 = 1_048_576;
/// Characters of a cell. Source: Excel's limits.
const MOST_CHARACTERS: usize = 32_767;

/// Which rows a workbook holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MarkedRows {
    /// Those with a problem.
    #[default]
    Problems,
    /// All.
    All,
}

/// The formats of a cell: plain, date, each as it is, with a warning, with an error.
struct Formats([[Format; 3]; 2]);

impl Formats {
    fn new() -> Self {
        let marked = |format: Format| {
            [
                format.clone(),
                format.clone().set_background_color(Color::RGB(0x00FF_EB9C)),
                format
                    .set_background_color(Color::RGB(0x00FF_C7CE))
                    .set_bold(),
            ]
        };
        Self([
            marked(Format::new()),
            marked(Format::new().set_num_format("yyyy-mm-dd")),
        ])
    }
}

struct Sheet {
    format: Arc<RejectFormat>,
    next: u32,
    left_out: u64,
}

/// The workbook under way.
pub(super) struct Marked {
    folder: ReportFolder,
    book: Workbook,
    sheets: Vec<Sheet>,
    formats: Formats,
    header: Format,
    notes: usize,
}

impl Marked {
    pub(super) fn begin(
        folder: &ReportFolder,
        formats: &[RejectFormat],
    ) -> Result<Self, ReportError> {
        let mut marked = Self {
            folder: folder.clone(),
            book: Workbook::new(),
            sheets: Vec::new(),
            formats: Formats::new(),
            header: Format::new().set_bold(),
            notes: 0,
        };
        for (index, format) in formats.iter().enumerate() {
            marked
                .add_sheet(index, format)
                .map_err(|e| Self::trouble(folder, std::io::Error::other(e)))?;
        }
        Ok(marked)
    }

    /// That the workbook cannot be written, and why.
    pub(super) fn trouble(folder: &ReportFolder, error: std::io::Error) -> ReportError {
        ReportError::new(&folder.path_of(NAME), error)
    }

    fn add_sheet(&mut self, index: usize, format: &RejectFormat) -> Result<(), XlsxError> {
        let name = sheet_name(format.sheet.as_deref(), index);
        let top = u32::try_from(format.blank_lines).unwrap_or(0);
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(top + 1, 0)?;
        let header = format.arrange(&format.header, format.problems_column);
        for (column, text) in (0_u16..).zip(&header) {
            sheet.set_column_width(column, 18)?;
            sheet.write_string_with_format(top, column, clip(text.as_str()), &self.header)?;
        }
        self.sheets.push(Sheet {
            format: Arc::new(format.clone()),
            next: top + 1,
            left_out: 0,
        });
        Ok(())
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &RowResult) -> Result<(), ReportError> {
        let index = row.origin.file as usize;
        let Some(sheet) = self.sheets.get_mut(index) else {
            return Ok(());
        };
        if sheet.next >= MOST_ROWS {
            sheet.left_out += 1;
            return Ok(());
        }
        let at = sheet.next;
        sheet.next += 1;
        let format = Arc::clone(&sheet.format);
        self.write_row(index, at, &format, row)
            .map_err(|e| Self::trouble(&self.folder, std::io::Error::other(e)))
    }

    fn write_row(
        &mut self,
        index: usize,
        at: u32,
        format: &RejectFormat,
        row: &RowResult,
    ) -> Result<(), XlsxError> {
        let sheet = self.book.worksheet_from_index(index)?;
        let kept = (0..format.header.len()).filter(|c| Some(*c) != format.dropped);
        let mut values = row.origin.values();
        let mut place = 0_u16;
        for column in kept {
            let here: Vec<&Diagnostic> = row
                .diagnostics
                .iter()
                .filter(|d| d.at.column.as_ref().is_some_and(|c| c.index == column))
                .collect();
            let level = match here.iter().map(|d| d.is_error()).max() {
                None => 0,
                Some(false) => 1,
                Some(true) => 2,
            };
            let value = values.get_mut(column).map_or(SourceValue::Empty, |v| {
                std::mem::replace(v, SourceValue::Empty)
            });
            write_value(sheet, at, place, value, &self.formats, level)?;
            if !here.is_empty() && self.notes < MOST_NOTES {
                self.notes += 1;
                let text = here
                    .iter()
                    .map(|d| match &d.hint {
                        Some(hint) => format!("{}: {} {hint}", d.severity, d.message),
                        None => format!("{}: {}", d.severity, d.message),
                    })
                    .collect::<Vec<_>>()
                    .join("\n");
                sheet.insert_note(at, place, &Note::new(clip(text)))?;
            }
            place += 1;
        }
        let problems = super::rejects::problems_text(&row.diagnostics);
        sheet.write_string(at, place, clip(problems))?;
        Ok(())
    }

    /// Adds the summary and gives the file its name.
    pub(super) fn finish(mut self, summary: &Summary<'_>) -> Result<PathBuf, ReportError> {
        self.write_summary(summary)
            .map_err(|e| Self::trouble(&self.folder, std::io::Error::other(e)))?;
        let mut bytes = self.folder.begin(NAME)?;
        let path = self.folder.path_of(NAME);
        self.book
            .save_to_writer(bytes.writer())
            .map_err(|e| ReportError::new(&path, std::io::Error::other(e.to_string())))?;
        bytes.finish()
    }

    fn write_summary(&mut self, summary: &Summary<'_>) -> Result<(), XlsxError> {
        for (index, sheet) in self.sheets.iter().enumerate() {
            let top = u32::try_from(sheet.format.blank_lines).unwrap_or(0);
            let last = u16::try_from(sheet.format.header.len()).unwrap_or(u16::MAX);
            self.book.worksheet_from_index(index)?.autofilter(
                top,
                0,
                sheet.next.max(top + 2) - 1,
                last,
            )?;
        }
        let left_out: u64 = self.sheets.iter().map(|s| s.left_out).sum();
        let sheet = self.book.add_worksheet();
        sheet.set_name("Summary of problems")?;
        sheet.set_column_width(0, 14)?;
        sheet.set_column_width(1, 12)?;
        sheet.set_column_width(2, 28)?;
        sheet.set_column_width(3, 24)?;
        sheet.set_column_width(4, 90)?;
        let mut at = 0;
        for line in &summary.lines {
            sheet.write_string(at, 0, line)?;
            at += 1;
        }
        if left_out > 0 {
            let line = format!("{} rows did not fit on the sheet.", thousands(left_out));
            sheet.write_string(at, 0, line)?;
            at += 1;
        }
        at += 1;
        for (column, title) in
            (0_u16..).zip(["How many", "Level", "Problem", "Column", "What to do"])
        {
            sheet.write_string_with_format(at, column, title, &self.header)?;
        }
        for group in summary.groups {
            at += 1;
            #[expect(clippy::cast_precision_loss, reason = "a count in a cell")]
            sheet.write_number(at, 0, group.count as f64)?;
            sheet.write_string(at, 1, group.severity.as_str())?;
            sheet.write_string(at, 2, group.code.as_str())?;
            sheet.write_string(at, 3, group.column.as_deref().unwrap_or(""))?;
            sheet.write_string(
                at,
                4,
                format!(
                    "{} {}",
                    group.code.meaning(),
                    group.hint.as_deref().unwrap_or("")
                ),
            )?;
        }
        Ok(())
    }
}

/// What the summary sheet says.
pub(super) struct Summary<'s> {
    /// Lines on top.
    pub(super) lines: Vec<String>,
    /// Problems, most frequent first.
    pub(super) groups: &'s [ProblemGroup],
}

impl<'s> Summary<'s> {
    pub(super) fn new(
        counts: &super::model::Counts,
        groups: &'s [ProblemGroup],
        kind: Kind,
    ) -> Self {
        let mut lines = vec![
            "Rows of the export with problems: repair the marked cells in the first sheet, save, and import this file with the same mapping.".to_owned(),
            "The column _problems is ignored by the import.".to_owned(),
            format!("{} rows were read.", thousands(counts.sum())),
        ];
        for outcome in RowOutcome::ALL {
            let count = counts.get(outcome);
            let name = match (outcome, kind) {
                (RowOutcome::Deferred, Kind::Check) => "valid",
                (outcome, _) => outcome.as_str(),
            };
            if count > 0 {
                lines.push(format!("{}: {}", name, thousands(count)));
            }
        }
        Self { lines, groups }
    }
}

const NAME: &str = "report.xlsx";

fn write_value(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: SourceValue,
    formats: &Formats,
    level: usize,
) -> Result<(), XlsxError> {
    let plain = &formats.0[0][level];
    match value {
        SourceValue::Empty if level == 0 => {}
        SourceValue::Empty => {
            sheet.write_blank(row, column, plain)?;
        }
        // A cell without a format of its own is written several times as fast.
        SourceValue::Text(text) if level == 0 => {
            sheet.write_string(row, column, clip(text))?;
        }
        SourceValue::Text(text) => {
            sheet.write_string_with_format(row, column, clip(text), plain)?;
        }
        SourceValue::Number(n) if level == 0 => {
            sheet.write_number(row, column, n)?;
        }
        SourceValue::Number(n) => {
            sheet.write_number_with_format(row, column, n, plain)?;
        }
        SourceValue::Days(days) => {
            sheet.write_number_with_format(row, column, days, &formats.0[1][level])?;
        }
        SourceValue::Boolean(b) => {
            sheet.write_boolean_with_format(row, column, b, plain)?;
        }
    }
    Ok(())
}

/// A text that a cell takes.
fn clip(text: impl Into<String>) -> String {
    let text = text.into();
    if text.len() <= MOST_CHARACTERS {
        return text;
    }
    text.chars().take(MOST_CHARACTERS).collect()
}

/// The source's sheet, or `Rows`; a name that every spreadsheet takes.
fn sheet_name(sheet: Option<&str>, index: usize) -> String {
    let bare: String = sheet
        .unwrap_or("Rows")
        .chars()
        .filter(|c| !"[]:*?/\\".contains(*c))
        .take(25)
        .collect();
    let bare = bare.trim_matches('\'').trim();
    let bare = if bare.is_empty() { "Rows" } else { bare };
    if index == 0 {
        bare.to_owned()
    } else {
        format!("{bare} ({})", index + 1)
    }
}
