//! `sandbox`: the practice server, until Ctrl-C.

use crate::cli::args::SandboxArgs;
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::session::runtime;
use crate::report::RunEnding;
use crate::sandbox::Sandbox;

pub(super) fn run(args: SandboxArgs, context: &Context) -> CommandResult {
    let stop = context.signals.drain();
    runtime(None)?.block_on(async {
        let sandbox = Sandbox::start(args.settings(), context.clock.clone()).await?;
        // Where this cannot be printed, nobody knows where it listens.
        if context.output.stream(&format!("{}\n", sandbox.url())) {
            context
                .output
                .note("the sandbox is listening; Ctrl-C ends it");
            tokio::select! {
                () = sandbox.wait() => {}
                () = stop.requested() => {}
            }
        }
        Ok(RunEnding::Done)
    })
}
