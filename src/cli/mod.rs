//! The command line: what was typed becomes a request to [`crate::ops`], and what comes back becomes words and an exit
//! status. Nobody imports this module.

mod args;
mod commands;
mod desk;
mod exit;
mod front;
mod output;
mod progress;
mod prompt;
mod settings;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

pub use args::{Cli, command};
use desk::Desk;
pub use exit::CliError;
use output::Output;
use signals::Watcher;

use crate::clock::Clock;
use crate::config::Environment;

/// Parses, runs, and returns the exit code. This is the whole program.
#[must_use]
pub fn main() -> ExitCode {
    let signals = Watcher::start();
    let environment = Environment::of_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return output::said(&said, &environment),
    };
    let output = Output::new(&cli.shared, &environment);
    let desk = Desk {
        environment,
        output,
        clock: Clock::System,
        signals,
    };
    for unknown in desk.environment.unknown() {
        desk.output.note(&format!("warning: {unknown}"));
    }
    let ending = commands::run(cli, &desk).unwrap_or_else(|error| {
        desk.output.error(&error);
        error.ending()
    });
    desk.output.end(ending).into()
}
