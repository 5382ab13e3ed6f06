//! A change that cannot be made.

/// Why a mapping's text was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is no TOML, so no line of it can be found.
    #[error("the mapping is not TOML: {0}. Correct it in an editor first.")]
    NotToml(String),
    /// Something is to be added to the rule of a field that has none.
    #[error("{0} has no line in the mapping yet. Say first where its value comes from.")]
    NoRule(String),
    /// The mapping writes this in a way that this program does not write.
    #[error("{0} is written in a way that cannot be changed here. Change it in an editor.")]
    Unusual(String),
}
