//! One job of the configuration: its file, its import, its end.

use std::sync::Arc;
use std::time::Instant;

use super::after;
use super::candidate::Candidate;
use super::elsewhere;
use super::folders::prune_reports;
use super::index;
use super::job_file;
use super::place::Place;
use crate::config::{ConfigFile, ExportPath, Job, OnDrift};
use crate::diagnostic::thousands;
use crate::mapping::Mapping;
use crate::ops::conclude::{self, Heading, blank, finish, run_end};
use crate::ops::connect::known_target;
use crate::ops::error::{JobError, OpError};
use crate::ops::export;
use crate::ops::export_file::ExportFile;
use crate::ops::import::{ImportRequest, once, preview};
use crate::ops::observer::Note;
use crate::ops::request::{
    Expectations, ExportRequest, LastRun, Rejected, ReportRequest, SyncRequest,
};
use crate::ops::session::Session;
use crate::partner::{Query, RowOutcome};
use crate::report::{
    Detected, Findings, Kind, ReportFolder, RunEnding, RunReport, read_stored, summary_json,
};
use crate::state::{RunId, RunRow, StateLock};

/// A job at its end.
#[derive(Debug)]
pub struct JobEnd {
    /// The job's name.
    pub name: String,
    /// What became of its rows.
    pub report: RunReport,
    /// What a person should know beside its rows: a line each.
    pub notes: Vec<String>,
}

impl JobEnd {
    pub(super) fn ending(&self) -> RunEnding {
        self.report.ending
    }
}

/// The jobs that were asked for.
pub(super) fn chosen<'c>(
    config: &'c ConfigFile,
    name: Option<&str>,
) -> Result<Vec<&'c Job>, JobError> {
    for (index, job) in config.job.iter().enumerate() {
        if config.job[..index].iter().any(|j| j.name == job.name) {
            return Err(JobError::Twice(job.name.0.clone()));
        }
    }
    let jobs: Vec<&Job> = config
        .job
        .iter()
        .filter(|j| name.is_none_or(|n| n == j.name.0))
        .collect();
    if !jobs.is_empty() {
        return Ok(jobs);
    }
    let names: Vec<String> = config.job.iter().map(|j| j.name.0.clone()).collect();
    Err(match name {
        Some(name) if !names.is_empty() => JobError::Unknown {
            nearest: crate::diagnostic::nearest(name, names.iter().map(String::as_str))
                .map(ToOwned::to_owned),
            name: name.to_owned(),
            names,
        },
        _ => JobError::None,
    })
}

/// The newest file and the mapping of a job of the configuration, for `verify`: where no file is left in its place, the newest
/// that was put away. A command that fetches it is run.
///
/// # Errors
/// [`OpError`] where there is no such job, or no file of it that can be used.
pub fn file_of_job(
    config: &ConfigFile,
    name: &str,
    session: &Session<'_>,
) -> Result<ExportRequest, OpError> {
    let job = chosen(config, Some(name))?[0];
    let place = Place::of(job, session)?;
    let export = job_file::read_last(job, &place, session.clock.now())?;
    Ok(ExportRequest {
        files: vec![place.take(&export)?],
        mapping: job.mapping.clone(),
        always: Query::default(),
    })
}

/// Runs one job: for good where the state is held, else as far as a dry run goes. Whatever goes wrong is its report.
pub(super) fn run(
    job: &Job,
    request: &SyncRequest,
    session: &Session<'_>,
    lock: Option<&Arc<StateLock>>,
) -> JobEnd {
    let started = Instant::now();
    let id = RunId::new(&session.clock);
    let base = request
        .report
        .folder
        .as_ref()
        .map(|dir| dir.join(&job.name.0));
    let reports = ReportRequest {
        folder: base.as_ref().map(|dir| dir.join(&id.0)),
        ..request.report.clone()
    };
    tracing::info!(run = %id, job = %job.name.0, "the job begins");
    let mut notes = Vec::new();
    // Its time counts from here: also a file is waited for no longer.
    let within = session.within(request.max_duration);
    let mut last_good = None;
    let report = match attempt(
        job,
        request,
        &reports,
        &id,
        (&within, lock),
        &mut notes,
        &mut last_good,
    ) {
        Ok(report) => report,
        Err(error) => {
            let error = within.meaning(error);
            failed(job, &reports, &id, started, &error, session)
        }
    };
    if let Some(base) = base.filter(|b| b.is_dir()) {
        prune_reports(&base, session.settings.keep);
        index::write(job, request, &report, last_good.as_deref(), session);
    }
    if lock.is_some() {
        after::run(job, &reports, &report, session, &mut notes);
    }
    tracing::info!(run = %report.run, job = %job.name.0, exit = report.ending.code(), rows = report.rows(), errors = report.errors, "the job ended");
    JobEnd {
        name: job.name.0.clone(),
        report,
        notes,
    }
}

