//! The column, or the field without a column, that is worked on.

use serde::Serialize;

use super::picker::{self, PickerView};
use super::rule::{RuleView, rule_view};
use super::shared::{Selection, column_name, key_question, problems_of};
use crate::diagnostic::thousands;
use crate::partner::field_name;
use crate::workbench::bench::Bench;
use crate::workbench::model::{Model, shown as shown_value};

/// What is worked on.
#[derive(Debug, Serialize)]
pub(super) struct ChosenView {
    /// The column's name, or the field's.
    title: String,
    is_column: bool,
    facts: String,
    samples: Vec<String>,
    is_key: bool,
    key_question: Option<String>,
    /// Why a proposal gives it a field, or none.
    evidence: String,
    /// What fills the key now.
    key_now: String,
    rules: Vec<RuleView>,
    picker: PickerView,
    /// The field that another one is chosen in place of; empty where one more is chosen.
    from: String,
    position: String,
    previous: Option<String>,
    next: Option<String>,
}

/// The selection; where nothing is selected, what has to be decided first.
pub(super) fn or_first(bench: &Bench, model: Option<&Model>, at: &Selection) -> Selection {
    let width = bench.explored.header.len();
    let is_there = at.column.is_some_and(|c| c < width)
        || at
            .field
            .as_deref()
            .is_some_and(|f| model.is_some_and(|m| m.rule_of(f).is_some()));
    if is_there {
        return at.clone();
    }
    let asks = |column: &usize| {
        model.is_some_and(|m| {
            let asked = |rule: &usize| m.mapping.rules[*rule].rule.question.is_some();
            m.rules[*column].iter().any(asked)
        })
    };
    let is_wrong = |column: &usize| problems_of(bench, &column_name(bench, *column)).1;
    let first = (0..width).find(asks).or_else(|| (0..width).find(is_wrong));
    Selection {
        column: Some(first.unwrap_or(0)).filter(|_| width > 0),
        field: None,
        show: at.show.clone(),
    }
}

pub(super) fn chosen(bench: &Bench, model: Option<&Model>, at: &Selection) -> Option<ChosenView> {
    match (at.column, &at.field) {
        (Some(column), _) => Some(of_column(bench, model, at, column)),
        (None, Some(field)) => of_field(bench, model?, field),
        _ => None,
    }
}

fn of_column(bench: &Bench, model: Option<&Model>, at: &Selection, column: usize) -> ChosenView {
    let explored = &bench.explored;
    let facts = explored.facts.columns.get(column);
    let rules = model.map_or(&[][..], |m| &m.rules[column]);
    let first = model.and_then(|m| rules.first().map(|rule| m.path(*rule)));
    let width = explored.header.len();
    let to = |column: usize| {
        let to = Selection {
            column: Some(column),
            field: None,
            show: at.show.clone(),
        };
        to.query()
    };
    let is_key = model.is_some_and(|m| m.key.contains(&column));
    ChosenView {
        title: column_name(bench, column),
        is_column: true,
        facts: format!(
            "Column {} of {width}, filled in {} of {} rows{}",
            column + 1,
            thousands(facts.map_or(0, |f| f.filled)),
            thousands(explored.facts.rows),
            match facts {
                Some(f) if f.has_many() => String::new(),
                Some(f) if f.words.len() == 1 => ", always the same value".to_owned(),
                Some(f) if !f.words.is_empty() => format!(", {} different values", f.words.len()),
                _ => String::new(),
            }
        ),
        samples: facts.map_or_else(Vec::new, |f| {
            let shown = |text: &String| shown_value(explored, model, bench.values, column, text);
            f.samples.iter().map(shown).collect()
        }),
        is_key,
        key_question: key_question(model).filter(|_| is_key).map(str::to_owned),
        evidence: evidence(bench, column),
        key_now: model.map_or_else(String::new, |m| {
            let names: Vec<&str> = m.mapping.key.0.iter().map(|k| k.text.as_str()).collect();
            names.join(", ")
        }),
        rules: model.map_or_else(Vec::new, |m| {
            let rules = rules.iter();
            rules
                .map(|rule| rule_view(bench, m, *rule, Some(column)))
                .collect()
        }),
        picker: picker::for_column(model, first.as_deref().filter(|_| rules.len() == 1)),
        from: first.filter(|_| rules.len() == 1).unwrap_or_default(),
        position: format!("{} of {width}", column + 1),
        previous: column.checked_sub(1).map(to),
        next: (column + 1 < width).then(|| to(column + 1)),
    }
}

/// Why the proposal does with a column what it does.
fn evidence(bench: &Bench, column: usize) -> String {
    let proposal = &bench.explored.proposal;
    if proposal.key.column == Some(column) {
        return format!("Proposed as the key: {}.", proposal.key.evidence);
    }
    if let Some(found) = proposal.assignments.iter().find(|a| a.column == column) {
        return format!(
            "Proposed for {}: {}.",
            field_name(found.path),
            found.evidence
        );
    }
    // How many rows are filled, the line above says.
    proposal.look_of(column).map_or_else(
        || "No field is proposed.".to_owned(),
        |kind| format!("No field is proposed; it looks like {}.", kind.expected()),
    )
}

fn of_field(bench: &Bench, model: &Model, path: &str) -> Option<ChosenView> {
    let rule = model.rule_of(path)?;
    Some(ChosenView {
        title: field_name(path),
        is_column: false,
        facts: "No column fills this field.".to_owned(),
        samples: Vec::new(),
        is_key: false,
        key_question: None,
        evidence: String::new(),
        key_now: String::new(),
        rules: vec![rule_view(bench, model, rule, None)],
        picker: picker::for_column(None, Some(path)),
        from: String::new(),
        position: String::new(),
        previous: None,
        next: None,
    })
}
