//! The end of an operation: counts and problems become the run's report and its files.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::error::OpError;
use super::observer::Observer;
use crate::api::ApiError;
use crate::delivery::StopReason;
use crate::diagnostic::Code;
use crate::report::{
    Collector, Contents, Counts, Detected, Findings, Kind, ReportFolder, RunEnding, RunReport,
    SourceValues, StopCause, Stopped, Verified, Wanted, summary_json, write_page,
};
use crate::state::{RunEnd, RunId};

/// What a run is called, beside its counts.
pub(super) struct Heading {
    pub(super) run: RunId,
    pub(super) kind: Kind,
    pub(super) target: Option<String>,
    pub(super) mapping: String,
    pub(super) files: Vec<String>,
    pub(super) detected: Vec<Detected>,
    pub(super) values: SourceValues,
    pub(super) verified: Option<Verified>,
    /// The rows by outcome, where they were not counted by the collector.
    pub(super) counts: Option<Counts>,
    pub(super) stopped: Option<Stopped>,
    pub(super) started: Instant,
}

/// How a run that was stopped ended.
pub(super) fn ending_of(reason: &StopReason) -> RunEnding {
    match reason {
        StopReason::Interrupted => RunEnding::Interrupted,
        // Only another setting helps.
        StopReason::Redirected(_) => RunEnding::Refused,
        StopReason::NotAuthorised(_)
        | StopReason::ApiDown(_)
        | StopReason::TooManyNew(_)
        | StopReason::TimeOver
        | StopReason::State(_)
        | StopReason::Source(_)
        | StopReason::Internal(_) => RunEnding::Stopped,
    }
}

/// Why a run was stopped, for its report.
pub(super) fn stopped_by(reason: &StopReason) -> Stopped {
    let cause = match reason {
        StopReason::Interrupted => StopCause::Interrupted,
        StopReason::NotAuthorised(_) => StopCause::NotAuthorised,
        StopReason::Redirected(_) => StopCause::Settings,
        StopReason::ApiDown(_) => StopCause::ApiDown,
        StopReason::TimeOver => StopCause::TimeOver,
        StopReason::State(_) => StopCause::State,
        StopReason::Source(_) => StopCause::Export,
        StopReason::TooManyNew(_) => StopCause::TooManyNew,
        StopReason::Internal(_) => StopCause::Fault,
    };
    Stopped::new(reason.to_string(), reason.brief()).because(cause)
}

/// Why a run could not be begun, for its report.
pub(super) fn not_begun(error: &OpError) -> Stopped {
    Stopped::new(error.to_string(), error.brief()).because(error.cause())
}

/// Why an error stops a run in which the API has to answer.
pub(super) fn stop_reason(error: &OpError) -> StopReason {
    match error {
        OpError::Api(ApiError::Forbidden(_)) => StopReason::NotAuthorised(error.to_string()),
        OpError::Api(api) => {
            StopReason::of(api).unwrap_or_else(|| StopReason::ApiDown(error.to_string()))
        }
        _ => StopReason::ApiDown(error.to_string()),
    }
}

/// Ends the collection and makes the report; `ending` judges it.
pub(super) fn conclude(
    heading: Heading,
    collector: &Arc<Mutex<Collector>>,
    folder: Option<&ReportFolder>,
    observer: &dyn Observer,
    ending: impl FnOnce(&RunReport) -> RunEnding,
) -> RunReport {
    conclude_with_findings(heading, collector, folder, observer, ending).0
}

