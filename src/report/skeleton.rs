//! All of `report.xlsx` but the rows of its sheets, made by the library: formats, header rows, notes, filters, the summary.
//!
//! The same workbook is made twice. At the beginning it shows what stands before the rows of each sheet, and the numbers
//! of the formats; in the end, with notes, filters and summary, what stands behind them, and all other parts.

use std::io::{self, Cursor, Read as _};

use rust_xlsxwriter::{Format, Note, Workbook, XlsxError};
use zip::ZipArchive;

use super::cell_text::clip;
use super::reject_format::RejectFormat;
use super::sheet_limits::ADDED;
use super::styles::{Styles, formats, text_format};
use super::summary::Summary;
use crate::diagnostic::{DATES_COLUMN, thousands};

/// A note on a cell; row and column from 0.
#[derive(Debug)]
pub(super) struct CellNote {
    pub(super) sheet: usize,
    pub(super) row: u32,
    pub(super) column: u16,
    pub(super) text: String,
}

/// What is known when all rows are there.
pub(super) struct End<'e> {
    pub(super) notes: &'e [CellNote],
    /// The row behind the last one of each sheet, from 0.
    pub(super) ends: Vec<u32>,
    pub(super) left_out: u64,
    pub(super) summary: &'e Summary<'e>,
}

/// A workbook without the rows of its sheets.
pub(super) struct Skeleton {
    archive: ZipArchive<Cursor<Vec<u8>>>,
}

impl Skeleton {
    /// The workbook for rows of these formats, one sheet each; with `end`, all that is known then.
    pub(super) fn new(sheets: &[RejectFormat], end: Option<&End<'_>>) -> Result<Self, XlsxError> {
        let mut book = Workbook::new();
        for (index, format) in sheets.iter().enumerate() {
            add_sheet(&mut book, index, format)?;
        }
        if let Some(end) = end {
            for note in end.notes {
                let sheet = book.worksheet_from_index(note.sheet)?;
                sheet.insert_note(note.row, note.column, &Note::new(&note.text))?;
            }
            for ((index, format), behind) in sheets.iter().enumerate().zip(&end.ends) {
                let (top, behind) = (header_row(format), *behind);
                let last = format.sheet_columns() - 1;
                let last = u16::try_from(last).unwrap_or(u16::MAX);
                let sheet = book.worksheet_from_index(index)?;
                sheet.autofilter(top, 0, behind.max(top + 2) - 1, last)?;
            }
            add_summary(&mut book, end)?;
        }
        let bytes = book.save_to_buffer()?;
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(io::Error::from)?;
        Ok(Self { archive })
    }

    /// The name of a sheet's part.
    pub(super) fn part(sheet: usize) -> String {
        format!("xl/worksheets/sheet{}.xml", sheet + 1)
    }

    /// What stands before and behind the rows of a sheet, and its formats. The header's row stands before them.
    pub(super) fn around_rows(
        &mut self,
        sheet: usize,
        format: &RejectFormat,
    ) -> io::Result<(Vec<u8>, Vec<u8>, Styles)> {
        let strange = || io::Error::other("the workbook's library writes sheets in another way");
        let mut xml = String::new();
        let mut part = self.archive.by_name(&Self::part(sheet))?;
        part.read_to_string(&mut xml)?;
        let samples = format!("<row r=\"{}\"", header_row(format) + 2);
        let from = xml.find(&samples).ok_or_else(strange)?;
        let rows = xml[from..]
            .find("</row>")
            .map(|n| from + n)
            .ok_or_else(strange)?;
        let mut styles = [0; 8];
        let mut named = xml[from..rows].split(" s=\"").skip(1);
        for style in &mut styles {
            let number = named.next().and_then(|s| s.split('"').next());
            *style = number.and_then(|n| n.parse().ok()).ok_or_else(strange)?;
        }
        let behind = xml[rows..].find("</sheetData>").map(|n| rows + n);
        let behind = behind.ok_or_else(strange)?;
        // The size of the sheet is not known before its rows, and need not be written.
        let mut before = xml[..from].to_owned();
        if let (Some(at), Some(end)) = (before.find("<dimension"), before.find("<sheetViews")) {
            before.replace_range(at..end, "");
        }
        let behind = xml.as_bytes()[behind..].to_vec();
        Ok((before.into_bytes(), behind, Styles::new(styles)))
    }

    /// All parts.
    pub(super) fn archive(&mut self) -> &mut ZipArchive<Cursor<Vec<u8>>> {
        &mut self.archive
    }
}

/// The row of the header, from 0.
pub(super) fn header_row(format: &RejectFormat) -> u32 {
    u32::try_from(format.blank_lines).unwrap_or(0)
}

/// A sheet with its header, and below it a cell of each format in place of the rows.
fn add_sheet(book: &mut Workbook, index: usize, format: &RejectFormat) -> Result<(), XlsxError> {
    let top = header_row(format);
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name(sheet_name(format.sheet.as_deref(), index))?;
    sheet.set_freeze_panes(top + 1, u16::try_from(ADDED.len()).unwrap_or(0))?;
    let bold = Format::new().set_bold();
    let text = text_format();
    let own = format.own_columns().map(|c| format.header[c].as_str());
    let behind = format.dates.iter().map(|_| DATES_COLUMN);
    for (column, name) in (0_u16..).zip(ADDED.into_iter().chain(own).chain(behind)) {
        sheet.set_column_width(column, if column < 2 { 8 } else { 18 })?;
        // What is typed into an empty cell stays as it is typed.
        sheet.set_column_format(column, &text)?;
        sheet.write_string_with_format(top, column, clip(name), &bold)?;
    }
    for (column, format) in (0_u16..).zip(formats()) {
        sheet.write_blank(top + 1, column, &format)?;
    }
    Ok(())
}

fn add_summary(book: &mut Workbook, end: &End<'_>) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet();
    sheet.set_name("Summary of problems")?;
    for (column, width) in (0_u16..).zip([14, 12, 28, 24, 90]) {
        sheet.set_column_width(column, width)?;
    }
    let mut at = 0;
    for line in &end.summary.lines {
        sheet.write_string(at, 0, clip(line.as_str()))?;
        at += 1;
    }
    if end.left_out > 0 {
        let line = format!("{} rows did not fit on the sheet.", thousands(end.left_out));
        sheet.write_string(at, 0, line)?;
        at += 1;
    }
    at += 1;
    let bold = Format::new().set_bold();
    for (column, title) in (0_u16..).zip(["How many", "Level", "Problem", "Column", "What to do"]) {
        sheet.write_string_with_format(at, column, title, &bold)?;
    }
    for group in end.summary.groups {
        at += 1;
        #[expect(clippy::cast_precision_loss, reason = "a count in a cell")]
        sheet.write_number(at, 0, group.count as f64)?;
        sheet.write_string(at, 1, group.severity.as_str())?;
        sheet.write_string(at, 2, group.code.as_str())?;
        sheet.write_string(at, 3, clip(group.column.as_deref().unwrap_or("")))?;
        let hint = group.hint.as_deref().unwrap_or("");
        sheet.write_string(at, 4, clip(format!("{} {hint}", group.code.meaning())))?;
    }
    Ok(())
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
