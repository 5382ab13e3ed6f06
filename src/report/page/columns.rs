//! The columns of the source: which field each fills, an example of it, how full it is; and those that fill none.

use serde::Serialize;

use crate::diagnostic::{counted, thousands};
use crate::partner::field_name;
use crate::report::contents::FieldShare;
use crate::report::model::RunReport;

/// Columns that are shown.
const MOST: usize = 500;

/// The table of columns.
#[derive(Debug, Serialize)]
pub(super) struct ColumnsView {
    /// `12 columns, 3 of them not used`.
    pub(super) words: String,
    pub(super) lines: Vec<ColumnView>,
    pub(super) more: Option<String>,
    /// Whether examples are shown.
    pub(super) examples: bool,
}

/// A column with one of its fields.
#[derive(Debug, Serialize)]
pub(super) struct ColumnView {
    /// The column's name; empty for a field that a template fills.
    pub(super) column: String,
    pub(super) is_used: bool,
    /// The field's path and plain name.
    pub(super) field: String,
    pub(super) field_name: String,
    pub(super) before: String,
    pub(super) after: String,
    /// What is said of its dates.
    pub(super) dates: String,
    /// Shares in hundredths, for the bar.
    pub(super) filled: String,
    pub(super) invalid: String,
    /// `83 %`, `less than 1 %`.
    pub(super) filled_words: String,
    /// `1,000 filled, 201 empty, 2 invalid`.
    pub(super) rows: String,
    pub(super) invalid_words: String,
}

/// The columns of a run, in the order of the source.
pub(super) fn columns(report: &RunReport) -> Option<ColumnsView> {
    let fields = &report.contents.fields;
    // A run that was stopped before it had read its rows knows only which columns are not used.
    if fields.is_empty() {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    let unused = || report.detected.iter().flat_map(|d| &d.unused);
    let of_fields = fields.iter().filter_map(|f| f.column.as_ref());
    for name in report
        .contents
        .columns
        .iter()
        .chain(of_fields)
        .chain(unused())
    {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
        if names.len() > MOST * 4 {
            break;
        }
    }
    let mut lines = Vec::new();
    let mut not_used = 0;
    for name in &names {
        let before = lines.len();
        let of_it = fields.iter().filter(|f| f.column.as_deref() == Some(*name));
        lines.extend(of_it.map(|f| line(name, f)));
        if lines.len() == before && unused().any(|u| u == name) {
            not_used += 1;
            lines.push(not_used_line(name));
        }
    }
    lines.extend(
        fields
            .iter()
            .filter(|f| f.column.is_none())
            .map(|f| line("", f)),
    );
    if lines.is_empty() {
        return None;
    }
    let mut words = counted(names.len() as u64, "column");
    if not_used > 0 {
        let are = if not_used == 1 { "is" } else { "are" };
        words = format!("{words}; {} {are} not used", thousands(not_used));
    }
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    Some(ColumnsView {
        words,
        examples: lines.iter().any(|l| !l.after.is_empty()),
        lines,
        more: (more > 0).then(|| format!("And {}.", counted(more as u64, "more line"))),
    })
}

fn line(column: &str, field: &FieldShare) -> ColumnView {
    let rows = field.filled + field.empty + field.invalid;
    #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
    let share = |n: u64| n as f64 * 100.0 / rows.max(1) as f64;
    let (before, after) = field.example.clone().unwrap_or_default();
    let mut counts = vec![format!("{} filled", thousands(field.filled))];
    if field.empty > 0 {
        counts.push(format!("{} empty", thousands(field.empty)));
    }
    if field.invalid > 0 {
        counts.push(format!("{} invalid", thousands(field.invalid)));
    }
    let range = field.dates.as_ref().map(|(from, to)| {
        if from == to {
            from.clone()
        } else {
            format!("{from} to {to}")
        }
    });
    let dates: Vec<String> = field.order.iter().cloned().chain(range).collect();
    ColumnView {
        column: column.to_owned(),
        is_used: true,
        field_name: field_name(&field.field),
        field: field.field.clone(),
        before,
        after,
        dates: dates.join(". "),
        filled: format!("{:.2}", share(field.filled)),
        invalid: format!("{:.2}", share(field.invalid)),
        filled_words: percent(field.filled, rows),
        rows: counts.join(", "),
        invalid_words: if field.invalid > 0 {
            format!("{} invalid", thousands(field.invalid))
        } else {
            String::new()
        },
    }
}

fn not_used_line(column: &str) -> ColumnView {
    ColumnView {
        column: column.to_owned(),
        is_used: false,
        field: String::new(),
        field_name: String::new(),
        before: String::new(),
        after: String::new(),
        dates: String::new(),
        filled: String::new(),
        invalid: String::new(),
        filled_words: String::new(),
        rows: String::new(),
        invalid_words: String::new(),
    }
}

/// A share as people say it: never 100 % where one is missing, nor 0 % where there is one.
pub(super) fn percent(n: u64, of: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a share that is rounded")]
    let share = n as f64 * 100.0 / of.max(1) as f64;
    match n {
        0 => "0 %".to_owned(),
        n if n == of => "100 %".to_owned(),
        _ if share < 1.0 => "less than 1 %".to_owned(),
        _ if share > 99.0 => "more than 99 %".to_owned(),
        _ => format!("{share:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_never_rounded_to_all_or_nothing() {
        for (n, of, words) in [
            (0, 0, "0 %"),
            (0, 10, "0 %"),
            (1, 1_000, "less than 1 %"),
            (1, 3, "33 %"),
            (999, 1_000, "more than 99 %"),
            (1_000, 1_000, "100 %"),
        ] {
            assert_eq!(percent(n, of), words);
        }
    }
}
