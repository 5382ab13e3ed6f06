//! `import`: the main job. A rerun resumes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc;

use super::expect::Expectations;
use super::plan::SealedPlan;
use super::run::{self, Heading, Opened};
use super::{runtime, watch_signals};
use crate::api::collect_by_identifier;
use crate::cli::Desk;
use crate::cli::adopt::{Adoption, doubts_left};
use crate::cli::args::{ImportArgs, Shared};
use crate::cli::connect::{self, Connection};
use crate::cli::contents::contents;
use crate::cli::done::{self, DoneBefore};
use crate::cli::exit::{CliError, Exit};
use crate::cli::feeder::Feeder;
use crate::cli::known::KnownRows;
use crate::cli::progress::{Progress, Screen};
use crate::cli::prompt;
use crate::config::{OnChange, Resolved};
use crate::delivery::{Delivery, Leftover, Options, Stop, StopReason};
use crate::partner::{RowKey, RowOutcome, RowResult};
use crate::prepare::{Exports, Survey};
use crate::report::{Collector, Counters, Kind, PerRow, ReportFolder, RunReport};
use crate::source::Flow;
use crate::state::{Doubt, Ledger, LedgerReader, OpenRows, RunId, RunStart, StateLock};

/// Batches between feeder and delivery: the feeder stays this far ahead at most.
const BATCHES_AHEAD: usize = 2;
/// Result batches between delivery and collector.
const RESULTS_AHEAD: usize = 64;

/// One import, however it was asked for.
pub(super) struct Order {
    /// What was typed, or what the job says.
    pub(super) args: ImportArgs,
    /// The settings.
    pub(super) settings: Resolved,
    /// `import` or `sync`.
    pub(super) command: &'static str,
    /// The run's name, where it was given one.
    pub(super) id: Option<RunId>,
    /// The job's name.
    pub(super) job: Option<String>,
    /// What has to be true of the source before anything is sent.
    pub(super) expect: Expectations,
    /// Whether changed rows are a problem.
    pub(super) on_change: OnChange,
    /// The sealed plan that has to hold.
    pub(super) plan: Option<SealedPlan>,
}

/// What an import runs in.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'s> {
    pub(super) shared: &'s Shared,
    pub(super) desk: &'s Desk,
    pub(super) screen: &'s Screen,
    pub(super) runtime: &'s tokio::runtime::Runtime,
}

pub(super) fn run(
    args: &ImportArgs,
    shared: &Shared,
    desk: &Desk,
    screen: &Screen,
) -> Result<Exit, CliError> {
    let settings = connect::settings(shared, desk)?;
    connect::rate(&settings)?;
    let (args, plan) = match &args.plan {
        Some(path) => {
            let plan = SealedPlan::read(path)?;
            (plan.arguments(args), Some(plan))
        }
        None => (args.clone(), None),
    };
    let runtime = runtime()?;
    let around = Surroundings {
        shared,
        desk,
        screen,
        runtime: &runtime,
    };
    let mut order = Order {
        args,
        settings,
        command: "import",
        id: None,
        job: None,
        expect: Expectations::default(),
        on_change: OnChange::Problem,
        plan,
    };
    // Before the state is touched, so that a typing error makes none; and once, since a pipe cannot be read twice.
    let opened = run::open(&order.args.export())?;
    let _lock = StateLock::take(&order.settings.state, &desk.clock)?;
    if let Some(rows) = order.args.canary {
        let report = super::canary::run(&order, &opened, rows, around)?;
        if let Some(report) = report {
            return Ok(run::print(&report, desk));
        }
        // It held before the canary; the canary's own rows have moved the state since.
        order.plan = None;
    }
    let report = execute(&order, &opened, around)?;
    Ok(run::print(&report, desk))
}

/// Imports. The caller holds the lock of the state.
pub(super) fn execute(
    order: &Order,
    opened: &Opened,
    around: Surroundings<'_>,
) -> Result<RunReport, CliError> {
    let started = Instant::now();
    let folder = order
        .settings
        .report
        .as_deref()
        .map(ReportFolder::create)
        .transpose()?;
    let stop = Stop::default();
    watch_signals(around.runtime, &stop);
    let connection = around.runtime.block_on(connect::connect(
        around.shared,
        &order.settings,
        &stop,
        around.desk,
    ))?;
    if let Some(limit) = order.args.max_duration {
        let stop = stop.clone();
        around.runtime.spawn(async move {
            tokio::time::sleep(limit).await;
            stop.request(StopReason::TimeOver);
        });
    }
    if let Some(plan) = &order.plan {
        let state = connect::state_digest(
            &order.settings.state,
            &connection.target,
            &opened.mapping.name,
        )?;
        plan.hold(&connection.target, &state)?;
    }
    let import = Import {
        args: &order.args,
        order,
        shared: around.shared,
        desk: around.desk,
        settings: &order.settings,
        opened,
        connection,
        stop,
        started,
        folder,
    };
    import.run(around.runtime, around.screen)
}

