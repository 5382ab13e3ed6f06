//! The corridor through rooms 1 to 3, shared by `check` and `import`.
//!
//! What comes in: files and a mapping. What goes out, pass by pass: a [`Survey`] of all rows (evidence for
//! dates, keys that stand twice), then every row as [`PreparedRow`]: ready to send, or invalid with the
//! diagnostics that say why. Memory does not grow with the file but for eight bytes a row, the key's hash.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location};
use crate::mapping::date::{Evidence, Verdict};
use crate::mapping::{Mapping, MappingError, Plan, Scratch};
use crate::partner::{
    Body, ExternalId, Finding, Fingerprint, Fingerprinter, Link, Origin, PreparedPartner, Query,
    RowKey, Slot, SourceCells, validate, write_payload,
};
use crate::source::{
    Flow, RowBatch, RowFault, SheetChoice, Source, SourceError, SourceOptions, SourceRow,
};

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

/// Hashes of all keys, sorted: eight bytes a row.
#[derive(Debug, Default)]
struct KeyIndex(Vec<u64>);

impl KeyIndex {
    fn hash(key: &str) -> u64 {
        // blake3 rather than a fast hash: keys may be chosen to collide, and a collision costs a second look.
        let hash = blake3::hash(key.as_bytes());
        let mut short = [0; 8];
        short.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(short)
    }

    fn add(&mut self, key: &str) {
        self.0.push(Self::hash(key));
    }

    fn finish(&mut self) -> FxHashSet<u64> {
        self.0.sort_unstable();
        let repeated = self
            .0
            .windows(2)
            .filter(|w| w[0] == w[1])
            .map(|w| w[0])
            .collect();
        self.0.dedup();
        repeated
    }

