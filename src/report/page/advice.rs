//! The top of a page: what became of the run, in a sentence; why, where it stopped; what to do now, and by whom.

use serde::Serialize;

use super::spoken::without_folders;
use super::verdict::{stopped_verdict, verdict};
use crate::diagnostic::{Code, Severity, counted, thousands};
use crate::partner::RowOutcome;
use crate::report::contents::SourceValues;
use crate::report::ending::RunEnding;
use crate::report::model::{Kind, RunReport};
use crate::report::next::is_refused;
use crate::report::stopped::StopCause;

/// Who does it.
const OWNER: &str = "Owner of the data";
const ENGINEER: &str = "Engineer";
const OPERATOR: &str = "Operator";

/// A column of which at least this share of the rows is wrong is rather mapped wrongly.
const MOST_ROWS: f64 = 0.8;
/// Fewer rows than this say nothing about a column.
const FEW_ROWS: u64 = 5;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Task {
    pub(super) who: &'static str,
    pub(super) what: String,
}

/// The top of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Advice {
    /// `good`, `look` or `bad`: how the verdict is coloured, beside its words.
    pub(super) mood: &'static str,
    pub(super) verdict: String,
    /// Why it stopped, in words of its own.
    pub(super) why: Option<String>,
    pub(super) tasks: Vec<Task>,
}

/// What there is to say of a run.
pub(super) fn advice(report: &RunReport) -> Advice {
    let stopped = report.stopped.as_ref();
    let refused = refusal(report);
    let mut tasks = Vec::new();
    if let Some(stopped) = stopped {
        tasks.extend(after_stop(stopped.cause(), report));
    } else if let Some((_, task)) = &refused {
        tasks.push(task.clone());
    }
    tasks.extend(of_rows(report));
    let verdict = match (stopped, &refused) {
        (Some(_), _) => stopped_verdict(report),
        (None, Some((words, _))) => words.clone(),
        (None, None) => verdict(report),
    };
    let mood = match report.ending {
        RunEnding::Done if report.warnings == 0 => "good",
        RunEnding::Done | RunEnding::Problems => "look",
        _ => "bad",
    };
    Advice {
        mood,
        verdict,
        why: stopped.map(|s| sentence(&without_folders(s.words()))),
        tasks,
    }
}

fn task(who: &'static str, what: impl Into<String>) -> Task {
    Task {
        who,
        what: what.into(),
    }
}

/// A message as a sentence of its own.
fn sentence(words: &str) -> String {
    let words = words.trim();
    let mut chars = words.chars();
    let first = chars.next();
    // A name or a number stays as it is written.
    let is_word = words
        .split_whitespace()
        .next()
        .is_some_and(|w| w.chars().all(|c| c.is_ascii_lowercase() || c == ','));
    let mut out: String = match first {
        Some(first) if is_word => first.to_uppercase().chain(chars).collect(),
        _ => words.to_owned(),
    };
    if !out.ends_with(['.', '?', '!']) {
        out.push('.');
    }
    out
}

