//! The words of the terminal: verdict, counts, the most frequent problems with one example each, what to
//! do next, where the reports are. It fits a screen. Text first; colour is added by `cli`.

use std::fmt::Write as _;

use crate::diagnostic::{counted, thousands};

use super::contents::SourceValues;
use super::ending::RunEnding;
use super::model::{Kind, RunReport};
use super::stopped::Stopped;
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
    if report.left_out() > 0 {
        let _ = writeln!(
            out,
            "  {:>10}  left out (not among the rows; see the notes about the files)",
            thousands(report.left_out())
        );
    }
    if report.kind != Kind::Check {
        let _ = writeln!(
            out,
            "\n  Total {}; each is counted once.",
            counted(report.rows(), "row")
        );
    }
    let busy = report.timeline.as_ref().map_or(0, |timeline| {
        timeline.pauses.iter().filter(|p| p.throttled).count()
    });
    if busy > 0 {
        let _ = writeln!(
            out,
            "  The API was busy {}; the run slowed down for it.",
            counted(busy as u64, "time")
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
    problems(report, examples, &mut out);
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

/// The most frequent problems, with an example each.
fn problems(report: &RunReport, examples: Examples, out: &mut String) {
    if report.groups.is_empty() {
        return;
    }
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

/// What became of the run, in a sentence.
#[must_use]
pub fn verdict(report: &RunReport) -> String {
    verdict_of(report, report.stopped.as_ref().map(Stopped::words))
}

/// The same without any words of the API, for messages that leave the machine.
#[must_use]
pub fn brief_verdict(report: &RunReport) -> String {
    verdict_of(report, report.stopped.as_ref().map(Stopped::brief))
}

fn verdict_of(report: &RunReport, stopped: Option<&str>) -> String {
    let rows = thousands(report.rows());
    let undone = report.rows()
        - RowOutcome::ALL
            .into_iter()
            .filter(|o| o.is_done())
            .map(|o| report.count(o))
            .sum::<u64>();
    let target = report.target.as_deref().unwrap_or("");
    let to = match target {
        "" => String::new(),
        target => format!(" to {target}"),
    };
    if let Some(stopped) = stopped {
        // Whole sentences say themselves what to do.
        if stopped.ends_with(['.', '?', '!']) {
            return format!("Stopped early: {stopped}");
        }
        return format!(
            "Stopped early: {stopped}. Nothing is lost; run the same command again to go on."
        );
    }
    match report.kind {
        Kind::Check if report.ending == RunEnding::Done => match report.rows() {
            0 => "The export has no rows.".to_owned(),
            1 => "1 row can be sent.".to_owned(),
            _ => format!("All {rows} rows can be sent."),
        },
        Kind::Check => {
            format!(
                "{} of {} cannot be sent as {}.",
                thousands(report.count(RowOutcome::Invalid)),
                counted(report.rows(), "row"),
                if report.count(RowOutcome::Invalid) == 1 {
                    "it is"
                } else {
                    "they are"
                }
            )
        }
        Kind::DryRun => {
            format!("Dry run: nothing was sent{to}. This is what an import would do:")
        }
        Kind::Reconcile if report.ending == RunEnding::Done => {
            format!("No row at {target} is in doubt.")
        }
        Kind::Reconcile => match report.count(RowOutcome::InDoubt) {
            0 => format!("No row at {target} is in doubt, but some need somebody."),
            1 => format!("1 row at {target} is still in doubt; see `partner-sync status`."),
            n => format!(
                "{} rows at {target} are still in doubt; see `partner-sync status`.",
                thousands(n)
            ),
        },
        Kind::Verify if report.ending == RunEnding::Done => match report.rows() {
            1 => format!("1 row agrees with its partner at {target}."),
            _ => format!("All {rows} rows agree with their partners at {target}."),
        },
        Kind::Verify => {
            let agree = report.verified.map_or(0, |v| v.agree);
            format!(
                "{} of {} {} with {} at {target}.",
                thousands(agree),
                counted(report.rows(), "row"),
                if agree == 1 { "agrees" } else { "agree" },
                if agree == 1 {
                    "its partner"
                } else {
                    "their partners"
                },
            )
        }
        Kind::Import if report.rows() == 0 => "The export has no rows.".to_owned(),
        Kind::Import if report.ending == RunEnding::Done && undone == 0 => match report.rows() {
            1 => format!("Done: 1 row, which has its partner at {target}."),
            _ => format!("Done: {rows} rows, each with its partner at {target}."),
        },
        Kind::Import => format!("{}.", outcomes(report)),
    }
}

/// What became of the rows: `22 created, 7 invalid, 1 waiting for its parent`.
fn outcomes(report: &RunReport) -> String {
    let each = RowOutcome::ALL.into_iter().filter_map(|outcome| {
        let count = report.count(outcome);
        let words = match outcome {
            RowOutcome::Created => "created",
            RowOutcome::Adopted => "found on the API",
            RowOutcome::Skipped => "already created",
            RowOutcome::Changed => "changed since they were created",
            RowOutcome::Blocked if count == 1 => "waiting for its parent",
            RowOutcome::Blocked => "waiting for their parents",
            RowOutcome::Invalid => "invalid",
            RowOutcome::Rejected => "rejected by the API",
            RowOutcome::InDoubt => "in doubt",
            RowOutcome::Deferred => "not tried",
        };
        (count > 0).then(|| format!("{} {words}", thousands(count)))
    });
    each.collect::<Vec<_>>().join(", ")
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
