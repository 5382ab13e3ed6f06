//! THE LEDGER: the only door to `SQLite`.
//!
//! What comes in: claims (intent, before a request leaves) and settlements (what became of it). What goes
//! out: what is known of a row, of a run, of everything in doubt. No payload and no bank data ever lies
//! here: a keyed hash of the payload, the key, legacyIdentifier, the business name, counts, times, and the
//! API's words, scrubbed.
//!
//! Locking: one process writes; it holds `<state>.lock` for as long as it runs ([`StateLock`]). Readers
//! (`status`) need none, since the file is in WAL mode. The exception is a state of an older version: only who has the
//! lock migrates it, so a reader takes the lock for that moment, and beside a run it says that it has to wait.
//!
//! Ordering: one thread owns the writing connection. It takes whatever has queued up, applies it in one
//! transaction, commits with `synchronous = FULL`, and only then answers. So a claim that was answered is
//! on the disk, and many claims and outcomes share one commit.
//!
//! Failure: a commit that fails fails everything in it, and nobody is told that it was done. A row
//! `in_flight` of a dead run becomes `in_doubt` when the next run opens its space.

mod done;
mod error;
mod file;
mod hash_key;
mod lock;
mod migration;
mod moves;
mod open;
mod query;
mod record;
mod run;
mod space;
mod upkeep;
mod writer;

pub use done::DoneRows;
pub use error::StateError;
pub use lock::StateLock;
pub use query::{
    Known, LedgerReader, RecordRow, RunRow, SpaceCounts, StateView, StoredRun, StoryLine,
};
pub use record::{Event, IllegalMove, RecordState, may_forget, sources, step};
pub use run::{OpenRows, RunId, RunStart};
pub use space::SpaceId;
pub use upkeep::{Exported, Kept, Upkeep, backup, export};
pub use writer::{Claim, Doubt, Ledger, RunEnd, Settlement};

#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;