/// What is to be done about the reason of a stop.
fn after_stop(cause: StopCause, report: &RunReport) -> Vec<Task> {
    let again = match report.kind {
        Kind::Import | Kind::Reconcile => {
            "run the same command again; it goes on where it stopped, and no partner is created twice"
        }
        _ => "run the same command again",
    };
    let one = match cause {
        StopCause::Interrupted | StopCause::TimeOver => task(OPERATOR, capital(again) + "."),
        StopCause::Limit => task(
            ENGINEER,
            "Run again without --limit, or with a larger one, for the rows that are left.",
        ),
        StopCause::ApiDown => task(OPERATOR, format!("When the API answers again, {again}.")),
        StopCause::NotAuthorised => task(
            ENGINEER,
            format!("Renew the token, or have it allowed to create partners; then {again}."),
        ),
        StopCause::Settings => task(
            ENGINEER,
            "Correct what the message above names; then run again.",
        ),
        StopCause::Export => task(
            OPERATOR,
            "Ask who makes the export whether it is whole and as it should be. Run again when the right file is there.",
        ),
        StopCause::TooManyNew => task(
            OWNER,
            "Compare this export's keys with the last one's: so many new rows may be old ones under new keys. If they are new, the engineer raises max_new.",
        ),
        StopCause::Canary => task(
            ENGINEER,
            "Compare the rows named below with their partners on the API, correct the mapping, and run again.",
        ),
        StopCause::State => task(
            OPERATOR,
            format!("Look at the disk and the file that the message above names; then {again}."),
        ),
        StopCause::NotOver => task(
            OPERATOR,
            "While machines are at work, nothing. If none is any more, run the same command again on one or several machines; it goes on where it stopped, and no partner is created twice.",
        ),
        StopCause::Fault => task(
            ENGINEER,
            "This is a fault of partner-sync: please report it with the log. Nothing is lost.",
        ),
        // The words themselves say what there is to say.
        StopCause::Other => task(OPERATOR, capital(again) + "."),
    };
    vec![one]
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// A run that sent nothing since too many rows are invalid: its valid rows were not tried, and nothing stopped it.
fn refusal(report: &RunReport) -> Option<(String, Task)> {
    let invalid = report.count(RowOutcome::Invalid);
    is_refused(report).then(|| {
        let are = if invalid == 1 { "is" } else { "are" };
        (
            format!(
                "Nothing was sent: {} of {} {are} invalid, more than allowed.",
                thousands(invalid),
                counted(report.rows(), "row")
            ),
            task(
                ENGINEER,
                "Import again when the rows are repaired, or allow more invalid rows (--max-errors).",
            ),
        )
    })
}

/// What is to be done about rows.
fn of_rows(report: &RunReport) -> Vec<Task> {
    let n = |outcome| report.count(outcome);
    let mut tasks = Vec::new();
    if report.kind == Kind::Verify {
        return of_comparison(report);
    }
    tasks.extend(suspicious_mapping(report));
    let repair = n(RowOutcome::Invalid) + n(RowOutcome::Rejected);
    if repair > 0 {
        tasks.push(task(OWNER, repair_words(report, repair)));
        let words = match (report.kind, report.values) {
            (Kind::Check, _) => "Check the repaired file again, then import it.".to_owned(),
            (_, SourceValues::Shown) => format!(
                "Import the repaired file with the mapping \u{201c}{}\u{201d}.",
                report.mapping
            ),
            (_, SourceValues::LeftOut) => "Import the repaired export.".to_owned(),
        };
        tasks.push(task(ENGINEER, words));
    }
    let in_doubt = n(RowOutcome::InDoubt).max(report.count_of(Code::InDoubt));
    let is_run_again = in_doubt > 0 && report.stopped.is_none() && report.kind != Kind::DryRun;
    let waiting = n(RowOutcome::Blocked);
    if waiting > 0 && (repair > 0 || !is_run_again) {
        let words = if repair > 0 {
            "Rows that wait for their parents are in that file too, and are sent with it. If their parents are not repaired, they go on waiting."
        } else {
            "Do what is said below about the rows that others wait for, then import this export again: the rows that wait are sent then."
        };
        tasks.push(task(ENGINEER, words));
    }
    if is_run_again {
        let children = if waiting > 0 && repair == 0 {
            ", and rows that wait for them are sent after them"
        } else {
            ""
        };
        tasks.push(task(
            OPERATOR,
            format!(
                "Run again in a few minutes: rows in doubt are looked up on the API before anything is sent again{children}. For rows that stay in doubt, look on the API and do what is said below."
            ),
        ));
    }
    let absent = n(RowOutcome::Deferred);
    if absent > 0 && report.kind == Kind::Reconcile && report.stopped.is_none() {
        tasks.push(task(
            OPERATOR,
            "Import the export again: rows without a partner are sent then.",
        ));
    }
    let changed = n(RowOutcome::Changed);
    if changed > 0 {
        let these = if changed == 1 {
            "this partner".to_owned()
        } else {
            format!("these {} partners", thousands(changed))
        };
        tasks.push(task(
            ENGINEER,
            format!("Change {these} on the API by hand: it documents no update."),
        ));
    }
    if tasks.is_empty() || repair == 0 {
        tasks.extend(ready(report));
    }
    tasks
}

fn repair_words(report: &RunReport, rows: u64) -> String {
    let them = if rows == 1 {
        "the row".to_owned()
    } else {
        format!("the {} rows", thousands(rows))
    };
    let is_written = |name: &str| report.written.iter().any(|p| p.ends_with(name));
    let holds = |name: &&str| report.values == SourceValues::Shown && is_written(name);
    match ["report.xlsx", "rejects.csv"].into_iter().find(holds) {
        Some(file) => format!(
            "Repair {them} in {file}, save it, and send the file back. The problems below say what is wrong."
        ),
        None => format!("Repair {them} named below, where the data comes from, and export again."),
    }
}

/// A column of which almost every row is wrong: nobody should repair it cell by cell.
fn suspicious_mapping(report: &RunReport) -> Option<Task> {
    let rows = report.rows();
    #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
    let is_most = |n: u64| n as f64 >= rows as f64 * MOST_ROWS;
    let group = report
        .groups
        .iter()
        .find(|g| g.severity == Severity::Error && g.column.is_some() && is_most(g.count))?;
    let column = group.column.as_deref()?;
    (rows >= FEW_ROWS).then(|| {
        task(
            ENGINEER,
            format!(
                "Look at the mapping of \u{201c}{column}\u{201d} first: almost every row has the same problem there, so the cells may be right and the rule wrong."
            ),
        )
    })
}

/// What follows where no row needs repair.
fn ready(report: &RunReport) -> Vec<Task> {
    let mut tasks = Vec::new();
    if report.stopped.is_some() || report.rows() == 0 {
        if report.rows() == 0 && report.stopped.is_none() && report.kind != Kind::Reconcile {
            tasks.push(task(
                OWNER,
                "Export again: the file has a header and no rows below it.",
            ));
        }
        return tasks;
    }
    if report.warnings > 0 {
        tasks.push(task(
            OWNER,
            format!(
                "Look at the {} below. Rows with only warnings are sent.",
                counted(report.warnings, "warning")
            ),
        ));
    }
    let left = report.count(RowOutcome::Deferred);
    match report.kind {
        Kind::Check => tasks.push(task(
            ENGINEER,
            format!(
                "Import the file with the mapping \u{201c}{}\u{201d}.",
                report.mapping
            ),
        )),
        Kind::DryRun if report.count(RowOutcome::Created) > 0 => tasks.push(task(
            ENGINEER,
            "Run the same command without --dry-run. What it creates cannot be undone through the API.",
        )),
        Kind::Import if left > 0 => tasks.push(task(
            OPERATOR,
            format!(
                "Look at the problems of the {} that {} not sent, and run again: they are sent then.",
                counted(left, "row"),
                if left == 1 { "was" } else { "were" }
            ),
        )),
        _ => {}
    }
    tasks
}

fn of_comparison(report: &RunReport) -> Vec<Task> {
    let Some(v) = report.verified.filter(|_| report.stopped.is_none()) else {
        return Vec::new();
    };
    let mut tasks = Vec::new();
    let swapped = report.count_of(Code::PartnerOfAnotherRow);
    if v.differ > swapped {
        tasks.push(task(
            OWNER,
            "Decide for each difference below which side is right: the export or the API.",
        ));
        tasks.push(task(
            ENGINEER,
            "Change partners on the API by hand where the export is right: the API documents no update.",
        ));
    }
    if swapped > 0 {
        tasks.push(task(
            ENGINEER,
            "For rows that have another row's partner: run `partner-sync state forget KEY`, import again, and compare again.",
        ));
    }
    if v.gone > 0 {
        tasks.push(task(
            OWNER,
            "Say whether the partners that are gone from the API were deleted on purpose.",
        ));
    }
    let in_doubt = report.count_of(Code::InDoubt);
    if in_doubt > 0 {
        tasks.push(task(
            OPERATOR,
            "Run `partner-sync reconcile` for the rows in doubt, or import the export again; then compare again.",
        ));
    }
    // What a person repairs in the export.
    let errors = report.count(RowOutcome::Invalid);
    if v.only_source > 0 && errors > 0 {
        tasks.push(task(
            OWNER,
            "Repair the rows with errors in report.xlsx, save it, and send the file back. Rows without a partner may wait for them.",
        ));
        tasks.push(task(
            ENGINEER,
            "Import the repaired file, and compare again.",
        ));
    } else if v.only_source > 0 {
        tasks.push(task(ENGINEER, "Import the rows that have no partner yet."));
    }
    if v.only_api > 0 && errors > 0 {
        tasks.push(task(
            OWNER,
            "Repair the rows with errors, so that they can be compared: partners that seem to have no row may be theirs.",
        ));
    } else if v.only_api > 0 {
        tasks.push(task(
            OWNER,
            "Say whether partners whose row the export has no longer are to be separated on the API.",
        ));
    }
    if errors > 0 && v.only_source + v.only_api == 0 {
        tasks.push(task(
            OWNER,
            "Repair the rows with errors named below, so that they can be compared.",
        ));
    }
    if report.count_of(Code::DuplicateOnApi) > 0 {
        tasks.push(task(
            ENGINEER,
            "Remove the younger of partners that the API holds twice.",
        ));
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RunEnding;
    use crate::report::next::tests::report;

    /// Who is asked to do something, and whether rows that wait for their parents are spoken of there.
    fn asked(counts: &[(RowOutcome, u64)]) -> Vec<(&'static str, bool)> {
        let tasks = of_rows(&report(Kind::Import, RunEnding::Problems, counts));
        let waits = |t: &Task| t.what.contains("that wait");
        tasks.iter().map(|t| (t.who, waits(t))).collect()
    }

    #[test]
    fn rows_that_wait_for_doubts_need_no_engineer() {
        use RowOutcome::{Blocked, InDoubt, Invalid};
        assert_eq!(asked(&[(InDoubt, 2)]), [(OPERATOR, false)]);
        assert_eq!(asked(&[(InDoubt, 2), (Blocked, 1)]), [(OPERATOR, true)]);
        assert_eq!(asked(&[(Blocked, 1)]), [(ENGINEER, true)]);
        let all = asked(&[(Invalid, 1), (InDoubt, 2), (Blocked, 1)]);
        let who = [
            (OWNER, false),
            (ENGINEER, false),
            (ENGINEER, true),
            (OPERATOR, false),
        ];
        assert_eq!(all, who);
    }
}
