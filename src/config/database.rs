//! What a state in a database needs beside its address.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::env::{self, Environment};
use super::error::ConfigError;
use super::file::StateSection;
use super::origin::Origin;
use super::time::time;
use crate::state::{RememberedPassword, StateAddress, Takeover};

/// What a state in a database needs beside its address.
#[derive(Debug, Clone, Default)]
pub struct Database {
    /// The file that holds the key of the hashes.
    pub key_file: Option<PathBuf>,
    /// A command with its arguments that prints the password.
    pub password_command: Option<Vec<String>>,
    /// A file that holds the password alone, where no command is named.
    pub password_file: Option<PathBuf>,
    /// The file of passwords of databases, where neither is named; it need not exist.
    pub pgpass: Option<PathBuf>,
    /// The password that was got last.
    pub remembered: RememberedPassword,
    /// How long a run that does not renew its lease keeps the state.
    pub lease: Option<Duration>,
    /// How long what was under way on a machine that was lost may still be sent.
    pub takeover: Option<Takeover>,
}

/// A lease that is shorter ends while a loaded machine is at work; a longer one keeps the next run waiting.
const LEASES: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(10);

impl Database {
    /// How long what was under way on a machine that was lost may still be sent.
    #[must_use]
    pub fn takeover(&self) -> Takeover {
        self.takeover.unwrap_or_default()
    }

    pub(super) fn resolve(
        environment: &Environment,
        takeover: Option<(String, Origin)>,
        file: StateSection,
    ) -> Result<Self, ConfigError> {
        let path = |name: &str| environment.get(name).map(PathBuf::from);
        let lease = file.lease.map(|text| {
            time(
                "lease",
                (text, Origin::in_file()),
                "expected a duration from 1s to 10m, for example 30s",
                |t| LEASES.contains(&t),
            )
        });
        let in_file = file.takeover.map(|text| (text, Origin::in_file()));
        let takeover = takeover.or(in_file).map(|written| {
            if written.0 == "never" {
                return Ok(Takeover::Never);
            }
            let expected = "expected a duration, for example 10m, or never";
            time("takeover", written, expected, |_| true).map(Takeover::After)
        });
        Ok(Self {
            key_file: path(env::STATE_KEY_FILE).or(file.key_file),
            password_command: file.password_command,
            password_file: file.password_file,
            pgpass: path(env::PGPASSFILE)
                .or_else(|| path(env::HOME).map(|home| home.join(".pgpass"))),
            remembered: RememberedPassword::default(),
            lease: lease.transpose()?,
            takeover: takeover.transpose()?,
        })
    }
}

/// Where a state is. An address that is refused is not shown: it may hold a password.
///
/// # Errors
/// [`ConfigError::Value`] where the address of a database cannot be read, or has a password.
pub fn state_address(text: &Path, origin: Origin) -> Result<StateAddress, ConfigError> {
    StateAddress::read(text).map_err(|reason| ConfigError::Value {
        name: "state",
        value: "postgres://...".to_owned(),
        origin,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_of_a_takeover_beats_the_file() {
        let minutes = |n| Some(Takeover::After(Duration::from_mins(n)));
        for (typed, file, expected) in [
            (None, None, None),
            (None, Some("20m"), minutes(20)),
            (Some("3m"), Some("20m"), minutes(3)),
            (Some("never"), Some("20m"), Some(Takeover::Never)),
            (Some("3m"), Some("never"), minutes(3)),
        ] {
            let section = StateSection {
                takeover: file.map(str::to_owned),
                ..StateSection::default()
            };
            let typed = typed.map(|text| (text.to_owned(), Origin::Default));
            let database = Database::resolve(&Environment::default(), typed, section);
            assert_eq!(database.unwrap().takeover, expected);
        }
        let wrong = Some(("soon".to_owned(), Origin::Option("takeover".to_owned())));
        let wrong = Database::resolve(&Environment::default(), wrong, StateSection::default());
        let words = wrong.unwrap_err().to_string();
        assert!(
            words.contains("--takeover") && words.contains("or never"),
            "{words}"
        );
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_never_shown() {
        for text in ["postgres://u:hush@h/d", "postgres://u@h/d?password=hush"] {
            let words = state_address(Path::new(text), Origin::Default)
                .unwrap_err()
                .to_string();
            assert!(
                words.contains("PGPASSFILE") && !words.contains("hush"),
                "{words}"
            );
        }
        let file = state_address(Path::new("s.db"), Origin::Default).unwrap();
        assert_eq!(file.to_string(), "s.db");
    }

    #[test]
    fn where_the_password_is_looked_for() {
        let file = |variables: &[(&str, &str)]| {
            let environment = Environment::of(variables);
            let database = Database::resolve(&environment, None, StateSection::default());
            database.unwrap().pgpass
        };
        let home = (env::HOME, "/home/u");
        assert_eq!(file(&[]), None);
        assert_eq!(file(&[home]), Some("/home/u/.pgpass".into()));
        assert_eq!(file(&[home, (env::PGPASSFILE, "p")]), Some("p".into()));
        for (lease, fits) in [
            ("30s", true),
            ("1s", true),
            ("0s", false),
            ("11m", false),
            ("x", false),
        ] {
            let section = StateSection {
                lease: Some(lease.to_owned()),
                ..StateSection::default()
            };
            let database = Database::resolve(&Environment::default(), None, section);
            assert_eq!(database.is_ok(), fits, "{lease}");
        }
    }
}
