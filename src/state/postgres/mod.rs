//! The state in a Postgres database: for a machine without a disk of its own, and for jobs on several machines that share
//! one memory. `docs/state.md` is for those who run one.
//!
//! Locking: each machine, which is a process that writes, holds a lease in the table `machine` (`lease`), which ends by the
//! database's clock if it is not renewed. Another one takes over what it had then (`takeover`): it raises the lease's generation,
//! which every commit of the first one names in vain. A machine is alone, or shares an import with others (`share`): then
//! each row is claimed by one of them, and settled by who claimed it; how many rows all of them may send is counted with the claims (`limit`).
//!
//! Ordering: a batch of commands is one transaction (`journal`), answered once it is committed. The lease counts the
//! batches, so that a commit whose answer was lost is known to be there or not, and a database that lost commits is noticed.
//!
//! Connections: nothing of a session is relied on (no named statements, no settings, every table by its full name), so a
//! pooler in transaction mode may stand in between. Statements are those that `CockroachDB` has as well.

mod address;
mod begin;
mod error;
mod imports;
mod join;
mod journal;
mod keys;
mod known;
mod late;
mod lease;
mod limit;
mod link;
mod machines;
mod maintenance;
mod moves;
mod owner;
mod pace;
mod password;
mod process;
mod reader;
mod schema;
mod server;
mod share;
mod takeover;
#[cfg(test)]
mod tests;
mod tls;
mod totals;
mod transfer;
mod view;

pub use address::ServerAddress;
pub use pace::{SharedRate, TimeSlots};
pub use password::{PasswordSource, RememberedPassword, in_password_file};
pub use schema::definition;
pub use server::{Server, ServerSettings, Takeover};

pub(super) use journal::begin;
pub(super) use lease::Lease;
pub(super) use maintenance::PostgresUpkeep;
pub(super) use reader::PostgresReader;
pub(super) use share::PostgresShare;
pub(super) use transfer::{PostgresGiver, PostgresTaker};
pub(super) use view::{PostgresView, holder};
