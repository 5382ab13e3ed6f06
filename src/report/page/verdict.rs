//! What became of a run, in a sentence.

use std::fmt::Write as _;

use crate::diagnostic::{Code, counted, thousands};
use crate::partner::RowOutcome;
use crate::report::ending::RunEnding;
use crate::report::model::{Kind, RunReport};
use crate::report::stopped::{StopCause, Stopped};

/// What became of a run that came to its end.
pub(super) fn verdict(report: &RunReport) -> String {
    let rows = report.rows();
    match report.kind {
        Kind::Reconcile => reconciled(report),
        Kind::Verify => verified(report),
        _ if rows == 0 => "The export has no rows.".to_owned(),
        Kind::Check => checked(report),
        Kind::DryRun => format!("Nothing was sent. An import would {}.", planned(report)),
        Kind::Import => {
            let all_there = RowOutcome::ALL
                .into_iter()
                .all(|o| o.is_done() || report.count(o) == 0);
            let by_none = report.count(RowOutcome::Created) + report.by_others() == 0;
            if all_there && by_none {
                return match rows {
                    1 => "The row has its partner already; nothing was new.".to_owned(),
                    _ => format!(
                        "All {} rows have their partners already; nothing was new.",
                        thousands(rows)
                    ),
                };
            }
            format!("{}.", outcomes(report))
        }
    }
}

