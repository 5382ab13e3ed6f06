//! `PreparedPartner` → outcome, recorded in the state. This is where exactly-once is kept.
//!
//! What comes in: rows that are ready, in batches, and the doubts of earlier runs. What goes out: one
//! [`crate::partner::RowResult`] for each row, handed on only when the state has it on the disk.
//!
//! Ordering: intent is committed before the request leaves; the outcome after. A row whose outcome is in
//! doubt is looked up before anything else happens to it, and claimed again only when a look-up that began
//! after the settling time did not find it. A child waits for its parent, in memory while the parent is
//! under way, else for the next pass over the file.
//!
//! Failure: a state that cannot be written stops everything; what is under way then stays `in_flight` on
//! the disk and is a doubt for the next run. Nothing here retries a create whose outcome is unknown.

mod blocked;
mod breaker;
mod diagnostics;
mod exchange;
mod flow;
mod owner;
mod partner_ids;
mod plan;
mod recovery;
mod stop;
mod trust;
mod window;
mod worker;

pub use blocked::{Blocker, NoPartner, WaitedFor, blocked};
pub use diagnostics::{
    changed, duplicates, in_doubt, may_exist, of_another_row, place, still_in_doubt,
    still_rejected, taken, twin, written_otherwise,
};
pub use exchange::{Input, Leftover, MaySend, Options, PassEnd, RowsInLog};
pub use owner::Delivery;
pub(crate) use partner_ids::PartnerIds;
pub use plan::{Decision, decide};
pub use stop::{Stop, StopReason};
