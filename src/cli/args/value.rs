//! Values as they are typed: times, rates, bounds.

use std::str::FromStr;
use std::time::Duration;

/// The bound of `--max-errors`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxErrors {
    /// So many rows.
    Rows(u64),
    /// So many of a hundred.
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

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("\"{text}\" is no time: write 500ms, 30s, 10m or 2h"))
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<crate::api::Rate>()? {
        crate::api::Rate::PerSecond(n) => Ok(n),
        crate::api::Rate::Unlimited => Err("leave --rate-limit out for no limit".to_owned()),
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
