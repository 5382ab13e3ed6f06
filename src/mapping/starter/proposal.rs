//! A mapping proposed for a file, before it is written.

use super::name::Surety;
use super::name_words::Group;
use crate::partner::FieldKind;

/// A word of a column, and what the field takes for it; none where a person has to say it.
pub type Translation = (String, Option<String>);

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
    /// The question that a person has to answer before the mapping can be used.
    pub undecided: Option<String>,
    /// Words of the column that the field does not know, for a map.
    pub map: Vec<Translation>,
    /// The column of the house's number, which is written beside the street, and whether it comes first.
    pub house_number: Option<(usize, bool)>,
    pub(super) group: Group,
    pub(super) surety: Surety,
    /// The place of its name among those of the field.
    pub(super) order: usize,
    pub(super) language: &'static str,
}

/// A row's key, as proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChoice {
    /// The column, from 0; none where no column can be one.
    pub column: Option<usize>,
    /// What its cells and its name say.
    pub evidence: String,
    /// The question that a person has to answer.
    pub undecided: Option<String>,
}

/// A line of `[source]`, as proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, `date_order`.
    pub name: &'static str,
    /// Its value as TOML; none where only a person knows it.
    pub value: Option<String>,
    /// Why, for the comment on the line.
    pub evidence: String,
    /// The question that a person has to answer.
    pub undecided: Option<String>,
}

/// A column that feeds nothing.
#[derive(Debug)]
pub(super) struct Unplaced {
    pub(super) column: usize,
    /// The kind of values that it seems to have.
    pub(super) looks_like: Option<FieldKind>,
    /// How many cells are filled, in words.
    pub(super) filled: String,
}

impl Unplaced {
    /// What is known of it.
    pub(super) fn words(&self) -> String {
        match self.looks_like {
            Some(kind) => format!("looks like {}", kind.expected()),
            None => self.filled.clone(),
        }
    }
}

/// A mapping proposed for a file.
#[derive(Debug)]
pub struct Proposal {
    pub(super) names: Vec<String>,
    /// The name of the rows' space in the state.
    pub name: String,
    /// What makes a row itself.
    pub key: KeyChoice,
    /// Columns and the fields they feed.
    pub assignments: Vec<Assignment>,
    /// Columns that feed nothing.
    pub(super) unplaced: Vec<Unplaced>,
    /// Settings of the source.
    pub settings: Vec<Setting>,
    /// What was looked for and not found out about the source.
    pub(super) notes: Vec<String>,
    /// A column that may hold the name, where none does surely.
    pub(super) name_guess: Option<usize>,
}

impl Proposal {
    /// Columns that feed a field or the key, decided or not.
    #[must_use]
    pub fn placed(&self) -> usize {
        self.names.len() - self.unplaced.len()
    }

    /// The kind of values that a column seems to have which feeds nothing; none where they could be anything.
    #[must_use]
    pub fn look_of(&self, column: usize) -> Option<FieldKind> {
        self.unplaced
            .iter()
            .find(|u| u.column == column)?
            .looks_like
    }

    /// Lines that a person has to decide.
    #[must_use]
    pub fn to_decide(&self) -> usize {
        let assignments = self
            .assignments
            .iter()
            .filter(|a| a.undecided.is_some())
            .count();
        let settings = self
            .settings
            .iter()
            .filter(|s| s.undecided.is_some())
            .count();
        let name = !self
            .assignments
            .iter()
            .any(|a| a.path == crate::partner::catalogue::BUSINESS_NAME);
        assignments + settings + usize::from(self.key.undecided.is_some()) + usize::from(name)
    }
}
