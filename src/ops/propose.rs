//! A mapping proposed for a file, checked on that file.

use std::path::{Path, PathBuf};

use super::error::OpError;
use super::named_files;
use crate::mapping::Mapping;
use crate::mapping::starter::{
    Columns, Proposal, Remarks, Undecided, json_schema, propose as propose_for, template,
};
use crate::partner::Query;
use crate::prepare::{Ahead, Exports, PrepareError};
use crate::source::{Flow, Source, SourceOptions};

/// Problems of a field that are named beside its line.
const MOST_REMARKS: usize = 4;

/// What `init` prints.
#[derive(Debug, Clone)]
pub enum InitRequest {
    /// The JSON Schema of a mapping file.
    Schema,
    /// A mapping with every field.
    Template,
    /// A mapping proposed for this export.
    For(PathBuf),
}

/// A mapping file or its schema, and what is to say about it.
///
/// # Errors
/// As [`propose`].
pub fn mapping_text(request: &InitRequest) -> Result<(String, Option<String>), OpError> {
    match request {
        InitRequest::Schema => {
            let text = serde_json::to_string_pretty(&json_schema()).unwrap_or_default();
            Ok((text + "\n", None))
        }
        InitRequest::Template => Ok((template(), None)),
        InitRequest::For(file) => {
            let proposed = propose(file)?;
            let words = proposed.words();
            Ok((proposed.text, Some(words)))
        }
    }
}

/// A proposed mapping.
#[derive(Debug)]
pub struct Proposed {
    /// The mapping file, with its evidence as comments.
    pub text: String,
    /// The file that it was made for.
    pub source: String,
    /// Columns that feed a field or the key.
    pub assigned: usize,
    /// Columns of the file.
    pub columns: usize,
    /// Lines on which something is left to decide.
    pub to_decide: usize,
}

impl Proposed {
    /// How much of the file it takes, and what is left to decide.
    #[must_use]
    pub fn words(&self) -> String {
        let left = match self.to_decide {
            0 => "nothing is left to decide".to_owned(),
            1 => "1 line is left to decide, look for \"decide\"".to_owned(),
            n => format!("{n} lines are left to decide, look for \"decide\""),
        };
        let (assigned, columns) = (self.assigned, self.columns);
        format!(
            "{}: {assigned} of {columns} columns fill a field; {left}",
            self.source
        )
    }
}

/// Proposes a mapping for a file.
///
/// # Errors
/// [`OpError`] where the file cannot be read, or is standard input, which cannot be read twice.
pub fn propose(file: &Path) -> Result<Proposed, OpError> {
    if file.as_os_str() == "-" {
        return Err(OpError::StandardInput);
    }
    let file = &named_files::one(file)?;
    let source = Source::open(file, &SourceOptions::default()).map_err(PrepareError::from)?;
    let mut columns = Columns::default();
    source
        .read(&mut |batch| {
            columns.see(&batch);
            Flow::More
        })
        .map_err(PrepareError::from)?;
    let proposal = propose_for(source.header(), &columns, &name_of(file));
    let mut detected = vec![format!("proposed for {}:", source.name())];
    for (subject, found, setting) in source.describe() {
        detected.push(format!(
            "  {subject}: {found}; [source] {setting} changes it"
        ));
    }
    detected.extend(source.notes().iter().map(|n| format!("  note: {n}")));

    let remarks = check(file, &proposal, &detected)?;
    let text = proposal.to_toml(&detected, &remarks, Undecided::Asked);
    Ok(Proposed {
        to_decide: proposal.to_decide(),
        text,
        source: source.name().to_string(),
        assigned: proposal.placed(),
        columns: source.header().len(),
    })
}

/// Checks the file with the proposed mapping: what is wrong with it, by field.
fn check(file: &Path, proposal: &Proposal, detected: &[String]) -> Result<Remarks, OpError> {
    let text = proposal.to_toml(detected, &Remarks::new(), Undecided::LeftOut);
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
