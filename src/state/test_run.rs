//! For the tests of other modules: a run in a state file.

use std::path::Path;

use super::{Doubt, OpenRows, RunId, RunStart, StateWriter, sqlite};
use crate::clock::Clock;

/// Begins a run in the state at `path`, which is made where it is not there. What an earlier run left in flight comes
/// back as doubts.
pub(crate) fn begin(path: &Path) -> (StateWriter, Vec<Doubt>) {
    let start = RunStart {
        open: OpenRows::MayExist,
        id: RunId::new(&Clock::System),
        command: "import",
        target: "t".to_owned(),
        mapping: "m".to_owned(),
        files: String::new(),
    };
    let (state, doubts, _) = sqlite::begin(path, &start, &Clock::System).unwrap();
    (state, doubts)
}
