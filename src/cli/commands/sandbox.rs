//! `sandbox`: the practice server, until Ctrl-C.

use crate::cli::args::SandboxArgs;
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::runtime;
use crate::report::RunEnding;
use crate::sandbox::Sandbox;

pub(super) fn run(args: SandboxArgs, desk: &Desk) -> Result<RunEnding, CliError> {
    let stop = desk.signals.drain();
    runtime(None)?.block_on(async {
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
