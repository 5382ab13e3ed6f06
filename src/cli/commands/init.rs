//! `init`: reads a file and proposes a mapping for it, which is then checked on that file.

use std::io::Write as _;
use std::path::Path;

use crate::cli::Desk;
use crate::cli::args::InitArgs;
use crate::cli::exit::{CliError, Exit};
use crate::mapping::Mapping;
use crate::mapping::starter::{Columns, Proposal, Remarks, json_schema, propose, template};
use crate::partner::Query;
use crate::prepare::{Ahead, Exports, PrepareError};
use crate::source::{Flow, Source, SourceOptions};

/// Problems of a field that are told beside its line.
const MOST_REMARKS: usize = 4;

pub(super) fn run(args: &InitArgs, desk: &Desk) -> Result<Exit, CliError> {
    if args.schema {
        let text = serde_json::to_string_pretty(&json_schema()).unwrap_or_default();
        return write(args.output.as_deref(), &format!("{text}\n"), desk);
    }
    if args.template {
        return write(args.output.as_deref(), &template(), desk);
    }
    let Some(file) = &args.file else {
        return Err(CliError::Usage(
            "name the export to propose a mapping for: partner-sync init export.csv".to_owned(),
        ));
    };
    if file.as_os_str() == "-" {
        return Err(CliError::Usage(
            "init reads the export twice, so it needs a file; save it first".to_owned(),
        ));
    }
    let source = Source::open(file, &SourceOptions::default()).map_err(PrepareError::from)?;
    let mut columns = Columns::default();
    source
        .read(&mut |batch| {
            columns.see(&batch);
            Flow::More
        })
        .map_err(PrepareError::from)?;
    let proposal = propose(source.header(), &columns, &name_of(file));
    let mut detected = vec![format!("made for {}:", source.name())];
    for (subject, found, setting) in source.describe() {
        detected.push(format!(
            "  {subject}: {found}; [source] {setting} overrides it"
        ));
    }
    detected.extend(source.notes().iter().map(|n| format!("  note: {n}")));

    let remarks = check(file, &proposal, &detected)?;
    let text = proposal.to_toml(&detected, &remarks);
    let open = text.lines().filter(|l| l.contains("decide")).count();
    desk.output.note(&format!(
        "{}: {} of {} columns feed a field; {} to decide{}",
        source.name(),
        proposal.assignments.len() + usize::from(proposal.key.is_some()),
        source.header().len(),
        match open {
            0 => "nothing is left".to_owned(),
            1 => "1 line is left".to_owned(),
            n => format!("{n} lines are left"),
        },
        if open > 0 {
            ", look for \"decide\""
        } else {
            ""
        },
    ));
    write(args.output.as_deref(), &text, desk)
}

/// Checks the file with the proposed mapping: what is wrong with it, by field.
fn check(file: &Path, proposal: &Proposal, detected: &[String]) -> Result<Remarks, CliError> {
    let text = proposal.to_toml(detected, &Remarks::new());
    let mapping = Mapping::parse("the proposed mapping", &text)?;
    let exports = Exports::open(&[file.to_owned()], &mapping, Query::default())?;
    let survey = exports.survey(Ahead::Nothing, &|| false, &|_| {})?;
    let mut found: std::collections::BTreeMap<(String, &'static str), (u64, String)> =
        std::collections::BTreeMap::new();
    exports.prepare(&survey, None, None, &|_| false, &mut |rows| {
        for diagnostic in rows.iter().flat_map(|r| &r.diagnostics) {
            let field = diagnostic.at.field.as_deref().unwrap_or("").to_owned();
            let row = diagnostic.at.row.unwrap_or(0);
            let entry = found
                .entry((field, diagnostic.code.as_str()))
                .or_insert_with(|| (0, format!("first in row {row}: {}", diagnostic.message)));
            entry.0 += 1;
        }
        Flow::More
    })?;
    let mut remarks = Remarks::new();
    for ((field, code), (count, first)) in found {
        let lines: &mut Vec<String> = remarks.entry(field).or_default();
        if lines.len() < MOST_REMARKS {
            let rows = if count == 1 { "row" } else { "rows" };
            lines.push(format!("{count} {rows}: {code}; {first}"));
        }
    }
    Ok(remarks)
}

/// The name of the rows' space: the file's name without what changes from export to export.
fn name_of(file: &Path) -> String {
    let stem = file
        .file_name()
        .and_then(|n| n.to_str())
        .and_then(|n| n.split('.').next())
        .unwrap_or("export");
    let words: Vec<&str> = stem
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty() && !w.chars().all(|c| c.is_ascii_digit()))
        .collect();
    if words.is_empty() {
        "export".to_owned()
    } else {
        words.join("-").to_lowercase()
    }
}

fn write(output: Option<&Path>, text: &str, desk: &Desk) -> Result<Exit, CliError> {
    match output {
        None => desk.output.result(text),
        Some(path) => {
            // A mapping is written by hand once it is proposed: never over one that is there.
            std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(path)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .map_err(|e| {
                    CliError::Usage(format!(
                        "cannot write {}: {e}. Name a file that is not there yet.",
                        path.display()
                    ))
                })?;
            desk.output.note(&format!("written: {}", path.display()));
        }
    }
    Ok(Exit::Done)
}
