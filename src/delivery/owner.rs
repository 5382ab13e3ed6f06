//! The one owner of everything under way. Workers never print and never touch the ledger; they hand their
//! answers to this loop, which alone knows what is claimed, sent, in doubt and waiting.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::breaker::Breaker;
use super::plan::{Decision, decide};
use super::recovery::{Absence, Doubted};
use super::stop::{Stop, StopReason};
use super::told::{changed, in_doubt, place, rejected, still_rejected};
use super::window::Window;
use super::worker::deliver;
use crate::api::{ApiError, Found, PartnersApi, RemotePartner, Sweep, find_by_identifier, sweep};
use crate::diagnostic::{Code, Diagnostic};
use crate::partner::{
    CreateOutcome, NotMade, PartnerId, PreparedPartner, RowKey, RowOutcome, RowResult,
};
use crate::state::{Claim, Doubt, Event, Known, Ledger, RecordState, Settlement, StateError};

/// How a delivery is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Requests under way at most.
    pub workers: usize,
    /// How long after its last possible moment a request may still be processed.
    pub settle: Duration,
    /// Send rows again that the API rejected with the same payload.
    pub retry_rejected: bool,
}

/// What the feeder hands over.
#[derive(Debug)]
pub enum Input {
    /// Rows to send: the ledger has nothing against it.
    Rows(Vec<PreparedPartner>),
    /// Rows whose record was in doubt when the feeder looked.
    Doubtful(Vec<PreparedPartner>),
    /// All rows of a pass were handed over. Answered when all of them are settled or postponed.
    EndOfPass(oneshot::Sender<PassEnd>),
}

/// What a pass left.
#[derive(Debug, Default)]
pub struct PassEnd {
    /// Ordinals of rows whose parent has no partner yet, ascending.
    pub postponed: Vec<u32>,
    /// Rows that got their partner in this pass: without any, another pass changes nothing.
    pub progress: u64,
}

/// Children that wait in memory for a parent under way; more of them wait for the next pass.
const WAITING_CHILDREN: usize = 10_000;
/// Rows taken from the feeder ahead of the window.
const QUEUED_ROWS: usize = 1024;
/// From so many doubts at once on, one walk over the list may be cheaper.
const SWEEP_DOUBTS: usize = 10;
/// Commits of outcomes asked for at a time; what comes meanwhile goes together into the next.
const SETTLING: usize = 2;

/// A row with the ids that its links stand for.
#[derive(Debug)]
struct Job {
    row: PreparedPartner,
    ids: Vec<PartnerId>,
}

/// What to do once a settlement is on the disk.
enum After {
    Made(Box<Job>, PartnerId),
    Refused(Box<Job>, u16, String),
    Lost(Box<Job>, String),
    Unsent(Box<Job>),
    Found {
        key: RowKey,
        hits: Vec<RemotePartner>,
    },
    Absent(RowKey),
}

enum Done {
    Claimed(Vec<Job>, Result<(), StateError>),
    Answered(Box<Job>, CreateOutcome, u32),
    Settled(Vec<After>, Result<(), StateError>),
    /// Rows with links, and what is known of the rows they point to.
    Parents(Vec<PreparedPartner>, Vec<Vec<Option<Known>>>),
    /// Rows whose doubt was settled before they came.
    Rechecked(Vec<PreparedPartner>, Vec<Option<Known>>),
    ReadFailed(Vec<PreparedPartner>, StateError),
    Looked(RowKey, Instant, Result<Found, ApiError>),
    Swept(Vec<RowKey>, Instant, Result<Sweep, ApiError>),
}

/// The delivery of one run.
pub struct Delivery<A> {
    api: Arc<A>,
    ledger: Ledger,
    options: Options,
    results: mpsc::Sender<Vec<RowResult>>,
    stop: Stop,
    stopping: bool,
    window: Window,
    breaker: Breaker,
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
    finished: Vec<RowResult>,
    /// Keys of all rows in memory that may yet get their partner.
    under_way: HashSet<RowKey>,
    waiting: HashMap<RowKey, Vec<PreparedPartner>>,
    waiting_count: usize,
    doubts: HashMap<RowKey, Doubted>,
    schedule: BTreeSet<(Instant, RowKey)>,
    postponed: Vec<u32>,
    progress: u64,
    pass: Option<oneshot::Sender<PassEnd>>,
    found_elsewhere: u64,
}

