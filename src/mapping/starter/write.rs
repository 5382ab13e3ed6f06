//! A proposal as a mapping's text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::proposal::{Assignment, Proposal};
use crate::partner::FieldKind;
use crate::partner::catalogue::{self, FIELDS};

/// Remarks on fields by their path in the payload, from a check of the file.
pub type Remarks = BTreeMap<String, Vec<String>>;

/// The place of a mapping's JSON Schema, beside the shipped mappings.
pub(super) const SCHEMA_LINE: &str = "#:schema ../docs/mapping.schema.json";

impl Proposal {
    /// The mapping. `detected` are lines about the file; `remarks` say what a check of it found.
    #[must_use]
    pub fn to_toml(&self, detected: &[String], remarks: &Remarks) -> String {
        let mut out = format!(
            "{SCHEMA_LINE}\n# A mapping proposed by `partner-sync init`. Look at every line, then check the file with it.\n"
        );
        for line in detected {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(
            out,
            "\nname = {}   # names the rows' space in the state: keep it when the file is called otherwise",
            quoted(&self.name)
        );
        match &self.key {
            Some((column, why)) => {
                let _ = writeln!(out, "key = {}   # {why}", quoted(&self.names[*column]));
            }
            None => {
                let first = self.names.first().map_or("Id", String::as_str);
                let _ = writeln!(
                    out,
                    "key = {}   # decide: no column is filled in every row and different in each; several columns may be one key: [\"A\", \"B\"]",
                    quoted(first)
                );
            }
        }
        for line in remarks.get("").into_iter().flatten() {
            let _ = writeln!(out, "# {line}");
        }
        if !self.settings.is_empty() || !self.undecided_settings.is_empty() {
            out.push_str("\n[source]\n");
            for (setting, why) in &self.settings {
                let _ = writeln!(out, "{setting}   # {why}");
            }
            for (setting, why) in &self.undecided_settings {
                let _ = writeln!(out, "# {setting}   # {why}");
            }
        }
        let mut tables = Tables::default();
        if !self.has(catalogue::BUSINESS_NAME) {
            let column = self.names.first().map_or("Name", String::as_str);
            let line = format!(
                "businessName = {}   # required; decide: no column is named like it",
                quoted(column)
            );
            tables.add("organization.businessName", 0, line);
        }
        for assignment in &self.assignments {
            let (path, element) = (assignment.path, assignment.element);
            tables.add(path, element, self.line(assignment));
            for remark in remarks.get(&payload_path(assignment)).into_iter().flatten() {
                tables.add(path, element, format!("#   {remark}"));
            }
        }
        out.push_str(&tables.render());
        if !self.unplaced.is_empty() {
            out.push_str("\n# Columns that feed nothing:\n");
            for (column, look) in &self.unplaced {
                let _ = writeln!(out, "#   {}   ({look})", quoted(&self.names[*column]));
            }
        }
        out
    }

    fn has(&self, path: &str) -> bool {
        self.assignments
            .iter()
            .any(|a| a.path == path && a.undecided.is_none())
    }

    fn line(&self, assignment: &Assignment) -> String {
        let name = name_of(assignment.path);
        let column = quoted(&self.names[assignment.column]);
        let evidence = &assignment.evidence;
        let kind = catalogue::find(assignment.path).map(|(_, f)| f.kind);
        let rule = match kind {
            Some(FieldKind::PartnerReference) => format!("{{ partner = {column} }}"),
            Some(FieldKind::Words(words)) if !assignment.unknown_words.is_empty() => {
                // A question mark is none of the field's words: the line does not work until it is decided.
                let map: Vec<String> = assignment
                    .unknown_words
                    .iter()
                    .map(|w| format!("{} = \"?\"", quoted(w)))
                    .collect();
                let map = format!("{{ column = {column}, map = {{ {} }} }}", map.join(", "));
                let words: Vec<&str> = words.iter().map(|(_, w)| *w).collect();
                let known = words.join(", ");
                return if assignment.undecided.is_some() {
                    format!(
                        "# {name} = {map}   # decide, translate these words to {known}; {evidence}"
                    )
                } else {
                    format!(
                        "{name} = {column}   # {evidence}\n#   decide, translate to {known}: {name} = {map}"
                    )
                };
            }
            _ if assignment.path.ends_with("[]") => {
                format!("{{ column = {column}, split = \";\" }}")
            }
            _ => column,
        };
        match &assignment.undecided {
            None => format!("{name} = {rule}   # {evidence}"),
            Some(what) => format!("# {name} = {rule}   # decide, {what}; {evidence}"),
        }
    }
}

/// Lines by the table that they stand in: TOML opens each table once.
#[derive(Default)]
pub(super) struct Tables(Vec<(String, usize, Vec<String>)>);

impl Tables {
    /// Adds a line for the field at a catalogue path.
    pub(super) fn add(&mut self, path: &str, element: usize, line: String) {
        let header = match path.split_once("[].") {
            Some((list, _)) => format!("[[{list}]]"),
            None => {
                let path = path.trim_end_matches("[]");
                format!("[{}]", path.rsplit_once('.').map_or("", |(table, _)| table))
            }
        };
        let found = self
            .0
            .iter_mut()
            .find(|(h, e, _)| *h == header && *e == element);
        match found {
            Some((_, _, lines)) => lines.push(line),
            None => self.0.push((header, element, vec![line])),
        }
    }

    pub(super) fn render(&self) -> String {
        let mut out = String::new();
        for (header, _, lines) in &self.0 {
            let _ = writeln!(out, "\n{header}\n{}", lines.join("\n"));
        }
        out
    }
}

/// A field's name in its table.
pub(super) fn name_of(path: &str) -> &str {
    let path = path.trim_end_matches("[]");
    path.rsplit('.').next().unwrap_or(path)
}

/// The path as the payload and the problems name it: `organization.addresses[0].city`.
fn payload_path(assignment: &Assignment) -> String {
    assignment
        .path
        .replacen("[].", &format!("[{}].", assignment.element), 1)
        .trim_end_matches("[]")
        .to_owned()
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// All fields.
pub(super) fn fields() -> impl Iterator<Item = &'static crate::partner::Field> {
    FIELDS.iter()
}
