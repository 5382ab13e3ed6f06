//! A rate as it is typed and shown.

use std::fmt;
use std::str::FromStr;

/// How many requests may go out in a time, over creates and look-ups together. It is read from `10/s`, `600/m`, `36000/h` or
/// `unlimited`, and shown in a spelling that it is read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// As fast as answers come; a server that throttles still sets a rate.
    Unlimited,
    /// Requests a second, above 0.
    PerSecond(f64),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("unlimited") {
            return Ok(Rate::Unlimited);
        }
        let wrong = || format!("\"{text}\" is not a rate: write 10/s, 600/m, 36000/h or unlimited");
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let count: f64 = count.trim().parse().map_err(|_| wrong())?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1.0,
            "m" | "min" | "minute" => 60.0,
            "h" | "hour" => 3600.0,
            _ => return Err(wrong()),
        };
        let per_second = count / seconds;
        if per_second.is_finite() && (1.0e-4..=1.0e6).contains(&per_second) {
            Ok(Rate::PerSecond(per_second))
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::Unlimited => f.write_str("unlimited"),
            Rate::PerSecond(n) if *n >= 1.0 => write!(f, "{n}/s"),
            Rate::PerSecond(n) => write!(f, "{}/m", n * 60.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_shown() {
        for (text, rate) in [
            ("10/s", Some(Rate::PerSecond(10.0))),
            ("600/m", Some(Rate::PerSecond(10.0))),
            ("36000/h", Some(Rate::PerSecond(10.0))),
            ("10", Some(Rate::PerSecond(10.0))),
            ("unlimited", Some(Rate::Unlimited)),
            ("0/s", None),
            ("-1/s", None),
            ("ten", None),
            ("10/fortnight", None),
        ] {
            assert_eq!(text.parse::<Rate>().ok(), rate, "{text}");
        }
        assert_eq!(Rate::PerSecond(10.0).to_string(), "10/s");
        assert_eq!(Rate::PerSecond(0.5).to_string(), "30/m");
    }
}
