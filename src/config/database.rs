//! What a state in a database needs beside its address.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::env::{self, Environment};
use super::error::ConfigError;
use super::file::StateSection;
use super::origin::Origin;
use super::time::time;
use crate::state::{StateAddress, Takeover};

/// What a state in a database needs beside its address.
#[derive(Debug, Clone, Default)]
pub struct Database {
    /// The file that holds the key of the hashes.
    pub key_file: Option<PathBuf>,
    /// A command with its arguments that prints the password.
    pub password_command: Option<Vec<String>>,
    /// The file of passwords, where no command is named; it need not exist.
    pub password_file: Option<PathBuf>,
    /// How long a run that does not renew its lease keeps the state.
    pub lease: Option<Duration>,
    /// How long what was under way on a machine that was lost may still be sent.
    pub takeover: Option<Takeover>,
}

/// A lease that is shorter ends while a loaded machine is at work; a longer one keeps the next run waiting.
const LEASES: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(10);

impl Database {
    pub(super) fn resolve(
        environment: &Environment,
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
        let takeover = file.takeover.map(|text| {
            if text == "never" {
                return Ok(Takeover::Never);
            }
            let expected = "expected a duration, for example 10m, or never";
            time("takeover", (text, Origin::in_file()), expected, |_| true).map(Takeover::After)
        });
        Ok(Self {
            key_file: path(env::STATE_KEY_FILE).or(file.key_file),
            password_command: file.password_command,
            password_file: path(env::PGPASSFILE)
                .or_else(|| path(env::HOME).map(|home| home.join(".pgpass"))),
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
            let database = Database::resolve(&environment, StateSection::default());
            database.unwrap().password_file
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
            let database = Database::resolve(&Environment::default(), section);
            assert_eq!(database.is_ok(), fits, "{lease}");
        }
    }
}
