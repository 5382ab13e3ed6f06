//! `[[job]]`, `[metrics]` and `[notify]` as written.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::adopt::Adopt;
use super::bound::Bound;
use super::error::ConfigError;
use super::export_path::ExportPath;
use crate::secret::Secret;

/// A length of time as written in the file: `500ms`, `30s`, `26h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Time).map_err(|_| {
            de::Error::custom(format!(
                "invalid duration \"{text}\": expected for example 500ms, 30s, 10m or 26h"
            ))
        })
    }
}

/// A share: `2%`, kept as 0.02.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_suffix('%')
            .and_then(|n| n.trim().parse::<f64>().ok())
            .filter(|n| (0.0..=100.0).contains(n))
            .map(|n| Share(n / 100.0))
            .ok_or_else(|| de::Error::custom(format!("\"{text}\" is not a share: write 2% or 20%")))
    }
}

/// What it means for a job that a row differs from what was sent, since the API has no update.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChange {
    /// A problem for somebody to look at: exit 1.
    #[default]
    Problem,
    /// Reported, and no problem by itself.
    Note,
}

/// What it means for a job that the export's columns or their contents moved since the last good run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDrift {
    /// Reported; the job goes on.
    #[default]
    Note,
    /// The job fails and sends nothing.
    Fail,
}

/// `[[job]]`: one export that is sent every night. Its guards (`max_age`, `min_rows`, `max_shrink`, `max_errors`,
/// `max_new`, `max_drift`) fail the job before anything is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name: letters, digits, `-` and `_`; its reports lie in a folder of this name.
    pub name: JobName,
    /// The export, a path or an address; with `*` and `?`, the newest one that matches. With `fetch`, the name of the file that is written.
    pub file: Option<ExportPath>,
    /// A command, as a list of words, that writes the export to `{file}`.
    pub fetch: Option<Vec<String>>,
    /// How long that command may take.
    pub fetch_timeout: Option<Time>,
    /// The mapping file.
    pub mapping: PathBuf,
    /// An older export fails the job.
    pub max_age: Option<Time>,
    /// An export with fewer rows fails the job.
    pub min_rows: Option<u64>,
    /// An export that lost more than this share of its rows since the last good run fails the job.
    pub max_shrink: Option<Share>,
    /// An export with more invalid rows than this fails the job.
    pub max_errors: Option<Bound>,
    /// An export with more new rows than this, of which the state has no record, fails the job.
    pub max_new: Option<Bound>,
    /// When the rows that would be created are looked for on the API first.
    #[serde(default)]
    pub adopt: Adopt,
    /// How long the file must not have changed: a shorter time means that it is still being written.
    pub settle_file: Option<Time>,
    /// Where the file is moved after a good run.
    pub archive: Option<ExportPath>,
    /// Whether changed rows are a problem.
    #[serde(default)]
    pub on_change: OnChange,
    /// By how much a field's filled share may fall since the last good run.
    pub max_drift: Option<Share>,
    /// Whether drift fails the job.
    #[serde(default)]
    pub on_drift: OnDrift,
    /// A command, as a list of words, that is run when the job has ended.
    pub after: Option<Vec<String>>,
    /// How long that command may take.
    pub after_timeout: Option<Time>,
}

/// A job's name: letters, digits, `-` and `_`, at least one, so that it can name a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobName(pub String);

impl<'de> Deserialize<'de> for JobName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(fits) {
            return Err(de::Error::custom(format!(
                "\"{name}\" is not a name for a job: use letters, digits, - and _"
            )));
        }
        Ok(JobName(name))
    }
}

/// `[metrics]`: numbers for a monitoring system.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSection {
    /// The file for the textfile collector of Prometheus' `node_exporter`; its name ends with `.prom`.
    pub textfile: Option<PathBuf>,
    /// The address of a Pushgateway, which may hold a password.
    #[serde(deserialize_with = "secret")]
    pub push: Option<Secret>,
}

/// After which jobs the webhook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyOn {
    /// A job did not run to its end: exit 2 and above.
    Failure,
    /// A job has problems: exit 1.
    Problems,
    /// A job without problems, too: exit 0.
    Success,
}

/// `[notify]`: a webhook that gets the result of a night.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifySection {
    /// The webhook. Whoever knows it can write there, so it is never shown.
    #[serde(deserialize_with = "secret")]
    pub url: Option<Secret>,
    /// A file that holds the webhook's address, so that the configuration holds no secret.
    pub url_file: Option<PathBuf>,
    /// After which jobs; where absent, those that failed or have problems.
    pub on: Option<Vec<NotifyOn>>,
}

/// Bytes of an address at most.
const ADDRESS_BYTES: u64 = 8 * 1024;

impl NotifySection {
    /// The webhook's address, read from its file where that is named; none where there is no webhook.
    ///
    /// # Errors
    /// [`ConfigError`] where both are there, or the file gives none; no message shows the address.
    pub fn address(&self) -> Result<Option<Secret>, ConfigError> {
        let Some(path) = &self.url_file else {
            return Ok(self.url.clone());
        };
        if self.url.is_some() {
            return Err(ConfigError::Both {
                one: "[notify] url",
                other: "url_file",
            });
        }
        let mut text = String::new();
        let read = File::open(path).and_then(|f| f.take(ADDRESS_BYTES).read_to_string(&mut text));
        read.map_err(|source| ConfigError::SecretFile {
            name: "[notify] url_file",
            path: path.clone(),
            source,
        })?;
        let address = text.trim_start_matches('\u{feff}').trim();
        Ok(Some(Secret::new(address)))
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Some(Secret::new(String::deserialize(deserializer)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn max_errors(written: &str) -> Result<Bound, String> {
        let text = format!("name = \"n\"\nfile = \"f\"\nmapping = \"m\"\nmax_errors = {written}\n");
        match toml::from_str::<Job>(&text) {
            Ok(job) => Ok(job.max_errors.unwrap()),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    #[test]
    fn max_errors_of_a_job_is_read_as_the_option_is() {
        for (written, bound) in [
            ("20", Bound::Rows(20)),
            ("0", Bound::Rows(0)),
            ("\"20\"", Bound::Rows(20)),
            ("\"2.5%\"", Bound::Percent(2.5)),
            ("\"100%\"", Bound::Percent(100.0)),
        ] {
            assert_eq!(max_errors(written), Ok(bound), "{written}");
        }
        for wrong in [
            "\"150%\"", "\"-1%\"", "\"2.5\"", "\"x\"", "-1", "2.5", "true",
        ] {
            assert!(max_errors(wrong).is_err(), "{wrong}");
        }
        let message = max_errors("\"150%\"").unwrap_err();
        assert!(
            message.contains("150%") && message.contains("2%"),
            "{message}"
        );
    }
}
