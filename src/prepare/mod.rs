//! The corridor through rooms 1 to 3, shared by `check` and `import`.
//!
//! What comes in: files and a mapping. What goes out, pass by pass: a [`Survey`] of all rows (evidence for
//! dates, keys that stand twice, rows that refer to each other in a circle), then every row as
//! [`PreparedRow`]: ready to send, or invalid with the diagnostics that say why. Rows with nothing to tell and nothing
//! to be sent need no second pass: the survey judges them on its way ([`Ahead`]). Memory does not grow with the file
//! but for hashes: eight bytes a row for the key, eight for the other cells, and sixteen for each reference to a row of
//! the files.

mod ahead;
mod cycle;
mod keys;
mod parallel;
mod row;
mod survey;
mod tally;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

pub use self::ahead::{Ahead, AreDone};
use self::ahead::{Pieces, Quiet};
use self::parallel::Pass;
use self::row::{BatchCells, Corridor, Count, Hands, Names, Worker};
pub use self::survey::Survey;
use self::tally::LeafTally;
pub use self::tally::{FieldTally, Sample, Tally};
use crate::diagnostic::Diagnostic;
use crate::mapping::{Mapping, MappingError, Plan, ReferenceLookup, Scratch};
use crate::partner::{
    ExternalId, Fingerprinter, Origin, PayloadWriter, PreparedPartner, Query, RowKey, SourceCells,
};
use crate::source::{Flow, RowBatch, SheetChoice, Source, SourceError, SourceOptions};

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
    lookup: ReferenceLookup,
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

/// Which rows of a pass are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// All.
    All,
    /// Those with something to tell; the others are counted.
    Problems,
    /// Those that are not known to be done; the others are counted.
    Pending,
}

impl Told {
    /// Whether quiet pieces are passed over.
    fn skips(self, quiet: Quiet) -> bool {
        match self {
            Told::All => false,
            Told::Problems => quiet != Quiet::Unknown,
            Told::Pending => quiet == Quiet::Done,
        }
    }
}

