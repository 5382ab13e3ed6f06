//! Diagnostic → one line of plain text; the command line adds the colour.

use std::fmt::Write as _;

use super::Diagnostic;

/// The diagnostic on one line, the sentence first and the code last:
/// `accounts.csv, row 9, "Sign On Date" ("31/31/2025"): There is no such day. [date.invalid]`.
#[must_use]
pub fn one_line(d: &Diagnostic) -> String {
    let mut line = d.at.to_string();
    if let Some(value) = &d.value {
        let _ = write!(
            line,
            "{}(\"{value}\")",
            if line.is_empty() { "" } else { " " }
        );
    }
    if !line.is_empty() {
        line.push_str(": ");
    }
    let _ = write!(line, "{} [{}]", d.message, d.code);
    line
}

#[cfg(test)]
mod tests {
    use super::super::{Code, ColumnAt, Location};
    use super::*;

    #[test]
    fn the_sentence_comes_first_and_the_code_last() {
        let at = |file: Option<&str>, column: Option<&str>, field: Option<&str>| Location {
            file: file.map(Into::into),
            row: Some(9),
            line: Some(12),
            column: column.map(|name| ColumnAt {
                index: 3,
                name: name.into(),
            }),
            field: field.map(Into::into),
            ..Location::default()
        };
        let told = |at, value: Option<&str>| {
            let d = Diagnostic::new(Code::DateInvalid, at, "It is not a date.");
            one_line(&match value {
                Some(value) => d.with_value(value, false),
                None => d,
            })
        };
        for (line, expected) in [
            (
                told(at(Some("a.csv"), Some("Since"), Some("x.y")), Some("x")),
                "a.csv, row 9 (line 12), \"Since\" (\"x\"): It is not a date. [date.invalid]",
            ),
            (
                told(at(None, None, Some("x.y")), None),
                "row 9 (line 12), x.y: It is not a date. [date.invalid]",
            ),
            (
                told(Location::default(), None),
                "It is not a date. [date.invalid]",
            ),
        ] {
            assert_eq!(line, expected);
        }
    }
}
