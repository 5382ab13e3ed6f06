//! The thread that owns the writing connection: everything that queued up goes into one commit.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::begin::begin_run;
use super::error::StateError;
use super::fence::Fence;
use super::hash_key::{self, KeyNumber, LostKey, StateKey};
use super::known::{Known, known_of};
use super::log;
use super::moves::{ApplyError, ReservedBytes, claim_all, settle_all};
use super::note::{Claim, Doubt, RunEnd, Settlement};
use super::open::open_for_writing;
use super::reader::StateReader;
use super::run::RunStart;
use super::space::SpaceId;
use super::total;
use super::unclaimed::{self, Identifiers};
use crate::clock::{Clock, Timestamp};
use crate::partner::{Fingerprint, Fingerprinter, RowKey};

type Reply<T> = oneshot::Sender<Result<T, StateError>>;

enum Command {
    Claim(Vec<Claim>, Reply<()>),
    Settle(Vec<Settlement>, Reply<()>),
    Known(Vec<RowKey>, Reply<Vec<Option<Known>>>),
    Problems(Vec<u8>, Reply<()>),
    Changed(Vec<(RowKey, Fingerprint)>, Reply<()>),
    Total(u64, Option<Identifiers>, Reply<()>),
    End(RunEnd, Reply<()>),
}

/// A handle to the state. Cheap to clone; the writer ends when the last one is gone.
#[derive(Debug, Clone)]
pub struct StateWriter {
    commands: Sender<Command>,
    path: PathBuf,
    space: SpaceId,
    key: StateKey,
    lost_key: Option<LostKey>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Command::Claim(..) => "Claim",
            Command::Settle(..) => "Settle",
            Command::Known(..) => "Known",
            Command::Problems(..) => "Problems",
            Command::Changed(..) => "Changed",
            Command::Total(..) => "Total",
            Command::End(..) => "End",
        })
    }
}

impl StateWriter {
    /// Opens the state, begins a run and starts the writer. Rows `in_flight` of dead runs become doubts,
    /// and all doubts of the space are returned. The caller holds the [`super::StateLock`].
    pub fn begin(
        path: &Path,
        start: &RunStart,
        clock: &Clock,
    ) -> Result<(Self, Vec<Doubt>, JoinHandle<()>), StateError> {
        let mut connection = open_for_writing(path)?;
        let (key, aside) = hash_key::for_writing(&mut connection, path)?;
        let now = clock.now();
        let fence =
            log::take_over(&mut connection, path).map_err(|e| StateError::sqlite(path, e))?;
        let (space, run, doubts) = begin_run(&mut connection, fence, path, start, key.number, now)?;
        let lost_key = LostKey::find(&connection, path, space, key.number, aside)?;
        // All that is written from here on is of the space and the run just noted: nothing is looked up for it.
        connection
            .pragma_update(None, "foreign_keys", false)
            .map_err(|e| StateError::sqlite(path, e))?;
        let (commands, inbox) = channel();
        let writer = Writer {
            connection,
            path: path.to_owned(),
            fence,
            fold_at: log::LONG,
            space,
            key: key.number,
            run,
            clock: clock.clone(),
            reserved: ReservedBytes::USUAL,
        };
        let thread = std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|source| StateError::Open {
                path: path.to_owned(),
                source,
            })?;
        let state = Self {
            commands,
            path: path.to_owned(),
            space,
            key,
            lost_key,
        };
        Ok((state, doubts, thread))
    }

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
        StateReader::open(&self.path, self.space)
    }

    /// Notes the intent to send these rows. When this returns, the intent is on the disk.
    ///
    /// # Errors
    /// [`StateError`]; then none of the rows may be sent.
    pub async fn claim(&self, claims: Vec<Claim>) -> Result<(), StateError> {
        self.ask(|reply| Command::Claim(claims, reply)).await
    }

    /// Notes what became of rows.
    pub async fn settle(&self, settlements: Vec<Settlement>) -> Result<(), StateError> {
        self.ask(|reply| Command::Settle(settlements, reply)).await
    }

    /// What is known of rows, in the order asked.
    pub async fn known(&self, keys: Vec<RowKey>) -> Result<Vec<Option<Known>>, StateError> {
        self.ask(|reply| Command::Known(keys, reply)).await
    }

    /// Notes that the rows of the space were compared with an API that has so many partners: see [`StateReader::total`].
    /// Where its whole list was walked, `unclaimed` are those of its identifiers that no row was given to.
    pub async fn remember_total(
        &self,
        partners: u64,
        unclaimed: Option<Identifiers>,
    ) -> Result<(), StateError> {
        self.ask(|reply| Command::Total(partners, unclaimed, reply))
            .await
    }

    /// Notes the end of the run.
    pub async fn end(&self, end: RunEnd) -> Result<(), StateError> {
        self.ask(|reply| Command::End(end, reply)).await
    }

    /// Notes rows whose payload is not the one that was sent, so that a person can accept it.
    pub fn note_changed(&self, rows: Vec<(RowKey, Fingerprint)>) {
        let (reply, _) = oneshot::channel();
        let _ = self.commands.send(Command::Changed(rows, reply));
    }

    /// Keeps a part of the run's problems. Nobody waits for it: what cannot be written is reported by the end.
    pub fn store_problems(&self, part: Vec<u8>) {
        let (reply, _) = oneshot::channel();
        let _ = self.commands.send(Command::Problems(part, reply));
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StateError> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(command(reply))
            .map_err(|_| StateError::WriterGone)?;
        answer.await.map_err(|_| StateError::WriterGone)?
    }
}

