//! `reconcile`: settles every create whose outcome is unknown, by asking the API; `--adopt` also records the
//! partners of an export that are there already. Nothing is made.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::run::{self, Heading};
use super::runtime;
use crate::cli::Desk;
use crate::cli::adopt::Adoption;
use crate::cli::args::{ReconcileArgs, Shared};
use crate::cli::connect::{self, Connection};
use crate::cli::exit::{CliError, Exit};
use crate::config::Resolved;
use crate::delivery::{Delivery, Input, Options, Stop};
use crate::mapping::Mapping;
use crate::partner::{Query, RowOutcome};
use crate::prepare::{Ahead, Exports};
use crate::report::{Collector, Counters, Kind, PerRow, ReportFolder};
use crate::state::{
    Ledger, OpenRows, RecordState, RunEnd, RunId, RunStart, StateError, StateLock, StateView,
};

pub(super) fn run(args: &ReconcileArgs, shared: &Shared, desk: &Desk) -> Result<Exit, CliError> {
    let started = Instant::now();
    let settings = connect::settings(shared, desk)?;
    let stop = Stop::default();
    let adoption = args.mapping.as_deref().map(Mapping::read).transpose()?;
    let adoption = match adoption {
        Some(mapping) => {
            let exports = Exports::open(&args.adopt, &mapping, Query::default())?;
            Some((mapping, exports))
        }
        None => None,
    };
    let folder = settings
        .report
        .as_deref()
        .map(ReportFolder::create)
        .transpose()?;
    let runtime = runtime()?;
    let connection = runtime.block_on(connect::connect(shared, &settings, &stop, desk))?;
    let _lock = StateLock::take(&settings.state, &desk.clock)?;
    super::watch_signals(&runtime, &stop);
    let reconcile = Reconcile {
        args,
        desk,
        settings,
        connection,
        stop,
        runtime,
    };
    let mappings = match reconcile.spaces() {
        Ok(mappings) => mappings,
        // With --adopt the first state is made here.
        Err(CliError::State(StateError::Missing { .. })) if adoption.is_some() => Vec::new(),
        Err(error) => return Err(error),
    };
    for mapping in &mappings {
        reconcile.settle(mapping)?;
    }
    let counters = Arc::new(Counters::default());
    let (collector, names, files, detected) = match &adoption {
        Some((mapping, exports)) => {
            let collector = run::collector(
                folder.as_ref(),
                exports,
                shared.wanted(PerRow::Created),
                &counters,
            )?;
            let survey =
                exports.survey(Ahead::Nothing, &|| reconcile.stop.is_requested(), &|_| {})?;
            let detected = run::detected(exports, &survey, shared.values());
            run::tell_detected(desk, &detected);
            reconcile.adopt(mapping, exports, &survey, &collector)?;
            (
                collector,
                mapping.name.clone(),
                run::file_names(exports),
                detected,
            )
        }
        None => {
            let empty = Collector::new(
                folder.as_ref(),
                Vec::new(),
                Vec::new(),
                shared.wanted(PerRow::No),
                counters,
            )?;
            (
                Arc::new(Mutex::new(empty)),
                mappings.join(", "),
                Vec::new(),
                Vec::new(),
            )
        }
    };
    let left = reconcile.in_doubt()?;
    let heading = Heading {
        run: RunId::new(&desk.clock),
        kind: Kind::Reconcile,
        target: Some(reconcile.connection.target.clone()),
        mapping: names,
        files,
        detected,
        values: shared.values(),
        verified: None,
        stopped: reconcile.stop.reason().map(|r| r.to_string()),
        started,
    };
    let report = run::conclude(heading, &collector, folder.as_ref(), desk, |report| {
        let duplicates = report
            .groups
            .iter()
            .any(|g| g.code == crate::diagnostic::Code::DuplicateOnApi);
        match (reconcile.stop.reason(), left) {
            (Some(crate::delivery::StopReason::Interrupted), _) => Exit::Interrupted,
            (Some(_), _) => Exit::Stopped,
            (None, 0) if !duplicates => Exit::Done,
            (None, _) => Exit::Problems,
        }
    });
    Ok(run::print(&report, desk))
}

struct Reconcile<'r> {
    args: &'r ReconcileArgs,
    desk: &'r Desk,
    settings: Resolved,
    connection: Connection,
    stop: Stop,
    runtime: Runtime,
}

