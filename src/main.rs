//! The front door: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    partner_sync::cli::main()
}
