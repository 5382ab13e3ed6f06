//! How many rows are too many: `--max-errors`, `--max-new` and the keys of a job of the same names, read by one parser.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// A bound of rows: a number, or a share of the rows of the files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// At most this many rows.
    Rows(u64),
    /// At most this many of a hundred rows, 0 to 100.
    Percent(f64),
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("\"{text}\" is not a limit: write a number of rows (20) or a share (2%)");
        match text.strip_suffix('%') {
            Some(share) => share
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|p| (0.0..=100.0).contains(p))
                .map(Bound::Percent)
                .ok_or_else(wrong),
            None => text.parse().map(Bound::Rows).map_err(|_| wrong()),
        }
    }
}

impl Bound {
    /// Whether `count` of `rows` are too many.
    #[must_use]
    pub fn is_exceeded(self, count: u64, rows: u64) -> bool {
        match self {
            Bound::Rows(most) => count > most,
            #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
            Bound::Percent(share) => count as f64 * 100.0 > share * rows as f64,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Rows(most) => write!(f, "{most}"),
            Bound::Percent(share) => write!(f, "{share}%"),
        }
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Bound;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of rows, or a share like \"2%\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bound, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Bound, E> {
                u64::try_from(n)
                    .map(Bound::Rows)
                    .map_err(|_| E::custom(format!("{n} is not a number of rows")))
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
                text.parse::<Bound>().unwrap().is_exceeded(invalid, rows),
                exceeded
            );
        }
        assert!("x".parse::<Bound>().is_err());
        assert!("101%".parse::<Bound>().is_err());
    }
}
