//! A command is a file: what was typed becomes a request, an operation runs, its result is printed. The small commands
//! that only look at the state or the API do that themselves.

mod check;
mod doctor;
mod import;
mod init;
mod partners;
mod reconcile;
mod sandbox;
mod status;
mod sync;
mod upkeep;
mod verify;

use super::args::{
    Cli, Command, ConfigCommand, Shared, completions, man_page, version, write_man_pages,
};
use super::desk::Desk;
use super::exit::CliError;
use crate::report::RunEnding;
use crate::telemetry;

/// Sets logging up and runs the command.
pub(crate) fn run(cli: Cli, desk: &Desk) -> Result<RunEnding, CliError> {
    let verbosity = if cli.output.quiet {
        -1
    } else {
        i8::try_from(cli.output.verbose).unwrap_or(3)
    };
    telemetry::init(
        cli.output.log_format,
        verbosity,
        desk.output.colour,
        desk.output.screen.clone(),
    );
    let mut shared = Shared {
        variables: cli.variables,
        ..Shared::default()
    };
    // A night whose settings do not fit is still reported, so `sync` looks itself.
    if !matches!(cli.command, Command::Sync(_)) {
        desk.environment.refuse_empty()?;
    }
    let unmade = |e: std::io::Error| CliError::Machine(format!("cannot make the manual: {e}"));
    match cli.command {
        Command::Init(args) => init::run(&args, desk),
        Command::Check(args) => check::run(&args.split(&mut shared), &shared, desk),
        Command::Import(args) => import::run(&args.split(&mut shared), &shared, desk),
        Command::Sync(args) => sync::run(&args.split(&mut shared), &shared, desk),
        Command::Verify(args) => verify::run(&args.split(&mut shared), &shared, desk),
        Command::State(args) => upkeep::run(&args.split(&mut shared).which, &shared, desk),
        Command::Status(args) => status::run(&args.split(&mut shared), &shared, desk),
        Command::Reconcile(args) => reconcile::run(&args.split(&mut shared), &shared, desk),
        Command::Partners(args) => partners::run(&args.split(&mut shared).which, &shared, desk),
        Command::Doctor(args) => doctor::run(&args.split(&mut shared), &shared, desk),
        Command::Config(ConfigCommand::Show(args)) => {
            args.split(&mut shared);
            doctor::show_settings(&shared, desk)
        }
        Command::Sandbox(args) => sandbox::run(*args, desk),
        Command::Completions { shell } => Ok(printed(&completions(shell), desk)),
        Command::Man { dir: None } => Ok(printed(&man_page().map_err(unmade)?, desk)),
        Command::Man { dir: Some(dir) } => {
            let count = write_man_pages(&dir).map_err(unmade)?;
            let words = format!("{count} pages written to {}", dir.display());
            desk.output.note(&words);
            Ok(RunEnding::Done)
        }
        Command::Version => Ok(printed(version().as_bytes(), desk)),
    }
}

fn printed(text: &[u8], desk: &Desk) -> RunEnding {
    desk.output.result(&String::from_utf8_lossy(text));
    RunEnding::Done
}
