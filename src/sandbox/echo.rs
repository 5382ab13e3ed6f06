//! Refusals that quote the request: its values, in one of the ways in which services write them, and its token.

use std::str::FromStr;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::responses::nest_error;

/// How a value is written that is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// As it was sent.
    Plain,
    /// In groups of four, with a blank between.
    Blanks,
    /// In groups of three, with a dash between.
    Dashes,
    /// In groups of two, with a dot between.
    Dots,
    /// In groups of three, with a slash between.
    Slashes,
    /// In groups of four, with a no-break space between.
    NoBreak,
    /// In small letters.
    Lower,
    /// Without the zeros that it begins with.
    WithoutZeros,
    /// In groups of four, with an encoded blank between.
    Percent,
    /// Each character by itself.
    Spread,
}

impl Echo {
    /// All of them by name.
    pub const ALL: &[(&str, Echo)] = &[
        ("plain", Echo::Plain),
        ("blanks", Echo::Blanks),
        ("dashes", Echo::Dashes),
        ("dots", Echo::Dots),
        ("slashes", Echo::Slashes),
        ("no-break", Echo::NoBreak),
        ("lower", Echo::Lower),
        ("without-zeros", Echo::WithoutZeros),
        ("percent", Echo::Percent),
        ("spread", Echo::Spread),
    ];

    fn written(self, value: &str) -> String {
        let groups = |size: usize, between: &str| {
            let all: Vec<char> = value.chars().collect();
            let all: Vec<String> = all.chunks(size).map(|g| g.iter().collect()).collect();
            all.join(between)
        };
        match self {
            Echo::Plain => value.to_owned(),
            Echo::Blanks => groups(4, " "),
            Echo::Dashes => groups(3, "-"),
            Echo::Dots => groups(2, "."),
            Echo::Slashes => groups(3, "/"),
            Echo::NoBreak => groups(4, "\u{a0}"),
            Echo::Lower => value.to_lowercase(),
            Echo::WithoutZeros => value.trim_start_matches('0').to_owned(),
            Echo::Percent => groups(4, "%20"),
            Echo::Spread => groups(1, " "),
        }
    }

    /// A refusal of this status that quotes the whole request.
    pub(super) fn refusal(self, status: StatusCode, body: &Value, headers: &HeaderMap) -> Response {
        let mut said = Vec::new();
        self.quote("", body, &mut said);
        let token = headers.get(header::AUTHORIZATION);
        let token = token.and_then(|v| v.to_str().ok()).unwrap_or_default();
        said.push(format!("authorization: {token}"));
        nest_error(status, said.join("; "))
    }

    fn quote(self, path: &str, value: &Value, said: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.quote(&format!("{path}.{name}"), value, said);
                }
            }
            Value::Array(elements) => {
                for (n, value) in elements.iter().enumerate() {
                    self.quote(&format!("{path}.{n}"), value, said);
                }
            }
            Value::String(text) => {
                let path = path.trim_start_matches('.');
                said.push(format!("{path} \"{}\" is not valid", self.written(text)));
            }
            _ => {}
        }
    }
}

impl FromStr for Echo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, echo)| *echo).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!(
                "\"{text}\" is not a way to quote; known are {}",
                names.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_has_a_name_and_a_form() {
        let written = Echo::ALL.iter().map(|(name, echo)| {
            assert_eq!(name.parse(), Ok(*echo));
            echo.written("00DE12")
        });
        let written: Vec<String> = written.collect();
        assert_eq!(
            written,
            [
                "00DE12",
                "00DE 12",
                "00D-E12",
                "00.DE.12",
                "00D/E12",
                "00DE\u{a0}12",
                "00de12",
                "DE12",
                "00DE%2012",
                "0 0 D E 1 2"
            ]
        );
        assert!("loud".parse::<Echo>().is_err());
    }
}
