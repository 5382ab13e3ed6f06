//! Options that several commands take, in groups: a command has the groups that mean something to it, and no others.

use crate::state::StateAddress;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::transport::TransportArgs;
use crate::config::Typed;
use crate::ops::{ReportRequest, Target};
use crate::report::{MarkedRows, SourceValues};
use crate::telemetry::LogFormat;

/// When to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProgressMode {
    /// A bar on a terminal, plain lines elsewhere, nothing with -q.
    #[default]
    Auto,
    /// Also with -q.
    Always,
    /// No progress.
    Never,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// More output (-vv: debug).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Only errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// What standard error has: text for people, or JSON, one object a line.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_short_help = true,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
}

impl OutputArgs {
    /// How much the log says: below 0 errors only, 0 warnings, above more.
    #[must_use]
    pub(crate) fn verbosity(&self) -> i8 {
        if self.quiet {
            -1
        } else {
            i8::try_from(self.verbose).unwrap_or(3)
        }
    }
}

/// For commands that read the configuration and the state.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration and state")]
pub(crate) struct StoredArgs {
    /// Configuration file [default: partner-sync.toml, if it exists].
    #[arg(long, short = 'c', global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// State file [default: partner-sync.db].
    #[arg(long, global = true, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// For commands that print a summary or a list.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct JsonArgs {
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// For commands that go through an export.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ProgressArgs {
    /// Show progress.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_short_help = true,
        value_name = "WHEN"
    )]
    pub progress: ProgressMode,
}

/// For commands to which it matters which API is meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "API")]
pub(crate) struct TargetArgs {
    /// Address of the API.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "Address of the API [default: https://orgs.ecg-api.com]"
    )]
    pub api_url: Option<String>,
    /// Use a practice API in this process instead; its partners are kept in a file beside the state.
    #[arg(long, global = true)]
    pub sandbox: bool,
}

impl TargetArgs {
    /// Which API is talked to.
    #[must_use]
    pub(crate) fn target(&self) -> Target {
        if self.sandbox {
            Target::Sandbox
        } else {
            Target::Api
        }
    }
}

/// For commands that send requests.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "API")]
pub(crate) struct RequestArgs {
    /// File with the token.
    #[arg(
        long,
        help = "File with the token (or set PARTNER_SYNC_TOKEN to the token itself); read again when the API refuses the token",
        global = true,
        value_name = "FILE",
        conflicts_with = "token_command"
    )]
    pub token_file: Option<PathBuf>,
    /// Shell command that prints the token; run again when the API refuses the token.
    #[arg(long, global = true, hide_short_help = true, value_name = "COMMAND")]
    pub token_command: Option<String>,
    /// Requests a second or minute: 10/s, 600/m or unlimited [default: 10/s; with --sandbox: unlimited].
    #[arg(long, global = true, hide_short_help = true, value_name = "RATE")]
    pub rate: Option<String>,
    /// Requests that may be sent at once within the rate [default: a hundredth of a second's worth, at least 1].
    #[arg(long, global = true, hide_short_help = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub burst: Option<u32>,
    /// Maximum concurrent requests [default: 8].
    #[arg(long, global = true, hide_short_help = true, value_name = "N")]
    pub workers: Option<usize>,
    /// Timeout per request [default: 30s].
    #[arg(long, global = true, hide_short_help = true, value_name = "TIME")]
    pub timeout: Option<String>,
    /// How long to wait for an API that does not answer or asks for a pause; 0: not at all [default: 5m].
    #[arg(long, global = true, hide_short_help = true, value_name = "TIME")]
    pub outage: Option<String>,
    #[command(flatten)]
    pub transport: TransportArgs,
}

/// For commands that take over what another machine had.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration and state")]
pub(crate) struct TakeoverArgs {
    /// How long what a lost machine had under way may still arrive: so long a look-up that does not find it proves nothing;
    /// or never [default: 10m]. A state in a file is of one machine, and has no use for it.
    #[arg(long, global = true, hide_short_help = true, value_name = "TIME|never")]
    pub takeover: Option<String>,
}

/// For commands that write reports.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportArgs {
    /// Write the reports into this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Put all rows into report.xlsx, not only those that somebody has to look at.
    #[arg(long, global = true, hide_short_help = true)]
    pub report_all: bool,
    /// Leave values of the source out of reports and messages; rejects.csv, report.xlsx, created.csv and partners.csv are not written.
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        conflicts_with = "report_all"
    )]
    pub no_source_values: bool,
}

