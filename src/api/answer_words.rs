//! What somebody else said, raw → words that may be kept, printed and logged. Every word of an answer goes through here.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::partner::{ApiWords, SensitiveValues};
use crate::secret::{Scrubber, Secret};

/// How far from the begin of an answer it is looked whether it is a web page.
const PAGE_BEGINS_WITHIN: usize = 1024;

/// Whether what the bodies of answers say may be kept and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyWords {
    /// Scrubbed.
    #[default]
    Shown,
    /// Not at all: they may quote the source.
    LeftOut,
}

/// What stands where the words of a body are left out.
const LEFT_OUT: &str = "its words are not shown";

/// A text of somebody else. It has no `Display`, and `Debug` shows only its length: [`Redaction::words`] makes words of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Of the body of an answer, which may quote whatever was sent.
    Body(String),
    /// The same of a web page: something in between answered.
    Page(String),
    /// Of the network, or of a header.
    Other(String),
}

impl Said {
    /// What a body says of an error. It is parsed for that, so ask only where the words are needed.
    pub(super) fn of_body(body: &[u8]) -> Self {
        let words = words_of(body);
        if is_page(body) {
            Said::Page(words)
        } else {
            Said::Body(words)
        }
    }

    /// Of a body that broke off: what the network says.
    pub(super) fn behind(self, ours: &str) -> Self {
        match self {
            Said::Other(text) => Said::Other(format!("{ours}{text}")),
            said => said,
        }
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Said::Body(text) | Said::Page(text) | Said::Other(text)) = self;
        write!(f, "Said({} bytes)", text.len())
    }
}

/// What may not be shown of the answer to one request: its token, and the sensitive values of its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Redaction<'r> {
    pub(super) token: &'r Secret,
    pub(super) values: Option<&'r SensitiveValues>,
    pub(super) body: BodyWords,
}

impl Redaction<'_> {
    /// The words of what was said.
    pub(super) fn words(&self, said: &Said) -> ApiWords {
        self.behind("", said)
    }

    /// The same with words of our own before them.
    pub(super) fn behind(&self, ours: &str, said: &Said) -> ApiWords {
        let text = match said {
            Said::Body(_) | Said::Page(_) if self.body == BodyWords::LeftOut => LEFT_OUT,
            Said::Body(text) | Said::Page(text) | Said::Other(text) => text,
        };
        let scrubber = Scrubber::new().with_token(self.token);
        let (scrubber, text) = match (self.values, said) {
            (Some(values), _) => (scrubber.with_values(values.values()), text.into()),
            // A list, a look-up, a health check: whose values it quotes is not known.
            (None, Said::Body(_) | Said::Page(_)) => {
                let text = scrubber.clone().with_short_numbers().scrub(text);
                (scrubber, Cow::Owned(text))
            }
            (None, Said::Other(_)) => (scrubber, text.into()),
        };
        let words = ApiWords::scrubbed(&format!("{ours}{text}"), &scrubber);
        match said {
            Said::Page(_) => words.of_page(),
            Said::Body(_) | Said::Other(_) => words,
        }
    }
}

/// What an error body says: NestJS' message or messages, a page's title, or its text.
fn words_of(body: &[u8]) -> String {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return match value.get("message") {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|m| m.as_str().map_or_else(|| m.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join("; "),
            _ => value
                .get("error")
                .and_then(Value::as_str)
                .map_or_else(|| value.to_string(), str::to_owned),
        };
    }
    let text = String::from_utf8_lossy(body);
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map(|(t, _)| t);
    title.unwrap_or(&text).trim().to_owned()
}

/// Whether an answer is a web page: the API has none, so it comes from something in between.
fn is_page(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(PAGE_BEGINS_WITHIN)]);
    let text = text
        .trim_start_matches(['\u{feff}', '\u{fffd}'])
        .trim_start();
    text.starts_with('<') && {
        let lower = text.to_ascii_lowercase();
        ["<!doctype html", "<html", "<head", "<title", "<body"]
            .iter()
            .any(|tag| lower.contains(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_of_all_kinds_have_words() {
        for (body, words) in [
            (
                r#"{"statusCode":400,"message":"no","error":"Bad Request"}"#,
                "no",
            ),
            (
                r#"{"statusCode":400,"message":["a is wrong","b is wrong"]}"#,
                "a is wrong; b is wrong",
            ),
            (r#"{"error":"Bad Request"}"#, "Bad Request"),
            (
                "<html><head><title>502 Bad Gateway</title></head></html>",
                "502 Bad Gateway",
            ),
            ("plain words", "plain words"),
            ("", ""),
        ] {
            assert_eq!(words_of(body.as_bytes()), words);
        }
    }

    /// The answer to a list may quote any partner's account; only of a create it is known whose.
    #[test]
    fn short_numbers_are_shown_only_where_the_row_is_known() {
        let token = Secret::new("a-token-of-some-length");
        let said =
            Said::of_body(br#"{"message":"account 482913 of page 2 is broken (code 4711)"}"#);
        let row = SensitiveValues::default();
        for (values, words) in [
            (None, "account *** of page 2 is broken (code 4711)"),
            (Some(&row), "account 482913 of page 2 is broken (code 4711)"),
        ] {
            let redaction = Redaction {
                token: &token,
                values,
                body: BodyWords::Shown,
            };
            assert_eq!(redaction.words(&said).to_string(), words);
            // Ports, and places in an answer, are no accounts.
            let network = Said::Other("connect to 127.0.0.1:48291 failed".to_owned());
            let ours = redaction.behind("column 20483: ", &network).to_string();
            assert_eq!(ours, "column 20483: connect to 127.0.0.1:48291 failed");
        }
    }

    #[test]
    fn a_web_page_is_told_from_an_answer_of_the_api() {
        for (body, page) in [
            ("<html><head><title>403</title></head></html>", true),
            (
                "\u{feff}\r\n<!DOCTYPE HTML PUBLIC \"-//IETF\"><TITLE>x",
                true,
            ),
            ("<!-- made by a proxy --><HTML>", true),
            ("<?xml version=\"1.0\"?><error>no</error>", false),
            (r#"{"message":"<html>"}"#, false),
            ("plain words of <html>", false),
            ("", false),
        ] {
            assert_eq!(is_page(body.as_bytes()), page, "{body}");
        }
    }
}
