//! How an operation ended, and the number that says so in `summary.json` and as the exit status.

/// How an operation ended. Source of the numbers: the contract's table of exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunEnding {
    /// Every row is created or was already.
    Done,
    /// Finished, but some rows are invalid, rejected, blocked, changed or in doubt.
    Problems,
    /// Usage, configuration or mapping error, or an unreadable file.
    Refused,
    /// Stopped early, nothing lost, a rerun resumes.
    Stopped,
    /// Another run holds the state.
    Locked,
    /// Interrupted, nothing lost.
    Interrupted,
}

impl RunEnding {
    /// All of them, mildest first.
    const ALL: [RunEnding; 6] = [
        RunEnding::Done,
        RunEnding::Problems,
        RunEnding::Refused,
        RunEnding::Stopped,
        RunEnding::Locked,
        RunEnding::Interrupted,
    ];

    /// The exit status, 0 to 130.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            RunEnding::Done => 0,
            RunEnding::Problems => 1,
            RunEnding::Refused => 2,
            RunEnding::Stopped => 3,
            RunEnding::Locked => 4,
            RunEnding::Interrupted => 130,
        }
    }

    /// The ending with this exit status; a number that is none of ours counts as a stop.
    #[must_use]
    pub fn of(code: u8) -> Self {
        Self::ALL
            .into_iter()
            .find(|e| e.code() == code)
            .unwrap_or(RunEnding::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_the_number_of_the_contract() {
        let codes = RunEnding::ALL.map(RunEnding::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 130]);
        assert_eq!(codes.map(RunEnding::of), RunEnding::ALL);
        assert_eq!(RunEnding::of(99), RunEnding::Stopped);
        assert!(RunEnding::ALL.is_sorted());
    }
}