impl<A: PartnersApi> Delivery<A> {
    /// A delivery that starts with the doubts of earlier runs.
    pub fn new(
        api: Arc<A>,
        ledger: Ledger,
        options: Options,
        doubts: Vec<Doubt>,
        results: mpsc::Sender<Vec<RowResult>>,
        stop: Stop,
    ) -> Self {
        let now = Instant::now();
        let mut delivery = Self {
            api,
            ledger,
            window: Window::new(options.workers),
            breaker: Breaker::new(options.workers),
            results,
            stop,
            stopping: false,
            tasks: JoinSet::new(),
            to_claim: VecDeque::new(),
            ready: VecDeque::new(),
            claiming: 0,
            sending: 0,
            looking: 0,
            settling: 0,
            to_settle: Vec::new(),
            finished: Vec::new(),
            under_way: HashSet::new(),
            waiting: HashMap::new(),
            waiting_count: 0,
            doubts: HashMap::new(),
            schedule: BTreeSet::new(),
            postponed: Vec::new(),
            progress: 0,
            pass: None,
            found_elsewhere: 0,
            options,
        };
        for doubt in doubts {
            // The ledger's clock is the wall's and may have gone back; the settling time is counted anew,
            // from now, which is never too early.
            delivery.doubt(Doubted {
                key: doubt.key,
                legacy_identifier: doubt.legacy_identifier,
                business_name: doubt.business_name,
                fingerprint: doubt.fingerprint,
                row: None,
                settled_at: now + delivery.options.settle,
                next_look: Some(now),
                failures: 0,
                trouble: None,
                absent: false,
            });
        }
        delivery
    }

