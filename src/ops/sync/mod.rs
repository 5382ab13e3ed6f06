//! `sync`: every job of the configuration, one after the other. A job that fails does not stop the next; what stops the
//! session ends the night.

mod check_config;
mod folders;
mod job;
mod job_file;
mod publish;

use std::time::{Duration, Instant};

pub use check_config::{Finding, check_config};
use job::chosen;
pub use job::{JobEnd, file_of_job};

use super::error::OpError;
use super::observer::Note;
use super::request::SyncRequest;
use super::session::Session;
use crate::config::ConfigFile;
use crate::report::{ReportFolder, RunEnding, summary_json};
use crate::state::{StateError, StateLock};

/// How often a state that another run holds is asked for again.
const LOCK_EVERY: Duration = Duration::from_millis(250);

/// A night at its end.
#[derive(Debug)]
pub struct Night {
    /// The jobs that were run, in their order.
    pub jobs: Vec<JobEnd>,
    /// The severest of the jobs' endings, or of what stopped the night.
    pub ending: RunEnding,
    /// One object for the whole night, as `sync.json` holds it.
    pub summary: serde_json::Value,
}

/// Runs the jobs of a configuration, then writes `sync.json` and the metrics, and calls the webhook.
///
/// # Errors
/// [`OpError`] where there are no such jobs, or the state is held by another run. What goes wrong in a job is its report.
pub fn sync(
    config: &ConfigFile,
    request: &SyncRequest,
    session: &Session<'_>,
) -> Result<Night, OpError> {
    let jobs = chosen(config, request.job.as_deref())?;
    let _lock = if request.dry_run {
        None
    } else {
        Some(lock(request.wait, session)?)
    };
    let mut ends: Vec<JobEnd> = Vec::new();
    for job in jobs {
        if session.stop.is_requested() {
            break;
        }
        let end = job::run(job, request, session);
        session
            .observer
            .job_ended(&end.name, &end.report, ends.is_empty());
        ends.push(end);
    }
    let stopped = session
        .stop
        .is_requested()
        .then_some(RunEnding::Interrupted);
    let ending = ends
        .iter()
        .map(JobEnd::ending)
        .chain(stopped)
        .max()
        .unwrap_or(RunEnding::Done);
    let summary = summary(&ends, ending);
    if let Some(folder) = &request.report.folder {
        let text = format!("{summary}\n");
        let written =
            ReportFolder::create(folder).and_then(|f| f.write("sync.json", text.as_bytes()));
        if let Err(error) = written {
            session.observer.trouble(&error.into());
        }
    }
    if !request.dry_run {
        publish::write_metrics(config, &ends, session);
        publish::notify(config, &ends, ending, &summary, session);
    }
    Ok(Night {
        jobs: ends,
        ending,
        summary,
    })
}

/// Takes the lock of the state; waits for another run for as long as that is asked for.
fn lock(wait: Option<Duration>, session: &Session<'_>) -> Result<StateLock, OpError> {
    let begin = Instant::now();
    let mut is_noted = false;
    loop {
        match StateLock::take(&session.settings.state, &session.clock) {
            Err(StateError::Locked { path, holder })
                if wait.is_some_and(|most| begin.elapsed() < most) =>
            {
                if !is_noted {
                    is_noted = true;
                    session.observer.note(&Note::WaitingForLock {
                        state: &path,
                        holder: holder.as_deref(),
                    });
                }
                if !session.runtime.block_on(session.stop.pause(LOCK_EVERY)) {
                    return Err(OpError::Interrupted);
                }
            }
            taken => return Ok(taken?),
        }
    }
}

/// One object for the whole night.
fn summary(ends: &[JobEnd], ending: RunEnding) -> serde_json::Value {
    let jobs: Vec<serde_json::Value> = ends
        .iter()
        .map(|end| {
            let mut job = serde_json::Map::new();
            job.insert("job".to_owned(), end.name.clone().into());
            if let Ok(serde_json::Value::Object(rest)) =
                serde_json::from_str(&summary_json(&end.report))
            {
                job.extend(rest);
            }
            serde_json::Value::Object(job)
        })
        .collect();
    serde_json::json!({"jobs": jobs, "exit": ending.code()})
}
