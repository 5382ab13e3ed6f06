//! `sync`: every job of the configuration, one after the other. A job that fails does not stop the next; what stops the
//! session ends the night.

use std::sync::Arc;

mod after;
mod archive;
mod candidate;
mod check_config;
mod elsewhere;
mod folders;
mod index;
mod job;
mod job_file;
mod local;
mod night;
mod passed_over;
mod place;
mod publish;
mod watch;

pub use check_config::{Finding, check_config};
pub(super) use check_config::{ask, chosen_or_all, looked_at};
use job::chosen;
pub use job::{JobEnd, file_of_job};
pub use night::Night;

use elsewhere::Ended;
use watch::Watchdog;

use super::error::OpError;
use super::request::SyncRequest;
use super::session::Session;
use crate::config::{ConfigFile, Job};
use crate::report::{ReportFolder, RunEnding};
use crate::state::{StateAddress, StateLock};

/// Runs the jobs of a configuration, then writes `sync.json` and the metrics, and calls the webhook: also where the night
/// could not begin, since there is no such job, the state is held by another run, or a stop came first. The observer is
/// told what kept it from beginning.
pub fn sync(config: &ConfigFile, request: &SyncRequest, session: &Session<'_>) -> Night {
    let mut ends = Vec::new();
    let watchdog = (!request.dry_run).then(|| Watchdog::begin(config, session));
    let begun = chosen(config, request.job.as_deref())
        .map_err(OpError::from)
        // Before anything is sent: a night whose end nobody is informed of is to be mended first.
        .and_then(|jobs| publish::webhook(config, session).map(|_| jobs))
        .and_then(|jobs| run_jobs((&jobs, &config.job), request, session, &mut ends));
    match begun {
        Ok(()) => conclude(config, request, session, ends, None, watchdog.as_ref()),
        Err(error) => {
            session.observer.trouble(&error);
            conclude(
                config,
                request,
                session,
                ends,
                Some(&error),
                watchdog.as_ref(),
            )
        }
    }
}

/// A night whose settings could not be resolved: whoever is informed of every other end is informed of this one, and its jobs end
/// with the reason.
pub fn unstarted(
    config: &ConfigFile,
    request: &SyncRequest,
    error: &OpError,
    session: &Session<'_>,
) {
    let jobs = chosen(config, request.job.as_deref()).unwrap_or_default();
    let ends = not_begun(&jobs, request, error, session);
    let watchdog = (!request.dry_run).then(|| Watchdog::begin(config, session));
    conclude(
        config,
        request,
        session,
        ends,
        Some(error),
        watchdog.as_ref(),
    );
}

/// Runs jobs one after the other until a stop comes: those after it are not begun, and none is where the state cannot be
/// had. A job that is not begun ends with the reason.
fn run_jobs(
    (jobs, all): (&[&Job], &[Job]),
    request: &SyncRequest,
    session: &Session<'_>,
    ends: &mut Vec<JobEnd>,
) -> Result<(), OpError> {
    let locked = if request.dry_run {
        Ok((None, Ended::nothing()))
    } else {
        held(request, session)
    };
    let (lock, elsewhere) = locked.inspect_err(|error| {
        ends.extend(not_begun(jobs, request, error, session));
    })?;
    for job in jobs {
        if session.stop.is_requested() {
            ends.push(job::not_begun(job, request, &session.stopped(), session));
            continue;
        }
        let mapping = (!elsewhere.is_empty()).then(|| job::mapping_name(job, session).ok());
        let run = mapping.flatten();
        let run = run.and_then(|mapping| elsewhere.of(job, &mapping, all, session));
        let end = match run {
            Some(run) => job::passed_over(job, run, request, session),
            None => job::run(job, request, session, lock.as_ref()),
        };
        session
            .observer
            .job_ended(&end.name, &end.report, ends.is_empty());
        ends.push(end);
    }
    Ok(())
}

/// The state, held, and the runs that ended while it was waited for.
fn held(
    request: &SyncRequest,
    session: &Session<'_>,
) -> Result<(Option<Arc<StateLock>>, Ended), OpError> {
    // Only a database has runs of other hosts. A file is of this one, and who waited for it reads its exports as ever.
    let has_hosts = matches!(session.settings.state, StateAddress::Server(_));
    if request.wait.is_none() || !has_hosts {
        return Ok((
            Some(session.lock_within(request.wait, false)?),
            Ended::nothing(),
        ));
    }
    let before = Ended::now(session)?;
    let lock = session.lock_within(request.wait, false)?;
    Ok((Some(lock), Ended::now(session)?.since(&before)))
}

fn not_begun(
    jobs: &[&Job],
    request: &SyncRequest,
    error: &OpError,
    session: &Session<'_>,
) -> Vec<JobEnd> {
    jobs.iter()
        .map(|job| job::not_begun(job, request, error, session))
        .collect()
}

/// Tells everybody how the night ended.
fn conclude(
    config: &ConfigFile,
    request: &SyncRequest,
    session: &Session<'_>,
    ends: Vec<JobEnd>,
    error: Option<&OpError>,
    watchdog: Option<&Watchdog>,
) -> Night {
    let stopped = || {
        let is_requested = session.stop.is_requested();
        is_requested.then_some(RunEnding::Interrupted)
    };
    let ending = ends
        .iter()
        .map(JobEnd::ending)
        .chain(error.map(OpError::ending))
        .chain(stopped())
        .max()
        .unwrap_or(RunEnding::Done);
    let mut night = Night::new(ends, error, ending);
    write_summary(&night, request, session);
    if !request.dry_run {
        publish::write_metrics(config, &night.jobs, session);
        watch::push_metrics(config, &night.jobs, session);
        publish::notify(config, &night, error, session);
    }
    if let Some(watchdog) = watchdog {
        watchdog.end(config, &night, error, session);
    }
    // A stop may come while the webhook is waited for.
    if let Some(ending) = stopped().filter(|e| *e > night.ending) {
        night = Night::new(night.jobs, error, ending);
        write_summary(&night, request, session);
    }
    night
}

fn write_summary(night: &Night, request: &SyncRequest, session: &Session<'_>) {
    let Some(folder) = &request.report.folder else {
        return;
    };
    let text = format!("{}\n", night.summary);
    let written = ReportFolder::create(folder).and_then(|f| f.write("sync.json", text.as_bytes()));
    if let Err(error) = written {
        session.observer.trouble(&error.into());
    }
}