    /// Runs until the input ends and everything under way is settled.
    pub async fn run(mut self, mut input: mpsc::Receiver<Input>) {
        let mut open = true;
        loop {
            if self.stop.is_requested() && !self.stopping {
                self.begin_stop();
            }
            self.pump();
            self.tell().await;
            if !open && self.is_idle() {
                break;
            }
            let wake = self.schedule.first().map(|(at, _)| *at);
            let wants = open && (self.stopping || self.wants_rows());
            tokio::select! {
                biased;
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => self.stop.request(StopReason::Internal(format!("a worker broke down: {error}"))),
                },
                () = self.stop.requested(), if !self.stopping => {}
                taken = input.recv(), if wants => match taken {
                    Some(Input::Rows(rows)) => self.take(rows),
                    Some(Input::Doubtful(rows)) => self.take_doubtful(rows),
                    Some(Input::EndOfPass(reply)) => self.pass = Some(reply),
                    None => open = false,
                },
                () = sleep_until(wake), if wake.is_some() && !self.stopping => {}
            }
        }
        self.leave_doubts();
        self.tell().await;
        if self.found_elsewhere > 0 {
            tracing::info!(
                count = self.found_elsewhere,
                "doubts of earlier runs were settled for rows that are not in the file"
            );
        }
    }

    fn wants_rows(&self) -> bool {
        self.pass.is_none() && self.to_claim.len() < QUEUED_ROWS
    }

    fn is_idle(&self) -> bool {
        self.tasks.is_empty()
            && self.to_claim.is_empty()
            && self.ready.is_empty()
            && self.to_settle.is_empty()
            && self.pass.is_none()
            && (self.stopping || self.doubts.values().all(Doubted::is_given_up))
    }

    /// Starts whatever may be started.
    fn pump(&mut self) {
        while self.settling < SETTLING && !self.to_settle.is_empty() {
            let (settlements, after): (Vec<_>, Vec<_>) = self.to_settle.drain(..).unzip();
            let ledger = self.ledger.clone();
            self.settling += 1;
            self.tasks
                .spawn(async move { Done::Settled(after, ledger.settle(settlements).await) });
        }
        if self.stopping {
            self.end_pass_if_over();
            return;
        }
        self.look();
        while self.sending + self.looking < self.options.workers {
            let Some(job) = self.ready.pop_front() else {
                break;
            };
            self.send(job);
        }
        let room = self
            .window
            .room(self.ready.len() + self.claiming)
            .min(self.to_claim.len());
        if room > 0 {
            if self.ready.len() * 4 > room * 3 {
                self.window.plenty();
            }
            let jobs: Vec<Job> = self.to_claim.drain(..room).collect();
            let claims = jobs.iter().map(|job| claim_of(&job.row)).collect();
            let ledger = self.ledger.clone();
            self.claiming += jobs.len();
            self.tasks.spawn(async move {
                let result = ledger.claim(claims).await;
                Done::Claimed(jobs, result)
            });
        }
        self.end_pass_if_over();
    }

    fn send(&mut self, job: Job) {
        let body = if job.ids.is_empty() {
            Bytes::copy_from_slice(job.row.body.bytes())
        } else {
            let ids = job
                .row
                .links
                .iter()
                .zip(&job.ids)
                .map(|(link, id)| (link.at, id.as_str()));
            Bytes::from(job.row.body.filled(ids))
        };
        let (api, stop, query) = (Arc::clone(&self.api), self.stop.clone(), job.row.query);
        self.sending += 1;
        self.tasks.spawn(async move {
            let (outcome, attempts) = deliver(api, body, query, stop).await;
            Done::Answered(Box::new(job), outcome, attempts)
        });
    }

    /// Starts look-ups that are due: with the workers that are free, up to half of them while rows are sent.
    fn look(&mut self) {
        let now = Instant::now();
        let due: Vec<RowKey> = self
            .schedule
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, key)| key.clone())
            .collect();
        if due.is_empty() {
            return;
        }
        let slots = if self.ready.is_empty() {
            self.options.workers
        } else {
            self.options.workers.div_ceil(2)
        };
        let free = slots.saturating_sub(self.looking).min(
            self.options
                .workers
                .saturating_sub(self.sending + self.looking),
        );
        if free == 0 {
            return;
        }
        if due.len() >= SWEEP_DOUBTS {
            let wanted: HashSet<String> = due
                .iter()
                .filter_map(|key| {
                    self.start_look(key)
                        .map(|d| d.legacy_identifier.as_str().to_owned())
                })
                .collect();
            let api = Arc::clone(&self.api);
            self.looking += 1;
            self.tasks.spawn(async move {
                let began = Instant::now();
                Done::Swept(due, began, sweep(&*api, &wanted).await)
            });
            return;
        }
        for key in due.into_iter().take(free) {
            self.look_up(key);
        }
    }

    fn look_up(&mut self, key: RowKey) {
        let Some(doubted) = self.start_look(&key) else {
            return;
        };
        let (legacy, name) = (
            doubted.legacy_identifier.clone(),
            doubted.business_name.clone(),
        );
        let api = Arc::clone(&self.api);
        self.looking += 1;
        self.tasks.spawn(async move {
            let began = Instant::now();
            let found = find_by_identifier(&*api, &legacy, &name).await;
            Done::Looked(key, began, found)
        });
    }

    fn start_look(&mut self, key: &RowKey) -> Option<&Doubted> {
        let doubted = self.doubts.get_mut(key)?;
        if let Some(at) = doubted.next_look.take() {
            self.schedule.remove(&(at, key.clone()));
        }
        Some(doubted)
    }

    fn doubt(&mut self, doubted: Doubted) {
        self.under_way.insert(doubted.key.clone());
        if let Some(at) = doubted.next_look {
            self.schedule.insert((at, doubted.key.clone()));
        }
        self.doubts.insert(doubted.key.clone(), doubted);
    }

    fn look_again(&mut self, key: &RowKey, at: Instant) {
        if let Some(doubted) = self.doubts.get_mut(key) {
            doubted.next_look = Some(at);
            self.schedule.insert((at, key.clone()));
        }
    }

    /// Takes rows to send.
    fn take(&mut self, rows: Vec<PreparedPartner>) {
        if self.stopping {
            for row in rows {
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
            }
        } else {
            self.admit(rows);
        }
    }

    /// Takes rows in doubt: each is attached to its doubt, or looked at again where that is settled already.
    fn take_doubtful(&mut self, rows: Vec<PreparedPartner>) {
        let mut recheck = Vec::new();
        for row in rows {
            match self.doubts.get_mut(&row.key) {
                None if self.stopping => {
                    self.finish(&row, RowOutcome::InDoubt, None, vec![in_doubt(&row, None)])
                }
                Some(doubted) => {
                    let absent = doubted.absent;
                    let key = row.key.clone();
                    doubted.row = Some(row);
                    if absent && !self.stopping {
                        self.settle(
                            Settlement::new(key.clone(), Event::Absent),
                            After::Absent(key),
                        );
                    }
                }
                None => recheck.push(row),
            }
        }
        if recheck.is_empty() {
            return;
        }
        let ledger = self.ledger.clone();
        self.tasks.spawn(async move {
            let keys = recheck.iter().map(|row| row.key.clone()).collect();
            match ledger.known(keys).await {
                Ok(known) => Done::Rechecked(recheck, known),
                Err(error) => Done::ReadFailed(recheck, error),
            }
        });
    }

    /// A row that may be sent, once its links are known.
    fn admit(&mut self, rows: Vec<PreparedPartner>) {
        let mut linked = Vec::new();
        for row in rows {
            if row.links.is_empty() {
                self.under_way.insert(row.key.clone());
                self.to_claim.push_back(Job {
                    row,
                    ids: Vec::new(),
                });
            } else {
                linked.push(row);
            }
        }
        if linked.is_empty() {
            return;
        }
        let ledger = self.ledger.clone();
        self.tasks.spawn(async move {
            let keys = linked
                .iter()
                .flat_map(|row| row.links.iter().map(|l| l.key.clone()))
                .collect();
            match ledger.known(keys).await {
                Ok(known) => {
                    let mut known = known.into_iter();
                    let parents = linked
                        .iter()
                        .map(|row| known.by_ref().take(row.links.len()).collect())
                        .collect();
                    Done::Parents(linked, parents)
                }
                Err(error) => Done::ReadFailed(linked, error),
            }
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Claimed(jobs, Ok(())) => {
                self.claiming -= jobs.len();
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
            Done::Answered(job, outcome, attempts) => {
                self.sending -= 1;
                self.answered(job, outcome, attempts);
            }
            Done::Settled(after, Ok(())) => {
                self.settling -= 1;
                for one in after {
                    self.settled(one);
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
            Done::Swept(keys, began, swept) => {
                self.looking -= 1;
                self.swept(keys, began, swept);
            }
        }
    }

    fn rechecked(&mut self, rows: Vec<PreparedPartner>, known: Vec<Option<Known>>) {
        let mut admitted = Vec::new();
        for (row, known) in rows.into_iter().zip(known) {
            if self.stopping {
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
                continue;
            }
            match decide(
                known.as_ref(),
                &row.fingerprint,
                self.options.retry_rejected,
            ) {
                Decision::Create => admitted.push(row),
                Decision::Skip(partner) => {
                    self.finish(&row, RowOutcome::Skipped, partner, Vec::new())
                }
                Decision::Changed(partner) => {
                    let diagnostic = changed(&row);
                    self.finish(&row, RowOutcome::Changed, partner, vec![diagnostic]);
                }
                Decision::StillRejected => {
                    let diagnostic = still_rejected(&row, known.as_ref());
                    self.finish(&row, RowOutcome::Rejected, None, vec![diagnostic]);
                }
                // In doubt, but no doubt of ours: it was settled between two looks at it, or another row
                // of the same key is under way, which the corridor rules out. The next run asks.
                Decision::InDoubt => {
                    self.finish(&row, RowOutcome::InDoubt, None, vec![in_doubt(&row, None)])
                }
            }
        }
        self.admit(admitted);
    }

    /// A row with links: all ids known, or it waits for a parent under way, or for the next pass.
    fn linked(&mut self, row: PreparedPartner, known: Vec<Option<Known>>) {
        if self.stopping {
            self.finish(&row, RowOutcome::Deferred, None, Vec::new());
            return;
        }
        let mut ids = Vec::with_capacity(known.len());
        for (link, known) in row.links.iter().zip(known) {
            match known
                .filter(|k| k.state == RecordState::Created)
                .and_then(|k| k.partner)
            {
                Some(id) => ids.push(id),
                None if self.under_way.contains(&link.key)
                    && self.waiting_count < WAITING_CHILDREN =>
                {
                    // No circle can form: a row waits only for rows that were there before it.
                    self.under_way.insert(row.key.clone());
                    self.waiting_count += 1;
                    let parent = link.key.clone();
                    self.waiting.entry(parent).or_default().push(row);
                    return;
                }
                None => {
                    self.postpone(row);
                    return;
                }
            }
        }
        self.under_way.insert(row.key.clone());
        self.to_claim.push_back(Job { row, ids });
    }

    fn postpone(&mut self, row: PreparedPartner) {
        self.under_way.remove(&row.key);
        let children = self.waiting.remove(&row.key).unwrap_or_default();
        self.postponed.push(row.origin.ordinal);
        for child in children {
            self.waiting_count -= 1;
            self.postpone(child);
        }
    }

    /// What was waiting for a row goes on, or waits for the next pass.
    fn wake_children(&mut self, key: &RowKey, made: bool) {
        let children = self.waiting.remove(key).unwrap_or_default();
        self.waiting_count -= children.len();
        if made && !self.stopping {
            self.admit(children);
            return;
        }
        for child in children {
            if self.stopping {
                self.finish(&child, RowOutcome::Deferred, None, Vec::new());
            } else {
                self.postpone(child);
            }
        }
    }

    fn answered(&mut self, job: Box<Job>, outcome: CreateOutcome, attempts: u32) {
        if let Some(reason) = self.breaker.see(&outcome) {
            self.stop.request(reason);
        }
        let mut settlement = Settlement::new(job.row.key.clone(), Event::Lost);
        settlement.more_attempts = i32::try_from(attempts).unwrap_or(i32::MAX) - 1;
        let after = match outcome {
            CreateOutcome::Created(id) => {
                settlement.event = Event::Made;
                settlement.partner = Some(id.clone());
                After::Made(job, id)
            }
            CreateOutcome::Rejected { status, words } => {
                settlement.event = Event::Refused;
                settlement.status = Some(status);
                let said = words.to_string();
                settlement.words = Some(words);
                After::Refused(job, status, said)
            }
            CreateOutcome::InDoubt { words, .. } => {
                let said = words.to_string();
                settlement.words = Some(words);
                After::Lost(job, said)
            }
            CreateOutcome::NotMade(why) => {
                settlement.event = Event::NotMade;
                settlement.words = match why {
                    NotMade::NotSent(words)
                    | NotMade::Unauthorised(words)
                    | NotMade::Forbidden(words) => Some(words),
                    NotMade::Throttled { .. } | NotMade::Stopped => None,
                };
                After::Unsent(job)
            }
        };
        self.settle(settlement, after);
    }

    fn settle(&mut self, settlement: Settlement, after: After) {
        self.to_settle.push((settlement, after));
    }

    /// A settlement is on the disk.
    fn settled(&mut self, after: After) {
        match after {
            After::Made(job, id) => {
                self.progress += 1;
                self.finish(&job.row, RowOutcome::Created, Some(id), Vec::new());
                self.wake_children(&job.row.key, true);
            }
            After::Refused(job, status, words) => {
                let diagnostic = rejected(&job.row, status, &words);
                self.finish(&job.row, RowOutcome::Rejected, None, vec![diagnostic]);
                self.wake_children(&job.row.key, false);
            }
            After::Unsent(job) => {
                self.finish(&job.row, RowOutcome::Deferred, None, Vec::new());
                self.wake_children(&job.row.key, false);
            }
            After::Lost(job, words) => {
                let row = job.row;
                let now = Instant::now();
                self.doubt(Doubted {
                    key: row.key.clone(),
                    legacy_identifier: row.legacy_identifier.clone(),
                    business_name: row.business_name.to_string(),
                    fingerprint: row.fingerprint,
                    row: Some(row),
                    settled_at: now + self.options.settle,
                    next_look: Some(now),
                    failures: 0,
                    trouble: Some(words),
                    absent: false,
                });
            }
            After::Found { key, hits } => self.found(&key, &hits),
            After::Absent(key) => {
                self.under_way.remove(&key);
                let Some(doubted) = self.doubts.remove(&key) else {
                    return;
                };
                match doubted.row {
                    Some(row) if self.stopping => {
                        self.finish(&row, RowOutcome::Deferred, None, Vec::new())
                    }
                    Some(row) => self.admit(vec![row]),
                    None => self.wake_children(&key, false),
                }
            }
        }
    }

    /// A doubt is settled: the partner is there.
    fn found(&mut self, key: &RowKey, hits: &[RemotePartner]) {
        self.progress += 1;
        if let Some(doubted) = self.doubts.remove(key) {
            let id = hits.first().map(|h| h.id.clone());
            let mut diagnostics = Vec::new();
            if hits.len() > 1 {
                let ids = hits
                    .iter()
                    .map(|h| h.id.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                let at = doubted.row.as_ref().map(place).unwrap_or_default();
                diagnostics.push(Diagnostic::new(
                    Code::DuplicateOnApi,
                    at,
                    format!("The API holds {} partners with the legacyIdentifier \"{}\": {ids}. The oldest is taken.", hits.len(), doubted.legacy_identifier),
                ));
            }
            match doubted.row {
                Some(row) if row.fingerprint == doubted.fingerprint => {
                    self.finish(&row, RowOutcome::Created, id, diagnostics);
                }
                Some(row) => {
                    diagnostics.push(changed(&row));
                    self.finish(&row, RowOutcome::Changed, id, diagnostics);
                }
                None => {
                    self.found_elsewhere += 1;
                    for diagnostic in diagnostics {
                        tracing::warn!("{}", diagnostic.message);
                    }
                }
            }
        }
        self.under_way.remove(key);
        self.wake_children(key, true);
    }

    fn looked(&mut self, key: &RowKey, began: Instant, found: Result<Found, ApiError>) {
        match found {
            Ok(Found::Partners(hits)) => self.settle_found(key, hits),
            Ok(Found::Absent) => self.absent(key, began),
            Err(ApiError::Stopped) => {}
            Err(error) => self.look_failed(key, &error),
        }
    }

    fn settle_found(&mut self, key: &RowKey, hits: Vec<RemotePartner>) {
        let mut settlement = Settlement::new(key.clone(), Event::Found);
        settlement.partner = hits.first().map(|h| h.id.clone());
        settlement.more_attempts = 0;
        self.settle(
            settlement,
            After::Found {
                key: key.clone(),
                hits,
            },
        );
    }

    fn absent(&mut self, key: &RowKey, began: Instant) {
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        doubted.failures = 0;
        match doubted.judge(began) {
            Absence::TooEarly(at) => self.look_again(key, at),
            Absence::Proof if doubted.row.is_some() => {
                self.settle(
                    Settlement::new(key.clone(), Event::Absent),
                    After::Absent(key.clone()),
                );
            }
            // The row may come yet; what is proved stays proved, for nobody else claims it.
            Absence::Proof => doubted.absent = true,
        }
    }

    fn look_failed(&mut self, key: &RowKey, error: &ApiError) {
        if matches!(error, ApiError::Unauthorised(_) | ApiError::Forbidden(_)) {
            self.stop
                .request(StopReason::NotAuthorised(error.to_string()));
        }
        let asked = match error {
            ApiError::Throttled { retry_after, .. } => {
                Some(retry_after.unwrap_or(Duration::from_secs(1)))
            }
            _ => None,
        };
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        doubted.failed(error.to_string(), asked, Instant::now(), fastrand::f64());
        if let Some(at) = doubted.next_look {
            self.schedule.insert((at, key.clone()));
        } else {
            tracing::warn!(key = %key, "the row stays in doubt: {error}");
            self.under_way.remove(key);
            self.wake_children(key, false);
        }
    }

    fn swept(&mut self, keys: Vec<RowKey>, began: Instant, swept: Result<Sweep, ApiError>) {
        match swept {
            Ok(Sweep::Whole(mut found)) => {
                for key in keys {
                    let Some(doubted) = self.doubts.get(&key) else {
                        continue;
                    };
                    match found.remove(doubted.legacy_identifier.as_str()) {
                        Some(hits) => self.settle_found(&key, hits),
                        None => self.absent(&key, began),
                    }
                }
            }
            Ok(Sweep::NotWorth) => {
                // Each on its own: the free workers take them one by one.
                for key in keys {
                    if self.stopping {
                        continue;
                    } else {
                        self.look_up(key)
                    }
                }
            }
            Err(ApiError::Stopped) => {}
            Err(error) => {
                for key in keys {
                    self.look_failed(&key, &error);
                }
            }
        }
    }

    /// A settlement could not be written: the outcome is known to nobody but us, and the next run asks.
    fn unrecorded(&mut self, after: After) {
        match after {
            After::Made(job, _)
            | After::Refused(job, ..)
            | After::Lost(job, _)
            | After::Unsent(job) => {
                self.finish(
                    &job.row,
                    RowOutcome::InDoubt,
                    None,
                    vec![in_doubt(&job.row, Some("the state could not be written"))],
                );
                self.wake_children(&job.row.key, false);
            }
            // Their doubts are still there and are told at the end.
            After::Found { .. } | After::Absent(_) => {}
        }
    }

    fn state_failed(&mut self, error: &StateError) {
        tracing::error!("{error}");
        self.stop.request(StopReason::State(error.to_string()));
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

    /// A claimed row that was never sent.
    fn release(&mut self, job: Job) {
        let mut settlement = Settlement::new(job.row.key.clone(), Event::NotMade);
        settlement.more_attempts = -1;
        self.settle(settlement, After::Unsent(Box::new(job)));
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
                .filter(|d| d.absent && d.row.is_none())
                .map(|d| d.key.clone())
                .collect();
            for key in absent {
                self.settle(
                    Settlement::new(key.clone(), Event::Absent),
                    After::Absent(key),
                );
            }
            if !self.to_settle.is_empty() || !self.doubts.values().all(Doubted::is_given_up) {
                return;
            }
        }
        if let Some(reply) = self.pass.take() {
            let mut postponed = std::mem::take(&mut self.postponed);
            postponed.sort_unstable();
            let _ = reply.send(PassEnd {
                postponed,
                progress: std::mem::take(&mut self.progress),
            });
        }
    }

    /// Doubts that this run could not settle.
    fn leave_doubts(&mut self) {
        for (_, doubted) in std::mem::take(&mut self.doubts) {
            match doubted.row {
                Some(row) => {
                    let diagnostic = in_doubt(&row, doubted.trouble.as_deref());
                    self.finish(&row, RowOutcome::InDoubt, None, vec![diagnostic]);
                }
                None => {
                    tracing::warn!(key = %doubted.key, "a row of an earlier run is still in doubt")
                }
            }
        }
    }

    fn finish(
        &mut self,
        row: &PreparedPartner,
        outcome: RowOutcome,
        partner: Option<PartnerId>,
        diagnostics: Vec<Diagnostic>,
    ) {
        self.under_way.remove(&row.key);
        self.finished.push(RowResult {
            origin: row.origin.clone(),
            key: Some(row.key.clone()),
            legacy_identifier: Some(row.legacy_identifier.clone()),
            outcome,
            partner,
            diagnostics,
        });
    }

    async fn tell(&mut self) {
        if !self.finished.is_empty() {
            // Without a listener the run goes on; the ledger has it all.
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
