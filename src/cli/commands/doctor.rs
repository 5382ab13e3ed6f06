//! `doctor` and `config show`: what a run would have, tried and untried.

use crate::cli::args::{DoctorArgs, Shared};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::cli::output::Output;
use crate::cli::settings;
use crate::config::{ConfigFile, Effective, effective, effective_json};
use crate::ops;
use crate::report::{RunEnding, table_within};

pub(super) fn run(args: &DoctorArgs, shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    let folder = front.report().folder;
    let (all, ending) = ops::doctor(
        &front.config,
        &args.mapping,
        folder.as_deref(),
        &front.session(),
    )?;
    let text = if shared.json.json {
        ops::checks_json(&all, ending)
    } else {
        all.iter().map(ToString::to_string).collect()
    };
    desk.output.result(&text);
    Ok(ending)
}

pub(super) fn show_settings(shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let (resolved, _) = settings::resolved(shared, desk)?;
    let file = ConfigFile::place(shared.stored.config.as_deref());
    let typed = shared.typed();
    let all = effective(&typed, &desk.environment, &resolved, file);
    if shared.json.json {
        desk.output.result(&effective_json(&all));
        return Ok(RunEnding::Done);
    }
    let row = |s: &Effective| vec![s.name.clone(), s.value.clone(), s.origin.to_string()];
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let header = ["SETTING", "VALUE", "FROM"];
    let width = Output::width();
    desk.output.result(&table_within(&header, &rows, width));
    Ok(RunEnding::Done)
}
