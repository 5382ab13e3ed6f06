//! The problems of a page, by kind: how many, how to repair them, which values, on which rows.

use serde::Serialize;

use super::findings::{Findings, NamedRow, ValueLine};
use super::spoken::{file_name, without_folders};
use crate::diagnostic::{Code, Severity, counted, thousands};
use crate::partner::field_name;
use crate::report::contents::SourceValues;
use crate::report::model::{Kind, ProblemGroup, RunReport};

/// Kinds of problems that a page shows.
const MOST_GROUPS: usize = 200;
/// Kinds that are open.
const OPEN: usize = 3;
/// Values that a page shows: of all kinds together about so many, of one kind at least and at most.
const MOST_VALUES: usize = 2_000;
const LEAST_OF_A_GROUP: usize = 5;
const MOST_OF_A_GROUP: usize = 200;

/// The problems of a page.
#[derive(Debug, Serialize)]
pub struct ProblemsView {
    /// Problems that keep a row from being sent.
    pub errors: u64,
    /// Problems that do not.
    pub warnings: u64,
    /// `3 errors and 2 warnings`.
    pub words: String,
    /// Kinds, the most frequent first, errors before warnings.
    pub groups: Vec<GroupView>,
    /// Kinds that are not shown: `and 12 more kinds`.
    pub more: Option<String>,
    /// Names of the columns, for the filter.
    pub columns: Vec<ChoiceView>,
    /// Kinds, for the filter.
    pub kinds: Vec<ChoiceView>,
    /// Whether more than one file was read: then rows are named with their file.
    pub comparison: bool,
}

/// A choice of a filter with the problems that it has.
#[derive(Debug, Serialize)]
pub struct ChoiceView {
    /// What stands in a filter, or the value as it is shown; none where the problem is about no value.
    pub value: String,
    /// For people.
    pub words: String,
    /// How many problems.
    pub count: u64,
}

/// Problems of one kind in one column.
#[derive(Debug, Serialize)]
pub struct GroupView {
    /// The code of the diagnostic.
    pub code: &'static str,
    /// `error` or `warning`.
    pub level: &'static str,
    /// Whether a page shows it open.
    pub open: bool,
    /// The column, or empty.
    pub column: String,
    /// The field's path and its plain name, where the problem is about one.
    pub field: String,
    /// The same in plain words.
    pub field_name: String,
    /// How many problems.
    pub count: u64,
    /// The same with separators.
    pub count_words: String,
    /// What is wrong.
    pub meaning: &'static str,
    /// What all its lines say beyond that.
    pub detail: String,
    /// How to repair it.
    pub repair: String,
    /// Whether a line has a value, words of its own, a row.
    pub has_values: bool,
    /// Whether a line has words of its own.
    pub has_messages: bool,
    /// The different values.
    pub lines: Vec<LineView>,
    /// What is not shown of it: how many problems, and in words.
    pub rest: u64,
    /// The same in words.
    pub rest_words: String,
}

/// One value.
#[derive(Debug, Serialize)]
pub struct LineView {
    /// What stands in a filter, or the value as it is shown; none where the problem is about no value.
    pub value: Option<String>,
    /// What is wrong with it; empty where the kind says it already.
    pub message: String,
    /// How to repair this one.
    pub hint: String,
    /// How many problems.
    pub count: u64,
    /// The same with separators.
    pub count_words: String,
    /// The first of its rows.
    pub rows: Vec<RowView>,
    /// Rows that are not named: `and 9,995 more rows`.
    pub more: Option<String>,
}

