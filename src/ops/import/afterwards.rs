//! What became of each row of an import, read from the state afterwards: nothing is sent, and nothing is noted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::against::Against;
use super::repaired::{repaired, skipped};
use super::sealed_plan::content_digest;
use super::stranded::stranded_rows;
use super::waiting::Waiting;
use crate::delivery::{Decision, Stop, blocked, changed, decide, in_doubt, still_rejected};
use crate::diagnostic::Diagnostic;
use crate::ops::error::OpError;
use crate::ops::export::{self, Opened};
use crate::ops::export_file::ExportFile;
use crate::ops::request::ExportRequest;
use crate::partner::{Query, RowKey, RowOutcome};
use crate::prepare::{Exports, PreparedRow, Survey, Tally};
use crate::report::Collector;
use crate::state::{Known, StateReader, StoredImport};

/// The digest of a mapping and its lookup files, and what else decides what becomes of a row: as an import is joined by it.
pub(super) fn mapping_digest(
    export: &ExportRequest,
    opened: &Opened,
    retries_rejected: bool,
) -> Result<String, OpError> {
    let lookups = opened.mapping.lookup_files();
    let files = std::iter::once(export.mapping.as_path()).chain(lookups);
    let always = export.always;
    Ok(format!(
        "{} {} {} {retries_rejected}",
        content_digest(files)?,
        always.create_apptivo_account,
        always.create_bill_com_profile,
    ))
}

/// Makes sure that files and mapping are those of an import; returns the flags that were set for every row of it.
///
/// # Errors
/// [`OpError::OtherExport`] where they are not.
pub(in crate::ops) fn same_import(
    import: &StoredImport,
    export: &ExportRequest,
    opened: &Opened,
) -> Result<Query, OpError> {
    let other = |what| OpError::OtherExport {
        import: import.import,
        what,
    };
    if content_digest(export.files.iter().map(ExportFile::at))? != import.source_digest {
        return Err(other("file"));
    }
    // Digest, two flags of every row, and whether rejected rows were sent again.
    let mut parts = import.mapping_digest.rsplitn(4, ' ');
    let _retries = parts.next();
    let mut flag = || parts.next() == Some("true");
    let (create_bill_com_profile, create_apptivo_account) = (flag(), flag());
    let always = Query {
        create_apptivo_account,
        create_bill_com_profile,
    };
    let asked = ExportRequest {
        always,
        ..export.clone()
    };
    let is_same = |retries| {
        Ok::<_, OpError>(mapping_digest(&asked, opened, retries)? == import.mapping_digest)
    };
    if !is_same(false)? && !is_same(true)? {
        return Err(other("mapping"));
    }
    Ok(always)
}

/// The rows of an import, and what is known of them.
pub(in crate::ops) struct Afterwards<'a> {
    pub(in crate::ops) exports: &'a Exports,
    pub(in crate::ops) survey: &'a Survey,
    pub(in crate::ops) reader: &'a StateReader,
    pub(in crate::ops) known: &'a (dyn Fn(&RowKey) -> bool + Sync),
    /// Rows that its machines gave their partners, and whether these were found on the API.
    pub(in crate::ops) created: &'a HashMap<String, bool>,
    /// Whether it came to its end.
    pub(in crate::ops) is_over: bool,
}

impl Afterwards<'_> {
    /// Reports what became of each row.
    pub(in crate::ops) fn report(
        &self,
        collector: &Mutex<Collector>,
        stop: &Stop,
    ) -> Result<Tally, OpError> {
        let waiting = self.waiting(stop)?;
        let mut each = |row: PreparedRow, record: Option<&Known>| {
            let is_created = |_: &RowKey| record.is_some_and(Known::is_created);
            let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(warning) = repaired(&row, &is_created) {
                held.add(skipped(row, warning));
                return;
            }
            let (outcome, found) = self.outcome(&row, record, &waiting);
            let mut result = export::unsent(row, outcome);
            result.partner = record.and_then(|known| known.partner.clone());
            result.diagnostics.extend(found);
            held.add(result);
        };
        self.each_row(stop, &mut each)
    }

    /// Rows that wait for others. Once the import is over, these are all that were not sent; before, those that nobody can send.
    fn waiting(&self, stop: &Stop) -> Result<Waiting, OpError> {
        let against = self.against();
        if !self.is_over || !self.exports.has_references() {
            return stranded_rows(self.exports, self.survey, &against, false);
        }
        let mut ordinals = Vec::new();
        self.each_row(stop, &mut |row, record| {
            let Some(partner) = &row.partner else { return };
            let is_left = matches!(
                decide(record, &partner.fingerprint, false),
                Decision::Create | Decision::LookUpFirst
            );
            if is_left && partner.links.iter().any(|link| !(self.known)(&link.key)) {
                ordinals.push(row.origin.ordinal);
            }
        })?;
        Waiting::of(
            self.exports,
            self.survey,
            self.reader,
            self.known,
            &ordinals,
        )
    }

    fn against(&self) -> Against<'_> {
        Against {
            fingerprinter: self.reader.fingerprinter(),
            reader: Some(self.reader),
            known: self.known,
        }
    }

    fn each_row(
        &self,
        stop: &Stop,
        each: &mut dyn FnMut(PreparedRow, Option<&Known>),
    ) -> Result<Tally, OpError> {
        let against = self.against();
        let (hasher, stop) = (Some(against.fingerprinter), Some(stop));
        against.each_batch(self.exports, self.survey, hasher, stop, &mut |rows| {
            for (row, record) in rows {
                each(row, record.as_ref());
            }
        })
    }

    fn outcome(
        &self,
        row: &PreparedRow,
        record: Option<&Known>,
        waiting: &Waiting,
    ) -> (RowOutcome, Option<Diagnostic>) {
        let Some(partner) = &row.partner else {
            return (RowOutcome::Invalid, None);
        };
        match decide(record, &partner.fingerprint, false) {
            Decision::Create | Decision::LookUpFirst if waiting.contains(&partner.key) => {
                let found = blocked(partner, &waiting.blocker(partner));
                (RowOutcome::Blocked, Some(found))
            }
            Decision::Create | Decision::LookUpFirst => (RowOutcome::Deferred, None),
            Decision::Skip(_) => match self.created.get(partner.key.as_str()) {
                Some(true) => (RowOutcome::Adopted, None),
                Some(false) => (RowOutcome::Created, None),
                None => (RowOutcome::Skipped, None),
            },
            Decision::Changed(_) => (RowOutcome::Changed, Some(changed(partner))),
            Decision::StillRejected => {
                (RowOutcome::Rejected, Some(still_rejected(partner, record)))
            }
            Decision::InDoubt => (RowOutcome::InDoubt, Some(in_doubt(partner, None))),
        }
    }
}
