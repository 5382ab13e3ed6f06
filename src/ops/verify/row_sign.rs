//! How a row compares with its partner, as one character.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

/// How a row compares. Shown as one character: `=`, `+`, `-`, `*`, `!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSign {
    /// It agrees with its partner.
    Agrees,
    /// It has no partner.
    OnlySource,
    /// The partner's row is not in the source any more.
    OnlyApi,
    /// It differs from its partner, or the partner is gone.
    Differs,
    /// It could not be compared.
    Uncompared,
}

impl RowSign {
    /// The character that `--combined` writes.
    #[must_use]
    pub fn as_char(self) -> char {
        match self {
            RowSign::Agrees => '=',
            RowSign::OnlySource => '+',
            RowSign::OnlyApi => '-',
            RowSign::Differs => '*',
            RowSign::Uncompared => '!',
        }
    }
}

/// A line for each row: its sign and its key.
#[must_use]
pub fn signed_rows(rows: &[(RowSign, String)]) -> String {
    let mut text = String::new();
    for (sign, key) in rows {
        let _ = writeln!(text, "{} {key}", sign.as_char());
    }
    text
}

/// Writes such lines into a file that its owner alone can read.
///
/// # Errors
/// What the file system says.
pub fn write_signed_rows(path: &Path, rows: &[(RowSign, String)]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(signed_rows(rows).as_bytes()))
}
