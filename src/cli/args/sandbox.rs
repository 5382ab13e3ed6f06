//! The practice server's options.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::value::{parse_rate, parse_time};
use crate::sandbox::{Echo, Fault, Lie, Settings};

/// `sandbox`.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// The port on 127.0.0.1; 0 takes a free one. The address is the first line on standard output.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The token that is accepted [default: any].
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// What each answer takes.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_time)]
    pub latency: Duration,
    /// Requests a second that are accepted; above it the answer is 429.
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub rate_limit: Option<f64>,
    /// What goes wrong, and how often: reset-before=0.1, reset-after, 500-after, 502-after, 503, 429, slow,
    /// bad-body, 408-after, 409-after, 409, 500, fixed-201, other-identifier, location-only, long-body, 400, 401, 403,
    /// 403-page, 200-page, 502, redirect with a probability; expire-token-after=100, 404-first=10 with a number of requests;
    /// 502-for=30 with a number of seconds from the first create on.
    #[arg(long = "fault", value_name = "NAME=P")]
    pub faults: Vec<Fault>,
    /// Where the faults are drawn from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long a slow answer takes.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_time)]
    pub slow_for: Duration,
    /// How long a new partner is missing from the list.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_time)]
    pub list_lag: Duration,
    /// The list ignores skip and gives its first page again.
    #[arg(long)]
    pub ignore_skip: bool,
    /// List items carry no party, so that each partner has to be got by id.
    #[arg(long)]
    pub list_without_party: bool,
    /// What is answered otherwise than it is: list-without-identifiers, list-empty (totals without items), list-bare (an
    /// array of at most 50), low-totals (100 at most), zero-totals, no-totals, skip-counts-records, get-not-found,
    /// lower-identifiers (where a partner is shown), collapsed-names, escaped-names, search-blind and list-blind (which
    /// show nothing), search-whole-names, hidden-status (new partners are inactive, which the list hides).
    #[arg(long = "lie", value_name = "NAME")]
    pub lies: Vec<Lie>,
    /// Refuse partners of this business name with 400.
    #[arg(long, value_name = "NAME")]
    pub refuse_name: Option<String>,
    /// Faults of creates meet partners of this business name only.
    #[arg(long, value_name = "NAME")]
    pub fault_name: Option<String>,
    /// Answer creates of partners of this business name with a firewall's 403 page.
    #[arg(long, value_name = "NAME")]
    pub block_name: Option<String>,
    /// Answers that refuse a create quote all that it sent, its token too, in this way: plain, blanks, dashes, dots, slashes,
    /// no-break, lower, without-zeros, percent, spread.
    #[arg(long, value_name = "WAY")]
    pub echo: Option<Echo>,
    /// The Retry-After of each 429 and 503: seconds or an HTTP date.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "1",
        allow_hyphen_values = true
    )]
    pub retry_after: String,
    /// Lose this field of organization without a word.
    #[arg(long, value_name = "FIELD")]
    pub drop_field: Option<String>,
    /// Keep partners in this file [default: in memory].
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Write a line of JSON for each request.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

impl SandboxArgs {
    /// How the sandbox behaves.
    #[must_use]
    pub(crate) fn settings(self) -> Settings {
        Settings {
            port: self.port,
            token: self.token,
            latency: self.latency,
            rate_limit: self.rate_limit,
            faults: self.faults,
            seed: self.seed,
            slow_for: self.slow_for,
            list_lag: self.list_lag,
            ignore_skip: self.ignore_skip,
            list_without_party: self.list_without_party,
            lies: self.lies,
            refuse_name: self.refuse_name,
            fault_name: self.fault_name,
            block_name: self.block_name,
            echo: self.echo,
            retry_after: self.retry_after,
            drop_field: self.drop_field,
            data: self.data,
            log: self.log,
        }
    }
}
