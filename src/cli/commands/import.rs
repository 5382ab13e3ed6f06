//! `import`: the main job, or with `--dry-run` what it would do.

use crate::cli::args::{ImportArgs, Shared};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::session::SessionParts;
use crate::ops;

pub(super) fn run(args: &ImportArgs, shared: &Shared, context: &Context) -> CommandResult {
    let parts = SessionParts::new(shared, context)?;
    let request = args.request(&parts.session(), parts.report())?;
    let report = if args.dry_run {
        ops::dry_run(&request, args.plan_out.as_deref(), &parts.session())?.report
    } else {
        ops::import(&request, &parts.session())?
    };
    Ok(context.output.summary(&report, shared.json.json))
}