struct Writer {
    connection: Connection,
    path: PathBuf,
    fence: Fence,
    /// Frames of the log at which it is folded into the file.
    fold_at: i64,
    space: SpaceId,
    key: KeyNumber,
    run: i64,
    clock: Clock,
    /// As much as the last outcome took.
    reserved: ReservedBytes,
}

/// Commands taken into one commit at most; beyond that, waiting callers would wait too long.
const COMMIT_COMMANDS: usize = 4096;

/// What a command returns, before its commit: for [`Command::Known`] what is known, nothing for the others.
type CommandResult = Result<Vec<Option<Known>>, StateError>;

impl Writer {
    fn run(mut self, inbox: &Receiver<Command>) {
        while let Ok(first) = inbox.recv() {
            let mut commands = vec![first];
            while commands.len() < COMMIT_COMMANDS {
                match inbox.try_recv() {
                    Ok(command) => commands.push(command),
                    Err(_) => break,
                }
            }
            self.commit(commands);
            log::fold_if_long(
                &mut self.connection,
                self.fence,
                &self.path,
                &mut self.fold_at,
            );
        }
        // The log is folded into the file, so that what is left behind is one file.
        log::fold_away(&mut self.connection, self.fence, &self.path);
    }

    fn commit(&mut self, commands: Vec<Command>) {
        // Nearly always all go well together. Where one fails nothing of this commit stays, and all are applied
        // again, each in a savepoint: the one that fails then leaves nothing behind and harms no other.
        let outcome = match self.apply_all(&commands, false) {
            Some(done) => done,
            None => self
                .apply_all(&commands, true)
                .unwrap_or_else(|| (Vec::new(), Err(StateError::WriterGone))),
        };
        let (results, committed) = outcome;
        let mut results = results.into_iter();
        for command in commands {
            let own = results.next().unwrap_or(Err(StateError::WriterGone));
            let own = match &committed {
                Ok(()) => own,
                Err(error) => Err(error.duplicate(&self.path)),
            };
            // A caller that is gone does not wait for an answer.
            match command {
                Command::Claim(_, reply)
                | Command::Settle(_, reply)
                | Command::Problems(_, reply)
                | Command::Changed(_, reply)
                | Command::Total(.., reply)
                | Command::End(_, reply) => drop(reply.send(own.map(|_| ()))),
                Command::Known(_, reply) => drop(reply.send(own)),
            }
        }
    }

