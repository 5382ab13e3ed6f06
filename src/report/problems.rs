//! `problems.csv` and `problems.jsonl`: a line for each problem, for reading and for programs. Values are masked where they are sensitive, and
//! guarded against formula injection in the first: a spreadsheet must not compute what a CRM user typed. The
//! second grows while the run goes.

use super::folder::{ReportError, ReportFile, ReportFolder, Stream};
use crate::diagnostic::{Diagnostic, column_letter};

const HEADER: [&str; 11] = [
    "file", "row", "column", "field", "code", "severity", "value", "message", "hint", "cell",
    "sheet",
];

/// The file under way.
#[derive(Debug)]
pub(super) struct Problems {
    file: ReportFile,
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
    message: &'d str,
    row: Option<u64>,
    severity: &'d str,
    sheet: Option<&'d str>,
    value: Option<&'d str>,
}

impl Problems {
    pub(super) fn begin(folder: &ReportFolder) -> Result<Self, ReportError> {
        let mut problems = Self {
            file: folder.begin("problems.csv")?,
            lines: folder.stream("problems.jsonl")?,
            json: Vec::new(),
        };
        problems.line(&HEADER)?;
        Ok(problems)
    }

    pub(super) fn add(&mut self, d: &Diagnostic) -> Result<(), ReportError> {
        let row = d.at.row.map(|r| r.to_string()).unwrap_or_default();
        let cell =
            d.at.column
                .as_ref()
                .map(|c| format!("{}{row}", column_letter(c.index)))
                .unwrap_or_default();
        let value = d.value.as_deref().map(guard).unwrap_or_default();
        let column =
            d.at.column
                .as_ref()
                .map(|c| guard(&c.name))
                .unwrap_or_default();
        let message = guard(&d.message);
        let line = JsonLine {
            cell: Some(cell.as_str()).filter(|c| !c.is_empty()),
            code: d.code.as_str(),
            column: d.at.column.as_ref().map(|c| &*c.name),
            field: d.at.field.as_deref(),
            file: d.at.file.as_deref(),
            hint: d.hint.as_deref(),
            message: &d.message,
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
        self.line(&[
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
        ])
    }

    fn line(&mut self, cells: &[&str]) -> Result<(), ReportError> {
        self.file.put(csv_line(cells, b',').as_bytes())
    }

    pub(super) fn finish(self) -> Result<Vec<std::path::PathBuf>, ReportError> {
        Ok(vec![self.file.finish()?, self.lines.finish()?])
    }
}

/// A text that no spreadsheet takes for a formula.
pub(super) fn guard(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// One line of CSV.
pub(super) fn csv_line(cells: &[&str], delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        // The default is made for a file; here it would be filled with zeros for every line.
        .buffer_capacity(256)
        .from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells);
    writer
        .into_inner()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}