/// The flags of a row's own, and those set for all.
fn always(always: Query, own: Query) -> Query {
    Query {
        create_apptivo_account: own.create_apptivo_account || always.create_apptivo_account,
        create_bill_com_profile: own.create_bill_com_profile || always.create_bill_com_profile,
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
        let mut files: Vec<Export> = Vec::with_capacity(paths.len());
        for path in paths {
            // One workbook at a time is parsed.
            if let Some(last) = files.last() {
                last.source.wait()?;
            }
            let source = Source::open(path, &options)?;
            let plan = Plan::compile(mapping, source.header())?;
            files.push(Export { source, plan });
        }
        Ok(Self {
            files,
            options,
            always,
            lookup: mapping.reference_lookup,
        })
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[Export] {
        &self.files
    }

    /// Their bytes, as they lie on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.source.bytes()).sum()
    }

    /// The settings they were opened with.
    #[must_use]
    pub fn options(&self) -> &SourceOptions {
        &self.options
    }

    /// Whether partners of rows outside the files are to be asked of the API.
    #[must_use]
    pub fn asks_api(&self) -> bool {
        self.lookup == ReferenceLookup::Api && self.has_references()
    }

    /// Keys that rows refer to and that neither the files nor `known` have.
    pub fn missing_references(
        &self,
        survey: &Survey,
        known: &dyn Fn(&RowKey) -> bool,
    ) -> Result<HashSet<String>, PrepareError> {
        let mut missing = HashSet::new();
        for export in &self.files {
            export.source.read(&mut |batch| {
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    export.plan.each_reference(row, &mut |key| {
                        if !survey.has_key(key)
                            && !missing.contains(key)
                            && !known(&RowKey::new(key))
                        {
                            missing.insert(key.to_owned());
                        }
                    });
                }
                Flow::More
            })?;
        }
        Ok(missing)
    }

    /// Whether a row can refer to another row's partner.
    #[must_use]
    pub fn has_references(&self) -> bool {
        self.files.iter().any(|f| f.plan.has_references())
    }

    /// Reads all rows once more and hands them over, prepared, batch by batch. With `only`, ascending
    /// ordinals, just those rows. `known` tells of a row that is not in the files whether it has a partner.
    /// What the rows hold is counted on the way. Without a `fingerprinter` the rows are only judged: their
    /// bodies stay empty, since nobody sends them.
    pub fn prepare(
        &self,
        survey: &Survey,
        fingerprinter: Option<&Fingerprinter>,
        only: Option<&[u32]>,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        sink: &mut dyn FnMut(Vec<PreparedRow>) -> Flow,
    ) -> Result<Tally, PrepareError> {
        let told = Told::All;
        self.pass(survey, fingerprinter, only, known, told, &mut |rows, _| {
            sink(rows)
        })
    }

    /// As [`Exports::prepare`], without the rows that the survey found done: how many these are is handed over instead.
    pub fn pending(
        &self,
        survey: &Survey,
        fingerprinter: &Fingerprinter,
        only: Option<&[u32]>,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        sink: &mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow,
    ) -> Result<Tally, PrepareError> {
        let told = Told::Pending;
        self.pass(survey, Some(fingerprinter), only, known, told, sink)
    }

    /// Judges all rows. Those with something to tell are handed over, batch by batch, and how many others each batch
    /// has, which are valid: for whoever only counts them.
    pub fn judge(
        &self,
        survey: &Survey,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        sink: &mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow,
    ) -> Result<Tally, PrepareError> {
        self.pass(survey, None, None, known, Told::Problems, sink)
    }

    fn pass(
        &self,
        survey: &Survey,
        fingerprinter: Option<&Fingerprinter>,
        only: Option<&[u32]>,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        told: Told,
        sink: &mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow,
    ) -> Result<Tally, PrepareError> {
        let mut tally = Tally::default();
        let mut first = 0_u32;
        let mut stopped = false;
        for (file, export) in self.files.iter().enumerate() {
            let pieces = survey.pieces.get(file);
            let pieces = pieces.filter(|_| only.is_none() && told.skips(survey.quiet));
            let quiet = pieces.map_or(0, Pieces::quiet_rows);
            if quiet > 0 && sink(Vec::new(), quiet) == Flow::Enough {
                break;
            }
            let names = Names::of(export);
            let corridor = Corridor {
                file,
                export,
                names: &names,
                survey,
                fingerprinter,
                always: self.always,
                known,
                files: &self.files,
                told,
            };
            let start = || Hands {
                scratch: Scratch::default(),
                writer: PayloadWriter::new(&export.plan.shape),
                body: Vec::new(),
                tally: LeafTally::new(&export.plan),
                nameless: (ExternalId::new(""), Arc::from("")),
            };
            let base = first;
            let ordinal = |row: u64| base.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
            let work = |hands: &mut Hands, piece: usize, batch: RowBatch| {
                let read = Arc::new(BatchCells(batch));
                let batch = &read.0;
                let cells: Arc<dyn SourceCells> = Arc::clone(&read) as _;
                let mut prepared = Vec::new();
                let mut quiet = 0;
                let mut worker = Worker {
                    corridor: &corridor,
                    hands,
                    count: if pieces.is_some_and(|p| p.is_counted(piece)) {
                        Count::Nothing
                    } else {
                        Count::Rows
                    },
                };
                let mut last = base;
                for row in batch.rows() {
                    last = ordinal(row.row());
                    if only.is_none_or(|o| o.binary_search(&last).is_ok()) {
                        match worker.row(row, last, &cells) {
                            Some(row) => prepared.push(row),
                            None => quiet += 1,
                        }
                    }
                }
                (prepared, quiet, last)
            };
            let mut take = |(prepared, quiet, last): (Vec<PreparedRow>, u64, u32)| {
                let exhausted = only.is_some_and(|o| o.last().is_none_or(|end| *end <= last));
                let flow = if prepared.is_empty() && quiet == 0 {
                    Flow::More
                } else {
                    sink(prepared, quiet)
                };
                stopped = flow == Flow::Enough || exhausted;
                if stopped { Flow::Enough } else { Flow::More }
            };
            let end = Pass {
                source: &export.source,
                start: &start,
                wanted: &|piece| pieces.is_none_or(|p| !p.is_quiet(piece)),
                work: &work,
                take: &mut take,
            }
            .run()?;
            first = ordinal(pieces.map_or(end.last_row, |p| p.last_row));
            let surveyed = pieces.and_then(|p| p.tally.clone());
            let counted = end.states.into_iter().map(|hands| hands.tally);
            for counted in surveyed.into_iter().chain(counted) {
                tally.add(&export.plan, export.source.header().names(), counted);
            }
            tally.settle();
            if stopped {
                break;
            }
        }
        Ok(tally)
    }
}
