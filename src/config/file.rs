//! `partner-sync.toml` as written.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::job::{Job, MetricsSection, NotifySection};

/// The configuration file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot open the configuration {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// It is wrong; the message shows the line.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What and where.
        source: Box<toml::de::Error>,
    },
    /// An environment variable of this program is set, but empty.
    #[error("{name} is set, but empty: unset it, or give it a value")]
    EmptyVariable {
        /// The variable.
        name: String,
    },
    /// A value does not fit.
    #[error("{name} = \"{value}\" ({origin}): {reason}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// Where it was set.
        origin: String,
        /// What would fit.
        reason: String,
    },
}

/// The file. Unknown keys are errors with their line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// `[api]`.
    pub api: ApiSection,
    /// `[state]`.
    pub state: StateSection,
    /// `[report]`.
    pub report: ReportSection,
    /// `[metrics]`.
    pub metrics: MetricsSection,
    /// `[notify]`.
    pub notify: NotifySection,
    /// `[[job]]`, in their order.
    pub job: Vec<Job>,
}

/// `[api]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSection {
    /// The API's base.
    pub url: Option<String>,
    /// A file that holds the token.
    pub token_file: Option<PathBuf>,
    /// A command that prints the token.
    pub token_command: Option<Vec<String>>,
    /// Requests in a time.
    pub rate: Option<String>,
    /// Requests at once.
    pub burst: Option<u32>,
    /// Requests under way.
    pub workers: Option<usize>,
    /// The longest a request may take.
    pub timeout: Option<String>,
}

/// `[state]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateSection {
    /// The state file.
    pub path: Option<PathBuf>,
}

/// `[report]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSection {
    /// Where reports go.
    pub dir: Option<PathBuf>,
    /// Runs whose reports are kept.
    pub keep: Option<u32>,
}

impl ConfigFile {
    /// Reads a file.
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
