//! What was typed, and nothing else. The help of each command is for the person who runs it and ends with
//! examples.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::report::{MarkedRows, PerRow, SourceValues, Wanted};
use crate::sandbox::Fault;
use crate::telemetry::LogFormat;

/// Moves partner records out of CRM exports into the ECG partners API: exactly one partner for each row,
/// whatever crashes.
#[derive(Debug, Parser)]
#[command(
    name = "partner-sync",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "Examples:
  partner-sync check export.csv -m mappings/apptivo.toml --report out
  partner-sync import export.csv -m mappings/apptivo.toml --sandbox
  partner-sync import export.xlsx -m mappings/apptivo.toml --token-file token.txt

Exit codes: 0 every row is created or was already; 1 finished, but some rows are invalid, rejected,
blocked, changed or in doubt; 2 usage, configuration or mapping error, or an unreadable file; 3 stopped
early, nothing lost, a rerun resumes; 4 another run holds the state; 130 interrupted, nothing lost.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub shared: Shared,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Propose a mapping for a file: key, fields, date order, with the evidence of each line.
    #[command(
        after_help = "The proposal can be used as it is, or says on each line what is left to decide. It is checked on the file
before it is shown. Look at every line: a name is no proof.

Examples:
  partner-sync init export.csv
  partner-sync init export.xlsx -o mappings/mine.toml
  partner-sync init --schema -o mapping.schema.json
  partner-sync init --template -o mapping.toml"
    )]
    Init(InitArgs),
    /// Dry run: read, map and validate every row. No network, no change of the state.
    #[command(after_help = "Examples:
  partner-sync check export.csv -m mappings/apptivo.toml
  partner-sync check export.xlsx -m mappings/apptivo.toml --report out   (writes out/report.html, out/report.xlsx)
  partner-sync check a.csv b.csv -m mappings/apptivo.toml --json")]
    Check(CheckArgs),
    /// The main job: make a partner for each row. A rerun resumes.
    #[command(after_help = "Examples:
  partner-sync import export.csv -m mappings/apptivo.toml --sandbox           (practice: no real API)
  partner-sync import export.csv -m mappings/apptivo.toml --dry-run           (what would it do?)
  partner-sync import export.csv -m mappings/apptivo.toml --token-file token.txt --report out
  partner-sync import export.csv -m mappings/apptivo.toml --limit 10          (send ten rows, then look)")]
    Import(ImportArgs),
    /// What the state file knows: runs, counts by state, what is in doubt or rejected and why.
    #[command(after_help = "Examples:
  partner-sync status
  partner-sync status --row C-1001
  partner-sync status --run 20261123T191300Z-4f2a --report again
  partner-sync status --state nightly.db --json")]
    Status(StatusArgs),
    /// Settle every create whose outcome is unknown, by asking the API.
    #[command(after_help = "Examples:
  partner-sync reconcile --token-file token.txt
  partner-sync reconcile --state nightly.db --settle 30s
  partner-sync reconcile --adopt export.csv -m mappings/apptivo.toml --token-file token.txt")]
    Reconcile(ReconcileArgs),
    /// The read side of the API, with all its filters.
    #[command(subcommand)]
    Partners(PartnersCommand),
    /// Serve the API on this machine, for practice and tests: create, list, get, healthcheck, faults.
    #[command(after_help = "Examples:
  partner-sync sandbox --port 4010
  partner-sync sandbox --latency 20ms --fault reset-after=0.05 --fault 503=0.1 --seed 7
  partner-sync sandbox --rate-limit 50 --data partners.jsonl --log requests.jsonl")]
    Sandbox(SandboxArgs),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:
  partner-sync completions bash > /usr/share/bash-completion/completions/partner-sync")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "Example:
  partner-sync man > partner-sync.1")]
    Man,
}

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
    /// Write the reports into this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Put all rows into report.xlsx, not only those with problems.
    #[arg(long, global = true)]
    pub report_all: bool,
    /// Leave values of the source out of reports and messages; rejects.csv, report.xlsx and created.csv are not written.
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
    /// Tell more; twice for details.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Tell errors only.
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
    /// What the reports hold, beside the counts.
    #[must_use]
    pub(crate) fn wanted(&self, per_row: PerRow) -> Wanted {
        Wanted {
            per_row,
            marked: if self.report_all {
                MarkedRows::All
            } else {
                MarkedRows::Problems
            },
            values: self.values(),
        }
    }

    /// Whether values of cells may be shown.
    #[must_use]
    pub(crate) fn values(&self) -> SourceValues {
        if self.no_source_values {
            SourceValues::LeftOut
        } else {
            SourceValues::Shown
        }
    }
}

