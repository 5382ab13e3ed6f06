//! `check`: read, map and validate every row; no network, no change of the state.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::conclude::{Heading, conclude, stopped_by};
use super::contents::contents;
use super::error::OpError;
use super::known::KnownRows;
use super::observer::{Note, Progress};
use super::request::CheckRequest;
use super::session::{Session, Target};
use super::{connect, export};
use crate::delivery::Stop;
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::{Ahead, Exports, PrepareError, Survey, Tally};
use crate::report::{Collector, Counters, Kind, MarkedRows, PerRow, RunEnding, RunReport};
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
    let started = Instant::now();
    let stop = session.stop.child();
    let opened = export::open(&request.export, session)?;
    let exports = &opened.exports;
    let folder = request.report.folder_for(&request.export.files, session)?;
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(session.observer, &counters);
    let wanted = request.report.wanted(PerRow::No);
    // Rows with nothing to report are only counted, unless a list is to hold them or some are to be left out.
    let counts_only = request.limit.is_none() && wanted.marked == MarkedRows::Problems;
    let ahead = if counts_only {
        Ahead::Valid
    } else {
        Ahead::Nothing
    };
    let survey = export::survey(exports, ahead, &stop, &counters)?;
    let limit = request.limit.unwrap_or(u64::MAX);
    counters
        .total
        .store(survey.rows.min(limit), Ordering::Relaxed);
    let detected = export::detected(exports, &survey, request.report.values);
    session.observer.found(&detected);

    // A parent that an earlier run created is not missing; the state is read where there is one.
    let reader = if exports.has_references() {
        known_parents(&opened.mapping.name, session)?
    } else {
        None
    };
    let parents = KnownRows::new(reader);
    let known = |key: &RowKey| parents.is_created(key);
    let collector = export::collector(folder.as_ref(), exports, wanted, &counters)?;
    let part = Part {
        exports,
        survey: &survey,
        known: &known,
        collector: &collector,
        stop: &stop,
    };
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
        values: request.report.values,
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
    Ok(conclude(
        heading,
        &collector,
        folder.as_ref(),
        session.observer,
        ending,
    ))
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
