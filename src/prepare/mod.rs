//! The corridor through rooms 1 to 3, shared by `check` and `import`.
//!
//! What comes in: files and a mapping. What goes out, pass by pass: a [`Survey`] of all rows (evidence for
//! dates, keys that stand twice), then every row as [`PreparedRow`]: ready to send, or invalid with the
//! diagnostics that say why. Memory does not grow with the file but for eight bytes a row, the key's hash.

mod keys;
mod row;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use self::keys::KeyIndex;
use self::row::{Names, Worker};
use crate::diagnostic::Diagnostic;
use crate::mapping::date::{Evidence, Verdict};
use crate::mapping::{Mapping, MappingError, Plan, Scratch};
use crate::partner::{Fingerprinter, Origin, PreparedPartner, Query, RowKey};
use crate::source::{Flow, Footer, SheetChoice, Source, SourceError, SourceOptions};

/// The corridor cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The mapping does not fit a file.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// More rows than can be counted.
    #[error("the files have more than {} rows; split them", u32::MAX)]
    TooManyRows,
}

/// A file with the mapping compiled against its header.
#[derive(Debug)]
pub struct Export {
    /// The file.
    pub source: Source,
    /// The mapping, compiled.
    pub plan: Plan,
}

/// All files of a run.
#[derive(Debug)]
pub struct Exports {
    files: Vec<Export>,
    options: SourceOptions,
    always: Query,
}

/// A row that went through the corridor.
#[derive(Debug)]
pub struct PreparedRow {
    /// Where it came from.
    pub origin: Origin,
    /// Its key, where it has one.
    pub key: Option<RowKey>,
    /// The partner, unless a diagnostic is an error.
    pub partner: Option<PreparedPartner>,
    /// What was found, warnings included.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a first pass over all rows knows.
#[derive(Debug)]
pub struct Survey {
    /// Data rows in all files.
    pub rows: u64,
    /// Evidence by file, then by date column of its plan.
    pub evidence: Vec<Vec<Evidence>>,
    /// What was noticed at the end of each file, in words.
    pub notes: Vec<Vec<String>>,
    /// True where the pass was stopped before the end.
    pub incomplete: bool,
    verdicts: Vec<Vec<Verdict>>,
    keys: KeyIndex,
    /// Hashes of legacyIdentifiers, where they are not the keys.
    identifiers: Option<KeyIndex>,
    repeated_keys: HashMap<String, Vec<Place>>,
    repeated_identifiers: HashMap<String, Vec<Place>>,
}

/// A row as messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    file: usize,
    row: u64,
}

impl Survey {
    /// Whether a row of the files has this key. A false yes is possible once in 10¹³ questions.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Whether a row of the files is known on the API by this legacyIdentifier.
    #[must_use]
    pub fn has_identifier(&self, legacy: &str) -> bool {
        self.identifiers
            .as_ref()
            .unwrap_or(&self.keys)
            .contains(legacy)
    }
}

/// Rows that a message names when many share a key.
const NAMED_ROWS: usize = 5;

impl Exports {
    /// Opens the files and compiles the mapping against each. The flags of `always` are set for every row,
    /// whatever the mapping says.
    pub fn open(paths: &[PathBuf], mapping: &Mapping, always: Query) -> Result<Self, PrepareError> {
        let sheet = mapping
            .source
            .sheet_name
            .clone()
            .map(SheetChoice::Name)
            .or_else(|| mapping.source.sheet_number.map(SheetChoice::Number));
        let options = SourceOptions {
            sheet,
            header_row: mapping.source.header_row,
            delimiter: mapping.source.delimiter,
            encoding: mapping.source.encoding,
        };
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let source = Source::open(path, &options)?;
            let plan = Plan::compile(mapping, source.header())?;
            files.push(Export { source, plan });
        }
        Ok(Self {
            files,
            options,
            always,
        })
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[Export] {
        &self.files
    }

    /// The settings they were opened with.
    #[must_use]
    pub fn options(&self) -> &SourceOptions {
        &self.options
    }

    /// Whether a row can refer to another row's partner.
    #[must_use]
    pub fn has_references(&self) -> bool {
        self.files.iter().any(|f| f.plan.has_references())
    }