/// The same with the values and rows that were kept, for a page of another kind.
pub(super) fn conclude_with_findings(
    heading: Heading,
    collector: &Arc<Mutex<Collector>>,
    folder: Option<&ReportFolder>,
    observer: &dyn Observer,
    ending: impl FnOnce(&RunReport) -> RunEnding,
) -> (RunReport, Findings) {
    let nothing = Wanted::problems(heading.values);
    let empty = Collector::new(None, Vec::new(), Vec::new(), nothing, Arc::default());
    let collected = {
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        match empty {
            Ok(empty) => std::mem::replace(&mut *held, empty).finish(heading.kind),
            Err(_) => return (blank(heading), Findings::default()),
        }
    };
    let counts = heading.counts.unwrap_or(collected.counts);
    let mut report = blank(heading);
    report.counts = counts;
    report.groups = collected.groups;
    report.errors = collected.errors;
    report.warnings = collected.warnings;
    report.written = collected.written;
    report.holds_bank_data = collected.has_rejects;
    report.contents = collected.contents;
    report.together = collected.together;
    // A dry run and a check ask the API for no row.
    let has_sent = !matches!(report.kind, Kind::Check | Kind::DryRun);
    report.timeline = Some(collected.timeline).filter(|t| has_sent && !t.rows.is_empty());
    let (findings, trouble) = (collected.findings, collected.trouble);
    let report = finish(report, &findings, trouble, folder, observer, ending);
    (report, findings)
}

/// Judges a report and writes what is made of the whole: the page and the summary.
pub(super) fn finish(
    mut report: RunReport,
    findings: &Findings,
    trouble: Option<String>,
    folder: Option<&ReportFolder>,
    observer: &dyn Observer,
    ending: impl FnOnce(&RunReport) -> RunEnding,
) -> RunReport {
    report.ending = ending(&report);
    let mut troubles: Vec<OpError> = trouble.into_iter().map(OpError::ReportTrouble).collect();
    if !troubles.is_empty() {
        report.ending = RunEnding::Stopped;
    }
    if let Some(folder) = folder {
        match write_page(folder, &report, findings) {
            Ok(path) => report.written.insert(0, path),
            Err(error) => troubles.push(error.into()),
        }
    }
    for trouble in &troubles {
        observer.trouble(trouble);
        report.ending = RunEnding::Stopped;
        // For the summary and the webhook; the page is written already, and its rows are what they are.
        let stopped = || Stopped::from(trouble.to_string()).because(StopCause::State);
        report.stopped.get_or_insert_with(stopped);
    }
    if let Some(folder) = folder {
        match folder.write(
            "summary.json",
            format!("{}\n", summary_json(&report)).as_bytes(),
        ) {
            Ok(path) => report.written.insert(0, path),
            Err(error) => {
                observer.trouble(&error.into());
                report.ending = RunEnding::Stopped;
            }
        }
        folder.let_go_of_earlier();
    }
    report
}

pub(super) fn blank(heading: Heading) -> RunReport {
    RunReport {
        run: heading.run.0,
        kind: heading.kind,
        target: heading.target,
        mapping: heading.mapping,
        files: heading.files,
        counts: heading.counts.unwrap_or_default(),
        groups: Vec::new(),
        errors: 0,
        warnings: 0,
        detected: heading.detected,
        verified: heading.verified,
        contents: Contents::default(),
        timeline: None,
        values: heading.values,
        stopped: heading.stopped,
        together: None,
        seconds: heading.started.elapsed().as_secs_f64(),
        ending: RunEnding::Done,
        written: Vec::new(),
        holds_bank_data: false,
    }
}

/// How a run ended, for the state: its summary, and what its reports are made of again.
pub(super) fn run_end(report: &RunReport, keep: u32) -> RunEnd {
    let mut stored = report.clone();
    stored.contents = stored.contents.without_values();
    stored.values = SourceValues::LeftOut;
    let mut summary = report.clone();
    for group in &mut summary.groups {
        group.example.clear();
    }
    RunEnd {
        exit: report.ending.code(),
        summary: summary_json(&summary),
        report: serde_json::to_string(&stored).ok(),
        keep: Some(keep),
        told: 0,
    }
}

/// Whether the run has problems of this kind.
pub(super) fn has_problem(report: &RunReport, code: Code) -> bool {
    report.groups.iter().any(|g| g.code == code)
}