impl Reconcile<'_> {
    /// The mappings that the state knows at this API.
    fn spaces(&self) -> Result<Vec<String>, CliError> {
        let counts = StateView::open(&self.settings.state)?.counts()?;
        Ok(counts
            .into_iter()
            .filter(|c| c.target == self.connection.target)
            .map(|c| c.mapping)
            .collect())
    }

    fn in_doubt(&self) -> Result<u64, CliError> {
        let counts = StateView::open(&self.settings.state)?.counts()?;
        Ok(counts
            .iter()
            .filter(|c| c.target == self.connection.target)
            .map(|c| {
                c.states
                    .get(RecordState::InDoubt.as_str())
                    .copied()
                    .unwrap_or(0)
            })
            .sum())
    }

    fn start(&self, mapping: &str, files: String) -> RunStart {
        RunStart {
            open: OpenRows::Perhaps,
            id: RunId::new(&self.desk.clock),
            command: "reconcile",
            target: self.connection.target.clone(),
            mapping: mapping.to_owned(),
            files,
        }
    }

    /// Settles the doubts of one mapping: a delivery without rows.
    fn settle(&self, mapping: &str) -> Result<(), CliError> {
        let start = self.start(mapping, String::new());
        let (ledger, doubts, writer) =
            Ledger::begin(&self.settings.state, &start, &self.desk.clock)?;
        self.desk
            .output
            .note(&format!("{mapping}: {} in doubt", doubts.len()));
        let options = Options {
            workers: self.settings.workers,
            settle: self.args.settle,
            retry_rejected: false,
        };
        let (results, _nobody) = mpsc::channel(1);
        let api = Arc::clone(&self.connection.api);
        let delivery = Delivery::new(
            api,
            ledger.clone(),
            options,
            doubts,
            results,
            self.stop.clone(),
        );
        self.runtime.block_on(async {
            let (input, rows) = mpsc::channel(1);
            let running = tokio::spawn(delivery.run(rows));
            let (reply, answer) = oneshot::channel();
            if input.send(Input::EndOfPass(reply)).await.is_ok() {
                let _ = answer.await;
            }
            drop(input);
            let leftover = running.await.unwrap_or_default();
            for duplicate in leftover.duplicates {
                self.desk.output.note(&duplicate.message);
            }
            let exit = match (self.stop.reason(), leftover.doubts) {
                (Some(_), _) => Exit::Stopped,
                (None, 0) => Exit::Done,
                (None, _) => Exit::Problems,
            };
            let end = RunEnd {
                exit: exit.code(),
                summary: "{}".to_owned(),
                ..RunEnd::default()
            };
            ledger.end(end).await
        })?;
        drop(ledger);
        let _ = writer.join();
        Ok(())
    }

    /// Records the partners of the export that are on the API already.
    fn adopt(
        &self,
        mapping: &Mapping,
        exports: &Exports,
        survey: &crate::prepare::Survey,
        collector: &Arc<Mutex<Collector>>,
    ) -> Result<(), CliError> {
        let start = self.start(&mapping.name, run::file_names(exports).join(", "));
        let (ledger, _, writer) = Ledger::begin(&self.settings.state, &start, &self.desk.clock)?;
        let adoption = Adoption {
            api: &self.connection.api,
            handle: self.runtime.handle(),
            exports,
            survey,
            ledger: &ledger,
            collector,
            stop: &self.stop,
        };
        let mut others = Vec::new();
        let adopted = adoption.run(&mut |row, state| {
            let valid = match state {
                Some(RecordState::Created) => RowOutcome::Skipped,
                Some(RecordState::InDoubt | RecordState::InFlight) => RowOutcome::InDoubt,
                _ => RowOutcome::Deferred,
            };
            if row.partner.is_some() {
                collector_count(collector, valid);
            } else {
                others.push(run::unsent(row, valid));
            }
        });
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        for row in others {
            held.add(row);
        }
        drop(held);
        self.runtime.block_on(ledger.end(RunEnd {
            summary: "{}".to_owned(),
            ..RunEnd::default()
        }))?;
        drop(ledger);
        let _ = writer.join();
        adopted.map(|_| ())
    }
}

fn collector_count(collector: &Arc<Mutex<Collector>>, outcome: RowOutcome) {
    collector
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .count(outcome, 1);
}
