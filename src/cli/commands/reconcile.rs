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
    let mut request = args.request(front.report());
    request.adopt = request
        .adopt
        .map(|export| export.expanded(None, &front.session()))
        .transpose()?;
    let report = ops::reconcile(&request, &front.session())?;
    Ok(desk.output.summary(&report, shared.json.json))
}
