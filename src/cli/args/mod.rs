//! What was typed, and nothing else. The help of each command is for the person who runs it and ends with
//! examples.

mod commands;
mod environment;
mod look;
mod manual;
mod program;
mod runs;
mod sandbox;
mod shared;
mod transport;
mod unreadable;
mod upkeep;
mod value;

pub(crate) use commands::{Command, ConfigCommand};
pub(crate) use look::{DoctorArgs, InitArgs, PartnersCommand, StatusArgs, VerifyArgs};
pub(crate) use manual::{completions, man_page, write_man_pages};
pub use program::{Cli, command};
pub(crate) use program::{unknown_variables, version};
pub(crate) use runs::{CheckArgs, ImportArgs, ReconcileArgs, SyncArgs};
pub(crate) use sandbox::SandboxArgs;
pub(crate) use shared::{OutputArgs, ProgressMode, Shared};
pub(crate) use unreadable::{Unreadable, log_format};
pub(crate) use upkeep::StateCommand;

#[cfg(test)]
mod tests;
