//! What a row's own check finds, before its place in the file is known.

use crate::diagnostic::Code;

/// Something found while a draft was filled or checked; the row's place is added by `prepare`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The leaf it is about; none for the whole row.
    pub leaf: Option<usize>,
    /// The source column it is about, where that is not the leaf's own.
    pub column: Option<usize>,
    /// What kind of finding; it decides the level.
    pub code: Code,
    /// The value seen, unmasked: masked when it becomes a diagnostic.
    pub value: Option<String>,
    /// What is wrong and what was expected.
    pub message: String,
    /// A hint more precise than the code's own.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding about a leaf.
    #[must_use]
    pub fn new(leaf: impl Into<Option<usize>>, code: Code, message: impl Into<String>) -> Self {
        Self {
            leaf: leaf.into(),
            column: None,
            code,
            value: None,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with the value seen in the cell.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The same with a hint more precise than the code's own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
