//! What the first pass over all rows knows: what no row can tell by itself.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use super::ahead::Settled;
use super::clusters::Clusters;
use super::keys::KeyIndex;
use super::pieces::Pieces;
use super::place::Place;
use super::record::RecordEvidence;
use crate::mapping::date::{Evidence, Verdict};
use crate::partner::PartnerId;
use crate::source::LeftOut;

/// What a first pass over all rows knows.
#[derive(Debug, Default)]
pub struct Survey {
    /// Data rows in all files.
    pub rows: u64,
    /// Evidence by file, then by date column of its plan.
    pub evidence: Vec<Vec<Evidence>>,
    /// Rows of each file that were read and are left out.
    pub left_out: Vec<LeftOut>,
    /// True where the pass was stopped before the end.
    pub incomplete: bool,
    pub(super) verdicts: Vec<Vec<Verdict>>,
    /// What the rows of each file are.
    pub(super) records: Vec<RecordEvidence>,
    /// The pieces of each file, and what those are that need no second pass.
    pub(super) pieces: Vec<Pieces>,
    pub(super) settled: Settled,
    pub(super) keys: KeyIndex,
    /// Hashes of legacyIdentifiers, where they are not the keys.
    pub(super) identifiers: Option<KeyIndex>,
    pub(super) repeated_keys: HashMap<String, Vec<Place>>,
    pub(super) repeated_identifiers: HashMap<String, Vec<Place>>,
    /// Rows that are alike but for the key, by the hash of their other cells.
    pub(super) alike: FxHashMap<u64, Vec<Place>>,
    /// Rows that are likely the same partner under several keys.
    pub(super) similar: Clusters,
    /// Rows that have something in common with another, and of which there were too many to compare all.
    pub not_compared: u64,
    /// Partners outside the files and the state.
    pub(super) elsewhere: Elsewhere,
    /// For each key in a circle, the circle in words, from that key on.
    pub(super) cycles: HashMap<String, String>,
}

/// What is known of partners outside the files and the state.
#[derive(Debug, Default)]
pub(super) enum Elsewhere {
    /// There are none.
    #[default]
    Nowhere,
    /// The API may have some, and was not asked yet.
    Unasked,
    /// The API has these, by legacyIdentifier.
    Found(HashMap<String, PartnerId>),
}

impl Survey {
    /// Takes in what the API has of partners outside the files, by legacyIdentifier.
    pub fn found_on_api(&mut self, partners: HashMap<String, PartnerId>) {
        self.elsewhere = Elsewhere::Found(partners);
    }

    /// Lets go of the rows' keys and identifiers, eight bytes each: once it is known which of them the API has, only references
    /// between rows ask for them.
    pub fn forget_keys(&mut self) {
        self.keys = KeyIndex::default();
        self.identifiers = None;
    }

    /// The last row of a file, as a spreadsheet counts; 0 where it has none.
    #[must_use]
    pub fn last_row(&self, file: usize) -> u64 {
        self.pieces.get(file).map_or(0, |pieces| pieces.last_row)
    }

    /// Whether a row of the files has this key. A false yes is possible once in 10¹³ questions.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Whether a row of the files is known on the API by this legacyIdentifier.
    #[must_use]
    pub fn has_identifier(&self, legacy: &str) -> bool {
        self.identifiers
            .as_ref()
            .unwrap_or(&self.keys)
            .contains(legacy)
    }
}
