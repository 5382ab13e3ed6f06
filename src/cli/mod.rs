//! FRONT DESK: talks to the user, calls the rooms; nobody imports it.

mod adopt;
mod args;
mod commands;
mod connect;
mod contents;
mod done;
mod exit;
mod feeder;
mod known;
mod output;
mod progress;
mod prompt;
mod readback;

use std::process::ExitCode;

use clap::Parser as _;

pub use args::{Cli, command};
pub use exit::{CliError, Exit};
use output::Output;

use crate::clock::Clock;
use crate::config::Environment;

/// Parses, runs, and returns the exit code. This is the whole program.
#[must_use]
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    let cli = Cli::parse();
    let output = Output::new(&cli.shared, &environment);
    let desk = Desk {
        environment,
        output,
        clock: Clock::System,
    };
    let exit = match commands::run(cli, &desk) {
        Ok(exit) => exit,
        Err(error) => {
            desk.output.error(&error);
            error.exit()
        }
    };
    exit.into()
}

/// What every command is given: the world as arguments.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) environment: Environment,
    pub(crate) output: Output,
    pub(crate) clock: Clock,
}
