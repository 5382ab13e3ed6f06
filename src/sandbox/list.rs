//! The list: every documented filter, page-wise `skip`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::book::{Book, Partner};

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

/// One page, or what is wrong with the question. Partners younger than `visible_before` are not listed yet.
pub(super) fn page(
    book: &Book,
    parameters: &Parameters,
    visible_before: i64,
) -> Result<Value, Vec<String>> {
    let mut messages: Vec<String> = parameters
        .keys()
        .filter(|name| !KNOWN.contains(&name.as_str()))
        .map(|name| format!("property {name} should not exist"))
        .collect();
    let one = |name: &str| {
        parameters
            .get(name)
            .and_then(|v| v.first())
            .map(String::as_str)
    };
    let many = |name: &str| -> Vec<String> {
        let values = parameters.get(name).map_or(&[][..], Vec::as_slice);
        values
            .iter()
            .flat_map(|v| v.split(','))
            .map(str::trim)
            .filter(|v| !v.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let mut number = |name: &str, default: usize| match one(name).map(str::parse::<usize>) {
        None => default,
        Some(Ok(n)) => n,
        Some(Err(_)) => {
            messages.push(format!("{name} must be an integer number"));
            default
        }
    };
    let skip = number("skip", 0);
    let take = number("take", DEFAULT_TAKE).clamp(1, LARGEST_TAKE);
    let newest_first = match one("order_by").map(str::to_ascii_uppercase).as_deref() {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(_) => {
            messages.push("order_by must be one of the following values: ASC, DESC".to_owned());
            false
        }
    };
    let mut flag = |name: &str| match one(name) {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => {
            messages.push(format!("{name} must be a boolean value"));
            None
        }
    };
    let flags = [flag("w9Submitted"), flag("enableCommissions"), flag("isW2")];
    let include = many("include");
    let types = many("partnerTypeIds");
    if !types.is_empty() && !include.iter().any(|i| i == "partner-type") {
        messages.push("partnerTypeIds needs include=partner-type".to_owned());
    }
    if !messages.is_empty() {
        messages.sort();
        return Err(messages);
    }
    let statuses = match many("status") {
        empty if empty.is_empty() => ["active", "inactive", "suspended", "restored"]
            .map(str::to_owned)
            .to_vec(),
        given => given,
    };
    let ids = many("partnerIds");
    let (criteria, payout) = (many("partnerStatus"), many("commissionPayoutStatus"));
    let search = one("searchTerm").unwrap_or("").trim().to_lowercase();
    let fits = |p: &Partner| {
        p.created <= visible_before
            && statuses.contains(&p.status.to_lowercase())
            && (search.is_empty() || p.names.contains(&search))
            && (ids.is_empty() || ids.contains(&p.id))
            && (criteria.is_empty() || criteria.contains(&p.criteria_status.to_lowercase()))
            && (payout.is_empty() || payout.contains(&p.payout_status.to_lowercase()))
            && (types.is_empty()
                || p.type_id
                    .as_ref()
                    .is_some_and(|t| types.contains(&t.to_lowercase())))
            && flags
                .iter()
                .zip(&p.flags)
                .all(|(wanted, has)| wanted.is_none_or(|w| *has == Some(w)))
    };
    let (items, total) = book
        .with(|partners| {
            let total = partners.iter().filter(|p| fits(p)).count();
            let start = skip.saturating_mul(take);
            let whole = |p: &Partner| shown(p, partners, &include);
            let items: Vec<Value> = if newest_first {
                partners
                    .iter()
                    .rev()
                    .filter(|p| fits(p))
                    .skip(start)
                    .take(take)
                    .map(whole)
                    .collect()
            } else {
                partners
                    .iter()
                    .filter(|p| fits(p))
                    .skip(start)
                    .take(take)
                    .map(whole)
                    .collect()
            };
            (items, total)
        })
        .unwrap_or_default();
    Ok(json!({
        "items": items,
        "currentPageNumber": skip + 1,
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
