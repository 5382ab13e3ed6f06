//! A mapping proposed for a file, before it is written.

/// A column that feeds a field, as proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The field's path in the catalogue, `organization.addresses[].city`.
    pub path: &'static str,
    /// Which element of a list, from 0.
    pub element: usize,
    /// The column's number, from 0.
    pub column: usize,
    /// Why this column: what its name and its cells say, for the comment on the line.
    pub evidence: String,
    /// What a person has to decide before the line can be used.
    pub undecided: Option<String>,
    /// Words of the column that the field does not know, for a map.
    pub unknown_words: Vec<String>,
    pub(super) score: f64,
}

/// A mapping proposed for a file.
#[derive(Debug)]
pub struct Proposal {
    pub(super) names: Vec<String>,
    /// The name of the rows' space in the state.
    pub name: String,
    /// The key column, from 0, and why.
    pub key: Option<(usize, String)>,
    /// Columns and the fields they feed.
    pub assignments: Vec<Assignment>,
    /// Columns that feed nothing, with what they look like.
    pub(super) unplaced: Vec<(usize, String)>,
    /// Settings of the source, with their evidence.
    pub(super) settings: Vec<(String, String)>,
    /// Whether a setting has to be decided.
    pub(super) undecided_settings: Vec<(String, String)>,
}
