//! The state's log (`-wal`), without which the file alone is not the state.
//!
//! Until the log is folded into the file, the newest commits are in the log only. A file that was copied without it opens
//! as if nothing were missing, and the rows that are missing would be sent again. So the file says whether it has a log: a
//! mark, which is `needed` in the file and, by the first commit after it, `here` in the log. Read through both, it is
//! `here`; a file alone says `needed`. Whoever folds the whole log into the file, also another program, folds `here` into
//! it, and the file is whole.
//!
//! That takes an order, [`fold`]: `needed` is committed; all is folded, so that the file is whole and says `needed`; `here`
//! is committed, to the log alone. In between both say `needed`, and the log is there: it is not shortened then, and none
//! of our connections takes it away. So the file lacks its log where it says `needed` and there is no log.
//!
//! What escapes: a reader that reads for longer than [`READERS`] keeps the log from being folded whole, and then the file
//! can say `here` until the next folding.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::super::beside::beside;
use super::super::error::StateError;
use super::fence::Fence;
use super::file::{BUSY, real_path};
use super::pair;

/// Frames of the log, a page each, before it is folded into the file: each folding waits for the disk several times.
pub(super) const LONG: i64 = 4_000;
/// How long a folding waits for readers of older commits.
const READERS: Duration = Duration::from_secs(1);

const NEEDED: &str = "needed";
const HERE: &str = "here";

/// Whether the log belongs to the file, as the file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Commits are in the log that the file has not.
    Needed,
    /// Where this is read, all commits are.
    Here,
}

impl Mark {
    /// Notes it in the transaction that is open, with the pair of file and log.
    pub(super) fn put(self, c: &Connection, path: &Path) -> rusqlite::Result<()> {
        let value = match self {
            Mark::Needed => format!("{NEEDED} {} {}", pair::new(c)?, pair::of_file(path)),
            Mark::Here => format!("{HERE} {} {}", pair::of_both(c)?, pair::of_file(path)),
        };
        write(c, &value)
    }

    /// Notes in a whole file that it is whole, and no log but its own belongs to it.
    pub(super) fn put_whole(c: &Connection) -> rusqlite::Result<()> {
        write(c, &format!("{HERE} {}", pair::new(c)?))
    }

    /// What the state says; states that were never written by a run of this version say nothing.
    pub(super) fn of(c: &Connection) -> rusqlite::Result<Self> {
        Ok(match pair::words(c)?.first().map(String::as_str) {
            Some(NEEDED) => Mark::Needed,
            _ => Mark::Here,
        })
    }
}

fn write(c: &Connection, mark: &str) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('log', CAST(?1 AS BLOB))")?
        .execute([mark])
        .map(drop)
}

/// Whether there is a log with anything in it. A mere look at a state makes an empty one.
fn is_there(path: &Path) -> bool {
    std::fs::metadata(beside(&real_path(path), "-wal")).is_ok_and(|m| m.len() > 0)
}

