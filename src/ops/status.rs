//! What the state knows, in words and tables.

use std::path::Path;

use super::error::OpError;
use super::session::Session;
use super::status_machines::machine_tables;
use crate::clock::Timestamp;
use crate::diagnostic::{counted, thousands};
use crate::report::table_within;
use crate::state::{
    Machines, MaintenanceRow, RecordRow, RunRow, SpaceCounts, Standing, StateAddress, StateError,
};

/// Runs and rows that are shown.
const SHOWN: u32 = 10;

/// The whole state: its mappings, its last runs, and rows whose partner is not created. As text, whose tables are at most
/// `width` wide, or as a line of JSON.
///
/// # Errors
/// [`OpError`] where the state cannot be read; where there is none, and no night either.
pub fn status(json: bool, width: Option<usize>, session: &Session<'_>) -> Result<String, OpError> {
    let (state, store) = (&session.settings.state, session.store());
    let view = match store.view() {
        Ok(view) => view,
        // A first night that was refused made no state.
        Err(StateError::Missing { .. }) if let Some(night) = last_night(session) => {
            return Ok(night_alone(state, &night, json));
        }
        Err(error) => return Err(error.into()),
    };
    let (counts, runs, open) = (view.counts()?, view.runs(SHOWN)?, view.open_rows(SHOWN)?);
    // Whoever asks who holds a file takes its lock for a moment, and a run that begins just then would be kept out.
    let is_asked = matches!(state, StateAddress::Server(_));
    let holder = is_asked.then(|| store.holder()).flatten();
    let (bytes, shared) = (store.bytes(), view.machines()?);
    let night = last_night(session);
    if json {
        let night = night.as_ref().map(|(_, night)| night);
        let mut all = as_json(state, bytes, (&counts, &runs, &open), &shared, night);
        if let Some(holder) = holder {
            all["held_by"] = holder.into();
        }
        return Ok(format!("{all}\n"));
    }
    let mut out = format!("State {state}, {} KiB\n", thousands(bytes.div_ceil(1024)));
    if let Some(holder) = holder {
        out = out + "Held by a run (" + &holder + ")\n";
    }
    out.push('\n');
    out.push_str(&space_table(&counts, width));
    out.push_str(&machine_tables(&shared, width));
    if let Some((ended, night)) = &night {
        out.push_str(&night_words(*ended, night));
    }
    out.push_str("\nRuns, newest first\n");
    let at_work = shared
        .machines
        .iter()
        .filter(|m| m.standing == Standing::AtWork);
    let under_way: Vec<&str> = at_work.filter_map(|m| m.run.as_deref()).collect();
    out.push_str(&run_table(&runs, &under_way, width));
    if !open.is_empty() {
        out.push_str("\nIn doubt, in flight or rejected, oldest first\n");
        out.push_str(&row_table(&open, width));
    }
    Ok(out)
}

/// All that the state knows of the rows with a key, as text or as a line of JSON.
///
/// # Errors
/// [`OpError`] where the state cannot be read or has no such row.
pub fn row_status(key: &str, json: bool, session: &Session<'_>) -> Result<String, OpError> {
    let rows = session.store().view()?.rows_of(key)?;
    if rows.is_empty() {
        return Err(OpError::UnknownRow(key.to_owned()));
    }
    if json {
        return Ok(format!("{}\n", serde_json::json!(rows)));
    }
    let each: Vec<String> = rows.iter().map(row_history).collect();
    Ok(each.join("\n"))
}

/// When the last night ended, and its summary: what `sync` wrote into the folder of reports. A night that was refused before
/// it had anything to note is in no other place.
fn last_night(session: &Session<'_>) -> Option<(Timestamp, serde_json::Value)> {
    let path = session.settings.report.as_ref()?.join("sync.json");
    let text = std::fs::read_to_string(&path).ok()?;
    let written = std::fs::metadata(&path).ok()?.modified().ok()?;
    let since = written.duration_since(std::time::UNIX_EPOCH).ok()?;
    let ended = Timestamp(i64::try_from(since.as_millis()).ok()?);
    Some((ended, serde_json::from_str(&text).ok()?))
}

/// What the state has of rows and runs.
type Tables<'t> = (&'t [SpaceCounts], &'t [RunRow], &'t [RecordRow]);

