//! `reconcile`: settles every create whose outcome is unknown, by asking the API; with an export, also records its partners
//! that are there already. Nothing is created.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::conclude::{Heading, conclude, ending_of, has_problem, stopped_by};
use super::connect::{Connection, Waits, connect};
use super::error::{OpError, UpkeepError};
use super::export::{self, Opened};
use super::import::Adoption;
use super::observer::Note;
use super::partner_rows::WithPartners;
use super::request::ReconcileRequest;
use super::session::Session;
use super::settling::{heed_takeover, settling_time};
use crate::delivery::{Delivery, Input, Options, Stop, still_in_doubt};
use crate::diagnostic::Code;
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::{Ahead, Survey};
use crate::report::{
    Collector, Counters, Detected, Kind, PerRow, ReportFolder, RunEnding, RunReport,
};
use crate::state::{
    Known, OpenRows, RecordState, RunEnd, RunId, RunStart, Standing, StateError, StateLock,
};

/// Settles what is in doubt.
///
/// # Errors
/// [`OpError`] where there is no state, it is held by another run, or address, mapping or files cannot be used.
pub fn reconcile(request: &ReconcileRequest, session: &Session<'_>) -> Result<RunReport, OpError> {
    let started = Instant::now();
    let adopt = request.adopt.as_ref();
    let opened = adopt.map(|e| export::open(e, session)).transpose()?;
    let inputs = adopt.map_or(&[][..], |e| &e.files);
    let folder = request.report.folder_for(inputs, session)?;
    let stop = session.stop.child();
    let connection = connect(session, &stop, Waits::ForTheApi, request.report.values)?;
    let lock = session.lock()?;
    heed_takeover(session);
    let reconcile = Reconcile {
        lock,
        request,
        session,
        connection,
        stop,
        settling: settling_time(request.settle, session),
    };
    let mappings = match reconcile.mappings() {
        Ok(mappings) => mappings,
        // With an export to adopt, the first state is made here.
        Err(OpError::State(StateError::Missing { .. })) if opened.is_some() => Vec::new(),
        Err(error) => return Err(error),
    };
    if let Some(machine) = &request.lost {
        reconcile.is_gone(machine)?;
    }
    let mut settled = Vec::new();
    for mapping in &mappings {
        settled.append(&mut reconcile.settle(mapping)?);
    }
    let (collector, mapping, files, detected) = match &opened {
        Some(opened) => {
            let (collector, detected) = reconcile.adopt(opened, folder.as_ref())?;
            let files = export::file_names(&opened.exports);
            (collector, opened.mapping.name.clone(), files, detected)
        }
        None => {
            let wanted = request.report.wanted(PerRow::No);
            let (names, formats) = (Vec::new(), Vec::new());
            let empty = Collector::new(folder.as_ref(), names, formats, wanted, Arc::default())?;
            let collector = Arc::new(Mutex::new(empty));
            (collector, mappings.join(", "), Vec::new(), Vec::new())
        }
    };
    report_doubts(&settled, opened.is_none(), &collector);
    let left = reconcile.in_doubt()?;
    let heading = Heading {
        run: RunId::new(&session.clock),
        kind: Kind::Reconcile,
        target: Some(reconcile.connection.target.clone()),
        mapping,
        files,
        detected,
        values: request.report.values,
        verified: None,
        counts: None,
        stopped: reconcile.stop.reason().map(|r| stopped_by(&r)),
        started,
    };
    let ending = |report: &RunReport| match (reconcile.stop.reason(), left) {
        (Some(reason), _) => ending_of(&reason),
        (None, 0) if !has_problem(report, Code::DuplicateOnApi) => RunEnding::Done,
        (None, _) => RunEnding::Problems,
    };
    Ok(conclude(
        heading,
        &collector,
        folder.as_ref(),
        session.observer,
        ending,
    ))
}

struct Reconcile<'r> {
    lock: Arc<StateLock>,
    request: &'r ReconcileRequest,
    session: &'r Session<'r>,
    connection: Connection,
    stop: Stop,
    settling: Duration,
}

