//! `rejects.csv`: the rows not created, their own columns and values as read, plus `_problems`. Repaired,
//! it is imported as it is with the same mapping. Values are kept verbatim: they go back in.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::folder::{ReportError, ReportFolder};
use super::reject_format::RejectFormat;
use super::source_files::{Guards, SourceFiles};
use crate::diagnostic::{Code, Diagnostic, UNCERTAIN};

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

/// The cells of a row of a workbook as text that says no more than they do. What the workbook's kind of cell made uncertain (a date
/// that may be swapped, digits that are lost, a date in place of an identifier) gets a mark, which a later import refuses; a date that is
/// sent swapped back stands as it is sent.
pub(super) fn certain<'c>(
    mut cells: Vec<Cow<'c, str>>,
    diagnostics: &[Diagnostic],
) -> Vec<Cow<'c, str>> {
    for diagnostic in diagnostics {
        let column = diagnostic.at.column.as_ref();
        let Some(cell) = column.and_then(|column| cells.get_mut(column.index)) else {
            continue;
        };
        match diagnostic.code {
            Code::DateMixed | Code::CellPrecision | Code::CellType | Code::CellNoCachedValue
                if !cell.starts_with(UNCERTAIN) =>
            {
                *cell = format!("{UNCERTAIN} {cell}").into();
            }
            Code::DateExchanged => {
                if let Some(exchanged) = exchanged(cell) {
                    *cell = exchanged.into();
                }
            }
            _ => {}
        }
    }
    cells
}

/// `2026-01-04` with its day as the month, and what stands behind it.
fn exchanged(date: &str) -> Option<String> {
    let (date, behind) = date.split_at_checked(10)?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = [year, month, day].map(str::len) == [4, 2, 2] && parts.next().is_none();
    is_date.then(|| format!("{year}-{day}-{month}{behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Location;

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

    /// What a workbook's kinds of cells made uncertain does not come back as certain text.
    #[test]
    fn cells_whose_value_is_not_certain_are_marked() {
        let at = |code, index| {
            let column = crate::diagnostic::ColumnAt {
                index,
                name: "C".into(),
            };
            let place = Location {
                column: Some(column),
                ..Location::default()
            };
            Diagnostic::new(code, place, "Words.")
        };
        for (code, cell, written) in [
            (Code::DateMixed, "2026-01-04", "\u{26a0} 2026-01-04"),
            (
                Code::CellPrecision,
                "100000000000000000000",
                "\u{26a0} 100000000000000000000",
            ),
            (Code::CellType, "TRUE", "\u{26a0} TRUE"),
            (Code::CellNoCachedValue, "", "\u{26a0} "),
            (
                Code::DateMixed,
                "\u{26a0} 2026-01-04",
                "\u{26a0} 2026-01-04",
            ),
            (Code::DateExchanged, "2026-01-04", "2026-04-01"),
            (Code::DateExchanged, "2026-01-04 10:30", "2026-04-01 10:30"),
            (Code::DateExchanged, "4.1.2026", "4.1.2026"),
            (Code::DateInvalid, "31/02/2026", "31/02/2026"),
        ] {
            let cells = vec![Cow::Borrowed("A-1"), Cow::Borrowed(cell)];
            let diagnostics = [at(code, 1), at(code, 7)];
            assert_eq!(
                certain(cells, &diagnostics),
                ["A-1", written],
                "{code} {cell}"
            );
        }
    }
}
