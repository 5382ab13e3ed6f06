//! The command line: what was typed becomes a request to [`crate::ops`], and what comes back becomes words and an exit
//! status. Nobody imports this module.

mod args;
mod commands;
mod context;
mod exit;
mod output;
mod progress;
mod prompt;
mod screen;
mod session;
mod signals;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

pub use args::{Cli, command};
use context::Context;
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
        Err(unreadable) => {
            let format = args::log_format(&typed, &environment);
            return output::unreadable(&unreadable, format, &environment);
        }
    };
    let output = Output::new(&cli.output, &environment);
    let context = Context {
        environment,
        output,
        clock: Clock::System,
        signals,
    };
    for unknown in args::unknown_variables(&context.environment) {
        context.output.warning(&unknown.to_string());
    }
    let ending = commands::run(cli, &context).unwrap_or_else(|error| {
        context.output.error(&error);
        error.ending()
    });
    context.output.end(ending).into()
}
