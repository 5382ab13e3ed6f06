//! What a night leaves beside its reports: metrics and a message.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::job::JobEnd;
use super::night::Night;
use crate::config::{ConfigFile, NotifyOn};
use crate::diagnostic::counted;
use crate::notify;
use crate::ops::connect::{refuse_insecure, tls};
use crate::ops::error::OpError;
use crate::ops::observer::Note;
use crate::ops::session::Session;
use crate::report::{JobMoments, RunEnding, RunReport, brief_verdict, metrics};
use crate::secret::Secret;
use crate::state::RecordState;

/// Kinds of problems that a message names for each job.
const NAMED_GROUPS: usize = 3;
/// How long the webhook may take once the night was stopped.
const AFTER_STOP: Duration = Duration::from_secs(5);

/// Writes the text file for `node_exporter`. Trouble is reported and fails nothing.
pub(super) fn write_metrics(config: &ConfigFile, ends: &[JobEnd], session: &Session<'_>) {
    let Some(path) = &config.metrics.textfile else {
        return;
    };
    let jobs: Vec<(&str, &RunReport, JobMoments)> = ends
        .iter()
        .map(|end| {
            let moments = moments(&end.report, session);
            (end.name.as_str(), &end.report, moments)
        })
        .collect();
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let text = metrics(&jobs, &before);
    if let Err(error) = write_readable(path, &text) {
        session.observer.note(&Note::MetricsFailed {
            path,
            error: &error,
        });
    }
}

/// A file that the exporter, another user, can read; never seen half-written.
fn write_readable(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map(drop).map_err(|e| e.error)
}

pub(super) fn moments(report: &RunReport, session: &Session<'_>) -> JobMoments {
    let mut moments = JobMoments {
        ended: session.clock.now().0 / 1000,
        ..JobMoments::default()
    };
    let Some(target) = &report.target else {
        return moments;
    };
    let Ok(view) = session.store().view() else {
        return moments;
    };
    if let Ok(counts) = view.counts() {
        let ours = counts
            .iter()
            .find(|c| c.target == *target && c.mapping == report.mapping);
        let in_doubt = ours.and_then(|c| c.states.get(RecordState::InDoubt.as_str()));
        moments.in_doubt = Some(in_doubt.copied().unwrap_or(0));
    }
    moments.last_success = view
        .last_success(target, &report.mapping)
        .ok()
        .flatten()
        .map(|t| t.0 / 1000);
    moments
}

/// Tells the webhook, where the night gives reason to. Trouble is reported and fails nothing.
pub(super) fn notify(
    config: &ConfigFile,
    night: &Night,
    error: Option<&OpError>,
    session: &Session<'_>,
) {
    let url = match webhook(config, session) {
        Ok(None) => return,
        Ok(Some(url)) => url,
        Err(error) => {
            let note = Note::WebhookFailed(&error.to_string());
            return session.observer.note(&note);
        }
    };
    let on = config
        .notify
        .on
        .clone()
        .unwrap_or_else(|| vec![NotifyOn::Failure, NotifyOn::Problems]);
    let reason = match night.ending {
        RunEnding::Done => NotifyOn::Success,
        RunEnding::Problems => NotifyOn::Problems,
        _ => NotifyOn::Failure,
    };
    if !on.contains(&reason) {
        return;
    }
    let body = notify::message(&words(night, error), &without_words_of_others(night, error));
    let posted = session
        .runtime
        .block_on(post(&url, &body, session.stop.is_requested(), session));
    if let Err(error) = posted {
        session.observer.note(&Note::WebhookFailed(&error));
    }
}

/// The webhook's address, where there is one and it can be used. Whoever reads it on its way can write there, so that the
/// rule for the API's address holds for it too.
pub(super) fn webhook(
    config: &ConfigFile,
    session: &Session<'_>,
) -> Result<Option<Secret>, OpError> {
    let Some(url) = config.notify.address()? else {
        return Ok(None);
    };
    if let Ok(parsed) = notify::check_address(&url) {
        refuse_insecure("[notify] url", &parsed, session.settings)?;
    }
    Ok(Some(url))
}

/// Posts until a stop comes. After one there are a few seconds for it: whoever stopped the night waits for its end.
async fn post(
    url: &Secret,
    body: &serde_json::Value,
    is_stopping: bool,
    session: &Session<'_>,
) -> Result<(), String> {
    let until = async {
        if is_stopping {
            tokio::time::sleep(AFTER_STOP).await;
        } else {
            session.stop.requested().await;
        }
    };
    // A proxy of the company's own is in the way of the webhook, too; who we are is the API's alone to know.
    let tls = tls(session.settings).map_err(|e| e.to_string())?;
    let tls = tls.without_identity();
    tokio::select! {
        posted = notify::post(url, body, &tls) => posted,
        () = until => Err("it did not answer before the run ended".to_owned()),
    }
}

/// A few lines for people: no value of the source, and no words of the API.
pub(super) fn words(night: &Night, error: Option<&OpError>) -> String {
    let mut lines = Vec::new();
    if let Some(error) = error {
        lines.push(format!(
            "partner-sync: exit {}. Nothing was started: {}",
            night.ending.code(),
            error.brief()
        ));
    }
    for end in &night.jobs {
        lines.push(format!(
            "partner-sync {}: exit {}. {}",
            end.name,
            end.report.ending.code(),
            brief_verdict(&end.report)
        ));
        for group in end.report.groups.iter().take(NAMED_GROUPS) {
            let column = group
                .column
                .as_ref()
                .map(|c| format!(" in \"{c}\""))
                .unwrap_or_default();
            lines.push(format!(
                "  {}{column}: {} [{}]",
                counted(group.count, group.severity.as_str()),
                group.code.meaning(),
                group.code
            ));
        }
        lines.extend(end.notes.iter().map(|note| format!("  {note}")));
    }
    lines.join("\n")
}

/// The summary without the examples, which hold values, and without any words of the API.
fn without_words_of_others(night: &Night, error: Option<&OpError>) -> serde_json::Value {
    let mut summary = night.summary_without_values();
    if let (Some(error), Some(stopped)) = (error, summary.get_mut("stopped")) {
        *stopped = error.brief().into();
    }
    let jobs = summary
        .get_mut("jobs")
        .and_then(serde_json::Value::as_array_mut);
    for (job, end) in jobs.into_iter().flatten().zip(&night.jobs) {
        if let (Some(stopped), Some(why)) = (job.get_mut("stopped"), &end.report.stopped) {
            *stopped = why.brief().into();
        }
    }
    summary
}