impl ReportArgs {
    /// What reports hold, and where they go.
    #[must_use]
    pub(crate) fn request(&self, folder: Option<PathBuf>) -> ReportRequest {
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

/// All groups; those that a command does not take are as if nothing was typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared {
    /// Configuration and state.
    pub stored: StoredArgs,
    /// Whether the result is JSON.
    pub json: JsonArgs,
    /// Whether progress is shown.
    pub progress: ProgressArgs,
    /// Which API.
    pub target: TargetArgs,
    /// How it is asked.
    pub requests: RequestArgs,
    /// What is reported.
    pub reports: ReportArgs,
    /// How machines that were lost are taken over.
    pub takeover: TakeoverArgs,
    /// Environment variables whose values stand here as if they had been typed.
    pub variables: Vec<String>,
}

impl Shared {
    /// What was typed of the settings.
    pub(crate) fn typed(&self) -> Typed {
        let (target, requests) = (&self.target, &self.requests);
        Typed {
            api_url: target.api_url.clone(),
            token_file: requests.token_file.clone(),
            token_command: requests.token_command.clone(),
            state: self.stored.state.clone(),
            rate: requests.rate.clone(),
            burst: requests.burst,
            workers: requests.workers,
            timeout: requests.timeout.clone(),
            outage: requests.outage.clone(),
            takeover: self.takeover.takeover.clone(),
            report: self.reports.report.clone(),
            transport: requests.transport.typed(),
            variables: self.variables.clone(),
        }
    }

    /// The files that a command reads beside its exports: nothing is written over these.
    pub(crate) fn read_files(&self, state: &StateAddress) -> Vec<PathBuf> {
        let transport = &self.requests.transport;
        let named = [
            &self.stored.config,
            &self.requests.token_file,
            &transport.ca_file,
            &transport.client_cert,
            &transport.client_key,
        ];
        let named = named.into_iter().flatten().cloned();
        let practice = state.companion("sandbox.jsonl");
        state
            .files()
            .into_iter()
            .chain(named)
            .chain([practice])
            .collect()
    }
}

macro_rules! with_groups {
    ($(#[$meaning:meta])* $name:ident: $($field:ident: $group:ty),+) => {
        $(#[$meaning])*
        #[derive(Debug, Clone, Args)]
        pub struct $name<A: Args> {
            #[command(flatten)]
            pub(crate) own: A,
            $(#[command(flatten)] $field: $group,)+
        }

        impl<A: Args> $name<A> {
            /// The command's own arguments, and the groups beside them.
            pub(crate) fn split(self, shared: &mut Shared) -> A {
                $(shared.$field = self.$field;)+
                self.own
            }
        }
    };
}

with_groups! {
    /// A command that looks at what is stored, and asks no API.
    Stored: stored: StoredArgs
}
with_groups! {
    /// A command that only reads files that were written by hand.
    Written: json: JsonArgs
}
with_groups! {
    /// The same, where its result may be a report.
    Reported: reports: ReportArgs, stored: StoredArgs, json: JsonArgs
}
with_groups! {
    /// A command that reads an export, and asks no API.
    Local: reports: ReportArgs, target: TargetArgs, stored: StoredArgs, json: JsonArgs, progress: ProgressArgs
}
with_groups! {
    /// A command that asks the API, and reads no export.
    Online: target: TargetArgs, requests: RequestArgs, stored: StoredArgs, json: JsonArgs
}
with_groups! {
    /// A command that looks at all settings.
    Settled: reports: ReportArgs, target: TargetArgs, requests: RequestArgs, stored: StoredArgs, takeover: TakeoverArgs, json: JsonArgs
}
with_groups! {
    /// A command that reads an export and asks the API.
    Full: reports: ReportArgs, target: TargetArgs, requests: RequestArgs, stored: StoredArgs, json: JsonArgs, progress: ProgressArgs
}
with_groups! {
    /// The same, where it settles rows in the state.
    Settling: reports: ReportArgs, target: TargetArgs, requests: RequestArgs, stored: StoredArgs, takeover: TakeoverArgs, json: JsonArgs, progress: ProgressArgs
}
