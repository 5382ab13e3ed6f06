//! `reconcile`: settles every create whose outcome is unknown, by asking the API. No file is read.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::run::{self, Heading};
use super::runtime;
use crate::cli::Desk;
use crate::cli::args::{ReconcileArgs, Shared};
use crate::cli::connect;
use crate::cli::exit::{CliError, Exit};
use crate::delivery::{Delivery, Input, Options, Stop};
use crate::report::{Collector, Counters, Kind, summary_json};
use crate::state::{Ledger, RecordState, RunId, RunStart, StateLock, StateView};

pub(super) fn run(args: &ReconcileArgs, shared: &Shared, desk: &Desk) -> Result<Exit, CliError> {
    let started = Instant::now();
    let settings = connect::settings(shared, desk)?;
    let stop = Stop::default();
    let runtime = runtime()?;
    let lock = StateLock::take(&settings.state, &desk.clock)?;
    let mappings: Vec<String> = {
        let view = StateView::open(&settings.state)?;
        let target = connect::known_target(shared, &settings)?;
        view.counts()?
            .into_iter()
            .filter(|c| Some(&c.target) == target.as_ref())
            .map(|c| c.mapping)
            .collect()
    };
    let connection = runtime.block_on(connect::connect(shared, &settings, &stop, desk))?;
    for mapping in &mappings {
        let start = RunStart {
            id: RunId::new(&desk.clock),
            command: "reconcile",
            target: connection.target.clone(),
            mapping: mapping.clone(),
            files: String::new(),
        };
        let (ledger, doubts, writer) = Ledger::begin(&settings.state, &start, &desk.clock)?;
        desk.output
            .note(&format!("{mapping}: {} in doubt", doubts.len()));
        let options = Options {
            workers: settings.workers,
            settle: args.settle,
            retry_rejected: false,
        };
        runtime.block_on(async {
            let (results, _nobody) = mpsc::channel(1);
            let (input, rows) = mpsc::channel(1);
            let delivery = Delivery::new(
                Arc::clone(&connection.api),
                ledger.clone(),
                options,
                doubts,
                results,
                stop.clone(),
            );
            let running = tokio::spawn(delivery.run(rows));
            let (reply, answer) = oneshot::channel();
            if input.send(Input::EndOfPass(reply)).await.is_ok() {
                let _ = answer.await;
            }
            drop(input);
            let _ = running.await;
            let exit = if stop.reason().is_some() {
                Exit::Stopped
            } else {
                Exit::Done
            };
            if let Err(error) = ledger.end(exit.code(), "{}".to_owned()).await {
                desk.output.error(&error.into());
            }
        });
        drop(ledger);
        let _ = writer.join();
    }
    drop(lock);
    let left: u64 = StateView::open(&settings.state)?
        .counts()?
        .iter()
        .filter(|c| c.target == connection.target)
        .map(|c| {
            c.states
                .get(RecordState::InDoubt.as_str())
                .copied()
                .unwrap_or(0)
        })
        .sum();
    let collector = Arc::new(std::sync::Mutex::new(Collector::new(
        None,
        Vec::new(),
        Vec::new(),
        false,
        Arc::new(Counters::default()),
    )?));
    let heading = Heading {
        run: RunId::new(&desk.clock),
        kind: Kind::Reconcile,
        target: Some(connection.target.clone()),
        mapping: mappings.join(", "),
        files: Vec::new(),
        detected: Vec::new(),
        stopped: stop.reason().map(|r| r.to_string()),
        started,
    };
    let report = run::conclude(heading, &collector, None, desk, |_| {
        match (stop.reason(), left) {
            (Some(_), _) => Exit::Stopped,
            (None, 0) => Exit::Done,
            (None, _) => Exit::Problems,
        }
    });
    if desk.output.json {
        desk.output.result(&format!("{}\n", summary_json(&report)));
        return Ok(if report.exit == 0 {
            Exit::Done
        } else {
            run::print(&report, desk)
        });
    }
    Ok(run::print(&report, desk))
}
