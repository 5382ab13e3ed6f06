//! The workbench as its page shows it: all in words, so that the templates only place them. Pure.

mod chosen;
mod columns;
mod foot;
mod lookup;
mod picker;
mod rule;
mod shared;
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use super::bench::{Bench, Notice, Practice};
use super::model::Model;
use chosen::ChosenView;
use columns::{ColumnView, FixedView, Shown};
use foot::FootView;
pub(super) use foot::questions;
pub(super) use rule::wrong_values;
pub(super) use shared::{Selection, file_name};

use crate::diagnostic::{counted, thousands};
use crate::mapping::Feed;
use crate::partner::RowOutcome;
use crate::report::{ProblemsView, SourceValues, problems_view};

/// A whole page.
#[derive(Debug, Serialize)]
pub(super) struct PageView {
    /// The file's name without its folder.
    file: String,
    /// `100,000 rows, 60 columns`, `windows-1252`, `semicolon`.
    facts: Vec<String>,
    status: StatusView,
    notice: Option<NoticeView>,
    shown: Vec<Shown>,
    columns: Vec<ColumnView>,
    fixed: Vec<FixedView>,
    fixed_picker: picker::PickerView,
    chosen: Option<ChosenView>,
    problems: Option<ProblemsView>,
    /// The mapping's own tests.
    tests: Option<tests::TestsView>,
    /// Whether a test can be made of a row.
    can_test: bool,
    /// The address of each column that has problems.
    column_queries: BTreeMap<String, String>,
    /// Codes of problems that are none where the value means an empty cell.
    repairable: &'static [&'static str],
    /// Codes of words that can be given a meaning, and by field what they can mean; nothing where that is any text.
    translatable: &'static [&'static str],
    meanings: BTreeMap<String, Vec<rule::OptionView>>,
    /// What cannot be checked, a line each.
    failure: Vec<String>,
    questions: Vec<foot::QuestionView>,
    foot: FootView,
    practice: PracticeView,
    /// The selection, for the forms.
    column: String,
    field: String,
    show: String,
    version: u64,
}

/// How far the check is.
#[derive(Debug, Serialize)]
struct StatusView {
    /// `checking`, `good`, `look` or `bad`.
    mood: &'static str,
    words: String,
    is_checking: bool,
    done: u64,
    total: u64,
}

#[derive(Debug, Serialize)]
struct NoticeView {
    is_refused: bool,
    words: String,
}

#[derive(Debug, Serialize)]
struct PracticeView {
    /// `none`, `running` or `over`.
    state: &'static str,
    is_wrong: bool,
    lines: Vec<String>,
}

/// The page; `done` rows of the check under way are read.
pub(super) fn page(bench: &Bench, selection: &Selection, done: u64) -> PageView {
    let explored = &bench.explored;
    let model = bench.model().ok();
    let selection = &chosen::or_first(bench, model, selection);
    let columns = columns::columns(bench, model, selection);
    let review = bench.review();
    let problems = review.map(|r| problems_view(&r.report, &r.findings));
    PageView {
        file: file_name(&explored.name).to_owned(),
        facts: facts(bench),
        status: status(bench, done),
        notice: bench.notice.as_ref().map(|notice| match notice {
            Notice::Done(words) => NoticeView {
                is_refused: false,
                words: words.clone(),
            },
            Notice::Refused(words) => NoticeView {
                is_refused: true,
                words: words.clone(),
            },
        }),
        shown: columns::shown(&columns, selection),
        columns: columns::filtered(columns, selection),
        fixed: columns::fixed(model, selection),
        fixed_picker: picker::fixed(model),
        chosen: chosen::chosen(bench, model, selection),
        meanings: meanings(problems.as_ref(), model),
        problems,
        tests: tests::tests(bench, model, selection),
        can_test: model.is_some() && bench.values == SourceValues::Shown,
        column_queries: column_queries(bench, selection),
        repairable: REPAIRABLE,
        translatable: TRANSLATABLE,
        failure: bench
            .failure()
            .map_or_else(Vec::new, |words| words.lines().map(str::to_owned).collect()),
        questions: foot::open_questions(bench, model),
        foot: foot::foot(bench, model),
        practice: practice(bench),
        column: selection.column.map_or_else(String::new, |c| c.to_string()),
        field: selection.field.clone().unwrap_or_default(),
        show: selection.show.clone(),
        version: bench.version(),
    }
}