    fn contains(&self, key: &str) -> bool {
        self.0.binary_search(&Self::hash(key)).is_ok()
    }
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

#[derive(Debug)]
struct RowCells {
    batch: Arc<RowBatch>,
    index: usize,
}

impl SourceCells for RowCells {
    fn cells(&self) -> Vec<String> {
        self.batch
            .row(self.index)
            .map(SourceRow::texts)
            .unwrap_or_default()
    }
}

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
            export.source.read(&mut |batch| {
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

/// Names of a file that locations share.
struct Names {
    file: Arc<str>,
    sheet: Option<Arc<str>>,
    columns: Vec<Arc<str>>,
}

impl Names {
    fn of(export: &Export) -> Self {
        Self {
            file: Arc::clone(export.source.name()),
            sheet: export.source.sheet(),
            columns: export.source.header().names().to_vec(),
        }
    }
}

struct Worker<'w> {
    file: usize,
    export: &'w Export,
    names: &'w Names,
    survey: &'w Survey,
    fingerprinter: &'w Fingerprinter,
    always: Query,
    known: &'w dyn Fn(&RowKey) -> bool,
    scratch: &'w mut Scratch,
    body: &'w mut Vec<u8>,
    files: &'w [Export],
}

impl Worker<'_> {
    fn row(&mut self, row: SourceRow<'_>, ordinal: u32, batch: &Arc<RowBatch>) -> PreparedRow {
        let origin = Origin {
            file: u32::try_from(self.file).unwrap_or(u32::MAX),
            ordinal,
            row: row.row(),
            cells: Arc::new(RowCells {
                batch: Arc::clone(batch),
                index: row.index(),
            }),
        };
        if let Some(fault) = row.fault() {
            let diagnostics = vec![self.fault(row, fault)];
            return PreparedRow {
                origin,
                key: None,
                partner: None,
                diagnostics,
            };
        }
        let plan = &self.export.plan;
        let mut diagnostics = Vec::new();
        let has_key = plan.key_of(row, &mut self.scratch.key);
        if has_key {
            self.repeated(row, &mut diagnostics);
        } else {
            self.scratch.key.clear();
            let at = self.location(row, plan.key_column(), None);
            diagnostics.push(Diagnostic::new(Code::KeyMissing, at, "The key is empty."));
        }
        let verdicts = &self.survey.verdicts[self.file];
        let filled = plan.fill(row, verdicts, self.scratch);
        let query = Query {
            create_apptivo_account: filled.query.create_apptivo_account
                || self.always.create_apptivo_account,
            create_bill_com_profile: filled.query.create_bill_com_profile
                || self.always.create_bill_com_profile,
        };
        validate(&plan.shape, &self.scratch.draft, &mut self.scratch.findings);
        for finding in std::mem::take(&mut self.scratch.findings) {
            // The key is the identifier's only source and is told already.
            if !has_key && finding.leaf == Some(plan.legacy_leaf()) && !plan.has_own_identifier() {
                continue;
            }
            diagnostics.push(self.diagnostic(row, finding));
        }
        let key = has_key.then(|| RowKey::new(self.scratch.key.as_str()));
        if plan.has_own_identifier() {
            self.repeated_identifier(row, &mut diagnostics);
        }
        if plan.has_references() {
            self.references(row, &mut diagnostics);
        }
        for diagnostic in &mut diagnostics {
            diagnostic.severity = plan.validation.severity(diagnostic.code);
        }
        let partner = match &key {
            Some(key) if !diagnostics.iter().any(Diagnostic::is_error) => {
                Some(self.partner(key, &origin, query))
            }
            _ => None,
        };
        PreparedRow {
            origin,
            key,
            partner,
            diagnostics,
        }
    }

    fn partner(&mut self, key: &RowKey, origin: &Origin, query: Query) -> PreparedPartner {
        let plan = &self.export.plan;
        let draft = &self.scratch.draft;
        self.body.clear();
        let holes = write_payload(&plan.shape, draft, self.body);
        let links: Vec<Link> = holes
            .iter()
            .filter_map(|hole| match draft.slot(hole.leaf) {
                Slot::Link { at } => Some(Link {
                    field: Arc::clone(&plan.shape.leaves[hole.leaf].path),
                    key: RowKey::new(draft.text(at)),
                    at: hole.at,
                }),
                _ => None,
            })
            .collect();
        let fingerprint: Fingerprint = self.fingerprinter.of(self.body, &links, query);
        PreparedPartner {
            key: key.clone(),
            legacy_identifier: ExternalId::new(
                draft.leaf_text(plan.legacy_leaf()).unwrap_or(key.as_str()),
            ),
            business_name: draft
                .leaf_text(plan.business_name_leaf())
                .unwrap_or("")
                .into(),
            body: Body::new(self.body.clone()),
            links,
            query,
            fingerprint,
            origin: origin.clone(),
        }
    }

    fn fault(&self, row: SourceRow<'_>, fault: RowFault) -> Diagnostic {
        match fault {
            RowFault::Ragged { found } => Diagnostic::new(
                Code::RowRagged,
                self.location(row, None, None),
                format!(
                    "The row has {found} cells; the header has {}.",
                    self.names.columns.len()
                ),
            ),
            RowFault::Undecodable { column } => Diagnostic::new(
                Code::RowUndecodable,
                self.location(row, Some(column), None),
                "The cell holds bytes that are no text in the file's encoding.",
            ),
            RowFault::Torn => Diagnostic::new(
                Code::RowTorn,
                self.location(row, None, None),
                "The file ends inside a quoted cell.",
            ),
        }
    }

    fn repeated(&self, row: SourceRow<'_>, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(places) = self.survey.repeated_keys.get(&self.scratch.key) {
            let at = self.location(row, self.export.plan.key_column(), None);
            diagnostics.push(
                Diagnostic::new(
                    Code::KeyDuplicate,
                    at,
                    format!("The key stands in {}; none is sent.", self.places(places)),
                )
                .with_value(
                    &self.scratch.key,
                    self.is_sensitive(self.export.plan.key_column()),
                ),
            );
        }
    }