    /// Applies commands in one transaction and commits. None, and nothing done, where one of them failed without a
    /// savepoint of its own.
    fn apply_all(
        &mut self,
        commands: &[Command],
        savepoints: bool,
    ) -> Option<(Vec<CommandResult>, Result<(), StateError>)> {
        let (space, key, run, now) = (self.space, self.key, self.run, self.clock.now());
        let reserved = &mut self.reserved;
        let path = &self.path;
        let sqlite = |e| StateError::sqlite(path, e);
        let state_error = |e: ApplyError| match e {
            ApplyError::Illegal(illegal) => illegal.into(),
            ApplyError::Sqlite(e) => sqlite(e),
        };
        let mut transaction = match self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
        {
            Ok(transaction) => transaction,
            Err(e) => return Some((Vec::new(), Err(sqlite(e)))),
        };
        if let Err(taken) = self.fence.hold(&transaction, path) {
            return Some((Vec::new(), Err(taken)));
        }
        let mut results = Vec::with_capacity(commands.len());
        for command in commands {
            if savepoints {
                let own = match transaction.savepoint() {
                    Ok(savepoint) => {
                        match apply(&savepoint, space, key, run, now, reserved, command) {
                            Ok(known) => savepoint.commit().map(|()| known).map_err(sqlite),
                            Err(e) => Err(state_error(e)),
                        }
                    }
                    Err(e) => Err(sqlite(e)),
                };
                results.push(own);
            } else {
                results.push(Ok(apply(
                    &transaction,
                    space,
                    key,
                    run,
                    now,
                    reserved,
                    command,
                )
                .ok()?));
            }
        }
        Some((results, transaction.commit().map_err(sqlite)))
    }
}

fn apply(
    c: &Connection,
    space: SpaceId,
    key: KeyNumber,
    run: i64,
    now: Timestamp,
    reserved: &mut ReservedBytes,
    command: &Command,
) -> Result<Vec<Option<Known>>, ApplyError> {
    match command {
        Command::Claim(claims, _) => claim_all(c, space, run, now, (key, *reserved), claims)?,
        Command::Settle(settlements, _) => {
            let senders = total::senders(c, space, run, settlements)?;
            *reserved = settle_all(c, space, run, now, key, settlements)?.unwrap_or(*reserved);
            total::add(c, space, &senders)?;
        }
        Command::Problems(part, _) => {
            c.prepare_cached(
                "INSERT INTO problem (run, part, lines)
                 VALUES (?1, (SELECT count(*) FROM problem WHERE run = ?1), ?2)",
            )?
            .execute(params![run, part])?;
        }
        Command::Changed(rows, _) => {
            let mut statement = c.prepare_cached(
                "INSERT INTO changed (space, key, fingerprint, run) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (space, key) DO UPDATE SET fingerprint = ?3, run = ?4",
            )?;
            for (key, fingerprint) in rows {
                statement.execute(params![space.0, key.as_str(), fingerprint.0, run])?;
            }
        }
        Command::Total(partners, unclaimed, _) => {
            total::set(c, space, run, *partners)?;
            if let Some(identifiers) = unclaimed {
                unclaimed::set(c, space, identifiers)?;
            }
        }
        Command::End(end, _) => end_run(c, space, run, now, end)?,
        Command::Known(keys, _) => {
            return Ok(keys
                .iter()
                .map(|row| known_of(c, space, key, row.as_str()))
                .collect::<rusqlite::Result<Vec<_>>>()?);
        }
    }
    Ok(Vec::new())
}

/// Notes how a run ended, and lets go of what older runs of its space left.
fn end_run(
    c: &Connection,
    space: SpaceId,
    run: i64,
    now: Timestamp,
    end: &RunEnd,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE run SET ended = ?1, exit = ?2, summary = ?3, report = ?4 WHERE id = ?5",
        params![now.0, end.exit, end.summary, end.report, run],
    )?;
    let Some(keep) = end.keep else { return Ok(()) };
    let old = "SELECT id FROM run WHERE space = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2";
    c.execute(
        &format!("DELETE FROM problem WHERE run IN ({old})"),
        params![space.0, keep],
    )?;
    // A run that a row was settled by stays: it is part of the row's story.
    c.execute(
        &format!(
            "DELETE FROM run WHERE id IN ({old}) AND NOT EXISTS (SELECT 1 FROM record WHERE record.run = run.id)"
        ),
        params![space.0, keep],
    )?;
    Ok(())
}
