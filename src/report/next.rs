//! What to do next, true for the cause. Where a run stopped, the reason says it itself.

use super::contents::SourceValues;
use super::ending::RunEnding;
use super::model::{Kind, RunReport};
use crate::diagnostic::Code;
use crate::partner::RowOutcome;

/// Whether an import sent nothing since more rows are invalid than it may have: the valid ones were not tried.
pub(in crate::report) fn is_refused(report: &RunReport) -> bool {
    use RowOutcome::{Deferred, Invalid, Skipped};
    let of = |outcomes: &[RowOutcome]| outcomes.iter().map(|o| report.count(*o)).sum::<u64>();
    report.kind == Kind::Import
        && report.ending == RunEnding::Problems
        && report.stopped.is_none()
        && of(&[Deferred]) > 0
        && of(&[Invalid]) > 0
        && of(&[Deferred, Invalid, Skipped]) == report.rows()
        && !report.groups.iter().any(|g| g.code == Code::RowForbidden)
}

/// The next step; empty where there is none, or where the reason of a stop has said it.
pub(super) fn next_step(report: &RunReport) -> &'static str {
    let has = |outcome: RowOutcome| report.count(outcome) > 0;
    let needs_repair = has(RowOutcome::Invalid) || has(RowOutcome::Rejected);
    if report.stopped.is_some() {
        return "";
    }
    match report.kind {
        Kind::Verify => after_verify(report),
        Kind::Check | Kind::DryRun | Kind::Import if report.rows() == 0 => {
            "if the export should have rows, export it again: it has a header and nothing below it."
        }
        Kind::Check | Kind::DryRun if needs_repair || has(RowOutcome::Blocked) => {
            before_import(report)
        }
        Kind::Reconcile if has(RowOutcome::InDoubt) || report.count_of(Code::InDoubt) > 0 => {
            "run `partner-sync reconcile` again when the API answers look-ups, or look on the API yourself and run `partner-sync state resolve`."
        }
        _ if has(RowOutcome::InDoubt) && needs_repair => {
            "run the same command again, or `partner-sync reconcile`, to look up the rows in doubt; and repair the rows that are invalid or rejected: the reports and the problems above name them."
        }
        _ if has(RowOutcome::InDoubt) => {
            "run the same command again, or `partner-sync reconcile`, when the API answers look-ups."
        }
        _ if is_refused(report) => {
            "repair the invalid rows in the export and import it again; the other rows were not sent."
        }
        _ if needs_repair || has(RowOutcome::Blocked) => after_import(report),
        _ if has(RowOutcome::Changed) => {
            "change these partners on the API by hand, then run `partner-sync state accept --all-changed`."
        }
        _ if has(RowOutcome::Deferred) && report.ending == RunEnding::Problems => {
            "look at the rows that were answered with 403; running the same command again sends them again."
        }
        Kind::Import if has(RowOutcome::Deferred) => "run the same command again to continue.",
        Kind::Reconcile if has(RowOutcome::Deferred) => {
            "import the export again: rows without a partner are sent then."
        }
        _ => of_partners(report),
    }
}

/// Nothing was sent yet.
fn before_import(report: &RunReport) -> &'static str {
    if report.values == SourceValues::LeftOut {
        "repair the rows that problems.csv names in the export and check it again, or import now: the other rows are sent."
    } else if report.written.is_empty() {
        "repair these rows in the export and check it again, or import now: the other rows are sent. --report DIR writes a page and a workbook with the cells marked."
    } else {
        "repair these rows in the export and check it again, or import now: the other rows are sent, and the repaired report.xlsx or rejects.csv is imported afterwards with the same mapping."
    }
}

/// The other rows have their partner.
fn after_import(report: &RunReport) -> &'static str {
    let only_blocked =
        report.count(RowOutcome::Invalid) == 0 && report.count(RowOutcome::Rejected) == 0;
    if only_blocked {
        "create or repair the partners that these rows refer to, then run the same command again."
    } else if report.values == SourceValues::LeftOut {
        "repair the rows that problems.csv names in the export, and run again."
    } else if report.written.is_empty() {
        "run again with --report DIR; repair the rows in its rejects.csv and import that file with the same mapping."
    } else {
        "repair the rows in report.xlsx or rejects.csv and import that file with the same mapping."
    }
}

