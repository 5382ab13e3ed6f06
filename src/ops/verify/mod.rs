//! `verify`: partners are read back and compared with the source, field by field. Nothing is changed, on the API or in the
//! state.

mod comparison;
mod readback;
mod row_sign;

use std::sync::Arc;
use std::time::Instant;

use comparison::Comparison;
pub use row_sign::{RowSign, signed_rows, write_signed_rows};

use super::conclude::{Heading, conclude};
use super::connect::connect;
use super::contents::contents;
use super::error::OpError;
use super::export::{self, Opened};
use super::observer::Progress;
use super::request::VerifyRequest;
use super::session::Session;
use crate::api::ApiError;
use crate::delivery::{Stop, StopReason};
use crate::prepare::Ahead;
use crate::report::{Counters, Kind, PerRow, RunEnding, RunReport, Verified};
use crate::state::RunId;

/// What a comparison found.
#[derive(Debug)]
pub struct Verification {
    /// The counts and the differences.
    pub report: RunReport,
    /// A sign for each row with its key, where that was asked for and the comparison ran to its end.
    pub rows: Option<Vec<(RowSign, String)>>,
}

/// Reads partners back and compares them with the source.
///
/// # Errors
/// [`OpError`] where nothing can be compared: mapping, files, state. An API that does not answer is the report's `stopped`.
pub fn verify(request: &VerifyRequest, session: &Session<'_>) -> Result<Verification, OpError> {
    let started = Instant::now();
    let opened = export::open(&request.export, session)?;
    compare(request, &opened, started, session)
}

/// Compares files that are open.
pub(super) fn compare(
    request: &VerifyRequest,
    opened: &Opened,
    started: Instant,
    session: &Session<'_>,
) -> Result<Verification, OpError> {
    let folder = request.report.create_folder()?;
    let stop = session.stop.child();
    let connection = connect(session, &stop)?;
    let mapping = &opened.mapping.name;
    let Some(reader) = session.reader(&connection.target, mapping)? else {
        return Err(OpError::NothingKnown {
            state: session.settings.state.clone(),
            mapping: mapping.clone(),
            target: connection.target,
        });
    };
    let exports = &opened.exports;
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(session.observer, &counters);
    let survey = export::survey(exports, Ahead::Nothing, &stop, &counters)?;
    let detected = export::detected(exports, &survey, request.report.values);
    session.observer.found(&detected);
    let wanted = request.report.wanted(PerRow::No);
    let collector = export::collector(folder.as_ref(), exports, wanted, &counters)?;
    let mut comparison = Comparison {
        request,
        exports,
        survey: &survey,
        reader,
        connection: &connection,
        stop: &stop,
        runtime: &session.runtime,
        found: Verified::default(),
        rows: Vec::new(),
        collector: &collector,
        shown: 0,
        read: readback::Readback::default(),
        sample: None,
        trouble: None,
    };
    match comparison.run() {
        Ok(tally) => comparison
            .lock()
            .set_contents(contents(exports, &survey, tally)),
        Err(error) => stop_by(error, &stop)?,
    }
    drop(progress);
    let rows = std::mem::take(&mut comparison.rows);
    let heading = Heading {
        run: RunId::new(&session.clock),
        kind: Kind::Verify,
        target: Some(connection.target.clone()),
        mapping: mapping.clone(),
        files: export::file_names(exports),
        detected,
        values: request.report.values,
        verified: Some(comparison.found),
        stopped: stop.reason().map(|r| r.to_string()),
        started,
    };
    let ending = |report: &RunReport| match stop.reason() {
        Some(StopReason::Interrupted) => RunEnding::Interrupted,
        Some(_) => RunEnding::Stopped,
        None if report.verified.is_some_and(is_clean) && report.errors == 0 => RunEnding::Done,
        None => RunEnding::Problems,
    };
    let report = conclude(
        heading,
        &collector,
        folder.as_ref(),
        session.observer,
        ending,
    );
    let is_whole = request.each_row && !stop.is_requested();
    Ok(Verification {
        report,
        rows: is_whole.then_some(rows),
    })
}

/// Source, state and API agree. What a sample left out is no disagreement.
fn is_clean(v: Verified) -> bool {
    v.differ == 0 && v.gone == 0 && v.only_source == 0 && v.only_api == 0
}

/// An API that does not answer stops the comparison and is reported; anything else is an error.
fn stop_by(error: OpError, stop: &Stop) -> Result<(), OpError> {
    let reason = match error {
        OpError::Api(ApiError::Stopped) => return Ok(()),
        OpError::Api(error @ (ApiError::Unauthorised(_) | ApiError::Forbidden(_))) => {
            StopReason::NotAuthorised(error.to_string())
        }
        OpError::Api(error) => StopReason::ApiDown(error.to_string()),
        other => return Err(other),
    };
    stop.request(reason);
    Ok(())
}
