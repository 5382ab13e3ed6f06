//! The program as a whole: what is typed behind its name.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use super::commands::Command;
use super::environment;
use super::shared::OutputArgs;
use super::unreadable::Unreadable;
use crate::config::{Environment, UnknownVariable};

/// Moves partner records out of CRM exports into the ECG partners API: exactly one partner for each row,
/// whatever crashes.
#[derive(Debug, Parser)]
#[command(
    name = "partner-sync",
    version,
    propagate_version = true,
    args_override_self = true,
    max_term_width = 100
)]
#[command(after_help = "Examples:
  partner-sync check export.csv -m mappings/apptivo.toml --report out
  partner-sync import export.csv -m mappings/apptivo.toml --sandbox
  partner-sync import export.xlsx -m mappings/apptivo.toml --token-file token.txt

Exit codes:
  0    every row is created or was already
  1    finished, but some rows need somebody: invalid, rejected, blocked, changed or in doubt
  2    usage, configuration or mapping error, or an unreadable file
  3    stopped early; nothing is lost, run the same command again
  4    another run holds the state
  130  interrupted; nothing is lost

Environment:
  Every option is also a variable: PARTNER_SYNC_TOKEN_FILE for --token-file. What is typed wins.
  PARTNER_SYNC_TOKEN is the token itself.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub output: OutputArgs,
    /// The environment variables that were read as options.
    #[arg(skip)]
    pub variables: Vec<String>,
}

impl Cli {
    /// Reads what was typed, the program's name first, and what the environment adds to it.
    pub(crate) fn read(typed: &[OsString], environment: &Environment) -> Result<Self, Unreadable> {
        let parsed = environment::parse(&command(), typed, environment)?;
        let unreadable = |error| Unreadable {
            error,
            variables: parsed.variables.clone(),
        };
        let mut cli = Self::from_arg_matches(&parsed.matches).map_err(unreadable)?;
        cli.variables = parsed.variables;
        Ok(cli)
    }
}

/// The whole command line, for completions, the manual and the generated reference.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// The name and the version, as `--version` prints them.
#[must_use]
pub(crate) fn version() -> String {
    command().render_version()
}

/// Variables of the environment that are meant for this program and that no command knows.
#[must_use]
pub(crate) fn unknown_variables(environment: &Environment) -> Vec<UnknownVariable> {
    environment.unknown(&environment::variables(&command()))
}
