//! The canary of an import that several machines share. One of them creates it, reads it back and decides; the others wait,
//! and go on or end like it does: of a canary that failed, each compares the same partners, and creates none.
//!
//! Where the one that has the canary is lost, another takes it. What was sent for it counts on, also what is in doubt, so
//! that no more rows are sent than the canary has.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::canary::{self, Canary, open_canaries};
use super::request::ImportRequest;
use super::shared::{LOOK_AGAIN, start_of};
use crate::ops::connect::{Waits, connect};
use crate::ops::error::OpError;
use crate::ops::export::{self, Opened};
use crate::ops::observer::{Note, Progress};
use crate::ops::session::Session;
use crate::partner::RowOutcome;
use crate::prepare::Ahead;
use crate::report::{Counters, RunReport};
use crate::state::{SharedImport, StateLock, Turn};

/// Makes the canary, or waits for the machine that does. Returns also the import that was joined for it.
pub(super) fn of_all(
    request: &ImportRequest,
    opened: &Opened,
    rows: NonZeroU64,
    session: &Session<'_>,
    lock: &Arc<StateLock>,
) -> Result<(Canary, Option<SharedImport>), OpError> {
    let joined = join(request, opened, session, lock)?;
    let Some(shared) = joined else {
        return Ok((canary::run(request, opened, rows, session, lock)?, None));
    };
    let mut is_noted = false;
    loop {
        match shared.canary()? {
            Turn::Done => return Ok((Canary::Agrees { is_new: true }, Some(shared))),
            Turn::Ours => {
                shared.canary_has(open_canaries(opened, session)?)?;
                let canary = match canary::run(request, opened, rows, session, lock)? {
                    // Nothing was to create: the import itself says so of all rows, and is over then for every machine.
                    Canary::Ends(report) if is_of_nothing(&report) => {
                        Canary::Agrees { is_new: false }
                    }
                    canary => canary,
                };
                if matches!(canary, Canary::Agrees { .. }) {
                    shared.canary_agrees()?;
                }
                return Ok((canary, Some(shared)));
            }
            Turn::Elsewhere(holder) => {
                if !is_noted {
                    is_noted = true;
                    let note = Note::WaitingForCanary { holder: &holder };
                    session.observer.note(&note);
                }
            }
        }
        if !session.runtime.block_on(session.stop.pause(LOOK_AGAIN)) {
            return Err(session.stopped());
        }
    }
}

fn is_of_nothing(report: &RunReport) -> bool {
    report.stopped.is_none() && report.count(RowOutcome::Created) == 0
}

/// Joins the import; `None` where no other machine may be at it, or the run was stopped before all rows were read.
fn join(
    request: &ImportRequest,
    opened: &Opened,
    session: &Session<'_>,
    lock: &Arc<StateLock>,
) -> Result<Option<SharedImport>, OpError> {
    if !lock.is_shared() {
        return Ok(None);
    }
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(session.observer, &counters);
    let survey = export::survey(&opened.exports, Ahead::Nothing, &session.stop, &counters)?;
    drop(progress);
    if survey.incomplete {
        return Ok(None);
    }
    let stop = session.stop.child();
    let target = connect(session, &stop, Waits::ForNothing, request.report.values)?.target;
    let start = start_of(request, opened, target, survey.rows)?;
    Ok(session.store().join(lock, &start, &session.clock)?)
}
