//! `rejects.csv`: the rows not created, their own columns and values as read, plus `_problems`. Repaired,
//! it is imported as it is with the same mapping. Values are kept verbatim: they go back in.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::folder::{ReportError, ReportFolder};
use super::reject_format::RejectFormat;
use super::source_files::{Guards, SourceFiles};
use crate::diagnostic::Diagnostic;

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

/// A row's problems in one cell, what keeps it from being sent first.
pub(super) fn problems_text(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    let errors = diagnostics.iter().filter(|d| d.is_error());
    for d in errors.chain(diagnostics.iter().filter(|d| !d.is_error())) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Location};

    #[test]
    fn errors_stand_before_warnings() {
        let of = |code| Diagnostic::new(code, Location::default(), "Words.");
        let all = [
            of(Code::RowSimilar),
            of(Code::DateInvalid),
            of(Code::TextHtml),
        ];
        assert_eq!(
            problems_text(&all),
            "Words. [date.invalid] | Words. [row.similar] | Words. [text.html]"
        );
    }
}
