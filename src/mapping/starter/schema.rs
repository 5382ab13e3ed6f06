//! The JSON Schema of a mapping file, so that editors complete and check it.

use serde_json::{Map, Value, json};

use super::super::date::Locale;
use super::super::rule::Transform;
use super::write::fields;
use crate::diagnostic::Code;
use crate::partner::{Field, FieldKind};

/// The schema, made from the field catalogue, the rule keys and the diagnostic codes.
#[must_use]
pub fn json_schema() -> Value {
    let mut root = object("The fields of the request, with its own structure.");
    for field in fields() {
        insert(&mut root, field.path, field);
    }
    let mut properties = root
        .remove("properties")
        .and_then(|p| p.as_object().cloned())
        .unwrap_or_default();
    properties.insert("name".into(), json!({ "type": "string", "minLength": 1, "description": "The state keeps the rows under this name; renaming the export changes nothing." }));
    properties.insert("key".into(), json!({
        "description": "The column, or columns, that identify a row.",
        "anyOf": [
            { "$ref": "#/definitions/texts" },
            { "type": "object", "additionalProperties": false, "properties": { "column": { "type": "string" }, "columns": { "$ref": "#/definitions/texts" }, "decide": { "$ref": "#/definitions/decide" } } }
        ]
    }));
    properties.insert("reference_lookup".into(), json!({ "enum": ["state", "api"], "description": "Where partners of rows outside the files are looked for: the state, or also the API." }));
    properties.insert("source".into(), source());
    let codes: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    let code_list = json!({ "type": "array", "items": { "enum": codes } });
    properties.insert(
        "validation".into(),
        json!({
            "type": "object", "additionalProperties": false,
            "properties": { "allow": code_list, "deny": code_list }
        }),
    );
    properties.insert("test".into(), test(&codes));
    let transforms: Vec<&str> = Transform::ALL.iter().map(|(n, _)| *n).collect();
    let constant = json!({ "type": ["string", "number", "boolean"] });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A mapping of partner-sync",
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "key", "organization"],
        "properties": properties,
        "definitions": {
            "texts": { "oneOf": [ { "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 } ] },
            "constant": constant,
            "decide": { "type": "string", "description": "A question that init could not answer. No run uses the mapping until this key is removed." },
            "rule": {
                "oneOf": [
                    { "type": "string", "description": "A column." },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "oneOf": [ { "required": ["column"] }, { "required": ["columns"] }, { "required": ["value"] }, { "required": ["template"] }, { "required": ["partner"] }, { "properties": { "decide": true }, "required": ["decide"], "maxProperties": 1 } ],
                        "properties": {
                            "column": { "type": "string", "description": "A column." },
                            "columns": { "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "The first of these columns that is not empty." },
                            "value": { "$ref": "#/definitions/constant" },
                            "template": { "type": "string", "description": "MiniJinja: {{ row['First'] }} {{ row['Last'] }}" },
                            "partner": { "type": "string", "description": "A column that holds the key of another row." },
                            "split": { "type": "string", "minLength": 1, "description": "Cut the text here into several values." },
                            "map": { "type": "object", "additionalProperties": { "$ref": "#/definitions/constant" }, "description": "Values and what they become." },
                            "lookup": {
                                "type": "object", "additionalProperties": false, "required": ["file", "from", "to"],
                                "properties": { "file": { "type": "string", "minLength": 1 }, "from": { "type": "string" }, "to": { "type": "string" } },
                                "description": "A table of words in a CSV or XLSX file, named as seen from the mapping: the column with the words, and the one with what they become."
                            },
                            "default": { "$ref": "#/definitions/constant" },
                            "required": { "type": "boolean" },
                            "decide": { "$ref": "#/definitions/decide" },
                            "formats": { "$ref": "#/definitions/texts", "description": "Date formats (strptime), or excel, epoch_s, epoch_ms." },
                            "transform": { "oneOf": [ { "enum": transforms }, { "type": "array", "items": { "enum": transforms } } ] }
                        }
                    }
                ]
            },
            "words": {
                "type": "object", "minProperties": 1,
                "additionalProperties": { "oneOf": [ { "$ref": "#/definitions/constant" }, { "type": "array", "items": { "$ref": "#/definitions/constant" }, "minItems": 1 } ] }
            },
            "metadata": {
                "anyOf": [ { "$ref": "#/definitions/rule" }, { "type": "object", "additionalProperties": { "$ref": "#/definitions/metadata" } } ]
            }
        }
    })
}

