//! The report of an import with its export at hand: each row is judged again by what the state knows of it now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Whole;
use crate::diagnostic::Code;
use crate::ops::conclude::conclude;
use crate::ops::contents::contents;
use crate::ops::error::OpError;
use crate::ops::export;
use crate::ops::import::{Afterwards, same_import};
use crate::ops::known::KnownRows;
use crate::ops::lost_key;
use crate::ops::observer::Progress;
use crate::ops::partner_rows::WithPartners;
use crate::ops::request::{ExportRequest, ReportRequest};
use crate::ops::together::together;
use crate::partner::RowKey;
use crate::prepare::Ahead;
use crate::report::{Counters, PerRow, RunReport};

impl Whole<'_> {
    pub(super) fn with_export(
        &self,
        export: &ExportRequest,
        request: &ReportRequest,
    ) -> Result<RunReport, OpError> {
        let (import, session) = (self.import, self.session);
        let stop = session.stop.child();
        let mut export = export.clone();
        let opened = export::open(&export, session)?;
        export.always = same_import(import, &export, &opened)?;
        // Flags that were set on the command line are part of what a row is known by.
        let opened = export::open(&export, session)?;
        let exports = &opened.exports;
        let folder = request.folder_for(&export.files, session)?;
        let Some(reader) = session.reader(&import.target, &import.mapping)? else {
            return Err(OpError::UnknownImport(import.import));
        };
        let mut created = HashMap::new();
        self.view.each_created_in(import, &mut |row| {
            created.insert(row.key.to_owned(), row.is_adopted);
        })?;
        let counters = Arc::new(Counters::default());
        let progress = Progress::start(session.observer, &counters);
        let survey = export::survey(exports, Ahead::Nothing, &stop, &counters)?;
        let parents = KnownRows::new(Some(reader.reopen()?));
        let known = |key: &RowKey| parents.is_created(key);
        let wanted = request.wanted(PerRow::Created);
        let collector = export::collector(folder.as_ref(), exports, &survey, wanted, &counters)?;
        lost_key::report_of(Some(&reader), session.observer, &collector)?;
        let afterwards = Afterwards {
            exports,
            survey: &survey,
            reader: &reader,
            known: &known,
            created: &created,
            is_over: import.is_complete,
        };
        let tally = afterwards.report(&collector, &stop)?;
        {
            let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
            held.set_contents(contents(exports, &survey, tally));
            held.shared_by(together(import.import, &import.machines));
        }
        self.add_duplicates(&collector)?;
        WithPartners {
            exports,
            survey: &survey,
            reader: Some(&reader),
            folder: folder.as_ref(),
            values: request.values,
        }
        .write(&collector);
        drop(progress);
        if let Some(error) = parents.trouble() {
            return Err(error.into());
        }
        if stop.is_requested() {
            return Err(session.stopped());
        }
        let mut heading = self.heading(request.values);
        heading.files = export::file_names(exports);
        heading.detected = export::detected(exports, &survey, request.values);
        let observer = session.observer;
        Ok(conclude(
            heading,
            &collector,
            folder.as_ref(),
            observer,
            |r| self.ending(r),
        ))
    }

    /// What the rows do not show: partners that the API has twice.
    fn add_duplicates(&self, collector: &Mutex<crate::report::Collector>) -> Result<(), OpError> {
        for run in self.runs {
            let mut found = self.problems_of(run)?;
            found.retain(|d| d.code == Code::DuplicateOnApi);
            let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
            held.add_diagnostics(u32::MAX, found);
        }
        Ok(())
    }
}
