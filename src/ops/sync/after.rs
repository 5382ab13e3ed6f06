//! A command that is run when a job has ended, whatever its end. What it does fails no job.

use std::ffi::OsString;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::spoken;
use crate::config::Job;
use crate::ops::observer::Note;
use crate::ops::request::ReportRequest;
use crate::ops::session::Session;
use crate::report::RunReport;
use crate::subprocess::{self, Failure, Printed, Task};

/// How long it may take once the night was stopped.
const AFTER_STOP: Duration = Duration::from_secs(5);
/// How long it may take where nothing is said.
const LIMIT: Duration = Duration::from_mins(5);

/// Runs the command of `after`, with the job's end in its environment: `JOB_NAME`, `JOB_RUN`, `JOB_EXIT` and `JOB_REPORT`, the
/// folder of the run's report, which is empty where there is none.
pub(super) fn run(
    job: &Job,
    reports: &ReportRequest,
    report: &RunReport,
    session: &Session<'_>,
    notes: &mut Vec<String>,
) {
    let Some(words) = &job.after else { return };
    let limit = job.after_timeout.map_or(LIMIT, |t| t.0);
    let folder = reports.folder.as_ref().filter(|folder| folder.is_dir());
    let folder = folder.and_then(|folder| std::path::absolute(folder).ok());
    let variables = [
        ("JOB_NAME", OsString::from(&job.name.0)),
        ("JOB_RUN", report.run.clone().into()),
        ("JOB_EXIT", report.ending.code().to_string().into()),
        ("JOB_REPORT", folder.unwrap_or_default().into()),
    ];
    let task = Task {
        words,
        variables: &variables,
        limit,
        printed: Printed::Dropped,
    };
    let name = subprocess::name("after", words);
    // A night that was stopped tells it, too, and does not wait long for it.
    let (_never, calm) = watch::channel(false);
    let (task, stop) = if session.stop.is_requested() {
        let limit = limit.min(AFTER_STOP);
        (Task { limit, ..task }, calm)
    } else {
        (task, session.stop.flag())
    };
    let (failed, said) = match subprocess::run(&task, &stop) {
        Ok(_) => return,
        Err(Failure::Failed { status, said }) => (format!("{name} failed ({status})"), said),
        Err(Failure::TimeOver { said }) => (
            format!(
                "{name} did not end within {} and was ended",
                spoken(task.limit)
            ),
            said,
        ),
        Err(Failure::NotStarted(error)) => (format!("cannot run {name}: {error}"), String::new()),
        Err(Failure::Lost(error)) => (format!("cannot wait for {name}: {error}"), String::new()),
        Err(Failure::Stopped) => (
            format!("{name} was ended, because the run was stopped"),
            String::new(),
        ),
        Err(Failure::Empty | Failure::TooLong) => (format!("{name} cannot be run"), String::new()),
    };
    session
        .observer
        .note(&Note::AfterFailed(&format!("{failed}{said}")));
    // The notes leave the machine with the webhook: no words of the command are in them.
    notes.push(failed);
}
