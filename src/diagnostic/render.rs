//! Diagnostic → one line of plain text; the command line adds the colour.

use std::fmt::Write as _;

use super::Diagnostic;

/// The diagnostic on one line: place, level, code, value, message.
#[must_use]
pub fn one_line(d: &Diagnostic) -> String {
    let place = d.at.to_string();
    let colon = if place.is_empty() { "" } else { ": " };
    let mut line = format!("{place}{colon}{} [{}] {}", d.severity, d.code, d.message);
    if let Some(value) = &d.value {
        let _ = write!(line, " (found \"{value}\")");
    }
    line
}
