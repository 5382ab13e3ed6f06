//! `state`: backup, export, forget, resolve, accept.

use crate::cli::args::{Shared, StateCommand};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::output::Output;
use crate::cli::prompt;
use crate::cli::settings;
use crate::ops::{self, Resolution, RowsRequest};
use crate::partner::PartnerId;
use crate::report::RunEnding;
use crate::state::{MaintenanceRow, definition};

pub(super) fn run(
    which: &StateCommand,
    shared: &Shared,
    desk: &Desk,
) -> Result<RunEnding, CliError> {
    let (settings, _) = settings::resolved(shared, desk)?;
    match which {
        StateCommand::Backup { file } => {
            let key = ops::store(&settings).backup(file)?;
            for line in ops::backup_words(file, key.as_deref()) {
                desk.output.note(&line);
            }
            Ok(RunEnding::Done)
        }
        StateCommand::Move { from, to } => {
            let rows = ops::move_state(from, to, &settings, &desk.clock)?;
            desk.output.note(&ops::moved_words(rows));
            Ok(RunEnding::Done)
        }
        StateCommand::Schema => {
            desk.output.result(&definition());
            Ok(RunEnding::Done)
        }
        StateCommand::Export { output } => {
            let kept = shared.read_files(&settings.state);
            let mut sink = desk.output.sink(output.as_deref(), &kept, true)?;
            sink.put(&ops::exported(&settings)?)?;
            sink.finish()?;
            Ok(RunEnding::Done)
        }
        StateCommand::Forget(keys) => {
            let question = "Forget these rows? The next import looks for their partners and creates those that it does not find.";
            let count = ops::forget(&keys.request(), &settings, &desk.clock, &mut |rows| {
                confirmed(rows, keys.yes, question, desk)
            })?;
            desk.output.note(&format!("forgotten: {count}"));
            Ok(RunEnding::Done)
        }
        StateCommand::Resolve { keys, created, .. } => {
            let (finding, question) = match created {
                Some(id) => (
                    Resolution::Created(PartnerId::new(id.as_str())),
                    "Is that its partner? It is never sent again.",
                ),
                None => (
                    Resolution::Absent,
                    "Have these rows no partner? The next import sends each that it does not find.",
                ),
            };
            let request = keys.request();
            let mut confirm = |rows: &[_]| confirmed(rows, keys.yes, question, desk);
            let count = ops::resolve(&request, &finding, &settings, &desk.clock, &mut confirm)?;
            desk.output.note(&format!("resolved: {count}"));
            Ok(RunEnding::Done)
        }
        StateCommand::Accept { keys, all_changed } => {
            let request = if *all_changed {
                RowsRequest::AllChanged {
                    mapping: keys.space.clone(),
                }
            } else {
                keys.request()
            };
            let question =
                "Mark the changes of these rows as handled? They are not reported again.";
            let count = ops::accept(&request, &settings, &desk.clock, &mut |rows| {
                confirmed(rows, keys.yes, question, desk)
            })?;
            desk.output.note(&format!("accepted: {count}"));
            Ok(RunEnding::Done)
        }
    }
}

/// Shows the rows and asks on a terminal. Without one, `--yes` says it.
fn confirmed(rows: &[MaintenanceRow], yes: bool, question: &str, desk: &Desk) -> bool {
    desk.output.note(&ops::rows_table(rows, Output::width()));
    yes || prompt::confirm_on_terminal(question, &desk.output, &desk.signals.stop())
}
