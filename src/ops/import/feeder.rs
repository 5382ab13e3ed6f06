//! From prepared rows to the delivery: pass after pass over the files, until every row has its outcome.
//!
//! The feeder runs on its own thread. It looks each batch up in the state, reports at once what needs no
//! sending, and hands the rest over; the bounded channel holds it back while the API is the limit. Rows
//! whose parent has no partner yet are handed over again in the next pass, for as long as passes help.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::budget::{Budget, Spent};
use super::health::ask_health;
use super::repaired::repaired;
use super::shared::Shared;
use super::waiting::Waiting;
use crate::delivery::{
    Decision, Input, PassEnd, Stop, StopReason, changed, decide, in_doubt, still_rejected,
};
use crate::diagnostic::Diagnostic;
use crate::ops::connect::ApiClient;
use crate::ops::contents::contents;
use crate::ops::error::OpError;
use crate::ops::known::KnownRows;
use crate::partner::{Fingerprint, Fingerprinter, PreparedPartner, RowKey, RowOutcome, RowResult};
use crate::prepare::{Exports, Hurry, PrepareError, PreparedRow, Survey};
use crate::report::Collector;
use crate::source::Flow;
use crate::state::{Known, StateError, StateReader, StateWriter};

/// What feeds a delivery.
pub(super) struct Feeder {
    pub(super) exports: Arc<Exports>,
    pub(super) survey: Arc<Survey>,
    pub(super) reader: StateReader,
    pub(super) state: StateWriter,
    pub(super) fingerprinter: Fingerprinter,
    pub(super) collector: Arc<Mutex<Collector>>,
    pub(super) input: mpsc::Sender<Input>,
    pub(super) stop: Stop,
    pub(super) api: Arc<ApiClient>,
    pub(super) handle: Handle,
    pub(super) retry_rejected: bool,
    /// Rows that were adopted and are counted already; those that were met are taken out.
    pub(super) adopted: HashSet<u32>,
    /// Rows with a parent whose warnings were reported: a later pass may meet them again.
    pub(super) warned: HashSet<u32>,
    /// Rows that may be sent, where their number is limited.
    pub(super) budget: Option<Budget>,
    /// Rows met in the first pass.
    pub(super) met: u64,
    /// Whether the state had no row when this began, and no other machine adds any: then there is nothing to look up in the first
    /// pass, which meets each row once.
    pub(super) is_first: bool,
    /// Whether rows may be sent.
    pub(super) leave: Leave,
    /// The import that other machines are at as well.
    pub(super) shared: Option<Shared>,
}

/// Whether rows may be sent.
#[derive(Debug)]
pub(super) enum Leave {
    /// The API was not asked yet how it is.
    Unasked,
    /// They may.
    Given,
    /// They may not, and why.
    Refused(StopReason),
}

/// What a pass tells of its rows instead of sending them.
#[derive(Clone, Copy)]
pub(super) enum Telling<'w> {
    Nothing,
    /// That they wait for rows which have no partner, and for which.
    Blocked(&'w Waiting),
    /// What became of them, by this machine or another.
    Ends,
}

