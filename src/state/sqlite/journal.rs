//! What the writer's thread drives: each batch of commands in one transaction, committed with `synchronous = FULL`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior, params};

use super::super::command::{Command, CommandResult};
use super::super::contract::{Journal, StateReader};
use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::known::Known;
use super::super::note::RunEnd;
use super::super::run::RunStart;
use super::super::space::SpaceId;
use super::super::writer::{Begun, Opened, start as start_writer};
use super::begin::begin_run;
use super::fence::Fence;
use super::hash_key;
use super::known::known_of;
use super::log;
use super::moves::{ApplyError, ReservedBytes, claim_all, settle_all};
use super::open::open_for_writing;
use super::reader::SqliteReader;
use super::{total, unclaimed};
use crate::clock::{Clock, Timestamp};

/// Opens the state, begins a run and starts the writer. Rows `in_flight` of dead runs become doubts, and all doubts of the
/// space are returned. The caller holds the [`super::lock::FileLock`].
pub(in crate::state) fn begin(
    path: &Path,
    start: &RunStart,
    clock: &Clock,
) -> Result<Begun, StateError> {
    let mut connection = open_for_writing(path)?;
    let (key, aside) = hash_key::for_writing(&mut connection, path)?;
    let now = clock.now();
    let fence = log::take_over(&mut connection, path).map_err(|e| StateError::sqlite(path, e))?;
    let (space, run, doubts) = begin_run(&mut connection, fence, path, start, key.number, now)?;
    let lost_key = hash_key::find_lost(&connection, path, space, key.number, aside)?;
    // All that is written from here on is of the space and the run just noted: nothing is looked up for it.
    connection
        .pragma_update(None, "foreign_keys", false)
        .map_err(|e| StateError::sqlite(path, e))?;
    let journal = SqliteJournal {
        connection,
        path: path.to_owned(),
        fence,
        fold_at: log::LONG,
        space,
        key: key.number,
        run,
        reserved: ReservedBytes::USUAL,
    };
    let path = path.to_owned();
    let open_reader = move || Ok(StateReader::new(SqliteReader::open(&path, space)?));
    let opened = Opened {
        journal: Box::new(journal),
        open_reader: Arc::new(open_reader),
        key,
        lost_key,
        doubts,
    };
    start_writer(opened, clock)
}

struct SqliteJournal {
    connection: Connection,
    path: PathBuf,
    fence: Fence,
    /// Frames of the log at which it is folded into the file.
    fold_at: i64,
    space: SpaceId,
    key: KeyNumber,
    run: i64,
    /// As much as the last outcome took.
    reserved: ReservedBytes,
}

impl Journal for SqliteJournal {
    fn commit(&mut self, now: Timestamp, commands: &[Command]) -> Vec<CommandResult> {
        // Nearly always all go well together. Where one fails nothing of this commit stays, and all are applied
        // again, each in a savepoint: the one that fails then leaves nothing behind and harms no other.
        let (results, committed) = match self.apply_all(now, commands, false) {
            Some(done) => done,
            None => self
                .apply_all(now, commands, true)
                .unwrap_or_else(|| (Vec::new(), Err(StateError::WriterGone))),
        };
        match committed {
            Ok(()) => results,
            Err(error) => commands
                .iter()
                .map(|_| Err(error.duplicate(&self.path.as_path().into())))
                .collect(),
        }
    }

    fn rest(&mut self) {
        log::fold_if_long(
            &mut self.connection,
            self.fence,
            &self.path,
            &mut self.fold_at,
        );
    }

    fn close(mut self: Box<Self>) {
        // The log is folded into the file, so that what is left behind is one file.
        log::fold_away(&mut self.connection, self.fence, &self.path);
    }
}

impl SqliteJournal {
    /// Applies commands in one transaction and commits. None, and nothing done, where one of them failed without a
    /// savepoint of its own.
    fn apply_all(
        &mut self,
        now: Timestamp,
        commands: &[Command],
        savepoints: bool,
    ) -> Option<(Vec<CommandResult>, Result<(), StateError>)> {
        let (space, key, run) = (self.space, self.key, self.run);
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
        Command::Claim(claims) => claim_all(c, space, run, now, (key, *reserved), claims)?,
        Command::Settle(settlements) => {
            let senders = total::senders(c, space, run, settlements)?;
            *reserved = settle_all(c, space, run, now, key, settlements)?.unwrap_or(*reserved);
            total::add(c, space, &senders)?;
        }
        Command::Problems(part) => {
            c.prepare_cached(
                "INSERT INTO problem (run, part, lines)
                 VALUES (?1, (SELECT count(*) FROM problem WHERE run = ?1), ?2)",
            )?
            .execute(params![run, part])?;
        }
        Command::Changed(rows) => {
            let mut statement = c.prepare_cached(
                "INSERT INTO changed (space, key, fingerprint, run) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (space, key) DO UPDATE SET fingerprint = ?3, run = ?4",
            )?;
            for (key, fingerprint) in rows {
                statement.execute(params![space.0, key.as_str(), fingerprint.0, run])?;
            }
        }
        Command::Total(partners, unclaimed) => {
            total::set(c, space, run, *partners)?;
            if let Some(identifiers) = unclaimed {
                unclaimed::set(c, space, identifiers)?;
            }
        }
        Command::End(end) => end_run(c, space, run, now, end)?,
        Command::Known(keys) => {
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
    // A run that a row was settled by stays: it is part of the row's history.
    c.execute(
        &format!(
            "DELETE FROM run WHERE id IN ({old}) AND NOT EXISTS (SELECT 1 FROM record WHERE record.run = run.id)"
        ),
        params![space.0, keep],
    )?;
    Ok(())
}
