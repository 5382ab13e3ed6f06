//! Named lies: how an API that answers with 200 hides, rewrites or miscounts what it has.

use std::str::FromStr;

use serde_json::{Value, json};

/// Items on a page, and partners that a total counts, at most: where a lie has such a bound.
const SHORT_PAGE: usize = 50;
const LOW_TOTAL: u64 = 100;

/// What a sandbox answers otherwise than it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// List items have a `party` without `legacyIdentifier`.
    ListWithoutIdentifiers,
    /// The list has its totals and no items.
    ListEmpty,
    /// The list is a bare array of at most 50 partners.
    ListBare,
    /// `totalRecords` is never above 100.
    LowTotals,
    /// `totalRecords` is always 0.
    ZeroTotals,
    /// `skip` counts records.
    SkipCountsRecords,
    /// The list and a partner got by its id have `legacyIdentifier` in lower case.
    LowerIdentifiers,
    /// The list has no totals: no `totalRecords`, no `totalPages`.
    NoTotals,
    /// Each partner that is asked for by its id is a 404.
    GetNotFound,
    /// Runs of blanks in names are kept as one.
    CollapsedNames,
    /// `&` in names is kept as `&amp;`.
    EscapedNames,
    /// Searches find nothing.
    SearchBlind,
    /// Searches compare whole names.
    SearchWholeNames,
    /// The list shows nothing, and its total is 0; searches find.
    ListBlind,
    /// New partners are inactive, and a list shows the active ones unless it is asked for others.
    HiddenStatus,
}

impl Lie {
    /// All of them by name.
    pub const ALL: &[(&str, Lie)] = &[
        ("list-without-identifiers", Lie::ListWithoutIdentifiers),
        ("list-empty", Lie::ListEmpty),
        ("list-bare", Lie::ListBare),
        ("low-totals", Lie::LowTotals),
        ("zero-totals", Lie::ZeroTotals),
        ("skip-counts-records", Lie::SkipCountsRecords),
        ("lower-identifiers", Lie::LowerIdentifiers),
        ("no-totals", Lie::NoTotals),
        ("get-not-found", Lie::GetNotFound),
        ("collapsed-names", Lie::CollapsedNames),
        ("escaped-names", Lie::EscapedNames),
        ("search-blind", Lie::SearchBlind),
        ("search-whole-names", Lie::SearchWholeNames),
        ("list-blind", Lie::ListBlind),
        ("hidden-status", Lie::HiddenStatus),
    ];
}

impl FromStr for Lie {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Lie::ALL.iter().find(|(name, _)| *name == text);
        known.map(|(_, lie)| *lie).ok_or_else(|| {
            let names: Vec<&str> = Lie::ALL.iter().map(|(name, _)| *name).collect();
            format!("\"{text}\" is not a lie; known are {}", names.join(", "))
        })
    }
}

/// The lies of one sandbox.
#[derive(Debug, Clone, Default)]
pub(super) struct Lies(Vec<Lie>);

impl Lies {
    pub(super) fn new(lies: Vec<Lie>) -> Self {
        Self(lies)
    }

    pub(super) fn has(&self, lie: Lie) -> bool {
        self.0.contains(&lie)
    }

    /// How many records a page has at most.
    pub(super) fn longest_page(&self, honest: usize) -> usize {
        if self.has(Lie::ListBare) {
            SHORT_PAGE
        } else {
            honest
        }
    }

    /// Whether nothing is shown to a question, a search or one for all.
    pub(super) fn is_blind(&self, is_search: bool) -> bool {
        self.has(if is_search {
            Lie::SearchBlind
        } else {
            Lie::ListBlind
        })
    }

    /// The status of a new partner.
    pub(super) fn new_status(&self) -> &'static str {
        if self.has(Lie::HiddenStatus) {
            "Inactive"
        } else {
            "Active"
        }
    }

    /// The statuses that a list shows which is asked for none.
    pub(super) fn shown_statuses(&self) -> &'static [&'static str] {
        if self.has(Lie::HiddenStatus) {
            &["active"]
        } else {
            &["active", "inactive", "suspended", "restored"]
        }
    }

    /// Rewrites the names of a body, as it is kept.
    pub(super) fn rewrite_names(&self, body: &mut Value) {
        for name in ["businessName", "displayName"] {
            let Some(Value::String(text)) = body.pointer_mut(&format!("/organization/{name}"))
            else {
                continue;
            };
            if self.has(Lie::CollapsedNames) {
                *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            if self.has(Lie::EscapedNames) {
                *text = text.replace('&', "&amp;");
            }
        }
    }

    /// Falsifies a page of the list.
    pub(super) fn falsify(&self, mut page: Value) -> Value {
        let items = page.get_mut("items").and_then(Value::as_array_mut);
        if let Some(items) = items {
            for item in items.iter_mut() {
                self.rewrite_identifier(item);
            }
            if self.has(Lie::ListEmpty) {
                items.clear();
            }
            if self.has(Lie::ListWithoutIdentifiers) {
                for party in items.iter_mut().filter_map(|item| item.get_mut("party")) {
                    party
                        .as_object_mut()
                        .and_then(|p| p.remove("legacyIdentifier"));
                }
            }
        }
        let total = page["totalRecords"].as_u64().unwrap_or(0);
        if self.has(Lie::LowTotals) && total > LOW_TOTAL {
            let length = page["recordsPerPage"].as_u64().unwrap_or(1).max(1);
            page["totalRecords"] = json!(LOW_TOTAL);
            page["totalPages"] = json!(LOW_TOTAL.div_ceil(length));
        }
        if self.has(Lie::ZeroTotals) {
            page["totalRecords"] = json!(0);
        }
        if self.has(Lie::NoTotals)
            && let Some(page) = page.as_object_mut()
        {
            page.retain(|name, _| !name.starts_with("total"));
        }
        if self.has(Lie::ListBare) {
            return page["items"].take();
        }
        page
    }

    /// Rewrites the identifier of a partner that is shown in the list or by its id.
    pub(super) fn rewrite_identifier(&self, partner: &mut Value) {
        if self.has(Lie::LowerIdentifiers)
            && let Some(Value::String(text)) = partner.pointer_mut("/party/legacyIdentifier")
        {
            *text = text.to_lowercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lies_are_known_by_name() {
        for (name, lie) in Lie::ALL {
            assert_eq!(name.parse::<Lie>(), Ok(*lie));
        }
        assert!("white".parse::<Lie>().unwrap_err().contains("list-empty"));
    }
}