impl Feeder {
    /// Feeds until all rows have an outcome, or the run stops. Returns how many rows a limit did not reach.
    pub(super) fn run(mut self) -> u64 {
        let passed = if self.shared.is_some() {
            self.shared_passes()
        } else {
            self.passes()
        };
        if let Err(reason) = passed {
            self.stop.request(reason);
            // Rows that wait in the delivery are left.
            let left = self.end_of_pass(Input::EndOfPart).postponed.len();
            self.lock().count(RowOutcome::Deferred, left as u64);
        }
        // Rows that no pass met.
        let met = self.met + self.adopted.len() as u64;
        let unmet = self.survey.rows.saturating_sub(met);
        let postponed = self.shared.as_ref().map_or(0, |s| s.postponed.len() as u64);
        let waiting = postponed + self.budget.as_mut().map_or(0, Budget::give_up);
        self.lock().count(RowOutcome::Deferred, unmet + waiting);
        self.budget.map_or(0, |budget| budget.not_reached())
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Collector> {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn passes(&mut self) -> Result<(), StopReason> {
        let mut only: Option<Vec<u32>> = None;
        loop {
            self.pass(only.as_deref(), Telling::Nothing)?;
            let mut end = self.end_of_pass(Input::EndOfPass);
            if let Some(budget) = &mut self.budget {
                let not_reached = budget.end_pass(&mut end.postponed);
                self.lock().count(RowOutcome::Deferred, not_reached);
            }
            if end.postponed.is_empty() {
                return Ok(());
            }
            if self.stop.is_requested() {
                self.lock()
                    .count(RowOutcome::Deferred, end.postponed.len() as u64);
                return Ok(());
            }
            if end.progress == 0 {
                let waiting = self.waiting(&end.postponed)?;
                return self.pass(Some(&end.postponed), Telling::Blocked(&waiting));
            }
            only = Some(end.postponed);
        }
    }

    pub(super) fn end_of_pass(&self, end: fn(oneshot::Sender<PassEnd>) -> Input) -> PassEnd {
        let (reply, answer) = oneshot::channel();
        if self.input.blocking_send(end(reply)).is_err() {
            return PassEnd::default();
        }
        answer.blocking_recv().unwrap_or_default()
    }

    /// What rows wait for that no pass could send.
    pub(super) fn waiting(&self, ordinals: &[u32]) -> Result<Waiting, StopReason> {
        let broken = |e: StateError| StopReason::State(e.to_string());
        let parents = KnownRows::new(Some(self.reader.reopen().map_err(broken)?));
        let is_known = |key: &RowKey| parents.is_created(key);
        let (exports, survey) = (&self.exports, &self.survey);
        let found = Waiting::of(exports, survey, &self.reader, &is_known, ordinals);
        found.map_err(|error| match error {
            OpError::State(error) => broken(error),
            OpError::Prepare(error) => unreadable(error),
            other => StopReason::Internal(other.to_string()),
        })
    }

    /// One pass over the files: rows are sent, or it is told what became of them.
    pub(super) fn pass(
        &mut self,
        only: Option<&[u32]>,
        telling: Telling<'_>,
    ) -> Result<(), StopReason> {
        let exports = Arc::clone(&self.exports);
        let survey = Arc::clone(&self.survey);
        let fingerprinter = self.fingerprinter.clone();
        let first = only.is_none();
        let mut through = 0_u64;
        let mut trouble = None;
        // The look-up of parents outside the files has a connection of its own: the feeder's is in use.
        let lookup = self.reader.reopen().map_err(|error| {
            let left = only.map_or(0, <[u32]>::len);
            self.lock().count(RowOutcome::Deferred, left as u64);
            StopReason::State(error.to_string())
        })?;
        let parents = KnownRows::new(Some(lookup));
        let is_known = |key: &RowKey| parents.is_created(key);
        let hurry = if self.is_first { Hurry::No } else { Hurry::Yes };
        let read = exports.pending(
            &survey,
            &fingerprinter,
            only,
            &is_known,
            hurry,
            &mut |rows, done| {
                if self.stop.is_requested() {
                    return Flow::Enough;
                }
                self.lock().count(RowOutcome::Skipped, done);
                through += done;
                let mut count = rows.len() as u64;
                self.is_reading(done, count, first);
                let result = match telling {
                    Telling::Blocked(waiting) => self.report_blocked(rows, waiting),
                    Telling::Ends => self.tell_all_ends(rows),
                    Telling::Nothing if first && self.shared.is_some() => {
                        self.hand_over_mine(rows, &mut count)
                    }
                    Telling::Nothing => self.hand_over(rows),
                };
                through += count;
                match result {
                    Ok(()) => Flow::More,
                    Err(reason) => {
                        trouble = Some(reason);
                        Flow::Enough
                    }
                }
            },
        );
        self.is_first = false;
        if first {
            self.met += through;
        } else if let Some(only) = only {
            // A stop between two batches leaves rows of a later pass without an outcome.
            let left = (only.len() as u64).saturating_sub(through);
            self.lock().count(RowOutcome::Deferred, left);
        }
        if let Some(reason) = trouble {
            return Err(reason);
        }
        if let Some(error) = parents.trouble() {
            return Err(StopReason::State(error.to_string()));
        }
        let tally = read.map_err(unreadable)?;
        if first {
            self.lock().set_contents(contents(&exports, &survey, tally));
        }
        Ok(())
    }

    pub(super) fn hand_over(&mut self, rows: Vec<PreparedRow>) -> Result<(), StopReason> {
        let sorted = self.judge(rows, true)?;
        self.send(sorted)
    }

    /// Sorts rows by what the state knows of them. Whether those that need it are sent then, as far as the limit allows.
    pub(super) fn sorted(
        &mut self,
        rows: Vec<PreparedRow>,
        is_sent: bool,
    ) -> Result<Sorted, StopReason> {
        let mut known = Vec::new();
        if !self.is_first {
            let keys = rows.iter().filter_map(|r| r.key.as_ref());
            let asked = self.reader.known(keys.map(RowKey::as_str));
            known = asked.map_err(|e| StopReason::State(e.to_string()))?;
        }
        let mut known = known.into_iter();
        let mut sorted = Sorted {
            is_sent,
            ..Sorted::default()
        };
        for row in rows {
            let record = row.key.as_ref().and_then(|_| known.next().flatten());
            self.sort(row, record.as_ref(), &mut sorted)?;
        }
        Ok(sorted)
    }

    /// Decides what becomes of a row.
    fn sort(
        &mut self,
        row: PreparedRow,
        record: Option<&Known>,
        sorted: &mut Sorted,
    ) -> Result<(), StopReason> {
        let repaired = repaired(&row, &|_| record.is_some_and(Known::is_created));
        let PreparedRow {
            origin,
            key,
            partner,
            diagnostics,
        } = row;
        let mut finished = |outcome, legacy_identifier, partner, diagnostics| {
            sorted.results.push(RowResult {
                origin: origin.clone(),
                key: key.clone(),
                legacy_identifier,
                outcome,
                partner,
                diagnostics,
            });
        };
        let Some(partner) = partner else {
            match repaired {
                Some(warning) => {
                    let id = record.and_then(|known| known.partner.clone());
                    finished(RowOutcome::Skipped, None, id, vec![warning]);
                }
                None => finished(RowOutcome::Invalid, None, None, diagnostics),
            }
            return Ok(());
        };
        if self.adopted.remove(&origin.ordinal) {
            return Ok(());
        }
        let legacy = || Some(partner.legacy_identifier.clone());
        let diagnostics = unreported(&self.warned, &partner, diagnostics);
        match decide(record, &partner.fingerprint, self.retry_rejected) {
            decision @ (Decision::Create | Decision::LookUpFirst) => match self
                .budget
                .as_mut()
                .filter(|_| sorted.is_sent)
                .map(|b| b.spend(&partner, &self.reader))
            {
                None | Some(Ok(Spent::Yes)) => {
                    self.warnings(&partner, diagnostics);
                    let rows = match decision {
                        Decision::Create => &mut sorted.to_send,
                        _ => &mut sorted.posted_before,
                    };
                    rows.push(partner);
                }
                Some(Ok(Spent::Later)) => {}
                Some(Ok(Spent::NothingLeft)) => {
                    finished(RowOutcome::Deferred, legacy(), None, diagnostics);
                }
                Some(Err(error)) => return Err(StopReason::State(error.to_string())),
            },
            Decision::InDoubt => {
                self.warnings(&partner, diagnostics);
                sorted.doubtful.push(partner);
            }
            Decision::Skip(_) if diagnostics.is_empty() => sorted.quiet += 1,
            Decision::Skip(id) => finished(RowOutcome::Skipped, legacy(), id, diagnostics),
            Decision::Changed(id) => {
                let diagnostics = with(diagnostics, changed(&partner));
                finished(RowOutcome::Changed, legacy(), id, diagnostics);
                sorted
                    .differing
                    .push((partner.key.clone(), partner.fingerprint));
            }
            Decision::StillRejected => {
                let diagnostics = with(diagnostics, still_rejected(&partner, record));
                finished(RowOutcome::Rejected, legacy(), None, diagnostics);
            }
        }
        Ok(())
    }

    /// Hands over what has to be sent or looked up; before the first of it, asks whether the API is there.
    fn send(&mut self, sorted: Sorted) -> Result<(), StopReason> {
        let Sorted {
            to_send,
            posted_before,
            doubtful,
            ..
        } = sorted;
        if to_send.is_empty() && posted_before.is_empty() && doubtful.is_empty() {
            return Ok(());
        }
        let refused = match std::mem::replace(&mut self.leave, Leave::Given) {
            Leave::Given => None,
            Leave::Unasked => ask_health(&self.api, &self.handle).err(),
            Leave::Refused(reason) => Some(reason),
        };
        if let Some(reason) = refused {
            let mut collector = self.lock();
            let unsent = to_send.len() + posted_before.len();
            collector.count(RowOutcome::Deferred, unsent as u64);
            for row in doubtful {
                let diagnostic = in_doubt(&row, None);
                collector.add(result_of(&row, RowOutcome::InDoubt, vec![diagnostic]));
            }
            return Err(reason);
        }
        self.is_handing(to_send.len() + posted_before.len() + doubtful.len());
        for (rows, input) in [
            (to_send, Input::Rows as fn(_) -> _),
            (posted_before, Input::PostedBefore),
            (doubtful, Input::Doubtful),
        ] {
            if !rows.is_empty() && self.input.blocking_send(input(rows)).is_err() {
                return Err(StopReason::Internal(
                    "the delivery ended before its rows".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Warnings of a row that is on its way are reported now; its outcome is counted when it is known.
    fn warnings(&mut self, row: &PreparedPartner, diagnostics: Vec<Diagnostic>) {
        if !diagnostics.is_empty() {
            if !row.links.is_empty() {
                self.warned.insert(row.origin.ordinal);
            }
            self.lock()
                .add_row_diagnostics(&row.origin, &row.key, diagnostics);
        }
    }
}

/// The problems of a row that were not reported yet: once a row, however often it is read.
pub(super) fn unreported(
    warned: &HashSet<u32>,
    row: &PreparedPartner,
    diagnostics: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    if warned.contains(&row.origin.ordinal) {
        Vec::new()
    } else {
        diagnostics
    }
}

fn unreadable(error: PrepareError) -> StopReason {
    match error {
        PrepareError::Source(error) => StopReason::Source(error.to_string()),
        other => StopReason::Internal(other.to_string()),
    }
}

/// Rows of a batch by what becomes of them.
#[derive(Default)]
pub(super) struct Sorted {
    is_sent: bool,
    pub(super) to_send: Vec<PreparedPartner>,
    pub(super) posted_before: Vec<PreparedPartner>,
    pub(super) doubtful: Vec<PreparedPartner>,
    pub(super) results: Vec<RowResult>,
    /// Rows that were created before, with nothing to report.
    pub(super) quiet: u64,
    pub(super) differing: Vec<(RowKey, Fingerprint)>,
}

pub(super) fn result_of(
    row: &PreparedPartner,
    outcome: RowOutcome,
    diagnostics: Vec<Diagnostic>,
) -> RowResult {
    RowResult {
        origin: row.origin.clone(),
        key: Some(row.key.clone()),
        legacy_identifier: Some(row.legacy_identifier.clone()),
        outcome,
        partner: None,
        diagnostics,
    }
}

pub(super) fn with(mut diagnostics: Vec<Diagnostic>, one: Diagnostic) -> Vec<Diagnostic> {
    diagnostics.push(one);
    diagnostics
}
