//! What was typed, and nothing else. The help of each command is for the person who runs it and ends with
//! examples.

mod look;
mod runs;
mod sandbox;
mod shared;
mod transport;
mod value;

use clap::{CommandFactory as _, Parser, Subcommand};

pub(crate) use look::{
    InitArgs, ListFormat, PartnersCommand, StateCommand, StatusArgs, VerifyArgs,
};
pub(crate) use runs::{CheckArgs, ImportArgs, ReconcileArgs, SyncArgs};
pub(crate) use sandbox::SandboxArgs;
pub(crate) use shared::{ProgressMode, Shared};

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
    /// The main job: create a partner for each row. A rerun resumes.
    #[command(after_help = "Examples:
  partner-sync import export.csv -m mappings/apptivo.toml --sandbox           (practice: no real API)
  partner-sync import export.csv -m mappings/apptivo.toml --dry-run           (what would it do?)
  partner-sync import export.csv -m mappings/apptivo.toml --token-file token.txt --report out
  partner-sync import export.csv -m mappings/apptivo.toml --limit 10          (send ten rows, then look)
  partner-sync import export.csv -m mappings/apptivo.toml --canary 5          (make five, read them back, go on if they agree)
  partner-sync import export.csv -m mappings/apptivo.toml --dry-run --plan-out plan.json
  partner-sync import --plan plan.json                                        (exactly that, or nothing)")]
    Import(ImportArgs),
    /// What the state file knows: runs, counts by state, what is in doubt or rejected and why.
    #[command(after_help = "Examples:
  partner-sync status
  partner-sync status --row C-1001
  partner-sync status --run 20261123T191300Z-4f2a07c1 --report again
  partner-sync status --state nightly.db --json")]
    Status(StatusArgs),
    /// Settle every create whose outcome is unknown, by asking the API.
    #[command(after_help = "Examples:
  partner-sync reconcile --token-file token.txt
  partner-sync reconcile --state nightly.db --settle 30s
  partner-sync reconcile --adopt export.csv -m mappings/apptivo.toml --token-file token.txt")]
    Reconcile(ReconcileArgs),
    /// Run every job of the configuration, one after the other: the nightly run.
    #[command(
        after_help = "The exit code is the highest of the jobs'. A job that fails does not stop the next.

Examples:
  partner-sync sync
  partner-sync sync -c /etc/partner-sync/partner-sync.toml --log-format json
  partner-sync sync --job apptivo --dry-run
  partner-sync sync --check-config          (validate everything, token and API included; send nothing)
  partner-sync sync --wait 10m              (wait for an overlapping run instead of ending with exit 4)"
    )]
    Sync(SyncArgs),
    /// Read partners back and compare them with the source and the state, field by field. Nothing is changed.
    #[command(
        after_help = "vendorAccount, all bank data with it, is not returned by the API and is not compared.
Exit 0: every row agrees with its partner; 1: something differs; 3: the API could not be asked.

Examples:
  partner-sync verify export.csv -m mappings/apptivo.toml --token-file token.txt --report out
  partner-sync verify --job apptivo --sample 100
  partner-sync verify --job apptivo --combined audit.txt     (= agrees, + only in the source, - only on the API,
                                                              * differs, ! could not be compared)"
    )]
    Verify(VerifyArgs),
    /// Look after the state file: backup, export, forget, accept.
    #[command(subcommand)]
    State(StateCommand),
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
}
