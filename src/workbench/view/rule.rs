//! A rule as a form: what it takes, what it does to it, what becomes of ten rows.

use serde::Serialize;

use super::lookup::{LookupView, lookup};
use super::shared::column_name;
use crate::diagnostic::{Severity, thousands};
use crate::mapping::date::Order;
use crate::mapping::{Constant, Feed, Rule};
use crate::partner::{Field, FieldKind, field_name};
use crate::report::problems_view;
use crate::workbench::bench::Bench;
use crate::workbench::model::{Model, is_open, shown as shown_value};

/// A rule.
#[derive(Debug, Serialize)]
pub(super) struct RuleView {
    path: String,
    name: String,
    about: &'static str,
    expected: &'static str,
    is_sensitive: bool,
    is_required: bool,
    question: Option<String>,
    /// `column`, `columns`, `value`, `template` or `partner`.
    feed: &'static str,
    /// The columns of a rule that takes the first that is filled.
    columns: Vec<ChoiceView>,
    /// Columns that could follow them.
    others: Vec<ChoiceView>,
    /// The constant or the template.
    text: String,
    default: String,
    split: String,
    is_list: bool,
    transforms: String,
    words: Option<WordsView>,
    lookup: Option<LookupView>,
    dates: Option<DatesView>,
    /// The region of numbers without a country code, for phone numbers.
    phone_region: Option<String>,
    rows: Vec<RowView>,
}

/// A column to choose.
#[derive(Debug, Serialize)]
struct ChoiceView {
    index: usize,
    name: String,
}

