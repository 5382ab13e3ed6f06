//! How many invalid rows are too many: `--max-errors` and `[[job]] max_errors`, read by one parser.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// The bound of `--max-errors`: a number of rows, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxErrors {
    /// At most this many rows.
    Rows(u64),
    /// At most this many of a hundred rows, 0 to 100.
    Percent(f64),
}

impl FromStr for MaxErrors {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("\"{text}\" is no bound: write a number of rows, 20, or a share, 2%");
        match text.strip_suffix('%') {
            Some(share) => share
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|p| (0.0..=100.0).contains(p))
                .map(MaxErrors::Percent)
                .ok_or_else(wrong),
            None => text.parse().map(MaxErrors::Rows).map_err(|_| wrong()),
        }
    }
}

impl MaxErrors {
    /// Whether `invalid` of `rows` are too many.
    #[must_use]
    pub fn is_exceeded(self, invalid: u64, rows: u64) -> bool {
        match self {
            MaxErrors::Rows(most) => invalid > most,
            #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
            MaxErrors::Percent(share) => invalid as f64 * 100.0 > share * rows as f64,
        }
    }
}

impl fmt::Display for MaxErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxErrors::Rows(most) => write!(f, "{most}"),
            MaxErrors::Percent(share) => write!(f, "{share}%"),
        }
    }
}

impl<'de> Deserialize<'de> for MaxErrors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = MaxErrors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of rows, or a share like \"2%\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MaxErrors, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<MaxErrors, E> {
                u64::try_from(n)
                    .map(MaxErrors::Rows)
                    .map_err(|_| E::custom(format!("{n} is no number of rows")))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_errors_is_a_number_or_a_share() {
        for (text, invalid, rows, exceeded) in [
            ("2", 2, 10, false),
            ("2", 3, 10, true),
            ("10%", 1, 10, false),
            ("10%", 2, 10, true),
            ("0", 1, 10, true),
        ] {
            assert_eq!(
                text.parse::<MaxErrors>()
                    .unwrap()
                    .is_exceeded(invalid, rows),
                exceeded
            );
        }
        assert!("x".parse::<MaxErrors>().is_err());
        assert!("101%".parse::<MaxErrors>().is_err());
    }
}
