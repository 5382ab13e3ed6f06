//! A server that is the partners API as documented, for practice and for tests.
//!
//! It shares no type with the client, so that it cannot repeat our mistakes: its rules are written from
//! the documentation page, and where that is silent from the service's published conventions. It has no
//! idempotency: a create posted twice makes two partners, as the real API would.
//!
//! Faults are named, have a probability each, and come from one seed. Lies are named, too: answers of 200 that hide, rewrite
//! or miscount partners.

mod book;
mod echo;
mod fault;
mod lie;
mod list;
mod listener;
mod responses;
mod routes;
mod rules;
mod server;
mod shared;

pub use echo::Echo;
pub use fault::{Fault, FaultKind};
pub use lie::Lie;
pub use server::{Sandbox, SandboxError, Settings};