/// Files and mapping.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The export: CSV, XLSX, XLSB, XLS or ODS, also in gzip or zip; `-` is standard input. Several are read as one.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The mapping: which column feeds which field.
    #[arg(long, short, value_name = "MAPPING")]
    pub mapping: PathBuf,
    /// More invalid rows than this, N or P%: send nothing, exit 1.
    #[arg(long, value_name = "N|P%")]
    pub max_errors: Option<MaxErrors>,
    /// Set createApptivoAccount for every row, whatever the mapping says.
    #[arg(long)]
    pub create_apptivo_account: bool,
    /// Set createBillDotComProfile for every row, whatever the mapping says.
    #[arg(long)]
    pub create_bill_com_profile: bool,
}

/// `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Files and mapping.
    #[command(flatten)]
    pub export: ExportArgs,
    /// Look at this many rows only.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// `import`.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags that were typed or not"
)]
pub struct ImportArgs {
    /// Files and mapping.
    #[command(flatten)]
    pub export: ExportArgs,
    /// Show what an import would do, against the state; send nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Send this many rows at most; the others are deferred (exit 3).
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Stop in good order after this time (exit 3).
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub max_duration: Option<Duration>,
    /// Do not ask before the first import into an API.
    #[arg(long)]
    pub yes: bool,
    /// First look which rows have a partner on the API already, and record those instead of making them again.
    #[arg(long, conflicts_with = "dry_run")]
    pub adopt: bool,
    /// Send rows again that the API rejected, though they are unchanged.
    #[arg(long)]
    pub retry_rejected: bool,
    /// How long after its answer was lost a create may still be processed.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    pub settle: Duration,
}

/// `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The story of one row.
    #[arg(long, value_name = "KEY")]
    pub row: Option<String>,
    /// One run; with --report, its reports are made again, without values of the source.
    #[arg(long, value_name = "RUN", conflicts_with = "row")]
    pub run: Option<String>,
}

/// `reconcile`.
#[derive(Debug, Clone, Args)]
pub struct ReconcileArgs {
    /// Also record the partners of this export that are on the API already; needs -m.
    #[arg(long, value_name = "FILE", requires = "mapping")]
    pub adopt: Vec<PathBuf>,
    /// The mapping of the export.
    #[arg(long, short, value_name = "MAPPING", requires = "adopt")]
    pub mapping: Option<PathBuf>,
    /// How long after its answer was lost a create may still be processed.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    pub settle: Duration,
}

/// `partners`.
#[derive(Debug, Subcommand)]
pub enum PartnersCommand {
    /// List partners; pages by itself.
    #[command(after_help = "Examples:
  partner-sync partners list --search-term Acme
  partner-sync partners list --status Active --is-w2 true --format csv > partners.csv
  partner-sync partners list --include partner-type --partner-type-ids e8d2d255-3e62-413f-9275-e8929eced814 --format jsonl")]
    List(ListArgs),
    /// Show one partner.
    #[command(after_help = "Example:
  partner-sync partners get 854e27cb-7ddd-4c0f-950d-1d60bc9e0cb9 --include parent-partner")]
    Get {
        /// Its id.
        id: String,
        /// Also show: parent-partner, partner-type.
        #[arg(long, value_name = "WHAT", value_delimiter = ',')]
        include: Vec<String>,
    },
}

/// How partners are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ListFormat {
    /// For people.
    #[default]
    Table,
    /// The API's answers, one a line.
    Jsonl,
    /// The table's columns as CSV.
    Csv,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum OrderBy {
    /// Ascending.
    Asc,
    /// Descending.
    Desc,
}

