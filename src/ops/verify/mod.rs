//! `verify`: partners are read back and compared with the source, field by field. Nothing is changed, on the API or in the
//! state.

mod comparison;
mod readback;
mod row_sign;

use std::sync::Arc;
use std::time::Instant;

use comparison::{Comparison, Which};
pub use row_sign::{RowSign, signed_rows};

use super::conclude::{Heading, conclude, ending_of, stop_reason, stopped_by};
use super::connect::{Waits, connect};
use super::contents::contents;
use super::error::OpError;
use super::export::{self, Opened};
use super::observer::{Note, Progress};
use super::partner_rows::WithPartners;
use super::request::VerifyRequest;
use super::session::Session;
use crate::api::ApiError;
use crate::delivery::Stop;
use crate::diagnostic::thousands;
use crate::partner::RowOutcome;
use crate::prepare::Ahead;
use crate::report::{
    Counters, Counts, Kind, PerRow, ReportFolder, RunEnding, RunReport, StopCause, Stopped,
    Verified, target_in_words,
};
use crate::state::{RunId, StateReader};

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
    let found = compare(request, &opened, started, session, Purpose::Verify)?;
    session.observer.note(&Note::NotCompared);
    Ok(found)
}

/// What a comparison is made for.
pub(super) enum Purpose {
    /// To find out whether all partners are what the source says.
    Verify,
    /// To find out whether the partners that canaries created are. The report is that of an import which sent no other
    /// row.
    Canary {
        /// The run that the report is of, with its counts; none where nothing was sent by this command.
        sent: Option<(RunId, Counts)>,
    },
}

impl Purpose {
    fn which(&self) -> Which {
        match self {
            Purpose::Verify => Which::All,
            Purpose::Canary { .. } => Which::Canary,
        }
    }
}

/// Compares files that are open.
pub(super) fn compare(
    request: &VerifyRequest,
    opened: &Opened,
    started: Instant,
    session: &Session<'_>,
    purpose: Purpose,
) -> Result<Verification, OpError> {
    let folder = request.report.folder_for(&request.export.files, session)?;
    let stop = session.stop.child();
    let connection = connect(session, &stop, Waits::ForNothing, request.report.values)?;
    let mapping = &opened.mapping.name;
    let reader = known_rows(session, &connection.target, mapping)?;
    let exports = &opened.exports;
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(session.observer, &counters);
    let survey = export::survey(exports, Ahead::Nothing, &stop, &counters)?;
    let detected = export::detected(exports, &survey, request.report.values);
    session.observer.found(&detected);
    let wanted = request.report.wanted(PerRow::No);
    let collector = export::collector(folder.as_ref(), exports, &survey, wanted, &counters)?;
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
        which: purpose.which(),
        unreadable: 0,
        counts: Counts::default(),
    };
    match comparison.run() {
        Ok(tally) => comparison
            .lock()
            .set_contents(contents(exports, &survey, tally)),
        Err(error) => stop_by(error, &stop)?,
    }
    drop(progress);
    let rows = std::mem::take(&mut comparison.rows);
    let found = comparison.found;
    let mut heading = Heading {
        run: RunId::new(&session.clock),
        kind: Kind::Verify,
        target: Some(connection.target.clone()),
        mapping: mapping.clone(),
        files: export::file_names(exports),
        detected,
        values: request.report.values,
        verified: Some(found),
        counts: None,
        stopped: stop.reason().map(|r| stopped_by(&r)),
        started,
    };
    if let Purpose::Canary { sent } = purpose {
        comparison.write_partners(folder.as_ref());
        let (run, counts) = sent.unwrap_or_else(|| (RunId::new(&session.clock), comparison.counts));
        heading = as_import(heading, run, counts, survey.rows);
    }
    let differs = heading.kind == Kind::Import && heading.stopped.is_some();
    let ending = |report: &RunReport| match stop.reason() {
        Some(reason) => ending_of(&reason),
        None if differs => RunEnding::Stopped,
        None if is_clean(found) && report.errors == 0 => RunEnding::Done,
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

impl Comparison<'_> {
    /// The rows with their partners, for the report of an import.
    fn write_partners(&self, folder: Option<&ReportFolder>) {
        WithPartners {
            exports: self.exports,
            survey: self.survey,
            reader: Some(&self.reader),
            folder,
            values: self.request.report.values,
        }
        .write(self.collector);
    }
}

fn known_rows(session: &Session<'_>, target: &str, mapping: &str) -> Result<StateReader, OpError> {
    let known = session.reader(target, mapping)?;
    known.ok_or_else(|| OpError::NothingKnown {
        state: session.settings.state.clone(),
        mapping: mapping.to_owned(),
        target: target_in_words(target).to_owned(),
    })
}

/// The heading of an import that sent no other rows than the canary's.
fn as_import(heading: Heading, run: RunId, mut counts: Counts, rows: u64) -> Heading {
    // Rows that a comparison which stopped did not come to.
    counts.add(RowOutcome::Deferred, rows.saturating_sub(counts.sum()));
    Heading {
        run,
        kind: Kind::Import,
        stopped: heading.stopped.or_else(|| {
            let words = heading.verified.and_then(canary_differs)?;
            Some(Stopped::from(words).because(StopCause::Canary))
        }),
        verified: None,
        counts: Some(counts),
        ..heading
    }
}

/// Why no other row is sent, where partners of a canary are not what was sent, and what to do.
fn canary_differs(found: Verified) -> Option<String> {
    if found.differ + found.gone == 0 {
        return None;
    }
    let partners = match found.agree + found.differ + found.gone {
        1 => "the canary's partner is not on the API as it was sent".to_owned(),
        n => format!(
            "the canary's {} partners are not on the API as they were sent",
            thousands(n)
        ),
    };
    let verb = |n: u64, one: &str, many: &str| {
        let verb = if n == 1 { one } else { many };
        (n > 0).then(|| format!("{} {verb}", thousands(n)))
    };
    let how = [
        verb(found.differ, "differs", "differ"),
        verb(found.gone, "is gone", "are gone"),
    ];
    let how: Vec<String> = how.into_iter().flatten().collect();
    Some(format!(
        "{partners} ({}), so the other rows were not sent. Correct the mapping, or these partners on the API. Then run again: with --canary the same partners are compared again and no others are created; without it the import continues.",
        how.join(", ")
    ))
}

/// Source, state and API agree. What a sample left out is no disagreement.
fn is_clean(v: Verified) -> bool {
    v.differ == 0 && v.gone == 0 && v.only_source == 0 && v.only_api == 0
}

/// An API that does not answer stops the comparison and is reported; anything else is an error.
fn stop_by(error: OpError, stop: &Stop) -> Result<(), OpError> {
    match error {
        OpError::Api(ApiError::Stopped) => return Ok(()),
        OpError::Api(_) => stop.request(stop_reason(&error)),
        other => return Err(other),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_says_how_its_partners_are_not_as_they_were_sent() {
        for (differ, gone, says) in [
            (0, 0, None),
            (
                1,
                0,
                Some("partners are not on the API as they were sent (1 differs), so"),
            ),
            (2, 1, Some("(2 differ, 1 is gone), so")),
            (0, 2, Some("(2 are gone), so")),
        ] {
            let found = Verified {
                agree: 5,
                differ,
                gone,
                ..Verified::default()
            };
            let said = canary_differs(found);
            assert_eq!(said.is_some(), says.is_some());
            assert!(
                said.is_none_or(|said| said.contains(says.unwrap())),
                "{differ} {gone}"
            );
        }
    }
}