fn as_json(
    state: &StateAddress,
    bytes: u64,
    (spaces, runs, open): Tables<'_>,
    shared: &Machines,
    night: Option<&serde_json::Value>,
) -> serde_json::Value {
    serde_json::json!({
        "state": state.to_string(),
        "bytes": bytes,
        "spaces": spaces, "runs": runs, "open": open,
        "machines": shared.machines, "imports": shared.imports, "past_imports": shared.past, "rates": shared.rates,
        "night": night,
    })
}

/// What is known where there is no state yet.
fn night_alone(
    state: &StateAddress,
    (ended, night): &(Timestamp, serde_json::Value),
    json: bool,
) -> String {
    if json {
        let all = as_json(state, 0, (&[], &[], &[]), &Machines::default(), Some(night));
        return format!("{all}\n");
    }
    let night = night_words(*ended, night);
    format!("There is no state {state} yet: nothing was sent.\n{night}")
}

fn night_words(ended: Timestamp, night: &serde_json::Value) -> String {
    use std::fmt::Write as _;
    let text = |value: &serde_json::Value, name: &str| {
        let found = value.get(name).and_then(serde_json::Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let exit =
        |value: &serde_json::Value| value.get("exit").map_or(String::new(), ToString::to_string);
    let mut out = format!(
        "\nLast night, {}: exit {}\n",
        ended.to_rfc3339(),
        exit(night)
    );
    if night.get("stopped").is_some() {
        let _ = writeln!(out, "  {}", text(night, "stopped"));
    }
    let jobs = night.get("jobs").and_then(serde_json::Value::as_array);
    for job in jobs.into_iter().flatten() {
        let stopped = text(job, "stopped");
        let why = if stopped.is_empty() {
            stopped
        } else {
            format!(": {stopped}")
        };
        let _ = writeln!(out, "  {}: exit {}{why}", text(job, "job"), exit(job));
    }
    out
}

fn space_table(counts: &[SpaceCounts], width: Option<usize>) -> String {
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
    table_within(&header, &rows, width)
}

/// Runs, some of which are known to be under way. Of a state in a file only its lock shows that.
fn run_table(runs: &[RunRow], under_way: &[&str], width: Option<usize>) -> String {
    let header = [
        "RUN", "COMMAND", "STARTED", "ENDED", "EXIT", "ROWS", "CREATED", "MAPPING",
    ];
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
                match &r.ended {
                    Some(ended) => ended.clone(),
                    None if under_way.contains(&&*r.run) => "under way".to_owned(),
                    None => "not ended".to_owned(),
                },
                r.exit.map(|e| e.to_string()).unwrap_or_default(),
                count("rows"),
                count("created"),
                r.mapping.clone(),
            ]
        })
        .collect();
    table_within(&header, &rows, width)
}

fn row_history(row: &RecordRow) -> String {
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
    for line in &row.history {
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

fn row_table(rows: &[RecordRow], width: Option<usize>) -> String {
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
    let header = [
        "KEY", "STATE", "SINCE", "ATTEMPTS", "PARTNER", "STATUS", "WORDS", "MAPPING",
    ];
    table_within(&header, &rows, width)
}

/// Rows of the state that are about to be changed.
#[must_use]
pub fn rows_table(rows: &[MaintenanceRow], width: Option<usize>) -> String {
    let cells = |r: &MaintenanceRow| {
        vec![
            r.key.clone(),
            r.state.to_string(),
            r.partner.clone().unwrap_or_default(),
            r.mapping.clone(),
            r.target.clone(),
        ]
    };
    let lines: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let header = ["KEY", "STATE", "PARTNER", "MAPPING", "TARGET"];
    table_within(&header, &lines, width)
}

/// What was moved into another state.
#[must_use]
pub fn moved_words(rows: u64) -> String {
    format!(
        "{} moved. Use the new state only, and put the old one away",
        counted(rows, "row")
    )
}

/// What was copied into a backup.
#[must_use]
pub fn backup_words(file: &Path, key: Option<&Path>) -> [String; 2] {
    let key = match key {
        Some(key) => format!(
            "its key was copied to {}: keep both files together, readable only by their owner",
            key.display()
        ),
        None => {
            "the key file of the state is missing, so the copy has none: changed rows cannot be recognised with it"
                .to_owned()
        }
    };
    [format!("the state was copied to {}", file.display()), key]
}