/// `partners list`: the documented filters, one flag each.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// ASC or DESC.
    #[arg(long, value_enum, ignore_case = true)]
    pub order_by: Option<OrderBy>,
    /// Pages to skip.
    #[arg(long, default_value_t = 0, value_name = "PAGES")]
    pub skip: u64,
    /// Partners a page.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub take: u64,
    /// Partners in all; without it, all pages are read.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Also show: parent-partner, partner-type.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub include: Vec<String>,
    /// Active, Inactive, Suspended, Restored (the API's default is all of these).
    #[arg(long, value_delimiter = ',')]
    pub status: Vec<String>,
    /// on-boarded and the like.
    #[arg(long)]
    pub partner_status: Option<String>,
    /// active and the like.
    #[arg(long)]
    pub commission_payout_status: Option<String>,
    /// What the API searches for.
    #[arg(long, value_name = "TEXT")]
    pub search_term: Option<String>,
    /// Partner types by id; needs --include partner-type, which is added.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub partner_type_ids: Vec<String>,
    /// Partners by id.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub partner_ids: Vec<String>,
    /// With or without the W-9 form.
    #[arg(long, value_name = "true|false")]
    pub w9_submitted: Option<bool>,
    /// With or without commissions.
    #[arg(long, value_name = "true|false")]
    pub enable_commissions: Option<bool>,
    /// Paid by W-2 or not.
    #[arg(long, value_name = "true|false")]
    pub is_w2: Option<bool>,
    /// How to show them.
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// `init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The export to propose a mapping for.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Where to write it [default: standard output]. A file that is there already is not touched.
    #[arg(long, short, value_name = "MAPPING")]
    pub output: Option<PathBuf>,
    /// Print the JSON Schema of a mapping file, for editors.
    #[arg(long, conflicts_with_all = ["file", "template"])]
    pub schema: bool,
    /// Print a mapping with every field and a comment on each.
    #[arg(long, conflicts_with = "file")]
    pub template: bool,
}

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
    /// bad-body with a probability; expire-token-after=100 with a number of requests.
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
    /// Refuse partners of this business name with 400.
    #[arg(long, value_name = "NAME")]
    pub refuse_name: Option<String>,
    /// Keep partners in this file [default: in memory].
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Write a line of JSON for each request.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// The bound of `--max-errors`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxErrors {
    /// So many rows.
    Rows(u64),
    /// So many of a hundred.
    Percent(f64),
}

impl FromStr for MaxErrors {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("\"{text}\" is no bound: write a number of rows, 20, or a share, 2%");
        match text.strip_suffix('%') {
            Some(share) => share
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|p| (0.0..=100.0).contains(p))
                .map(MaxErrors::Percent)
                .ok_or_else(wrong),
            None => text.parse().map(MaxErrors::Rows).map_err(|_| wrong()),
        }
    }
}

impl MaxErrors {
    /// Whether `invalid` of `rows` are too many.
    #[must_use]
    pub fn is_exceeded(self, invalid: u64, rows: u64) -> bool {
        match self {
            MaxErrors::Rows(most) => invalid > most,
            #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
            MaxErrors::Percent(share) => invalid as f64 * 100.0 > share * rows as f64,
        }
    }
}

fn parse_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("\"{text}\" is no time: write 500ms, 30s, 10m or 2h"))
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<crate::api::Rate>()? {
        crate::api::Rate::PerSecond(n) => Ok(n),
        crate::api::Rate::Unlimited => Err("leave --rate-limit out for no limit".to_owned()),
    }
}

/// The whole command line, for completions, the manual and the generated reference.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn max_errors_is_a_number_or_a_share() {
        for (text, invalid, rows, exceeded) in [
            ("2", 2, 10, false),
            ("2", 3, 10, true),
            ("10%", 1, 10, false),
            ("10%", 2, 10, true),
            ("0", 1, 10, true),
        ] {
            assert_eq!(
                text.parse::<MaxErrors>()
                    .unwrap()
                    .is_exceeded(invalid, rows),
                exceeded
            );
        }
        assert!("x".parse::<MaxErrors>().is_err());
        assert!("101%".parse::<MaxErrors>().is_err());
    }
}
