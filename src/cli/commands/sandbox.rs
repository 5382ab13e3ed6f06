//! `sandbox`: the practice server, until Ctrl-C.

use crate::cli::args::SandboxArgs;
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::report::RunEnding;
use crate::sandbox::Sandbox;

pub(super) fn run(args: SandboxArgs, desk: &Desk) -> Result<RunEnding, CliError> {
    let stop = desk.signals.drain();
    server_runtime()?.block_on(async {
        let sandbox = Sandbox::start(args.settings(), desk.clock.clone()).await?;
        if !desk.output.stream(&format!("{}\n", sandbox.url())) {
            // Nobody knows where it listens.
            return Ok(RunEnding::Done);
        }
        desk.output.note("the sandbox is listening; Ctrl-C ends it");
        tokio::select! {
            () = sandbox.wait() => {}
            () = stop.requested() => {}
        }
        Ok(RunEnding::Done)
    })
}

/// The runtime of the practice server, which has nothing else to do.
fn server_runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::Machine(format!("cannot start: {e}")))
}
