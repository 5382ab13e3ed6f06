//! `doctor` and `config show`: what a run would have, tried and untried.

use crate::cli::args::{DoctorArgs, Shared};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::cli::settings;
use crate::config::{Effective, effective};
use crate::ops::{self, Checked};
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
    if shared.json.json {
        let lines = all.iter().map(|c| {
            serde_json::json!({"health": c.health.as_str(), "subject": c.subject, "found": c.found, "todo": c.todo})
        });
        let value = serde_json::json!({"checks": lines.collect::<Vec<_>>(), "exit": ending.code()});
        desk.output.result(&format!("{value}\n"));
        return Ok(ending);
    }
    for checked in &all {
        desk.output.result(&line(checked));
    }
    Ok(ending)
}

fn line(checked: &Checked) -> String {
    let todo = checked.todo.as_ref();
    let todo = todo.map_or_else(String::new, |todo| format!("\n         {todo}"));
    let (health, subject) = (checked.health.as_str(), &checked.subject);
    format!("{health:<8} {subject}: {}{todo}\n", checked.found)
}

pub(super) fn show_settings(shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let (resolved, _) = settings::resolved(shared, desk)?;
    let file = settings::text(shared)?;
    let file = file.as_ref().map(|(path, text)| (*path, text.as_str()));
    let typed = settings::typed(shared);
    let all = effective(&typed, &desk.environment, &resolved, file);
    if shared.json.json {
        let lines = all.iter().map(|s| {
            serde_json::json!({"name": s.name, "value": s.value, "origin": s.origin.to_string()})
        });
        let value = serde_json::Value::from_iter(lines);
        desk.output.result(&format!("{value}\n"));
        return Ok(RunEnding::Done);
    }
    let row = |s: &Effective| vec![s.name.clone(), s.value.clone(), s.origin.to_string()];
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let header = ["SETTING", "VALUE", "FROM"];
    let width = desk.output.width();
    desk.output.result(&table_within(&header, &rows, width));
    Ok(RunEnding::Done)
}