/// The words of a column and what they become.
#[derive(Debug, Serialize)]
struct WordsView {
    rows: Vec<WordView>,
    /// Words that can be chosen; empty where any text fits.
    options: Vec<OptionView>,
    /// Words that the field does not take.
    wrong: usize,
    is_open: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct OptionView {
    value: String,
    words: String,
}

#[derive(Debug, Serialize)]
struct WordView {
    index: usize,
    word: String,
    count: String,
    becomes: String,
    is_wrong: bool,
}

/// How dates are read.
#[derive(Debug, Serialize)]
struct DatesView {
    /// The proof, or what is missing of one.
    found: String,
    /// `dmy`, `mdy`, `ymd` or empty.
    order: &'static str,
    formats: String,
}

/// A row before and after.
#[derive(Debug, Serialize)]
struct RowView {
    row: String,
    number: u64,
    before: String,
    after: Option<String>,
    is_same: bool,
    problem: Option<String>,
    is_error: bool,
}

pub(super) fn rule_view(
    bench: &Bench,
    model: &Model,
    at: usize,
    column: Option<usize>,
) -> RuleView {
    let field_rule = &model.mapping.rules[at];
    let (rule, field) = (&field_rule.rule, field_rule.field);
    let path = model.path(at);
    let choice = |index: &usize| ChoiceView {
        index: *index,
        name: column_name(bench, *index),
    };
    let taken = &model.columns[at];
    let (feed, text) = match &rule.feed {
        Feed::Column(_) => ("column", String::new()),
        Feed::Columns(_) => ("columns", String::new()),
        Feed::Value(constant) => ("value", constant.to_text()),
        Feed::Template(template) => ("template", template.text.clone()),
        Feed::Partner(_) => ("partner", String::new()),
    };
    let width = bench.explored.header.len();
    RuleView {
        name: field_name(&path),
        about: field.about,
        expected: field.kind.expected(),
        is_sensitive: field.sensitive,
        is_required: field.required || rule.required,
        question: rule.question.clone(),
        feed,
        columns: taken.iter().map(choice).collect(),
        others: (0..width)
            .filter(|c| !taken.contains(c))
            .map(|c| choice(&c))
            .collect(),
        text,
        default: rule
            .default
            .as_ref()
            .map_or_else(String::new, Constant::to_text),
        split: rule.split.clone().unwrap_or_default(),
        is_list: field.path.ends_with("[]"),
        transforms: transforms(rule),
        words: column.and_then(|column| words(bench, model, (rule, field), column)),
        lookup: column.and_then(|_| lookup(bench, model, at)),
        dates: (field.kind == FieldKind::Date && feed != "value")
            .then(|| dates(bench, model, rule, &path)),
        phone_region: (field.kind == FieldKind::Phone).then(|| {
            model
                .mapping
                .source
                .phone_region
                .clone()
                .unwrap_or_default()
        }),
        rows: rows(bench, &path),
        path,
    }
}

/// What the rule does to the text, by its name in the mapping.
fn transforms(rule: &Rule) -> String {
    use crate::mapping::Transform;
    let name = |t: &Transform| {
        Transform::ALL
            .iter()
            .find(|(_, known)| known == t)
            .map(|(n, _)| *n)
    };
    let names: Vec<&str> = rule.transforms.iter().filter_map(name).collect();
    names.join(", ")
}

/// Words of the field, to choose from.
pub(super) fn options(kind: FieldKind) -> Vec<OptionView> {
    match kind {
        FieldKind::Words(list) => list
            .iter()
            .map(|(_, word)| OptionView {
                value: (*word).to_owned(),
                words: (*word).to_owned(),
            })
            .collect(),
        FieldKind::Boolean => [("true", "yes"), ("false", "no")]
            .into_iter()
            .map(|(value, words)| OptionView {
                value: value.to_owned(),
                words: words.to_owned(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The words of a column that has few, with what they become. Of a column that may not be shown there is no table.
fn words(
    bench: &Bench,
    model: &Model,
    (rule, field): (&Rule, &Field),
    column: usize,
) -> Option<WordsView> {
    let explored = &bench.explored;
    let facts = explored.facts.columns.get(column)?;
    let fits = matches!(rule.feed, Feed::Column(_))
        && !matches!(
            field.kind,
            FieldKind::Date
                | FieldKind::Phone
                | FieldKind::Email
                | FieldKind::Routing
                | FieldKind::Uuid
        );
    if !fits || facts.words.is_empty() || !is_open(explored, Some(model), bench.values, column) {
        return None;
    }
    let of_words = matches!(
        field.kind,
        FieldKind::Words(_)
            | FieldKind::Boolean
            | FieldKind::Country
            | FieldKind::State
            | FieldKind::Currency
            | FieldKind::TimeZone
    );
    let name = column_name(bench, column);
    let wrong = wrong_values(bench, &name);
    let folded = |text: &str| text.trim().to_lowercase();
    let mut rows: Vec<WordView> = facts
        .words
        .iter()
        .enumerate()
        .map(|(index, (word, count))| {
            let exact = rule.map.iter().find(|(from, _)| from == word);
            let entry = exact.or_else(|| {
                rule.map
                    .iter()
                    .find(|(from, _)| folded(from) == folded(word))
            });
            WordView {
                index,
                is_wrong: wrong.contains(word),
                becomes: entry.map_or_else(String::new, |(_, to)| to.to_text()),
                count: thousands(*count),
                word: shown_value(explored, Some(model), bench.values, column, word),
            }
        })
        .collect();
    rows.sort_by_key(|row| !row.is_wrong);
    let wrong = rows.iter().filter(|row| row.is_wrong).count();
    Some(WordsView {
        options: options(field.kind),
        is_open: of_words || wrong > 0 || !rule.map.is_empty(),
        wrong,
        rows,
    })
}

/// Values of a column that are errors.
pub(in crate::workbench) fn wrong_values(bench: &Bench, column: &str) -> Vec<String> {
    let Some(review) = bench.review() else {
        return Vec::new();
    };
    let groups = problems_view(&review.report, &review.findings).groups;
    let of_it = groups
        .into_iter()
        .filter(|g| g.column == column && g.level == "error");
    of_it
        .flat_map(|g| g.lines)
        .filter_map(|line| line.value)
        .collect()
}

fn dates(bench: &Bench, model: &Model, rule: &Rule, path: &str) -> DatesView {
    let of_field = format!("({path})");
    let detected = bench.review().map_or(&[][..], |r| &r.report.detected);
    let decisions = detected.iter().flat_map(|d| &d.decisions);
    let found: Vec<&str> = decisions
        .filter(|d| d.subject.ends_with(&of_field))
        .map(|d| d.found.as_str())
        .collect();
    let set = model.mapping.source.date_order;
    let orders = ["dmy", "mdy", "ymd"];
    DatesView {
        found: found.join("; "),
        order: orders
            .into_iter()
            .find(|word| set.is_some() && Order::from_word(word) == set)
            .unwrap_or(""),
        formats: rule
            .formats
            .iter()
            .map(|f| f.text.as_str())
            .collect::<Vec<_>>()
            .join(" | "),
    }
}

fn rows(bench: &Bench, path: &str) -> Vec<RowView> {
    let Some(review) = bench.review() else {
        return Vec::new();
    };
    let preview = review.previews.iter().find(|p| *p.field == *path);
    let rows = preview.map_or(&[][..], |p| &p.rows);
    rows.iter()
        .map(|row| RowView {
            row: thousands(row.row),
            number: row.row,
            is_same: row.after.as_deref() == Some(row.before.as_str()),
            before: row.before.clone(),
            after: row.after.clone(),
            problem: row.problem.as_ref().map(|(_, words)| words.clone()),
            is_error: matches!(row.problem, Some((Severity::Error, _))),
        })
        .collect()
}
