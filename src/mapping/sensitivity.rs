//! Sensitivity follows the value: which columns hold bank data, and which leaves of the body are made of them.
//!
//! A column is sensitive that fills a sensitive field. A leaf is that
//! is sensitive itself, or into which such a column goes,
//! whole or by a template. What names rows is kept in the state, sent in addresses and shown in reports: nothing sensitive may
//! go into it.

use super::error::MappingProblem;
use super::file::Mapping;
use super::plan::PlanRule;
use super::rule::{Feed, FieldRule, Placed};
use super::template_columns::{TemplateColumns, template_columns};
use crate::partner::LeafInfo;
use crate::partner::catalogue::LEGACY_IDENTIFIER;
use crate::source::Header;

/// Which columns feed a sensitive field.
pub(super) fn sensitive_columns(mapping: &Mapping, header: &Header) -> Vec<bool> {
    let mut columns = vec![false; header.len()];
    for rule in mapping.rules.iter().filter(|r| r.field.sensitive) {
        for column in parts_of_feed(&rule.rule.feed, header).named {
            columns[column] = true;
        }
    }
    columns
}

/// Which leaves are sensitive. The leaves of the mapping's rules come first, in their order.
pub(super) fn sensitive_leaves(
    mapping: &Mapping,
    header: &Header,
    (leaves, rules): (&[LeafInfo], &[PlanRule]),
    columns: &[bool],
) -> Vec<bool> {
    let takes_in = |feed: &Feed| takes_in(&parts_of_feed(feed, header), columns);
    let mut sensitive: Vec<bool> = leaves.iter().map(|l| l.field.sensitive).collect();
    for (leaf, rule) in mapping.rules.iter().enumerate() {
        sensitive[leaf] |= takes_in(&rule.rule.feed);
    }
    // What is cut off from a value is as sensitive as it.
    for (leaf, rule) in rules.iter().enumerate() {
        if let Some(sibling) = rule.sibling {
            sensitive[sibling] |= sensitive[leaf];
        }
    }
    sensitive
}

/// What names rows, and is made of a sensitive column.
pub(super) fn refuse_identity(
    mapping: &Mapping,
    header: &Header,
    columns: &[bool],
) -> Vec<MappingProblem> {
    let named = |text: &str| header.find(text).filter(|c| columns[*c]);
    let mut refused: Vec<(usize, &Placed, &str)> = Vec::new();
    for part in &mapping.key.0 {
        refused.extend(named(&part.text).map(|c| (c, part, "the key")));
    }
    for FieldRule { field, rule, .. } in &mapping.rules {
        let what = match &rule.feed {
            Feed::Partner(_) => "a reference to another row",
            _ if field.path == LEGACY_IDENTIFIER => "the legacyIdentifier",
            _ => continue,
        };
        match &rule.feed {
            Feed::Partner(column) | Feed::Column(column) => {
                refused.extend(named(&column.text).map(|c| (c, column, what)));
            }
            Feed::Columns(all) => {
                refused.extend(all.iter().filter_map(|p| Some((named(&p.text)?, p, what))));
            }
            Feed::Template(text) => {
                let parts = template_columns(&text.text, header);
                let mut taken = (0..columns.len()).filter(|c| parts.any || parts.named.contains(c));
                let sensitive = taken.find(|c| columns[*c]);
                refused.extend(sensitive.map(|c| (c, text, what)));
            }
            Feed::Value(_) => {}
        }
    }
    let problems = refused.into_iter();
    problems
        .map(|(column, placed, what)| refusal(mapping, header, column, placed, what))
        .collect()
}

fn refusal(
    mapping: &Mapping,
    header: &Header,
    column: usize,
    placed: &Placed,
    what: &str,
) -> MappingProblem {
    let fills = mapping
        .rules
        .iter()
        .filter(|r| r.field.sensitive)
        .find(|r| parts_of_feed(&r.rule.feed, header).named.contains(&column));
    let field = fills.map_or("a sensitive field", |r| r.field.path);
    MappingProblem::new(
        placed.span.clone(),
        format!(
            "the column \"{}\" fills {field}, which is bank data, so it cannot be {what}: the state keeps it and reports show it",
            header.names()[column]
        ),
    )
    .with_help(format!(
        "use another column that identifies the row (an id or a customer number); or, if \"{}\" is not bank data, do not map it to {field}",
        header.names()[column]
    ))
}

fn takes_in(parts: &TemplateColumns, columns: &[bool]) -> bool {
    (parts.any && columns.contains(&true)) || parts.named.iter().any(|c| columns[*c])
}

/// The columns of a file that go into a feed, from 0; a template that uses the row in ways of its own takes in all.
#[must_use]
pub fn columns_of_feed(feed: &Feed, header: &Header) -> Vec<usize> {
    let parts = parts_of_feed(feed, header);
    if parts.any {
        return (0..header.len()).collect();
    }
    parts.named
}

fn parts_of_feed(feed: &Feed, header: &Header) -> TemplateColumns {
    let of = |all: &[&Placed]| TemplateColumns {
        named: all.iter().filter_map(|c| header.find(&c.text)).collect(),
        any: false,
    };
    match feed {
        Feed::Column(column) | Feed::Partner(column) => of(&[column]),
        Feed::Columns(all) => of(&all.iter().collect::<Vec<_>>()),
        Feed::Value(_) => of(&[]),
        Feed::Template(text) => template_columns(&text.text, header),
    }
}
