//! `lookup`: a table of words in a file beside the mapping, CSV or a workbook, read as any export is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::coerce::trim;
use super::error::{MappingError, MappingProblem};
use super::file::Mapping;
use super::identifier;
use super::placeholder::placeholder;
use super::rule::{Lookup, Placed, ValueWord};
use super::unsendable::unsendable;
use crate::diagnostic::{masked_numbers, nearest, thousands, visible};
use crate::source::{Cell, Flow, Header, Source, SourceOptions, SourceRow};

/// Bytes of such a file at most, and of its texts: a table of words, not an export.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Words of one file at most.
const MOST_WORDS: usize = 200_000;
/// Characters of a word in a message.
const SHOWN: usize = 60;

impl Mapping {
    /// Reads the files of its lookups; they are named as seen from `folder`, the mapping's own.
    ///
    /// # Errors
    /// [`MappingError`] with all that is wrong in them, each with the line of its rule.
    pub fn with_lookups(mut self, folder: &Path) -> Result<Self, MappingError> {
        let mut problems = Vec::new();
        for rule in &mut self.rules {
            if let Some(lookup) = &mut rule.rule.lookup {
                let path = folder.join(&lookup.file.text);
                match words(&path, lookup) {
                    Ok(words) => lookup.read = Some((path, words)),
                    Err(found) => problems.extend(found),
                }
            }
        }
        if problems.is_empty() {
            return Ok(self);
        }
        Err(MappingError::Invalid {
            path: self.path,
            text: self.text,
            problems,
        })
    }

    /// The files of its lookups that were read: with the mapping, they say what is sent.
    pub fn lookup_files(&self) -> impl Iterator<Item = &Path> {
        let lookups = self.rules.iter().filter_map(|r| r.rule.lookup.as_ref());
        lookups.filter_map(|lookup| lookup.read.as_ref().map(|(path, _)| path.as_path()))
    }
}

fn problem(place: &Placed, message: String) -> MappingProblem {
    MappingProblem::new(place.span.clone(), message)
}

type Refused = Vec<MappingProblem>;

/// Why a file is no lookup file, whatever its columns are.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) message: String,
    is_too_large: bool,
}

impl Unusable {
    fn new(message: String) -> Self {
        Self {
            message,
            is_too_large: false,
        }
    }

    fn too_large(path: &Path, what: &str) -> Self {
        Self {
            message: format!("{} has {what}", path.display()),
            is_too_large: true,
        }
    }

    fn of(self, file: &Placed) -> Refused {
        let help = "a lookup file is a table of words and what they become";
        let found = problem(file, self.message);
        vec![if self.is_too_large {
            found.with_help(help)
        } else {
            found
        }]
    }
}

/// Opens a file as one of words.
pub(super) fn table(path: &Path) -> Result<Source, Unusable> {
    let cannot = |e| format!("cannot open the lookup file {}: {e}", path.display());
    let found = std::fs::metadata(path).map_err(|e| Unusable::new(cannot(e)))?;
    if !found.is_file() {
        return Err(Unusable::new(format!("{} is not a file", path.display())));
    }
    if found.len() > MOST_BYTES {
        let what = format!("more than {} bytes", thousands(MOST_BYTES));
        return Err(Unusable::too_large(path, &what));
    }
    Source::open(path, &SourceOptions::default()).map_err(|e| Unusable::new(e.to_string()))
}

/// Whether so many words, with so many bytes, are no table of words any more.
pub(super) fn refuse_many(path: &Path, words: usize, bytes: usize) -> Result<(), Unusable> {
    if words <= MOST_WORDS && bytes as u64 <= MOST_BYTES {
        return Ok(());
    }
    let what = format!(
        "more than {} words, or more than {} bytes of them",
        thousands(MOST_WORDS as u64),
        thousands(MOST_BYTES)
    );
    Err(Unusable::too_large(path, &what))
}

/// The file, with the columns of the words and of what they become.
fn opened(path: &Path, lookup: &Lookup) -> Result<(Source, usize, usize), Refused> {
    let source = table(path).map_err(|unusable| unusable.of(&lookup.file))?;
    let from = column(source.header(), &lookup.from, path);
    match (from, column(source.header(), &lookup.to, path)) {
        (Ok(from), Ok(to)) => Ok((source, from, to)),
        (from, to) => Err([from.err(), to.err()].into_iter().flatten().collect()),
    }
}

