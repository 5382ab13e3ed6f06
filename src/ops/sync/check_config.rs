//! Everything a night needs, looked at without sending a partner.

use std::fmt;
use std::path::Path;

use super::job::{chosen, mapping_name};
use super::job_file::of_job;
use super::place::Place;
use super::publish;
use super::watch;
use crate::api::{ListFilter, PartnersApi as _};
use crate::config::{ConfigFile, Job};
use crate::notify;
use crate::ops::connect::{Waits, connect};
use crate::ops::error::{JobError, OpError};
use crate::ops::export;
use crate::ops::request::ExportRequest;
use crate::ops::session::Session;
use crate::partner::Query;
use crate::report::{ReportFolder, RunEnding, SourceValues};

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It can be used.
    Good {
        /// `job x`, `state`, `api`.
        subject: String,
        /// `mapping`, `path`, `health and list`.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// It cannot be used.
    Wrong {
        /// `job x`, `state`, `api`.
        subject: String,
        /// `mapping`, `path`, `health and list`.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// It is not there yet, and need not be.
    Missing(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Good {
                subject,
                what,
                found,
            } => write!(f, "ok    {subject}: {what}: {found}"),
            Finding::Wrong {
                subject,
                what,
                reason,
            } => write!(f, "WRONG {subject}: {what}: {reason}"),
            Finding::Missing(words) => write!(f, "note  {words}"),
        }
    }
}

/// Looks at jobs, state, report folder, metrics, webhook and API; reports every finding, not only the first, and last what
/// need not be there yet.
///
/// # Errors
/// [`OpError`] where there are no such jobs.
pub fn check_config(
    config: &ConfigFile,
    job: Option<&str>,
    report: Option<&Path>,
    session: &Session<'_>,
) -> Result<(Vec<Finding>, RunEnding), OpError> {
    let jobs = chosen(config, job)?;
    let mut findings = Findings(looked_at(config, &jobs, report, session));
    let is_broken = findings.any_wrong();
    let asked = ask(session);
    let api_ending = asked.as_ref().err().map(OpError::ending);
    findings.take("api", "health and list", asked);
    let ending = match (is_broken, api_ending) {
        (_, Some(RunEnding::Interrupted)) => RunEnding::Interrupted,
        (false, None) => RunEnding::Done,
        (false, Some(ending)) if ending != RunEnding::Refused => RunEnding::Stopped,
        _ => RunEnding::Refused,
    };
    let is_note = |finding: &Finding| matches!(finding, Finding::Missing(_));
    findings.0.sort_by_key(is_note);
    Ok((findings.0, ending))
}

/// Looks at jobs, state, report folder, metrics and webhook.
pub(in crate::ops) fn looked_at(
    config: &ConfigFile,
    jobs: &[&Job],
    report: Option<&Path>,
    session: &Session<'_>,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    for job in jobs {
        findings.job(job, session);
    }
    let state = &session.settings.state;
    let name = state.to_string();
    match session.store().find_view() {
        Ok(None) => findings.0.push(Finding::Missing(format!(
            "state: {name} is created by the first run"
        ))),
        found => findings.take("state", "path", found.map(|_| name)),
    }
    if let Some(folder) = report {
        let made = ReportFolder::create(folder).map(|_| folder.display().to_string());
        findings.take("report", "dir", made);
    }
    if let Some(path) = &config.metrics.textfile {
        findings.take("metrics", "textfile", folder_of(path));
    }
    for (what, found) in watch::looked_at(config, session) {
        findings.take("watch", what, found);
    }
    match publish::webhook(config, session) {
        Ok(None) => {}
        Ok(Some(url)) => {
            let host = notify::check_address(&url).map(|u| u.host_str().unwrap_or("").to_owned());
            findings.take("notify", "url", host);
        }
        Err(error) => findings.take("notify", "url", Err(error)),
    }
    findings.0
}

/// All jobs of a configuration, which may have none.
pub(in crate::ops) fn chosen_or_all(config: &ConfigFile) -> Result<Vec<&Job>, JobError> {
    if config.job.is_empty() {
        return Ok(Vec::new());
    }
    chosen(config, None)
}

fn folder_of(path: &Path) -> Result<String, String> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    if folder.is_none_or(Path::is_dir) {
        Ok(path.display().to_string())
    } else {
        let folder = folder.unwrap_or(path);
        Err(format!("folder {} does not exist", folder.display()))
    }
}

/// How the API is, and how many partners it has.
pub(in crate::ops) fn ask(session: &Session<'_>) -> Result<String, OpError> {
    let connection = connect(
        session,
        &session.stop,
        Waits::ForNothing,
        SourceValues::Shown,
    )?;
    let page = session.runtime.block_on(async {
        connection.api.health().await?;
        connection.api.list(&ListFilter::default(), 0, 1).await
    })?;
    let partners = page
        .total_records
        .map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
    Ok(format!("{}, {partners} partners", connection.target))
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn take<E: std::fmt::Display>(
        &mut self,
        subject: &str,
        what: &'static str,
        found: Result<String, E>,
    ) {
        let subject = subject.to_owned();
        self.0.push(match found {
            Ok(found) => Finding::Good {
                subject,
                what,
                found,
            },
            Err(error) => Finding::Wrong {
                subject,
                what,
                reason: error.to_string(),
            },
        });
    }

    fn job(&mut self, job: &Job, session: &Session<'_>) {
        let subject = format!("job {}", job.name.0);
        self.take(&subject, "mapping", mapping_name(job, session));
        let bounds = [("max_errors", job.max_errors), ("max_new", job.max_new)];
        for (what, bound) in bounds {
            if let Some(most) = bound {
                self.take(&subject, what, Ok::<_, String>(most.to_string()));
            }
        }
        let found = Place::of(job, session).and_then(|place| {
            let export = of_job(job, &place, session.clock.now())?;
            place.take(&export)
        });
        match found {
            // The night's export need not be there by day.
            Err(OpError::Job(JobError::NoFile(pattern))) => {
                let words = format!("{subject}: no file matches \"{pattern}\" yet");
                self.0.push(Finding::Missing(words));
            }
            Err(OpError::Job(error @ JobError::OnlyTemporary { .. })) => {
                self.0.push(Finding::Missing(format!("{subject}: {error}")));
            }
            Err(OpError::Fetch(error)) if error.ending() == RunEnding::Stopped => {
                self.0.push(Finding::Missing(format!("{subject}: {error}")));
            }
            Err(error) => self.take(&subject, "file", Err::<String, _>(error)),
            Ok(file) => {
                let shown = file.shown().display().to_string();
                let request = ExportRequest {
                    files: vec![file],
                    mapping: job.mapping.clone(),
                    always: Query::default(),
                };
                let opened = export::open(&request, session).map(|_| shown);
                self.take(&subject, "file", opened);
            }
        }
    }

    fn any_wrong(&self) -> bool {
        self.0.iter().any(|f| matches!(f, Finding::Wrong { .. }))
    }
}
