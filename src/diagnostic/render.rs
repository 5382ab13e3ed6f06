//! Diagnostic → plain text. Text is composed here; colour is added by the front desk.

use std::fmt::Write as _;

use super::Diagnostic;

/// `value` on one line, control characters shown as escapes, cut at `limit` characters.
#[must_use]
pub fn visible(value: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(value.len().min(limit));
    for (count, c) in value.chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        if c.is_control() {
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The diagnostic on one line: place, level, code, value, message.
#[must_use]
pub fn one_line(d: &Diagnostic) -> String {
    let mut line = format!("{}: {} [{}] {}", d.at, d.severity, d.code, d.message);
    if let Some(value) = &d.value {
        let _ = write!(line, " (found \"{value}\")");
    }
    line
}
