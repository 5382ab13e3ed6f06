//! `reconcile`: settles every create whose outcome is unknown, by asking the API.

use crate::cli::args::{ReconcileArgs, Shared};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::session::SessionParts;
use crate::ops;

pub(super) fn run(args: &ReconcileArgs, shared: &Shared, context: &Context) -> CommandResult {
    let parts = SessionParts::new(shared, context)?;
    let report = ops::reconcile(
        &args.request(&parts.session(), parts.report())?,
        &parts.session(),
    )?;
    Ok(context.output.summary(&report, shared.json.json))
}
