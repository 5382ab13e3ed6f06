//! One report of what all machines did that shared an import, made from the state: with the export at hand each row is judged again by
//! what the state knows of it; without it the report is what the machines have kept of theirs, without values.

mod with_export;
mod without_export;

use std::time::{Duration, Instant};

use super::conclude::Heading;
use super::error::OpError;
use super::request::{ExportRequest, ReportRequest};
use super::session::Session;
use crate::diagnostic::{Code, Diagnostic, counted, thousands};
use crate::partner::RowOutcome;
use crate::report::{Kind, RunEnding, RunReport, SourceValues, StopCause, Stopped, read_problems};
use crate::state::{RunId, Standing, StateView, StoredImport, StoredRun};

/// Makes the report of a whole import; its ending is the one that the import as a whole had.
///
/// # Errors
/// [`OpError`] where the state cannot be read or knows no such import, where the export is not the one that was imported, or
/// where the folder cannot be written.
pub fn import_report(
    number: i64,
    export: Option<&ExportRequest>,
    request: &ReportRequest,
    session: &Session<'_>,
) -> Result<RunReport, OpError> {
    let view = session.store().view()?;
    let Some(import) = view.import(number)? else {
        return Err(OpError::UnknownImport(number));
    };
    let mut runs = Vec::new();
    for name in import.machines.iter().filter_map(|m| m.run.as_deref()) {
        runs.extend(view.run(name)?);
    }
    let whole = Whole {
        import: &import,
        runs: &runs,
        view: &view,
        session,
    };
    match export {
        Some(export) => whole.with_export(export, request),
        None => whole.without_export(request),
    }
}

/// An import and the runs that its machines made of it.
struct Whole<'w> {
    import: &'w StoredImport,
    runs: &'w [StoredRun],
    view: &'w StateView,
    session: &'w Session<'w>,
}

impl Whole<'_> {
    fn heading(&self, values: SourceValues) -> Heading {
        let took = Duration::try_from_secs_f64(self.import.seconds).unwrap_or_default();
        Heading {
            run: run_of(&self.import.started, self.import.import),
            kind: Kind::Import,
            target: Some(self.import.target.clone()),
            mapping: self.import.mapping.clone(),
            files: self
                .runs
                .first()
                .map(|r| r.files.clone())
                .into_iter()
                .collect(),
            detected: Vec::new(),
            values,
            verified: None,
            counts: None,
            stopped: self.not_over(),
            started: Instant::now()
                .checked_sub(took)
                .unwrap_or_else(Instant::now),
        }
    }

    /// Why it is not over, where it is not.
    fn not_over(&self) -> Option<Stopped> {
        if self.import.is_complete {
            return None;
        }
        let at_work = self
            .import
            .machines
            .iter()
            .filter(|m| m.standing == Standing::AtWork);
        let words = match at_work.count() as u64 {
            0 => format!(
                "Import {} has not come to its end, and no machine is at work on it. Run the same command again to continue; nothing is lost.",
                self.import.import
            ),
            n => format!(
                "Import {} is not over yet: {} {} at work on it.",
                self.import.import,
                counted(n, "machine"),
                if n == 1 { "is" } else { "are" }
            ),
        };
        Some(Stopped::from(words).because(StopCause::NotOver))
    }

    /// How the import as a whole ended.
    fn ending(&self, report: &RunReport) -> RunEnding {
        let undone = RowOutcome::ALL
            .into_iter()
            .any(|o| !o.is_done() && report.count(o) > 0);
        if !self.import.is_complete {
            RunEnding::Stopped
        } else if undone || report.count_of(Code::DuplicateOnApi) > 0 {
            RunEnding::Problems
        } else {
            RunEnding::Done
        }
    }

    /// The problems that a run has kept.
    fn problems_of(&self, run: &StoredRun) -> Result<Vec<Diagnostic>, OpError> {
        let mut all = Vec::new();
        self.view
            .problems(run, &mut |part| all.extend(read_problems(part)))?;
        Ok(all)
    }
}

/// The name of the report, as a run's: when the import began, and its number.
fn run_of(started: &str, import: i64) -> RunId {
    let begun = started.chars().filter(|c| !matches!(c, '-' | ':'));
    RunId(format!("{}-import-{import}", begun.collect::<String>()))
}

/// Why it is not over, with what is said of rows that the state knows nothing of.
fn with_unknown(stopped: Option<Stopped>, rows: u64, import: i64) -> Option<Stopped> {
    let stopped = stopped?;
    if rows == 0 {
        return Some(stopped);
    }
    let (which, they) = if rows == 1 {
        (
            "1 row".to_owned(),
            "it was created before, is invalid or was not tried, and is",
        )
    } else {
        let which = format!("{} rows", thousands(rows));
        (
            which,
            "they were created before, are invalid or were not tried, and are",
        )
    };
    let words = format!(
        "{} The state does not know {which} of the file: {they} counted as deferred. With the export, the report shows which: `partner-sync status --run {import} FILE -m MAPPING`.",
        stopped.words()
    );
    Some(Stopped::from(words).because(StopCause::NotOver))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_import_is_named_by_its_beginning_and_its_number() {
        let run = run_of("2026-11-26T20:15:09Z", 7);
        assert_eq!(run.0, "20261126T201509Z-import-7");
    }

    #[test]
    fn rows_that_the_state_does_not_know_are_said_in_words() {
        let stopped = Some(Stopped::from("Not over.".to_owned()));
        let words = |rows| with_unknown(stopped.clone(), rows, 3).map(|s| s.words().to_owned());
        assert_eq!(words(0).as_deref(), Some("Not over."));
        let (one, many) = (words(1).unwrap(), words(1200).unwrap());
        assert!(one.starts_with(
            "Not over. The state does not know 1 row of the file: it was created before"
        ));
        assert!(many.contains("does not know 1,200 rows of the file: they were created before"));
        assert!(many.contains("`partner-sync status --run 3 FILE -m MAPPING`"));
        assert!(with_unknown(None, 5, 3).is_none());
    }
}
