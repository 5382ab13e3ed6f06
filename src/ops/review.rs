//! The whole of an export checked with a mapping that somebody is about to change: again and again, the file opened once.

use std::path::PathBuf;
use std::sync::Arc;

use super::check::{How, checked};
use super::error::OpError;
use super::export::Opened;
use super::request::ReportRequest;
use super::session::Session;
use crate::mapping::Mapping;
use crate::partner::Query;
use crate::prepare::{Exports, Preview};
use crate::report::{Findings, MarkedRows, RunReport, SourceValues};

/// A file that is reviewed.
#[derive(Debug)]
pub struct Reviewer {
    file: PathBuf,
    values: SourceValues,
    exports: Option<Arc<Exports>>,
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
}

impl Reviewer {
    /// For this file; the file is opened by the first review.
    #[must_use]
    pub fn new(file: PathBuf, values: SourceValues) -> Self {
        Self {
            file,
            values,
            exports: None,
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
        self.exports = Some(opened.exports);
        Ok(Review {
            report: checked.report,
            findings: checked.findings,
            previews,
        })
    }
}
