//! The rule of a field: a column's name alone, or a table of parts.

use toml_edit::Value;

use super::change::RulePart;
use super::error::EditError;
use super::nodes::Node;
use super::toml_text::{TomlText, unusual};
use super::write;
use crate::mapping::rule::Constant;
use crate::partner::{FieldKind, PathSegment, catalogue, display_path};

/// The parts that say where a value comes from.
const SOURCES: &[&str] = &["column", "columns", "value", "template", "partner"];
/// What a constant has no use for.
const OF_CELLS: &[&str] = &[
    "split",
    "map",
    "lookup",
    "default",
    "formats",
    "transform",
    "required",
];

/// A part as it is written: its name, and its value, or none to take it out.
type Written = (&'static str, Option<String>);

fn name(name: &str) -> PathSegment {
    PathSegment::Name(name.to_owned())
}

fn below(path: &[PathSegment], part: &str) -> Vec<PathSegment> {
    [path, &[name(part)]].concat()
}

/// How many steps of a field's path are the table that its line stands in.
pub(super) fn header_of(field: &[PathSegment]) -> usize {
    // Below a free-form object keys are written with dots.
    let is_free = |end: &usize| {
        let (_, f) = match catalogue::find(&catalogue_path(&field[..*end])) {
            Some(found) => found,
            None => return false,
        };
        f.kind == FieldKind::FreeForm
    };
    let end = (1..=field.len()).find(is_free).unwrap_or(field.len());
    end.saturating_sub(1)
}

/// A path with `[]` for each element's number, as the catalogue has it.
fn catalogue_path(path: &[PathSegment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            PathSegment::Name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            PathSegment::Index(_) => text.push_str("[]"),
        }
    }
    text
}

fn written(part: &RulePart) -> Written {
    let unless_empty =
        |all: &[String], text: fn(&[String]) -> String| (!all.is_empty()).then(|| text(all));
    match part {
        RulePart::Column(column) => ("column", Some(write::text(column))),
        RulePart::Columns(columns) => ("columns", Some(write::texts(columns))),
        RulePart::Value(constant) => ("value", Some(write::constant(constant))),
        RulePart::Template(template) => ("template", Some(write::text(template))),
        RulePart::Partner(column) => ("partner", Some(write::text(column))),
        RulePart::Default(constant) => ("default", constant.as_ref().map(write::constant)),
        RulePart::Split(separator) => ("split", separator.as_deref().map(write::text)),
        RulePart::Formats(formats) => ("formats", unless_empty(formats, write::texts)),
        RulePart::Transform(all) => ("transform", unless_empty(all, write::one_or_more)),
        RulePart::Word { word, becomes } => ("map", becomes.as_ref().map(|b| entry(word, b))),
        RulePart::Lookup(lookup) => ("lookup", lookup.as_ref().map(write::lookup)),
        RulePart::Required(required) => ("required", required.then(|| "true".to_owned())),
    }
}

/// A table of one word.
fn entry(word: &str, becomes: &Constant) -> String {
    format!("{{ {} = {} }}", write::text(word), write::constant(becomes))
}

/// Sets one part of a field's rule, or takes it out.
pub(super) fn set_part(
    text: &str,
    field: &[PathSegment],
    part: &RulePart,
) -> Result<String, EditError> {
    let (key, value) = written(part);
    let is_source = SOURCES.contains(&key);
    let toml = TomlText::parse(text)?;
    let Some(node) = toml.node(field) else {
        return match (value, is_source) {
            (Some(value), true) if key == "column" => toml.set(field, header_of(field), &value),
            (Some(value), true) => {
                toml.set(field, header_of(field), &format!("{{ {key} = {value} }}"))
            }
            (Some(_), false) => Err(EditError::NoRule(display_path(field))),
            (None, _) => Ok(text.to_owned()),
        };
    };
    if is_rule_table(node) {
        return in_table(&toml, field, key, value, part);
    }
    let Node::Value(old) = node else {
        return Err(unusual(field));
    };
    let source = alone(&toml, field, old)?;
    let new = match value {
        None => return Ok(text.to_owned()),
        Some(value) if key == "column" => value,
        Some(value) if is_source => format!("{{ {key} = {value} }}"),
        Some(value) => format!("{{ {source}, {key} = {value} }}"),
    };
    toml.set(field, header_of(field), &new)
}

