//! Why rows of the state cannot be changed as asked for.

/// Rows of the state cannot be changed as asked for. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpkeepError {
    /// No key was named.
    #[error("name the key of at least one row")]
    NoKey,
    /// The state has no such row.
    #[error("the state has no row with the key \"{0}\". Nothing was done.")]
    UnknownKey(String),
    /// Several mappings or APIs have the key.
    #[error(
        "several mappings have the key \"{key}\": {}. Name one with --space, or another --state. Nothing was done.",
        spaces.join("; ")
    )]
    SeveralSpaces {
        /// The key that was asked for.
        key: String,
        /// Each mapping at its API.
        spaces: Vec<String>,
    },
    /// The row's outcome is unknown.
    #[error(
        "the row \"{key}\" is {state}. First find out whether its partner exists: `partner-sync reconcile`. Nothing was forgotten."
    )]
    Unsettled {
        /// The key of the first such row.
        key: String,
        /// Its state, in words.
        state: String,
    },
    /// No machine whose lease has ended has such an id.
    #[error(
        "no machine whose lease has ended has an id that begins with \"{asked}\"{}. `partner-sync status` lists the machines. Nothing was noted.",
        if known.is_empty() { ", and none is waited for".to_owned() } else { format!("; waited for: {}", known.join(", ")) }
    )]
    UnknownMachine {
        /// What was asked for.
        asked: String,
        /// The ids of machines that are waited for, with their hosts.
        known: Vec<String>,
    },
    /// The row did not change.
    #[error(
        "the last run did not report the row \"{0}\" as changed, so there is nothing to accept."
    )]
    Unchanged(String),
    /// The row's outcome is known.
    #[error(
        "the row \"{key}\" is {state}, not in doubt, so there is nothing to resolve. Nothing was done."
    )]
    Settled {
        /// The key of the first such row.
        key: String,
        /// Its state, in words.
        state: String,
    },
    /// What was given as the id of a partner is none.
    #[error(
        "\"{0}\" is not the id of a partner: an id has at most 128 letters, digits and the characters - _ . : Nothing was done."
    )]
    NoId(String),
    /// Another row has the partner.
    #[error(
        "the partner {partner} already belongs to the row \"{key}\". Nothing was done. If that is the same row under an old key, run `partner-sync state forget \"{key}\"`, and import again."
    )]
    Taken {
        /// The id that was given.
        partner: String,
        /// The row that has it.
        key: String,
    },
    /// One partner for several rows.
    #[error("--created names the partner of one row; name one key. Nothing was done.")]
    SeveralRows,
    /// A person said no.
    #[error("cancelled; nothing was {0}. (--yes skips this question.)")]
    NotConfirmed(&'static str),
}
