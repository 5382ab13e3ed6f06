//! The state: what is known of every row and run, and the only module that knows what it lies in.
//!
//! What comes in: claims (intent, before a request leaves) and settlements (what became of it). What goes
//! out: what is known of a row, of a run, of everything in doubt. No payload and no bank data ever lies
//! here: a keyed hash of the payload (its key is in a file beside the state), the row's key, legacyIdentifier, the business name, counts, times, and the
//! API's words, scrubbed.
//!
//! One contract (`contract`) and the rooms that keep it: `sqlite`, a file of this machine, and `postgres`, a database. Outside, a state is a [`Store`],
//! opened by its [`StateAddress`]; `suite` holds the cases that every room passes.
//!
//! One writes: who holds the [`StateLock`]. One thread drives the room's journal (`writer`): whatever has queued up goes into
//! one commit, and only then is it answered. So a claim that was answered is kept, and many claims and outcomes share one
//! commit.

mod address;
mod beside;
mod command;
mod contract;
mod done;
mod error;
mod hash_key;
mod imports;
mod key_file;
mod known;
mod machines;
mod maintenance;
mod note;
mod place;
mod postgres;
mod record;
mod run;
mod share;
mod space;
mod sqlite;
mod store;
mod transfer;
mod unclaimed;
mod view;
mod writer;

pub use address::address_of;
pub use contract::{Maintain, Reader, StateReader, StateView, Upkeep, View};
pub use done::DoneRows;
pub use error::StateError;
pub use hash_key::LostKey;
pub use imports::{CreatedRow, StoredImport};
pub use known::Known;
pub use machines::{ImportRow, MachineRow, Machines, PastImport, RateRow, Standing};
pub use maintenance::{Exported, MaintenanceRow};
pub use note::{Claim, Doubt, RunEnd, Settlement, Twin};
pub use place::StateAddress;
pub use postgres::{
    PasswordSource, RememberedPassword, Server, ServerAddress, ServerSettings, SharedRate,
    Takeover, TimeSlots, definition, in_password_file,
};
pub use record::{Event, IllegalMove, RecordState, may_forget, sources, step};
pub use run::{OpenRows, RunId, RunStart};
pub use share::{
    ImportProgress, ImportStanding, ImportStart, MachineOfImport, MachinesOfImport, Share,
    SharedImport, Told, Turn,
};
pub use space::SpaceId;
pub use store::{StateLock, Store};
pub use unclaimed::Identifiers;
pub use view::{RecordRow, RowEvent, RunRow, SpaceCounts, StoredRun};
pub use writer::{Begun, PerRow, StateWriter};

#[cfg(test)]
mod suite;
#[cfg(test)]
pub(crate) mod test_run;
