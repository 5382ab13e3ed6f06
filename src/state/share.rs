//! One import that several machines share: which of them sends which rows, and when it is over.
//!
//! Its rows are cut into pieces, and a machine takes a few of them at a time. Who sends a row is decided by its claim alone: pieces
//! only keep machines from getting in each other's way.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use super::error::StateError;
use super::machines::Standing;
use super::note::Doubt;

/// What an import is known by: machines join the one of the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportStart {
    /// Base URL of the API.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// The digest of the files.
    pub source_digest: String,
    /// The digest of the mapping, and of what else decides what becomes of a row.
    pub mapping_digest: String,
    /// Rows of the files.
    pub rows: u64,
    /// Rows of a piece; where the import is there already, its own count.
    pub piece_rows: u32,
    /// Rows that its machines may send together; all of them where nothing is said.
    pub limit: Option<u64>,
    /// Rows that are sent first, and compared before the others are.
    pub canary: Option<u64>,
}

/// Whose turn it is with what one machine does for all: the canary, and the look on the API for rows that are there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// This machine's.
    Ours,
    /// Another one's, which has not come to its end: what it wrote about itself.
    Elsewhere(String),
    /// It is done.
    Done,
}

/// How an import stands, for one of its machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportStanding {
    /// Moves when what a machine has done may let the rows of others go on.
    pub changes: u64,
    /// Whether there are pieces that nobody has.
    pub has_free: bool,
    /// Whether no machine has anything left to do.
    pub is_over: bool,
    /// Rows that its machines together may still send; none where their number is not limited.
    pub left: Option<u64>,
}

/// How far one machine is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Rows of its pieces that have an outcome.
    pub done: u64,
    /// Rows that were seen, before anything was taken, to have their partner: every machine counts the same ones.
    pub ahead: u64,
}

/// How far an import is, over all its machines.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct ImportProgress {
    /// Its number.
    pub import: i64,
    /// Rows of its files.
    pub rows: u64,
    /// Rows that have an outcome.
    pub done: u64,
    /// Partners that its machines created.
    pub created: u64,
    /// Partners that they found on the API and recorded.
    pub adopted: u64,
    /// Rows that the API rejected.
    pub rejected: u64,
    /// Machines that are at work on it.
    pub machines: u64,
    /// Seconds since it began, or that it took.
    pub seconds: f64,
}

/// What the machines of an import did.
#[derive(Debug, Clone, Default)]
pub struct MachinesOfImport {
    /// Its number.
    pub import: i64,
    /// Each that joined it, the first one first.
    pub machines: Vec<MachineOfImport>,
    /// Which of them asks.
    pub own: Option<usize>,
}

/// A machine and what it did of an import.
#[derive(Debug, Clone)]
pub struct MachineOfImport {
    /// Its id.
    pub machine: String,
    /// The host that it runs on.
    pub host: String,
    /// How it stands.
    pub standing: Standing,
    /// The run that it makes of the import; none where it had not begun one.
    pub run: Option<String>,
    /// When it joined, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, or its lease did, RFC 3339 in UTC; none while it is at work.
    pub ended: Option<String>,
    /// Partners that it created, or found of rows that were in doubt.
    pub created: u64,
    /// Partners that it found on the API and recorded.
    pub adopted: u64,
    /// Rows of its that the API rejected.
    pub rejected: u64,
}

/// What a machine does with the import that it has joined. Nothing of it is done for a machine that was taken over.
pub trait Share: Debug + Send + Sync {
    /// Rows of a piece.
    fn piece_rows(&self) -> u32;

    /// Takes the canary, where nobody has it or who had it is gone.
    fn canary(&self) -> Result<Turn, StateError>;

    /// So many rows were sent for the canary already. More of them are not sent than the canary has, whoever makes it.
    fn canary_has(&self, sent: u64) -> Result<(), StateError>;

    /// The canary agrees: the other rows may be sent.
    fn canary_agrees(&self) -> Result<(), StateError>;

    /// Takes the look before the first create, where nobody has it.
    fn first_look(&self) -> Result<Turn, StateError>;

    /// The look has come to its end: rows may be created.
    fn has_looked(&self) -> Result<(), StateError>;

    /// Takes free pieces, the first at `from` or behind it; piece 0 has the first rows.
    fn take(&self, from: u64, most: u32) -> Result<Vec<u64>, StateError>;

    /// Nothing of these pieces is left to do; so many rows were met in them.
    fn finish(&self, pieces: &[u64], rows: u64) -> Result<(), StateError>;

    /// Says how far this machine is, and returns how far all are together. It is asked for each second, so it looks at machines and
    /// never at rows.
    fn tell(&self, told: Told) -> Result<ImportProgress, StateError>;

    /// What each machine has done so far.
    fn machines(&self) -> Result<MachinesOfImport, StateError>;

    /// What this machine did may let the rows of others go on.
    fn has_changed(&self) -> Result<(), StateError>;

    /// How the import stands. `idle` is the value of `changes` before which this machine had last looked what it could do, where
    /// there was nothing; none while it is at work.
    fn standing(&self, idle: Option<u64>) -> Result<ImportStanding, StateError>;

    /// Takes over the machines whose leases have ended. The rows that they had under way are this machine's doubts from then on.
    fn take_over(&self) -> Result<Vec<Doubt>, StateError>;

    /// The import is over.
    fn end(&self) -> Result<(), StateError>;

    /// How often it is worth to look whether a machine is lost.
    fn look_every(&self) -> std::time::Duration;
}

/// An import that this machine has joined. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SharedImport(Arc<dyn Share>);

impl SharedImport {
    pub(super) fn new(share: impl Share + 'static) -> Self {
        Self(Arc::new(share))
    }
}

impl Deref for SharedImport {
    type Target = dyn Share;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}
