//! A command is a file: what was typed becomes a request, an operation runs, its result is printed. The small commands
//! that only look at the state or the API do that themselves.

mod check;
mod import;
mod init;
mod partners;
mod reconcile;
mod sandbox;
mod status;
mod sync;
mod upkeep;
mod verify;

use super::args::{Cli, Command, command};
use super::desk::Desk;
use super::exit::CliError;
use crate::report::RunEnding;
use crate::telemetry;

/// Sets logging up and runs the command.
pub(crate) fn run(cli: Cli, desk: &Desk) -> Result<RunEnding, CliError> {
    let Cli {
        command: chosen,
        shared,
    } = cli;
    let verbosity = if shared.quiet {
        -1
    } else {
        i8::try_from(shared.verbose).unwrap_or(3)
    };
    telemetry::init(
        shared.log_format,
        verbosity,
        desk.output.colour,
        desk.output.screen.clone(),
    );
    match chosen {
        Command::Init(args) => init::run(&args, desk),
        Command::Check(args) => check::run(&args, &shared, desk),
        Command::Import(args) => import::run(&args, &shared, desk),
        Command::Sync(args) => sync::run(&args, &shared, desk),
        Command::Verify(args) => verify::run(&args, &shared, desk),
        Command::State(which) => upkeep::run(&which, &shared, desk),
        Command::Status(args) => status::run(&args, &shared, desk),
        Command::Reconcile(args) => reconcile::run(&args, &shared, desk),
        Command::Partners(which) => partners::run(&which, &shared, desk),
        Command::Sandbox(args) => sandbox::run(args, desk),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "partner-sync", &mut script);
            desk.output.result(&String::from_utf8_lossy(&script));
            Ok(RunEnding::Done)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command())
                .render(&mut page)
                .map_err(|e| CliError::Machine(format!("the manual cannot be written: {e}")))?;
            desk.output.result(&String::from_utf8_lossy(&page));
            Ok(RunEnding::Done)
        }
    }
}