impl Reconcile<'_> {
    /// The mappings that the state knows at this API.
    fn mappings(&self) -> Result<Vec<String>, OpError> {
        let counts = self.session.store().view()?.counts()?;
        Ok(counts
            .into_iter()
            .filter(|c| c.target == self.connection.target)
            .map(|c| c.mapping)
            .collect())
    }

    /// Notes that a machine is gone for certain: what it had under way is not waited for any more.
    fn is_gone(&self, asked: &str) -> Result<(), OpError> {
        let store = self.session.store();
        let known = store.view()?.machines()?.machines;
        let over = || known.iter().filter(|m| m.standing != Standing::AtWork);
        let mut fitting = over().filter(|m| m.machine.starts_with(asked));
        let unknown = || UpkeepError::UnknownMachine {
            asked: asked.to_owned(),
            known: over()
                .map(|m| format!("{} ({})", m.machine, m.host))
                .collect(),
        };
        let (Some(machine), None) = (fitting.next(), fitting.next()) else {
            return Err(unknown().into());
        };
        let mut upkeep = store.upkeep(&self.lock)?;
        let waited = upkeep.is_gone(&machine.machine)?.ok_or_else(unknown)?;
        self.session.observer.note(&Note::MachineGone {
            machine: &machine.machine,
            host: &machine.host,
            rows: waited + machine.in_flight,
        });
        Ok(())
    }

    fn in_doubt(&self) -> Result<u64, OpError> {
        let counts = self.session.store().view()?.counts()?;
        Ok(counts
            .iter()
            .filter(|c| c.target == self.connection.target)
            .filter_map(|c| c.states.get(RecordState::InDoubt.as_str()))
            .sum())
    }

    fn start(&self, mapping: &str, files: String) -> RunStart {
        RunStart {
            open: OpenRows::MayExist,
            id: RunId::new(&self.session.clock),
            command: "reconcile",
            target: self.connection.target.clone(),
            mapping: mapping.to_owned(),
            files,
        }
    }

    /// Settles the doubts of one mapping: a delivery without rows. Returns what the state knows of these rows now.
    fn settle(&self, mapping: &str) -> Result<Vec<(RowKey, Option<Known>)>, OpError> {
        let start = self.start(mapping, String::new());
        let (settings, observer) = (self.session.settings, self.session.observer);
        let (state, doubts, thread) = self.session.begin(&self.lock, start)?;
        observer.note(&Note::InDoubt {
            mapping,
            count: doubts.len(),
        });
        let keys: Vec<RowKey> = doubts.iter().map(|d| d.key.clone()).collect();
        let options = Options {
            workers: settings.workers,
            settle: self.settling,
            retry_rejected: false,
            settles_for_a_person: true,
            may_send: None,
            shares: false,
            log: self.request.report.rows_in_log(),
            outage: self.connection.outage.clone(),
        };
        let (results, _nobody) = mpsc::channel(1);
        let delivery = Delivery::new(
            Arc::clone(&self.connection.api),
            state.clone(),
            options,
            doubts,
            results,
            self.stop.clone(),
        );
        self.session.runtime.block_on(async {
            let (input, rows) = mpsc::channel(1);
            let running = tokio::spawn(delivery.run(rows));
            let (reply, answer) = oneshot::channel();
            if input.send(Input::EndOfPass(reply)).await.is_ok() {
                let _ = answer.await;
            }
            drop(input);
            let leftover = running.await.unwrap_or_default();
            for duplicate in &leftover.duplicates {
                observer.note(&Note::Duplicate(&duplicate.message));
            }
            let ending = match (self.stop.reason(), leftover.doubts) {
                (Some(_), _) => RunEnding::Stopped,
                (None, 0) => RunEnding::Done,
                (None, _) => RunEnding::Problems,
            };
            state.end(end_of_part(ending)).await
        })?;
        drop(state);
        let _ = thread.join();
        let known = match self.session.reader(&self.connection.target, mapping)? {
            Some(reader) => reader.known(keys.iter().map(RowKey::as_str))?,
            None => Vec::new(),
        };
        Ok(keys.into_iter().zip(known).collect())
    }

    /// Records the partners of the export that are on the API already.
    fn adopt(
        &self,
        opened: &Opened,
        folder: Option<&ReportFolder>,
    ) -> Result<(Arc<Mutex<Collector>>, Vec<Detected>), OpError> {
        let exports = &opened.exports;
        let counters = Arc::new(Counters::default());
        let wanted = self.request.report.wanted(PerRow::Created);
        let survey = export::survey(exports, Ahead::Nothing, &self.stop, &counters)?;
        let collector = export::collector(folder, exports, &survey, wanted, &counters)?;
        let detected = export::detected(exports, &survey, self.request.report.values);
        self.session.observer.found(&detected);
        self.adopt_rows(opened, &survey, &collector)?;
        let target = &self.connection.target;
        WithPartners {
            exports,
            survey: &survey,
            reader: self.session.reader(target, &opened.mapping.name)?.as_ref(),
            folder,
            values: self.request.report.values,
        }
        .write(&collector);
        Ok((collector, detected))
    }

    fn adopt_rows(
        &self,
        opened: &Opened,
        survey: &Survey,
        collector: &Arc<Mutex<Collector>>,
    ) -> Result<(), OpError> {
        let files = export::file_names(&opened.exports).join(", ");
        let start = self.start(&opened.mapping.name, files);
        let (state, _, thread) = self.session.begin(&self.lock, start)?;
        let adoption = Adoption {
            api: &self.connection.api,
            handle: &self.session.runtime,
            exports: &opened.exports,
            survey,
            state: &state,
            collector,
            stop: &self.stop,
            takes_doubts: true,
        };
        let lock = || collector.lock().unwrap_or_else(PoisonError::into_inner);
        let mut others = Vec::new();
        let adopted = adoption.run(&mut |row, state| {
            let valid = match state {
                Some(RecordState::Created) => RowOutcome::Skipped,
                Some(RecordState::InDoubt | RecordState::InFlight) => RowOutcome::InDoubt,
                _ => RowOutcome::Deferred,
            };
            if row.partner.is_some() {
                lock().count(valid, 1);
            } else {
                others.push(export::unsent(row, valid));
            }
        });
        let mut held = lock();
        for row in others {
            held.add(row);
        }
        drop(held);
        let end = end_of_part(if adopted.is_ok() {
            RunEnding::Done
        } else {
            RunEnding::Stopped
        });
        self.session.runtime.block_on(state.end(end))?;
        drop(state);
        let _ = thread.join();
        adopted.map(|_| ())
    }
}

/// What became of rows that were in doubt, and what to do about those that still are. They are counted where no export has
/// rows that are.
fn report_doubts(
    settled: &[(RowKey, Option<Known>)],
    are_counted: bool,
    collector: &Mutex<Collector>,
) {
    let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
    for (key, known) in settled {
        let outcome = match known.as_ref().map(|known| known.state) {
            Some(RecordState::Created) => RowOutcome::Adopted,
            Some(RecordState::InDoubt | RecordState::InFlight) => RowOutcome::InDoubt,
            Some(RecordState::Rejected) => RowOutcome::Rejected,
            Some(RecordState::Unsent) | None => RowOutcome::Deferred,
        };
        if are_counted {
            held.count(outcome, 1);
        }
        if let (Some(known), RowOutcome::InDoubt) = (known, outcome) {
            held.add_diagnostics_of(key.as_str(), vec![still_in_doubt(key.as_str(), known)]);
        }
    }
}

/// The end of a run in the state that has no report of its own.
fn end_of_part(ending: RunEnding) -> RunEnd {
    RunEnd {
        exit: ending.code(),
        summary: "{}".to_owned(),
        ..RunEnd::default()
    }
}