fn after_verify(report: &RunReport) -> &'static str {
    let Some(found) = report.verified else {
        return "";
    };
    if report.count_of(Code::PartnerOfAnotherRow) > 0 {
        "run `partner-sync state forget KEY` for the rows that have another row's partner, import, and verify again: their own are looked for."
    } else if found.differ > 0 {
        "compare the fields that differ with the source; the API documents no update, so partners are changed there by hand."
    } else if found.gone > 0 {
        "find out who deleted the partners that are gone; `partner-sync state forget KEY` and an import create them again."
    } else if found.only_source > 0 && report.errors > 0 {
        "repair the rows with errors and import them: the others without a partner may wait for these. Then verify again."
    } else if found.only_source > 0 {
        "import the export: these rows have no partner yet."
    } else if found.only_api > 0 && report.errors > 0 {
        "repair the rows with errors, and verify again: partners that seem to have no row may be theirs."
    } else if found.only_api > 0 {
        "decide whether the partners without a row are to be separated on the API."
    } else {
        of_partners(report)
    }
}

/// All rows have their partner, and there is more to settle all the same.
fn of_partners(report: &RunReport) -> &'static str {
    let has = |code: Code| report.groups.iter().any(|g| g.code == code);
    if has(Code::DuplicateOnApi) {
        "remove the newer duplicates on the API."
    } else if report.kind == Kind::Import && has(Code::InDoubt) {
        "rows of earlier runs are still in doubt: run `partner-sync reconcile`."
    } else {
        ""
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use super::super::contents::{Contents, Verified};
    use super::super::model::{Counts, ProblemGroup};
    use super::super::stopped::Stopped;
    use super::super::terminal::verdict;
    use super::*;

    pub(in crate::report) fn report(
        kind: Kind,
        ending: RunEnding,
        counts: &[(RowOutcome, u64)],
    ) -> RunReport {
        let mut all = Counts::default();
        for (outcome, count) in counts {
            all.add(*outcome, *count);
        }
        RunReport {
            run: "R".to_owned(),
            kind,
            target: Some("https://api.example.com".to_owned()),
            mapping: "m".to_owned(),
            files: vec!["a.csv".to_owned()],
            counts: all,
            verified: None,
            groups: Vec::new(),
            errors: 0,
            warnings: 0,
            detected: Vec::new(),
            contents: Contents::default(),
            timeline: None,
            values: SourceValues::Shown,
            stopped: None,
            together: None,
            seconds: 0.0,
            ending,
            written: Vec::new(),
            holds_bank_data: false,
        }
    }

    fn with_reports(mut report: RunReport) -> RunReport {
        report.written.push(PathBuf::from("out/rejects.csv"));
        report
    }

    /// What happened, and how the words that have to be said of it begin.
    fn assert_each<const N: usize>(cases: [(&str, RunReport, &str); N]) {
        for (name, report, begins) in cases {
            let next = next_step(&report);
            assert!(next.starts_with(begins), "{name}: {next}");
            assert_eq!(next.is_empty(), begins.is_empty(), "{name}: {next}");
            // A stop says itself what to do.
            let mut stopped = report;
            stopped.stopped = Some(Stopped::from("the token ran out".to_owned()));
            assert_eq!(next_step(&stopped), "", "{name}");
        }
    }

    #[test]
    fn what_is_to_be_repaired_depends_on_what_was_sent() {
        use RowOutcome::{Created, Deferred, Invalid, Rejected};
        let problems = RunEnding::Problems;
        assert_each([
            (
                "a clean check",
                report(Kind::Check, RunEnding::Done, &[(Deferred, 3)]),
                "",
            ),
            (
                "a check: nothing was sent yet",
                report(Kind::Check, problems, &[(Deferred, 2), (Invalid, 1)]),
                "repair these rows in the export and check it again, or import now: the other rows are sent. --report",
            ),
            (
                "a dry run: neither",
                with_reports(report(
                    Kind::DryRun,
                    problems,
                    &[(Created, 2), (Invalid, 1)],
                )),
                "repair these rows in the export and check it again, or import now: the other rows are sent, and the repaired",
            ),
            (
                "an import: the others have their partner",
                with_reports(report(
                    Kind::Import,
                    problems,
                    &[(Created, 2), (Rejected, 1)],
                )),
                "repair the rows in report.xlsx or rejects.csv and import that file",
            ),
            (
                "without a report there is no file of rejects",
                report(Kind::Import, problems, &[(Created, 2), (Invalid, 1)]),
                "run again with --report DIR;",
            ),
            (
                "too many invalid rows: the others were not sent, so that the rejects alone are not enough",
                with_reports(report(
                    Kind::Import,
                    problems,
                    &[(Deferred, 2), (Invalid, 1)],
                )),
                "repair the invalid rows in the export and import it again;",
            ),
        ]);
    }

    #[test]
    fn rows_that_wait_have_steps_of_their_own() {
        use RowOutcome::{Blocked, Changed, Created, Deferred, InDoubt, Invalid, Skipped};
        let problems = RunEnding::Problems;
        assert_each([
            (
                "only children wait",
                with_reports(report(
                    Kind::Import,
                    problems,
                    &[(Skipped, 2), (Blocked, 1)],
                )),
                "create or repair the partners that these rows refer to",
            ),
            (
                "in doubt",
                report(Kind::Import, problems, &[(InDoubt, 1), (Invalid, 1)]),
                "run the same command again, or `partner-sync reconcile`",
            ),
            (
                "reconcile does not send the user to itself alone",
                report(Kind::Reconcile, problems, &[(InDoubt, 1)]),
                "run `partner-sync reconcile` again when",
            ),
            (
                "changed",
                report(Kind::Import, problems, &[(Changed, 1)]),
                "change these partners on the API by hand",
            ),
            (
                "set aside by 403",
                report(Kind::Import, problems, &[(Created, 1), (Deferred, 1)]),
                "look at the rows that were answered with 403",
            ),
            (
                "done, also from repaired rejects",
                report(Kind::Import, RunEnding::Done, &[(Skipped, 3)]),
                "",
            ),
        ]);
    }

    #[test]
    fn a_verification_names_what_it_found() {
        let verify = |differ, gone, only_source, only_api| {
            let mut r = report(Kind::Verify, RunEnding::Problems, &[]);
            r.verified = Some(Verified {
                agree: 1,
                differ,
                gone,
                only_source,
                only_api,
                ..Verified::default()
            });
            next_step(&r)
        };
        assert!(verify(1, 1, 1, 1).starts_with("compare the fields"));
        assert!(verify(0, 1, 1, 1).starts_with("find out who deleted"));
        assert!(verify(0, 0, 1, 1).starts_with("import the export"));
        let mut r = report(Kind::Verify, RunEnding::Problems, &[]);
        r.verified = Some(Verified {
            only_source: 1,
            ..Verified::default()
        });
        r.errors = 1;
        assert!(next_step(&r).starts_with("repair the rows with errors"));
        assert!(verify(0, 0, 0, 1).starts_with("decide whether"));
        assert_eq!(verify(0, 0, 0, 0), "");
    }

    #[test]
    fn more_than_the_counts_may_need_somebody() {
        let mut done = report(
            Kind::Import,
            RunEnding::Problems,
            &[(RowOutcome::Skipped, 2)],
        );
        done.groups.push(ProblemGroup {
            code: Code::DuplicateOnApi,
            severity: Code::DuplicateOnApi.severity(),
            column: None,
            count: 1,
            example: String::new(),
            hint: None,
        });
        assert_eq!(next_step(&done), "remove the newer duplicates on the API.");
        assert!(!verdict(&done).starts_with("Done"), "{}", verdict(&done));
    }

    #[test]
    fn the_sandbox_is_called_so() {
        let mut done = report(Kind::Import, RunEnding::Done, &[(RowOutcome::Created, 2)]);
        done.target = Some("sandbox:104187cd".to_owned());
        assert_eq!(
            verdict(&done),
            "Done: 2 rows, each with its partner at the sandbox."
        );
        done.kind = Kind::DryRun;
        done.target = None;
        let words = verdict(&done);
        assert!(words.starts_with("Dry run: nothing was sent. "), "{words}");
        done.stopped = Some(Stopped::from(
            "an import would send nothing: the export has 2 rows; min_rows is 5.".to_owned(),
        ));
        let words = verdict(&done);
        assert!(
            words.starts_with("Dry run: an import would send nothing"),
            "{words}"
        );
        done.kind = Kind::Check;
        done.stopped = Some(Stopped::from("interrupted".to_owned()));
        assert_eq!(
            verdict(&done),
            "Stopped early: interrupted. Run the same command again."
        );
    }

    #[test]
    fn a_refused_import_does_not_claim_to_have_sent_anything() {
        let refused = report(
            Kind::Import,
            RunEnding::Problems,
            &[(RowOutcome::Deferred, 5), (RowOutcome::Invalid, 1)],
        );
        assert_eq!(
            verdict(&refused),
            "Nothing was sent: 1 of 6 rows is invalid, more than --max-errors allows."
        );
    }
}
