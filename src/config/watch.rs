//! `[ping]` as written: a watchdog that is told when a night begins and how it ends.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::error::ConfigError;
use super::job::Time;
use crate::secret::Secret;

/// How a watchdog is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PingStyle {
    /// `url/start`, then `url/EXIT`, with one run id for both. Source: the pinging API of healthchecks.io.
    Healthchecks,
}

/// `[ping]`: addresses that are called when a night begins and ends. Whoever knows one can call it, so none is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PingSection {
    /// Called when a night has ended, however it did. With a style, the address that the others are made of.
    #[serde(deserialize_with = "secret")]
    pub url: Option<Secret>,
    /// Called when a night begins.
    #[serde(deserialize_with = "secret")]
    pub start_url: Option<Secret>,
    /// Called when a night came to its end: exit 0 or 1.
    #[serde(deserialize_with = "secret")]
    pub success_url: Option<Secret>,
    /// Called when it did not: exit 2 and above.
    #[serde(deserialize_with = "secret")]
    pub fail_url: Option<Secret>,
    /// How the watchdog is told.
    pub style: Option<PingStyle>,
    /// How long a call may take.
    pub timeout: Option<Time>,
}

/// How long a call may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(5);

impl PingSection {
    /// How long a call may take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.timeout.map_or(TIMEOUT, |Time(t)| t)
    }

    /// Sees that its keys go together.
    ///
    /// # Errors
    /// [`ConfigError::Half`] and [`ConfigError::Both`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let others = [&self.start_url, &self.success_url, &self.fail_url];
        match self.style {
            Some(_) if self.url.is_none() => Err(ConfigError::Half {
                given: "[ping] style",
                missing: "url",
            }),
            Some(_) if others.iter().any(|url| url.is_some()) => Err(ConfigError::Both {
                one: "[ping] style",
                other: "start_url, success_url or fail_url",
            }),
            _ => Ok(()),
        }
    }

    /// All addresses, each with the name of its key.
    #[must_use]
    pub fn addresses(&self) -> Vec<(&'static str, &Secret)> {
        let all = [
            ("[ping] url", &self.url),
            ("[ping] start_url", &self.start_url),
            ("[ping] success_url", &self.success_url),
            ("[ping] fail_url", &self.fail_url),
        ];
        let there = all.into_iter();
        there
            .filter_map(|(name, url)| Some((name, url.as_ref()?)))
            .collect()
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Some(Secret::new(String::deserialize(deserializer)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_watchdog_go_together() {
        for (text, fits) in [
            ("", true),
            ("url = \"https://h/u\"\nstart_url = \"https://h/s\"", true),
            ("url = \"https://h/u\"\nstyle = \"healthchecks\"", true),
            ("style = \"healthchecks\"", false),
            (
                "url = \"https://h/u\"\nfail_url = \"https://h/f\"\nstyle = \"healthchecks\"",
                false,
            ),
        ] {
            let section: PingSection = toml::from_str(text).unwrap();
            assert_eq!(section.check().is_ok(), fits, "{text}");
        }
    }
}
