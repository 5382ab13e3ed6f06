//! The handle to the state of a run, and the thread that writes: everything that queued up goes into one commit.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::command::{Command, CommandResult};
use super::contract::{Journal, StateReader};
use super::error::StateError;
use super::hash_key::{LostKey, StateKey};
use super::known::Known;
use super::note::{Claim, Doubt, RunEnd, Settlement};
use super::unclaimed::Identifiers;
use crate::clock::Clock;
use crate::partner::{Fingerprint, Fingerprinter, RowKey};

/// Opens a reader of the run's space.
pub(super) type OpenReader = Arc<dyn Fn() -> Result<StateReader, StateError> + Send + Sync>;

/// A run that a room has begun.
pub(super) struct Opened {
    pub(super) journal: Box<dyn Journal>,
    pub(super) open_reader: OpenReader,
    pub(super) key: StateKey,
    pub(super) lost_key: Option<LostKey>,
    pub(super) doubts: Vec<Doubt>,
}

/// A run that is under way: the handle to its state, the doubts that earlier runs left, and the thread that writes.
pub type Begun = (StateWriter, Vec<Doubt>, JoinHandle<()>);

/// The answer to claims or settlements, row by row in their order.
#[derive(Debug, Default)]
pub struct PerRow(Vec<Option<Known>>);

impl PerRow {
    /// For each row: nothing where it is as was asked for, else how it stands.
    pub fn answers(self) -> impl Iterator<Item = Option<Known>> {
        self.0.into_iter().chain(std::iter::repeat_with(|| None))
    }
}

/// Starts the thread that writes for a run.
pub(super) fn start(opened: Opened, clock: &Clock) -> Result<Begun, StateError> {
    let (commands, inbox) = channel();
    let (journal, clock) = (opened.journal, clock.clone());
    let thread = std::thread::Builder::new()
        .name("state".to_owned())
        .spawn(move || write(journal, &inbox, &clock))
        .map_err(StateError::Thread)?;
    let state = StateWriter {
        commands,
        open_reader: opened.open_reader,
        key: opened.key,
        lost_key: opened.lost_key,
    };
    Ok((state, opened.doubts, thread))
}

/// Who waits for a command.
enum Reply {
    Nothing(oneshot::Sender<Result<(), StateError>>),
    Known(oneshot::Sender<CommandResult>),
    Nobody,
}

impl Reply {
    /// A caller that is gone does not wait for an answer.
    fn send(self, result: CommandResult) {
        match self {
            Reply::Nothing(caller) => drop(caller.send(result.map(drop))),
            Reply::Known(caller) => drop(caller.send(result)),
            Reply::Nobody => {}
        }
    }
}

/// A handle to the state. Cheap to clone; the writer ends when the last one is gone.
#[derive(Clone)]
pub struct StateWriter {
    commands: Sender<(Command, Reply)>,
    open_reader: OpenReader,
    key: StateKey,
    lost_key: Option<LostKey>,
}

impl fmt::Debug for StateWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateWriter").finish_non_exhaustive()
    }
}

impl StateWriter {
    /// The hasher of this state.
    #[must_use]
    pub fn fingerprinter(&self) -> &Fingerprinter {
        &self.key.fingerprinter
    }

    /// Rows that were hashed with a key that is lost, where there are any.
    #[must_use]
    pub fn lost_key(&self) -> Option<&LostKey> {
        self.lost_key.as_ref()
    }

    /// A second connection, for reading what is committed.
    pub fn reader(&self) -> Result<StateReader, StateError> {
        (self.open_reader)()
    }

    /// Notes the intent to send these rows. When this returns, the intent is kept, whatever happens next. A row that another
    /// machine has, or has settled, is not this one's: how it stands is returned in its place.
    ///
    /// # Errors
    /// [`StateError`]; then none of the rows may be sent.
    pub async fn claim(&self, claims: Vec<Claim>) -> Result<PerRow, StateError> {
        let answers = self.ask(Command::Claim(claims), Reply::Known).await;
        answers.map(PerRow)
    }

    /// Notes what became of rows. A row that is another machine's by now, or was settled by one, is left as it is: how it
    /// stands is returned in its place, and what was to be noted is kept as an answer that came late.
    pub async fn settle(&self, settlements: Vec<Settlement>) -> Result<PerRow, StateError> {
        let answers = self.ask(Command::Settle(settlements), Reply::Known).await;
        answers.map(PerRow)
    }

    /// What is known of rows, in the order asked.
    pub async fn known(&self, keys: Vec<RowKey>) -> Result<Vec<Option<Known>>, StateError> {
        self.ask(Command::Known(keys), Reply::Known).await
    }

    /// Notes that the rows of the space were compared with an API that has so many partners: see
    /// [`super::Reader::total`]. Where its whole list was walked, `unclaimed` are those of its identifiers that no row was
    /// given to.
    pub async fn remember_total(
        &self,
        partners: u64,
        unclaimed: Option<Identifiers>,
    ) -> Result<(), StateError> {
        self.note(Command::Total(partners, unclaimed)).await
    }

    /// Notes the end of the run.
    pub async fn end(&self, end: RunEnd) -> Result<(), StateError> {
        self.note(Command::End(end)).await
    }

    /// Notes rows whose payload is not the one that was sent, so that a person can accept it.
    pub fn note_changed(&self, rows: Vec<(RowKey, Fingerprint)>) {
        let _ = self.commands.send((Command::Changed(rows), Reply::Nobody));
    }

    /// Keeps a part of the run's problems. Nobody waits for it: what cannot be written is reported by the end.
    pub fn store_problems(&self, part: Vec<u8>) {
        let _ = self.commands.send((Command::Problems(part), Reply::Nobody));
    }

    async fn note(&self, command: Command) -> Result<(), StateError> {
        self.ask(command, Reply::Nothing).await
    }

    async fn ask<T>(
        &self,
        command: Command,
        reply: impl FnOnce(oneshot::Sender<Result<T, StateError>>) -> Reply,
    ) -> Result<T, StateError> {
        let (caller, answer) = oneshot::channel();
        self.commands
            .send((command, reply(caller)))
            .map_err(|_| StateError::WriterGone)?;
        answer.await.map_err(|_| StateError::WriterGone)?
    }
}

/// Commands taken into one commit at most; beyond that, waiting callers would wait too long.
const COMMIT_COMMANDS: usize = 4096;

fn write(mut journal: Box<dyn Journal>, inbox: &Receiver<(Command, Reply)>, clock: &Clock) {
    while let Ok((first, caller)) = inbox.recv() {
        let (mut commands, mut callers) = (vec![first], vec![caller]);
        while commands.len() < COMMIT_COMMANDS {
            let Ok((command, caller)) = inbox.try_recv() else {
                break;
            };
            commands.push(command);
            callers.push(caller);
        }
        let mut results = journal.commit(clock.now(), &commands).into_iter();
        for caller in callers {
            caller.send(results.next().unwrap_or(Err(StateError::WriterGone)));
        }
        journal.rest();
    }
    journal.close();
}
