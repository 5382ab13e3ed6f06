//! `reconcile`: settles every create whose outcome is unknown, by asking the API.

use crate::cli::args::{ReconcileArgs, Shared};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::ops;
use crate::report::RunEnding;

pub(super) fn run(
    args: &ReconcileArgs,
    shared: &Shared,
    desk: &Desk,
) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    let report = ops::reconcile(&args.request(front.report()), &front.session())?;
    Ok(desk.output.summary(&report))
}
