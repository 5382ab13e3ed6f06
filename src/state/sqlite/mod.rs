//! The state as a file of this machine, and the only module that uses `SQLite`.
//!
//! Locking: one process writes; it holds the state file and `<state>.lock` for as long as it runs ([`FileLock`]). Readers
//! (`status`) need none, since the file is in WAL mode. The exception is a state of an older version: only who has the
//! lock migrates it, so a reader takes the lock for that moment, and beside a run it says that it has to wait. A run whose
//! lock was taken away all the same is fenced off: each commit checks that its generation is still the state's (`fence`).
//!
//! The log: the newest commits are in `-wal` alone. A file that was copied without it says so (`log`), and
//! so does one beside the log of another file or another time (`pair`).
//!
//! Ordering: one thread owns the writing connection (`super::writer`). It takes whatever has queued up, applies it in one
//! transaction, commits with `synchronous = FULL`, and only then answers. So a claim that was answered is
//! on the disk, and many claims and outcomes share one commit.
//!
//! Failure: a commit that fails fails everything in it, and every caller gets the error. A row
//! `in_flight` of a dead run becomes `in_doubt` when the next run opens its space.

mod begin;
mod done;
mod error;
mod fence;
mod file;
mod hash_key;
#[cfg(unix)]
mod inode_lock;
mod journal;
mod known;
mod lock;
mod log;
mod migration;
mod moves;
mod open;
mod pair;
mod reader;
mod sweep;
mod total;
mod transfer;
mod unclaimed;
mod unite;
mod upkeep;
mod view;

pub(super) use file::key_path;
pub(super) use journal::begin;
pub(super) use lock::{FileLock, lock_holder};
pub(super) use reader::SqliteReader;
pub(super) use transfer::{SqliteGiver, SqliteTaker};
pub(super) use upkeep::{SqliteUpkeep, backup};
pub(super) use view::SqliteView;

#[cfg(test)]
mod tests;
