//! `import`: the main job. A rerun resumes.
//!
//! What comes in: an [`ImportRequest`]. What goes out: the run's report, after every row has its outcome in the state.
//! `preflight` looks at the whole source before anything is sent, `before_create` asks what the API has already,
//! `pipeline` runs feeder, delivery and collector, `dry_run` shows row by row what an import would do, and `sealed_plan`
//! keeps that for later.

mod adopt;
mod afterwards;
mod against;
mod before_create;
mod budget;
mod canary;
mod context;
mod done;
mod dry_run;
mod expectations;
mod feeder;
mod health;
mod new_rows;
mod on_api;
mod pipeline;
mod preflight;
mod repaired;
mod request;
mod run;
mod sealed_plan;
mod shared;
mod shared_canary;
mod shared_passes;
mod stranded;
mod telling;
mod there_already;
mod too_many_new;
mod waiting;

pub(super) use adopt::Adoption;
pub(super) use afterwards::{Afterwards, same_import};
use canary::{Canary, open_canaries};
pub(super) use dry_run::preview;
pub use dry_run::{Preview, dry_run};
pub use request::ImportRequest;
pub(super) use run::once;
use run::once_joined;
pub use sealed_plan::SealedPlan;

use super::connect::rate;
use super::error::OpError;
use super::export;
use super::observer::Note;
use super::session::Session;
use crate::report::RunReport;

/// Imports: each row of the export gets its partner, or an outcome that says why not.
///
/// # Errors
/// [`OpError`] where nothing could be begun: mapping, files, address, state or the report's folder. Whatever goes wrong
/// later is the report's `stopped`.
pub fn import(request: &ImportRequest, session: &Session<'_>) -> Result<RunReport, OpError> {
    rate(session)?;
    let session = &session.within(request.max_duration);
    begun(request, session).map_err(|error| session.meaning(error))
}

fn begun(request: &ImportRequest, session: &Session<'_>) -> Result<RunReport, OpError> {
    // Before the state is touched, so that a typing error makes none; and once, since a pipe cannot be read twice.
    let opened = export::open(&request.export, session)?;
    let lock = session.lock_within(request.wait, request.may_be_shared())?;
    let Some(rows) = request.canary else {
        let partners = open_canaries(&opened, session)?;
        if partners > 0 {
            session.observer.note(&Note::CanaryPassedOver { partners });
        }
        return once(request, &opened, session, &lock);
    };
    let (canary, joined) = shared_canary::of_all(request, &opened, rows, session, &lock)?;
    let is_new = match canary {
        Canary::Agrees { is_new } => is_new,
        Canary::Ends(report) => return Ok(*report),
    };
    let mut rest = ImportRequest {
        canary: None,
        ..request.clone()
    };
    if is_new {
        // It held before the canary; the canary's own rows have moved the state since.
        rest.plan = None;
    }
    once_joined(&rest, &opened, session, &lock, joined)
}
