//! The plain template: every field of the request once, with a comment on each.

use super::title::title;
use super::write::{Tables, fields, name_of, quoted};
use crate::partner::FieldKind;

/// The place of a mapping's JSON Schema, beside the shipped mappings.
const SCHEMA_LINE: &str = "#:schema ../docs/mapping.schema.json";

/// The text of `mappings/template.toml`, which a test compares with the file.
#[must_use]
pub fn template() -> String {
    let mut out = format!(
        "{SCHEMA_LINE}\n# Every field of the create-partner request, once. Made by a test from the field catalogue. Copy it, write\n\
         # your columns' names, and take out what you have no column for.\n\n\
         name = \"template\"   # names the rows' space in the state\n\
         key = \"Id\"          # the column that identifies a row; several: [\"Account\", \"Site\"]\n"
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
    out.push_str(
        "\n[[test]]   # `partner-sync test` tries it: a row, and what it sends or which problems it has\n\
         row = { \"Id\" = \"1\", \"Legacy Identifier\" = \"1\", \"Business Name\" = \"Acme Home Care\" }\n\
         sends = { organization = { legacyIdentifier = \"1\", businessName = \"Acme Home Care\" } }\n",
    );
    out
}
