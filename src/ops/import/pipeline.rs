//! Feeder, delivery and collector of one import, each on its own thread, until every row has its outcome.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::before_create::Looked;
use super::budget::Budget;
use super::context::{Import, lock};
use super::feeder::Feeder;
use super::shared::{Part, Shared, tell_progress, watch};
use crate::delivery::{Delivery, Input, Leftover, MaySend, Options, StopReason};
use crate::ops::error::OpError;
use crate::ops::settling::{heed_takeover, settling_time};
use crate::partner::RowResult;
use crate::prepare::Survey;
use crate::report::{Collector, Counters};
use crate::state::{Doubt, SharedImport, StateWriter};

/// Batches between feeder and delivery: the feeder stays this far ahead at most.
const BATCHES_AHEAD: usize = 2;
/// Result batches between delivery and collector.
const RESULTS_AHEAD: usize = 64;

/// What the threads of one import share.
pub(super) struct Pipeline<'p> {
    pub(super) import: &'p Import<'p>,
    pub(super) survey: &'p Arc<Survey>,
    pub(super) state: &'p StateWriter,
    pub(super) collector: &'p Arc<Mutex<Collector>>,
    pub(super) counters: &'p Arc<Counters>,
    /// The import that other machines may be at as well.
    pub(super) shared: Option<&'p SharedImport>,
}

impl Pipeline<'_> {
    /// Delivers every row that was not adopted, and settles the doubts of earlier runs. Returns also how many rows a
    /// limit did not reach.
    pub(super) fn run(
        &self,
        doubts: Vec<Doubt>,
        looked: Looked,
    ) -> Result<(Leftover, u64), OpError> {
        let import = self.import;
        let (results, settled) = mpsc::channel::<Vec<RowResult>>(RESULTS_AHEAD);
        let (input, rows) = mpsc::channel(BATCHES_AHEAD);
        let most_sent = import.request.most_sent().map(MaySend::new);
        // Where machines share the import, the state counts.
        let may_send = most_sent.clone().filter(|_| self.shared.is_none());
        heed_takeover(import.session);
        let options = Options {
            workers: import.session.settings.workers,
            settle: settling_time(import.request.settle, import.session),
            retry_rejected: import.retries_rejected(),
            settles_for_a_person: false,
            may_send,
            shares: self.shared.is_some(),
            log: import.request.report.rows_in_log(),
            outage: import.connection.outage.clone(),
        };
        let delivery = Delivery::new(
            Arc::clone(&import.connection.api),
            self.state.clone(),
            options,
            doubts,
            results,
            import.stop.clone(),
        );
        let (watching, stopped) = std::sync::mpsc::channel();
        let watch = match self.shared.cloned() {
            Some(shared) => {
                let input = input.clone();
                Some(thread("takeover", move || {
                    watch(&shared, &input, &stopped);
                })?)
            }
            None => None,
        };
        let part = Arc::new(Part::default());
        let (telling, quiet) = std::sync::mpsc::channel();
        let progress = match self.shared.cloned() {
            Some(shared) => {
                let (part, counters) = (Arc::clone(&part), Arc::clone(self.counters));
                Some(thread("progress of all", move || {
                    tell_progress(&shared, &part, &counters, &quiet);
                })?)
            }
            None => None,
        };
        let feeder = self.feeder(input, looked, most_sent, &part)?;
        let feeding = thread("feeder", move || {
            let not_reached = feeder.run();
            // Once it is done nobody takes anything over any more, and the delivery's input ends.
            drop((watching, telling));
            not_reached
        })?;
        let collecting = self.collect(settled, part)?;
        // On a worker thread, not on this one: the loop shares its cores with the workers' sockets.
        let delivered = import
            .session
            .runtime
            .block_on(async { tokio::spawn(delivery.run(rows)).await });
        let fed = feeding.join();
        let collected = collecting.join();
        let beside = [watch, progress].map(|thread| thread.map_or(Ok(()), JoinHandle::join));
        if delivered.is_err()
            || fed.is_err()
            || collected.is_err()
            || beside.iter().any(Result::is_err)
        {
            import.stop.request(StopReason::Internal(
                "a part of partner-sync failed; please report it with the log of -vv".to_owned(),
            ));
        }
        let mut leftover = delivered.unwrap_or_default();
        let not_reached = fed.unwrap_or_default() + leftover.not_reached;
        let duplicates = std::mem::take(&mut leftover.duplicates);
        // They are of no row of these files.
        lock(self.collector).add_diagnostics(u32::MAX, duplicates);
        Ok((leftover, not_reached))
    }

    fn feeder(
        &self,
        input: mpsc::Sender<Input>,
        looked: Looked,
        most_sent: Option<MaySend>,
        part: &Arc<Part>,
    ) -> Result<Feeder, OpError> {
        let import = self.import;
        let Looked { adopted, leave } = looked;
        let reader = self.state.reader()?;
        Ok(Feeder {
            exports: Arc::clone(import.exports()),
            survey: Arc::clone(self.survey),
            is_first: self.shared.is_none() && !reader.has_rows()?,
            reader,
            state: self.state.clone(),
            fingerprinter: self.state.fingerprinter().clone(),
            collector: Arc::clone(self.collector),
            input,
            stop: import.stop.clone(),
            api: Arc::clone(&import.connection.api),
            handle: import.session.runtime.clone(),
            retry_rejected: import.retries_rejected(),
            adopted,
            warned: HashSet::new(),
            budget: most_sent.map(|may_send| match self.shared {
                Some(_) => Budget::shared(),
                None => Budget::new(may_send),
            }),
            met: 0,
            leave,
            shared: self
                .shared
                .map(|s| Shared::new(s.clone(), self.survey, Arc::clone(part))),
        })
    }

    /// Counts and writes outcomes as they come.
    fn collect(
        &self,
        mut settled: mpsc::Receiver<Vec<RowResult>>,
        part: Arc<Part>,
    ) -> Result<JoinHandle<()>, OpError> {
        let collector = Arc::clone(self.collector);
        thread("collector", move || {
            while let Some(rows) = settled.blocking_recv() {
                part.came_back(rows.len());
                let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
                for row in rows {
                    held.add(row);
                }
            }
        })
    }
}

fn thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, OpError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(OpError::Thread)
}
