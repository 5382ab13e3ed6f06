//! `check`: read, map and validate every row; no network, no change of the state.

use crate::cli::args::{CheckArgs, Shared};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::ops::{self, CheckRequest};
use crate::report::RunEnding;

pub(super) fn run(args: &CheckArgs, shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    let request = CheckRequest {
        export: args.export.request().expanded(None, &front.session())?,
        report: front.report(),
        limit: args.limit,
    };
    let report = ops::check(&request, &front.session())?;
    Ok(desk.output.summary(&report, shared.json.json))
}
