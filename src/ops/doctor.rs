//! `doctor`: everything that a run needs, tried one after the other. Nothing is sent and nothing is changed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connect::{self, token_lasts};
use super::disk_room::free_bytes;
use super::error::OpError;
use super::session::{Session, Target};
use super::sync::{Finding, ask, chosen_or_all, looked_at};
use crate::api::{ApiError, server_time};
use crate::clock::{Timestamp, spoken};
use crate::config::{ConfigFile, TokenSetting};
use crate::mapping::Mapping;
use crate::report::RunEnding;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// A run can use it.
    Ok,
    /// A run works, but somebody should look.
    Warning,
    /// A run fails because of it.
    Wrong,
}

impl Health {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Ok => "ok",
            Health::Warning => "warning",
            Health::Wrong => "wrong",
        }
    }
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How it is.
    pub health: Health,
    /// What it is: `api`, `token`, `job x`.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// What to do, where there is something.
    pub todo: Option<String>,
}

/// A clock that is off by more than this is worth a look: times in reports and the ends of tokens are compared with it.
const CLOCK_WARNING: Duration = Duration::from_mins(1);
/// One that is off by more than this makes tokens look valid or run out that are not.
const CLOCK_WRONG: Duration = Duration::from_mins(10);
/// A token that lasts less than this may not last for a run.
const TOKEN_WARNING: Duration = Duration::from_hours(1);
/// Free bytes under which a run may not be able to write its state and reports.
const DISK_WARNING: u64 = 1 << 30;
const DISK_WRONG: u64 = 50 << 20;

/// Tries everything. The ending says whether something is wrong: [`RunEnding::Refused`] for a setting, file or mapping,
/// [`RunEnding::Stopped`] where only the API could not be asked.
///
/// # Errors
/// [`OpError`] where two jobs have one name.
pub fn doctor(
    config: &ConfigFile,
    mappings: &[PathBuf],
    report: Option<&Path>,
    session: &Session<'_>,
) -> Result<(Vec<Checked>, RunEnding), OpError> {
    let jobs = chosen_or_all(config)?;
    let mut all: Vec<Checked> = looked_at(config, &jobs, report, session)
        .into_iter()
        .map(Checked::from)
        .collect();
    all.extend(mappings.iter().map(|path| mapping(path, session)));
    all.extend(lock(session));
    all.extend(disk(session, report));
    let is_broken = all.iter().any(|c| c.health == Health::Wrong);
    if session.target == Target::Sandbox {
        all.push(Checked::new(
            Health::Ok,
            "api",
            "the sandbox in this process",
        ));
        return Ok((all, ending(is_broken, None)));
    }
    let certificates = certificates(session);
    let is_broken = is_broken || certificates.health == Health::Wrong;
    all.push(certificates);
    let answered = server_clock(session);
    let asked = ask(session);
    let api = asked.as_ref().err().map(OpError::ending);
    all.push(token(session, asked.as_ref().err()));
    all.push(match &asked {
        Ok(found) => Checked::new(Health::Ok, "api", found),
        // The token has a line of its own.
        Err(OpError::NoToken) if answered.is_some() => Checked::new(
            Health::Ok,
            "api",
            "answers; not asked for partners, for want of a token",
        ),
        Err(OpError::NoToken) => {
            Checked::new(Health::Wrong, "api", "does not answer").with(Some(CHECK_ADDRESS))
        }
        Err(error) => Checked::new(Health::Wrong, "api", &error.to_string()).with(api_todo(error)),
    });
    all.extend(answered.map(|(theirs, ours)| clock(theirs, ours)));
    Ok((all, ending(is_broken, api)))
}

fn ending(is_broken: bool, api: Option<RunEnding>) -> RunEnding {
    match (is_broken, api) {
        (_, Some(RunEnding::Interrupted)) => RunEnding::Interrupted,
        (false, None) => RunEnding::Done,
        (false, Some(ending)) if ending != RunEnding::Refused => RunEnding::Stopped,
        _ => RunEnding::Refused,
    }
}

impl Checked {
    fn new(health: Health, subject: &str, found: &str) -> Self {
        Self {
            health,
            subject: subject.to_owned(),
            found: found.to_owned(),
            todo: None,
        }
    }

    fn with(self, todo: Option<&str>) -> Self {
        Self {
            todo: todo.map(str::to_owned),
            ..self
        }
    }

    fn todo(self, todo: &str) -> Self {
        self.with(Some(todo))
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let health = self.health.as_str();
        writeln!(f, "{health:<8} {}: {}", self.subject, self.found)?;
        match &self.todo {
            Some(todo) => writeln!(f, "         {todo}"),
            None => Ok(()),
        }
    }
}

