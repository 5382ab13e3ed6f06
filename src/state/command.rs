//! What the writer is asked to note, and what it answers.

use super::error::StateError;
use super::known::Known;
use super::note::{Claim, RunEnd, Settlement};
use super::unclaimed::Identifiers;
use crate::partner::{Fingerprint, RowKey};

/// Something to be noted, or asked.
#[derive(Debug)]
pub(super) enum Command {
    /// These rows are about to be sent.
    Claim(Vec<Claim>),
    /// What became of rows.
    Settle(Vec<Settlement>),
    /// What is known of rows.
    Known(Vec<RowKey>),
    /// A part of the run's problems.
    Problems(Vec<u8>),
    /// Rows whose payload is not the one that was sent.
    Changed(Vec<(RowKey, Fingerprint)>),
    /// The rows were compared with an API of so many partners.
    Total(u64, Option<Identifiers>),
    /// How the run ended.
    End(RunEnd),
}

/// What a command returns: for [`Command::Known`] what is known; for claims and settlements, in their order, how a row stands
/// that is another machine's or was settled by one, and nothing where it is as was asked for (nothing at all where all are);
/// nothing for the others.
pub(super) type CommandResult = Result<Vec<Option<Known>>, StateError>;
