//! The first partners are created in a run of their own and read back; the import goes on only if they are on the API as
//! they were sent. Those of a canary that failed are compared again, and no others are created for them.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Instant;

use super::request::ImportRequest;
use super::run::once;
use crate::ops::connect::known_target;
use crate::ops::error::OpError;
use crate::ops::export::Opened;
use crate::ops::observer::Note;
use crate::ops::request::VerifyRequest;
use crate::ops::session::Session;
use crate::ops::verify::{self, Purpose};
use crate::partner::RowOutcome;
use crate::report::{Counts, RunReport};
use crate::state::{RunId, StateLock};

/// How a canary ended.
pub(super) enum Canary {
    /// Its partners agree: the import goes on. Whether a run of this command created some of them.
    Agrees { is_new: bool },
    /// That is the whole report: partners differ, nothing was to create, or the run stopped.
    Ends(Box<RunReport>),
}

/// Partners that canaries created since the last import.
pub(super) fn open_canaries(opened: &Opened, session: &Session<'_>) -> Result<u64, OpError> {
    let Some(target) = known_target(session)? else {
        return Ok(0);
    };
    let mut count = 0;
    if let Some(reader) = session.reader(&target, &opened.mapping.name)? {
        reader.each_of_canary(&mut |_, _| count += 1)?;
    }
    Ok(count)
}

/// Compares the partners of an earlier canary, creates those that are missing, and reads these back.
pub(super) fn run(
    request: &ImportRequest,
    opened: &Opened,
    rows: NonZeroU64,
    session: &Session<'_>,
    lock: &Arc<StateLock>,
) -> Result<Canary, OpError> {
    let earlier = open_canaries(opened, session)?;
    if earlier > 0
        && let Some(report) = differing(request, opened, None, session)?
    {
        return Ok(Canary::Ends(Box::new(report)));
    }
    let Some(missing) = NonZeroU64::new(rows.get().saturating_sub(earlier)) else {
        agrees(earlier, session);
        return Ok(Canary::Agrees { is_new: false });
    };
    let first = ImportRequest {
        limit: None,
        canary: Some(missing),
        id: None,
        ..request.clone()
    };
    let sent = once(&first, opened, session, lock)?;
    crate::pause::here("canary");
    let created = sent.count(RowOutcome::Created);
    if sent.stopped.is_some() || (created == 0 && earlier == 0) {
        return Ok(Canary::Ends(Box::new(sent)));
    }
    if created > 0 {
        let sent = (RunId(sent.run), sent.counts);
        if let Some(report) = differing(request, opened, Some(sent), session)? {
            return Ok(Canary::Ends(Box::new(report)));
        }
    }
    agrees(earlier + created, session);
    Ok(Canary::Agrees { is_new: true })
}

fn agrees(partners: u64, session: &Session<'_>) {
    session.observer.note(&Note::CanaryAgrees { partners });
}

/// Reads the canary's partners back. `None` where they agree; else the report of what does not.
fn differing(
    request: &ImportRequest,
    opened: &Opened,
    sent: Option<(RunId, Counts)>,
    session: &Session<'_>,
) -> Result<Option<RunReport>, OpError> {
    let question = VerifyRequest {
        export: request.export.clone(),
        report: request.report.clone(),
        sample: None,
        each_row: false,
    };
    let purpose = Purpose::Canary { sent };
    let report = verify::compare(&question, opened, Instant::now(), session, purpose)?.report;
    Ok(report.stopped.is_some().then_some(report))
}