/// Codes of values that the field does not take.
const REPAIRABLE: &[&str] = &[
    "boolean.invalid",
    "cell.error",
    "cell.null_word",
    "country.unknown",
    "currency.unknown",
    "date.invalid",
    "email.invalid",
    "map.missed",
    "number.invalid",
    "phone.invalid",
    "timezone.unknown",
    "uuid.invalid",
    "word.unknown",
];

/// Codes of words that a rule's map can translate.
const TRANSLATABLE: &[&str] = &[
    "boolean.invalid",
    "country.unknown",
    "currency.unknown",
    "lookup.missed",
    "map.missed",
    "state.unknown",
    "timezone.unknown",
    "word.unknown",
];

/// What words of each field with problems can mean, as far as cells fill it.
fn meanings(
    problems: Option<&ProblemsView>,
    model: Option<&Model>,
) -> BTreeMap<String, Vec<rule::OptionView>> {
    let (Some(problems), Some(model)) = (problems, model) else {
        return BTreeMap::new();
    };
    let groups = problems.groups.iter();
    let groups = groups.filter(|g| TRANSLATABLE.contains(&g.code));
    let found = groups.filter_map(|group| {
        let rule = &model.mapping.rules[model.rule_of(&group.field)?];
        let is_of_cells = matches!(rule.rule.feed, Feed::Column(_) | Feed::Columns(_));
        is_of_cells.then(|| (group.field.clone(), rule::options(rule.field.kind)))
    });
    found.collect()
}

fn column_queries(bench: &Bench, at: &Selection) -> BTreeMap<String, String> {
    let groups = bench.review().map_or(&[][..], |r| &r.report.groups);
    let names = groups.iter().filter_map(|g| g.column.as_deref());
    let found = names.filter_map(|name| {
        let to = Selection {
            column: Some(bench.explored.header.find(name)?),
            field: None,
            show: at.show.clone(),
        };
        Some((name.to_owned(), to.query()))
    });
    found.collect()
}

fn facts(bench: &Bench) -> Vec<String> {
    let explored = &bench.explored;
    let columns = explored.header.len() as u64;
    let mut facts = vec![
        counted(explored.facts.rows, "row"),
        counted(columns, "column"),
    ];
    facts.extend(explored.detected.iter().filter_map(|(subject, found, _)| {
        let end = found.find([';', ':', '(']).unwrap_or(found.len());
        let found = found[..end].trim();
        match *subject {
            "encoding" | "delimiter" => Some(found.to_owned()),
            "sheet" => Some(format!("sheet {found}")),
            _ => None,
        }
    }));
    facts
}

fn status(bench: &Bench, done: u64) -> StatusView {
    let total = bench.explored.facts.rows;
    let done = done.min(total);
    let checking = |words: String| StatusView {
        mood: "checking",
        words,
        is_checking: true,
        done,
        total,
    };
    if !bench.is_checked() {
        return checking(match done {
            0 => format!("Checking {}", counted(total, "row")),
            _ => format!("Checked {} of {}", thousands(done), counted(total, "row")),
        });
    }
    let over = |mood, words| StatusView {
        mood,
        words,
        is_checking: false,
        done: total,
        total,
    };
    if bench.failure().is_some() {
        return over(
            "bad",
            "The file cannot be checked with this mapping".to_owned(),
        );
    }
    let Some(review) = bench.review() else {
        return over("look", "Not checked".to_owned());
    };
    let report = &review.report;
    let (rows, invalid) = (report.rows(), report.count(RowOutcome::Invalid));
    let good = rows - invalid.min(rows);
    if rows == 0 {
        return over("look", "The file has no rows".to_owned());
    }
    if invalid == 0 {
        let words = match (rows, report.warnings) {
            (1, 0) => "1 row can be sent".to_owned(),
            (_, 0) => format!("All {} rows can be sent", thousands(rows)),
            (_, warnings) => format!(
                "All {} can be sent, {}",
                counted(rows, "row"),
                counted(warnings, "warning")
            ),
        };
        return over(if report.warnings == 0 { "good" } else { "look" }, words);
    }
    over(
        "bad",
        format!(
            "{} of {} can be sent, {} cannot",
            thousands(good),
            counted(rows, "row"),
            thousands(invalid)
        ),
    )
}

fn practice(bench: &Bench) -> PracticeView {
    let (state, is_wrong, lines) = match &bench.practice {
        Practice::None => ("none", false, Vec::new()),
        Practice::Running => ("running", false, Vec::new()),
        Practice::Over(Ok(lines)) => ("over", false, lines.clone()),
        Practice::Over(Err(words)) => ("over", true, vec![words.clone()]),
    };
    PracticeView {
        state,
        is_wrong,
        lines,
    }
}
