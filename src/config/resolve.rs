//! What was typed or set in the environment, then the file, then the default.

use std::path::PathBuf;
use std::time::Duration;

use super::database::{Database, state_address};
use super::env::{self, Environment};
use super::error::ConfigError;
use super::file::ConfigFile;
use super::origin::Origin;
use super::time::time;
use super::transport::Transport;
use crate::secret::Secret;
use crate::state::StateAddress;

/// What was typed on the command line, or set by an environment variable of the same name; it comes before all else.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// `--api-url`: the API's base address.
    pub api_url: Option<String>,
    /// `--token-file`: a file that holds the token.
    pub token_file: Option<PathBuf>,
    /// `--token-command`: run by a shell, its output is the token.
    pub token_command: Option<String>,
    /// `--state`: the state file.
    pub state: Option<PathBuf>,
    /// `--rate`: requests in a time, not read yet.
    pub rate: Option<String>,
    /// `--burst`: requests that may go out at once.
    pub burst: Option<u32>,
    /// `--workers`: requests under way at the same time.
    pub workers: Option<usize>,
    /// `--timeout`: the longest a request may take, not read yet.
    pub timeout: Option<String>,
    /// `--outage`: how long an API that does not answer is waited for, not read yet.
    pub outage: Option<String>,
    /// `--takeover`: how long what a lost machine had may still be sent, not read yet.
    pub takeover: Option<String>,
    /// `--report`: the folder for reports.
    pub report: Option<PathBuf>,
    /// `--ca-file`, `--client-cert`, `--client-key`, `--insecure-http`.
    pub transport: Transport<Option<bool>>,
    /// The environment variables whose values are among these.
    pub variables: Vec<String>,
}

impl Typed {
    /// Where the value of an option comes from, if it is among these.
    pub(super) fn origin(&self, option: &str) -> Origin {
        let name = env::variable(option);
        if self.variables.contains(&name) {
            Origin::Variable(name)
        } else {
            Origin::Option(option.to_owned())
        }
    }

    fn takeover_with_origin(&self) -> Option<(String, Origin)> {
        let origin = || self.origin("takeover");
        self.takeover.clone().map(|text| (text, origin()))
    }

    fn is_variable(&self, option: &str) -> bool {
        matches!(self.origin(option), Origin::Variable(_))
    }
}

/// Where the token comes from.
#[derive(Debug, Clone)]
pub enum TokenSetting {
    /// The token itself, from `PARTNER_SYNC_TOKEN`: it cannot be renewed.
    Given(Secret),
    /// A file that holds it, read again when the API refuses it.
    File(PathBuf),
    /// A command with its arguments, run again when the API refuses the token.
    Command(Vec<String>),
}

/// One value for each setting, checked as far as no connection is needed.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The API's base address, not read yet.
    pub api_url: String,
    /// The token, where there is one.
    pub token: Option<TokenSetting>,
    /// Where the state is; it need not exist.
    pub state: StateAddress,
    /// What a state in a database needs.
    pub database: Database,
    /// Requests in a time, as written; absent, [`DEFAULT_RATE`], and no limit for a practice API.
    pub rate: Option<String>,
    /// Requests that may go out at once; absent, the rate decides.
    pub burst: Option<u32>,
    /// Requests under way at the same time, 1 to 1024.
    pub workers: usize,
    /// The longest a request may take.
    pub timeout: Duration,
    /// How long an API that does not answer, or asks for a pause, is waited for; zero: not at all.
    pub outage: Duration,
    /// The folder for reports; absent, none are written.
    pub report: Option<PathBuf>,
    /// Runs whose reports and problems are kept.
    pub keep: u32,
    /// How requests travel.
    pub transport: Transport,
    /// The clouds' own variables, by which exports in buckets are read.
    pub cloud: Vec<(String, Secret)>,
}

impl Resolved {
    /// Defaults, but for the report's folder and the state: enough to tell people that the other settings do not fit. There is
    /// no API: which one was meant is not known.
    #[must_use]
    pub fn least(report: Option<PathBuf>, file: &ConfigFile) -> Self {
        Self {
            api_url: String::new(),
            token: None,
            state: file
                .state
                .path
                .clone()
                .unwrap_or_else(|| PathBuf::from(DEFAULT_STATE))
                .into(),
            database: Database::default(),
            rate: None,
            burst: None,
            workers: DEFAULT_WORKERS,
            timeout: Duration::from_secs(30),
            outage: Duration::ZERO,
            report: report.or_else(|| file.report.dir.clone()),
            keep: file.report.keep.unwrap_or(DEFAULT_KEEP).max(1),
            transport: Transport::default(),
            cloud: Vec::new(),
        }
    }

