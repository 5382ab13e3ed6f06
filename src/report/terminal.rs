//! The words of the terminal: verdict, counts, the most frequent problems with one example each, what to
//! do next, where the reports are. It fits a screen. Text first; colour is added by `cli`.

use std::fmt::Write as _;

use crate::diagnostic::thousands;

use super::contents::SourceValues;
use super::ending::RunEnding;
use super::model::{Kind, RunReport};
use crate::partner::RowOutcome;

/// Groups of problems that are shown.
const SHOWN_GROUPS: usize = 5;

/// Whether a summary shows problems as they stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examples {
    /// The first of each kind, with its value.
    Shown,
    /// None, but what each kind means: nobody may be there to read them, and they are mailed and logged.
    LeftOut,
}

/// The summary of a run.
#[must_use]
pub fn render(report: &RunReport, examples: Examples) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", verdict(report));
    if report.kind == Kind::Reconcile && report.rows() == 0 {
        return out;
    }
    let _ = writeln!(out);
    let _ = writeln!(out, "  {:>10}  rows", thousands(report.rows()));
    for line in report.lines() {
        if line.count > 0 || report.kind == Kind::Check {
            let _ = writeln!(out, "  {:>10}  {}", thousands(line.count), line.meaning);
        }
    }
    if report.kind != Kind::Check {
        let _ = writeln!(
            out,
            "\n  Every row is one of these: the counts add up to {} rows.",
            thousands(report.rows())
        );
    }
    if let Some(verified) = &report.verified
        && verified.only_api > 0
    {
        let _ = writeln!(
            out,
            "  Partners on the API whose row the source has no longer: {}.",
            thousands(verified.only_api)
        );
    }
    if !report.groups.is_empty() {
        let _ = writeln!(out, "\nMost frequent problems:");
        for group in report.groups.iter().take(SHOWN_GROUPS) {
            let column = group
                .column
                .as_ref()
                .map(|c| format!(" in \"{c}\""))
                .unwrap_or_default();
            let _ = writeln!(
                out,
                "  {} × {} {}{column}",
                thousands(group.count),
                group.severity,
                group.code
            );
            if examples == Examples::LeftOut {
                let _ = writeln!(out, "      {}", group.code.meaning());
                continue;
            }
            let _ = writeln!(out, "      {}", group.example);
            if let Some(hint) = &group.hint {
                let _ = writeln!(out, "      {hint}");
            }
        }
        if report.groups.len() > SHOWN_GROUPS {
            let _ = writeln!(
                out,
                "  and {} more kinds",
                report.groups.len() - SHOWN_GROUPS
            );
        }
    }
    let next = next_step(report);
    if !next.is_empty() {
        let _ = writeln!(out, "\nNext: {next}");
    }
    if !report.written.is_empty() {
        let _ = writeln!(out, "\nReports:");
        for path in &report.written {
            let _ = writeln!(out, "  {}", path.display());
        }
        if report.holds_bank_data {
            let _ = writeln!(
                out,
                "  rejects.csv and report.xlsx hold the rows as read, bank data included; only you can read them."
            );
        }
    }
    out
}

/// What became of the run, in a sentence.
#[must_use]
pub fn verdict(report: &RunReport) -> String {
    let rows = thousands(report.rows());
    let undone = report.rows()
        - RowOutcome::ALL
            .into_iter()
            .filter(|o| o.is_done())
            .map(|o| report.count(o))
            .sum::<u64>();
    let target = report.target.as_deref().unwrap_or("");
    if let Some(stopped) = &report.stopped {
        // Whole sentences say themselves what to do.
        if stopped.ends_with('.') {
            return format!("Stopped early: {stopped}");
        }
        return format!(
            "Stopped early: {stopped}. Nothing is lost; run the same command again to go on."
        );
    }
    match report.kind {
        Kind::Check if report.ending == RunEnding::Done => format!("All {rows} rows can be sent."),
        Kind::Check => {
            format!(
                "{} of {rows} rows cannot be sent as they are.",
                thousands(report.count(RowOutcome::Invalid))
            )
        }
        Kind::DryRun => {
            format!("Dry run: nothing was sent to {target}. This is what an import would do:")
        }
        Kind::Reconcile if report.ending == RunEnding::Done => {
            format!("No row at {target} is in doubt.")
        }
        Kind::Reconcile => {
            format!("Rows at {target} are still in doubt; see `partner-sync status`.")
        }
        Kind::Verify if report.ending == RunEnding::Done => {
            format!("Each of the {rows} rows agrees with its partner at {target}.")
        }
        Kind::Verify => {
            let agree = report.verified.map_or(0, |v| v.agree);
            format!(
                "{} of {rows} rows agree with their partner at {target}.",
                thousands(agree)
            )
        }
        Kind::Import if report.rows() == 0 => "The export has no rows.".to_owned(),
        Kind::Import if undone == 0 => {
            format!("Done: each of the {rows} rows has its partner at {target}.")
        }
        Kind::Import => format!(
            "{} of {rows} rows have no partner yet, or are to be looked at.",
            thousands(undone)
        ),
    }
}

pub(super) fn next_step(report: &RunReport) -> &'static str {
    let has = |outcome: RowOutcome| report.count(outcome) > 0;
    if report.stopped.is_some() {
        ""
    } else if has(RowOutcome::InDoubt) {
        "run the same command again, or `partner-sync reconcile`, when the API answers look-ups."
    } else if has(RowOutcome::Invalid) || has(RowOutcome::Rejected) || has(RowOutcome::Blocked) {
        if report.values == SourceValues::LeftOut {
            "repair the rows that problems.csv names in the export, and run again."
        } else if report.written.is_empty() {
            "run again with --report DIR; repair the rows in its rejects.csv and import that file with the same mapping."
        } else {
            "repair the rows in rejects.csv and import that file with the same mapping."
        }
    } else if report.kind == Kind::Verify {
        if report.ending == RunEnding::Done {
            ""
        } else {
            "look at the fields that differ; the API documents no update, so partners are changed there by hand."
        }
    } else if has(RowOutcome::Changed) {
        "change these partners on the API by hand."
    } else if has(RowOutcome::Deferred) && report.ending == RunEnding::Problems {
        "look at the problems of the rows that were refused; running the same command again sends them again."
    } else if has(RowOutcome::Deferred) && report.kind == Kind::Import {
        "run the same command again to go on."
    } else {
        ""
    }
}

/// A plain table: columns as wide as their widest cell.
#[must_use]
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| -> String {
        let mut out = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(out, "{cell:<width$}  ");
        }
        out.trim_end().to_owned() + "\n"
    };
    let mut out = line(&mut header.iter().copied());
    for row in rows {
        out.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    out
}
