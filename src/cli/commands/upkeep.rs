//! `state`: backup, move, export, forget, resolve, accept.

use crate::cli::args::{Shared, StateCommand};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::output::Output;
use crate::cli::prompt;
use crate::ops;
use crate::report::RunEnding;
use crate::state::definition;

pub(super) fn run(which: &StateCommand, shared: &Shared, context: &Context) -> CommandResult {
    let (settings, _) = context.settings(shared)?;
    let (output, clock) = (&context.output, &context.clock);
    match which {
        StateCommand::Backup { file } => {
            let key = ops::store(&settings).backup(file)?;
            for line in ops::backup_words(file, key.as_deref()) {
                output.note(&line);
            }
        }
        StateCommand::Move { from, to } => {
            let rows = ops::move_state(from, to, &settings, clock)?;
            output.note(&ops::moved_words(rows));
        }
        StateCommand::Schema => output.result(&definition()),
        StateCommand::Export { output: file } => {
            let kept = shared.read_files(&settings.state);
            let mut sink = output.sink(file.as_deref(), &kept, true)?;
            sink.put(&ops::exported(&settings)?)?;
            sink.finish()?;
        }
        StateCommand::Rows(rows) => {
            let (request, yes) = rows.request();
            // Shows the rows and asks on a terminal. Without one, `--yes` says it.
            let done = ops::upkeep(&request, &settings, clock, &mut |rows| {
                output.note(&ops::rows_table(rows, Output::width()));
                let stop = context.signals.stop();
                yes || prompt::confirm_on_terminal(request.question(), output, &stop)
            })?;
            output.note(&done);
        }
    }
    Ok(RunEnding::Done)
}
