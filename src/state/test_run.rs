//! For the tests of other modules: a run in a state file.

use std::path::Path;

use super::{Doubt, Ledger, OpenRows, RunId, RunStart};
use crate::clock::Clock;

/// Begins a run in the state at `path`, which is made where it is not there. What an earlier run left in flight comes
/// back as doubts.
pub(crate) fn begin(path: &Path) -> (Ledger, Vec<Doubt>) {
    let start = RunStart {
        open: OpenRows::Perhaps,
        id: RunId::new(&Clock::System),
        command: "import",
        target: "t".to_owned(),
        mapping: "m".to_owned(),
        files: String::new(),
    };
    let (ledger, doubts, _) = Ledger::begin(path, &start, &Clock::System).unwrap();
    (ledger, doubts)
}
