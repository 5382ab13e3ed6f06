//! What every state keeps, whatever it lies in: the contract of the rooms (`sqlite`), each of which implements all of it.
//! Nothing outside `state` sees which room it is; `suite` says what a room keeps, and runs against each.

use std::fmt::Debug;
use std::ops::{Deref, DerefMut};

use super::command::{Command, CommandResult};
use super::done::DoneRows;
use super::error::StateError;
use super::hash_key::LostKey;
use super::imports::{CreatedRow, StoredImport};
use super::known::Known;
use super::machines::Machines;
use super::maintenance::{Exported, MaintenanceRow};
use super::note::{RunEnd, Twin};
use super::record::RecordState;
use super::run::RunId;
use super::unclaimed::Identifiers;
use super::view::{RecordRow, RunRow, SpaceCounts, StoredRun};
use crate::clock::Timestamp;
use crate::partner::{ExternalId, Fingerprinter, PartnerId, RowKey};

/// What the writer's thread drives. It has begun a run, and writes for it alone.
pub(super) trait Journal: Send {
    /// Applies commands and answers each: what was answered without an error is kept, whatever happens next. A command that
    /// fails leaves nothing behind and harms no other.
    fn commit(&mut self, now: Timestamp, commands: &[Command]) -> Vec<CommandResult>;

    /// What is due after a commit, once its callers have their answers.
    fn rest(&mut self) {}

    /// Ends the writing, after the last commit.
    fn close(self: Box<Self>);
}

/// Looks rows of one space up, while the writer writes.
pub trait Reader: Debug + Send {
    /// Another reader of the same space.
    fn reopen(&self) -> Result<StateReader, StateError>;

    /// The hasher of this state.
    fn fingerprinter(&self) -> &Fingerprinter;

    /// Rows that were hashed with a key that is lost, where there are any.
    fn lost_key(&self) -> Result<Option<LostKey>, StateError>;

