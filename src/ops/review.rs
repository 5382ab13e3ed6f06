//! The whole of an export checked with a mapping that somebody is about to change: again and again, the file opened once.

use std::path::PathBuf;
use std::sync::Arc;

use super::check::{How, checked};
use super::error::OpError;
use super::export::Opened;
use super::request::ReportRequest;
use super::reviewed_rows::ReviewedRows;
use super::session::Session;
use crate::mapping::{Constant, Feed, Mapping, ValueWord};
use crate::partner::{Query, display_path};
use crate::prepare::{Exports, LookupCoverage, Preview};
use crate::report::{Findings, MarkedRows, RunReport, SourceValues};

/// A file that is reviewed.
#[derive(Debug)]
pub struct Reviewer {
    file: PathBuf,
    values: SourceValues,
    exports: Option<Arc<Exports>>,
    /// What lookup files had of the columns' words, and by what rules.
    looked_up: (Vec<LookupRule>, Vec<LookupCoverage>),
}

/// All that the counts of a lookup depend on, but for the export: they are made anew when it is another one.
#[derive(Debug, PartialEq)]
struct LookupRule {
    field: String,
    columns: Vec<String>,
    split: Option<String>,
    map: Vec<(String, Constant)>,
    words: Option<Arc<[ValueWord]>>,
    null: Vec<String>,
    /// Which rows count: those of `only` and of `except`.
    rows: [Vec<(String, Vec<String>)>; 2],
}

impl LookupRule {
    fn all(mapping: &Mapping) -> Vec<Self> {
        let source = &mapping.source;
        let rows = [&source.only, &source.except].map(|all| {
            let named = all.iter().map(|s| (s.column.text.clone(), s.words.clone()));
            named.collect::<Vec<_>>()
        });
        let rules = mapping.rules.iter().filter_map(|rule| {
            let field = display_path(&rule.path);
            let rule = &rule.rule;
            let lookup = rule.lookup.as_ref()?;
            let columns = match &rule.feed {
                Feed::Column(column) => vec![column.text.clone()],
                Feed::Columns(all) => all.iter().map(|c| c.text.clone()).collect(),
                _ => return None,
            };
            Some(Self {
                field,
                columns,
                split: rule.split.clone(),
                map: rule.map.clone(),
                words: lookup.read.as_ref().map(|(_, words)| Arc::clone(words)),
                null: source.null.clone(),
                rows: rows.clone(),
            })
        });
        rules.collect()
    }
}

/// What a mapping makes of the whole file.
#[derive(Debug)]
pub struct Review {
    /// The report of the check.
    pub report: RunReport,
    /// The values that are wrong, and some of their rows.
    pub findings: Findings,
    /// For each rule of the mapping some rows before and after.
    pub previews: Vec<Preview>,
    /// For each rule with a lookup file what that has of the column's words.
    pub lookups: Vec<LookupCoverage>,
    rows: ReviewedRows,
}

impl Review {
    /// The rows, to be looked up one by one.
    #[must_use]
    pub fn rows(&self) -> ReviewedRows {
        self.rows.clone()
    }
}

impl Reviewer {
    /// For this file; the file is opened by the first review.
    #[must_use]
    pub fn new(file: PathBuf, values: SourceValues) -> Self {
        Self {
            file,
            values,
            exports: None,
            looked_up: (Vec::new(), Vec::new()),
        }
    }

    /// Checks the whole file. It is opened again only where the mapping reads it otherwise, or after an error.
    ///
    /// # Errors
    /// [`OpError`] where the mapping does not fit the file, the file cannot be read, or the session was stopped.
    pub fn review(&mut self, mapping: &Mapping, session: &Session<'_>) -> Result<Review, OpError> {
        let again = self
            .exports
            .take()
            .and_then(|e| Some((e.again(mapping)?, e)));
        let exports = match again {
            Some((Ok(exports), _)) => Arc::new(exports),
            Some((Err(error), opened)) => {
                // The mapping does not fit; the file is as good as before.
                self.exports = Some(opened);
                return Err(error.into());
            }
            None => {
                let (file, opening) = (self.file.clone(), mapping.clone());
                let open = move || Exports::open(&[file], &opening, Query::default());
                Arc::new(session.blocking(open)??)
            }
        };
        let opened = Opened {
            mapping: mapping.clone(),
            exports,
        };
        let how = How {
            report: &ReportRequest {
                folder: None,
                values: self.values,
                marked: MarkedRows::Problems,
            },
            folder: None,
            limit: None,
            keeps_findings: true,
        };
        let checked = checked(&opened, &how, session)?;
        if session.stop.is_requested() {
            self.exports = Some(opened.exports);
            return Err(OpError::Interrupted);
        }
        let previews = match self.values {
            SourceValues::Shown => opened.exports.preview(&checked.survey, mapping)?,
            SourceValues::LeftOut => Vec::new(),
        };
        self.exports = Some(Arc::clone(&opened.exports));
        let rules = LookupRule::all(mapping);
        if rules != self.looked_up.0 {
            let counts = opened.exports.looked_up(&|| session.stop.is_requested())?;
            if session.stop.is_requested() {
                return Err(OpError::Interrupted);
            }
            self.looked_up = (rules, counts);
        }
        let lookups = match self.values {
            SourceValues::Shown => self.looked_up.1.clone(),
            SourceValues::LeftOut => without_words(&self.looked_up.1),
        };
        Ok(Review {
            report: checked.report,
            findings: checked.findings,
            previews,
            lookups,
            rows: ReviewedRows {
                exports: opened.exports,
                mapping: Arc::new(opened.mapping),
            },
        })
    }
}

/// The counts alone.
fn without_words(all: &[LookupCoverage]) -> Vec<LookupCoverage> {
    let counts = all.iter().map(|lookup| LookupCoverage {
        first_missed: Vec::new(),
        ..lookup.clone()
    });
    counts.collect()
}
