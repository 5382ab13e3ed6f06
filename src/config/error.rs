//! Why the configuration or a setting cannot be used.

use std::path::PathBuf;

use super::origin::Origin;

/// The configuration file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there, or may not be read.
    #[error("cannot open the configuration {}: {source}", path.display())]
    Open {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is wrong. The line itself is not shown: it may be the one with a secret.
    #[error("{}, line {line}, column {column}: {reason}", path.display())]
    Invalid {
        /// The file as it was named.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The character in it, from 1.
        column: usize,
        /// What is wrong, without values of the file.
        reason: String,
    },
    /// An environment variable of this program is set, but empty.
    #[error("{name} is set, but empty: unset it, or give it a value")]
    EmptyVariable {
        /// The variable's name; there is no value to show.
        name: String,
    },
    /// Two settings for one thing.
    #[error("{one} and {other} are both given: keep one of them")]
    Both {
        /// The one.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A file that holds a secret cannot be read.
    #[error("cannot read {name} {}: {source}", path.display())]
    SecretFile {
        /// The setting that names it.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Of two settings that go together, one is there.
    #[error("{given} is given, and {missing} is not: both are needed")]
    Half {
        /// The one that is there.
        given: &'static str,
        /// The one that is missing.
        missing: &'static str,
    },
    /// A value does not fit.
    #[error("{name} = \"{value}\" ({origin}): {reason}")]
    Value {
        /// The setting's name in the configuration file.
        name: &'static str,
        /// The value as written.
        value: String,
        /// Where the value came from.
        origin: Origin,
        /// What would be accepted instead.
        reason: String,
    },
}
