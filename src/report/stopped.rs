//! Why a run stopped early, for the people at it and for others.

use std::fmt;

/// Why a run stopped early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    words: String,
    brief: String,
}

impl Stopped {
    /// In words that may quote the API, and in brief ones that do not: these may be sent elsewhere.
    #[must_use]
    pub fn new(words: impl Into<String>, brief: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            brief: brief.into(),
        }
    }

    /// All that is known. Where it ends with a full stop it says itself what to do.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// The same without any words of the API.
    #[must_use]
    pub fn brief(&self) -> &str {
        &self.brief
    }
}

/// Words of our own, which quote nobody.
impl From<String> for Stopped {
    fn from(words: String) -> Self {
        Self {
            brief: words.clone(),
            words,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.words)
    }
}
