//! Why a run stopped early, for the people at it and for others.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of reason a run stopped for: who has to do something now, and what, depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopCause {
    /// It is not known; the words say what there is to say.
    #[default]
    Other,
    /// Somebody or something stopped the process.
    Interrupted,
    /// The time that a run may take is over.
    TimeOver,
    /// `--limit`: no more rows were wanted.
    Limit,
    /// The API does not answer.
    ApiDown,
    /// The API does not accept the token, or not these requests.
    NotAuthorised,
    /// Settings, a mapping or an address are wrong.
    Settings,
    /// The export is not what it should be: stale, small, missing, changed.
    Export,
    /// More rows are new than may be.
    TooManyNew,
    /// The partners of a canary are not what was sent.
    Canary,
    /// The state or the disk.
    State,
    /// The import that machines share has not come to its end.
    NotOver,
    /// A fault of this program.
    Fault,
}

/// Why a run stopped early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    words: String,
    brief: String,
    cause: StopCause,
}

impl Stopped {
    /// In words that may quote the API, and in brief ones that do not: these may be sent elsewhere.
    #[must_use]
    pub fn new(words: impl Into<String>, brief: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            brief: brief.into(),
            cause: StopCause::Other,
        }
    }

    /// The same, for a reason of this kind.
    #[must_use]
    pub fn because(self, cause: StopCause) -> Self {
        Self { cause, ..self }
    }

    /// What kind of reason it is.
    #[must_use]
    pub fn cause(&self) -> StopCause {
        self.cause
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
            cause: StopCause::Other,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.words)
    }
}
