//! One import from its survey to its report.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use super::adopt::{Adoption, doubts_left};
use super::context::{Import, lock};
use super::done::{self, DoneBefore};
use super::pipeline::Pipeline;
use super::request::ImportRequest;
use super::sealed_plan::state_digest;
use crate::api::collect_by_identifier;
use crate::config::OnChange;
use crate::delivery::{Leftover, StopReason};
use crate::diagnostic::Code;
use crate::ops::conclude::{has_problem, run_end};
use crate::ops::connect::connect;
use crate::ops::error::OpError;
use crate::ops::export::{self, Opened};
use crate::ops::observer::{Note, Progress};
use crate::ops::request::Adopt;
use crate::ops::session::Session;
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::Survey;
use crate::report::{Collector, Counters, PerRow, RunEnding, RunReport};
use crate::state::{Doubt, OpenRows, RunId, RunStart, StateWriter};

/// Imports. The caller holds the lock of the state, and its session stops when the time of the request is over.
pub(in crate::ops) fn once(
    request: &ImportRequest,
    opened: &Opened,
    session: &Session<'_>,
) -> Result<RunReport, OpError> {
    let started = Instant::now();
    let folder = request.report.create_folder()?;
    let stop = session.stop.child();
    let connection = connect(session, &stop)?;
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
        opened,
        connection,
        stop,
        started,
        folder,
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

        let (state, doubts, thread) = self.begin(open, &collector)?;
        let survey = Arc::new(survey);
        let adopted = self.adopt(&survey, &state, &collector);
        let doubts = doubts_left(&state, doubts)?;
        let pipeline = Pipeline {
            import: &self,
            survey: &survey,
            state: &state,
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

    /// Begins the run in the state, which from then on keeps the collector's problems.
    fn begin(
        &self,
        open: OpenRows,
        collector: &Mutex<Collector>,
    ) -> Result<(StateWriter, Vec<Doubt>, JoinHandle<()>), OpError> {
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
        let (state, doubts, thread) = self.session.begin(start)?;
        if !doubts.is_empty() {
            tracing::info!(
                count = doubts.len(),
                "rows of earlier runs are in doubt and are looked up first"
            );
        }
        let kept = state.clone();
        lock(collector).store_problems(Box::new(move |part| kept.store_problems(part)));
        Ok((state, doubts, thread))
    }

    /// Records partners that are on the API already, where that is asked for; returns the rows' ordinals.
    fn adopt(
        &self,
        survey: &Survey,
        state: &StateWriter,
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
            state,
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
        for pause in self.connection.limiter.pauses() {
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
}
