//! `import`: the main job. A rerun resumes.
//!
//! What comes in: an [`ImportRequest`]. What goes out: the run's report, after every row has its outcome in the state.
//! `preflight` looks at the whole source before anything is sent, `pipeline` runs feeder, delivery and collector,
//! `dry_run` shows row by row what an import would do, and `sealed_plan` keeps that for later.

mod adopt;
mod done;
mod dry_run;
mod expectations;
mod feeder;
mod pipeline;
mod preflight;
mod sealed_plan;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub(super) use adopt::Adoption;
pub(super) use dry_run::preview;
pub use dry_run::{Estimate, Preview, TokenLeft, dry_run};
pub(super) use sealed_plan::PlanError;
pub use sealed_plan::SealedPlan;

use super::canary;
use super::conclude::{Heading, conclude, has_problem, run_end};
use super::connect::{Connection, connect, rate};
use super::error::OpError;
use super::export::{self, Opened};
use super::observer::{Note, Progress};
use super::request::{Adopt, ImportRequest, Rejected};
use super::session::Session;
use crate::api::collect_by_identifier;
use crate::config::OnChange;
use crate::delivery::{Leftover, Stop, StopReason};
use crate::diagnostic::Code;
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::{Exports, Survey};
use crate::report::{
    Collector, Counters, Detected, Kind, PerRow, ReportFolder, RunEnding, RunReport,
};
use crate::state::{Doubt, Ledger, LedgerReader, OpenRows, RunId, RunStart, StateLock};
use adopt::doubts_left;
use done::DoneBefore;
use pipeline::Pipeline;

/// Imports: each row of the export gets its partner, or an outcome that says why not.
///
/// # Errors
/// [`OpError`] where nothing could be begun: mapping, files, address, state or the report's folder. Whatever goes wrong
/// later is the report's `stopped`.
pub fn import(request: &ImportRequest, session: &Session<'_>) -> Result<RunReport, OpError> {
    rate(session.settings)?;
    // Before the state is touched, so that a typing error makes none; and once, since a pipe cannot be read twice.
    let opened = export::open(&request.export)?;
    let _lock = StateLock::take(&session.settings.state, &session.clock)?;
    let Some(rows) = request.canary else {
        return once(request, &opened, session);
    };
    if let Some(report) = canary::run(request, &opened, rows, session)? {
        return Ok(report);
    }
    let rest = ImportRequest {
        // It held before the canary; the canary's own rows have moved the state since.
        plan: None,
        ..request.clone()
    };
    once(&rest, &opened, session)
}

/// Imports. The caller holds the lock of the state.
pub(super) fn once(
    request: &ImportRequest,
    opened: &Opened,
    session: &Session<'_>,
) -> Result<RunReport, OpError> {
    let started = Instant::now();
    let folder = request.report.create_folder()?;
    let stop = session.stop.child();
    let connection = connect(session, &stop)?;
    if let Some(limit) = request.max_duration {
        let stop = stop.clone();
        session.runtime.spawn(async move {
            if stop.pause(limit).await {
                stop.request(StopReason::TimeOver);
            }
        });
    }
    if let Some(plan) = &request.plan {
        let state = sealed_plan::state_digest(session, &connection.target, &opened.mapping.name)?;
        plan.hold(&connection.target, &state)?;
    }
    let import = Import {
        id: request
            .id
            .clone()
            .unwrap_or_else(|| RunId::new(&session.clock)),
        request,
        session,
        opened,
        connection,
        stop,
        started,
        folder,
    };
    import.run()
}

fn lock(collector: &Mutex<Collector>) -> MutexGuard<'_, Collector> {
    collector.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One import under way.
struct Import<'i> {
    request: &'i ImportRequest,
    session: &'i Session<'i>,
    opened: &'i Opened,
    connection: Connection,
    stop: Stop,
    started: Instant,
    folder: Option<ReportFolder>,
    id: RunId,
}

