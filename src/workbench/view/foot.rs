//! The mapping as it will be saved, with the lines that changed marked.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::shared::file_name;
use crate::diagnostic::counted;
use crate::mapping::edit::{self, Place};
use crate::partner::{display_path, field_name};
use crate::workbench::bench::Bench;
use crate::workbench::model::Model;

/// The foot.
#[derive(Debug, Serialize)]
pub(super) struct FootView {
    path: String,
    name: String,
    is_saved: bool,
    is_new: bool,
    can_undo: bool,
    /// `3 lines changed`, `not saved yet`, `saved`.
    words: String,
    /// `2 questions are left`, or nothing.
    questions: String,
    lines: Vec<LineView>,
    text: String,
    /// The command that a person runs next.
    command: String,
}

/// A line of the mapping.
#[derive(Debug, Serialize)]
struct LineView {
    /// `same`, `new` or `gone`.
    mark: &'static str,
    text: String,
}

pub(super) fn foot(bench: &Bench, model: Option<&Model>) -> FootView {
    let before = bench.saved.as_deref().unwrap_or(&bench.explored.text);
    let (lines, changed) = lines(before, bench.text());
    let questions = model.map_or(0, questions);
    let is_saved = bench.is_saved();
    FootView {
        name: file_name(&bench.path).to_owned(),
        is_new: bench.saved.is_none(),
        can_undo: bench.can_undo(),
        words: match (is_saved, changed) {
            (true, _) => "saved".to_owned(),
            (false, 0) => "not saved yet".to_owned(),
            (false, changed) => format!("{}, not saved yet", counted(changed, "changed line")),
        },
        questions: match questions {
            0 => String::new(),
            1 => "1 question is left".to_owned(),
            n => format!("{n} questions are left"),
        },
        lines,
        text: bench.text().to_owned(),
        command: format!(
            "partner-sync check {} -m {}",
            quoted(&bench.explored.name),
            quoted(&bench.path)
        ),
        path: bench.path.clone(),
        is_saved,
    }
}

/// How many questions a mapping asks.
pub(in crate::workbench) fn questions(model: &Model) -> u64 {
    let rules = model.mapping.rules.iter();
    let asked = rules.filter(|r| r.rule.question.is_some()).count();
    (asked + model.mapping.questions.len()) as u64
}

/// A question that no rule of a column has: about a setting of the file, or about a field that nothing fills yet.
#[derive(Debug, Serialize)]
pub(super) struct QuestionView {
    /// What is confirmed: a setting's name, or a field's path.
    about: String,
    name: String,
    text: String,
    is_setting: bool,
    has_answer: bool,
}

/// The questions that the page shows beside those of its columns.
pub(super) fn open_questions(bench: &Bench, model: Option<&Model>) -> Vec<QuestionView> {
    let asked = edit::questions(bench.text()).unwrap_or_default();
    let views = asked.into_iter().filter_map(|question| {
        let (about, name, is_setting) = match &question.place {
            Place::Key => return None,
            Place::Setting(name) => (name.clone(), setting_name(name), true),
            Place::Field(path) => {
                let path = display_path(path);
                let has_rule = model.is_some_and(|m| m.rule_of(&path).is_some());
                if has_rule {
                    return None;
                }
                (path.clone(), field_name(&path), false)
            }
        };
        Some(QuestionView {
            about,
            name,
            text: match &question.place {
                // The mapping's own words are for whoever edits it as text.
                Place::Setting(name) if name == "date_order" && !question.has_answer => {
                    "In its numeric dates, which comes first: the day or the month?".to_owned()
                }
                _ => question.text,
            },
            is_setting,
            has_answer: question.has_answer,
        })
    });
    views.collect()
}

fn setting_name(name: &str) -> String {
    match name {
        "date_order" => "Order of dates".to_owned(),
        "phone_region" => "Region of phone numbers".to_owned(),
        "locale" => "Language".to_owned(),
        name => name.to_owned(),
    }
}

fn lines(before: &str, after: &str) -> (Vec<LineView>, u64) {
    let diff = TextDiff::from_lines(before, after);
    let mut changed = 0;
    let lines = diff
        .iter_all_changes()
        .map(|change| {
            let mark = match change.tag() {
                ChangeTag::Equal => "same",
                ChangeTag::Insert => "new",
                ChangeTag::Delete => "gone",
            };
            changed += u64::from(mark == "new");
            LineView {
                mark,
                text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
            }
        })
        .collect::<Vec<_>>();
    let gone = lines.iter().filter(|l| l.mark == "gone").count() as u64;
    (lines, changed.max(gone))
}

/// A file's name as a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_marked_and_counted() {
        let (lines, changed) = lines("a\nb\nc\n", "a\nB\nc\nd\n");
        let marks: Vec<_> = lines.iter().map(|l| (l.mark, l.text.as_str())).collect();
        let expected = [
            ("same", "a"),
            ("gone", "b"),
            ("new", "B"),
            ("same", "c"),
            ("new", "d"),
        ];
        assert_eq!(marks, expected);
        assert_eq!(changed, 2);
        assert_eq!(super::lines("a\nb\n", "a\n").1, 1);
        assert_eq!(super::lines("a\n", "a\n").1, 0);
    }

    #[test]
    fn names_are_quoted_for_a_shell() {
        for (text, expected) in [
            ("a/b-1.csv", "a/b-1.csv"),
            ("my file.csv", "'my file.csv'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
