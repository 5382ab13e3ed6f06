//! The environment, read in this one place and handed on as an argument.

use std::collections::HashMap;

/// The environment's variables that this program knows.
#[derive(Debug, Clone, Default)]
pub struct Environment(HashMap<String, String>);

/// The API's base.
pub(super) const API_URL: &str = "PARTNER_SYNC_API_URL";
/// The token.
pub(super) const TOKEN: &str = "PARTNER_SYNC_TOKEN";
/// The state file.
pub(super) const STATE: &str = "PARTNER_SYNC_STATE";
/// Turns colour off where it is set, whatever it holds. Source: no-color.org.
pub(super) const NO_COLOR: &str = "NO_COLOR";

impl Environment {
    /// The process's own.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the environment"
    )]
    pub fn of_process() -> Self {
        Self(
            [API_URL, TOKEN, STATE, NO_COLOR]
                .into_iter()
                .filter_map(|name| {
                    std::env::var(name)
                        .ok()
                        .map(|value| (name.to_owned(), value))
                })
                .collect(),
        )
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
}