    /// Whether a new token can be taken while a run goes.
    #[must_use]
    pub fn renews_token(&self) -> bool {
        matches!(
            self.token,
            Some(TokenSetting::File(_) | TokenSetting::Command(_))
        )
    }
}

/// The API's base. Source: the documentation page's server list.
const DEFAULT_API_URL: &str = "https://orgs.ecg-api.com";
const DEFAULT_STATE: &str = "partner-sync.db";
/// The rate of requests to an API where none is set.
pub const DEFAULT_RATE: &str = "10/s";
const DEFAULT_KEEP: u32 = 30;
const DEFAULT_WORKERS: usize = 8;
const DEFAULT_TIMEOUT: &str = "30s";
const DEFAULT_OUTAGE: &str = "5m";
/// A run that waits longer than this helps nobody.
const LONGEST_OUTAGE: Duration = Duration::from_hours(7 * 24);
/// More requests under way than this help nobody.
const MOST_WORKERS: usize = 1024;

/// Resolves all settings.
///
/// # Errors
/// [`ConfigError::Value`] where one does not fit; [`ConfigError::EmptyVariable`] where the environment has a variable of
/// this program without a value.
pub fn resolve(
    typed: Typed,
    environment: &Environment,
    file: ConfigFile,
) -> Result<Resolved, ConfigError> {
    environment.refuse_empty()?;
    let token = token(&typed, environment, &file)?;
    let timeout = first(
        &typed,
        "timeout",
        typed.timeout.as_ref(),
        file.api.timeout.as_ref(),
        DEFAULT_TIMEOUT,
    );
    let timeout = time(
        "timeout",
        timeout,
        "expected a duration, for example 30s or 1m",
        |t| !t.is_zero(),
    )?;
    let outage = first(
        &typed,
        "outage",
        typed.outage.as_ref(),
        file.api.outage.as_ref(),
        DEFAULT_OUTAGE,
    );
    let most = |t: Duration| t <= LONGEST_OUTAGE;
    let outage = time(
        "outage",
        outage,
        "expected a duration of at most a week, for example 5m or 1h, or 0 not to wait",
        most,
    )?;
    let written = typed.workers.map(|n| n.to_string());
    let in_file = file.api.workers.map(|n| n.to_string());
    let default = DEFAULT_WORKERS.to_string();
    let (value, origin) = first(
        &typed,
        "workers",
        written.as_ref(),
        in_file.as_ref(),
        &default,
    );
    let workers = value.parse().ok();
    let Some(workers) = workers.filter(|n| (1..=MOST_WORKERS).contains(n)) else {
        return Err(ConfigError::Value {
            name: "workers",
            value,
            origin,
            reason: format!("write a number from 1 to {MOST_WORKERS}"),
        });
    };
    let (api_url, _) = first(
        &typed,
        "api-url",
        typed.api_url.as_ref(),
        file.api.url.as_ref(),
        DEFAULT_API_URL,
    );
    let takeover = typed.takeover_with_origin();
    let from = match typed.state {
        Some(_) => typed.origin("state"),
        None => Origin::in_file(),
    };
    let state = typed
        .state
        .or_else(|| file.state.path.clone())
        .unwrap_or_else(|| PathBuf::from(DEFAULT_STATE));
    Ok(Resolved {
        api_url,
        token,
        state: state_address(&state, from)?,
        database: Database::resolve(environment, takeover, file.state)?,
        rate: typed.rate.or_else(|| file.api.rate.clone()),
        burst: typed.burst.or(file.api.burst),
        workers,
        timeout,
        outage,
        report: typed.report.or(file.report.dir),
        keep: file.report.keep.unwrap_or(DEFAULT_KEEP).max(1),
        transport: Transport::resolve(typed.transport, &file.api)?,
        cloud: environment.of_clouds(),
    })
}

/// What was typed, then the environment, then the file. Two variables for one token are one too many.
fn token(
    typed: &Typed,
    environment: &Environment,
    file: &ConfigFile,
) -> Result<Option<TokenSetting>, ConfigError> {
    let given = environment.get(env::TOKEN);
    let asked = [
        (
            "token-file",
            typed.token_file.is_some(),
            "PARTNER_SYNC_TOKEN_FILE",
        ),
        (
            "token-command",
            typed.token_command.is_some(),
            "PARTNER_SYNC_TOKEN_COMMAND",
        ),
    ];
    for (option, is_there, other) in asked {
        if given.is_some() && is_there && typed.is_variable(option) {
            return Err(ConfigError::Both {
                one: env::TOKEN,
                other,
            });
        }
    }
    Ok(if let Some(path) = &typed.token_file {
        Some(TokenSetting::File(path.clone()))
    } else if let Some(command) = &typed.token_command {
        // An option is one text, so a shell takes it apart; the file has a list and needs none.
        let words = ["sh", "-c", command].map(str::to_owned);
        Some(TokenSetting::Command(words.to_vec()))
    } else if let Some(token) = given {
        Some(TokenSetting::Given(Secret::new(token.trim())))
    } else if let Some(path) = &file.api.token_file {
        Some(TokenSetting::File(path.clone()))
    } else {
        let command = file.api.token_command.clone();
        command.map(TokenSetting::Command)
    })
}