/// A `[[test]]`.
fn test(codes: &[&str]) -> Value {
    json!({
        "type": "array",
        "description": "Rows and what they become; `partner-sync test` tries them.",
        "items": {
            "type": "object", "additionalProperties": false, "required": ["row"],
            "anyOf": [ { "required": ["sends"] }, { "required": ["problems"] } ],
            "properties": {
                "name": { "type": "string" },
                "row": { "type": "object", "minProperties": 1, "additionalProperties": { "$ref": "#/definitions/constant" }, "description": "Cells by column; all others are empty." },
                "sends": { "type": "object", "description": "A part of the request. An empty text: the field is not sent." },
                "problems": { "type": "array", "items": { "enum": codes }, "description": "All codes of the row's problems, warnings included." }
            }
        }
    })
}

fn source() -> Value {
    let settings = [
        (
            "sheet",
            json!({ "oneOf": [
                { "type": "string" }, { "type": "integer", "minimum": 1 },
                { "type": "array", "minItems": 1, "items": { "oneOf": [ { "type": "string" }, { "type": "integer", "minimum": 1 } ] } }
            ] }),
        ),
        ("header_row", json!({ "type": "integer", "minimum": 1 })),
        ("delimiter", json!({ "type": "string" })),
        ("encoding", json!({ "type": "string" })),
        ("null", json!({ "$ref": "#/definitions/texts" })),
        ("date_order", json!({ "enum": ["mdy", "dmy", "ymd"] })),
        (
            "locale",
            json!({ "type": "string", "pattern": format!("^({})", Locale::WORDS.join("|")) }),
        ),
        (
            "phone_region",
            json!({ "type": "string", "pattern": "^([A-Z]{2}|address)$" }),
        ),
        ("timezone", json!({ "type": "string" })),
        ("quote", json!({ "enum": ["\"", "'", "none"] })),
        ("escape", json!({ "enum": ["double", "backslash"] })),
    ];
    let mut properties: Map<String, Value> = settings
        .into_iter()
        .map(|(name, value)| {
            let question = json!({
                "type": "object", "additionalProperties": false,
                "properties": { "value": value, "decide": { "$ref": "#/definitions/decide" } }
            });
            (name.to_owned(), json!({ "anyOf": [ value, question ] }))
        })
        .collect();
    for (name, description) in [
        (
            "only",
            "Only rows that have one of these values in each of these columns; letter case and outer blanks do not matter, * is any text.",
        ),
        (
            "except",
            "Leave out rows that have one of these values in any of these columns.",
        ),
    ] {
        properties.insert(
            name.to_owned(),
            json!({ "$ref": "#/definitions/words", "description": description }),
        );
    }
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "How the file is read; what is absent is detected.",
        "properties": properties
    })
}

fn object(description: &str) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("type".into(), json!("object"));
    map.insert("additionalProperties".into(), json!(false));
    map.insert("description".into(), json!(description));
    map.insert("properties".into(), json!({}));
    map
}

/// Puts a field at its path below an object's schema.
fn insert(node: &mut Map<String, Value>, path: &str, field: &Field) {
    let (segment, rest) = path
        .split_once('.')
        .map_or((path, None), |(s, r)| (s, Some(r)));
    let name = segment.trim_end_matches("[]");
    let Some(properties) = node.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let Some(rest) = rest else {
        properties.insert(name.to_owned(), leaf(field));
        return;
    };
    let list = segment.ends_with("[]");
    let child = properties.entry(name).or_insert_with(|| {
        let child = Value::Object(object(""));
        if list {
            json!({ "type": "array", "items": child })
        } else {
            child
        }
    });
    let inner = if list {
        child.get_mut("items")
    } else {
        Some(child)
    };
    if let Some(inner) = inner.and_then(Value::as_object_mut) {
        insert(inner, rest, field);
    }
}

fn leaf(field: &Field) -> Value {
    let mut description = format!("{} Takes {}.", field.about, field.kind.expected());
    if let FieldKind::Words(words) = field.kind {
        let known: Vec<String> = words.iter().map(|(n, w)| format!("{n} {w}")).collect();
        description = format!("{description} {}.", known.join(", "));
    }
    if field.kind == FieldKind::FreeForm {
        return json!({ "description": description, "type": "object", "additionalProperties": { "$ref": "#/definitions/metadata" } });
    }
    if field.path.starts_with("query.") {
        return json!({ "description": description, "anyOf": [ { "type": "boolean" }, { "$ref": "#/definitions/rule" } ] });
    }
    if field.path.ends_with("[]") {
        return json!({ "description": description, "anyOf": [ { "$ref": "#/definitions/rule" }, { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 1 } ] });
    }
    json!({ "description": description, "allOf": [ { "$ref": "#/definitions/rule" } ] })
}
