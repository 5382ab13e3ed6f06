//! What somebody else said, raw → words that may be kept, printed and logged. Every word of an answer goes through here.

use std::fmt;

use crate::partner::{ApiWords, SensitiveValues};
use crate::secret::{Scrubber, Secret};

use super::answer::{is_page, words_of};

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
const LEFT_OUT: &str = "its words are left out";

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
        let scrubber = match self.values {
            Some(values) => scrubber.with_values(values.values()),
            None => scrubber,
        };
        let words = ApiWords::scrubbed(&format!("{ours}{text}"), &scrubber);
        match said {
            Said::Page(_) => words.of_page(),
            Said::Body(_) | Said::Other(_) => words,
        }
    }
}
