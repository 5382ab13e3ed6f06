//! Rows that an earlier run has settled, found while the files are surveyed: mostly, nothing is new.

use crate::ops::error::OpError;
use crate::partner::{Fingerprint, Fingerprinter};
use crate::prepare::{Ahead, AreDone};
use crate::state::{DoneRows, OpenRows, StateReader};

/// Records of a state that are read in the time in which a program starts.
const FEW_RECORDS: u64 = 10_000;
/// Bytes of a packed file for which reading a record costs little.
const BYTES_OF_A_RECORD: u64 = 16;

/// What a state knows as done.
pub(super) struct DoneBefore {
    rows: DoneRows,
    /// Whether rows were under way or in doubt.
    pub(super) open: OpenRows,
    /// The state's hasher.
    fingerprinter: Fingerprinter,
}

impl DoneBefore {
    /// Reads it for files of so many bytes. `None` where the state is much larger than the files: it is asked about their
    /// rows one by one then.
    pub(super) fn read(reader: &StateReader, bytes: u64) -> Result<Option<Self>, OpError> {
        let most = FEW_RECORDS.max(bytes / BYTES_OF_A_RECORD);
        let Some(rows) = reader.done_rows(most)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            open: rows.open(),
            rows,
            fingerprinter: reader.fingerprinter().clone(),
        }))
    }
}

/// What a survey looks for by it.
pub(super) fn ahead(done: Option<&DoneBefore>) -> Ahead<'_> {
    match done {
        Some(done) if !done.rows.is_empty() => Ahead::Done(&done.fingerprinter, done),
        _ => Ahead::Nothing,
    }
}

impl AreDone for DoneBefore {
    fn are_done(&self, rows: &mut dyn Iterator<Item = (&str, &Fingerprint)>) -> bool {
        self.rows.contains_all(rows)
    }
}
