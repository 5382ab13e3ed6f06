//! When partners that are on the API already are looked for: `--adopt` and `[[job]] adopt`, read by one parser.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// When the rows that would be created are looked for on the API first, so that what is there is recorded and not created
/// again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Adopt {
    /// Where the API has more partners than the state knows of.
    #[default]
    Auto,
    /// In every run.
    Always,
    /// Never; where the API has more partners than the state knows of, a warning says so.
    Never,
}

impl Adopt {
    const ALL: [Adopt; 3] = [Adopt::Auto, Adopt::Always, Adopt::Never];

    fn as_str(self) -> &'static str {
        match self {
            Adopt::Auto => "auto",
            Adopt::Always => "always",
            Adopt::Never => "never",
        }
    }
}

impl FromStr for Adopt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|adopt| adopt.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is unknown: write auto, always or never"))
    }
}

impl fmt::Display for Adopt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Adopt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_and_no_other() {
        for adopt in Adopt::ALL {
            assert_eq!(adopt.to_string().parse(), Ok(adopt));
        }
        for wrong in ["", "Auto", "yes", "e.csv"] {
            let refused = wrong.parse::<Adopt>().unwrap_err();
            assert!(refused.contains("auto, always or never"), "{refused}");
        }
    }
}
