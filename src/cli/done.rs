//! Rows that an earlier run has settled, found while the files are surveyed: mostly, nothing is new.

use crate::cli::exit::CliError;
use crate::partner::{Fingerprint, Fingerprinter};
use crate::prepare::AreDone;
use crate::state::{DoneRows, LedgerReader};

/// Records of a state that are read in the time in which a program starts.
const FEW_RECORDS: u64 = 10_000;
/// Bytes of a packed file for which reading a record costs little.
const BYTES_OF_A_RECORD: u64 = 16;

/// What a state knows as done.
pub(crate) struct DoneBefore {
    rows: DoneRows,
    /// The state's hasher.
    pub(crate) fingerprinter: Fingerprinter,
}

impl DoneBefore {
    /// Reads it for files of so many bytes. None where the state is much larger than the files: it is asked about their
    /// rows one by one then.
    pub(crate) fn read(reader: &LedgerReader, bytes: u64) -> Result<Option<Self>, CliError> {
        let most = FEW_RECORDS.max(bytes / BYTES_OF_A_RECORD);
        let Some(rows) = reader.done_rows(most)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            rows,
            fingerprinter: reader.fingerprinter()?,
        }))
    }
}

impl AreDone for DoneBefore {
    fn are_done(&self, rows: &mut dyn Iterator<Item = (&str, &Fingerprint)>) -> bool {
        self.rows.contains_all(rows)
    }
}
