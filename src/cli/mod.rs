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
mod screen;
mod settings;
mod signals;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

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
    let typed: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::read(&typed, &environment) {
        Ok(cli) => cli,
        Err(said) => return output::said(&said, &environment),
    };
    let output = Output::new(&cli.output, &environment);
    let desk = Desk {
        environment,
        output,
        clock: Clock::System,
        signals,
    };
    for unknown in args::unknown_variables(&desk.environment) {
        desk.output.warning(&unknown.to_string());
    }
    let ending = commands::run(cli, &desk).unwrap_or_else(|error| {
        desk.output.error(&error);
        error.ending()
    });
    desk.output.end(ending).into()
}
