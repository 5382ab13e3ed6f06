//! What an import would send, and how long that takes.

use std::time::Duration;

use crate::api::Rate;

/// What an import would send, and how long that takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Requests that would be sent.
    pub requests: u64,
    /// The rate that was asked for.
    pub rate: Rate,
    /// How long the requests take at least; `None` without a limit of the rate.
    pub time: Option<Duration>,
    /// How long the token can be used, where it says so.
    pub token: Option<TokenLeft>,
}

/// How long the present token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLeft {
    /// The time left.
    pub time: Duration,
    /// Whether a new one can be taken while a run goes on.
    pub renewable: bool,
}
