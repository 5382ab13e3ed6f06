//! `status`: what the state knows.

use crate::cli::args::{Shared, StatusArgs};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::output::Output;
use crate::cli::session::SessionParts;
use crate::ops;
use crate::report::RunEnding;

pub(super) fn run(args: &StatusArgs, shared: &Shared, context: &Context) -> CommandResult {
    let (parts, json) = (SessionParts::new(shared, context)?, shared.json.json);
    let session = parts.session();
    let export = args.export(&session)?;
    if let Some(number) = args.import() {
        let report = ops::import_report(number, export.as_ref(), &parts.report(), &session)?;
        return Ok(context.output.summary(&report, json));
    }
    if let Some(name) = &args.run {
        let report = ops::reprint(name, &parts.report(), &session)?;
        context.output.summary(&report, json);
        // The run's own exit code is in the report; making it again is a success of its own.
        return Ok(RunEnding::Done);
    }
    let text = match &args.row {
        Some(key) => ops::row_status(key, json, &session)?,
        None => ops::status(json, Output::width(), &session)?,
    };
    context.output.result(&text);
    Ok(RunEnding::Done)
}
