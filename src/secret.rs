//! Secrets: a string that never prints itself, and what is left of a text when secrets and bank data are taken out of it.

mod address;
mod numbers;
mod scrubber;
mod text;
mod tokens;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

pub use address::{SecretAddress, plain_address, without_address_secrets};
pub use scrubber::Scrubber;

/// A token or password. `Debug` and `Display` print stars; the memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `value` with all but its last two characters replaced by stars; four characters or fewer show none.
///
/// Lengths are kept up to 12 stars, so that a reader recognises a cell without learning it.
#[must_use]
pub fn mask(value: &str) -> String {
    let length = value.chars().count();
    let shown = if length > 4 { 2 } else { 0 };
    let stars = (length - shown).min(12);
    let mut masked = "*".repeat(stars);
    masked.extend(value.chars().skip(length - shown));
    masked
}

/// What stands for a secret of which nothing is shown.
const MASKED: &str = "***";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_stars_only() {
        let secret = Secret::new("eyJhbGciOi");
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
        assert_eq!(secret.expose(), "eyJhbGciOi");
    }

    #[test]
    fn masking_shows_two_characters_at_most() {
        for (value, masked) in [
            ("", ""),
            ("12", "**"),
            ("1234", "****"),
            ("021000021", "*******21"),
            ("DE89370400440532013000", "************00"),
        ] {
            assert_eq!(mask(value), masked);
        }
    }
}
