//! `sync`: every job of the configuration, or with `--check-config` a look at all that a night needs.

use crate::cli::args::{Shared, SyncArgs};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::ops::{self, Finding};
use crate::report::RunEnding;

pub(super) fn run(args: &SyncArgs, shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let front = match Front::start(shared, desk) {
        Err(CliError::Op(error)) if !args.check_config => {
            // Whoever is informed of every other end.
            if let Ok(front) = Front::unresolved(shared, desk) {
                let request = args.request(front.report());
                ops::unstarted(&front.config, &request, &error, &front.session());
            }
            return Err(error.into());
        }
        front => front?.unattended(),
    };
    if args.check_config {
        return check_config(args.job.as_deref(), &front, desk);
    }
    let request = args.request(front.report());
    let night = ops::sync(&front.config, &request, &front.session());
    if shared.json.json {
        let summary = night.summary_without_values();
        desk.output.result(&format!("{summary}\n"));
    }
    Ok(night.ending)
}

/// What was looked at, then what need not be there yet.
fn check_config(job: Option<&str>, front: &Front<'_>, desk: &Desk) -> Result<RunEnding, CliError> {
    let folder = front.report().folder;
    let (findings, ending) =
        ops::check_config(&front.config, job, folder.as_deref(), &front.session())?;
    let (notes, found): (Vec<_>, Vec<_>) = findings
        .iter()
        .partition(|f| matches!(f, Finding::Missing(_)));
    for finding in found.into_iter().chain(notes) {
        desk.output.result(&format!("{finding}\n"));
    }
    Ok(ending)
}
