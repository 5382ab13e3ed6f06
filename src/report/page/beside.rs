//! An export beside the last good one of its job: rows, columns, and how full each field is.

use serde::Serialize;

use super::columns::percent;
use super::spoken::began;
use crate::diagnostic::{counted, listed, thousands};
use crate::partner::{RowOutcome, field_name};
use crate::report::contents::FieldShare;
use crate::report::model::RunReport;

/// Fields that are compared on the page: those that changed most.
const MOST_FIELDS: usize = 40;
/// A share that moved less than this is as it was.
const SAME: f64 = 0.005;

/// The comparison.
#[derive(Debug, Serialize)]
pub(super) struct BesideView {
    pub(super) notes: Vec<String>,
    pub(super) lines: Vec<BesideLine>,
}

/// One number then and now.
#[derive(Debug, Serialize)]
pub(super) struct BesideLine {
    pub(super) what: String,
    /// The field's path, where it is one.
    pub(super) path: String,
    pub(super) before: String,
    pub(super) now: String,
    pub(super) change: String,
}

/// Compares the export of a run with that of the last good one.
pub(super) fn beside(now: &RunReport, last: Option<&RunReport>) -> BesideView {
    let mut view = BesideView {
        notes: Vec::new(),
        lines: Vec::new(),
    };
    if now.rows() == 0 && now.contents.columns.is_empty() {
        view.notes
            .push("This export was not read, so there is nothing to compare.".to_owned());
        return view;
    }
    let Some(last) = last else {
        view.notes
            .push("There is no good run before this one to compare with.".to_owned());
        return view;
    };
    let when = began(&last.run).unwrap_or_else(|| "an earlier time".to_owned());
    view.notes.push(format!("The last good run was on {when}."));
    view.lines.push(count_line("Rows", last.rows(), now.rows()));
    let invalid = |r: &RunReport| r.count(RowOutcome::Invalid);
    view.lines
        .push(count_line("Invalid rows", invalid(last), invalid(now)));
    view.notes.extend(columns(now, last));
    view.lines.extend(fields(now, last));
    view
}

fn count_line(what: &str, before: u64, now: u64) -> BesideLine {
    let change = match before.cmp(&now) {
        std::cmp::Ordering::Equal => "the same".to_owned(),
        std::cmp::Ordering::Less => format!("{} more", thousands(now - before)),
        std::cmp::Ordering::Greater => format!("{} fewer", thousands(before - now)),
    };
    BesideLine {
        what: what.to_owned(),
        path: String::new(),
        before: thousands(before),
        now: thousands(now),
        change,
    }
}

fn columns(now: &RunReport, last: &RunReport) -> Vec<String> {
    let (then, now) = (&last.contents.columns, &now.contents.columns);
    if then.is_empty() || now.is_empty() {
        return Vec::new();
    }
    let new: Vec<&str> = now
        .iter()
        .filter(|c| !then.contains(c))
        .map(String::as_str)
        .collect();
    let gone: Vec<&str> = then
        .iter()
        .filter(|c| !now.contains(c))
        .map(String::as_str)
        .collect();
    let mut notes = Vec::new();
    if !new.is_empty() {
        notes.push(format!(
            "{}: {}.",
            counted(new.len() as u64, "new column"),
            listed(new.iter().copied(), ", ")
        ));
    }
    if !gone.is_empty() {
        notes.push(format!(
            "{} gone: {}.",
            counted(gone.len() as u64, "column"),
            listed(gone.iter().copied(), ", ")
        ));
    }
    if notes.is_empty() {
        notes.push("The columns are the same.".to_owned());
    }
    notes
}

fn fields(now: &RunReport, last: &RunReport) -> Vec<BesideLine> {
    let mut found: Vec<(f64, BesideLine)> = now
        .contents
        .fields
        .iter()
        .filter_map(|field| {
            let before = last
                .contents
                .fields
                .iter()
                .find(|f| f.field == field.field)?;
            let moved = share(field) - share(before);
            let change = if moved.abs() < SAME {
                "as before".to_owned()
            } else if moved > 0.0 {
                format!("{:.0} points more", moved * 100.0)
            } else {
                format!("{:.0} points less", -moved * 100.0)
            };
            let line = BesideLine {
                what: format!("{} filled", field_name(&field.field)),
                path: field.field.clone(),
                before: share_words(before),
                now: share_words(field),
                change,
            };
            Some((moved.abs(), line))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(MOST_FIELDS);
    found.into_iter().map(|(_, line)| line).collect()
}

fn rows(field: &FieldShare) -> u64 {
    field.filled + field.empty + field.invalid
}

fn share(field: &FieldShare) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
    let share = (field.filled + field.invalid) as f64 / rows(field).max(1) as f64;
    share
}

fn share_words(field: &FieldShare) -> String {
    percent(field.filled + field.invalid, rows(field))
}
