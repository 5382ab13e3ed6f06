//! The one owner of everything under way. Workers never print and never touch the state; they hand their
//! answers to this loop, which alone knows what is claimed, sent, in doubt and waiting.

mod absence;
mod doubts;
mod elsewhere;
mod events;
mod growing;
mod holding;
mod intake;
mod outcomes;
mod sending;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::events::{After, Answered, Done, Extent, IdsOfState, Job, StateWitnesses};
use super::breaker::Breaker;
use super::exchange::{Input, Leftover, Options, PassEnd};
use super::flow::Flow;
use super::partner_ids::PartnerIds;
use super::recovery::{Doubted, Missing, Sent};
use super::stop::{Stop, StopReason};
use super::trust::Trust;
use super::window::Window;
use crate::api::PartnersApi;
use crate::diagnostic::Diagnostic;
use crate::partner::{PreparedPartner, RowKey, RowOutcome, RowResult};
use crate::state::{Claim, Doubt, Settlement, StateWriter};

/// Children that wait in memory for a parent under way; more of them wait for the next pass.
const WAITING_CHILDREN: usize = 10_000;
/// From so many doubts at once on, one walk over the list may be cheaper.
const SWEEP_DOUBTS: usize = 10;
/// Commits of outcomes asked for at a time; what comes meanwhile goes together into the next.
const SETTLING: usize = 2;
/// Outcomes that are committed together at least, while others are about to come: a commit costs the disk the same
/// for one as for hundreds, and nobody but a waiting child is held up by it.
const GATHERED: usize = 256;
/// The longest that an outcome waits for others.
const GATHERING: Duration = Duration::from_millis(5);

/// The delivery of one run.
pub struct Delivery<A> {
    api: Arc<A>,
    state: StateWriter,
    options: Options,
    results: mpsc::Sender<Vec<RowResult>>,
    stop: Stop,
    stopping: bool,
    input_ended: bool,
    window: Window,
    breaker: Breaker,
    flow: Flow,
    ids: PartnerIds,
    ids_of_state: IdsOfState,
    /// Refusals that may not speak of their rows: the next answers decide.
    suspects: Vec<Answered>,
    tasks: JoinSet<Done>,
    /// Rows that may be claimed.
    to_claim: VecDeque<Job>,
    /// Rows that are claimed.
    ready: VecDeque<Job>,
    claiming: usize,
    sending: usize,
    looking: usize,
    settling: usize,
    to_settle: Vec<(Settlement, After)>,
    /// When the oldest of them has waited long enough.
    settle_by: Option<Instant>,
    finished: Vec<RowResult>,
    /// Keys of all rows in memory that may yet get their partner.
    under_way: HashSet<RowKey>,
    waiting: HashMap<RowKey, Vec<PreparedPartner>>,
    waiting_count: usize,
    doubts: HashMap<RowKey, Doubted>,
    /// How often rows were posted that have no partner yet, and are not in doubt now.
    sent: HashMap<RowKey, Sent>,
    trust: Trust,
    state_witnesses: StateWitnesses,
    /// Whether a walk over the list is under way: one stands for all look-ups.
    walking: bool,
    schedule: BTreeSet<(Instant, RowKey)>,
    /// When it was last seen which look-ups are due.
    looked_at: Instant,
    /// When a create last began or was answered.
    last_create: Option<Instant>,
    postponed: Vec<u32>,
    progress: u64,
    pass: Option<oneshot::Sender<PassEnd>>,
    /// Which rows the pass has that is about to end.
    extent: Extent,
    found_elsewhere: u64,
    set_aside: u64,
    not_reached: u64,
    duplicates_elsewhere: Vec<Diagnostic>,
}

impl<A: PartnersApi> Delivery<A> {
    /// A delivery that starts with the doubts of earlier runs.
    pub fn new(
        api: Arc<A>,
        state: StateWriter,
        options: Options,
        doubts: Vec<Doubt>,
        results: mpsc::Sender<Vec<RowResult>>,
        stop: Stop,
    ) -> Self {
        let now = Instant::now();
        let mut delivery = Self {
            api,
            state,
            window: Window::new(options.workers),
            breaker: Breaker::new(options.workers),
            flow: Flow::new(options.workers),
            ids: PartnerIds::default(),
            ids_of_state: IdsOfState::Unread,
            suspects: Vec::new(),
            results,
            stop,
            stopping: false,
            input_ended: false,
            tasks: JoinSet::new(),
            to_claim: VecDeque::new(),
            ready: VecDeque::new(),
            claiming: 0,
            sending: 0,
            looking: 0,
            settling: 0,
            to_settle: Vec::new(),
            settle_by: None,
            finished: Vec::new(),
            under_way: HashSet::new(),
            waiting: HashMap::new(),
            waiting_count: 0,
            doubts: HashMap::new(),
            sent: HashMap::new(),
            trust: Trust::default(),
            state_witnesses: StateWitnesses::Unread,
            walking: false,
            schedule: BTreeSet::new(),
            looked_at: now,
            last_create: None,
            postponed: Vec::new(),
            progress: 0,
            pass: None,
            extent: Extent::All,
            found_elsewhere: 0,
            set_aside: 0,
            not_reached: 0,
            duplicates_elsewhere: Vec::new(),
            options,
        };
        let settle = delivery.options.settle;
        for doubt in doubts {
            delivery.doubt(Doubted::of_earlier_run(doubt, now, settle));
        }
        delivery
    }

