//! The words of the terminal: verdict, counts, the most frequent problems with one example each, what to
//! do next, where the reports are. It fits a screen. Text first; colour is added by `cli`.

use std::fmt::Write as _;

use crate::diagnostic::{Code, counted, thousands};

use super::ending::RunEnding;
use super::model::{Kind, ProblemGroup, RunReport};
use super::next::{is_refused, next_step};
use super::stopped::{StopCause, Stopped};
use super::table::table;
use super::together::{MachinePart, Together};
use crate::partner::RowOutcome;

/// Groups of problems that are shown.
const SHOWN_GROUPS: usize = 5;

/// Whether a summary shows problems as they stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examples {
    /// The first of each kind, with its value.
    Shown,
    /// None, but what each kind means: nobody may be there to read them, and they are mailed and logged. Why a run stopped is its
    /// first sentence, since all of it goes to standard error.
    LeftOut,
}

/// The summary of a run.
#[must_use]
pub fn render(report: &RunReport, examples: Examples) -> String {
    let mut out = String::new();
    let verdict = verdict(report);
    let verdict = match examples {
        Examples::LeftOut if report.is_stopped() => first_sentence(&verdict),
        _ => &verdict,
    };
    let _ = writeln!(out, "{verdict}");
    if report.kind == Kind::Reconcile && report.rows() == 0 && report.groups.is_empty() {
        return out;
    }
    // What stopped before its first row has nothing to count.
    if report.rows() > 0 || report.stopped.is_none() {
        counts(report, &mut out);
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
                "  rejects.csv and report.xlsx contain your own rows, bank data included; only you can read them."
            );
        }
    }
    out
}