fn is_rule_table(node: Node<'_>) -> bool {
    node.inline().is_some() || matches!(node, Node::Table(_))
}

/// A rule that is no table, as the part that it stands for: `"Town"` is `column = "Town"`.
fn alone(toml: &TomlText<'_>, field: &[PathSegment], value: &Value) -> Result<String, EditError> {
    let raw = |value: &Value| toml.raw(value).ok_or_else(|| unusual(field));
    match value {
        Value::String(_) => Ok(format!("column = {}", raw(value)?)),
        Value::Boolean(_) => Ok(format!("value = {}", raw(value)?)),
        Value::Array(list) => match list.iter().collect::<Vec<_>>()[..] {
            [one @ Value::String(_)] => Ok(format!("column = {}", raw(one)?)),
            _ => Err(unusual(field)),
        },
        _ => Err(unusual(field)),
    }
}

/// Sets or takes out a part of a rule that is a table.
fn in_table(
    toml: &TomlText<'_>,
    field: &[PathSegment],
    key: &str,
    value: Option<String>,
    part: &RulePart,
) -> Result<String, EditError> {
    let path = below(field, key);
    let has = |part: &str| toml.node(&below(field, part)).is_some();
    let header = header_of(field);
    match (value, part) {
        (Some(value), RulePart::Word { word, becomes }) if has("map") => {
            let entry = [&path[..], &[name(word)]].concat();
            let value = becomes.as_ref().map_or(value, write::constant);
            match toml.node(&path) {
                // A word is always in quotes, unlike the names of fields.
                Some(Node::Value(map @ Value::InlineTable(_))) if toml.node(&entry).is_none() => {
                    toml.add_item(map, &format!("{} = {value}", write::text(word)))
                        .ok_or_else(|| unusual(field))
                }
                _ => toml.set(&entry, header, &value),
            }
        }
        (None, RulePart::Word { word, .. }) => {
            let text = toml.remove(&[&path[..], &[name(word)]].concat())?;
            plain(text, field)
        }
        (Some(value), _) if SOURCES.contains(&key) => {
            let text = match SOURCES.iter().find(|s| has(s)) {
                Some(old) if *old == key => toml.set(&path, header, &value)?,
                Some(old) => toml.rename(&below(field, old), key, &value)?,
                None => toml.set(&path, header, &value)?,
            };
            let useless: &[&str] = if key == "value" { OF_CELLS } else { &[] };
            let mut text = text;
            for part in [&["decide"], useless].concat() {
                text = TomlText::parse(&text)?.remove(&below(field, part))?;
            }
            plain(text, field)
        }
        (Some(value), _) => toml.set(&path, header, &value),
        (None, _) => plain(toml.remove(&path)?, field),
    }
}

/// A rule in braces that has nothing but a column is written as the column's name.
pub(super) fn plain(text: String, field: &[PathSegment]) -> Result<String, EditError> {
    collapsed(text, field, &["column"])
}

/// A table in braces that has one value of these names, and no comment, becomes that value.
pub(super) fn collapsed(
    text: String,
    path: &[PathSegment],
    names: &[&str],
) -> Result<String, EditError> {
    let toml = TomlText::parse(&text)?;
    let Some(table) = toml.node(path).and_then(Node::inline) else {
        return Ok(text);
    };
    let Some((key, value)) = table.iter().next().filter(|_| table.len() == 1) else {
        return Ok(text);
    };
    let is_on_one_line =
        (table.span().and_then(|s| text.get(s))).is_some_and(|t| !t.contains('\n'));
    match toml.raw(value) {
        Some(raw) if names.contains(&key) && is_on_one_line && !table.is_dotted() => {
            toml.set(path, header_of(path), raw)
        }
        _ => Ok(text),
    }
}