    /// Runs until the input ends and everything under way is settled.
    pub async fn run(mut self, mut input: mpsc::Receiver<Input>) -> Leftover {
        loop {
            if self.stop.is_requested() && !self.stopping {
                self.begin_stop();
            }
            self.pump();
            self.hand_on().await;
            if self.input_ended && self.is_idle() {
                break;
            }
            // What was due and is not begun waits for a worker, whose end wakes us; what became due since then wakes us at once. And
            // while the API is waited for, look-ups are held back.
            let wake = self
                .schedule
                .first()
                .map(|(at, _)| *at)
                .filter(|at| *at > self.looked_at && !self.flow.is_held());
            // Only where a commit may be asked for: else its end wakes us.
            let settle_by = self.settle_by.filter(|_| self.settling < SETTLING);
            let wants = !self.input_ended && (self.stopping || self.wants_rows());
            tokio::select! {
                biased;
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => self.stop.request(StopReason::Internal(format!("a worker broke down: {error}"))),
                },
                () = self.stop.requested(), if !self.stopping => {}
                taken = input.recv(), if wants => match taken {
                    Some(Input::Rows(rows)) => self.take(rows),
                    Some(Input::PostedBefore(rows)) => self.take_posted_before(rows),
                    Some(Input::Doubtful(rows)) => self.take_doubtful(rows),
                    Some(Input::EndOfPass(reply)) => (self.pass, self.extent) = (Some(reply), Extent::All),
                    Some(Input::EndOfPart(reply)) => (self.pass, self.extent) = (Some(reply), Extent::Part),
                    Some(Input::Doubts(doubts)) => self.take_over(doubts),
                    None => self.input_ended = true,
                },
                () = sleep_until(wake), if wake.is_some() && !self.stopping => {}
                () = sleep_until(settle_by), if settle_by.is_some() => {}
            }
        }
        let doubts = self.leave_doubts();
        self.hand_on().await;
        if self.found_elsewhere > 0 {
            tracing::info!(
                count = self.found_elsewhere,
                "rows in doubt of earlier runs, which are not in the file, were settled"
            );
        }
        Leftover {
            doubts,
            set_aside: self.set_aside,
            not_reached: self.not_reached,
            duplicates: std::mem::take(&mut self.duplicates_elsewhere),
        }
    }

    fn is_idle(&self) -> bool {
        self.tasks.is_empty()
            && self.to_claim.is_empty()
            && self.ready.is_empty()
            && self.to_settle.is_empty()
            && self.suspects.is_empty()
            && self.pass.is_none()
            && (self.stopping || self.doubts.values().all(Doubted::is_given_up))
    }

    /// Sends what waits to be settled to the state, unless more is about to come.
    fn flush_settlements(&mut self) {
        if self.to_settle.is_empty() {
            return;
        }
        let now = Instant::now();
        let by = *self.settle_by.get_or_insert(now + GATHERING);
        let alone = self.sending == 0 || self.stopping || !self.waiting.is_empty();
        if self.to_settle.len() < GATHERED && now < by && !alone {
            return;
        }
        self.settle_now();
    }

    /// Sends it, as far as commits of outcomes may be asked for.
    fn settle_now(&mut self) {
        while self.settling < SETTLING && !self.to_settle.is_empty() {
            let (settlements, after): (Vec<_>, Vec<_>) = self.to_settle.drain(..).unzip();
            let state = self.state.clone();
            self.settling += 1;
            self.settle_by = None;
            self.tasks
                .spawn(async move { Done::Settled(after, state.settle(settlements).await) });
        }
    }

    /// Starts whatever may be started.
    fn pump(&mut self) {
        self.judge_suspects();
        self.flush_settlements();
        if self.stopping {
            self.end_pass_if_over();
            return;
        }
        self.seek_trust();
        self.look();
        if !self.ready.is_empty() {
            self.read_ids();
        }
        self.send_ready();
        if self.claim() {
            // A commit is asked for anyway, and takes what queues up for it.
            self.settle_now();
        }
        self.end_pass_if_over();
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Claimed(jobs, Ok(answers)) => {
                self.claiming -= jobs.len();
                let jobs = self.claimed(jobs, answers);
                if self.ready.is_empty() && self.sending < self.options.workers {
                    self.window.starved();
                }
                if self.stopping {
                    for job in jobs {
                        self.release(job);
                    }
                } else {
                    self.ready.extend(jobs);
                }
            }
            Done::Claimed(jobs, Err(error)) => {
                self.claiming -= jobs.len();
                self.state_failed(&error);
                for job in jobs {
                    self.finish(&job.row, RowOutcome::Deferred, None, Vec::new());
                }
            }
            Done::Answered(answered) => {
                self.sending -= 1;
                self.creates();
                self.answered(answered);
            }
            Done::IdsRead(Ok(ids)) => {
                self.ids.add(ids);
                self.ids_of_state = IdsOfState::Read;
            }
            Done::IdsRead(Err(error)) => self.state_failed(&error),
            Done::Settled(after, Ok(answers)) => {
                self.settling -= 1;
                for (one, answer) in after.into_iter().zip(answers.answers()) {
                    match answer {
                        None => self.settled(one),
                        Some(known) => self.settled_elsewhere(one, &known),
                    }
                }
            }
            Done::Settled(after, Err(error)) => {
                self.settling -= 1;
                self.state_failed(&error);
                for one in after {
                    self.unrecorded(one);
                }
            }
            Done::Parents(rows, parents) => {
                for (row, known) in rows.into_iter().zip(parents) {
                    self.linked(row, known);
                }
            }
            Done::Rechecked(rows, known) => self.rechecked(rows, known),
            Done::ReadFailed(rows, error) => {
                self.state_failed(&error);
                for row in rows {
                    self.finish(&row, RowOutcome::Deferred, None, Vec::new());
                }
            }
            Done::Looked(key, began, found) => {
                self.looking -= 1;
                self.looked(&key, began, found);
            }
            Done::Waited(waited) => self.waited(waited),
            Done::Swept(keys, began, swept, known) => {
                self.looking -= 1;
                self.walking = false;
                self.swept(keys, began, swept, known);
            }
            Done::WitnessesRead(Ok(witnesses)) => self.witnesses_read(witnesses),
            Done::WitnessesRead(Err(error)) => self.state_failed(&error),
            Done::Tried(found) => self.tried(found),
        }
    }

    /// Everything not yet sent is given back.
    fn begin_stop(&mut self) {
        self.stopping = true;
        for job in std::mem::take(&mut self.to_claim) {
            self.finish(&job.row, RowOutcome::Deferred, None, Vec::new());
        }
        for job in std::mem::take(&mut self.ready) {
            self.release(job);
        }
        let waiting: Vec<PreparedPartner> = std::mem::take(&mut self.waiting)
            .into_values()
            .flatten()
            .collect();
        self.waiting_count = 0;
        for row in waiting {
            self.finish(&row, RowOutcome::Deferred, None, Vec::new());
        }
    }

    /// Answers the feeder when all rows of the pass are settled or postponed.
    fn end_pass_if_over(&mut self) {
        if self.pass.is_none()
            || !self.tasks.is_empty()
            || !self.to_claim.is_empty()
            || !self.ready.is_empty()
            || !self.to_settle.is_empty()
        {
            return;
        }
        if !self.stopping {
            // The whole file was met: a doubt without a row by now is of a row that is not in it.
            let absent: Vec<RowKey> = self
                .doubts
                .values()
                .filter(|d| d.missing == Missing::Proved && d.row.is_none())
                .map(|d| d.key.clone())
                .collect();
            for key in absent {
                self.settle_absent(key);
            }
            self.flush_settlements();
            let is_part = self.extent == Extent::Part;
            let is_over =
                |d: &Doubted| d.is_given_up() || d.is_unproved() || (is_part && d.row.is_none());
            if !self.tasks.is_empty() || !self.doubts.values().all(is_over) {
                return;
            }
            self.give_up_unproved();
        }
        if let Some(reply) = self.pass.take() {
            let mut postponed = std::mem::take(&mut self.postponed);
            postponed.sort_unstable();
            let _ = reply.send(PassEnd {
                postponed,
                progress: std::mem::take(&mut self.progress),
                open: self.doubts.values().filter(|d| !d.is_given_up()).count() as u64,
            });
        }
    }

    async fn hand_on(&mut self) {
        if !self.finished.is_empty() {
            // Without a listener the run goes on; the state has it all.
            let _ = self.results.send(std::mem::take(&mut self.finished)).await;
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn claim_of(row: &PreparedPartner) -> Claim {
    Claim {
        key: row.key.clone(),
        fingerprint: row.fingerprint,
        legacy_identifier: row.legacy_identifier.clone(),
        business_name: row.business_name.to_string(),
    }
}

#[cfg(test)]
pub(super) mod bench;
#[cfg(test)]
mod post_tests;
#[cfg(test)]
mod row_tests;
#[cfg(test)]
mod scheduling_tests;
#[cfg(test)]
mod tests;
