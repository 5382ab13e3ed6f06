//! Where a setting comes from.

use std::fmt;
use std::path::PathBuf;

/// Where a setting comes from, in the order in which one beats the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was typed.
    Option(String),
    /// An argument that is no option.
    Argument,
    /// An environment variable of this name.
    Variable(String),
    /// The configuration file, and the line where it is known.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
    },
    /// Nobody said anything.
    Default,
}

impl Origin {
    /// The configuration file, somewhere.
    pub(super) fn in_file() -> Self {
        let path = PathBuf::from("configuration file");
        Origin::File { path, line: None }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Option(name) => write!(f, "--{name}"),
            Origin::Argument => f.write_str("argument"),
            Origin::Variable(name) => f.write_str(name),
            Origin::File { path, line: None } => path.display().fmt(f),
            Origin::File {
                path,
                line: Some(line),
            } => write!(f, "{}:{line}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}
