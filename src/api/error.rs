//! Why a question to the API has no answer. Creates have outcomes instead ([`crate::partner::CreateOutcome`]).

use std::time::Duration;

use super::incomplete::Incomplete;
use crate::partner::ApiWords;

/// A look-up, list, get or health check without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401 that remains after the token was renewed.
    #[error(
        "the API does not accept the token (401): {0}. Get a new one: PARTNER_SYNC_TOKEN, --token-file or --token-command"
    )]
    Unauthorised(ApiWords),
    /// 403: the token is known, but lacks a permission. Another token is needed.
    #[error("the token may not do this (403): {0}. It needs the permission partners.create")]
    Forbidden(ApiWords),
    /// 407: the request did not get past a proxy.
    #[error(
        "a proxy in between asks for a name and password (407: {0}): set them in HTTP_PROXY or HTTPS_PROXY"
    )]
    ProxyAuthentication(ApiWords),
    /// The API sends requests elsewhere, which is not followed; the words say where to.
    #[error("{0}")]
    Redirected(ApiWords),
    /// 429 or 503: the server is busy or restricts the rate.
    #[error("the API asks to retry later ({status})")]
    Throttled {
        /// The HTTP status of the answer.
        status: u16,
        /// `Retry-After`, or what the `RateLimit` headers say.
        retry_after: Option<Duration>,
    },
    /// No connection, no answer in time.
    #[error("the API cannot be reached: {0}")]
    Unreachable(ApiWords),
    /// Any other status that is no success.
    #[error("the API answered {status}: {words}")]
    Status {
        /// The HTTP status of the answer.
        status: u16,
        /// The message in the answer's body.
        words: ApiWords,
    },
    /// An answer that is not what the documentation shows.
    #[error("the API's answer cannot be read: {0}")]
    Unreadable(ApiWords),
    /// A walk over the list that proves no absence.
    #[error("the list of partners is incomplete: {0}")]
    Incomplete(#[from] Incomplete),
    /// The token could not be had.
    #[error("no token: {0}")]
    NoToken(String),
    /// The client could not be set up.
    #[error("cannot set up HTTP: {0}")]
    Setup(String),
    /// An API that was waited for and did not answer in time; the words say what was seen.
    #[error("{0}")]
    Outage(String),
    /// The server asked for a pause that is longer than anybody waits; the words say until when.
    #[error("{0}")]
    AsksToWait(String),
    /// The run is stopping, so the request was not sent.
    #[error("the run is stopping")]
    Stopped,
}

/// Why a source gives no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MissingToken {
    /// The run is stopping.
    Stopped,
    /// The source gives none; the words name it and never show what it gave.
    Because(String),
}

impl From<MissingToken> for ApiError {
    fn from(why: MissingToken) -> Self {
        match why {
            MissingToken::Stopped => ApiError::Stopped,
            MissingToken::Because(words) => ApiError::NoToken(words),
        }
    }
}

impl ApiError {
    /// What it is, without any words of the API, of the network or of a token command: for messages that leave the machine.
    #[must_use]
    pub fn brief(&self) -> String {
        let words = match self {
            ApiError::Unauthorised(_) => "the API does not accept the token (401)",
            ApiError::Forbidden(_) => "the token may not do this (403)",
            ApiError::ProxyAuthentication(_) => "a proxy asks for a name and password (407)",
            ApiError::Redirected(_) => "the API sends requests to another address (a redirect)",
            ApiError::Throttled { status, .. } => {
                return format!("the API asks to retry later ({status})");
            }
            ApiError::Unreachable(_) => "the API cannot be reached",
            ApiError::Status { status, .. } => return format!("the API answered {status}"),
            ApiError::Unreadable(_) => "the API's answer cannot be read",
            ApiError::Incomplete(_) => "the list of partners is incomplete",
            ApiError::NoToken(_) => "there is no token",
            ApiError::Setup(_) => "the HTTP client cannot be set up",
            ApiError::Outage(_) => "the API did not answer in time",
            ApiError::AsksToWait(_) => "the API asks for a longer pause than --outage allows",
            ApiError::Stopped => "the run is stopping",
        };
        words.to_owned()
    }

    /// Whether the same question may be answered a little later: throttled, unreachable, or 5xx.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            ApiError::Throttled { .. } | ApiError::Unreachable(_) => true,
            ApiError::Status { status, .. } => *status >= 500,
            ApiError::Unauthorised(_)
            | ApiError::Forbidden(_)
            | ApiError::ProxyAuthentication(_)
            | ApiError::Redirected(_)
            | ApiError::Outage(_)
            | ApiError::Unreadable(_)
            | ApiError::Incomplete(_)
            | ApiError::NoToken(_)
            | ApiError::Setup(_)
            | ApiError::AsksToWait(_)
            | ApiError::Stopped => false,
        }
    }

    /// Whether it looks as if nothing answered: silence, or a 5xx. A refusal for asking too often is an answer.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.is_transient() && !matches!(self, ApiError::Throttled { status: 429, .. })
    }

    /// How long the server asked not to be called, where it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ApiError::Throttled { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
