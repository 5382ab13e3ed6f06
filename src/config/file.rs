//! `partner-sync.toml` as written.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};
use toml::de::DeTable;

use super::env::Environment;
use super::error::ConfigError;
use super::expand::expand;
use super::job::{Job, MetricsSection, NotifySection};
use super::toml_words::reworded;
use super::watch::PingSection;

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
    /// `[ping]`: the watchdog.
    pub ping: PingSection,
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
    /// The token itself, which is refused.
    #[serde(deserialize_with = "refuse_token")]
    token: (),
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
    /// Certificates that are trusted beside the system's own, as `--ca-file`.
    pub ca_file: Option<PathBuf>,
    /// The certificate that is shown to the API, as `--client-cert`.
    pub client_cert: Option<PathBuf>,
    /// Its key, as `--client-key`.
    pub client_key: Option<PathBuf>,
    /// Whether plain http may go to other machines, as `--insecure-http`.
    pub insecure_http: bool,
}

/// `[state]`: what is remembered between runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateSection {
    /// The state file or `postgres://USER@HOST/DATABASE`, as `--state`.
    pub path: Option<PathBuf>,
    /// The file that holds the key of a state in a database.
    pub key_file: Option<PathBuf>,
    /// A command that prints the password of the database.
    pub password_command: Option<Vec<String>>,
    /// A file that holds the password of the database and nothing else.
    pub password_file: Option<PathBuf>,
    /// How long a run that does not renew its lease keeps a state in a database, `30s`.
    pub lease: Option<String>,
    /// How long what was under way on a machine that was lost may still be sent, `10m`, or `never`, as `--takeover`.
    pub takeover: Option<String>,
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

/// The configuration file that is read where none is named.
const NAME: &str = "partner-sync.toml";

impl ConfigFile {
    /// The file that is read: the one that is named, else the one of this folder where there is one.
    #[must_use]
    pub fn place(named: Option<&Path>) -> Option<&Path> {
        named.or_else(|| Some(Path::new(NAME)).filter(|path| path.is_file()))
    }

    /// Reads the file of [`ConfigFile::place`]; without one, everything is absent.
    ///
    /// # Errors
    /// As [`ConfigFile::read`].
    pub fn find(named: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let read = |path| Self::read(path, environment);
        Self::place(named).map_or_else(|| Ok(Self::default()), read)
    }

    /// Reads a configuration file, and puts the variables of its paths and addresses in.
    ///
    /// # Errors
    /// [`ConfigError::Open`] and [`ConfigError::Invalid`]; unknown keys are invalid.
    pub fn read(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Open {
            path: path.to_owned(),
            source,
        })?;
        let invalid = |at: usize, reason: String| {
            let before = text.get(..at).unwrap_or_default();
            let line = before.rsplit('\n').next().unwrap_or_default();
            ConfigError::Invalid {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                column: line.chars().count() + 1,
                reason,
            }
        };
        let wrong = |error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            invalid(at, reworded(error.message()))
        };
        let mut table = DeTable::parse(&text).map_err(wrong)?;
        expand(table.get_mut(), environment).map_err(|e| invalid(e.at.start, e.reason))?;
        Self::deserialize(toml::de::Deserializer::from(table)).map_err(wrong)
    }
}

/// Refuses a token in the file: files are copied, backed up and shown to others.
fn refuse_token<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(de::Error::custom(
        "do not write the token itself into this file: write token_file = \"FILE\" (mode 0600) or token_command = [\"PROGRAM\", \"ARGUMENT\"], or set PARTNER_SYNC_TOKEN",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        let environment = Environment::of(&[("HERE", "in")]);
        let words = ConfigFile::read(&path, &environment)
            .unwrap_err()
            .to_string();
        words.rsplit_once("c.toml").unwrap().1.to_owned()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_the_line() {
        for (text, says) in [
            (
                "[api]\n  token = \"HUSH\"",
                "line 2, column 11: do not write the token itself",
            ),
            (
                "[api]\nTOKEN = \"HUSH\"",
                "line 2, column 1: there is no key TOKEN here: did you mean token?",
            ),
            ("[api]\ntoken = \"HUSH", "line 2, column "),
            ("[api]\ntoken = HUSH", "line 2, column "),
            ("[api]\ntoken = 'HUSH'x", "line 2, column "),
            ("[api]\ntoken = \"\"\"\nHUSH\n", "line "),
            ("api.token = [\"HUSH\"]", "the token itself"),
            ("api = { token = \"HUSH\" }", "the token itself"),
            (
                "[api]\ntoken_command = \"curl HUSH\"",
                "line 2, column 17: a list, as [\"ONE\", \"TWO\"] belongs here, not a text",
            ),
            (
                "[api]\ntoken_command = 'HUSH\", expected HUSH'",
                "belongs here, not a text",
            ),
            ("[notify]\nurl = [\"https://x/HUSH\"]", "line 2"),
            (
                "[notify]\nurl = \"https://x/HUSH\"\nurl = \"HUSH\"",
                "line 3",
            ),
            (
                "[notify]\non = \"HUSH\"",
                "a list, as [\"ONE\", \"TWO\"] belongs here, not a text",
            ),
            (
                "[notify]\nurl = \"https://HUSH/${NOT_HERE}\"",
                "line 2, column 7: the environment variable NOT_HERE is not set",
            ),
            ("[notify\nurl = \"HUSH\"", "line 1"),
            ("HUSH", "line 1"),
        ] {
            let words = refused(text);
            assert!(words.contains(says), "{text}: {words}");
            assert!(!words.to_lowercase().contains("hush"), "{text}: {words}");
        }
    }

    #[test]
    fn variables_stand_in_paths_and_addresses_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        let text = "[api]\nurl = \"https://${HERE}\"\ntoken_command = [\"echo\", \"${HERE}\"]\n[[job]]\nname = \"n\"\nfile = \"${HERE}/a.csv\"\nmapping = \"${HERE}.toml\"\nfetch = [\"${HERE}\"]\n";
        std::fs::write(&path, text).unwrap();
        let environment = Environment::of(&[("HERE", "in")]);
        let file = ConfigFile::read(&path, &environment).unwrap();
        assert_eq!(file.api.url.as_deref(), Some("https://in"));
        assert_eq!(file.api.token_command.unwrap()[1], "${HERE}");
        let job = &file.job[0];
        assert_eq!(job.shown_place(), "in/a.csv");
        assert_eq!(job.mapping, Path::new("in.toml"));
        assert_eq!(job.fetch.as_ref().unwrap()[0], "${HERE}");
    }
}
