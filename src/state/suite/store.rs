//! What the cases need of an implementation, and short ways to say what they do with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use crate::clock::Clock;
use crate::partner::{ApiWords, ExternalId, Fingerprint, PartnerId, RowKey};
use crate::state::{
    self, Begun, Claim, Doubt, Event, Known, OpenRows, RecordRow, RecordState, RunEnd, RunId,
    RunStart, Settlement, StateError, StateLock, StateReader, StateView, StateWriter, Upkeep,
};

/// What an implementation keeps, in words, and how it is seen.
pub(super) type Case = (&'static str, fn(&dyn Store));

/// One state, empty at first.
pub(in crate::state) trait Store {
    /// The door to it.
    fn door(&self) -> state::Store;
    /// Begins a run, whoever holds the state.
    fn begin(&self, start: &RunStart, clock: &Clock) -> Result<Begun, StateError>;
    /// Begins one more run of who holds it.
    fn begin_again(&self, start: &RunStart, clock: &Clock) -> Result<Begun, StateError> {
        self.begin(start, clock)
    }
    /// Opens it for upkeep, whoever holds it.
    fn upkeep(&self) -> Result<Upkeep, StateError>;
    /// Makes the state one of the version before this program's.
    fn become_older(&self);
    /// Makes the state one of a version that this program does not know.
    fn become_newer(&self);
    /// Has the lock as a program of another version has it, which migrates nothing, until the value is dropped.
    fn hold_as_another_program(&self) -> Box<dyn std::any::Any>;

    /// Takes the lock of the state.
    fn lock(&self) -> Result<StateLock, StateError> {
        self.door().lock(&Clock::System)
    }

    fn reader(&self, target: &str, mapping: &str) -> Result<Option<StateReader>, StateError> {
        self.door().reader(target, mapping)
    }

    fn view(&self) -> Result<StateView, StateError> {
        self.door().view()
    }
}

/// Waits for an answer.
pub(super) fn wait<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(answer)
}

/// A clock that shows so many seconds since the epoch.
pub(super) fn clock_at(seconds: i64) -> (Clock, Arc<AtomicI64>) {
    let at = Arc::new(AtomicI64::new(seconds * 1000));
    (Clock::Manual(Arc::clone(&at)), at)
}

/// So many seconds since the epoch, as the state shows it.
pub(super) fn shown(seconds: i64) -> String {
    crate::clock::Timestamp(seconds * 1000).to_rfc3339()
}

/// A run under way.
pub(super) struct Run {
    pub(super) state: StateWriter,
    pub(super) doubts: Vec<Doubt>,
    pub(super) id: String,
    writer: JoinHandle<()>,
    seconds: Arc<AtomicI64>,
}

/// What a run of the cases begins with, unless a case is about it.
pub(super) fn start() -> RunStart {
    RunStart {
        open: OpenRows::MayExist,
        id: RunId::new(&Clock::System),
        command: "import",
        target: "t".to_owned(),
        mapping: "m".to_owned(),
        files: "f.csv".to_owned(),
    }
}

/// Begins a run of space `t`, `m` at so many seconds.
pub(super) fn begin(store: &dyn Store, seconds: i64) -> Run {
    begin_as(store, seconds, start())
}

pub(super) fn begin_as(store: &dyn Store, seconds: i64, start: RunStart) -> Run {
    let (clock, at) = clock_at(seconds);
    run_of(store.begin(&start, &clock), start, at)
}

/// The same, by who holds the state.
pub(super) fn begin_again_as(store: &dyn Store, seconds: i64, start: RunStart) -> Run {
    let (clock, at) = clock_at(seconds);
    run_of(store.begin_again(&start, &clock), start, at)
}

fn run_of(begun: Result<Begun, StateError>, start: RunStart, seconds: Arc<AtomicI64>) -> Run {
    let (state, doubts, writer) = begun.unwrap();
    Run {
        state,
        doubts,
        id: start.id.0,
        writer,
        seconds,
    }
}

impl Run {
    pub(super) fn set_clock(&self, seconds: i64) {
        self.seconds.store(seconds * 1000, Ordering::SeqCst);
    }

    pub(super) fn claim(&self, keys: &[&str]) {
        let claims = keys.iter().map(|key| claim(key, 7)).collect();
        wait(self.state.claim(claims)).unwrap();
    }

    pub(super) fn settle(&self, settlement: Settlement) -> Result<(), StateError> {
        wait(self.state.settle(vec![settlement])).map(drop)
    }

    /// The state of each row; none for rows never seen.
    pub(super) fn states(&self, keys: &[&str]) -> Vec<Option<RecordState>> {
        let known = self.known(keys).into_iter();
        known.map(|known| known.map(|k| k.state)).collect()
    }

    pub(super) fn known(&self, keys: &[&str]) -> Vec<Option<Known>> {
        let keys = keys.iter().map(|key| RowKey::new(*key)).collect();
        wait(self.state.known(keys)).unwrap()
    }

    /// Ends the run; of the runs of its space so many keep their problems.
    pub(super) fn end(self, exit: u8, keep: Option<u32>) -> String {
        let end = RunEnd {
            exit,
            summary: "{}".to_owned(),
            report: Some("{}".to_owned()),
            keep,
            told: 0,
        };
        wait(self.state.end(end)).unwrap();
        let id = self.id.clone();
        self.die();
        id
    }

    /// Stops without an end, as a process that is killed does.
    pub(super) fn die(self) {
        drop(self.state);
        self.writer.join().unwrap();
    }

    /// Brings a row that was never seen to a state.
    pub(super) fn bring_to(&self, key: &str, state: Option<RecordState>) {
        let Some(state) = state else { return };
        self.claim(&[key]);
        let event = match state {
            RecordState::InFlight => return,
            RecordState::Created => Event::Created,
            RecordState::Rejected => Event::Rejected,
            RecordState::InDoubt => Event::OutcomeUnknown,
            RecordState::Unsent => Event::NotCreated,
        };
        self.settle(settlement(key, event)).unwrap();
    }
}

pub(super) fn fingerprint(n: u8) -> Fingerprint {
    Fingerprint([n; 16])
}

/// A claim whose legacyIdentifier and name tell which content it is of.
pub(super) fn claim(key: &str, content: u8) -> Claim {
    Claim {
        key: RowKey::new(key),
        fingerprint: fingerprint(content),
        legacy_identifier: ExternalId::new(format!("legacy-{content}")),
        business_name: format!("Name {content}"),
    }
}

/// A settlement with the id that such an event brings.
pub(super) fn settlement(key: &str, event: Event) -> Settlement {
    let mut settlement = Settlement::new(RowKey::new(key), event);
    if matches!(event, Event::Created | Event::FoundRemotely) {
        settlement.partner = Some(PartnerId::new(format!("id-{key}")));
    }
    settlement
}

pub(super) fn with_answer(mut settlement: Settlement, status: u16, words: &str) -> Settlement {
    settlement.status = Some(status);
    settlement.words = Some(ApiWords::new(words));
    settlement
}

/// The only record of a key.
pub(super) fn row(store: &dyn Store, key: &str) -> RecordRow {
    let mut rows = store.view().unwrap().rows_of(key).unwrap();
    assert_eq!(rows.len(), 1, "{key}: {rows:?}");
    rows.remove(0)
}
