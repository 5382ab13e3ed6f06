//! `problems.csv` and `problems.jsonl`: a line for each problem, for reading and for programs. Values are masked where they are sensitive, and
//! guarded against formula injection in the first: a spreadsheet must not compute what a CRM user typed. The
//! second grows while the run goes.

use std::fmt::Write as _;

use super::csv_file::CsvFile;
use super::folder::{ReportError, ReportFolder, Stream};
use super::row_name::RowName;
use crate::diagnostic::{Diagnostic, column_letter, guarded};

const HEADER: [&str; 13] = [
    "file", "row", "column", "field", "code", "severity", "value", "message", "hint", "cell",
    "sheet", "key", "name",
];

/// The file under way.
#[derive(Debug)]
pub(super) struct Problems {
    file: CsvFile,
    lines: Stream,
    json: Vec<u8>,
}

/// A line of `problems.jsonl`.
#[derive(serde::Serialize)]
struct JsonLine<'d> {
    cell: Option<&'d str>,
    code: &'d str,
    column: Option<&'d str>,
    field: Option<&'d str>,
    file: Option<&'d str>,
    hint: Option<&'d str>,
    key: Option<&'d str>,
    message: &'d str,
    name: Option<&'d str>,
    row: Option<u64>,
    severity: &'d str,
    sheet: Option<&'d str>,
    value: Option<&'d str>,
}

impl Problems {
    pub(super) fn begin(folder: &ReportFolder) -> Result<Self, ReportError> {
        let mut problems = Self {
            file: CsvFile::new(folder.begin("problems.csv")?),
            lines: folder.stream("problems.jsonl")?,
            json: Vec::new(),
        };
        problems.file.record(HEADER.into_iter())?;
        Ok(problems)
    }

    pub(super) fn add(&mut self, d: &Diagnostic, of: &RowName) -> Result<(), ReportError> {
        let row = d.at.row.map(|r| r.to_string()).unwrap_or_default();
        let mut cell = String::new();
        if let Some(column) = &d.at.column {
            // Writing to memory cannot fail.
            let _ = write!(cell, "{}{row}", column_letter(column.index));
        }
        let value = guarded(d.value.as_deref().unwrap_or(""));
        let column = guarded(d.at.column.as_ref().map_or("", |c| &*c.name));
        let message = guarded(&d.message);
        let key = guarded(of.key.as_deref().unwrap_or(""));
        let name = guarded(of.name.as_deref().unwrap_or(""));
        let line = JsonLine {
            cell: Some(cell.as_str()).filter(|c| !c.is_empty()),
            code: d.code.as_str(),
            column: d.at.column.as_ref().map(|c| &*c.name),
            field: d.at.field.as_deref(),
            file: d.at.file.as_deref(),
            hint: d.hint.as_deref(),
            key: of.key.as_deref(),
            message: &d.message,
            name: of.name.as_deref(),
            row: d.at.row,
            severity: d.severity.as_str(),
            sheet: d.at.sheet.as_deref(),
            value: d.value.as_deref(),
        };
        self.json.clear();
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut self.json, &line);
        self.json.push(b'\n');
        self.lines.put(&self.json)?;
        let cells = [
            d.at.file.as_deref().unwrap_or(""),
            &row,
            &column,
            d.at.field.as_deref().unwrap_or(""),
            d.code.as_str(),
            d.severity.as_str(),
            &value,
            &message,
            d.hint.as_deref().unwrap_or(""),
            &cell,
            d.at.sheet.as_deref().unwrap_or(""),
            &key,
            &name,
        ];
        self.file.record(cells.into_iter())
    }

    pub(super) fn finish(self) -> Result<Vec<std::path::PathBuf>, ReportError> {
        Ok(vec![self.file.finish()?, self.lines.finish()?])
    }
}
