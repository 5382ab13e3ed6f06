//! `state`: backup, export, forget, accept.

use crate::cli::Desk;
use crate::cli::args::{KeysArgs, Shared, StateCommand};
use crate::cli::exit::CliError;
use crate::cli::prompt;
use crate::cli::settings;
use crate::report::{RunEnding, table};
use crate::state::{Kept, StateLock, Upkeep, backup, export};

pub(super) fn run(
    which: &StateCommand,
    shared: &Shared,
    desk: &Desk,
) -> Result<RunEnding, CliError> {
    let (settings, _) = settings::resolved(shared, desk)?;
    match which {
        StateCommand::Backup { file } => {
            backup(&settings.state, file)?;
            desk.output
                .note(&format!("the state was copied to {}", file.display()));
            Ok(RunEnding::Done)
        }
        StateCommand::Export => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            let broken =
                |e: &dyn std::fmt::Display| CliError::Machine(format!("cannot write CSV: {e}"));
            writer
                .write_record([
                    "target",
                    "mapping",
                    "key",
                    "legacyIdentifier",
                    "partnerId",
                    "since",
                ])
                .map_err(|e| broken(&e))?;
            let mut written = Ok(());
            export(&settings.state, &mut |row| {
                if written.is_ok() {
                    written = writer.write_record([
                        &row.target,
                        &row.mapping,
                        &row.key,
                        &row.legacy_identifier,
                        &row.partner,
                        &row.since,
                    ]);
                }
            })?;
            written.map_err(|e| broken(&e))?;
            let bytes = writer.into_inner().map_err(|e| broken(&e))?;
            desk.output.result(&String::from_utf8_lossy(&bytes));
            Ok(RunEnding::Done)
        }
        StateCommand::Forget(keys) => {
            let _lock = StateLock::take(&settings.state, &desk.clock)?;
            let mut upkeep = Upkeep::open(&settings.state)?;
            let rows = rows_of(&upkeep, keys)?;
            if let Some(row) = rows.iter().find(|r| !r.may_be_forgotten()) {
                return Err(CliError::Usage(format!(
                    "the row \"{}\" is {}: whether its partner exists has to be found out first, by `partner-sync reconcile`. Nothing was forgotten.",
                    row.key,
                    row.state.as_str().replace('_', " ")
                )));
            }
            let question = "Forget these rows? The next import makes a partner for each of them.";
            if !confirmed(&rows, keys.yes, question, desk) {
                return Err(CliError::Usage(
                    "not confirmed; nothing was forgotten".to_owned(),
                ));
            }
            let count = upkeep.forget(&rows, desk.clock.now())?;
            desk.output.note(&format!("forgotten: {count}"));
            Ok(RunEnding::Done)
        }
        StateCommand::Accept { keys, all_changed } => {
            let _lock = StateLock::take(&settings.state, &desk.clock)?;
            let mut upkeep = Upkeep::open(&settings.state)?;
            let rows = if *all_changed {
                let mut rows = upkeep.all_changed()?;
                rows.retain(|r| keys.space.as_ref().is_none_or(|s| *s == r.mapping));
                rows
            } else {
                rows_of(&upkeep, keys)?
            };
            if let Some(row) = rows.iter().find(|r| !r.changed) {
                return Err(CliError::Usage(format!(
                    "the last run did not tell the row \"{}\" as changed, so there is nothing to accept. Nothing was accepted.",
                    row.key
                )));
            }
            let question = "Take what the last run saw of these rows as known? They are told as changed no more.";
            if !rows.is_empty() && !confirmed(&rows, keys.yes, question, desk) {
                return Err(CliError::Usage(
                    "not confirmed; nothing was accepted".to_owned(),
                ));
            }
            let count = upkeep.accept(&rows, desk.clock.now())?;
            desk.output.note(&format!("accepted: {count}"));
            Ok(RunEnding::Done)
        }
    }
}

fn rows_of(upkeep: &Upkeep, keys: &KeysArgs) -> Result<Vec<Kept>, CliError> {
    if keys.keys.is_empty() {
        return Err(CliError::Usage(
            "name the key of at least one row".to_owned(),
        ));
    }
    let mut rows = Vec::new();
    for key in &keys.keys {
        let mut found = upkeep.of_key(key)?;
        found.retain(|r| keys.space.as_ref().is_none_or(|s| *s == r.mapping));
        match found.len() {
            0 => {
                return Err(CliError::Usage(format!(
                    "the state knows no row with the key \"{key}\"; nothing was done"
                )));
            }
            1 => rows.append(&mut found),
            _ => {
                let spaces: Vec<String> = found
                    .iter()
                    .map(|r| format!("{} at {}", r.mapping, r.target))
                    .collect();
                return Err(CliError::Usage(format!(
                    "the key \"{key}\" stands in several spaces: {}. Name the mapping with --space, or another --state; nothing was done",
                    spaces.join("; ")
                )));
            }
        }
    }
    Ok(rows)
}

/// Shows the rows and asks on a terminal. Without one, `--yes` says it.
fn confirmed(rows: &[Kept], yes: bool, question: &str, desk: &Desk) -> bool {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            vec![
                r.key.clone(),
                r.state.to_string(),
                r.partner.clone().unwrap_or_default(),
                r.mapping.clone(),
                r.target.clone(),
            ]
        })
        .collect();
    desk.output.note(&table(
        &["KEY", "STATE", "PARTNER", "MAPPING", "TARGET"],
        &lines,
    ));
    yes || prompt::confirm_on_terminal(question)
}
