//! How a row compares with its partner, as one character.

use std::fmt::Write as _;

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
