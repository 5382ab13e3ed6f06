//! What became of a create, sorted by what to do next.

use std::fmt;
use std::time::Duration;

use super::id::{ExternalId, PartnerId, RowKey};
use super::prepared::Origin;
use crate::diagnostic::Diagnostic;
use crate::secret::Scrubber;

/// What the API, or the network, said: for people. Nothing becomes these words but through a [`Scrubber`], so whatever takes
/// them may keep and show them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiWords {
    text: String,
    is_page: bool,
}

/// Characters that are kept.
const KEPT: usize = 500;
/// Characters that are looked at. What is cut off may be the rest of a number: only what is far from it is kept.
const LOOKED_AT: usize = 4 * KEPT;

impl ApiWords {
    /// Takes the words, on one line, cut at 500 characters, without what looks like a token or the number of an account.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::scrubbed(text, &Scrubber::new())
    }

    /// The same without what this scrubber knows.
    #[must_use]
    pub fn scrubbed(text: &str, scrubber: &Scrubber) -> Self {
        let text = text.trim();
        let end = text.char_indices().nth(LOOKED_AT);
        let begin = &text[..end.map_or(text.len(), |(at, _)| at)];
        Self {
            text: crate::diagnostic::visible(scrubber.scrub(begin).trim(), KEPT),
            is_page: false,
        }
    }

    /// The same words as those of a web page: something in between answered, and not the API.
    #[must_use]
    pub fn of_page(self) -> Self {
        Self {
            is_page: true,
            ..self
        }
    }

    /// Whether they are of a web page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.is_page
    }

    /// The words, scrubbed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ApiWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// What became of one POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The API answered 2xx with the new partner's id.
    Created(PartnerId),
    /// A 4xx that says no to the row: the data has to be repaired.
    Rejected {
        /// The answer's HTTP status.
        status: u16,
        /// What the API said about the row.
        words: ApiWords,
    },
    /// Proof that nothing was made.
    NotCreated(NotCreated),
    /// The answer never came, or cannot be trusted: ask before sending again.
    InDoubt {
        /// Why it proves nothing.
        cause: DoubtCause,
        /// The answer's HTTP status, where there was an answer.
        status: Option<u16>,
        /// What was seen instead of an answer, or the answer that cannot be trusted.
        words: ApiWords,
        /// How long the server asked to be left alone, where it did.
        retry_after: Option<Duration>,
    },
}

/// Why an answer, or its absence, proves nothing of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoubtCause {
    /// There was no answer, or one that can come before and after a commit.
    Unproved,
    /// The answer speaks of another row's partner.
    OtherRow,
    /// The API sends creates to another address, which is not followed.
    Redirected,
    /// An answer that proves that nothing was created, but for a create flag: the API may pass on another service's
    /// refusal after its own commit.
    Refused(NotCreated),
}

/// Why it is certain that nothing was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCreated {
    /// The request did not leave: refused connection, DNS, TLS, or the body was never asked for.
    NotSent(ApiWords),
    /// 401: the token is not valid, and the run cannot go on with it.
    Unauthorised(ApiWords),
    /// 401, and the token is a new one now: the row can be sent again.
    Renewed(ApiWords),
    /// 403: the token may not create partners, or something in between does not let this row pass.
    Forbidden(ApiWords),
    /// 404 or 405 to several creates in a row, or web pages: nothing answers to creates at this address.
    WrongAddress(ApiWords),
    /// 407: a proxy in between asks for a name and password.
    ProxyAuthentication(ApiWords),
    /// 429: the API asks for fewer requests.
    Throttled {
        /// How long the server asked to be left alone, where it did.
        retry_after: Option<Duration>,
    },
    /// The API asked for a pause that is longer than anybody waits: the request was held back.
    AsksToWait(ApiWords),
    /// The run is stopping and the request was held back.
    Stopped,
}

/// What became of a row in a run. Every row of the files ends as exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowOutcome {
    /// Its partner was made, or a doubt about it was settled so.
    Created,
    /// Its partner was found on the API by `--adopt`.
    Adopted,
    /// Its partner was there already and the row is as it was sent.
    Skipped,
    /// Its partner was there already and the row differs from what was sent.
    Changed,
    /// It refers to a row whose partner was not made.
    Blocked,
    /// It cannot be sent as it is.
    Invalid,
    /// The API refused the row; its data has to be repaired.
    Rejected,
    /// It is not known whether its partner was made.
    InDoubt,
    /// It was not tried, or it is proved that nothing was made; a later run takes it.
    Deferred,
}

impl RowOutcome {
    /// All of them, in the order of the summary.
    pub const ALL: [RowOutcome; 9] = [
        RowOutcome::Created,
        RowOutcome::Adopted,
        RowOutcome::Skipped,
        RowOutcome::Changed,
        RowOutcome::Blocked,
        RowOutcome::Invalid,
        RowOutcome::Rejected,
        RowOutcome::InDoubt,
        RowOutcome::Deferred,
    ];

    /// The word that reports, the state and scripts use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RowOutcome::Created => "created",
            RowOutcome::Adopted => "adopted",
            RowOutcome::Skipped => "skipped",
            RowOutcome::Changed => "changed",
            RowOutcome::Blocked => "blocked",
            RowOutcome::Invalid => "invalid",
            RowOutcome::Rejected => "rejected",
            RowOutcome::InDoubt => "in_doubt",
            RowOutcome::Deferred => "deferred",
        }
    }

    /// Whether somebody has to look at the row before it can have its partner. One that was only not tried has nothing to
    /// repair: the next run takes it from the source.
    #[must_use]
    pub fn needs_somebody(self) -> bool {
        match self {
            RowOutcome::Blocked
            | RowOutcome::Invalid
            | RowOutcome::Rejected
            | RowOutcome::InDoubt => true,
            RowOutcome::Created
            | RowOutcome::Adopted
            | RowOutcome::Skipped
            | RowOutcome::Changed
            | RowOutcome::Deferred => false,
        }
    }

    /// Whether the row has its partner, as far as this program can make it so.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(
            self,
            RowOutcome::Created | RowOutcome::Adopted | RowOutcome::Skipped
        )
    }
}

/// A row at the end of its way through a run.
#[derive(Debug, Clone)]
pub struct RowResult {
    /// The row of the source that it stands for.
    pub origin: Origin,
    /// Its key, where it has one.
    pub key: Option<RowKey>,
    /// What its partner is known by.
    pub legacy_identifier: Option<ExternalId>,
    /// How the row ended in this run.
    pub outcome: RowOutcome,
    /// Its partner's id, where it is known.
    pub partner: Option<PartnerId>,
    /// What is reported about it. Places without a file are in the file of `origin`.
    pub diagnostics: Vec<Diagnostic>,
}

#[cfg(test)]
mod tests {
    use super::{ApiWords, Scrubber};

    #[test]
    fn long_digit_runs_are_scrubbed() {
        let words = ApiWords::new("accountNumber 1234567890 of row 4711 is wrong\n");
        assert_eq!(
            words.as_str(),
            "accountNumber ********90 of row 4711 is wrong"
        );
    }

    #[test]
    fn what_is_cut_off_leaves_no_part_of_a_number() {
        let scrubber = Scrubber::new().with_values(["482913"]);
        for before in 480..2010 {
            let text = format!("{}482913", "x ".repeat(before / 2));
            let words = ApiWords::scrubbed(&text, &scrubber);
            assert!(!words.as_str().contains("482"), "{before}: {words}");
        }
    }
}
