//! A change made in a mapping's text.

use std::fmt::Write as _;

use toml_edit::Value;

use super::change::{Change, Level, NewTest, Place, RowsRule, SettingValue};
use super::error::EditError;
use super::nodes::Node;
use super::splice::spliced;
use super::toml_text::{TomlText, unusual};
use super::{question, rule, write};
use crate::mapping::unused_list;
use crate::partner::PathSegment;

/// Characters of a line of a `[[test]]` beyond which each column has a line of its own.
const LONGEST: usize = 110;

fn path(names: &[&str]) -> Vec<PathSegment> {
    names
        .iter()
        .map(|n| PathSegment::Name((*n).to_owned()))
        .collect()
}

/// The text with the change made. What is not part of the change keeps its bytes, comments and order included.
///
/// # Errors
/// [`EditError`]; the text stays as it was then.
pub fn apply(text: &str, change: &Change) -> Result<String, EditError> {
    let changed = unused_list::without(&changed(text, change)?, &change.columns());
    // Whatever a person may have written: what would be no TOML any more is not handed out.
    match TomlText::parse(&changed) {
        Ok(_) => Ok(changed),
        Err(_) => Err(unusual(&place(change))),
    }
}

/// What a change is about, for messages.
fn place(change: &Change) -> Vec<PathSegment> {
    match change {
        Change::Name(_) => path(&["name"]),
        Change::Key(_) => path(&["key"]),
        Change::Field { field, .. } | Change::RemoveField(field) => field.clone(),
        Change::Decide { place, .. } => match place {
            Place::Key => path(&["key"]),
            Place::Setting(name) => path(&["source", name]),
            Place::Field(field) => field.clone(),
        },
        Change::Setting { name, .. } => path(&["source", name]),
        Change::Rows { rule, .. } => path(&["source", rows(*rule)]),
        Change::NullWord { .. } => path(&["source", "null"]),
        Change::Level { .. } => path(&["validation"]),
        Change::AddTest(_) => path(&["test"]),
        Change::Expect { number, .. } | Change::RemoveTest(number) => test_path(*number),
    }
}

fn test_path(number: usize) -> Vec<PathSegment> {
    [&path(&["test"])[..], &[PathSegment::Index(number)]].concat()
}

fn rows(rule: RowsRule) -> &'static str {
    match rule {
        RowsRule::Only => "only",
        RowsRule::Except => "except",
    }
}

fn changed(text: &str, change: &Change) -> Result<String, EditError> {
    let toml = TomlText::parse(text)?;
    match change {
        Change::Name(name) => toml.set(&place(change), 0, &write::text(name)),
        Change::Key(columns) => toml.set(&place(change), 0, &write::one_or_more(columns)),
        Change::Field { field, part } => rule::set_part(text, field, part),
        Change::RemoveField(field) => toml.remove(field),
        Change::Decide { place, question } => question::decide(text, place, question.as_deref()),
        Change::Setting { name, value } => setting(&toml, name, value.as_ref()),
        Change::Rows {
            rule,
            column,
            words,
        } => rows_by_words(&toml, rows(*rule), column, words),
        Change::NullWord { word, is_null } => in_list(&toml, &place(change), word, *is_null),
        Change::Level { code, level } => {
            let text = in_list(
                &toml,
                &path(&["validation", "allow"]),
                code,
                *level == Some(Level::Allow),
            )?;
            in_list(
                &TomlText::parse(&text)?,
                &path(&["validation", "deny"]),
                code,
                *level == Some(Level::Deny),
            )
        }
        Change::AddTest(new) => Ok(spliced(text, toml.append("test", &test_lines(new)))),
        Change::RemoveTest(number) => toml.remove(&test_path(*number)),
        Change::Expect {
            number,
            sends,
            problems,
        } => {
            let block = test_path(*number);
            if toml.node(&block).is_none() {
                return Err(unusual(&block));
            }
            let sends = sends.as_ref().map(write::json);
            let has_problems = !problems.is_empty() || sends.is_none();
            let problems = has_problems.then(|| write::texts(problems));
            let text = expected(text, &block, "sends", sends.as_deref())?;
            expected(&text, &block, "problems", problems.as_deref())
        }
    }
}

