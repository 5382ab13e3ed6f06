//! By what two rows are likely the same partner: the same business name, and the same telephone number, e-mail address or
//! postal code.
//!
//! Cells are compared as they are in the file, folded: a difference of case, punctuation or legal form does not count. What a row
//! is sent as does not depend on it.

pub(super) mod columns;
mod contact;
mod legal_form;
mod name;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use self::columns::Contact;
use self::columns::LikenessColumns;
use self::name::NameFolder;
use super::file::Mapping;
use super::plan::{Plan, PlanFeed, PlanRule};
use crate::diagnostic::Code;
use crate::source::{Cell, SourceRow};

/// The columns by which rows are compared; none where the mapping has no column for the name, or for nothing beside it, and
/// where it allows such rows.
pub(super) fn likeness_columns(
    mapping: &Mapping,
    rules: &[PlanRule],
    business_name: usize,
    content: &[usize],
) -> Option<LikenessColumns> {
    if mapping.validation.allow.contains(&Code::RowSimilar) {
        return None;
    }
    let name = columns_of(rules.get(business_name)?);
    let contacts = Contact::ALL.map(|contact| {
        let rules = rules.iter().filter(|rule| rule.kind == contact.kind());
        rules.flat_map(columns_of).collect::<Vec<usize>>()
    });
    let is_useful = !name.is_empty() && contacts.iter().any(|columns| !columns.is_empty());
    let mut all = name.iter().chain(contacts.iter().flatten());
    let is_content = all.all(|column| content.contains(column));
    is_useful.then_some(LikenessColumns {
        name,
        contacts,
        is_content,
    })
}

fn columns_of(rule: &PlanRule) -> Vec<usize> {
    match &rule.feed {
        PlanFeed::Column(column) => vec![*column],
        PlanFeed::Columns(columns) => columns.clone(),
        _ => Vec::new(),
    }
}

/// The folded texts of a row; reused from row to row.
#[derive(Debug, Default)]
pub struct Likeness {
    /// The business name, empty where the row has none that says anything.
    pub name: Vec<u8>,
    /// By [`Contact`]; empty where the row has none.
    pub contacts: [Vec<u8>; 3],
    folder: NameFolder,
}

impl Plan {
    /// Whether rows that are alike in [`Plan::content_columns`] are alike in all that [`Plan::likeness`] reads.
    #[must_use]
    pub fn likeness_is_content(&self) -> bool {
        self.likeness.as_ref().is_some_and(|of| of.is_content)
    }

    /// Folds what a row is compared by; false where it has no name, or nothing beside it.
    pub fn likeness(&self, row: SourceRow<'_>, of: &mut Likeness) -> bool {
        let Some(columns) = &self.likeness else {
            return false;
        };
        let mut any = false;
        for (at, contact) in Contact::ALL.into_iter().enumerate() {
            let folded = &mut of.contacts[at];
            folded.clear();
            for column in &columns.contacts[at] {
                let text = text(row, *column);
                match contact {
                    Contact::Phone => contact::phone(&text, folded),
                    Contact::Email => contact::email(&text, folded),
                    Contact::PostalCode => contact::postal_code(&text, folded),
                }
                if !folded.is_empty() {
                    any = true;
                    break;
                }
            }
        }
        if !any {
            return false;
        }
        for column in &columns.name {
            of.folder.fold(&text(row, *column), &mut of.name);
            if !of.name.is_empty() {
                return true;
            }
        }
        false
    }
}

/// A cell's text; a number of a workbook as it is shown.
fn text(row: SourceRow<'_>, column: usize) -> Cow<'_, str> {
    match row.cell(column) {
        Cell::Text(text) => Cow::Borrowed(text),
        cell => cell.to_text(),
    }
}
