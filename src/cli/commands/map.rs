//! `map`: the workbench, until its page is closed or Ctrl-C.

use crate::cli::args::{MapArgs, Shared};
use crate::cli::context::Context;
use crate::cli::exit::{CliError, CommandResult};
use crate::cli::session::SessionParts;
use crate::report::RunEnding;
use crate::workbench::{Workbench, WorkbenchError};

pub(super) fn run(args: &MapArgs, shared: &Shared, context: &Context) -> CommandResult {
    let parts = SessionParts::new(shared, context)?;
    let session = parts.session();
    let output = &context.output;
    output.note(&format!("reading {}", args.file.display()));
    let world = (session.settings.clone(), session.clock.clone());
    let workbench = Workbench::open(&args.request(), world, (&session.stop, &session.runtime));
    let workbench = workbench.map_err(|error| match error {
        WorkbenchError::Export(error) => CliError::Op(error),
        other => CliError::Usage(other.to_string()),
    })?;
    let address = workbench.address().to_owned();
    if !output.stream(&format!("{address}\n")) {
        return Ok(RunEnding::Done);
    }
    output.note(
        "the workbench is at this address, which works once and for a minute; Ctrl-C ends it",
    );
    if !args.no_open && open::that_detached(&address).is_err() {
        output.note("no browser could be opened: open the address yourself");
    }
    let ended = session.runtime.block_on(workbench.work());
    let broken = |e: std::io::Error| CliError::Machine(e.to_string());
    ended.map(|_| RunEnding::Done).map_err(broken)
}
