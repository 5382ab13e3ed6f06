//! The list of columns, and of fields that no column fills.

use serde::Serialize;

use super::shared::{Selection, column_name, key_question, problems_of};
use crate::diagnostic::{counted, thousands};
use crate::mapping::Feed;
use crate::partner::field_name;
use crate::workbench::bench::Bench;
use crate::workbench::model::{Model, shown as shown_value};

/// A column in the list.
#[derive(Debug, Serialize)]
pub(super) struct ColumnView {
    index: usize,
    name: String,
    /// How full it is, 0 to 100.
    fill: u64,
    fill_words: String,
    samples: Vec<String>,
    /// What it fills, in plain words.
    fields: Vec<String>,
    /// `sure`, `ask`, `unused`, `bad` or `warn`; `unread` while the mapping cannot be read.
    pub(super) state: &'static str,
    state_words: String,
    has_problems: bool,
    is_chosen: bool,
    /// The query of its address.
    query: String,
}

/// A field that no column fills.
#[derive(Debug, Serialize)]
pub(super) struct FixedView {
    name: String,
    value: String,
    is_chosen: bool,
    query: String,
}

/// A way to look at the list.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    words: &'static str,
    count: usize,
    is_chosen: bool,
    query: String,
}

pub(super) fn columns(bench: &Bench, model: Option<&Model>, at: &Selection) -> Vec<ColumnView> {
    (0..bench.explored.header.len())
        .map(|column| view(bench, model, at, column))
        .collect()
}

fn view(bench: &Bench, model: Option<&Model>, at: &Selection, column: usize) -> ColumnView {
    let explored = &bench.explored;
    let facts = explored.facts.columns.get(column);
    let filled = facts.map_or(0, |f| f.filled);
    let rows = explored.facts.rows;
    let name = column_name(bench, column);
    let rules = model.map_or(&[][..], |m| &m.rules[column]);
    let is_key = model.is_some_and(|m| m.key.contains(&column));
    let mut fields: Vec<String> = Vec::new();
    if is_key {
        fields.push("Key".to_owned());
    }
    fields.extend(
        model
            .into_iter()
            .flat_map(|m| rules.iter().map(|rule| field_name(&m.path(*rule)))),
    );
    let asks = model.is_some_and(|m| {
        let is_asked = |rule: &usize| m.mapping.rules[*rule].rule.question.is_some();
        rules.iter().any(is_asked)
    }) || (is_key && key_question(model).is_some());
    let (problems, is_error) = problems_of(bench, &name);
    let (state, state_words) = if model.is_none() {
        ("unread", String::new())
    } else if asks {
        ("ask", "to decide".to_owned())
    } else if fields.is_empty() {
        ("unused", "not used".to_owned())
    } else if problems > 0 {
        let state = if is_error { "bad" } else { "warn" };
        (state, counted(problems, "problem"))
    } else {
        ("sure", "used".to_owned())
    };
    let to = Selection {
        column: Some(column),
        field: None,
        show: at.show.clone(),
    };
    let samples = facts.map_or(&[][..], |f| &f.samples);
    ColumnView {
        index: column,
        fill: (filled * 100).checked_div(rows).unwrap_or(0),
        fill_words: match filled {
            0 => "empty".to_owned(),
            _ if filled == rows => "in every row".to_owned(),
            _ => format!("in {} of {} rows", thousands(filled), thousands(rows)),
        },
        samples: samples
            .iter()
            .map(|text| shown_value(explored, model, bench.values, column, text))
            .collect(),
        name,
        fields,
        state,
        state_words,
        has_problems: problems > 0,
        is_chosen: at.column == Some(column),
        query: to.query(),
    }
}

/// The ways to look at the list, with how many columns each has.
pub(super) fn shown(columns: &[ColumnView], at: &Selection) -> Vec<Shown> {
    [
        ("", "All"),
        ("ask", "To decide"),
        ("problems", "Problems"),
        ("unused", "Not used"),
    ]
    .into_iter()
    .map(|(show, words)| Shown {
        words,
        count: columns.iter().filter(|c| is_shown(c, show)).count(),
        is_chosen: at.show == show,
        query: Selection {
            show: show.to_owned(),
            ..at.clone()
        }
        .query(),
    })
    .collect()
}

fn is_shown(column: &ColumnView, show: &str) -> bool {
    match show {
        "ask" => column.state == "ask",
        "unused" => column.state == "unused",
        "problems" => column.has_problems,
        _ => true,
    }
}

/// Those that are asked for; the chosen one stays in view.
pub(super) fn filtered(columns: Vec<ColumnView>, at: &Selection) -> Vec<ColumnView> {
    let stays = |c: &ColumnView| c.is_chosen || is_shown(c, &at.show);
    columns.into_iter().filter(stays).collect()
}

/// Fields that no column fills.
pub(super) fn fixed(model: Option<&Model>, at: &Selection) -> Vec<FixedView> {
    let Some(model) = model else {
        return Vec::new();
    };
    let rules = model.mapping.rules.iter().enumerate();
    rules
        .filter(|(rule, _)| model.columns[*rule].is_empty())
        .map(|(rule, field)| {
            let path = model.path(rule);
            FixedView {
                name: field_name(&path),
                value: match &field.rule.feed {
                    Feed::Value(constant) => constant.to_text(),
                    Feed::Template(template) => template.text.clone(),
                    _ => String::new(),
                },
                is_chosen: at.field.as_deref() == Some(path.as_str()),
                query: Selection {
                    column: None,
                    field: Some(path),
                    show: at.show.clone(),
                }
                .query(),
            }
        })
        .collect()
}
