//! The report of an import from the state alone. A machine that came to the end of the import has kept a report of all rows of the
//! file; who created which is in the records. Where none came to the end, it is what the records and the problems of all machines say.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Whole, with_unknown};
use crate::diagnostic::{Code, Diagnostic};
use crate::ops::conclude::{blank, finish};
use crate::ops::error::OpError;
use crate::ops::request::ReportRequest;
use crate::ops::together::together;
use crate::partner::RowOutcome;
use crate::report::{
    Collector, Counts, RunEnding, RunReport, SourceValues, Wanted, read_stored, write_created,
};
use crate::state::{RecordState, StoredRun};

impl Whole<'_> {
    pub(super) fn without_export(&self, request: &ReportRequest) -> Result<RunReport, OpError> {
        let folder = request.folder_for(&[], self.session)?;
        let mut created = Vec::new();
        self.view.each_created_in(self.import, &mut |row| {
            created.push([row.key, row.legacy_identifier, row.partner].map(str::to_owned));
        })?;
        // As the machines have it that are listed, also where they go on meanwhile.
        let machines = &self.import.machines;
        let adopted = machines.iter().map(|m| m.adopted).sum();
        let by_whom = (machines.iter().map(|m| m.created).sum(), adopted);
        let wanted = Wanted::problems(SourceValues::LeftOut);
        let (none, unnamed) = (Vec::new(), Vec::new());
        let mut collector = Collector::new(folder.as_ref(), none, unnamed, wanted, Arc::default())?;
        let kept = self.complete_run();
        let problems = match &kept {
            Some((run, _)) => self.problems_of_complete(run)?,
            None => self.problems_of_all()?,
        };
        let mut report = blank(self.heading(SourceValues::LeftOut));
        if let Some((_, kept)) = kept {
            report.counts = counts_of_complete(&kept.counts, by_whom);
            report.detected = kept.detected;
            report.contents = kept.contents;
            report.files = kept.files;
        } else {
            let (counts, unknown) = self.counts_of_all(&problems, by_whom)?;
            report.counts = counts;
            report.stopped = with_unknown(report.stopped, unknown, self.import.import);
        }
        collector.add_diagnostics(u32::MAX, problems);
        let collected = collector.finish(report.kind);
        report.groups = collected.groups;
        report.errors = collected.errors;
        report.warnings = collected.warnings;
        report.written = collected.written;
        report.seconds = self.import.seconds;
        report.together = Some(together(self.import.import, &self.import.machines));
        if let Some(folder) = &folder {
            let partners = created
                .iter()
                .map(|[key, legacy, partner]| (&**key, &**legacy, &**partner));
            report.written.push(write_created(folder, partners)?);
        }
        let observer = self.session.observer;
        let (findings, trouble) = (&collected.findings, collected.trouble);
        Ok(finish(
            report,
            findings,
            trouble,
            folder.as_ref(),
            observer,
            |r| self.ending(r),
        ))
    }

    /// A run that came to the end of the import: its report is of all rows.
    fn complete_run(&self) -> Option<(&StoredRun, RunReport)> {
        if !self.import.is_complete {
            return None;
        }
        self.runs.iter().find_map(|run| {
            let report = read_stored(run.report.as_deref()?).ok()?;
            is_whole(&report, self.import.rows).then_some((run, report))
        })
    }

    /// Its problems, and duplicates that another machine was told of.
    fn problems_of_complete(&self, whole: &StoredRun) -> Result<Vec<Diagnostic>, OpError> {
        let mut all = self.problems_of(whole)?;
        for run in self.runs.iter().filter(|run| run.name != whole.name) {
            let problems = self.problems_of(run)?;
            all.extend(
                problems
                    .into_iter()
                    .filter(|d| d.code == Code::DuplicateOnApi),
            );
        }
        Ok(all)
    }

    fn problems_of_all(&self) -> Result<Vec<Diagnostic>, OpError> {
        let mut is_new = each_once();
        let mut all = Vec::new();
        for run in self.runs {
            let problems = self.problems_of(run)?;
            all.extend(problems.into_iter().filter(&mut is_new));
        }
        Ok(all)
    }

    /// Rows by outcome as far as the state knows them, and how many it does not know.
    fn counts_of_all(
        &self,
        problems: &[Diagnostic],
        (created, adopted): (u64, u64),
    ) -> Result<(Counts, u64), OpError> {
        let mut counts = Counts::default();
        counts.add(RowOutcome::Created, created);
        counts.add(RowOutcome::Adopted, adopted);
        for (state, rows) in self.view.standing_of(self.import)? {
            match state {
                RecordState::Created => {}
                RecordState::Rejected => counts.add(RowOutcome::Rejected, rows),
                RecordState::InFlight | RecordState::InDoubt => {
                    counts.add(RowOutcome::InDoubt, rows);
                }
                RecordState::Unsent => counts.add(RowOutcome::Deferred, rows),
            }
        }
        let open = self.import.rows.saturating_sub(counts.sum());
        let invalid = invalid_rows(problems).min(open);
        counts.add(RowOutcome::Invalid, invalid);
        let unknown = self.import.rows.saturating_sub(counts.sum());
        counts.add(RowOutcome::Deferred, unknown);
        Ok((counts, unknown))
    }
}

/// Whether the report of a machine is of all rows of the import.
fn is_whole(report: &RunReport, rows: u64) -> bool {
    matches!(report.ending, RunEnding::Done | RunEnding::Problems)
        && report.stopped.is_none()
        && report.rows() == rows
}