    fn repeated_identifier(&self, row: SourceRow<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let leaf = self.export.plan.legacy_leaf();
        let Some(id) = self.scratch.draft.leaf_text(leaf) else {
            return;
        };
        if let Some(places) = self.survey.repeated_identifiers.get(id) {
            let at = self.location(row, self.export.plan.column_of(leaf), Some(leaf));
            diagnostics.push(
                Diagnostic::new(
                    Code::IdentifierDuplicate,
                    at,
                    format!(
                        "The legacyIdentifier stands in {}; none is sent.",
                        self.places(places)
                    ),
                )
                .with_value(id, false),
            );
        }
    }

    /// A reference to the row itself, or to a row that nobody knows.
    fn references(&self, row: SourceRow<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let plan = &self.export.plan;
        for leaf in 0..plan.shape.leaves.len() {
            let Slot::Link { at } = self.scratch.draft.slot(leaf) else {
                continue;
            };
            let target = self.scratch.draft.text(at);
            let (code, message) = if target == self.scratch.key {
                (Code::ReferenceSelf, "The row refers to itself.".to_owned())
            } else if !self.survey.has_key(target) && !(self.known)(&RowKey::new(target)) {
                (
                    Code::ReferenceMissing,
                    format!("No row has the key \"{target}\", and no partner is known by it."),
                )
            } else {
                continue;
            };
            let column = plan.column_of(leaf);
            let at = self.location(row, column, Some(leaf));
            diagnostics.push(
                Diagnostic::new(code, at, message).with_value(target, self.is_sensitive(column)),
            );
        }
    }

    /// `rows 2 and 17`, with file names where there are several files.
    fn places(&self, places: &[Place]) -> String {
        let named: Vec<String> = places
            .iter()
            .take(NAMED_ROWS)
            .map(|place| {
                if self.files.len() > 1 {
                    format!("{} row {}", self.files[place.file].source.name(), place.row)
                } else {
                    place.row.to_string()
                }
            })
            .collect();
        let more = if places.len() > NAMED_ROWS {
            " and more"
        } else {
            ""
        };
        let prefix = if self.files.len() > 1 { "" } else { "rows " };
        match named.as_slice() {
            [first, last] if more.is_empty() => format!("{prefix}{first} and {last}"),
            _ => format!("{prefix}{}{more}", named.join(", ")),
        }
    }

    fn is_sensitive(&self, column: Option<usize>) -> bool {
        column
            .and_then(|c| self.export.plan.sensitive_columns.get(c))
            .copied()
            .unwrap_or(false)
    }

    fn diagnostic(&self, row: SourceRow<'_>, finding: Finding) -> Diagnostic {
        let plan = &self.export.plan;
        let column = finding
            .column
            .or_else(|| finding.leaf.and_then(|l| plan.column_of(l)));
        let at = self.location(row, column, finding.leaf);
        let mut diagnostic = Diagnostic::new(finding.code, at, finding.message);
        if let Some(value) = finding.value {
            let sensitive = self.is_sensitive(column)
                || finding
                    .leaf
                    .is_some_and(|l| plan.shape.leaves[l].field.sensitive);
            diagnostic = diagnostic.with_value(&value, sensitive);
        }
        if let Some(hint) = finding.hint {
            diagnostic = diagnostic.with_hint(hint);
        }
        diagnostic
    }

    fn location(&self, row: SourceRow<'_>, column: Option<usize>, leaf: Option<usize>) -> Location {
        Location {
            file: Some(Arc::clone(&self.names.file)),
            sheet: self.names.sheet.clone(),
            row: Some(row.row()),
            line: row.line(),
            column: column.and_then(|index| {
                self.names.columns.get(index).map(|name| ColumnAt {
                    index,
                    name: Arc::clone(name),
                })
            }),
            field: leaf.map(|l| Arc::clone(&self.export.plan.shape.leaves[l].path)),
        }
    }
}