/// A job of a night that could not begin. It has no report of its own: those of its runs are kept longer for it.
pub(super) fn not_begun(
    job: &Job,
    request: &SyncRequest,
    error: &OpError,
    session: &Session<'_>,
) -> JobEnd {
    let reports = ReportRequest {
        folder: None,
        ..request.report.clone()
    };
    let id = RunId::new(&session.clock);
    JobEnd {
        name: job.name.0.clone(),
        report: failed(job, &reports, &id, Instant::now(), error, session),
        notes: Vec::new(),
    }
}

/// A job that somebody else ran while this night waited.
pub(super) fn passed_over(
    job: &Job,
    run: &RunRow,
    request: &SyncRequest,
    session: &Session<'_>,
) -> JobEnd {
    let (report, note) = elsewhere::passed_over(run, job, request.report.values);
    session.observer.note(&Note::PassedOver(&note));
    JobEnd {
        name: job.name.0.clone(),
        report,
        notes: vec![note],
    }
}

fn attempt(
    job: &Job,
    request: &SyncRequest,
    reports: &ReportRequest,
    id: &RunId,
    (session, lock): (&Session<'_>, Option<&Arc<StateLock>>),
    notes: &mut Vec<String>,
    last_good: &mut Option<Box<RunReport>>,
) -> Result<RunReport, OpError> {
    let place = Place::of(job, session)?;
    let now = session.clock.now();
    let export = job_file::of_job(job, &place, now)?;
    job_file::fresh_enough(&export, job.max_age.map(|t| t.0), now)?;
    job_file::settled(&export, &place, job.settle_file.map(|t| t.0), session)?;
    let file = place.take(&export)?;
    let expect = expectations(job, session)?;
    *last_good = index::last_good(&expect);
    if let (Some(etag), Some(last)) = (file.etag(), last_good.as_deref()) {
        same_object(&file, etag, last, session, notes);
    }
    let import = ImportRequest {
        alone: true,
        export: ExportRequest {
            files: vec![file.clone()],
            mapping: job.mapping.clone(),
            always: Query::default(),
        },
        report: reports.clone(),
        max_errors: job.max_errors,
        limit: None,
        canary: None,
        max_duration: request.max_duration,
        adopt: job.adopt,
        rejected: Rejected::Keep,
        settle: request.settle,
        on_change: job.on_change,
        expect,
        plan: None,
        ask_first: false,
        wait: None,
        job: Some(job.name.0.clone()),
        id: Some(id.clone()),
    };
    let Some(lock) = lock else {
        return Ok(preview(&import, session)?.report);
    };
    let opened = export::open(&import.export, session)?;
    let mut report = once(&import, &opened, session, lock)?;
    let is_good =
        matches!(report.ending, RunEnding::Done | RunEnding::Problems) && report.stopped.is_none();
    let untried = report.count(RowOutcome::Deferred);
    let Some(folder) = job.archive.as_ref().filter(|_| is_good) else {
        return Ok(report);
    };
    if untried > 0 {
        // No report has these rows: the next run takes them from the file.
        let why = match untried {
            1 => "1 row was not sent".to_owned(),
            n => format!("{} rows were not sent", thousands(n)),
        };
        not_archived(&export, folder, &why, session, notes);
        return Ok(report);
    }
    let files = opened.exports.files();
    let read = files.first().and_then(|f| f.source.stamp());
    match place.put_away(&export, read, folder) {
        Ok(true) => {}
        Ok(false) => {
            let why = "it was replaced or changed after it was read";
            not_archived(&export, folder, why, session, notes);
        }
        // Its rows are through, whatever comes of that.
        Err(error) => {
            session.observer.trouble(&error);
            end_again(&mut report, &error, reports, session, lock);
        }
    }
    Ok(report)
}

fn not_archived(
    export: &Candidate,
    folder: &ExportPath,
    why: &str,
    session: &Session<'_>,
    notes: &mut Vec<String>,
) {
    let words = format!(
        "{} was not moved to {folder}, because {why}. The next run reads it",
        export.shown.display()
    );
    session.observer.note(&Note::NotArchived(&words));
    notes.push(words);
}

/// Says so where an object is the one that the last good run has read: perhaps no new export was made.
fn same_object(
    file: &ExportFile,
    etag: &str,
    last: &RunReport,
    session: &Session<'_>,
    notes: &mut Vec<String>,
) {
    let shown = file.shown().display().to_string();
    let is_same = |d: &Detected| d.file == shown && d.etag.as_deref() == Some(etag);
    if last.detected.iter().any(is_same) {
        let words = format!(
            "{shown} is the object that run {} has read (same ETag): no new export was written since",
            last.run
        );
        session.observer.note(&Note::SameObject(&words));
        notes.push(words);
    }
}

/// Something failed after the end of a run: the job ends with it, and so do the run's summary and what the state keeps of it.
fn end_again(
    report: &mut RunReport,
    error: &OpError,
    reports: &ReportRequest,
    session: &Session<'_>,
    lock: &StateLock,
) {
    report.ending = error.ending();
    report.stopped = Some(conclude::not_begun(error));
    let text = format!("{}\n", summary_json(report));
    let written = reports.folder.as_deref().map(|folder| {
        // A second summary of this run, in its own folder.
        ReportFolder::create(folder)?.write("summary.json", text.as_bytes())
    });
    if let Some(Err(error)) = written {
        session.observer.trouble(&error.into());
    }
    let end = run_end(report, session.settings.keep);
    let noted = (session.store().upkeep(lock))
        .and_then(|mut upkeep| upkeep.correct_end(&RunId(report.run.clone()), &end));
    if let Err(error) = noted {
        session.observer.trouble(&error.into());
    }
}

/// The name of a job's mapping, which is read for it.
pub(super) fn mapping_name(job: &Job, session: &Session<'_>) -> Result<String, OpError> {
    let path = job.mapping.clone();
    Ok(session.blocking(move || Mapping::read(&path))??.name)
}

/// What the job expects, with the last good run that its source is compared with.
fn expectations(job: &Job, session: &Session<'_>) -> Result<Expectations, OpError> {
    let mapping = mapping_name(job, session)?;
    let view = session.store().find_view()?;
    let stored = match (known_target(session)?, view) {
        (Some(target), Some(view)) => view.last_good_run(&target, &mapping)?,
        _ => None,
    };
    let last = match stored {
        None => LastRun::None,
        Some(run) => {
            let text = run.report.unwrap_or_default();
            match read_stored(&text) {
                Ok(report) => LastRun::Known(Box::new(report)),
                Err(error) => LastRun::Unreadable {
                    run: run.name,
                    reason: error.to_string(),
                },
            }
        }
    };
    Ok(Expectations {
        min_rows: job.min_rows,
        max_shrink: job.max_shrink.map(|s| s.0),
        max_drift: job.max_drift.map(|s| s.0),
        fail_on_drift: job.on_drift == OnDrift::Fail,
        max_new: job.max_new,
        last,
    })
}

/// The report of a job that could not be begun.
fn failed(
    job: &Job,
    reports: &ReportRequest,
    id: &RunId,
    started: Instant,
    error: &OpError,
    session: &Session<'_>,
) -> RunReport {
    let heading = Heading {
        run: id.clone(),
        kind: Kind::Import,
        target: known_target(session).ok().flatten(),
        mapping: mapping_name(job, session).unwrap_or_else(|_| job.mapping.display().to_string()),
        files: vec![job.shown_place()],
        detected: Vec::new(),
        values: reports.values,
        verified: None,
        counts: None,
        stopped: Some(conclude::not_begun(error)),
        started,
    };
    let mut report = blank(heading);
    report.ending = error.ending();
    match reports
        .folder
        .as_deref()
        .map(ReportFolder::create)
        .transpose()
    {
        Ok(folder) => {
            let ending = error.ending();
            finish(
                report,
                &Findings::default(),
                None,
                folder.as_ref(),
                session.observer,
                |_| ending,
            )
        }
        Err(error) => {
            session.observer.trouble(&error.into());
            report
        }
    }
}