/// What was tried, as text or as one line of JSON.
#[must_use]
pub fn checks(all: &[Checked], ending: RunEnding, json: bool) -> String {
    if !json {
        return all.iter().map(ToString::to_string).collect();
    }
    let each = all.iter().map(|c| {
        serde_json::json!({"health": c.health.as_str(), "subject": c.subject, "found": c.found, "todo": c.todo})
    });
    let checks: serde_json::Value = each.collect();
    let all = serde_json::json!({"checks": checks, "exit": ending.code()});
    format!("{all}\n")
}

impl From<Finding> for Checked {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Good {
                subject,
                what,
                found,
            } => Self::new(Health::Ok, &subject, &format!("{what} {found}")),
            Finding::Wrong {
                subject,
                what,
                reason,
            } => Self::new(Health::Wrong, &subject, &format!("{what}: {reason}")),
            Finding::Missing(words) => {
                let (subject, found) = words.split_once(": ").unwrap_or(("note", &words));
                Self::new(Health::Ok, subject, found)
            }
        }
    }
}

fn mapping(path: &Path, session: &Session<'_>) -> Checked {
    let owned = path.to_owned();
    let read = session.blocking(move || Mapping::read(&owned));
    match read.and_then(|read| read.map_err(OpError::from)) {
        Ok(mapping) => {
            let found = format!("{}, named \"{}\"", path.display(), mapping.name);
            Checked::new(Health::Ok, "mapping", &found)
        }
        Err(error) => Checked::new(Health::Wrong, "mapping", &error.to_string()),
    }
}

fn lock(session: &Session<'_>) -> Option<Checked> {
    let holder = session.store().holder()?;
    let found = format!("another run holds the state ({holder})");
    Some(
        Checked::new(Health::Warning, "lock", &found)
            .todo("Wait for it to end, or give --wait 10m to the next run."),
    )
}

/// The disks of the state and of the reports.
fn disk(session: &Session<'_>, report: Option<&Path>) -> Vec<Checked> {
    let files = session.settings.state.files();
    let mut places: Vec<(&str, &Path)> = Vec::new();
    places.extend(
        files
            .first()
            .map(|file| ("disk of the state", file.as_path())),
    );
    places.extend(report.map(|folder| ("disk of the reports", folder)));
    let mut found = Vec::new();
    for (subject, path) in places {
        let Some(free) = free_bytes(path) else {
            continue;
        };
        let (health, todo) = match free {
            n if n < DISK_WRONG => (Health::Wrong, Some("Make room: a run would stop.")),
            n if n < DISK_WARNING => (Health::Warning, Some("Make room before a large run.")),
            _ => (Health::Ok, None),
        };
        let words = format!("{} MiB free", crate::diagnostic::thousands(free >> 20));
        found.push(Checked::new(health, subject, &words).with(todo));
    }
    found
}

fn certificates(session: &Session<'_>) -> Checked {
    let settings = &session.settings.transport;
    match connect::tls(session.settings) {
        Err(error) => Checked::new(Health::Wrong, "certificates", &error.to_string()),
        Ok(_) => {
            let mut found = match &settings.ca_file {
                Some(path) => format!("the system's own and {}", path.display()),
                None => "the system's own".to_owned(),
            };
            if let Some(path) = &settings.client_cert {
                found = format!("{found}; shows {}", path.display());
            }
            let secret = settings.client_key.as_deref();
            open_to_others("certificates", secret)
                .unwrap_or_else(|| Checked::new(Health::Ok, "certificates", &found))
        }
    }
}

/// A file with a secret that others may read.
#[cfg(unix)]
fn open_to_others(subject: &str, secret: Option<&Path>) -> Option<Checked> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = secret?;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o044 != 0).then(|| {
        let found = format!("{} can be read by others", path.display());
        Checked::new(Health::Warning, subject, &found)
            .todo(&format!("chmod 600 {}", path.display()))
    })
}

#[cfg(not(unix))]
fn open_to_others(_: &str, _: Option<&Path>) -> Option<Checked> {
    None
}

