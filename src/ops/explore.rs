//! What there is to know of an export before it has a mapping: what its columns hold, and what they may be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::OpError;
use super::named_files;
use super::propose::{counted, proposed};
use crate::mapping::Mapping;
use crate::mapping::starter::{Facts, Proposal, Remarks, Undecided, may_be_sensitive};
use crate::prepare::{PrepareError, options_of};
use crate::source::{Header, Source, SourceOptions};

/// An export, looked through once.
#[derive(Debug)]
pub struct Explored {
    /// The file.
    pub file: PathBuf,
    /// The file as it was named.
    pub name: Arc<str>,
    /// Its columns.
    pub header: Arc<Header>,
    /// What they hold.
    pub facts: Facts,
    /// Columns whose values are not shown before a mapping says what they are.
    pub guarded: Vec<bool>,
    /// What each may be.
    pub proposal: Proposal,
    /// The proposal as a mapping's text, with its questions.
    pub text: String,
    /// How the file is read: subject, finding, and the setting that changes it.
    pub detected: Vec<(&'static str, String, &'static str)>,
}

/// Looks through an export as a mapping reads it, or as it is detected where there is none.
///
/// # Errors
/// [`OpError`] where the file cannot be read, or is standard input, which cannot be read twice.
pub fn explore(file: &Path, mapping: Option<&Mapping>) -> Result<Explored, OpError> {
    if file.as_os_str() == "-" {
        return Err(OpError::StandardInput);
    }
    let file = named_files::one(file)?;
    let options = mapping.map_or_else(SourceOptions::default, |mapping| SourceOptions {
        sheet: mapping.source.sheets.first().cloned(),
        ..options_of(mapping)
    });
    let source = Source::open(&file, &options).map_err(PrepareError::from)?;
    let mut facts = Facts::default();
    let columns = counted(&source, &mut |batch| facts.see(batch))?;
    let facts = facts.settled();
    let (proposal, detected) = proposed(&source, &columns, &file);
    let header = Arc::clone(source.header());
    let names = header.names().iter();
    let guarded = names
        .enumerate()
        .map(|(at, name)| {
            let facts = facts.columns.get(at);
            facts.is_some_and(|facts| may_be_sensitive(name, facts))
        })
        .collect();
    Ok(Explored {
        file,
        name: Arc::clone(source.name()),
        header,
        facts,
        guarded,
        text: proposal.to_toml(&detected, &Remarks::new(), Undecided::Asked),
        proposal,
        detected: source.describe(),
    })
}
