//! Where a diagnostic is, as a person finds it in a spreadsheet.

use std::fmt;
use std::sync::Arc;

/// A column as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnAt {
    /// The column's number, from 0.
    pub index: usize,
    /// As addressed in a mapping.
    pub name: Arc<str>,
}

/// A place in the user's file. Rows are counted as a spreadsheet counts them: the header is row 1 when it
/// is the first line, blank lines count, a line break inside a cell does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The file as the user named it.
    pub file: Option<Arc<str>>,
    /// The sheet of the workbook; none for a text file.
    pub sheet: Option<Arc<str>>,
    /// The row as a spreadsheet shows it, from 1.
    pub row: Option<u64>,
    /// The line in a text editor, from 1, where it differs from the row.
    pub line: Option<u64>,
    /// The column that the value is in.
    pub column: Option<ColumnAt>,
    /// The request field, `organization.signOnDate`.
    pub field: Option<Arc<str>>,
}

/// The spreadsheet letter of a column: 0 is `A`, 26 is `AA`.
#[must_use]
pub fn column_letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut n = index + 1;
    while n > 0 {
        letters.push(b'A' + u8::try_from((n - 1) % 26).unwrap_or(0));
        n = (n - 1) / 26;
    }
    letters.iter().rev().map(|b| char::from(*b)).collect()
}

/// As a colleague would say it: file, sheet, row and column. The path of the field stands in for a column.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.file.as_ref().map(ToString::to_string));
        parts.extend(self.sheet.as_ref().map(|sheet| format!("sheet {sheet}")));
        parts.extend(self.row.map(|row| match self.line {
            Some(line) if line != row => format!("row {row} (line {line})"),
            _ => format!("row {row}"),
        }));
        parts.extend(match (&self.column, &self.field) {
            (Some(column), _) => Some(format!("\"{}\"", column.name)),
            (None, field) => field.as_ref().map(ToString::to_string),
        });
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_spreadsheet_letters() {
        for (index, letter) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (701, "ZZ"),
            (702, "AAA"),
        ] {
            assert_eq!(column_letter(index), letter);
        }
    }
}
