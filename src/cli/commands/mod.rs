//! A command is a file: what was typed becomes a request, an operation runs, its result is printed.

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
use super::context::Context;
use super::exit::{CliError, CommandResult};
use crate::report::RunEnding;
use crate::telemetry;

/// Sets logging up and runs the command.
pub(crate) fn run(cli: Cli, context: &Context) -> CommandResult {
    telemetry::init(
        cli.output.log_format,
        cli.output.verbosity(),
        context.output.colour,
        context.output.screen.clone(),
    );
    let mut shared = Shared {
        variables: cli.variables,
        ..Shared::default()
    };
    // A night whose settings do not fit is still reported, so `sync` looks itself.
    if !matches!(cli.command, Command::Sync(_)) {
        context.environment.refuse_empty()?;
    }
    let unmade = |e: std::io::Error| CliError::Machine(format!("cannot make the manual: {e}"));
    match cli.command {
        Command::Init(args) => init::run(&args, context),
        Command::Check(args) => check::run(&args.split(&mut shared), &shared, context),
        Command::Import(args) => import::run(&args.split(&mut shared), &shared, context),
        Command::Sync(args) => sync::run(&args.split(&mut shared), &shared, context),
        Command::Verify(args) => verify::run(&args.split(&mut shared), &shared, context),
        Command::State(args) => upkeep::run(&args.split(&mut shared).which, &shared, context),
        Command::Status(args) => status::run(&args.split(&mut shared), &shared, context),
        Command::Reconcile(args) => reconcile::run(&args.split(&mut shared), &shared, context),
        Command::Partners(args) => partners::run(&args.split(&mut shared).which, &shared, context),
        Command::Doctor(args) => doctor::run(&args.split(&mut shared), &shared, context),
        Command::Config(ConfigCommand::Show(args)) => {
            args.split(&mut shared);
            doctor::show_settings(&shared, context)
        }
        Command::Sandbox(args) => sandbox::run(*args, context),
        Command::Completions { shell } => Ok(printed(&completions(shell), context)),
        Command::Man { dir: None } => Ok(printed(&man_page().map_err(unmade)?, context)),
        Command::Man { dir: Some(dir) } => {
            let count = write_man_pages(&dir).map_err(unmade)?;
            let words = format!("{count} pages written to {}", dir.display());
            context.output.note(&words);
            Ok(RunEnding::Done)
        }
        Command::Version => Ok(printed(version().as_bytes(), context)),
    }
}

fn printed(text: &[u8], context: &Context) -> RunEnding {
    context.output.result(&String::from_utf8_lossy(text));
    RunEnding::Done
}
