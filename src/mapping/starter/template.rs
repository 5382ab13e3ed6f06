//! The plain template: every field of the request once, with a comment on each.

use super::write::{SCHEMA_LINE, Tables, fields, name_of, quoted};
use crate::partner::{Field, FieldKind};

/// Last words of several fields, which by themselves say none of them.
const COMMON: &[&str] = &["name", "type", "status", "text", "value", "code"];

/// The text of `mappings/template.toml`, which a test compares with the file.
#[must_use]
pub fn template() -> String {
    let mut out = format!(
        "{SCHEMA_LINE}\n# Every field of the create-partner request, once. Made by a test from the field catalogue. Copy it, write\n\
         # your columns' names, and take out what you have no column for.\n\n\
         name = \"template\"   # names the rows' space in the state\n\
         key = \"Id\"          # the column that makes a row itself; several: [\"Account\", \"Site\"]\n"
    );
    let mut tables = Tables::default();
    for field in fields() {
        let name = name_of(field.path);
        let column = quoted(&title(field));
        let required = if field.required { "Required. " } else { "" };
        let rule = match field.kind {
            FieldKind::PartnerReference => format!("{{ partner = {column} }}"),
            FieldKind::FreeForm => "{ key1 = \"Metadata 1\", key2 = \"Metadata 2\" }".to_owned(),
            _ if field.path.ends_with("[]") => format!("{{ column = {column}, split = \";\" }}"),
            _ => column,
        };
        let dot = if field.kind == FieldKind::FreeForm {
            ".key"
        } else {
            ""
        };
        let line = format!("{name}{dot} = {rule}   # {required}{}", field.about);
        tables.add(field.path, 0, line);
    }
    out.push_str(&tables.render());
    out
}

/// `addressLine1` is "Address Line 1"; a name that stands twice has its parent's in front.
pub(super) fn title(field: &Field) -> String {
    let words = |name: &str| {
        let mut out = String::new();
        for (at, c) in name.char_indices() {
            if at == 0 {
                out.extend(c.to_uppercase());
            } else {
                // `w9` and `W2` are words.
                let in_word = c.is_ascii_digit() && out.ends_with('W');
                if (c.is_uppercase() || c.is_ascii_digit()) && !in_word {
                    out.push(' ');
                }
                out.push(c);
            }
        }
        out
    };
    let segments: Vec<&str> = field
        .path
        .split('.')
        .map(|s| s.trim_end_matches("[]"))
        .collect();
    let last = segments.last().copied().unwrap_or("");
    let again = fields()
        .filter(|f| f.path.rsplit('.').next().map(|l| l.trim_end_matches("[]")) == Some(last))
        .count();
    match segments.len().checked_sub(2).and_then(|i| segments.get(i)) {
        Some(parent) if again > 1 || COMMON.contains(&last) => {
            let (parent, last) = (words(parent), words(last));
            // The bank account's account number is the bank account number.
            match last.split_once(' ') {
                Some((first, rest)) if parent.ends_with(first) => format!("{parent} {rest}"),
                _ => format!("{parent} {last}"),
            }
        }
        _ => words(last),
    }
}