/// Passes each problem once, whichever machine has kept it; not that a row waited or was in doubt at some time.
fn each_once() -> impl FnMut(&Diagnostic) -> bool {
    let mut seen = HashSet::new();
    move |found: &Diagnostic| {
        let passes = matches!(
            found.code,
            Code::InDoubt | Code::ReferenceBlocked | Code::RowForbidden
        );
        let column = found.at.column.as_ref().map(|c| c.index);
        let place = (
            found.at.file.clone(),
            found.at.sheet.clone(),
            found.at.row,
            column,
        );
        !passes && seen.insert((place, found.at.field.clone(), found.code))
    }
}

/// How many rows have an error in their cells; what the API said of a row is in its record.
fn invalid_rows(problems: &[Diagnostic]) -> u64 {
    let is_of_cells = |d: &&Diagnostic| d.is_error() && !d.code.as_str().starts_with("api.");
    let rows: HashSet<_> = (problems.iter().filter(is_of_cells))
        .filter_map(|d| Some((&d.at.file, &d.at.sheet, d.at.row?)))
        .collect();
    rows.len() as u64
}

/// The rows of a report of one machine that came to the end, as those of all machines.
fn counts_of_complete(kept: &Counts, (created, adopted): (u64, u64)) -> Counts {
    let mut counts = Counts::default();
    for outcome in RowOutcome::ALL {
        if !matches!(
            outcome,
            RowOutcome::Created | RowOutcome::Adopted | RowOutcome::Skipped
        ) {
            counts.add(outcome, kept.get(outcome));
        }
    }
    let there = kept.sum() - counts.sum();
    let created = created.min(there);
    let adopted = adopted.min(there - created);
    counts.add(RowOutcome::Created, created);
    counts.add(RowOutcome::Adopted, adopted);
    counts.add(RowOutcome::Skipped, there - created - adopted);
    counts
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::diagnostic::Location;
    use crate::ops::conclude::Heading;
    use crate::report::{Kind, Stopped};
    use crate::state::RunId;

    fn counts(of: &[(RowOutcome, u64)]) -> Counts {
        let mut counts = Counts::default();
        for (outcome, rows) in of {
            counts.add(*outcome, *rows);
        }
        counts
    }

    /// A machine that was stopped has counted all rows too, most of them as deferred.
    #[test]
    fn a_report_is_of_all_rows_where_its_machine_came_to_the_end() {
        for (ending, is_stopped, rows, expected) in [
            (RunEnding::Done, false, 5, true),
            (RunEnding::Problems, false, 5, true),
            (RunEnding::Done, false, 4, false),
            (RunEnding::Done, true, 5, false),
            (RunEnding::Stopped, false, 5, false),
            (RunEnding::Interrupted, true, 5, false),
        ] {
            let mut report = blank(Heading {
                run: RunId("r".to_owned()),
                kind: Kind::Import,
                target: None,
                mapping: "m".to_owned(),
                files: Vec::new(),
                detected: Vec::new(),
                values: SourceValues::LeftOut,
                verified: None,
                counts: Some(counts(&[(RowOutcome::Created, rows)])),
                stopped: is_stopped.then(|| Stopped::from("Stopped.".to_owned())),
                started: Instant::now(),
            });
            report.ending = ending;
            assert_eq!(is_whole(&report, 5), expected, "{ending:?} {rows}");
        }
    }

    /// Machines that died have counted some partners that the last report of all rows has as skipped, or not at all.
    #[test]
    fn what_all_machines_created_is_counted_among_the_rows_that_have_a_partner() {
        use RowOutcome::{Adopted, Created, Invalid, Rejected, Skipped};
        let kept = counts(&[
            (Created, 2),
            (Adopted, 1),
            (Skipped, 4),
            (Invalid, 1),
            (Rejected, 2),
        ]);
        for (by_whom, expected) in [
            ((5, 1), [5, 1, 1]),
            ((0, 0), [0, 0, 7]),
            ((5, 9), [5, 2, 0]),
            ((9, 9), [7, 0, 0]),
        ] {
            let of = counts_of_complete(&kept, by_whom);
            let there = [Created, Adopted, Skipped].map(|outcome| of.get(outcome));
            assert_eq!(there, expected, "{by_whom:?}");
            assert_eq!((of.get(Invalid), of.get(Rejected)), (1, 2));
        }
    }

    fn at(code: Code, row: u64) -> Diagnostic {
        let at = Location {
            row: Some(row),
            ..Location::default()
        };
        Diagnostic::new(code, at, "It is wrong.")
    }

    #[test]
    fn what_several_machines_found_is_there_once_and_what_has_passed_is_not() {
        let found = [
            at(Code::DateInvalid, 2),
            at(Code::InDoubt, 3),
            at(Code::DateInvalid, 2),
            at(Code::DateInvalid, 4),
            at(Code::ReferenceBlocked, 4),
            at(Code::RequiredMissing, 4),
            at(Code::RowForbidden, 5),
        ];
        let all: Vec<Diagnostic> = found.into_iter().filter(each_once()).collect();
        let places: Vec<_> = all.iter().map(|d| (d.code, d.at.row.unwrap())).collect();
        let expected = [
            (Code::DateInvalid, 2),
            (Code::DateInvalid, 4),
            (Code::RequiredMissing, 4),
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn rows_with_errors_of_their_own_are_invalid() {
        let found = [
            at(Code::DateInvalid, 2),
            at(Code::RequiredMissing, 2),
            at(Code::DateInvalid, 3),
            at(Code::ApiRejected, 4),
            at(Code::DateSentinel, 5),
        ];
        assert!(found[3].is_error() && !found[4].is_error());
        assert_eq!(invalid_rows(&found), 2);
    }
}