/// Rows by outcome, with their sum.
fn counts(report: &RunReport, out: &mut String) {
    let _ = writeln!(out);
    let rows = if report.rows() == 1 { "row" } else { "rows" };
    let _ = writeln!(out, "  {:>10}  {rows}", thousands(report.rows()));
    for line in report.lines() {
        if line.count > 0 || report.kind == Kind::Check {
            let _ = writeln!(out, "  {:>10}  {}", thousands(line.count), line.meaning);
        }
    }
    if report.left_out() > 0 {
        let _ = writeln!(
            out,
            "  {:>10}  left out (not counted as rows; see the notes about the files)",
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
    if let Some(together) = &report.together {
        for words in together.words(report.rows()) {
            let _ = writeln!(out, "  {words}");
        }
        if together.own.is_none() {
            out.push('\n');
            for line in table(&MACHINES, &machines(together)).lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
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
            "  Partners on the API whose row is no longer in the export: {}.",
            thousands(verified.only_api)
        );
    }
}

const MACHINES: [&str; 7] = [
    "MACHINE", "CREATED", "FOUND", "REJECTED", "FROM", "UNTIL", "STANDS",
];

/// What each machine of an import did.
fn machines(together: &Together) -> Vec<Vec<String>> {
    let line = |m: &MachinePart| {
        vec![
            m.name(),
            thousands(m.created),
            thousands(m.adopted),
            thousands(m.rejected),
            m.started.clone(),
            m.ended.clone().unwrap_or_default(),
            m.fate().to_owned(),
        ]
    };
    together.machines.iter().map(line).collect()
}

/// The most frequent problems, with an example each.
fn problems(report: &RunReport, examples: Examples, out: &mut String) {
    if report.groups.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nMost frequent problems:");
    // Why it stopped stands before what is more frequent.
    let why: &[Code] = match cause(report) {
        StopCause::Canary => &[
            Code::PartnerDiffers,
            Code::PartnerGone,
            Code::PartnerOfAnotherRow,
        ],
        _ => &[],
    };
    let mut groups: Vec<&ProblemGroup> = report.groups.iter().collect();
    groups.sort_by_key(|group| !why.contains(&group.code));
    for group in groups.into_iter().take(SHOWN_GROUPS) {
        let column = group
            .column
            .as_ref()
            .map(|c| format!(" in \"{c}\""))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "  {}{column}",
            counted(group.count, group.severity.as_str())
        );
        if examples == Examples::LeftOut {
            let _ = writeln!(out, "      {} [{}]", group.code.meaning(), group.code);
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
            "  and {}",
            counted((report.groups.len() - SHOWN_GROUPS) as u64, "more kind")
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

/// An API as a sentence names it. The name of a sandbox's data says nothing to a person.
#[must_use]
pub fn target_in_words(target: &str) -> &str {
    if target.starts_with("sandbox:") {
        "the sandbox"
    } else {
        target
    }
}

fn verdict_of(report: &RunReport, stopped: Option<&str>) -> String {
    let target = report.target.as_deref().map_or("", target_in_words);
    match (stopped, report.kind) {
        // It did not stop.
        (Some(stopped), _) if is_not_over(report) => stopped.to_owned(),
        (Some(stopped), kind) => stop_in_words(kind, stopped, cause(report)),
        (None, Kind::Check) => of_check(report),
        (None, Kind::DryRun) => {
            let to = match target {
                "" => String::new(),
                target => format!(" to {target}"),
            };
            format!("Dry run: nothing was sent{to}. This is what an import would do:")
        }
        (None, Kind::Reconcile) => of_reconcile(report, target),
        (None, Kind::Verify) => of_verify(report, target),
        (None, Kind::Import) => of_import(report, target),
    }
}

/// The first sentence of what may be several lines.
fn first_sentence(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let ends = line.match_indices(['.', '?', '!']).map(|(at, _)| at + 1);
    let is_end = |at: &usize| {
        let mut behind = line[*at..].chars();
        behind.next() == Some(' ') && behind.next().is_some_and(char::is_uppercase)
    };
    &line[..ends.into_iter().find(is_end).unwrap_or(line.len())]
}

/// Whether it is an import that machines share and that has not come to its end.
fn is_not_over(report: &RunReport) -> bool {
    report.stopped.is_some() && !report.is_stopped()
}

fn cause(report: &RunReport) -> StopCause {
    report
        .stopped
        .as_ref()
        .map(Stopped::cause)
        .unwrap_or_default()
}

fn stop_in_words(kind: Kind, stopped: &str, cause: StopCause) -> String {
    let stop = match kind {
        Kind::DryRun => "Dry run",
        _ => "Stopped early",
    };
    // Whole sentences say themselves what to do.
    if stopped.ends_with(['.', '?', '!']) {
        return format!("{stop}: {stopped}");
    }
    let is_away = cause == StopCause::ApiDown;
    match kind {
        // Each problem of several lines says so itself.
        _ if stopped.contains('\n') => format!("{stop}: {stopped}"),
        _ if matches!(cause, StopCause::Settings | StopCause::Export) => {
            format!("{stop}: {stopped}. Correct that, and run the same command again.")
        }
        Kind::Check | Kind::DryRun | Kind::Verify if is_away => format!(
            "{stop}: {stopped}. Check --api-url and the network, and run the same command again when the API answers."
        ),
        Kind::Import | Kind::Reconcile if is_away => format!(
            "{stop}: {stopped}. Nothing is lost; run the same command again to continue when the API answers. If it never did, check --api-url and the network."
        ),
        // They have sent nothing that could be lost.
        Kind::Check | Kind::DryRun | Kind::Verify => {
            format!("{stop}: {stopped}. Run the same command again.")
        }
        Kind::Import | Kind::Reconcile => {
            format!("{stop}: {stopped}. Nothing is lost; run the same command again to continue.")
        }
    }
}

fn of_check(report: &RunReport) -> String {
    let invalid = report.count(RowOutcome::Invalid);
    match report.rows() {
        _ if report.ending != RunEnding::Done => format!(
            "{} of {} cannot be sent as {}.",
            thousands(invalid),
            counted(report.rows(), "row"),
            if invalid == 1 { "it is" } else { "they are" }
        ),
        0 => "The export has no rows.".to_owned(),
        1 => "1 row can be sent.".to_owned(),
        rows => format!("All {} rows can be sent.", thousands(rows)),
    }
}

fn of_reconcile(report: &RunReport, target: &str) -> String {
    // Those of rows that an export has, and of others.
    let in_doubt = report.count_of(Code::InDoubt);
    match in_doubt.max(report.count(RowOutcome::InDoubt)) {
        _ if report.ending == RunEnding::Done => {
            format!("No row at {target} is in doubt any more.")
        }
        0 => format!("No row at {target} is in doubt any more, but some rows need attention."),
        1 => format!("1 row at {target} is still in doubt; see `partner-sync status`."),
        n => format!(
            "{} rows at {target} are still in doubt; see `partner-sync status`.",
            thousands(n)
        ),
    }
}

fn of_verify(report: &RunReport, target: &str) -> String {
    let agree = report.verified.map_or(0, |v| v.agree);
    let partners = if agree == 1 {
        "agrees with its partner"
    } else {
        "agree with their partners"
    };
    match report.rows() {
        rows if report.ending != RunEnding::Done => format!(
            "{} of {} {partners} at {target}.",
            thousands(agree),
            counted(rows, "row")
        ),
        // The others are not part of the sample.
        rows if agree < rows => format!(
            "{} of {} {partners} at {target}; the others were not compared.",
            thousands(agree),
            counted(rows, "row")
        ),
        1 => format!("1 row agrees with its partner at {target}."),
        rows => format!(
            "All {} rows agree with their partners at {target}.",
            thousands(rows)
        ),
    }
}

fn of_import(report: &RunReport, target: &str) -> String {
    let is_done = |outcome: &RowOutcome| outcome.is_done();
    let done: u64 = (RowOutcome::ALL.into_iter().filter(is_done))
        .map(|outcome| report.count(outcome))
        .sum();
    let all_done = report.ending == RunEnding::Done && done == report.rows();
    match report.rows() {
        0 => "The export has no rows.".to_owned(),
        1 if all_done => format!("Done: 1 row, which has its partner at {target}."),
        rows if all_done => format!(
            "Done: {} rows, each with its partner at {target}.",
            thousands(rows)
        ),
        rows if is_refused(report) => {
            let invalid = report.count(RowOutcome::Invalid);
            format!(
                "Nothing was sent: {} of {} {} invalid, more than --max-errors allows.",
                thousands(invalid),
                counted(rows, "row"),
                if invalid == 1 { "is" } else { "are" }
            )
        }
        _ => format!("{}.", outcomes(report)),
    }
}

/// What became of the rows: `22 created, 7 invalid, 1 waiting for its parent`.
fn outcomes(report: &RunReport) -> String {
    let each = RowOutcome::ALL.into_iter().filter_map(|outcome| {
        let count = report.count(outcome);
        let words = match outcome {
            RowOutcome::Created => "created",
            RowOutcome::Adopted => "found on the API",
            RowOutcome::Skipped if report.by_others() >= count => "created by other machines",
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
