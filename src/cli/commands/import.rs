//! `import`: the main job, or with `--dry-run` what it would do.

use crate::cli::args::{ImportArgs, Shared};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::ops::{self, SealedPlan};
use crate::report::RunEnding;

pub(super) fn run(args: &ImportArgs, shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    let mut request = args.request(front.report());
    request.export = request.export.expanded(args.fetch(), &front.session())?;
    if args.dry_run {
        let preview = ops::dry_run(&request, args.plan_out.as_deref(), &front.session())?;
        return Ok(desk.output.summary(&preview.report, shared.json.json));
    }
    let request = match &args.plan {
        Some(path) => request.by(SealedPlan::read(path, &front.session())?),
        None => request,
    };
    let report = ops::import(&request, &front.session())?;
    Ok(desk.output.summary(&report, shared.json.json))
}
