//! What an import would send, and how long that takes.

use std::time::Duration;

use crate::api::Rate;
use crate::clock::spoken;
use crate::diagnostic::counted;

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

impl Estimate {
    /// How long the creates take at the rate, and whether the token lasts so long.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let requests = counted(self.requests, "request");
        if self.requests == 0 {
            return vec!["nothing would be sent".to_owned()];
        }
        let (Some(time), rate @ Rate::PerSecond(_)) = (self.time, self.rate) else {
            return vec![format!("{requests} would be sent, without a rate limit")];
        };
        let mut lines = vec![format!(
            "{requests} would be sent; at {rate} that takes at least {}",
            spoken(time)
        )];
        if let Some(TokenLeft {
            time: left,
            renewable,
        }) = self.token
        {
            let shown = spoken(left);
            lines.push(match (left < time, renewable) {
            (true, true) => format!("the token expires in {shown} and is renewed then"),
            (true, false) => format!(
                "the token expires in {shown}, before all rows are sent: use --token-file or --token-command, so that it can be renewed"
            ),
            (false, _) => format!("the token expires in {shown}"),
        });
        }
        lines
    }
}
