//! `check`: read, map and validate every row; no network, no change of the state.

use crate::cli::args::{CheckArgs, Shared};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::session::SessionParts;
use crate::ops;

pub(super) fn run(args: &CheckArgs, shared: &Shared, context: &Context) -> CommandResult {
    let parts = SessionParts::new(shared, context)?;
    let report = ops::check(
        &args.request(&parts.session(), parts.report())?,
        &parts.session(),
    )?;
    Ok(context.output.summary(&report, shared.json.json))
}
