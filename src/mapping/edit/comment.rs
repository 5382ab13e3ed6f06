//! Whether lines have a comment: a `#` inside a text begins none.

use std::ops::Range;

use toml_edit::{Document, Item, Table, Value};

/// Whether lines of TOML have a comment.
pub(super) fn has_comment(text: &str) -> bool {
    let Ok(doc) = Document::parse(text) else {
        return true;
    };
    let mut rest = text.to_owned();
    let mut spans = Vec::new();
    strings(doc.as_table(), &mut spans);
    spans.sort_by_key(|s: &Range<usize>| std::cmp::Reverse(s.start));
    spans.dedup();
    for span in spans {
        rest.replace_range(span, "");
    }
    rest.contains('#')
}

/// The places of all texts, and of keys in quotes, which may hold a `#` that begins no comment.
fn strings(table: &Table, out: &mut Vec<Range<usize>>) {
    for (name, item) in table {
        out.extend(table.key(name).and_then(toml_edit::Key::span));
        match item {
            Item::Value(value) => of_value(value, out),
            Item::Table(table) => strings(table, out),
            Item::ArrayOfTables(tables) => tables.iter().for_each(|t| strings(t, out)),
            Item::None => {}
        }
    }
}

fn of_value(value: &Value, out: &mut Vec<Range<usize>>) {
    match value {
        Value::String(_) => out.extend(value.span()),
        Value::Array(array) => array.iter().for_each(|v| of_value(v, out)),
        Value::InlineTable(table) => {
            for (keys, value) in table.get_values() {
                out.extend(keys.iter().filter_map(|k| k.span()));
                of_value(value, out);
            }
        }
        _ => {}
    }
}