impl Import<'_> {
    fn run(self) -> Result<RunReport, OpError> {
        let exports = &self.opened.exports;
        let counters = Arc::new(Counters::default());
        let progress = Progress::start(self.session.observer, &counters);
        let (mut survey, open) = self.survey(&counters)?;
        if exports.asks_api() && !survey.incomplete {
            self.ask_for_parents(&mut survey)?;
        }
        let detected = export::detected(exports, &survey, self.request.report.values);
        self.session.observer.found(&detected);
        let wanted = self.request.report.wanted(PerRow::Created);
        let collector = export::collector(self.folder.as_ref(), exports, wanted, &counters)?;
        lock(&collector).log_as(&self.id.0, self.request.job.as_deref());

        if let Some(refusal) = self.preflight(&survey, &collector)? {
            drop(progress);
            self.session.observer.note(&Note::Refused(&refusal.words));
            let mut heading = self.heading(&detected);
            if refusal.ending == RunEnding::Stopped {
                heading.stopped = Some(refusal.words);
            }
            return Ok(self.conclude(heading, &collector, |_| refusal.ending));
        }
        if !self.is_confirmed(&survey)? {
            return Err(OpError::NotConfirmed);
        }

        let (ledger, doubts, writer) = self.begin(open, &collector)?;
        let survey = Arc::new(survey);
        let adopted = self.adopt(&survey, &ledger, &collector);
        let doubts = doubts_left(&ledger, doubts)?;
        let pipeline = Pipeline {
            import: &self,
            survey: &survey,
            ledger: &ledger,
            collector: &collector,
        };
        let leftover = pipeline.run(doubts, adopted)?;
        drop(progress);
        self.report_pauses(&collector);

        let heading = self.heading(&detected);
        let report = self.conclude(heading, &collector, |report| {
            self.ending(report, survey.rows, &leftover)
        });
        let end = run_end(&report, self.session.settings.keep);
        if let Err(error) = self.session.runtime.block_on(ledger.end(end)) {
            self.session.observer.trouble(&error.into());
        }
        drop(ledger);
        let _ = writer.join();
        Ok(report)
    }

    fn heading(&self, detected: &[Detected]) -> Heading {
        Heading {
            run: self.id.clone(),
            kind: Kind::Import,
            target: Some(self.connection.target.clone()),
            mapping: self.opened.mapping.name.clone(),
            files: export::file_names(&self.opened.exports),
            detected: detected.to_vec(),
            values: self.request.report.values,
            verified: None,
            stopped: self.stop.reason().map(|r| r.to_string()),
            started: self.started,
        }
    }

    fn conclude(
        &self,
        heading: Heading,
        collector: &Arc<Mutex<Collector>>,
        ending: impl FnOnce(&RunReport) -> RunEnding,
    ) -> RunReport {
        let observer = self.session.observer;
        conclude(heading, collector, self.folder.as_ref(), observer, ending)
    }

    fn survey(&self, counters: &Counters) -> Result<(Survey, OpenRows), OpError> {
        let exports = &self.opened.exports;
        let done = match self.reader()? {
            Some(reader) => DoneBefore::read(&reader, exports.bytes())?,
            None => None,
        };
        let ahead = done::ahead(done.as_ref());
        let survey = export::survey(exports, ahead, &self.stop, counters)?;
        Ok((survey, done.map_or(OpenRows::Perhaps, |d| d.open)))
    }

    /// Looks for parents that neither the files nor the state have, by one walk over the API's list.
    fn ask_for_parents(&self, survey: &mut Survey) -> Result<(), OpError> {
        let reader = self.reader()?;
        let known = |key: &RowKey| {
            reader
                .as_ref()
                .is_some_and(|r| r.is_created(key).unwrap_or(false))
        };
        let missing = self.opened.exports.missing_references(survey, &known)?;
        let mut partners = HashMap::new();
        if !missing.is_empty() {
            let wanted = |legacy: &str| missing.contains(legacy);
            let found = self
                .session
                .runtime
                .block_on(collect_by_identifier(&*self.connection.api, &wanted))?;
            // Which of several is meant is not for us to say.
            partners = found
                .into_iter()
                .filter_map(|(legacy, ids)| match ids.as_slice() {
                    [id] => Some((legacy, id.clone())),
                    _ => None,
                })
                .collect();
            tracing::info!(
                missing = missing.len(),
                found = partners.len(),
                "parents outside the files were looked for on the API"
            );
        }
        survey.found_on_api(partners);
        Ok(())
    }

    fn reader(&self) -> Result<Option<LedgerReader>, OpError> {
        let mapping = &self.opened.mapping.name;
        self.session.reader(&self.connection.target, mapping)
    }

    /// Begins the run in the state, which from then on keeps the collector's problems.
    fn begin(
        &self,
        open: OpenRows,
        collector: &Mutex<Collector>,
    ) -> Result<(Ledger, Vec<Doubt>, std::thread::JoinHandle<()>), OpError> {
        let start = RunStart {
            id: self.id.clone(),
            command: if self.request.job.is_some() {
                "sync"
            } else {
                "import"
            },
            target: self.connection.target.clone(),
            mapping: self.opened.mapping.name.clone(),
            files: export::file_names(&self.opened.exports).join(", "),
            open,
        };
        let (ledger, doubts, writer) =
            Ledger::begin(&self.session.settings.state, &start, &self.session.clock)?;
        if !doubts.is_empty() {
            tracing::info!(
                count = doubts.len(),
                "rows of earlier runs are in doubt and are looked up first"
            );
        }
        let kept = ledger.clone();
        lock(collector).keep_problems(Box::new(move |part| kept.keep_problems(part)));
        Ok((ledger, doubts, writer))
    }

    /// Records partners that are on the API already, where that is asked for; returns the rows' ordinals.
    fn adopt(
        &self,
        survey: &Survey,
        ledger: &Ledger,
        collector: &Arc<Mutex<Collector>>,
    ) -> HashSet<u32> {
        if self.request.adopt == Adopt::No {
            return HashSet::new();
        }
        let adoption = Adoption {
            api: &self.connection.api,
            handle: &self.session.runtime,
            exports: &self.opened.exports,
            survey,
            ledger,
            collector,
            stop: &self.stop,
        };
        adoption.run(&mut |_, _| {}).unwrap_or_else(|error| {
            // What is there already cannot be known, so nothing may be created.
            self.stop.request(StopReason::ApiDown(error.to_string()));
            HashSet::new()
        })
    }

    fn report_pauses(&self, collector: &Mutex<Collector>) {
        let mut held = lock(collector);
        for pause in self.connection.limiter.left_alone() {
            held.paused(pause.from, pause.to, pause.throttled);
        }
    }

    /// Whether rows that were rejected earlier are sent again.
    fn retries_rejected(&self) -> bool {
        self.request.rejected == Rejected::SendAgain
    }

    /// Changed rows of a job with `on_change = "note"` are reported and no problem.
    fn is_tolerated(&self, outcome: RowOutcome) -> bool {
        outcome == RowOutcome::Changed && self.request.on_change == OnChange::Note
    }

    fn ending(&self, report: &RunReport, read: u64, leftover: &Leftover) -> RunEnding {
        let counted = report.rows();
        if counted != read {
            let error = OpError::Miscounted { counted, read };
            self.session.observer.trouble(&error);
            return RunEnding::Stopped;
        }
        let has = |outcome: RowOutcome| report.count(outcome) > 0;
        let any_undone = RowOutcome::ALL
            .into_iter()
            .any(|o| !o.is_done() && !self.is_tolerated(o) && has(o));
        match self.stop.reason() {
            Some(StopReason::Interrupted) => RunEnding::Interrupted,
            Some(_) => RunEnding::Stopped,
            None if has(RowOutcome::Deferred) => RunEnding::Stopped,
            None if counted > 0 && any_undone => RunEnding::Problems,
            None if has_problem(report, Code::DuplicateOnApi) => RunEnding::Problems,
            // A doubt of an earlier run whose row is not in the file is still a doubt.
            None if leftover.doubts > 0 => RunEnding::Problems,
            None => RunEnding::Done,
        }
    }

    fn exports(&self) -> &Arc<Exports> {
        &self.opened.exports
    }
}