/// A row beside a value.
#[derive(Debug, Serialize)]
pub struct RowView {
    /// `row 3`, `cell F17`, `east.csv, row 3`.
    pub place: String,
    /// The row's key.
    pub key: Option<String>,
    /// The partner's name.
    pub name: Option<String>,
    /// The row as a spreadsheet counts, and its sheet: for a page that asks for it again.
    pub row: Option<u64>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

/// The problems that a page shows.
#[must_use]
pub fn problems(report: &RunReport, findings: &Findings) -> ProblemsView {
    let groups = &report.groups;
    let several_files = report.files.len() > 1;
    let shown = groups.len().min(MOST_GROUPS);
    let each = (MOST_VALUES / shown.max(1)).clamp(LEAST_OF_A_GROUP, MOST_OF_A_GROUP);
    let views: Vec<GroupView> = groups
        .iter()
        .take(MOST_GROUPS)
        .enumerate()
        .map(|(at, group)| GroupView {
            open: at < OPEN,
            ..view(group, findings, each, several_files, report.values)
        })
        .collect();
    ProblemsView {
        errors: report.errors,
        warnings: report.warnings,
        words: counts(report.errors, report.warnings),
        more: (groups.len() > shown).then(|| {
            let rest = groups.len() - shown;
            format!(
                "And {}: problems.csv lists them.",
                counted(rest as u64, "more kind")
            )
        }),
        columns: choices(&views, |g| (g.column.clone(), g.column.clone())),
        kinds: choices(&views, |g| (g.code.to_owned(), g.meaning.to_owned())),
        groups: views,
        comparison: report.kind == Kind::Verify && !finds_no_difference(report),
    }
}

/// `3 errors and 2 warnings`, without what there is none of.
pub(super) fn counts(errors: u64, warnings: u64) -> String {
    match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (errors, 0) => counted(errors, "error"),
        (0, warnings) => counted(warnings, "warning"),
        (errors, warnings) => format!(
            "{} and {}",
            counted(errors, "error"),
            counted(warnings, "warning")
        ),
    }
}

fn choices(groups: &[GroupView], of: impl Fn(&GroupView) -> (String, String)) -> Vec<ChoiceView> {
    let mut choices: Vec<ChoiceView> = Vec::new();
    for group in groups {
        let (value, words) = of(group);
        if value.is_empty() {
            continue;
        }
        match choices.iter_mut().find(|c| c.value == value) {
            Some(choice) => choice.count += group.count,
            None => choices.push(ChoiceView {
                value,
                words,
                count: group.count,
            }),
        }
    }
    choices.sort_by(|a, b| a.words.cmp(&b.words));
    choices
}

fn view(
    group: &ProblemGroup,
    findings: &Findings,
    most: usize,
    several_files: bool,
    values: SourceValues,
) -> GroupView {
    let found = findings.groups.get(&(group.code, group.column.clone()));
    let mut lines: Vec<&ValueLine> = found.map_or_else(Vec::new, |f| f.lines.iter().collect());
    // Stable: of values that stand equally often the first one comes first.
    lines.sort_by_key(|line| std::cmp::Reverse(line.count));
    let repair = repair(group, &lines);
    let field = lines.iter().find_map(|l| l.field.clone());
    let mut shown: Vec<LineView> = lines
        .iter()
        .take(most)
        .map(|line| line_view(group.code, line, &repair, several_files, values))
        .collect();
    let detail = shared_message(&mut shown);
    let rest = group.count - shown.iter().map(|l| l.count).sum::<u64>().min(group.count);
    GroupView {
        code: group.code.as_str(),
        level: match group.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        open: false,
        column: group.column.as_deref().unwrap_or("").to_owned(),
        field_name: field.as_deref().map_or_else(String::new, field_name),
        field: field.as_deref().unwrap_or("").to_owned(),
        count: group.count,
        count_words: thousands(group.count),
        meaning: group.code.meaning(),
        detail,
        has_values: shown.iter().any(|l| l.value.is_some()),
        has_messages: shown
            .iter()
            .any(|l| !l.message.is_empty() || !l.hint.is_empty()),
        repair,
        lines: shown,
        rest,
        rest_words: if rest > 0 {
            rest_words(rest, values)
        } else {
            String::new()
        },
    }
}

