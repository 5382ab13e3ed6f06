//! `partner-sync.toml` as written.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::job::{Job, MetricsSection, NotifySection};

/// The configuration file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there, or may not be read.
    #[error("cannot open the configuration {}: {source}", path.display())]
    Open {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is wrong; the message shows the line.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// The file as it was named.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: Box<toml::de::Error>,
    },
    /// An environment variable of this program is set, but empty.
    #[error("{name} is set, but empty: unset it, or give it a value")]
    EmptyVariable {
        /// The variable's name; there is no value to show.
        name: String,
    },
    /// A value does not fit.
    #[error("{name} = \"{value}\" ({origin}): {reason}")]
    Value {
        /// The setting's name in the configuration file.
        name: &'static str,
        /// The value as written.
        value: String,
        /// Where the value came from: flag, environment, configuration file, default.
        origin: String,
        /// What would be accepted instead.
        reason: String,
    },
}

/// The file. Unknown keys are errors with their line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// `[api]`: address, token, rate, timeout and patience.
    pub api: ApiSection,
    /// `[state]`: where the state lies.
    pub state: StateSection,
    /// `[report]`: where reports go and how long they are kept.
    pub report: ReportSection,
    /// `[metrics]`: the file for Prometheus.
    pub metrics: MetricsSection,
    /// `[notify]`: the webhook.
    pub notify: NotifySection,
    /// `[[job]]`: what `sync` runs, in this order.
    pub job: Vec<Job>,
}

/// `[api]`: the API and how to call it. What is absent comes from a flag, the environment, or a default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSection {
    /// The API's base address, as `--api-url`.
    pub url: Option<String>,
    /// A file that holds the token.
    pub token_file: Option<PathBuf>,
    /// A command that prints the token.
    pub token_command: Option<Vec<String>>,
    /// The rate of requests, `10/s`, as `--rate`.
    pub rate: Option<String>,
    /// Requests that may go out at once, as `--burst`.
    pub burst: Option<u32>,
    /// Requests under way at the same time, as `--workers`.
    pub workers: Option<usize>,
    /// The longest a request may take, `30s`, as `--timeout`.
    pub timeout: Option<String>,
    /// How long an API that does not answer is waited for, `5m`, as `--outage`.
    pub outage: Option<String>,
}

/// `[state]`: what is remembered between runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateSection {
    /// The state file, as `--state`.
    pub path: Option<PathBuf>,
}

/// `[report]`: what a run leaves behind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSection {
    /// The folder for reports, as `--report`; a job's reports lie in a folder of its name within it.
    pub dir: Option<PathBuf>,
    /// Runs whose reports are kept.
    pub keep: Option<u32>,
}

impl ConfigFile {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError::Open`] and [`ConfigError::Invalid`]; unknown keys are invalid.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Open {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| ConfigError::Invalid {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }
}