/// Why nothing is sent.
struct Refusal {
    words: String,
    exit: Exit,
}

fn lock(collector: &Arc<Mutex<Collector>>) -> std::sync::MutexGuard<'_, Collector> {
    collector.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Import<'i> {
    args: &'i ImportArgs,
    order: &'i Order,
    shared: &'i Shared,
    desk: &'i Desk,
    settings: &'i Resolved,
    opened: &'i Opened,
    connection: Connection,
    stop: Stop,
    started: Instant,
    folder: Option<ReportFolder>,
}

impl Import<'_> {
    fn run(
        self,
        runtime: &tokio::runtime::Runtime,
        screen: &Screen,
    ) -> Result<RunReport, CliError> {
        let exports = Arc::clone(&self.opened.exports);
        let counters = Arc::new(Counters::default());
        let progress = Progress::start(
            self.shared.progress,
            self.shared.quiet,
            screen,
            Arc::clone(&counters),
        );
        let (mut survey, open) = self.survey(&exports, &counters)?;
        if exports.asks_api() && !survey.incomplete {
            self.ask_for_parents(runtime, &exports, &mut survey)?;
        }
        let detected = run::detected(&exports, &survey, self.shared.values());
        run::tell_detected(self.desk, &detected);
        let collector = run::collector(
            self.folder.as_ref(),
            &exports,
            self.shared.wanted(PerRow::Created),
            &counters,
        )?;
        let heading = |id: RunId, stop: &Stop, this: &Self| Heading {
            run: id,
            kind: Kind::Import,
            target: Some(this.connection.target.clone()),
            mapping: this.opened.mapping.name.clone(),
            files: run::file_names(&exports),
            detected: detected.clone(),
            values: this.shared.values(),
            verified: None,
            stopped: stop.reason().map(|r| r.to_string()),
            started: this.started,
        };
        let id = self
            .order
            .id
            .clone()
            .unwrap_or_else(|| RunId::new(&self.desk.clock));
        lock(&collector).log_as(&id.0, self.order.job.as_deref());

        if let Some(refusal) = self.preflight(&exports, &survey, &collector)? {
            progress.finish();
            self.desk.output.note(&refusal.words);
            let mut heading = heading(id, &self.stop, &self);
            if refusal.exit == Exit::Stopped {
                heading.stopped = Some(refusal.words);
            }
            let exit = refusal.exit;
            return Ok(run::conclude(
                heading,
                &collector,
                self.folder.as_ref(),
                self.desk,
                |_| exit,
            ));
        }
        if !self.confirmed(&survey)? {
            progress.finish();
            return Err(CliError::Usage(
                "not confirmed; nothing was sent (--yes does not ask)".to_owned(),
            ));
        }

        let start = RunStart {
            id: id.clone(),
            command: self.order.command,
            target: self.connection.target.clone(),
            mapping: self.opened.mapping.name.clone(),
            files: run::file_names(&exports).join(", "),
            open,
        };
        let (ledger, doubts, writer) =
            Ledger::begin(&self.settings.state, &start, &self.desk.clock)?;
        if !doubts.is_empty() {
            tracing::info!(
                count = doubts.len(),
                "rows of earlier runs are in doubt and are looked up first"
            );
        }
        let kept = ledger.clone();
        collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keep_problems(Box::new(move |part| kept.keep_problems(part)));
        let survey = Arc::new(survey);
        let mut adopted = HashSet::new();
        if self.args.adopt {
            let adoption = Adoption {
                api: &self.connection.api,
                handle: runtime.handle(),
                exports: &exports,
                survey: &survey,
                ledger: &ledger,
                collector: &collector,
                stop: &self.stop,
            };
            match adoption.run(&mut |_, _| {}) {
                Ok(ordinals) => adopted = ordinals,
                // What is there already cannot be known, so nothing may be made.
                Err(error) => self.stop.request(StopReason::ApiDown(error.to_string())),
            }
        }
        let doubts = doubts_left(&ledger, doubts)?;
        let leftover = self.deliver(
            runtime, &exports, &survey, &ledger, doubts, adopted, &collector,
        )?;
        progress.finish();
        self.tell_pauses(&collector);

        let rows = survey.rows;
        let report = run::conclude(
            heading(id, &self.stop, &self),
            &collector,
            self.folder.as_ref(),
            self.desk,
            |report| self.exit(report, rows, &leftover),
        );
        runtime.block_on(async {
            if let Err(error) = ledger.end(run::run_end(&report, self.settings.keep)).await {
                self.desk.output.error(&error.into());
            }
        });
        drop(ledger);
        let _ = writer.join();
        Ok(report)
    }

    fn tell_pauses(&self, collector: &Arc<Mutex<Collector>>) {
        let mut held = lock(collector);
        for pause in self.connection.limiter.left_alone() {
            held.paused(pause.from, pause.to, pause.throttled);
        }
    }

    fn survey(
        &self,
        exports: &Exports,
        counters: &Counters,
    ) -> Result<(Survey, OpenRows), CliError> {
        let seen = |rows| counters.surveyed.store(rows, Ordering::Relaxed);
        let done = match self.reader()? {
            Some(reader) => DoneBefore::read(&reader, exports.bytes())?,
            None => None,
        };
        let stop = || self.stop.is_requested();
        let survey = exports.survey(done::ahead(done.as_ref()), &stop, &seen)?;
        counters.total.store(survey.rows, Ordering::Relaxed);
        Ok((survey, done.map_or(OpenRows::Perhaps, |d| d.open)))
    }

    /// Looks for parents that neither the files nor the state have, by one walk over the API's list.
    fn ask_for_parents(
        &self,
        runtime: &tokio::runtime::Runtime,
        exports: &Exports,
        survey: &mut Survey,
    ) -> Result<(), CliError> {
        let reader = self.reader()?;
        let known = |key: &RowKey| {
            reader
                .as_ref()
                .is_some_and(|r| r.is_created(key).unwrap_or(false))
        };
        let missing = exports.missing_references(survey, &known)?;
        let mut partners = HashMap::new();
        if !missing.is_empty() {
            let wanted = |legacy: &str| missing.contains(legacy);
            let found = runtime.block_on(collect_by_identifier(&*self.connection.api, &wanted))?;
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

    fn reader(&self) -> Result<Option<LedgerReader>, CliError> {
        if !self.settings.state.exists() {
            return Ok(None);
        }
        Ok(LedgerReader::find(
            &self.settings.state,
            &self.connection.target,
            &self.opened.mapping.name,
        )?)
    }

    /// Looks at the whole source before anything is sent: too many invalid rows, too few rows, a source that
    /// is not what it was at the last good run. A refusal leaves the rows told, and none of them sent.
    fn preflight(
        &self,
        exports: &Exports,
        survey: &Survey,
        collector: &Arc<Mutex<Collector>>,
    ) -> Result<Option<Refusal>, CliError> {
        if survey.incomplete {
            return Ok(None);
        }
        let expect = &self.order.expect;
        let mut refusal = expect.refuses_rows(survey.rows).map(|words| Refusal {
            words,
            exit: Exit::Stopped,
        });
        let reader = self.reader()?;
        let parents = KnownRows::new(reader);
        let known = |key: &RowKey| parents.is_created(key);
        if refusal.is_none() && (self.args.max_errors.is_some() || expect.looks_at_contents()) {
            let stop = || self.stop.is_requested();
            let (invalid, tally) = run::count_invalid(exports, survey, &known, &stop)?;
            if self
                .args
                .max_errors
                .is_some_and(|most| most.is_exceeded(invalid, survey.rows))
            {
                refusal = Some(Refusal {
                    words: "more rows are invalid than --max-errors allows: nothing was sent"
                        .to_owned(),
                    exit: Exit::Problems,
                });
            }
            let drifted = expect.drift(&contents(exports, survey, tally));
            if !drifted.is_empty() {
                if refusal.is_none() && expect.fail_on_drift {
                    refusal = Some(Refusal {
                        words: format!(
                            "the export is not what it was at the last good run ({} differences): nothing was sent",
                            drifted.len()
                        ),
                        exit: Exit::Stopped,
                    });
                }
                lock(collector).tell(0, drifted);
            }
        }
        if refusal.is_some() {
            let tally = exports.prepare(survey, None, None, &known, &mut |rows| {
                let mut held = lock(collector);
                for row in rows {
                    held.add(run::unsent(row, RowOutcome::Deferred));
                }
                Flow::More
            })?;
            lock(collector).holds(contents(exports, survey, tally));
        }
        Ok(refusal)
    }

    /// Asks once, before the first import into an API that is not loopback.
    fn confirmed(&self, survey: &Survey) -> Result<bool, CliError> {
        if self.args.yes || self.connection.loopback || self.reader()?.is_some() {
            return Ok(true);
        }
        let question = format!(
            "{} rows go to {} for the first time (mapping \"{}\"). Send them?",
            survey.rows, self.connection.target, self.opened.mapping.name
        );
        Ok(prompt::confirm(&question))
    }

    /// Runs feeder, delivery and collector until every row has its outcome.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that one run consists of, once"
    )]
    fn deliver(
        &self,
        runtime: &tokio::runtime::Runtime,
        exports: &Arc<Exports>,
        survey: &Arc<Survey>,
        ledger: &Ledger,
        doubts: Vec<Doubt>,
        adopted: HashSet<u32>,
        collector: &Arc<Mutex<Collector>>,
    ) -> Result<Leftover, CliError> {
        let (results, mut told) = mpsc::channel::<Vec<RowResult>>(RESULTS_AHEAD);
        let (input, rows) = mpsc::channel(BATCHES_AHEAD);
        let options = Options {
            workers: self.settings.workers,
            settle: self.args.settle,
            retry_rejected: self.args.retry_rejected,
        };
        let delivery = Delivery::new(
            Arc::clone(&self.connection.api),
            ledger.clone(),
            options,
            doubts,
            results,
            self.stop.clone(),
        );
        let feeder = Feeder {
            exports: Arc::clone(exports),
            survey: Arc::clone(survey),
            reader: ledger.reader()?,
            ledger: ledger.clone(),
            fingerprinter: ledger.fingerprinter().clone(),
            collector: Arc::clone(collector),
            input,
            stop: self.stop.clone(),
            api: Arc::clone(&self.connection.api),
            handle: runtime.handle().clone(),
            retry_rejected: self.args.retry_rejected,
            adopted,
            budget: self.args.limit.unwrap_or(u64::MAX),
            met: 0,
            asked: false,
        };
        let machine = |e: std::io::Error| CliError::Machine(format!("cannot start a thread: {e}"));
        let feeding = std::thread::Builder::new()
            .name("feeder".to_owned())
            .spawn(move || feeder.run())
            .map_err(machine)?;
        let filled = Arc::clone(collector);
        let collecting = std::thread::Builder::new()
            .name("collector".to_owned())
            .spawn(move || {
                while let Some(rows) = told.blocking_recv() {
                    let mut held = filled.lock().unwrap_or_else(PoisonError::into_inner);
                    for row in rows {
                        held.add(row);
                    }
                }
            })
            .map_err(machine)?;
        // On a worker thread, not on this one: the loop shares its cores with the workers' sockets.
        let delivered = runtime.block_on(async { tokio::spawn(delivery.run(rows)).await });
        let fed = feeding.join();
        let collected = collecting.join();
        if delivered.is_err() || fed.is_err() || collected.is_err() {
            self.stop.request(StopReason::Internal(
                "a part of the run broke down; please report it with the log of -vv".to_owned(),
            ));
        }
        let mut leftover = delivered.unwrap_or_default();
        let duplicates = std::mem::take(&mut leftover.duplicates);
        // They are of no row of these files.
        collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .tell(u32::MAX, duplicates);
        Ok(leftover)
    }

    /// Changed rows of a job with `on_change = "note"` are told and no problem.
    fn is_tolerated(&self, outcome: RowOutcome) -> bool {
        outcome == RowOutcome::Changed && self.order.on_change == OnChange::Note
    }

    fn exit(&self, report: &RunReport, rows: u64, leftover: &Leftover) -> Exit {
        if report.rows() != rows {
            self.desk.output.error(&CliError::Machine(format!(
                "the counts add up to {} rows, but {rows} were read: this is a fault of partner-sync, please report it",
                report.rows()
            )));
            return Exit::Stopped;
        }
        let has = |outcome: RowOutcome| report.count(outcome) > 0;
        match self.stop.reason() {
            Some(StopReason::Interrupted) => Exit::Interrupted,
            Some(_) => Exit::Stopped,
            None if has(RowOutcome::Deferred) => Exit::Stopped,
            None if report.rows() > 0
                && RowOutcome::ALL
                    .into_iter()
                    .any(|o| !o.is_done() && !self.is_tolerated(o) && has(o)) =>
            {
                Exit::Problems
            }
            None if report
                .groups
                .iter()
                .any(|g| g.code == crate::diagnostic::Code::DuplicateOnApi) =>
            {
                Exit::Problems
            }
            // A doubt of an earlier run whose row is not in the file is still a doubt.
            None if leftover.doubts > 0 => Exit::Problems,
            None => Exit::Done,
        }
    }
}