/// Where the token comes from, whether the API takes it, and how long it lasts.
fn token(session: &Session<'_>, trouble: Option<&OpError>) -> Checked {
    let from = match &session.settings.token {
        None => {
            return Checked::new(Health::Wrong, "token", "there is none").todo(
                "Set PARTNER_SYNC_TOKEN, or give --token-file FILE or --token-command COMMAND.",
            );
        }
        Some(TokenSetting::Given(_)) => "PARTNER_SYNC_TOKEN".to_owned(),
        Some(TokenSetting::File(path)) => path.display().to_string(),
        Some(TokenSetting::Command(_)) => "a command".to_owned(),
    };
    match trouble {
        Some(OpError::Api(ApiError::NoToken(words))) => {
            // What is wrong with a variable is said with its name.
            let words = if words.starts_with(&from) {
                words.clone()
            } else {
                format!("{from}: {words}")
            };
            return Checked::new(Health::Wrong, "token", &words);
        }
        Some(OpError::Api(ApiError::Unauthorised(_))) => {
            return Checked::new(Health::Wrong, "token", &format!("from {from}: refused"))
                .todo("Get a new token.");
        }
        _ => {}
    }
    if let Some(TokenSetting::File(path)) = &session.settings.token
        && let Some(open) = open_to_others("token", Some(path))
    {
        return open;
    }
    let renews = session.settings.renews_token();
    let Some(left) = token_lasts(session) else {
        let found = format!("from {from}; it does not say how long it lasts");
        return Checked::new(Health::Ok, "token", &found);
    };
    if left == Duration::ZERO {
        return Checked::new(
            Health::Wrong,
            "token",
            &format!("from {from}: it has run out"),
        )
        .todo("Get a new token.");
    }
    let found = format!("from {from}; lasts {}", spoken(left));
    if left < TOKEN_WARNING && !renews {
        return Checked::new(Health::Warning, "token", &found).todo(
            "A longer run needs --token-file or --token-command, so that a new token can be taken.",
        );
    }
    Checked::new(Health::Ok, "token", &found)
}

const CHECK_ADDRESS: &str = "Check --api-url, the network, and the proxy (HTTPS_PROXY).";

fn api_todo(error: &OpError) -> Option<&'static str> {
    matches!(error, OpError::Api(ApiError::Unreachable(_))).then_some(CHECK_ADDRESS)
}

/// The API's clock and this machine's at the same moment.
fn server_clock(session: &Session<'_>) -> Option<(Timestamp, Timestamp)> {
    let settings = connect::http_settings(session).ok()?;
    let asked = server_time(&settings, &session.clock);
    session.runtime.block_on(asked)
}

/// This machine's clock against the API's.
fn clock(theirs: Timestamp, ours: Timestamp) -> Checked {
    let off = Duration::from_millis(ours.0.abs_diff(theirs.0));
    let way = if ours > theirs { "ahead of" } else { "behind" };
    let found = format!("{} {way} the API's", spoken(off));
    match off {
        off if off > CLOCK_WRONG => Checked::new(Health::Wrong, "clock", &found).todo(
            "Set this machine's clock (NTP): tokens and the age of exports are judged by it.",
        ),
        off if off > CLOCK_WARNING => {
            Checked::new(Health::Warning, "clock", &found).todo("Set this machine's clock (NTP).")
        }
        _ => Checked::new(Health::Ok, "clock", "agrees with the API's"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_decides_how_it_ends() {
        for (is_broken, api, ends) in [
            (false, None, RunEnding::Done),
            (true, None, RunEnding::Refused),
            (false, Some(RunEnding::Stopped), RunEnding::Stopped),
            (false, Some(RunEnding::Refused), RunEnding::Refused),
            (true, Some(RunEnding::Stopped), RunEnding::Refused),
            (true, Some(RunEnding::Interrupted), RunEnding::Interrupted),
        ] {
            assert_eq!(ending(is_broken, api), ends, "{is_broken} {api:?}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_a_minute() {
        let ours = Timestamp(1_000_000_000_000);
        for (off, health, says) in [
            (0, Health::Ok, "agrees"),
            (-60_000, Health::Ok, "agrees"),
            (61_000, Health::Warning, "61 s behind the API's"),
            (-61_000, Health::Warning, "61 s ahead of the API's"),
            (-601_000, Health::Wrong, "11 min ahead of the API's"),
        ] {
            let checked = clock(Timestamp(ours.0 + off), ours);
            assert_eq!(checked.health, health, "{off}");
            assert!(checked.found.contains(says), "{off}: {}", checked.found);
            assert_eq!(checked.todo.is_some(), health != Health::Ok);
        }
    }

    #[test]
    fn each_line_says_what_to_do() {
        let checked = Checked::new(Health::Warning, "lock", "held").todo("Wait.");
        assert_eq!(checked.to_string(), "warning  lock: held\n         Wait.\n");
        let json = checks(&[checked], RunEnding::Done, true);
        assert!(
            json.contains(r#""todo":"Wait.""#) && json.ends_with("\"exit\":0}\n"),
            "{json}"
        );
    }
}