/// A message that all lines have is said once.
fn shared_message(lines: &mut [LineView]) -> String {
    let Some(first) = lines.first().map(|l| l.message.clone()) else {
        return String::new();
    };
    let is_shared = lines.len() > 1 && lines.iter().all(|l| l.message == first);
    if !is_shared {
        return String::new();
    }
    for line in lines {
        line.message.clear();
    }
    first
}

fn rest_words(rest: u64, values: SourceValues) -> String {
    let others = match (rest, values) {
        (1, SourceValues::Shown) => "And 1 with another value".to_owned(),
        (_, SourceValues::Shown) => format!("And {} with other values", thousands(rest)),
        (_, SourceValues::LeftOut) => format!("And {} more", thousands(rest)),
    };
    format!("{others}: problems.csv lists them all.")
}

/// What to do about the problems of a group: in the words of all its values, where these agree; nothing where each value has
/// words of its own.
fn repair(group: &ProblemGroup, lines: &[&ValueLine]) -> String {
    let mut hints = lines.iter().map(|l| l.hint.as_deref());
    let first = hints.next().flatten();
    let hint = match first {
        Some(hint) if hints.all(|h| h == Some(hint)) => hint,
        Some(_) if lines.iter().all(|l| l.hint.is_some()) => "",
        None if lines.is_empty() => group.hint.as_deref().unwrap_or(group.code.repair()),
        _ => group.code.repair(),
    };
    hint.to_owned()
}

fn line_view(
    code: Code,
    line: &ValueLine,
    repair: &str,
    several_files: bool,
    values: SourceValues,
) -> LineView {
    let is_own = |words: &str| words != code.meaning();
    let hint = line.hint.as_deref().filter(|h| *h != repair);
    // Of a difference both sides stand in the message.
    let value = line
        .value
        .clone()
        .filter(|_| code != Code::PartnerDiffers || values == SourceValues::LeftOut);
    let named = line.rows.len() as u64;
    let more = line.count.saturating_sub(named);
    LineView {
        value,
        message: if is_own(&line.message) {
            in_plain_names(line)
        } else {
            String::new()
        },
        hint: hint.unwrap_or("").to_owned(),
        count: line.count,
        count_words: thousands(line.count),
        rows: line
            .rows
            .iter()
            .map(|r| row_view(r, several_files))
            .collect(),
        more: (more > 0 && named > 0).then(|| format!("and {}", counted(more, "more row"))),
    }
}

/// A message without folders, and with the field's name in place of its path.
fn in_plain_names(line: &ValueLine) -> String {
    let message = without_folders(&line.message);
    match line.field.as_deref().filter(|f| f.contains('.')) {
        Some(field) => message.replace(field, &field_name(field)),
        None => message,
    }
}

/// A row as a page names it.
pub(super) fn row_view(row: &NamedRow, several_files: bool) -> RowView {
    let mut parts = Vec::new();
    if several_files && let Some(file) = &row.file {
        parts.push(file_name(file).to_owned());
    }
    if several_files && let Some(sheet) = &row.sheet {
        parts.push(format!("sheet {sheet}"));
    }
    match (&row.cell, row.row) {
        (Some(cell), _) => parts.push(format!("cell {cell}")),
        (None, Some(row)) => parts.push(format!("row {row}")),
        (None, None) => {}
    }
    RowView {
        place: parts.join(", "),
        key: row.name.key.as_deref().map(str::to_owned),
        name: row.name.name.as_deref().map(str::to_owned),
        row: row.row,
        sheet: row.sheet.as_deref().map(str::to_owned),
    }
}

/// Whether a comparison found rows that it could not compare, and otherwise nothing: what is below are no differences.
fn finds_no_difference(report: &RunReport) -> bool {
    let found = report.verified.filter(|v| v.uncompared > 0);
    found.is_some_and(|v| v.differ + v.gone == 0)
}
