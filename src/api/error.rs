//! Why a question to the API has no answer. Creates have outcomes instead ([`crate::partner::CreateOutcome`]).

use std::time::Duration;

use crate::partner::ApiWords;

/// A look-up, list, get or health check without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401 that remains after the token was renewed.
    #[error(
        "the API does not accept the token (401): {0}. Get a new one: PARTNER_SYNC_TOKEN, --token-file or --token-command"
    )]
    Unauthorised(ApiWords),
    /// 403.
    #[error("the token may not do this (403): {0}. It needs the permission partners.create")]
    Forbidden(ApiWords),
    /// 429 or 503.
    #[error("the API asks to be left alone for a while ({status})")]
    Throttled {
        /// HTTP status.
        status: u16,
        /// For how long, where it says.
        retry_after: Option<Duration>,
    },
    /// No connection, no answer in time.
    #[error("the API cannot be reached: {0}")]
    Unreachable(ApiWords),
    /// Any other status.
    #[error("the API answered {status}: {words}")]
    Status {
        /// HTTP status.
        status: u16,
        /// Its words.
        words: ApiWords,
    },
    /// An answer that is not what the documentation shows.
    #[error("the API's answer cannot be read: {0}")]
    Unreadable(ApiWords),
    /// The token could not be had.
    #[error("no token: {0}")]
    NoToken(String),
    /// The client could not be set up.
    #[error("cannot set up HTTP: {0}")]
    Setup(String),
    /// The run is stopping.
    #[error("the run is stopping")]
    Stopped,
}