fn setting(
    toml: &TomlText<'_>,
    name: &str,
    value: Option<&SettingValue>,
) -> Result<String, EditError> {
    let path = path(&["source", name]);
    match value {
        Some(value) => toml.set(&path, 1, &write::setting(value)),
        None => toml.remove(&path),
    }
}

fn rows_by_words(
    toml: &TomlText<'_>,
    rule: &str,
    column: &str,
    words: &[String],
) -> Result<String, EditError> {
    let table = path(&["source", rule]);
    let entry = [&table[..], &path(&[column])].concat();
    if words.is_empty() {
        return toml.remove(&entry);
    }
    let words = write::one_or_more(words);
    let new = format!("{} = {words}", write::key(column));
    match toml.node(&table) {
        None => toml.set(&table, 1, &format!("{{ {new} }}")),
        Some(_) => toml.set(&entry, 1, &words),
    }
}

/// A word put into a list, or taken out of it.
fn in_list(
    toml: &TomlText<'_>,
    path: &[PathSegment],
    word: &str,
    is_in: bool,
) -> Result<String, EditError> {
    // A question may stand beside the list.
    let beside = [path, &self::path(&["value"])].concat();
    let path = if toml.node(&beside).is_some() {
        &beside
    } else {
        path
    };
    let written = write::text(word);
    let at = |list: &toml_edit::Array| list.iter().position(|v| v.as_str() == Some(word));
    match (toml.node(path), is_in) {
        (None, true) => toml.set(path, 1, &format!("[{written}]")),
        (None, false) => Ok(toml.text().to_owned()),
        (Some(Node::Value(Value::String(one))), true) if one.value() == word => {
            Ok(toml.text().to_owned())
        }
        (Some(Node::Value(one @ Value::String(_))), true) => {
            let raw = toml.raw(one).ok_or_else(|| unusual(path))?;
            toml.set(path, 1, &format!("[{raw}, {written}]"))
        }
        (Some(Node::Value(Value::String(one))), false) => {
            if one.value() == word {
                toml.remove(path)
            } else {
                Ok(toml.text().to_owned())
            }
        }
        (Some(Node::Value(Value::Array(list))), is_in) => match (at(list), is_in) {
            (None, true) => toml.set(
                &[path, &[PathSegment::Index(list.len())]].concat(),
                1,
                &written,
            ),
            (Some(at), false) => toml.remove(&[path, &[PathSegment::Index(at)]].concat()),
            _ => Ok(toml.text().to_owned()),
        },
        _ => Err(unusual(path)),
    }
}

/// What a test expects under a name: in its line where that is one value, else in a line anew.
fn expected(
    text: &str,
    block: &[PathSegment],
    name: &str,
    value: Option<&str>,
) -> Result<String, EditError> {
    let toml = TomlText::parse(text)?;
    let place = [block, &path(&[name])].concat();
    let is_one = matches!(toml.node(&place), Some(node @ Node::Value(_)) if !node.is_dotted());
    match value {
        Some(value) if is_one => toml.set(&place, block.len(), value),
        Some(value) => {
            let without = toml.remove(&place)?;
            TomlText::parse(&without)?.set(&place, block.len(), value)
        }
        None => toml.remove(&place),
    }
}

/// A `[[test]]` as text.
fn test_lines(test: &NewTest) -> String {
    let mut out = "[[test]]\n".to_owned();
    if let Some(name) = &test.name {
        let _ = writeln!(out, "name = {}", write::text(name));
    }
    let cells: Vec<String> = (test.row.iter())
        .map(|(column, cell)| format!("{} = {}", write::text(column), write::text(cell)))
        .collect();
    let row = format!("row = {{ {} }}", cells.join(", "));
    if row.chars().count() <= LONGEST {
        let _ = writeln!(out, "{row}");
    } else {
        for cell in &cells {
            let _ = writeln!(out, "row.{cell}");
        }
    }
    if let Some(sends) = &test.sends {
        let line = format!("sends = {}", write::json(sends));
        match sends.as_object() {
            Some(fields) if line.chars().count() > LONGEST => {
                for (field, value) in fields {
                    let _ = writeln!(out, "sends.{} = {}", write::key(field), write::json(value));
                }
            }
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    if !test.problems.is_empty() || test.sends.is_none() {
        let _ = writeln!(out, "problems = {}", write::texts(&test.problems));
    }
    out
}
