//! One import that several machines share: which of them sends which rows, and when it is over.
//!
//! Its rows are cut into pieces, and a machine takes a few of them at a time. Who sends a row is decided by its claim alone: pieces
//! only keep machines from getting in each other's way.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use super::error::StateError;
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
}

/// Who looks on the API for rows that are there already, before the first one is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLook {
    /// This machine.
    Ours,
    /// Another one, which has not come to its end.
    Elsewhere,
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
}

/// What a machine does with the import that it has joined. Nothing of it is done for a machine that was taken over.
pub trait Share: Debug + Send + Sync {
    /// Rows of a piece.
    fn piece_rows(&self) -> u32;

    /// Takes the look before the first create, where nobody has it.
    fn first_look(&self) -> Result<FirstLook, StateError>;

    /// The look has come to its end: rows may be created.
    fn has_looked(&self) -> Result<(), StateError>;

    /// Takes free pieces, the first at `from` or behind it; piece 0 has the first rows.
    fn take(&self, from: u64, most: u32) -> Result<Vec<u64>, StateError>;

    /// Nothing of these pieces is left to do.
    fn finish(&self, pieces: &[u64]) -> Result<(), StateError>;

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