fn first(
    all: &Typed,
    option: &str,
    typed: Option<&String>,
    file: Option<&String>,
    default: &str,
) -> (String, Origin) {
    if let Some(value) = typed {
        (value.clone(), all.origin(option))
    } else if let Some(value) = file {
        (value.clone(), Origin::in_file())
    } else {
        (default.to_owned(), Origin::Default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_beats_the_file_beats_the_default() {
        let file: ConfigFile =
            toml::from_str("[api]\nurl = \"http://file\"\nrate = \"5/s\"\ntoken_file = \"t\"\n")
                .unwrap();
        let environment = Environment::of(&[(env::TOKEN, "secret")]);
        let typed = Typed {
            api_url: Some("http://flag".to_owned()),
            ..Typed::default()
        };
        let all = resolve(typed, &environment, file.clone()).unwrap();
        assert_eq!(
            (all.api_url.as_str(), all.rate.as_deref(), all.workers),
            ("http://flag", Some("5/s"), 8)
        );
        assert!(matches!(all.token, Some(TokenSetting::Given(_))));
        let file_only = resolve(Typed::default(), &Environment::default(), file).unwrap();
        assert_eq!(file_only.api_url, "http://file");
        assert!(matches!(file_only.token, Some(TokenSetting::File(_))));
        let none = resolve(
            Typed::default(),
            &Environment::default(),
            ConfigFile::default(),
        )
        .unwrap();
        assert_eq!(none.api_url, DEFAULT_API_URL);
        assert!(none.token.is_none());
        assert_eq!(none.timeout, Duration::from_secs(30));
        assert_eq!(none.outage, Duration::from_mins(5));
    }

    #[test]
    fn the_time_to_wait_for_an_outage_may_be_none_at_all() {
        let with = |typed: Option<&str>, file: &str| {
            let file: ConfigFile = toml::from_str(file).unwrap();
            let typed = Typed {
                outage: typed.map(str::to_owned),
                variables: vec!["PARTNER_SYNC_OUTAGE".to_owned()],
                ..Typed::default()
            };
            resolve(typed, &Environment::default(), file).map(|r| r.outage.as_secs())
        };
        let file = "[api]\noutage = \"3m\"\n";
        assert_eq!(with(Some("1h"), file).unwrap(), 3600);
        assert_eq!(with(None, file).unwrap(), 180);
        for zero in ["0", "0s"] {
            assert_eq!(with(Some(zero), file).unwrap(), 0);
        }
        for wrong in ["soon", "-1s", "8days"] {
            let words = with(Some(wrong), file).unwrap_err().to_string();
            let says = ["outage", "(PARTNER_SYNC_OUTAGE)"];
            assert!(says.iter().all(|s| words.contains(s)), "{words}");
        }
    }

    #[test]
    fn an_empty_address_is_not_production() {
        let environment = Environment::of(&[("PARTNER_SYNC_API_URL", "")]);
        let refused = resolve(Typed::default(), &environment, ConfigFile::default());
        assert!(
            matches!(&refused, Err(ConfigError::EmptyVariable { name }) if name == "PARTNER_SYNC_API_URL"),
            "{refused:?}"
        );
    }

    #[test]
    fn a_token_has_one_source() {
        let environment = Environment::of(&[(env::TOKEN, "secret")]);
        let with = |variables: &[&str]| {
            let typed = Typed {
                token_file: Some("t".into()),
                variables: variables.iter().map(|v| (*v).to_owned()).collect(),
                ..Typed::default()
            };
            resolve(typed, &environment, ConfigFile::default())
        };
        // What is typed comes before the environment.
        let typed = with(&[]).unwrap().token;
        assert!(matches!(typed, Some(TokenSetting::File(_))));
        let words = with(&["PARTNER_SYNC_TOKEN_FILE"]).unwrap_err().to_string();
        assert!(
            words.contains("PARTNER_SYNC_TOKEN and PARTNER_SYNC_TOKEN_FILE"),
            "{words}"
        );
    }
}
