//! `sync`: every job of the configuration, or with `--check-config` a look at all that a night needs.

use crate::cli::args::{Shared, SyncArgs};
use crate::cli::context::Context;
use crate::cli::exit::{CliError, CommandResult};
use crate::cli::session::SessionParts;
use crate::ops;

pub(super) fn run(args: &SyncArgs, shared: &Shared, context: &Context) -> CommandResult {
    let parts = match SessionParts::new(shared, context) {
        Err(CliError::Op(error)) if !args.check_config => {
            // Whoever is informed of every other end.
            if let Ok(parts) = SessionParts::unresolved(shared, context) {
                let request = args.request(parts.report());
                ops::unstarted(&parts.config, &request, &error, &parts.session());
            }
            return Err(error.into());
        }
        parts => parts?.unattended(),
    };
    let (session, report) = (parts.session(), parts.report());
    if args.check_config {
        let job = args.job.as_deref();
        let (findings, ending) =
            ops::check_config(&parts.config, job, report.folder.as_deref(), &session)?;
        for finding in findings {
            context.output.result(&format!("{finding}\n"));
        }
        return Ok(ending);
    }
    let night = ops::sync(&parts.config, &args.request(report), &session);
    if shared.json.json {
        let summary = night.summary_without_values();
        context.output.result(&format!("{summary}\n"));
    }
    Ok(night.ending)
}
