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
mod value;

pub(crate) use commands::{Command, ConfigCommand};
pub(crate) use environment::Unreadable;
pub(crate) use look::{
    DoctorArgs, InitArgs, ListArgs, PartnersCommand, StateCommand, StatusArgs, VerifyArgs,
};
pub(crate) use manual::{completions, man_page, write_man_pages};
pub use program::{Cli, command};
pub(crate) use program::{unknown_variables, version};
pub(crate) use runs::{CheckArgs, ImportArgs, ReconcileArgs, SyncArgs};
pub(crate) use sandbox::SandboxArgs;
pub(crate) use shared::{OutputArgs, ProgressMode, Shared};

#[cfg(test)]
mod tests;