/// What became of rows that were in doubt: `2 rows have their partner, 1 row has none, 1 row is still in doubt`.
fn reconciled(report: &RunReport) -> String {
    let n = |outcome| report.count(outcome);
    let found = n(RowOutcome::Adopted) + n(RowOutcome::Skipped);
    let (absent, open) = (
        n(RowOutcome::Deferred),
        n(RowOutcome::InDoubt).max(report.count_of(Code::InDoubt)),
    );
    let of = |n: u64, one: &str, many: &str| {
        let words = if n == 1 { one } else { many };
        (n > 0).then(|| format!("{} {words}", counted(n, "row")))
    };
    let parts: Vec<String> = [
        of(found, "has its partner", "have their partners"),
        of(absent, "has no partner yet", "have no partner yet"),
        of(n(RowOutcome::Invalid), "needs repair", "need repair"),
        of(
            n(RowOutcome::Rejected),
            "was rejected by the API",
            "were rejected by the API",
        ),
        of(open, "is still in doubt", "are still in doubt"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (open, parts.is_empty()) {
        (0, true) => "No row is in doubt.".to_owned(),
        (0, false) => format!("{}; no row is in doubt any more.", parts.join(", ")),
        _ => format!("{}.", parts.join(", ")),
    }
}

fn checked(report: &RunReport) -> String {
    let (rows, invalid) = (report.rows(), report.count(RowOutcome::Invalid));
    let valid = report.count(RowOutcome::Deferred);
    match (rows, invalid) {
        (1, 0) => "The row can be sent.".to_owned(),
        (_, 0) => format!("All {} rows can be sent.", thousands(rows)),
        (1, _) => "The row cannot be sent as it is.".to_owned(),
        (_, _) if valid == 0 => format!(
            "None of the {} rows can be sent as they are.",
            thousands(rows)
        ),
        (_, 1) => format!(
            "{} of {} rows can be sent; 1 needs repair.",
            thousands(valid),
            thousands(rows)
        ),
        _ => format!(
            "{} of {} rows can be sent; {} need repair.",
            thousands(valid),
            thousands(rows),
            thousands(invalid)
        ),
    }
}

/// What an import would do: `create 22 partners, skip 3 rows and leave out 5 rows that need repair`.
fn planned(report: &RunReport) -> String {
    let n = |outcome| report.count(outcome);
    let rows = |outcome| counted(n(outcome), "row");
    let mut parts = Vec::new();
    let mut add = |outcome: RowOutcome, words: String| {
        if n(outcome) > 0 {
            parts.push(words);
        }
    };
    add(
        RowOutcome::Created,
        format!("create {}", counted(n(RowOutcome::Created), "partner")),
    );
    add(
        RowOutcome::Adopted,
        format!(
            "record {} found on the API",
            counted(n(RowOutcome::Adopted), "partner")
        ),
    );
    add(
        RowOutcome::Skipped,
        format!("skip {} created before", rows(RowOutcome::Skipped)),
    );
    add(
        RowOutcome::Changed,
        format!(
            "report {} changed since their creation",
            rows(RowOutcome::Changed)
        ),
    );
    add(
        RowOutcome::InDoubt,
        format!("look up {} in doubt", rows(RowOutcome::InDoubt)),
    );
    let left = n(RowOutcome::Invalid) + n(RowOutcome::Rejected) + n(RowOutcome::Blocked);
    if left > 0 {
        let needs = if left == 1 { "that needs" } else { "that need" };
        parts.push(format!("leave out {} {needs} repair", counted(left, "row")));
    }
    if n(RowOutcome::Deferred) > 0 {
        parts.push(format!("not reach {}", rows(RowOutcome::Deferred)));
    }
    joined(&parts)
}

/// `a`, `a and b`, `a, b and c`.
fn joined(parts: &[String]) -> String {
    match parts {
        [] => "do nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// What became of the rows: `22 partners were created, 7 rows need repair, 1 row waits for its parent`.
fn outcomes(report: &RunReport) -> String {
    let each = RowOutcome::ALL.into_iter().filter_map(|outcome| {
        let n = report.count(outcome);
        let rows = counted(n, "row");
        let partners = counted(n, "partner");
        let (was, is) = if n == 1 {
            ("was", "is")
        } else {
            ("were", "are")
        };
        let words = match outcome {
            RowOutcome::Created => format!("{partners} {was} created"),
            RowOutcome::Adopted => format!("{partners} {was} found on the API"),
            RowOutcome::Skipped if report.by_others() >= n => {
                format!("{rows} {was} created by other machines")
            }
            RowOutcome::Skipped => format!("{rows} {was} created before"),
            RowOutcome::Changed => format!("{rows} changed since their creation"),
            RowOutcome::Blocked if n == 1 => "1 row waits for its parent".to_owned(),
            RowOutcome::Blocked => format!("{rows} wait for their parents"),
            RowOutcome::Invalid if n == 1 => "1 row needs repair".to_owned(),
            RowOutcome::Invalid => format!("{rows} need repair"),
            RowOutcome::Rejected => format!("{rows} {was} rejected by the API"),
            RowOutcome::InDoubt => format!("{rows} {is} in doubt"),
            RowOutcome::Deferred => format!("{rows} {was} not sent"),
        };
        (n > 0).then_some(words)
    });
    each.collect::<Vec<_>>().join(", ")
}

/// The sign-off of a comparison: `1,000 rows, 1,000 partners, 3 differ`.
fn verified(report: &RunReport) -> String {
    let Some(v) = report.verified else {
        return outcomes(report);
    };
    let partners = v.agree + v.differ + v.only_api;
    let mut parts = vec![counted(report.rows(), "row"), counted(partners, "partner")];
    let found = [
        (v.differ, if v.differ == 1 { "differs" } else { "differ" }),
        (v.gone, "gone from the API"),
        (v.only_source, "without a partner"),
        (v.only_api, "no longer in the export"),
        (v.uncompared, "not compared"),
    ];
    parts.extend(
        found
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, words)| format!("{} {words}", thousands(*n))),
    );
    let words = parts.join(", ");
    if report.ending == RunEnding::Done && v.uncompared == 0 {
        format!("{words}: all agree.")
    } else if report.ending == RunEnding::Done {
        format!("{words}; all others agree.")
    } else {
        format!("{words}.")
    }
}

/// What became of a run that stopped early.
pub(super) fn stopped_verdict(report: &RunReport) -> String {
    let rows = report.rows();
    let created = report.count(RowOutcome::Created) + report.count(RowOutcome::Adopted);
    let left = report.count(RowOutcome::Deferred);
    let cause = report.stopped.as_ref().map(Stopped::cause);
    match report.kind {
        Kind::Import if cause == Some(StopCause::NotOver) => format!(
            "Not over yet: {} of {} {} created.",
            thousands(created),
            counted(rows, "row"),
            if created == 1 { "is" } else { "are" }
        ),
        Kind::Check => format!("The check stopped early, after {}.", counted(rows, "row")),
        Kind::Verify => "The comparison stopped early: it says nothing yet.".to_owned(),
        Kind::DryRun => "An import of this export would send nothing.".to_owned(),
        Kind::Reconcile => "It stopped early: rows are still in doubt.".to_owned(),
        Kind::Import if created == 0 && report.count(RowOutcome::InDoubt) == 0 => {
            "Nothing was sent.".to_owned()
        }
        Kind::Import => {
            let mut words = format!(
                "Stopped early: {} of {} {} created",
                thousands(created),
                counted(rows, "row"),
                if created == 1 { "was" } else { "were" }
            );
            if left > 0 {
                let wait = if left == 1 { "waits" } else { "wait" };
                // Writing to memory cannot fail.
                let _ = write!(words, ", {} {wait} for the next run", thousands(left));
            }
            words.push('.');
            words
        }
    }
}
