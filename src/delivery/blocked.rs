//! What is reported of a row that waits for another one.

use super::diagnostics::place;
use crate::diagnostic::{Code, Diagnostic, brief};
use crate::partner::PreparedPartner;

/// A row that others wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitedFor {
    /// Its key.
    pub key: String,
    /// Where it is, `row 3` or `row 3 of b.csv`; `None` where it is in no file of this run.
    pub place: Option<String>,
}

/// Why a row that others wait for has no partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPartner {
    /// It is invalid.
    Invalid,
    /// The API rejected it, with this status.
    Rejected(Option<u16>),
    /// It is not known whether it was created.
    InDoubt,
    /// Nothing was created for it; it can be sent again as it is.
    Unsent,
    /// It waits for rows that refer to each other in a circle.
    Circle,
}

/// What stands between a row and its partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The number of the row's first link whose partner is not created.
    pub link: usize,
    /// The row of that link.
    pub parent: WaitedFor,
    /// The row at the end of the chain, where that is another one.
    pub root: Option<WaitedFor>,
    /// What is the matter with it.
    pub why: NoPartner,
}

/// A row that it refers to has no partner.
#[must_use]
pub fn blocked(row: &PreparedPartner, by: &Blocker) -> Diagnostic {
    let link = row.links.get(by.link);
    let mut at = place(row);
    let parent = match link {
        // That it is the parent says which field it is; no path has to.
        Some(link) if link.field.ends_with("parentId") => {
            format!("Its parent {}", named(&by.parent))
        }
        _ => {
            at.field = link.map(|link| std::sync::Arc::clone(&link.field));
            format!("The row {} that it refers to", named(&by.parent))
        }
    };
    let why = in_words(by.why);
    let message = match &by.root {
        None => format!("{parent} {why}."),
        Some(root) => format!(
            "{parent} waits for another row itself: {} {why}.",
            named(root)
        ),
    };
    let culprit = by.root.as_ref().unwrap_or(&by.parent);
    let diagnostic = Diagnostic::new(Code::ReferenceBlocked, at, message);
    diagnostic.with_hint(todo(by.why, culprit))
}

fn named(row: &WaitedFor) -> String {
    match &row.place {
        Some(place) => format!("\"{}\" ({place})", brief(&row.key)),
        None => format!("\"{}\"", brief(&row.key)),
    }
}

fn in_words(why: NoPartner) -> String {
    match why {
        NoPartner::Invalid => "is invalid, so it was not sent".to_owned(),
        NoPartner::Rejected(Some(status)) => format!("was rejected by the API ({status})"),
        NoPartner::Rejected(None) => "was rejected by the API".to_owned(),
        NoPartner::InDoubt => "is in doubt: it is not known whether it was created".to_owned(),
        NoPartner::Unsent => "was not created".to_owned(),
        NoPartner::Circle => {
            "waits for rows that refer to each other in a circle, so none can be the first"
                .to_owned()
        }
    }
}

/// What to do, for the owner of the data.
fn todo(why: NoPartner, row: &WaitedFor) -> String {
    let which = match &row.place {
        Some(place) => place.clone(),
        None => format!("the row \"{}\"", brief(&row.key)),
    };
    match why {
        NoPartner::Invalid => {
            format!("Repair {which}; this row is sent once that one has its partner.")
        }
        NoPartner::Rejected(_) => format!(
            "Repair {which}, or send it again as it is with --retry-rejected; this row is sent once that one has its partner."
        ),
        NoPartner::InDoubt => {
            "Run the same command again, or partner-sync reconcile: both look up what became of it. This row is then sent."
                .to_owned()
        }
        NoPartner::Unsent => "Run the same command again: both rows are sent then.".to_owned(),
        NoPartner::Circle => {
            "Decide which of these rows has no parent, and empty its cell.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::owner::bench::row;
    use super::*;

    fn of(key: &str, place: Option<&str>) -> WaitedFor {
        WaitedFor {
            key: key.to_owned(),
            place: place.map(str::to_owned),
        }
    }

    #[test]
    fn each_cause_is_named_with_its_row_and_what_to_do() {
        let mut child = row(9, Some(2));
        child.links[0].field = "parentId".into();
        let (parent, root) = (of("P", Some("row 3")), of("R", Some("row 2 of b.csv")));
        for (root, why, says, todo) in [
            (
                None,
                NoPartner::Invalid,
                "Its parent \"P\" (row 3) is invalid, so it was not sent.",
                "Repair row 3; ",
            ),
            (
                Some(root.clone()),
                NoPartner::Invalid,
                "Its parent \"P\" (row 3) waits for another row itself: \"R\" (row 2 of b.csv) is invalid, so it was not sent.",
                "Repair row 2 of b.csv; ",
            ),
            (
                None,
                NoPartner::Rejected(Some(422)),
                "Its parent \"P\" (row 3) was rejected by the API (422).",
                "Repair row 3, or send it again as it is with --retry-rejected; ",
            ),
            (
                Some(of("R", None)),
                NoPartner::InDoubt,
                "itself: \"R\" is in doubt: it is not known whether it was created.",
                "partner-sync reconcile",
            ),
            (
                None,
                NoPartner::Unsent,
                "\"P\" (row 3) was not created.",
                "Run the same command again",
            ),
            (
                None,
                NoPartner::Circle,
                "\"P\" (row 3) waits for rows that refer to each other in a circle",
                "has no parent",
            ),
        ] {
            let by = Blocker {
                link: 0,
                parent: parent.clone(),
                root,
                why,
            };
            let found = blocked(&child, &by);
            assert_eq!(found.code, Code::ReferenceBlocked);
            assert_eq!((found.at.field.as_deref(), found.at.row), (None, Some(9)));
            assert!(found.message.contains(says), "{}", found.message);
            let hint = found.hint.unwrap_or_default();
            assert!(hint.contains(todo), "{hint}");
        }
    }

    #[test]
    fn a_link_that_is_no_parent_is_named_as_that() {
        let by = Blocker {
            link: 0,
            parent: of("P", None),
            root: None,
            why: NoPartner::Rejected(None),
        };
        let mut child = row(9, Some(2));
        child.links[0].field = "overrides[].partnerId".into();
        let found = blocked(&child, &by);
        assert_eq!(
            found.message,
            "The row \"P\" that it refers to was rejected by the API."
        );
        assert_eq!(found.at.field.as_deref(), Some("overrides[].partnerId"));
    }
}
