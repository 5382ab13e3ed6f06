//! The files of a run, each with the mapping compiled against its header.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::mapping::{Mapping, MappingError, Plan, ReferenceLookup};
use crate::partner::Query;
use crate::source::{Header, SheetChoice, Source, SourceError, SourceFile, SourceOptions};

/// Why rows cannot be prepared at all.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The mapping does not fit a file.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The mapping does not fit the first sheet of a workbook, and fits another.
    #[error(
        "{file}: sheet \"{read}\", the first visible one, does not have the columns of the mapping, but sheet \"{}\" does. In the mapping: [source] sheet = \"{}\".",
        fitting.join("\", \""), fitting.first().map_or("", String::as_str)
    )]
    OtherSheet {
        /// The file as it was named.
        file: String,
        /// The sheet that was read.
        read: String,
        /// The sheets that the mapping fits.
        fitting: Vec<String>,
    },
    /// More rows than can be counted.
    #[error("the files have more than {} rows; split them", u32::MAX)]
    TooManyRows,
}

/// A file with the mapping compiled against its header.
#[derive(Debug)]
pub struct Export {
    /// The opened file.
    pub source: Source,
    /// The mapping, compiled against the file's header.
    pub plan: Plan,
}

/// All files of a run.
#[derive(Debug)]
pub struct Exports {
    pub(super) files: Vec<Export>,
    options: SourceOptions,
    sheets: Vec<SheetChoice>,
    pub(super) always: Query,
    lookup: ReferenceLookup,
    pub(super) workers: usize,
}

/// More workers than this wait for the thread that reads.
const MOST_WORKERS: usize = 8;

fn usual_workers() -> usize {
    thread::available_parallelism().map_or(1, |n| n.get().min(MOST_WORKERS))
}

/// Opens a file, or one sheet of it, and compiles the mapping against it.
fn open_one(
    file: &SourceFile,
    mapping: &Mapping,
    options: &SourceOptions,
) -> Result<Export, PrepareError> {
    compiled(Source::open_file(file, options)?, mapping, options)
}

/// Compiles the mapping against an opened file.
fn compiled(
    mut source: Source,
    mapping: &Mapping,
    options: &SourceOptions,
) -> Result<Export, PrepareError> {
    let plan = Plan::compile(mapping, source.header()).map_err(|error| {
        let fits = |header: &Arc<Header>| Plan::compile(mapping, header).is_ok();
        let fitting = source.other_sheets(options, &fits);
        match source.sheet() {
            Some(read) if !fitting.is_empty() => PrepareError::OtherSheet {
                file: source.name().to_string(),
                read: read.to_string(),
                fitting: fitting.iter().map(ToString::to_string).collect(),
            },
            _ => error.into(),
        }
    })?;
    source.select(plan.only.clone(), plan.except.clone());
    Ok(Export { source, plan })
}

/// How a mapping says that files are read, without the sheet.
#[must_use]
pub fn options_of(mapping: &Mapping) -> SourceOptions {
    SourceOptions {
        sheet: None,
        header_row: mapping.source.header_row,
        delimiter: mapping.source.delimiter,
        quote: mapping.source.quote,
        escape: mapping.source.escape,
        encoding: mapping.source.encoding,
    }
}

impl Exports {
    /// The same files, as they are opened, with another mapping compiled against each. `None` where that one reads the files
    /// otherwise: then they have to be opened anew.
    ///
    /// # Errors
    /// Where the mapping does not fit a file.
    #[must_use]
    pub fn again(&self, mapping: &Mapping) -> Option<Result<Self, PrepareError>> {
        let options = options_of(mapping);
        if options != self.options || mapping.source.sheets != self.sheets {
            return None;
        }
        let files = self.files.iter();
        let files = files.map(|file| compiled(file.source.clone(), mapping, &options));
        let files: Result<Vec<Export>, PrepareError> = files.collect();
        Some(files.map(|files| Self {
            files,
            options,
            sheets: self.sheets.clone(),
            always: self.always,
            lookup: mapping.reference_lookup,
            workers: self.workers,
        }))
    }

    /// Opens the files and compiles the mapping against each. The flags of `always` are set for every row,
    /// whatever the mapping says.
    pub fn open(paths: &[PathBuf], mapping: &Mapping, always: Query) -> Result<Self, PrepareError> {
        let named: Vec<SourceFile> = paths.iter().map(|path| path.as_path().into()).collect();
        Self::open_files(&named, mapping, always)
    }

    /// The same of files that people know by other names.
    pub fn open_files(
        named: &[SourceFile],
        mapping: &Mapping,
        always: Query,
    ) -> Result<Self, PrepareError> {
        let sheets: Vec<Option<SheetChoice>> = match mapping.source.sheets.as_slice() {
            [] => vec![None],
            sheets => sheets.iter().cloned().map(Some).collect(),
        };
        let options = options_of(mapping);
        let mut files: Vec<Export> = Vec::with_capacity(named.len());
        for file in named {
            for sheet in &sheets {
                let options = SourceOptions {
                    sheet: sheet.clone(),
                    ..options.clone()
                };
                // One workbook at a time is parsed.
                if let Some(last) = files.last() {
                    last.source.wait()?;
                }
                files.push(open_one(file, mapping, &options)?);
            }
        }
        Ok(Self {
            files,
            options,
            sheets: mapping.source.sheets.clone(),
            always,
            lookup: mapping.reference_lookup,
            workers: usual_workers(),
        })
    }

    /// The files in the order in which they were given, a workbook once for each of its sheets.
    #[must_use]
    pub fn files(&self) -> &[Export] {
        &self.files
    }

    /// Their bytes, as they lie on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.source.bytes()).sum()
    }

    /// The settings that all of them were opened with, from the mapping's `[source]`, without the sheet.
    #[must_use]
    pub fn options(&self) -> &SourceOptions {
        &self.options
    }

    /// Whether partners of rows outside the files are to be asked of the API.
    #[must_use]
    pub fn asks_api(&self) -> bool {
        self.lookup == ReferenceLookup::Api && self.has_references()
    }

    /// How many threads a pass works on rows with. Without this, as many as the machine has cores, 8 at most; 0 counts
    /// as 1. What a pass hands over is the same with any number.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Whether a row can refer to another row's partner.
    #[must_use]
    pub fn has_references(&self) -> bool {
        self.files.iter().any(|f| f.plan.has_references())
    }
}
