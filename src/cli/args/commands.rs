//! The commands, and what each says of itself.

use std::path::PathBuf;

use clap::Subcommand;

use super::look::{
    DoctorArgs, InitArgs, MapArgs, PartnersArgs, SettingsArgs, StatusArgs, TestArgs, VerifyArgs,
};
use super::runs::{CheckArgs, ImportArgs, ReconcileArgs, SyncArgs};
use super::sandbox::SandboxArgs;
use super::shared::{Full, Local, Online, Reported, Settled, Settling, Stored, Written};
use super::upkeep::StateArgs;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Propose a mapping for a file: key, fields, date order, with the evidence of each line.
    #[command(
        after_help = "The proposal can be used as it is, or says on each line what is left to decide. It is checked on
the file before it is shown. Look at every line: a name is no proof.

Examples:
  partner-sync init export.csv
  partner-sync init export.xlsx -o mappings/mine.toml
  partner-sync init --schema -o mapping.schema.json
  partner-sync init --template -o mapping.toml"
    )]
    Init(InitArgs),
    /// The workbench: make a mapping on a page of this machine, with the whole file checked at each change.
    #[command(
        after_help = "The page opens in the browser. Nothing leaves the machine, and nothing is written but the mapping, when you save it.
It ends a minute after the page is closed, with Ctrl-C, or after the time of --for.

Examples:
  partner-sync map export.csv
  partner-sync map export.xlsx -m mappings/mine.toml
  partner-sync map export.csv --no-open --for 30m"
    )]
    Map(Stored<MapArgs>),
    /// Try the tests of mappings: a row in, the request or the problems out. No network, no state.
    #[command(
        after_help = "A mapping's [[test]] has a row, and what it sends or which problems it has. What differs is shown by its path in
the request. Exit 0: every test passes; 1: one fails; 2: a mapping cannot be used.

Examples:
  partner-sync test mappings/apptivo.toml
  partner-sync test mappings
  partner-sync test --json"
    )]
    Test(Box<Written<TestArgs>>),
    /// Dry run: read, map and validate every row. No network, no change of the state.
    #[command(after_help = "Examples:
  partner-sync check export.csv -m mappings/apptivo.toml
  partner-sync check export.xlsx -m mappings/apptivo.toml --report out
  partner-sync check a.csv b.csv -m mappings/apptivo.toml --json
  partner-sync check rejects.csv -m mappings/apptivo.toml --sandbox
      (parents that were created in the sandbox are known)")]
    Check(Box<Local<CheckArgs>>),
    /// The main job: create a partner for each row. Run it again and it resumes.
    #[command(after_help = "Examples:
  partner-sync import export.csv -m mappings/apptivo.toml --sandbox
      (practice: no real API)
  partner-sync import export.csv -m mappings/apptivo.toml --dry-run
      (what would it do?)
  partner-sync import export.csv -m mappings/apptivo.toml --token-file token.txt --report out
  partner-sync import export.csv -m mappings/apptivo.toml --limit 10
      (send ten rows, then look)
  partner-sync import export.csv -m mappings/apptivo.toml --canary 5
      (create five, read them back, go on if they agree)
  partner-sync import export.csv -m mappings/apptivo.toml --dry-run --plan-out plan.json
  partner-sync import --plan plan.json
      (exactly that, or nothing)")]
    Import(Box<Settling<ImportArgs>>),
    /// What the state knows: runs, counts by state, rows in doubt or rejected and why.
    #[command(after_help = "Examples:
  partner-sync status
  partner-sync status --row C-1001
  partner-sync status --run 20261123T191300Z-4f2a07c1 --report again
  partner-sync status --run 3 --report whole
      (what all machines did of import 3)
  partner-sync status --run 3 accounts.csv -m mappings/apptivo.toml --report whole
      (the same with the rows themselves)
  partner-sync status --state nightly.db --json")]
    Status(Reported<StatusArgs>),
    /// Settle every create whose outcome is unknown, by asking the API.
    #[command(after_help = "Examples:
  partner-sync reconcile --token-file token.txt
  partner-sync reconcile --state nightly.db --settle 30s
  partner-sync reconcile --lost 5f0f1c2e --state postgres://partner_sync@db.example.com/partners
  partner-sync reconcile --adopt export.csv -m mappings/apptivo.toml --token-file token.txt")]
    Reconcile(Box<Settling<ReconcileArgs>>),
    /// Run every job of the configuration, one after the other: the nightly run.
    #[command(
        after_help = "The exit code is the highest of the jobs'. A job that fails does not stop the next.

Examples:
  partner-sync sync
  partner-sync sync -c /etc/partner-sync/partner-sync.toml --log-format json
  partner-sync sync --job apptivo --dry-run
  partner-sync sync --check-config
      (validate everything, token and API included; send nothing)
  partner-sync sync --wait 10m
      (wait for an overlapping run instead of ending with exit 4)"
    )]
    Sync(Box<Settling<SyncArgs>>),
    /// Read partners back and compare them with the source and the state, field by field. Nothing is changed.
    #[command(
        after_help = "The API does not return vendorAccount, which has all bank data; it is not compared.
Exit 0: every row agrees with its partner; 1: something differs; 3: the API could not be asked.

Examples:
  partner-sync verify export.csv -m mappings/apptivo.toml --token-file token.txt --report out
  partner-sync verify --job apptivo --sample 100
  partner-sync verify --job apptivo --combined audit.txt
      (= agrees, + only in the source, - only on the API, * differs, ! could not be compared)"
    )]
    Verify(Box<Full<VerifyArgs>>),
    /// Look after the state: backup, export, forget, resolve, accept.
    State(Stored<StateArgs>),
    /// List and show partners on the API, with all its filters.
    Partners(Box<Online<PartnersArgs>>),
    /// Try everything that a run needs: API, token, clock, disk, locks, certificates, mappings. Nothing is sent.
    #[command(
        after_help = "One line each: ok, warning (a run works, but look at it) or wrong (a run would fail), with what to do.
Exit 0: nothing is wrong; 2: a setting, file or mapping is; 3: the API could not be asked.

Examples:
  partner-sync doctor --token-file token.txt -m mappings/apptivo.toml
  partner-sync doctor -c /etc/partner-sync/partner-sync.toml"
    )]
    Doctor(Box<Settled<DoctorArgs>>),
    /// Show the settings that a run would have.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Serve the API on this machine, for practice and tests: create, list, get, healthcheck, faults.
    #[command(after_help = "Examples:
  partner-sync sandbox --port 4010
  partner-sync sandbox --latency 20ms --fault reset-after=0.05 --fault 503=0.1 --seed 7
  partner-sync sandbox --rate-limit 50 --data partners.jsonl --log requests.jsonl")]
    Sandbox(Box<SandboxArgs>),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:
  partner-sync completions bash > /usr/share/bash-completion/completions/partner-sync")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for each command.
    #[command(after_help = "Examples:
  partner-sync man | man -l -
  partner-sync man --dir /usr/local/share/man/man1")]
    Man {
        /// Write a page for each command into this folder.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Print the version.
    #[command(after_help = "Example:
  partner-sync version")]
    Version,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every setting, its value, and where it comes from: option, environment variable, file and line, or default.
    #[command(
        after_help = "Secrets are not shown. Nothing is tried; `partner-sync doctor` does that.

Examples:
  partner-sync config show
  partner-sync config show -c /etc/partner-sync/partner-sync.toml --json"
    )]
    Show(Box<Settled<SettingsArgs>>),
}
