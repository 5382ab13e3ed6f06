//! Options of every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::transport::TransportArgs;
use crate::ops::ReportRequest;
use crate::report::{MarkedRows, SourceValues};
use crate::telemetry::LogFormat;

/// When to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProgressMode {
    /// A bar on a terminal, plain lines elsewhere, nothing with -q.
    #[default]
    Auto,
    /// Also with -q.
    Always,
    /// No progress.
    Never,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Shared options")]
#[expect(clippy::struct_excessive_bools, reason = "flags, as they are typed")]
pub struct Shared {
    /// The API's base [env: `PARTNER_SYNC_API_URL`] [default: <https://orgs.ecg-api.com>].
    #[arg(long, global = true, value_name = "URL")]
    pub api_url: Option<String>,
    /// A file that holds the token; read again when the API refuses it. Or set `PARTNER_SYNC_TOKEN`.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "token_command"
    )]
    pub token_file: Option<PathBuf>,
    /// A shell command that prints the token; run again when the API refuses it.
    #[arg(long, global = true, value_name = "COMMAND")]
    pub token_command: Option<String>,
    /// Serve the API in this process for this run; its partners are kept in a file beside the state.
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// The state file [env: `PARTNER_SYNC_STATE`] [default: partner-sync.db].
    #[arg(long, global = true, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Requests to the API: 10/s, 600/m or unlimited [default: 10/s].
    #[arg(long, global = true, value_name = "RATE")]
    pub rate: Option<String>,
    /// Requests that may go out at once within the rate [default: a hundredth of a second's worth, at least 1].
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub burst: Option<u32>,
    /// Requests under way at most [default: 8].
    #[arg(long, global = true, value_name = "N")]
    pub workers: Option<usize>,
    /// The longest a request may take [default: 30s].
    #[arg(long, global = true, value_name = "TIME")]
    pub timeout: Option<String>,
    /// How long an API that does not answer, or asks for a pause, is waited for; 0: not at all [env: `PARTNER_SYNC_OUTAGE`]
    /// [default: 5m].
    #[arg(long, global = true, value_name = "TIME")]
    pub outage: Option<String>,
    #[command(flatten)]
    pub transport: TransportArgs,
    /// Write the reports into this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Put all rows into report.xlsx, not only those that somebody has to look at.
    #[arg(long, global = true)]
    pub report_all: bool,
    /// Leave values of the source out of reports and messages; rejects.csv, report.xlsx, created.csv and partners.csv are not written.
    #[arg(long, global = true, conflicts_with = "report_all")]
    pub no_source_values: bool,
    /// The configuration file [default: partner-sync.toml where it is there].
    #[arg(long, short = 'c', global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The summary on standard output as one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    /// Show progress.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub progress: ProgressMode,
    /// More output; -vv for debug.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Only errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// How log lines look.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
}

impl Shared {
    /// What reports hold, and where they go.
    #[must_use]
    pub(crate) fn report_request(&self, folder: Option<PathBuf>) -> ReportRequest {
        ReportRequest {
            folder,
            values: if self.no_source_values {
                SourceValues::LeftOut
            } else {
                SourceValues::Shown
            },
            marked: if self.report_all {
                MarkedRows::All
            } else {
                MarkedRows::Problems
            },
        }
    }
}