    /// Hands over key and partner id of every row that has its partner.
    fn each_created(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError>;

    /// Hands over key and partner id of the rows that canaries have created since the last import: no import that followed
    /// has gone on by them. Rows that they adopted were sent by nobody here.
    fn each_of_canary(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError>;

    /// Whether the space has any row.
    fn has_rows(&self) -> Result<bool, StateError>;

    /// Hands over the key of every row.
    fn each_key(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError>;

    /// Hands over the id of every row's partner.
    fn each_partner(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError>;

    /// Some rows, of any mapping at the same API, that have their partner: its id, what it is known by, and its name.
    fn some_created(&self, most: u32) -> Result<Vec<(PartnerId, ExternalId, String)>, StateError>;

    /// A digest of all that the space knows of its rows: another one means that something moved.
    fn digest(&self) -> Result<String, StateError>;

    /// What is known of rows, in the order asked. All look-ups see one moment.
    fn known_of(
        &self,
        keys: &mut dyn Iterator<Item = &str>,
    ) -> Result<Vec<Option<Known>>, StateError>;

    /// Reads which rows are done; none where the state has more records than `most`, about.
    fn done_rows(&self, most: u64) -> Result<Option<DoneRows>, StateError>;

    /// Answers that came after another machine had taken their rows over, with another partner, and were not reported yet.
    fn twins(&self) -> Result<Vec<Twin>, StateError> {
        Ok(Vec::new())
    }

    /// Partners of the API that the state knows of; none where the rows of this space were never compared with the API.
    fn total(&self) -> Result<Option<u64>, StateError>;

    /// legacyIdentifiers that the API may have and no row of the space does.
    fn unclaimed(&self) -> Result<Identifiers, StateError>;
}

/// Shows the whole state to people.
pub trait View: Debug + Send {
    /// Counts by space and state.
    fn counts(&self) -> Result<Vec<SpaceCounts>, StateError>;

    /// The machines that share it, and what they share.
    fn machines(&self) -> Result<Machines, StateError> {
        Ok(Machines::default())
    }

    /// An import that machines share or shared; none where there is no such one. A file knows none.
    fn import(&self, _number: i64) -> Result<Option<StoredImport>, StateError> {
        Ok(None)
    }

    /// How the records stand that the machines of an import were the last to settle.
    fn standing_of(&self, _import: &StoredImport) -> Result<Vec<(RecordState, u64)>, StateError> {
        Ok(Vec::new())
    }

    /// Hands over the rows that the machines of an import gave their partners, by key.
    fn each_created_in(
        &self,
        _import: &StoredImport,
        _each: &mut dyn FnMut(CreatedRow<'_>),
    ) -> Result<(), StateError> {
        Ok(())
    }

    /// The newest runs, newest first.
    fn runs(&self, limit: u32) -> Result<Vec<RunRow>, StateError>;

    /// One run by its name.
    fn run(&self, name: &str) -> Result<Option<StoredRun>, StateError>;

    /// When an import or sync of a mapping at a target last ended with exit code 0.
    fn last_success(&self, target: &str, mapping: &str) -> Result<Option<Timestamp>, StateError>;

    /// The newest run of a mapping at a target that read its whole source: its report is what the next source
    /// is compared with.
    fn last_good_run(&self, target: &str, mapping: &str) -> Result<Option<StoredRun>, StateError>;

    /// Hands over the parts of a run's problems, in order.
    fn problems(&self, run: &StoredRun, each: &mut dyn FnMut(&[u8])) -> Result<(), StateError>;

    /// The partners that a run made, or was the last to settle: key, legacyIdentifier, partner id.
    fn created_by(&self, run: &StoredRun) -> Result<Vec<(String, String, String)>, StateError>;

    /// Rows in doubt, in flight or rejected, oldest first.
    fn open_rows(&self, limit: u32) -> Result<Vec<RecordRow>, StateError>;

    /// Every record of a key, each with its history.
    fn rows_of(&self, key: &str) -> Result<Vec<RecordRow>, StateError>;

    /// Hands over every row that has its partner.
    fn each_exported(&self, each: &mut dyn FnMut(Exported)) -> Result<(), StateError>;
}

/// What a person does with rows, while no run writes.
pub trait Maintain: Debug + Send {
    /// Every record of a key.
    fn of_key(&self, key: &str) -> Result<Vec<MaintenanceRow>, StateError>;

    /// Every row that the last run of its mapping reported as changed.
    fn all_changed(&self) -> Result<Vec<MaintenanceRow>, StateError>;

    /// Forgets rows. Those that may not be forgotten are left as they are.
    fn forget(&mut self, rows: &[MaintenanceRow], now: Timestamp) -> Result<u64, StateError>;

    /// Takes the payload that the last run saw as the one that is known.
    fn accept(&mut self, rows: &[MaintenanceRow], now: Timestamp) -> Result<u64, StateError>;

    /// The key of the row that has this partner in a space, if one has it.
    fn row_of_partner(
        &self,
        space_of: &MaintenanceRow,
        partner: &PartnerId,
    ) -> Result<Option<String>, StateError>;

    /// Notes what a person found out about rows in doubt: their partner, or that they have none. Rows that are not in
    /// doubt are left as they are. The state is held, so that what is in flight is of a run that is dead.
    fn resolve(
        &mut self,
        rows: &[MaintenanceRow],
        partner: Option<&PartnerId>,
        now: Timestamp,
    ) -> Result<u64, StateError>;

    /// Notes that a machine is gone for certain, by the words of a person; returns for how many rows it was waited for. `None` where
    /// it is at work or not known. A file knows no machines.
    fn is_gone(&mut self, _machine: &str) -> Result<Option<u64>, StateError> {
        Ok(None)
    }

    /// Notes that a run ended otherwise than it noted itself: something failed after its end.
    fn correct_end(&mut self, run: &RunId, end: &RunEnd) -> Result<(), StateError>;
}

/// A reader of one space.
#[derive(Debug)]
pub struct StateReader(Box<dyn Reader>);

impl StateReader {
    pub(super) fn new(reader: impl Reader + 'static) -> Self {
        Self(Box::new(reader))
    }

    /// What is known of rows, in the order asked. All look-ups see one moment.
    pub fn known<'k>(
        &self,
        mut keys: impl Iterator<Item = &'k str>,
    ) -> Result<Vec<Option<Known>>, StateError> {
        self.0.known_of(&mut keys)
    }

    /// Whether a row has its partner.
    pub fn is_created(&self, key: &RowKey) -> Result<bool, StateError> {
        let known = self.known(std::iter::once(key.as_str()))?;
        Ok(known.into_iter().flatten().any(|k| k.is_created()))
    }

    /// The partners of rows, in the order asked; none where a row has none. All look-ups see one moment.
    pub fn partners_of<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<Vec<Option<PartnerId>>, StateError> {
        let partner = |known: Known| known.is_created().then_some(known.partner).flatten();
        let known = self.known(keys)?;
        Ok(known.into_iter().map(|k| k.and_then(partner)).collect())
    }
}

impl Deref for StateReader {
    type Target = dyn Reader;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

/// The whole state, for reading.
#[derive(Debug)]
pub struct StateView(Box<dyn View>);

impl StateView {
    pub(super) fn new(view: impl View + 'static) -> Self {
        Self(Box::new(view))
    }
}

impl Deref for StateView {
    type Target = dyn View;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

/// The state, open for upkeep.
#[derive(Debug)]
pub struct Upkeep(Box<dyn Maintain>);

impl Upkeep {
    pub(super) fn new(upkeep: impl Maintain + 'static) -> Self {
        Self(Box::new(upkeep))
    }
}

impl Deref for Upkeep {
    type Target = dyn Maintain;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

impl DerefMut for Upkeep {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.as_mut()
    }
}
