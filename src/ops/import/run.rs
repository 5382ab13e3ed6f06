//! One import from its survey to its report.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::adopt::doubts_left;
use super::before_create::Look;
use super::context::{Import, lock};
use super::done::{self, DoneBefore};
use super::pipeline::Pipeline;
use super::request::ImportRequest;
use super::sealed_plan::state_digest;
use crate::api::{Keep, collect_all};
use crate::config::OnChange;
use crate::delivery::{Leftover, StopReason, twin};
use crate::diagnostic::{Code, thousands};
use crate::ops::conclude::{ending_of, has_problem, run_end};
use crate::ops::connect::{Waits, connect};
use crate::ops::error::OpError;
use crate::ops::export::{self, Opened};
use crate::ops::lost_key;
use crate::ops::observer::{Note, Progress};
use crate::ops::session::Session;
use crate::ops::together::together_with;
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::Survey;
use crate::report::{Collector, Counters, PerRow, RunEnding, RunReport, StopCause, Stopped};
use crate::state::{
    Begun, OpenRows, RunEnd, RunId, RunStart, SharedImport, StateLock, StateWriter,
};

/// Imports. The caller holds the lock of the state, and its session stops when the time of the request is over.
pub(in crate::ops) fn once(
    request: &ImportRequest,
    opened: &Opened,
    session: &Session<'_>,
    lock: &Arc<StateLock>,
) -> Result<RunReport, OpError> {
    once_joined(request, opened, session, lock, None)
}

