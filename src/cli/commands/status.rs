//! `status`: what the state file knows.

use crate::cli::args::{Shared, StatusArgs};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::cli::output::Output;
use crate::ops;
use crate::report::RunEnding;

/// Runs and rows that are shown.
const SHOWN: u32 = 10;

pub(super) fn run(args: &StatusArgs, shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    if let Some(name) = &args.run {
        let report = ops::reprint(name, &front.report(), &front.session())?;
        desk.output.summary(&report, shared.json.json);
        // The run's own exit code is in the report; making it again is a success of its own.
        return Ok(RunEnding::Done);
    }
    let (settings, store) = (&front.settings, ops::store(&front.settings));
    let view = store.view()?;
    if let Some(key) = &args.row {
        let rows = view.rows_of(key)?;
        if rows.is_empty() {
            return Err(CliError::Usage(format!(
                "the state has no row with the key \"{key}\""
            )));
        }
        let text = if shared.json.json {
            format!("{}\n", serde_json::json!(rows))
        } else {
            rows.iter()
                .map(ops::row_story)
                .collect::<Vec<_>>()
                .join("\n")
        };
        desk.output.result(&text);
        return Ok(RunEnding::Done);
    }
    let (counts, runs, open) = (view.counts()?, view.runs(SHOWN)?, view.open_rows(SHOWN)?);
    if shared.json.json {
        let all = ops::status_json(&settings.state, store.bytes(), &counts, &runs, &open);
        desk.output.result(&format!("{all}\n"));
        return Ok(RunEnding::Done);
    }
    let (state, width) = (&settings.state, Output::width());
    let out = ops::status_text(state, store.bytes(), &counts, &runs, &open, width);
    desk.output.result(&out);
    Ok(RunEnding::Done)
}
