//! The first partners are created in a run of their own and read back; the import goes on only if they are on the API as
//! they were sent.

use std::num::NonZeroU64;
use std::time::Instant;

use super::request::ImportRequest;
use super::run::once;
use crate::ops::error::OpError;
use crate::ops::export::Opened;
use crate::ops::observer::Note;
use crate::ops::request::{Expectations, VerifyRequest};
use crate::ops::session::Session;
use crate::ops::verify;
use crate::partner::RowOutcome;
use crate::report::{RunEnding, RunReport};

/// Creates the first rows and reads them back. `None` where they agree; else the report of what does not.
pub(super) fn run(
    request: &ImportRequest,
    opened: &Opened,
    rows: NonZeroU64,
    session: &Session<'_>,
) -> Result<Option<RunReport>, OpError> {
    let started = Instant::now();
    let first = ImportRequest {
        limit: Some(rows.get()),
        canary: None,
        id: None,
        expect: Expectations::default(),
        ..request.clone()
    };
    let sent = once(&first, opened, session)?;
    let created = sent.count(RowOutcome::Created);
    // Stopped, refused, or nothing to create: that is the whole report. A limit alone ends with 3.
    if sent.stopped.is_some() || created == 0 {
        return Ok(Some(sent));
    }
    let question = VerifyRequest {
        export: request.export.clone(),
        report: request.report.clone(),
        sample: None,
        only_run: Some(sent.run.clone()),
        each_row: false,
    };
    let mut report = verify::compare(&question, opened, started, session)?.report;
    let agree = report
        .verified
        .is_some_and(|v| v.differ == 0 && v.gone == 0);
    if agree && report.stopped.is_none() {
        session
            .observer
            .note(&Note::CanaryAgrees { partners: created });
        return Ok(None);
    }
    if report.stopped.is_none() {
        report.stopped = Some(format!(
            "the canary's {created} partners are not on the API as they were sent; the other rows were not sent"
        ));
        report.ending = RunEnding::Stopped;
    }
    Ok(Some(report))
}
