//! The state: what is known of every row and run, and the only module that uses `SQLite`.
//!
//! What comes in: claims (intent, before a request leaves) and settlements (what became of it). What goes
//! out: what is known of a row, of a run, of everything in doubt. No payload and no bank data ever lies
//! here: a keyed hash of the payload (its key is in a file beside the state), the row's key, legacyIdentifier, the business name, counts, times, and the
//! API's words, scrubbed.
//!
//! Locking: one process writes; it holds the state file and `<state>.lock` for as long as it runs ([`StateLock`]). Readers
//! (`status`) need none, since the file is in WAL mode. The exception is a state of an older version: only who has the
//! lock migrates it, so a reader takes the lock for that moment, and beside a run it says that it has to wait. A run whose
//! lock was taken away all the same is fenced off: each commit checks that its generation is still the state's (`fence`).
//!
//! The log: the newest commits are in `-wal` alone. A file that was copied without it says so (`log`), and
//! so does one beside the log of another file or another time (`pair`).
//!
//! Ordering: one thread owns the writing connection. It takes whatever has queued up, applies it in one
//! transaction, commits with `synchronous = FULL`, and only then answers. So a claim that was answered is
//! on the disk, and many claims and outcomes share one commit.
//!
//! Failure: a commit that fails fails everything in it, and every caller gets the error. A row
//! `in_flight` of a dead run becomes `in_doubt` when the next run opens its space.

mod address;
mod begin;
mod done;
mod error;
mod fence;
mod file;
mod hash_key;
#[cfg(unix)]
mod inode_lock;
mod key_file;
mod known;
mod lock;
mod log;
mod migration;
mod moves;
mod note;
mod open;
mod pair;
mod reader;
mod record;
mod run;
mod space;
mod sweep;
mod total;
mod unclaimed;
mod unite;
mod upkeep;
mod view;
mod writer;

pub use address::address_of;
pub use done::DoneRows;
pub use error::StateError;
pub use hash_key::LostKey;
pub use known::Known;
pub use lock::{StateLock, lock_holder};
pub use note::{Claim, Doubt, RunEnd, Settlement};
pub use reader::StateReader;
pub use record::{Event, IllegalMove, RecordState, may_forget, sources, step};
pub use run::{OpenRows, RunId, RunStart};
pub use space::SpaceId;
pub use unclaimed::Identifiers;
pub use upkeep::{Exported, MaintenanceRow, Upkeep, backup, export};
pub use view::{RecordRow, RowEvent, RunRow, SpaceCounts, StateView, StoredRun};
pub use writer::StateWriter;

#[cfg(test)]
mod suite;
#[cfg(test)]
pub(crate) mod test_run;
#[cfg(test)]
mod tests;