    /// Reads all rows once: counts them, gathers the evidence of date columns, finds keys that stand twice.
    /// `stop` is asked between batches; `seen` is told how many rows there are so far.
    pub fn survey(
        &self,
        stop: &dyn Fn() -> bool,
        seen: &dyn Fn(u64),
    ) -> Result<Survey, PrepareError> {
        let mut survey = Survey {
            rows: 0,
            evidence: Vec::new(),
            notes: Vec::new(),
            incomplete: false,
            verdicts: Vec::new(),
            keys: KeyIndex::default(),
            identifiers: None,
            repeated_keys: HashMap::new(),
            repeated_identifiers: HashMap::new(),
        };
        let own_identifier = self.files.iter().any(|f| f.plan.has_own_identifier());
        let mut identifiers = KeyIndex::default();
        let mut scratch = Scratch::default();
        for export in &self.files {
            let plan = &export.plan;
            let mut evidence = vec![Evidence::default(); plan.date_columns.len()];
            let gathers = plan.date_columns.iter().any(|c| !c.hinted);
            let end = export.source.read(&mut |batch| {
                for row in batch.rows() {
                    survey.rows += 1;
                    if row.fault().is_some() {
                        continue;
                    }
                    if plan.key_of(row, &mut scratch.key) {
                        survey.keys.add(&scratch.key);
                    }
                    if gathers {
                        plan.gather(row, &mut evidence);
                    }
                    if own_identifier {
                        plan.fill(row, &[], &mut scratch);
                        if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf()) {
                            identifiers.add(id);
                        }
                    }
                }
                seen(survey.rows);
                survey.incomplete = stop();
                if survey.incomplete {
                    Flow::Enough
                } else {
                    Flow::More
                }
            })?;
            survey
                .verdicts
                .push(evidence.iter().map(Evidence::verdict).collect());
            survey.evidence.push(evidence);
            survey
                .notes
                .push(end.footer.iter().map(Footer::describe).collect());
            if survey.incomplete {
                return Ok(survey);
            }
        }
        if survey.rows > u64::from(u32::MAX) {
            return Err(PrepareError::TooManyRows);
        }
        let repeated = survey.keys.finish();
        let repeated_ids = identifiers.finish();
        survey.identifiers = own_identifier.then_some(identifiers);
        if !repeated.is_empty() || !repeated_ids.is_empty() {
            self.collect_repeated(&mut survey, &repeated, &repeated_ids, stop)?;
        }
        Ok(survey)
    }

    /// Second look at rows whose key's hash stands twice: the exact keys, and where they stand.
    fn collect_repeated(
        &self,
        survey: &mut Survey,
        keys: &FxHashSet<u64>,
        identifiers: &FxHashSet<u64>,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), PrepareError> {
        let mut scratch = Scratch::default();
        for (file, export) in self.files.iter().enumerate() {
            let plan = &export.plan;
            export.source.read(&mut |batch| {
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    let place = || Place {
                        file,
                        row: row.row(),
                    };
                    let has_key = plan.key_of(row, &mut scratch.key);
                    if has_key && keys.contains(&KeyIndex::hash(&scratch.key)) {
                        note_place(&mut survey.repeated_keys, &scratch.key, place());
                    }
                    if !identifiers.is_empty() {
                        plan.fill(row, &[], &mut scratch);
                        if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf())
                            && identifiers.contains(&KeyIndex::hash(id))
                        {
                            note_place(&mut survey.repeated_identifiers, id, place());
                        }
                    }
                }
                if stop() { Flow::Enough } else { Flow::More }
            })?;
        }
        survey.repeated_keys.retain(|_, places| places.len() > 1);
        survey
            .repeated_identifiers
            .retain(|_, places| places.len() > 1);
        Ok(())
    }

    /// Reads all rows once more and hands them over, prepared, batch by batch. With `only`, ascending
    /// ordinals, just those rows. `known` tells of a row that is not in the files whether it has a partner.
    pub fn prepare(
        &self,
        survey: &Survey,
        fingerprinter: &Fingerprinter,
        only: Option<&[u32]>,
        known: &dyn Fn(&RowKey) -> bool,
        sink: &mut dyn FnMut(Vec<PreparedRow>) -> Flow,
    ) -> Result<(), PrepareError> {
        let mut ordinal = 0_u32;
        let mut wanted = only.map(|o| o.iter().copied().peekable());
        let mut scratch = Scratch::default();
        let mut body = Vec::new();
        let mut stopped = false;
        for (file, export) in self.files.iter().enumerate() {
            let names = Names::of(export);
            let mut worker = Worker {
                file,
                export,
                names: &names,
                survey,
                fingerprinter,
                always: self.always,
                known,
                scratch: &mut scratch,
                body: &mut body,
                files: &self.files,
            };
            export.source.read(&mut |batch| {
                let batch = Arc::new(batch);
                let mut prepared = Vec::with_capacity(batch.len());
                for row in batch.rows() {
                    let this = ordinal;
                    ordinal += 1;
                    if let Some(wanted) = &mut wanted
                        && wanted.next_if_eq(&this).is_none()
                    {
                        continue;
                    }
                    prepared.push(worker.row(row, this, &batch));
                }
                let exhausted = wanted.as_mut().is_some_and(|w| w.peek().is_none());
                let flow = if prepared.is_empty() {
                    Flow::More
                } else {
                    sink(prepared)
                };
                stopped = flow == Flow::Enough || exhausted;
                if stopped { Flow::Enough } else { Flow::More }
            })?;
            if stopped {
                break;
            }
        }
        Ok(())
    }
}

fn note_place(places: &mut HashMap<String, Vec<Place>>, text: &str, place: Place) {
    match places.get_mut(text) {
        Some(list) if list.len() > NAMED_ROWS => {}
        Some(list) => list.push(place),
        None => {
            places.insert(text.to_owned(), vec![place]);
        }
    }
}
