//! Values and keys as TOML writes them, on one line.

use serde_json::Value as Json;

use super::change::{LookupFile, SettingValue};
use crate::mapping::rule::Constant;
use crate::partner::PathSegment;

/// A text in quotes, on one line whatever it holds.
pub(super) fn text(text: &str) -> String {
    if !text.contains(['\n', '\r', '\'']) {
        return toml_edit::Value::from(text).to_string();
    }
    // JSON's strings are TOML's basic strings, but for one character.
    Json::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// A key that is a field's or a setting's name: bare where it can be.
pub(super) fn key(name: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        text(name)
    }
}

pub(super) fn texts(all: &[String]) -> String {
    let all: Vec<String> = all.iter().map(|t| text(t)).collect();
    format!("[{}]", all.join(", "))
}

/// One text alone, several in brackets.
pub(super) fn one_or_more(all: &[String]) -> String {
    match all {
        [one] => text(one),
        all => texts(all),
    }
}

pub(super) fn constant(constant: &Constant) -> String {
    match constant {
        Constant::Text(t) => text(t),
        Constant::Integer(n) => n.to_string(),
        Constant::Float(n) => toml_edit::Value::from(*n).to_string(),
        Constant::Boolean(b) => b.to_string(),
    }
}

pub(super) fn setting(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(t) => text(t),
        SettingValue::Number(n) => n.to_string(),
        SettingValue::Texts(all) => texts(all),
    }
}

pub(super) fn lookup(lookup: &LookupFile) -> String {
    format!(
        "{{ file = {}, from = {}, to = {} }}",
        text(&lookup.file),
        text(&lookup.from),
        text(&lookup.to)
    )
}

/// A value of JSON; TOML has no null, so it is left out of objects and lists.
pub(super) fn json(value: &Json) -> String {
    match value {
        Json::Object(fields) => {
            let fields: Vec<String> = (fields.iter())
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| format!("{} = {}", key(k), json(v)))
                .collect();
            if fields.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", fields.join(", "))
            }
        }
        Json::Array(items) => {
            let items: Vec<String> = (items.iter().filter(|v| !v.is_null()).map(json)).collect();
            format!("[{}]", items.join(", "))
        }
        Json::String(t) => text(t),
        other => other.to_string(),
    }
}

/// `a.b = value`; an element of a list that is not there yet is written in brackets. None where that needs elements
/// before it.
pub(super) fn assignment(path: &[PathSegment], value: &str) -> Option<String> {
    let mut names = String::new();
    for (i, segment) in path.iter().enumerate() {
        match segment {
            PathSegment::Name(name) => {
                if !names.is_empty() {
                    names.push('.');
                }
                names.push_str(&key(name));
            }
            PathSegment::Index(0) if i > 0 => {
                let rest = &path[i + 1..];
                let item = if rest.is_empty() {
                    value.to_owned()
                } else {
                    format!("{{ {} }}", assignment(rest, value)?)
                };
                return Some(format!("{names} = [{item}]"));
            }
            PathSegment::Index(_) => return None,
        }
    }
    Some(format!("{names} = {value}"))
}
