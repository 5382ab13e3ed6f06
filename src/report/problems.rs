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
}

impl Problems {
    pub(super) fn begin(folder: &ReportFolder) -> Result<Self, ReportError> {
        let mut problems = Self {
            file: folder.begin("problems.csv")?,
            lines: folder.stream("problems.jsonl")?,
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
        let line = serde_json::json!({
            "file": d.at.file.as_deref(),
            "sheet": d.at.sheet.as_deref(),
            "row": d.at.row,
            "column": d.at.column.as_ref().map(|c| &*c.name),
            "cell": Some(&cell).filter(|c| !c.is_empty()),
            "field": d.at.field.as_deref(),
            "code": d.code.as_str(),
            "severity": d.severity.as_str(),
            "value": d.value.as_deref(),
            "message": d.message,
            "hint": d.hint.as_deref(),
        });
        self.lines.put(format!("{line}\n").as_bytes())?;
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
        .from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells);
    writer
        .into_inner()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}
