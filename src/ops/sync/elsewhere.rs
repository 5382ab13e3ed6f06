//! Jobs that somebody else ran while this night waited for the state: with two hosts, each job is run by one of them, and what one
//! has not come to, since it died, is run by the other.

use std::collections::HashSet;
use std::time::Instant;

use super::candidate::Candidate;
use super::place::Place;
use crate::clock::Timestamp;
use crate::config::{Job, JobPlace};
use crate::ops::conclude::{Heading, blank};
use crate::ops::connect::known_target;
use crate::ops::error::OpError;
use crate::ops::session::Session;
use crate::partner::RowOutcome;
use crate::report::{Counts, Kind, RunEnding, RunReport, SourceValues};
use crate::state::{RunId, RunRow, StateError};

/// The newest runs that are looked at: those of two nights of many jobs.
const LOOKED_AT: u32 = 500;

/// Runs that have come to their end.
pub(super) struct Ended(Vec<RunRow>);

impl Ended {
    /// All that there are now; none where nothing is waited for.
    pub(super) fn now(session: &Session<'_>) -> Result<Self, OpError> {
        let view = match session.store().find_view() {
            Ok(view) => view,
            // A state of an older version is looked at when it is held.
            Err(StateError::Outdated { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let mut runs = view.map_or_else(|| Ok(Vec::new()), |view| view.runs(LOOKED_AT))?;
        runs.retain(|run| run.ended.is_some());
        Ok(Self(runs))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing.
    pub(super) fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Those that `before` has not.
    pub(super) fn since(self, before: &Self) -> Self {
        let before: HashSet<&str> = before.0.iter().map(|run| run.run.as_str()).collect();
        let new = |run: &RunRow| !before.contains(run.run.as_str());
        Self(self.0.into_iter().filter(new).collect())
    }

    /// The run of these that did a job: for good, whether rows are left to be looked at or not. Where it may have done another one
    /// of the `jobs`, or did not read the export that is there now, the job is run: what is imported already is skipped.
    pub(super) fn of(
        &self,
        job: &Job,
        mapping: &str,
        jobs: &[Job],
        session: &Session<'_>,
    ) -> Option<&RunRow> {
        let target = known_target(session).ok().flatten()?;
        let is_done = |run: &&RunRow| {
            run.command == "sync"
                && run.target == target
                && run.mapping == mapping
                && matches!(run.exit, Some(0 | 1))
                && is_of(job, &run.files)
        };
        let run = self.0.iter().find(is_done)?;
        let others = jobs.iter().filter(|other| other.name != job.name);
        let mut alike = others.filter(|other| is_of(other, &run.files));
        (alike.next().is_none() && has_read_the_newest(run, job, session)).then_some(run)
    }
}

/// Whether a run read the export that the job would read now: it is the newest, and was there when the run began. One that was put
/// away since left nothing newer. What a command fetches is as new as the run.
fn has_read_the_newest(run: &RunRow, job: &Job, session: &Session<'_>) -> bool {
    if matches!(job.place(), Ok(JobPlace::Command { .. })) {
        return true;
    }
    let Ok(began) = run.started.parse::<jiff::Timestamp>() else {
        return false;
    };
    let look = || -> Result<(Vec<Candidate>, Vec<Candidate>), OpError> {
        let place = Place::of(job, session)?;
        let put_away = job.archive.as_ref();
        let put_away = put_away.map_or(Ok(Vec::new()), |folder| place.put_away_before(folder));
        Ok((place.find()?.exports, put_away?))
    };
    // Whatever is wrong with the place, the job says it.
    let Ok((exports, put_away)) = look() else {
        return false;
    };
    // The begin is told in whole seconds.
    let until = began.as_millisecond() + 1000;
    let was_there = |at: &Candidate| at.changed.is_some_and(|Timestamp(at)| at < until);
    let is_read = |at: &&Candidate| at.shown.to_string_lossy() == run.files;
    let read = match exports.iter().find(is_read) {
        Some(read) => Some(read).filter(|read| was_there(read)),
        None => put_away.iter().max_by_key(|at| at.changed),
    };
    read.is_some_and(|read| exports.iter().all(|at| at.changed <= read.changed))
}

/// Whether a job would read a file of this name.
fn is_of(job: &Job, file: &str) -> bool {
    // A star does not look into folders, as where exports are looked for.
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::default()
    };
    let fits = |pattern: &str| {
        pattern == file || glob::Pattern::new(pattern).is_ok_and(|p| p.matches_with(file, options))
    };
    match job.place() {
        Ok(JobPlace::Files(pattern)) => fits(pattern),
        Ok(JobPlace::Command { name, .. }) => name == file,
        Ok(JobPlace::Objects(address)) => fits(&address.to_string()),
        Err(_) => false,
    }
}

/// What is reported of a job that somebody else ran, with that run's counts, and a line for people.
pub(super) fn passed_over(run: &RunRow, job: &Job, values: SourceValues) -> (RunReport, String) {
    let exit = run.exit.unwrap_or_default();
    let of_summary = |name: &str| {
        let summary = run.summary.as_ref();
        summary.and_then(|summary| summary.get(name)?.as_u64())
    };
    let mut counts = Counts::default();
    for outcome in RowOutcome::ALL {
        counts.add(outcome, of_summary(outcome.as_str()).unwrap_or(0));
    }
    let heading = Heading {
        run: RunId(run.run.clone()),
        kind: Kind::Import,
        target: Some(run.target.clone()),
        mapping: run.mapping.clone(),
        files: vec![job.shown_place()],
        detected: Vec::new(),
        values,
        verified: None,
        counts: Some(counts),
        stopped: None,
        started: Instant::now(),
    };
    let mut report = blank(heading);
    report.ending = RunEnding::of(exit);
    report.errors = of_summary("errors").unwrap_or(0);
    report.warnings = of_summary("warnings").unwrap_or(0);
    let note = format!(
        "not run again: run {} has imported {} while this one waited for the state (exit {exit})",
        run.run, run.files
    );
    (report, note)
}