/// The same, where the import was joined already.
pub(super) fn once_joined(
    request: &ImportRequest,
    opened: &Opened,
    session: &Session<'_>,
    lock: &Arc<StateLock>,
    joined: Option<SharedImport>,
) -> Result<RunReport, OpError> {
    let started = Instant::now();
    let folder = request.report.folder_for(&request.export.files, session)?;
    let stop = session.stop.child();
    let connection = connect(session, &stop, Waits::ForTheApi, request.report.values)?;
    let (held, stopping) = (Arc::downgrade(lock), stop.clone());
    connection.gate.watch(move || {
        let lock = held.upgrade()?;
        // Rows that are not sent any more are left by a run that stops, and says why.
        if let Some(error) = lock.over() {
            stopping.request(StopReason::State(error.to_string()));
        }
        // Who stops waits for nothing.
        lock.may_send()
            .filter(|now| *now || !stopping.is_requested())
    });
    if let Some(plan) = &request.plan {
        let state = state_digest(session, &connection.target, &opened.mapping.name)?;
        plan.hold(&connection.target, &state)?;
    }
    let import = Import {
        id: request
            .id
            .clone()
            .unwrap_or_else(|| RunId::new(&session.clock)),
        request,
        session,
        lock,
        opened,
        connection,
        stop,
        started,
        folder,
        joined,
    };
    import.run()
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
        let collector =
            export::collector(self.folder.as_ref(), exports, &survey, wanted, &counters)?;
        lock(&collector).log_as(&self.id.0, self.request.job.as_deref());

        if let Some(refusal) = self.preflight(&survey, &collector)? {
            drop(progress);
            self.session.observer.note(&Note::Refused(&refusal.words));
            let mut heading = self.heading(&detected);
            if refusal.ending == RunEnding::Stopped {
                heading.stopped = Some(Stopped::from(refusal.words).because(StopCause::Export));
            }
            return Ok(self.conclude(heading, &collector, &survey, |_| refusal.ending));
        }
        if !self.is_confirmed(&survey)? {
            return Err(OpError::NotConfirmed);
        }

        let shared = self.join(survey.rows)?;
        let (state, mut doubts, thread) = self.begin(open, &collector)?;
        let look = Look {
            import: &self,
            survey: &survey,
            state: &state,
            collector: &collector,
        };
        let looked = match &shared {
            Some(shared) => look.first_of_all(shared, &mut doubts)?,
            None => look.first(),
        };
        if !exports.has_references() {
            survey.forget_keys();
        }
        let survey = Arc::new(survey);
        let doubts = doubts_left(&state, doubts)?;
        let pipeline = Pipeline {
            import: &self,
            survey: &survey,
            state: &state,
            collector: &collector,
            counters: &counters,
            shared: shared.as_ref(),
        };
        let (leftover, not_reached) = pipeline.run(doubts, looked)?;
        drop(progress);
        self.report_pauses(&collector);
        // Where the state is gone or away, the run has its report all the same; what is not told now is told by the next one.
        let told = tell_twins(&state, &collector).unwrap_or_else(|error| {
            self.stop.request(StopReason::State(error.to_string()));
            0
        });

        self.note_machines(shared.as_ref(), &collector);
        let mut heading = self.heading(&detected);
        if not_reached > 0 && heading.stopped.is_none() {
            let words = self.not_reached(not_reached, counters.get(RowOutcome::Created));
            let cause = match self.request.canary {
                Some(_) => StopCause::Canary,
                None => StopCause::Limit,
            };
            heading.stopped = words.map(|words| Stopped::from(words).because(cause));
        }
        let report = self.conclude(heading, &collector, &survey, |report| {
            self.ending(report, survey.rows, &leftover)
        });
        let end = RunEnd {
            told,
            ..run_end(&report, self.session.settings.keep)
        };
        if let Err(error) = self.session.runtime.block_on(state.end(end)) {
            self.session.observer.trouble(&error.into());
        }
        drop(state);
        let _ = thread.join();
        Ok(report)
    }

    fn survey(&self, counters: &Counters) -> Result<(Survey, OpenRows), OpError> {
        let exports = &self.opened.exports;
        let done = match self.reader()? {
            Some(reader) => DoneBefore::read(&reader, exports.bytes())?,
            None => None,
        };
        let ahead = done::ahead(done.as_ref());
        let survey = export::survey(exports, ahead, &self.stop, counters)?;
        Ok((survey, done.map_or(OpenRows::MayExist, |d| d.open)))
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
            let wanted = |legacy: &str| {
                if missing.contains(legacy) {
                    Keep::Wanted
                } else {
                    Keep::Nothing
                }
            };
            let all = self
                .session
                .runtime
                .block_on(collect_all(&*self.connection.api, &wanted))?;
            // Which of several is meant is not for us to say.
            partners = all
                .found
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

    /// Begins the run in the state, which from then on keeps the collector's problems.
    fn begin(&self, open: OpenRows, collector: &Mutex<Collector>) -> Result<Begun, OpError> {
        let start = RunStart {
            id: self.id.clone(),
            command: match (&self.request.job, self.request.canary) {
                (Some(_), _) => "sync",
                (None, Some(_)) => "canary",
                (None, None) => "import",
            },
            target: self.connection.target.clone(),
            mapping: self.opened.mapping.name.clone(),
            files: export::file_names(&self.opened.exports).join(", "),
            open,
        };
        let (state, doubts, thread) = self.session.begin(self.lock, start)?;
        if !doubts.is_empty() {
            tracing::info!(
                count = doubts.len(),
                "rows of earlier runs are in doubt and are looked up first"
            );
        }
        let kept = state.clone();
        lock(collector).store_problems(Box::new(move |part| kept.store_problems(part)));
        lost_key::report(state.lost_key(), self.session.observer, collector);
        Ok((state, doubts, thread))
    }

    /// What the machines did that shared the import.
    fn note_machines(&self, shared: Option<&SharedImport>, collector: &Mutex<Collector>) {
        match shared.map(|shared| shared.machines()) {
            Some(Ok(all)) => {
                let is_over = !self.stop.is_requested();
                lock(collector).shared_by(together_with(&all, is_over));
            }
            Some(Err(error)) => {
                tracing::warn!("what the other machines did is not known: {error}");
            }
            None => {}
        }
    }

    fn report_pauses(&self, collector: &Mutex<Collector>) {
        let mut held = lock(collector);
        let mut pauses = self.connection.limiter.pauses();
        pauses.extend(self.connection.outage.pauses());
        pauses.sort_by_key(|pause| pause.from);
        for pause in pauses {
            held.paused(pause.from, pause.to, pause.throttled);
        }
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
            Some(reason) => ending_of(&reason),
            // Those that were set aside are a person's, and a run that went on without them has come to its end.
            None if report.count(RowOutcome::Deferred) > leftover.set_aside => RunEnding::Stopped,
            None if counted > 0 && any_undone => RunEnding::Problems,
            None if has_problem(report, Code::DuplicateOnApi) => RunEnding::Problems,
            // A doubt of an earlier run whose row is not in the file is still a doubt.
            None if leftover.doubts > 0 => RunEnding::Problems,
            None => RunEnding::Done,
        }
    }

    /// Why rows behind a limit have no partner yet, where that is not for another step of the same command to say.
    fn not_reached(&self, rows: u64, created: u64) -> Option<String> {
        if self.request.canary.is_some() {
            let none = "none of the canary's rows was created, so the other rows were not sent. Repair what the problems name and run again.";
            return (created == 0).then(|| none.to_owned());
        }
        let limit = self.request.limit?;
        Some(match rows {
            1 => format!("1 row was not reached: --limit {limit}"),
            rows => format!("{} rows were not reached: --limit {limit}", thousands(rows)),
        })
    }
}

/// Reports partners that answers name which came late, beside the ones that the state has; returns up to which answer.
fn tell_twins(state: &StateWriter, collector: &Mutex<Collector>) -> Result<i64, OpError> {
    let twins = state.reader()?.twins()?;
    let told = twins.iter().map(|twin| twin.number).max().unwrap_or(0);
    // The row may be of an earlier export.
    let diagnostics = twins.iter().map(twin).collect();
    lock(collector).add_diagnostics(u32::MAX, diagnostics);
    Ok(told)
}
