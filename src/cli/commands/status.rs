//! `status`: what the state file knows.

use crate::cli::args::{Shared, StatusArgs};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::diagnostic::thousands;
use crate::ops;
use crate::report::{RunEnding, table};
use crate::state::{RecordRow, StateView};

/// Runs and rows that are shown.
const SHOWN: u32 = 10;

pub(super) fn run(args: &StatusArgs, shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    if let Some(name) = &args.run {
        let report = ops::reprint(name, &front.report(), &front.session())?;
        desk.output.summary(&report);
        // The run's own exit code is in the report; making it again is a success of its own.
        return Ok(RunEnding::Done);
    }
    let settings = &front.settings;
    let view = StateView::open(&settings.state)?;
    if let Some(key) = &args.row {
        let rows = view.rows_of(key)?;
        if rows.is_empty() {
            return Err(CliError::Usage(format!(
                "the state knows no row with the key \"{key}\""
            )));
        }
        let text = if desk.output.json {
            json(&rows)?
        } else {
            rows.iter().map(story).collect::<Vec<_>>().join("\n")
        };
        desk.output.result(&text);
        return Ok(RunEnding::Done);
    }
    let (counts, runs, open) = (view.counts()?, view.runs(SHOWN)?, view.open_rows(SHOWN)?);
    if desk.output.json {
        let all = serde_json::json!({
            "state": settings.state.display().to_string(),
            "bytes": std::fs::metadata(&settings.state).map_or(0, |m| m.len()),
            "spaces": counts, "runs": runs, "open": open,
        });
        desk.output.result(&format!("{all}\n"));
        return Ok(RunEnding::Done);
    }
    let size = std::fs::metadata(&settings.state).map_or(0, |m| m.len());
    let mut out = format!(
        "State {}, {} KiB\n\n",
        settings.state.display(),
        thousands(size.div_ceil(1024))
    );
    let header = [
        "TARGET",
        "MAPPING",
        "CREATED",
        "REJECTED",
        "IN DOUBT",
        "IN FLIGHT",
        "UNSENT",
        "OLDEST DOUBT",
    ];
    let rows: Vec<Vec<String>> = counts
        .iter()
        .map(|c| {
            let n = |state: &str| c.states.get(state).copied().unwrap_or(0).to_string();
            vec![
                c.target.clone(),
                c.mapping.clone(),
                n("created"),
                n("rejected"),
                n("in_doubt"),
                n("in_flight"),
                n("unsent"),
                c.oldest_doubt.clone().unwrap_or_default(),
            ]
        })
        .collect();
    out.push_str(&table(&header, &rows));
    out.push_str("\nRuns, newest first\n");
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|r| {
            let count = |name: &str| {
                r.summary
                    .as_ref()
                    .and_then(|s| s.get(name))
                    .map(ToString::to_string)
                    .unwrap_or_default()
            };
            vec![
                r.run.clone(),
                r.command.clone(),
                r.started.clone(),
                r.ended.clone().unwrap_or_else(|| "did not end".to_owned()),
                r.exit.map(|e| e.to_string()).unwrap_or_default(),
                count("rows"),
                count("created"),
                r.mapping.clone(),
            ]
        })
        .collect();
    out.push_str(&table(
        &[
            "RUN", "COMMAND", "STARTED", "ENDED", "EXIT", "ROWS", "CREATED", "MAPPING",
        ],
        &rows,
    ));
    if !open.is_empty() {
        out.push_str("\nIn doubt, in flight or rejected, oldest first\n");
        out.push_str(&row_table(&open));
    }
    desk.output.result(&out);
    Ok(RunEnding::Done)
}

fn json(rows: &[RecordRow]) -> Result<String, CliError> {
    serde_json::to_string(rows)
        .map(|s| s + "\n")
        .map_err(|e| CliError::Machine(e.to_string()))
}

/// All that is known of one row.
fn story(row: &RecordRow) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for (name, value) in [
        ("key", row.key.as_str()),
        ("mapping", &row.mapping),
        ("target", &row.target),
        ("state", row.state),
        ("since", &row.since),
        ("legacyIdentifier", &row.legacy_identifier),
        ("partner", row.partner_id.as_deref().unwrap_or("none")),
        ("requests sent", &row.attempts.to_string()),
        ("last run", &row.run),
    ] {
        let _ = writeln!(out, "{name:<17} {value}");
    }
    if let Some(words) = &row.words {
        let status = row.status.map(|s| format!("{s} ")).unwrap_or_default();
        let _ = writeln!(out, "{:<17} {status}{words}", "the API said");
    }
    for line in &row.story {
        let status = line.status.map(|s| format!(" ({s})")).unwrap_or_default();
        let words = line
            .words
            .as_ref()
            .map(|w| format!(": {w}"))
            .unwrap_or_default();
        let run = line
            .run
            .as_ref()
            .map(|r| format!(", run {r}"))
            .unwrap_or_default();
        let _ = writeln!(out, "{:<17} {}{status}{words}{run}", line.at, line.what);
    }
    out
}

fn row_table(rows: &[RecordRow]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            vec![
                r.key.clone(),
                r.state.to_owned(),
                r.since.clone(),
                r.attempts.to_string(),
                r.partner_id.clone().unwrap_or_default(),
                r.status.map(|s| s.to_string()).unwrap_or_default(),
                r.words.clone().unwrap_or_default(),
                r.mapping.clone(),
            ]
        })
        .collect();
    table(
        &[
            "KEY", "STATE", "SINCE", "ATTEMPTS", "PARTNER", "STATUS", "WORDS", "MAPPING",
        ],
        &rows,
    )
}
