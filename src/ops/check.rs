//! `check`: read, map and validate every row; no network, no change of the state.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::conclude::{Heading, conclude_with_findings, stopped_by};
use super::contents::contents;
use super::error::OpError;
use super::export::Opened;
use super::known::KnownRows;
use super::observer::{Note, Progress};
use super::request::{CheckRequest, ReportRequest};
use super::session::{Session, Target};
use super::{connect, export};
use crate::delivery::Stop;
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::{Ahead, Exports, PrepareError, Survey, Tally};
use crate::report::{
    Collector, Counters, Findings, Kind, MarkedRows, PerRow, ReportFolder, RunEnding, RunReport,
};
use crate::source::Flow;
use crate::state::{RunId, StateReader};

/// What the state knows of a mapping at the API that is meant. After an import into the sandbox alone, it is the sandbox
/// that is meant: the rejects of that import have their parents there.
fn known_parents(mapping: &str, session: &Session<'_>) -> Result<Option<StateReader>, OpError> {
    let known = |session: &Session<'_>| match connect::known_target(session)? {
        Some(target) => session.reader(&target, mapping),
        None => Ok(None),
    };
    let found = known(session)?;
    if found.is_some() || session.target == Target::Sandbox {
        return Ok(found);
    }
    let target = Target::Sandbox;
    let found = known(&Session {
        target,
        ..session.clone()
    })?;
    if found.is_some() {
        session.observer.note(&Note::SandboxParents);
    }
    Ok(found)
}

/// Checks every row. Stopped, it reports what it has seen so far.
///
/// # Errors
/// [`OpError`] where mapping, files, state or the report's folder cannot be used.
pub fn check(request: &CheckRequest, session: &Session<'_>) -> Result<RunReport, OpError> {
    let opened = export::open(&request.export, session)?;
    let folder = request.report.folder_for(&request.export.files, session)?;
    let how = How {
        report: &request.report,
        folder: folder.as_ref(),
        limit: request.limit,
        keeps_findings: false,
    };
    Ok(checked(&opened, &how, session)?.report)
}

/// What is made of a check.
pub(super) struct How<'h> {
    pub(super) report: &'h ReportRequest,
    pub(super) folder: Option<&'h ReportFolder>,
    pub(super) limit: Option<u64>,
    /// Whether values with their rows are wanted without a folder, too.
    pub(super) keeps_findings: bool,
}

/// What a check knows in the end.
pub(super) struct Checked {
    pub(super) report: RunReport,
    pub(super) findings: Findings,
    pub(super) survey: Survey,
}

/// Checks every row of opened files.
pub(super) fn checked(
    opened: &Opened,
    how: &How<'_>,
    session: &Session<'_>,
) -> Result<Checked, OpError> {
    let started = Instant::now();
    let stop = session.stop.child();
    let exports = &opened.exports;
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(session.observer, &counters);
    let wanted = how.report.wanted(PerRow::No);
    // Rows with nothing to report are only counted, unless a list is to hold them or some are to be left out.
    let counts_only = how.limit.is_none() && wanted.marked == MarkedRows::Problems;
    let ahead = if counts_only {
        Ahead::Valid
    } else {
        Ahead::Nothing
    };
    let survey = export::survey(exports, ahead, &stop, &counters)?;
    let limit = how.limit.unwrap_or(u64::MAX);
    counters
        .total
        .store(survey.rows.min(limit), Ordering::Relaxed);
    let detected = export::detected(exports, &survey, how.report.values);
    session.observer.found(&detected);

    // A parent that an earlier run created is not missing; the state is read where there is one.
    let reader = if exports.has_references() {
        known_parents(&opened.mapping.name, session)?
    } else {
        None
    };
    let parents = KnownRows::new(reader);
    let known = |key: &RowKey| parents.is_created(key);
    let collector = export::collector(how.folder, exports, &survey, wanted, &counters)?;
    let part = Part {
        exports,
        survey: &survey,
        known: &known,
        collector: &collector,
        stop: &stop,
    };
    if how.keeps_findings {
        part.lock().keep_findings();
    }
    let tally = if counts_only {
        part.count()?
    } else {
        part.list(limit)?
    };
    drop(progress);
    if let Some(error) = parents.trouble() {
        return Err(error.into());
    }
    collector
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .set_contents(contents(exports, &survey, tally));
    let heading = Heading {
        run: RunId::new(&session.clock),
        kind: Kind::Check,
        target: None,
        mapping: opened.mapping.name.clone(),
        files: export::file_names(exports),
        detected,
        values: how.report.values,
        verified: None,
        counts: None,
        stopped: stop.reason().map(|r| stopped_by(&r)),
        started,
    };
    let ending = |report: &RunReport| {
        if stop.is_requested() {
            RunEnding::Interrupted
        } else if report.count(RowOutcome::Invalid) > 0 {
            RunEnding::Problems
        } else {
            RunEnding::Done
        }
    };
    let (report, findings) =
        conclude_with_findings(heading, &collector, how.folder, session.observer, ending);
    Ok(Checked {
        report,
        findings,
        survey,
    })
}

/// What both ways to go over the rows need.
struct Part<'p> {
    exports: &'p Exports,
    survey: &'p Survey,
    known: &'p (dyn Fn(&RowKey) -> bool + Sync),
    collector: &'p Mutex<Collector>,
    stop: &'p Stop,
}

impl Part<'_> {
    /// Takes rows with something to report one by one; the others are counted.
    fn count(&self) -> Result<Tally, PrepareError> {
        self.exports
            .judge(self.survey, self.known, &mut |rows, valid| {
                if self.stop.is_requested() {
                    return Flow::Enough;
                }
                let mut held = self.lock();
                held.count(RowOutcome::Deferred, valid);
                for row in rows {
                    held.add(export::unsent(row, RowOutcome::Deferred));
                }
                Flow::More
            })
    }

    /// Takes every row, up to `limit`.
    fn list(&self, limit: u64) -> Result<Tally, PrepareError> {
        let mut left = limit;
        let (exports, survey) = (self.exports, self.survey);
        exports.prepare(survey, None, None, self.known, &mut |rows| {
            if self.stop.is_requested() {
                return Flow::Enough;
            }
            let mut held = self.lock();
            for row in rows {
                if left == 0 {
                    return Flow::Enough;
                }
                left -= 1;
                held.add(export::unsent(row, RowOutcome::Deferred));
            }
            Flow::More
        })
    }

    fn lock(&self) -> MutexGuard<'_, Collector> {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
