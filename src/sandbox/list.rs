//! The list: every documented filter, page-wise `skip`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::book::{Book, Partner};
use super::lie::{Lie, Lies};

/// Records a page has where nobody says. Source: ECG's pages for its other resources.
const DEFAULT_TAKE: usize = 10;
/// Records a page has at most; the documentation names no bound, and a server without one is no model.
const LARGEST_TAKE: usize = 100;

/// Query parameters: a name may stand several times, and a value may list several by commas.
pub(super) type Parameters = HashMap<String, Vec<String>>;

/// Reads a query string.
pub(super) fn parameters(query: &str) -> Parameters {
    let mut parameters = Parameters::new();
    if let Ok(url) = reqwest::Url::parse(&format!("http://query/?{query}")) {
        for (name, value) in url.query_pairs() {
            let name = name.trim_end_matches("[]").to_owned();
            parameters.entry(name).or_default().push(value.into_owned());
        }
    }
    parameters
}

/// The names that the documentation shows.
const KNOWN: [&str; 13] = [
    "order_by",
    "skip",
    "take",
    "include",
    "status",
    "partnerStatus",
    "commissionPayoutStatus",
    "searchTerm",
    "partnerTypeIds",
    "partnerIds",
    "w9Submitted",
    "enableCommissions",
    "isW2",
];

/// A question to the list, read.
struct Question {
    skip: usize,
    take: usize,
    newest_first: bool,
    include: Vec<String>,
    statuses: Vec<String>,
    ids: Vec<String>,
    criteria: Vec<String>,
    payout: Vec<String>,
    types: Vec<String>,
    search: String,
    /// A search compares whole names.
    by_whole_names: bool,
    /// `w9Submitted`, `enableCommissions`, `isW2`.
    flags: [Option<bool>; 3],
}

fn one<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    let values = parameters.get(name)?;
    values.first().map(String::as_str)
}

/// All values of a parameter in lower case, those listed by commas too.
fn many(parameters: &Parameters, name: &str) -> Vec<String> {
    let values = parameters.get(name).map_or(&[][..], Vec::as_slice);
    values
        .iter()
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .filter(|v| !v.is_empty())
        .map(str::to_lowercase)
        .collect()
}

impl Question {
    /// Reads the parameters, or says what is wrong with them.
    fn read(parameters: &Parameters, lies: &Lies) -> Result<Self, Vec<String>> {
        let one = |name: &str| one(parameters, name);
        let many = |name: &str| many(parameters, name);
        let mut messages: Vec<String> = parameters
            .keys()
            .filter(|name| !KNOWN.contains(&name.as_str()))
            .map(|name| format!("property {name} should not exist"))
            .collect();
        let mut number = |name: &str, default: usize| match one(name).map(str::parse::<usize>) {
            None => default,
            Some(Ok(n)) => n,
            Some(Err(_)) => {
                messages.push(format!("{name} must be an integer number"));
                default
            }
        };
        let skip = number("skip", 0);
        let take = number("take", DEFAULT_TAKE).clamp(1, lies.longest_page(LARGEST_TAKE));
        let newest_first = match one("order_by").map(str::to_ascii_uppercase).as_deref() {
            None | Some("ASC") => false,
            Some("DESC") => true,
            Some(_) => {
                messages.push("order_by must be one of the following values: ASC, DESC".to_owned());
                false
            }
        };
        let flags = ["w9Submitted", "enableCommissions", "isW2"].map(|name| match one(name) {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => {
                messages.push(format!("{name} must be a boolean value"));
                None
            }
        });
        let (include, types) = (many("include"), many("partnerTypeIds"));
        if !types.is_empty() && !include.iter().any(|i| i == "partner-type") {
            messages.push("partnerTypeIds needs include=partner-type".to_owned());
        }
        if !messages.is_empty() {
            messages.sort();
            return Err(messages);
        }
        let mut statuses = many("status");
        if statuses.is_empty() {
            statuses = lies.shown_statuses().iter().map(|&s| s.into()).collect();
        }
        Ok(Self {
            skip,
            take,
            newest_first,
            include,
            statuses,
            ids: many("partnerIds"),
            criteria: many("partnerStatus"),
            payout: many("commissionPayoutStatus"),
            types,
            search: one("searchTerm").unwrap_or("").trim().to_lowercase(),
            by_whole_names: lies.has(Lie::SearchWholeNames),
            flags,
        })
    }

    fn finds(&self, p: &Partner) -> bool {
        if self.by_whole_names {
            p.names.lines().any(|name| name == self.search)
        } else {
            p.names.contains(&self.search)
        }
    }

    fn fits(&self, p: &Partner) -> bool {
        /// An empty list asks for nothing.
        fn asks_for(wanted: &[String], has: &str) -> bool {
            wanted.is_empty() || wanted.contains(&has.to_lowercase())
        }
        asks_for(&self.statuses, &p.status)
            && (self.search.is_empty() || self.finds(p))
            && (self.ids.is_empty() || self.ids.contains(&p.id))
            && asks_for(&self.criteria, &p.criteria_status)
            && asks_for(&self.payout, &p.payout_status)
            && (self.types.is_empty()
                || p.type_id.as_ref().is_some_and(|t| asks_for(&self.types, t)))
            && self
                .flags
                .iter()
                .zip(&p.flags)
                .all(|(wanted, has)| wanted.is_none_or(|w| *has == Some(w)))
    }
}

/// One page, or what is wrong with the question. Partners younger than `visible_before` are not listed yet.
pub(super) fn page(
    book: &Book,
    parameters: &Parameters,
    visible_before: i64,
    lies: &Lies,
) -> Result<Value, Vec<String>> {
    let question = Question::read(parameters, lies)?;
    let Question { skip, take, .. } = question;
    let is_blind = lies.is_blind(!question.search.is_empty());
    let first = if lies.has(Lie::SkipCountsRecords) {
        skip
    } else {
        skip.saturating_mul(take)
    };
    let (items, total) = book
        .with(|partners| {
            let fitting: Vec<&Partner> = partners
                .iter()
                .filter(|p| !is_blind && p.created <= visible_before && question.fits(p))
                .collect();
            let on_page = |index: usize| {
                let at = first.saturating_add(index);
                let at = if question.newest_first {
                    fitting.len().checked_sub(1)?.checked_sub(at)?
                } else {
                    at
                };
                fitting.get(at)
            };
            let items: Vec<Value> = (0..take)
                .map_while(on_page)
                .map(|p| shown(p, partners, &question.include))
                .collect();
            (items, fitting.len())
        })
        .unwrap_or_default();
    Ok(json!({
        "items": items,
        "currentPageNumber": first / take + 1,
        "recordsPerPage": take,
        "totalRecords": total,
        "totalPages": total.div_ceil(take),
    }))
}

/// A partner's answer, with what `include` asks for in full and without it left out.
pub(super) fn shown(partner: &Partner, all: &[Partner], include: &[String]) -> Value {
    let mut value: Value = serde_json::from_str(&partner.json).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        if include.iter().any(|i| i == "parent-partner") {
            let parent = partner
                .parent
                .as_ref()
                .and_then(|id| all.iter().find(|p| p.id == *id));
            if let Some(parent) = parent {
                object.insert(
                    "parentPartner".into(),
                    serde_json::from_str(&parent.json).unwrap_or(Value::Null),
                );
            }
        }
        if !include.iter().any(|i| i == "partner-type")
            && let Some(criteria) = object
                .get_mut("partnerCriteria")
                .and_then(Value::as_object_mut)
        {
            criteria.remove("partnerType");
        }
    }
    value
}
