//! The page of a job's runs, made again after each of them.

use crate::config::Job;
use crate::ops::request::{Expectations, LastRun, SyncRequest};
use crate::ops::session::Session;
use crate::report::{IndexOf, ReportFolder, RunReport, write_index};

/// The last good run that a job's export is compared with.
pub(super) fn last_good(expect: &Expectations) -> Option<Box<RunReport>> {
    match &expect.last {
        LastRun::Known(report) => Some(report.clone()),
        LastRun::None | LastRun::Unreadable { .. } => None,
    }
}

/// Writes the index of a job's runs, and that of all jobs. Trouble is reported and fails nothing.
pub(super) fn write(
    job: &Job,
    request: &SyncRequest,
    now: &RunReport,
    last_good: Option<&RunReport>,
    session: &Session<'_>,
) {
    let Some(folder) = &request.report.folder else {
        return;
    };
    let of = IndexOf {
        job: &job.name.0,
        now,
        last_good,
    };
    let written = ReportFolder::create(folder).and_then(|all| write_index(&all, of));
    if let Err(error) = written {
        session.observer.trouble(&error.into());
    }
}
