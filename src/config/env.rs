//! The environment, read in this one place and handed on as an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::error::ConfigError;
use crate::secret::Secret;

/// The environment's variables. Shown, it is their names: their values may be secrets.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// The token for the API: a secret that never appears in words.
pub(super) const TOKEN: &str = "PARTNER_SYNC_TOKEN";
/// The file that holds the key of a state in a database.
pub(super) const STATE_KEY_FILE: &str = "PARTNER_SYNC_STATE_KEY_FILE";
/// The file of passwords of databases; without it, `.pgpass` in the home folder. Source: libpq's documentation.
pub(super) const PGPASSFILE: &str = "PGPASSFILE";
pub(super) const HOME: &str = "HOME";

/// What the program's own variables begin with.
const PREFIX: &str = "PARTNER_SYNC_";
/// Those of them that are no options.
const OTHERS: [&str; 2] = [TOKEN, STATE_KEY_FILE];
/// What variables of clouds begin with, and those that begin otherwise. Sources: the references of their command lines.
const CLOUD_PREFIXES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];
const CLOUD_NAMES: [&str; 3] = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", HOME];
/// How alike two names are at least, from 0 to 1, so that one is taken for a misspelling of the other.
pub(super) const ALIKE: f64 = 0.8;

/// A variable that begins with `PARTNER_SYNC_` and that nothing reads: most probably a misspelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownVariable {
    /// Its name as it is set; its value is never shown.
    pub name: String,
    /// The known variable most like it, where one is like it at all.
    pub nearest: Option<String>,
}

impl fmt::Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown environment variable {}", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(f, ": did you mean {nearest}?"),
            None => write!(
                f,
                ": no option has this name, so it changes nothing. The variable of --token-file is {}",
                variable("token-file")
            ),
        }
    }
}

/// The variable of an option: `PARTNER_SYNC_TOKEN_FILE` of `token-file`.
#[must_use]
pub fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_uppercase().replace('-', "_"))
}

impl Environment {
    /// The process's own. What is no Unicode is read with replacement characters.
    #[must_use]
    pub fn of_process() -> Self {
        #[cfg(debug_assertions)]
        if let Some(at) = std::env::var_os("STOP_AT") {
            crate::pause::arm(&at.to_string_lossy());
        }
        let all = std::env::vars_os().map(|(name, value)| {
            let text = |t: std::ffi::OsString| t.to_string_lossy().into_owned();
            (text(name), text(value))
        });
        Self(all.collect())
    }

    /// One made by hand, for tests.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(
            variables
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
        )
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// The clouds' own variables, by which exports in buckets are read.
    pub(super) fn of_clouds(&self) -> Vec<(String, Secret)> {
        let is_theirs = |name: &str| {
            CLOUD_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                || CLOUD_NAMES.contains(&name)
        };
        let theirs = self.0.iter().filter(|(name, _)| is_theirs(name));
        theirs
            .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
            .collect()
    }

    /// Variables of the program's own prefix that are neither one of `options` nor read without an option, by name. They change
    /// nothing, so they are worth a warning.
    #[must_use]
    pub fn unknown(&self, options: &BTreeSet<String>) -> Vec<UnknownVariable> {
        let names = self.0.keys().filter(|name| name.starts_with(PREFIX));
        names
            .filter(|name| !OTHERS.contains(&name.as_str()) && !options.contains(*name))
            .map(|name| UnknownVariable {
                name: name.clone(),
                nearest: nearest(name, options),
            })
            .collect()
    }

    /// Refuses a variable of the program's own prefix that is set and blank: a script in which a value is missing
    /// must not run with the default, which is production.
    ///
    /// # Errors
    /// [`ConfigError::EmptyVariable`] with the first of them by name.
    pub fn refuse_empty(&self) -> Result<(), ConfigError> {
        let is_blank = |(name, value): &(&String, &String)| {
            name.starts_with(PREFIX) && value.trim().is_empty()
        };
        match self.0.iter().find(is_blank) {
            Some((name, _)) => Err(ConfigError::EmptyVariable { name: name.clone() }),
            None => Ok(()),
        }
    }
}

/// Whether SIGHUP was ignored when the process began. Linux alone says so; elsewhere it counts as not ignored.
#[must_use]
pub fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    // A bit for each signal; the lowest is number 1, SIGHUP.
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// The known variable that is most like `name` behind the prefix.
fn nearest(name: &str, options: &BTreeSet<String>) -> Option<String> {
    let own = |name: &str| name.trim_start_matches(PREFIX).to_owned();
    let known = options.iter().map(String::as_str).chain([TOKEN]);
    known
        .map(|known| (strsim::jaro_winkler(&own(name), &own(known)), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_COLOR: &str = "NO_COLOR";

    #[test]
    fn an_empty_variable_is_refused_by_name() {
        for (name, value) in [
            ("PARTNER_SYNC_API_URL", ""),
            ("PARTNER_SYNC_STATE", ""),
            (TOKEN, " \n"),
            ("PARTNER_SYNC_WHATEVER", ""),
        ] {
            let words = Environment::of(&[(name, value), (NO_COLOR, "")])
                .refuse_empty()
                .unwrap_err()
                .to_string();
            assert!(words.contains(name) && words.contains("unset"), "{words}");
        }
        let good = Environment::of(&[("PARTNER_SYNC_API_URL", "http://localhost"), (NO_COLOR, "")]);
        assert!(good.refuse_empty().is_ok());
    }

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_known_one() {
        let environment = Environment::of(&[
            (TOKEN, "secret"),
            (NO_COLOR, "1"),
            ("PARTNER_SYNC_APIURL", "http://localhost"),
            ("PARTNER_SYNC_COLOUR", "never"),
            ("PARTNER_SYNC_TOKNE", "secret"),
        ]);
        let options = ["api-url", "token-file", "state"].map(variable).into();
        let unknown = environment.unknown(&options);
        let nearest: Vec<_> = unknown
            .iter()
            .map(|u| (u.name.as_str(), u.nearest.as_deref()))
            .collect();
        assert_eq!(
            nearest,
            [
                ("PARTNER_SYNC_APIURL", Some("PARTNER_SYNC_API_URL")),
                ("PARTNER_SYNC_COLOUR", None),
                ("PARTNER_SYNC_TOKNE", Some(TOKEN)),
            ]
        );
        let words: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(
            words[..2],
            [
                "unknown environment variable PARTNER_SYNC_APIURL: did you mean PARTNER_SYNC_API_URL?",
                "unknown environment variable PARTNER_SYNC_COLOUR: no option has this name, so it changes nothing. The variable of --token-file is PARTNER_SYNC_TOKEN_FILE",
            ]
        );
        assert!(!words.concat().contains("secret"));
    }
}
