//! One row for each run: what it read, when, and how it ended.

use std::fmt;

use crate::clock::Clock;

/// A run's name: its start in UTC and eight random digits, `20261123T191300Z-4f2a07c1`; fewer would meet by
/// chance, in a state of many short runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId(pub String);

impl RunId {
    /// A new name.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let stamp = clock.now().to_compact();
        let random = uuid::Uuid::new_v4().simple().to_string();
        Self(format!("{stamp}-{}", &random[..8]))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether rows are under way or in doubt when a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenRows {
    /// Some may be: they are looked for.
    MayExist,
    /// None is: all records were seen under the lock that the run holds.
    NoneExist,
}

/// What is noted when a run begins.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// Name of the run.
    pub id: RunId,
    /// Command that makes it: `import`, `canary` (the first partners of an import), `sync` or `reconcile`.
    pub command: &'static str,
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Paths of the files it reads, for people.
    pub files: String,
    /// Whether there can be open rows of earlier runs.
    pub open: OpenRows,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_start() {
        let at = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_772_645_225_000));
        let id = RunId::new(&Clock::Manual(at));
        assert_eq!(id.to_string(), id.0);
        let random = id.0.strip_prefix("20260304T172705Z-").unwrap();
        assert_eq!(random.len(), 4, "{random}");
    }
}