/// Refuses a log whose state is gone: `SQLite` would delete it.
///
/// # Errors
/// [`StateError::Orphan`].
pub(super) fn refuse_orphan(path: &Path) -> Result<(), StateError> {
    // In this order: a state that is just being made has its first page before it has a log.
    let log = is_there(path);
    let state = std::fs::metadata(path).map_or(0, |m| m.len());
    if log && state == 0 {
        return Err(StateError::Orphan {
            log: beside(path, "-wal"),
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Refuses a state that lacks its log, or has one that is not its own.
///
/// # Errors
/// [`StateError::LogMissing`], [`StateError::LogForeign`].
pub(super) fn refuse_another(c: &Connection, path: &Path) -> Result<(), StateError> {
    let lacks =
        || -> rusqlite::Result<bool> { Ok(Mark::of(c)? == Mark::Needed && !is_there(path)) };
    // Twice, since between the two looks of one a run may have folded its log and ended.
    let lacks = lacks().and_then(|once| Ok(once && lacks()?));
    if is_there(path) {
        pair::refuse_strangers(c, path)?;
    }
    if lacks.map_err(|e| StateError::sqlite(path, e))? {
        return Err(StateError::LogMissing {
            log: beside(path, "-wal"),
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Takes the state from every run before, and has the file say that it needs its log before the log has anything that
/// nobody may miss. The next commit has to say that the log is [`Mark::Here`].
pub(super) fn take_over(c: &mut Connection, path: &Path) -> rusqlite::Result<Fence> {
    let transaction = c.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let fence = Fence::raise(&transaction, path)?;
    Mark::Needed.put(&transaction, path)?;
    transaction.commit()?;
    fold_what_may(c)?;
    Ok(fence)
}

/// Folds the log into the file when it has `at` frames, and says at how many it is to be folded next. What cannot be
/// folded now is folded later.
pub(super) fn fold_if_long(c: &mut Connection, fence: Fence, path: &Path, at: &mut i64) {
    let frames = |c: &Connection| checkpoint(c, "NOOP").map_or(0, |(_, frames)| frames);
    if frames(c) < *at {
        return;
    }
    if let Err(error) = fold(c, fence, path) {
        tracing::debug!(%error, "the state's log was not folded in");
    }
    // A log that was folded whole begins anew. One that a reader held back is left alone for as long again.
    *at = frames(c) + LONG;
}

/// Folds the log into the file and lets `SQLite` take it away when the last connection is closed.
pub(super) fn fold_away(c: &mut Connection, fence: Fence, path: &Path) {
    let sqlite = |e| StateError::sqlite(path, e);
    let folded = fold(c, fence, path)
        .and_then(|()| checkpoint(c, "TRUNCATE").map_err(sqlite))
        .and_then(|_| may_go(c).map_err(sqlite));
    if let Err(error) = folded {
        tracing::debug!(%error, "the state's log was not folded in");
    }
}

/// Folds the whole log into the file and shortens it to nothing, and says where readers are in the way.
pub(super) fn fold_all(c: &mut Connection, fence: Fence, path: &Path) -> Result<(), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    fold(c, fence, path)?;
    let (is_partial, _) = checkpoint(c, "TRUNCATE").map_err(sqlite)?;
    if is_partial {
        return Err(StateError::NotWritable {
            state: path.into(),
            reason: "it is being read".to_owned(),
        });
    }
    Ok(())
}

/// Folds the log into the file; the file says `needed` then, and the log `here`.
fn fold(c: &mut Connection, fence: Fence, path: &Path) -> Result<(), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    for (mark, then_fold) in [(Mark::Needed, true), (Mark::Here, false)] {
        let transaction = c
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite)?;
        fence.hold(&transaction, path)?;
        mark.put(&transaction, path).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        if then_fold {
            fold_what_may(c).map_err(sqlite)?;
        }
    }
    Ok(())
}

/// Folds all that no reader is in the way of.
pub(super) fn fold_what_may(c: &Connection) -> rusqlite::Result<()> {
    c.busy_timeout(READERS)?;
    let folded = checkpoint(c, "FULL");
    c.busy_timeout(BUSY)?;
    let (is_partial, frames) = folded?;
    if is_partial {
        tracing::debug!(
            frames,
            "a reader keeps the state's log from being folded whole"
        );
    }
    Ok(())
}

/// Lets `SQLite` fold the log and take it away when this connection is the last one that is closed.
fn may_go(c: &Connection) -> rusqlite::Result<()> {
    c.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map(drop)
}

/// Whether it could not be done to the end, and the frames that were in the log.
fn checkpoint(c: &Connection, mode: &str) -> rusqlite::Result<(bool, i64)> {
    c.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |r| {
        Ok((r.get::<_, i64>(0)? != 0, r.get(1)?))
    })
}

/// A connection that reads. When it is the last one, the log is folded and taken away, where that leaves a whole file.
#[derive(Debug)]
pub(super) struct Reading(Connection);

impl Reading {
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

impl std::ops::Deref for Reading {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if matches!(Mark::of(&self.0), Ok(Mark::Here)) {
            let _ = may_go(&self.0);
        }
    }
}