/// The words of a file, in its order.
fn words(path: &Path, lookup: &Lookup) -> Result<Arc<[ValueWord]>, Refused> {
    let file = &lookup.file;
    let (source, from, to) = opened(path, lookup)?;
    let mut words: Vec<ValueWord> = Vec::new();
    let mut problems = Vec::new();
    let mut bytes = 0;
    let end = source.read(&mut |batch| {
        for row in batch.rows() {
            match word_of(row, from, to) {
                Ok(None) => {}
                Ok(Some(word)) => {
                    bytes += word.word.len() + word.becomes.len();
                    words.push(word);
                }
                Err(what) => {
                    let message = format!("{}, row {}: {what}", path.display(), row.row());
                    problems.push(problem(file, message));
                }
            }
        }
        if refuse_many(path, words.len(), bytes).is_err() {
            Flow::Enough
        } else {
            Flow::More
        }
    });
    end.map_err(|e| vec![problem(file, e.to_string())])?;
    refuse_many(path, words.len(), bytes).map_err(|unusable| unusable.of(file))?;
    problems.extend(twice(path, lookup, &words));
    if words.is_empty() && problems.is_empty() {
        problems.push(problem(
            file,
            format!(
                "{} has no row with both \"{}\" and \"{}\"",
                path.display(),
                lookup.from.text,
                lookup.to.text
            ),
        ));
    }
    if problems.is_empty() {
        Ok(words.into())
    } else {
        Err(problems)
    }
}

/// The word of a row; none where it has no value. Of such a word nothing is known, so it is missing where a cell has it.
///
/// # Errors
/// Why the row cannot be used: it cannot be read, or its value was spoilt before it came into the file.
fn word_of(row: SourceRow<'_>, from: usize, to: usize) -> Result<Option<ValueWord>, String> {
    if row.fault().is_some() {
        let message =
            "the row cannot be read: its quotes or cells do not fit, or its bytes are not text";
        return Err(message.to_owned());
    }
    let (word, becomes) = (row.cell(from), row.cell(to));
    let is_none = |cell: Cell<'_>| matches!(cell, Cell::Error(_) | Cell::NoValue);
    if is_none(word) || is_none(becomes) {
        return Ok(None);
    }
    if let Cell::Number(n) = becomes
        && let Some(message) = identifier::too_long(n)
    {
        return Err(message);
    }
    let (word, becomes) = (word.to_text(), becomes.to_text());
    let (word, becomes) = (trim(&word).0, trim(&becomes).0);
    if word.is_empty() || becomes.is_empty() || placeholder(becomes).is_some() {
        return Ok(None);
    }
    if let Some((_, message)) = unsendable(becomes) {
        return Err(message);
    }
    Ok(Some(ValueWord {
        word: word.to_owned(),
        becomes: becomes.to_owned(),
        row: row.row(),
    }))
}

fn column(header: &Header, name: &Placed, path: &Path) -> Result<usize, MappingProblem> {
    header.find(&name.text).ok_or_else(|| {
        let names = || header.names().iter().map(|n| &**n);
        let help = match nearest(&name.text, names()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("its columns: {}", header.shown()),
        };
        let message = format!(
            "the lookup file {} has no column \"{}\"",
            path.display(),
            name.text
        );
        problem(name, message).with_help(help)
    })
}

/// Words that stand in the file twice, with different targets: which one is meant, nobody can say.
fn twice(path: &Path, lookup: &Lookup, words: &[ValueWord]) -> Vec<MappingProblem> {
    let mut first: HashMap<&str, &ValueWord> = HashMap::with_capacity(words.len());
    let mut problems = Vec::new();
    for word in words {
        let known = first.entry(&word.word).or_insert(word);
        if known.becomes != word.becomes {
            let message = format!(
                "{}: \"{}\" stands in rows {} and {} with different values of \"{}\"",
                path.display(),
                visible(&masked_numbers(&word.word), SHOWN),
                known.row,
                word.row,
                lookup.to.text
            );
            problems.push(
                problem(&lookup.file, message).with_help("keep one of the rows in the lookup file"),
            );
        }
    }
    problems
}
