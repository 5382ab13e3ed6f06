//! `doctor` and `config show`: what a run would have, tried and untried.

use crate::cli::args::{DoctorArgs, Shared};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::output::Output;
use crate::cli::session::SessionParts;
use crate::config::{ConfigFile, effective};
use crate::ops;
use crate::report::RunEnding;

pub(super) fn run(args: &DoctorArgs, shared: &Shared, context: &Context) -> CommandResult {
    let parts = SessionParts::new(shared, context)?;
    let (folder, session) = (parts.report().folder, parts.session());
    let (all, ending) = ops::doctor(&parts.config, &args.mapping, folder.as_deref(), &session)?;
    let text = ops::checks(&all, ending, shared.json.json);
    context.output.result(&text);
    Ok(ending)
}

pub(super) fn show_settings(shared: &Shared, context: &Context) -> CommandResult {
    let (resolved, _) = context.settings(shared)?;
    let file = ConfigFile::place(shared.stored.config.as_deref());
    let all = effective(&shared.typed(), &context.environment, &resolved, file);
    let text = ops::settings(&all, shared.json.json, Output::width());
    context.output.result(&text);
    Ok(RunEnding::Done)
}
