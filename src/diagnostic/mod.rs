//! Diagnostics: facts about the user's data, in the words that all modules share.
//!
//! A diagnostic is collected and the run goes on. It is never an error: an error means that a module cannot
//! do its work. What comes in is a finding made by `source`, `mapping` or `partner`; what goes out is text and
//! report lines. Nothing here reads files or decides what happens to a row.

mod code;
mod formula;
mod location;
mod render;
mod report_columns;
mod suggest;
mod text;

pub use code::{Code, Severity};
pub use formula::{guarded, is_guarded_header, unguarded};
pub use location::{ColumnAt, Location, column_letter};
pub use render::one_line;
pub use report_columns::{DATES_COLUMN, PARTNER_COLUMN, UNCERTAIN};
pub use suggest::nearest;
pub use text::{
    Colours, brief, counted, harmless, listed, masked_numbers, shape, thousands, visible,
};

/// One fact about the user's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of fact, stable over versions.
    pub code: Code,
    /// Whether the row can be sent. Starts as the code's own severity; a mapping may change it.
    pub severity: Severity,
    /// The place in the user's file, as far as it is known.
    pub at: Location,
    /// The value seen, already masked where the field is sensitive, with control characters made visible.
    pub value: Option<String>,
    /// What is wrong and what was expected, in a sentence without the place.
    pub message: String,
    /// How a person repairs it: the code's own words, or more precise ones.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A diagnostic of `code` at `at`, with the code's own severity and repair hint.
    #[must_use]
    pub fn new(code: Code, at: Location, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            at,
            value: None,
            message: message.into(),
            hint: Some(code.repair().to_owned()),
        }
    }

    /// The same with the value seen; `sensitive` values are masked here, so that no later step can forget it.
    #[must_use]
    pub fn with_value(mut self, value: &str, sensitive: bool) -> Self {
        self.value = Some(if sensitive {
            crate::secret::mask(value)
        } else {
            visible(value, 80)
        });
        self
    }

    /// The same with a hint more precise than the code's own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same without anything that stood in a cell: place, code and level, in the code's own words.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        self.value = None;
        self.code.meaning().clone_into(&mut self.message);
        self.hint = Some(self.code.repair().to_owned());
        self
    }

    /// True when the row cannot be sent.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `docs/diagnostics.md`: every code with its level, meaning and repair.
#[must_use]
pub fn reference() -> String {
    use std::fmt::Write as _;
    let mut out = String::from(
        "# Diagnostics\n\nGenerated from `src/diagnostic/code.rs` by a test (`UPDATE_DOCS=1 cargo test`); do not edit it by hand.\n\n\
         An error keeps the row from being sent; a row with only warnings is sent. A mapping changes levels:\n\n\
         ```toml\n[validation]\nallow = [\"date.ambiguous\"]   # only a warning; the field is left out\n\
         deny  = [\"state.unknown\"]    # an error\n```\n\n| code | level | meaning | repair |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let _ = writeln!(
            out,
            "| `{code}` | {} | {} | {} |",
            code.severity(),
            code.meaning(),
            code.repair()
        );
    }
    out
}
