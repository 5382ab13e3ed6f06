//! A proposal as a mapping's text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::proposal::{Assignment, Proposal};
use crate::mapping::unused_list;
use crate::partner::FieldKind;
use crate::partner::catalogue::{self, FIELDS};

/// Remarks on fields by their path in the payload, from a check of the file.
pub type Remarks = BTreeMap<String, Vec<String>>;

/// Whether lines that a person has to decide are written, or the mapping as it would be without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecided {
    /// Each with its question, so that no run takes the mapping before it is decided.
    Asked,
    /// Left out: what is decided can be tried.
    LeftOut,
}

impl Proposal {
    /// The mapping. `detected` are lines about the file; `remarks` say what a check of it found.
    #[must_use]
    pub fn to_toml(&self, detected: &[String], remarks: &Remarks, undecided: Undecided) -> String {
        let mut out = String::from(
            "# A mapping proposed by `partner-sync init`. Look at every line, then check the file with it.\n",
        );
        if undecided == Undecided::Asked && self.to_decide() > 0 {
            out.push_str(
                "# A line with `decide` is a question: remove `decide` and its text if the line is right, otherwise delete the line.\n",
            );
        }
        for line in detected {
            let _ = writeln!(out, "# {}", comment(line));
        }
        let _ = writeln!(
            out,
            "\nname = {}   # the state keeps the rows under this name: keep it when you rename the file",
            quoted(&self.name)
        );
        out.push_str(&self.key_line(undecided));
        // Without a key the file was tried with any column as one.
        let of_rows = remarks.get("").filter(|_| self.key.column.is_some());
        for line in of_rows.into_iter().flatten() {
            let _ = writeln!(out, "# {}", comment(line));
        }
        out.push_str(&self.source(undecided));
        let mut tables = Tables::default();
        if !self
            .assignments
            .iter()
            .any(|a| a.path == catalogue::BUSINESS_NAME)
        {
            tables.add(catalogue::BUSINESS_NAME, 0, self.name_line(undecided));
        }
        for assignment in &self.assignments {
            let (path, element) = (assignment.path, assignment.element);
            let is_needed = path == catalogue::BUSINESS_NAME;
            if undecided == Undecided::LeftOut && assignment.undecided.is_some() && !is_needed {
                continue;
            }
            tables.add(path, element, self.line(assignment, undecided));
            for remark in remarks.get(&payload_path(assignment)).into_iter().flatten() {
                tables.add(path, element, format!("#   {}", comment(remark)));
            }
        }
        out.push_str(&tables.render());
        let unused = (self.unplaced.iter()).map(|u| (self.names[u.column].as_str(), u.words()));
        out.push_str(&unused_list::list(unused));
        out
    }

    fn key_line(&self, undecided: Undecided) -> String {
        let column = self.key.column.map(|c| quoted(&self.names[c]));
        let question = self
            .key
            .undecided
            .as_deref()
            .filter(|_| undecided == Undecided::Asked);
        let evidence = match self.key.evidence.as_str() {
            "" => String::new(),
            evidence => format!("   # {}", comment(evidence)),
        };
        match (column, question) {
            (Some(column), None) => format!("key = {column}{evidence}\n"),
            (Some(column), Some(question)) => format!(
                "key = {{ column = {column}, decide = {} }}{evidence}\n",
                quoted(question)
            ),
            (None, Some(question)) => format!("key = {{ decide = {} }}\n", quoted(question)),
            (None, None) => format!("key = {}\n", quoted(self.stand_in())),
        }
    }

    /// A column to try the rest with where there is no key: any but those of bank data, which are refused as keys.
    fn stand_in(&self) -> &str {
        let is_sensitive = |column: usize| {
            let mut fields = self
                .assignments
                .iter()
                .filter(|a| a.column == column)
                .filter_map(|a| catalogue::find(a.path));
            fields.any(|(_, field)| field.sensitive)
        };
        let column = (0..self.names.len())
            .find(|c| !is_sensitive(*c))
            .unwrap_or(0);
        self.names.get(column).map_or("Id", String::as_str)
    }

    fn name_line(&self, undecided: Undecided) -> String {
        let question = "which column holds the name? it is required, and look-ups search by it";
        let guess = self.name_guess.map(|c| quoted(&self.names[c]));
        match (guess, undecided) {
            (Some(column), Undecided::Asked) => format!(
                "businessName = {{ column = {column}, decide = {} }}",
                quoted(question)
            ),
            (Some(column), Undecided::LeftOut) => format!("businessName = {column}"),
            (None, Undecided::Asked) => {
                format!("businessName = {{ decide = {} }}", quoted(question))
            }
            (None, Undecided::LeftOut) => "businessName = { value = \"-\" }".to_owned(),
        }
    }

    fn source(&self, undecided: Undecided) -> String {
        let mut out = String::new();
        for setting in &self.settings {
            let question = setting.undecided.as_deref();
            let value = match (&setting.value, question, undecided) {
                (Some(value), None, _) => value.clone(),
                (Some(value), Some(question), Undecided::Asked) => {
                    format!("{{ value = {value}, decide = {} }}", quoted(question))
                }
                (None, Some(question), Undecided::Asked) => {
                    format!("{{ decide = {} }}", quoted(question))
                }
                _ => continue,
            };
            let _ = writeln!(
                out,
                "{} = {value}   # {}",
                setting.name,
                comment(&setting.evidence)
            );
        }
        for note in &self.notes {
            let _ = writeln!(out, "# {}", comment(note));
        }
        if out.is_empty() {
            out
        } else {
            format!("\n[source]\n{out}")
        }
    }

    fn line(&self, assignment: &Assignment, undecided: Undecided) -> String {
        let name = name_of(assignment.path);
        let column = quoted(&self.names[assignment.column]);
        let kind = catalogue::find(assignment.path).map(|(_, f)| f.kind);
        let mut parts = vec![match (kind, self.street(assignment)) {
            (_, Some(template)) => format!("template = {}", quoted(&template)),
            (Some(FieldKind::PartnerReference), None) => format!("partner = {column}"),
            _ => format!("column = {column}"),
        }];
        if assignment.path.ends_with("[]") {
            parts.push("split = \";\"".to_owned());
        }
        if !assignment.map.is_empty()
            && (undecided == Undecided::Asked || assignment.undecided.is_none())
        {
            // A question mark is none of the field's words: the line does not work until it is replaced.
            let words: Vec<String> = assignment
                .map
                .iter()
                .map(|(word, becomes)| {
                    format!(
                        "{} = {}",
                        quoted(word),
                        constant(kind, becomes.as_deref().unwrap_or("?"))
                    )
                })
                .collect();
            parts.push(format!("map = {{ {} }}", words.join(", ")));
        }
        if undecided == Undecided::Asked
            && let Some(question) = &assignment.undecided
        {
            parts.push(format!("decide = {}", quoted(&comment(question))));
        }
        let rule = match &parts[..] {
            [one] if one.starts_with("column") => column,
            parts => format!("{{ {} }}", parts.join(", ")),
        };
        format!("{name} = {rule}   # {}", comment(&assignment.evidence))
    }

    /// The template of a street whose house number is a column of its own.
    fn street(&self, assignment: &Assignment) -> Option<String> {
        let (number, is_first) = assignment.house_number?;
        let cell = |column: usize| {
            let name = self.names[column]
                .replace('\\', "\\\\")
                .replace('\'', "\\'");
            format!("{{{{ row['{name}'] }}}}")
        };
        let (street, number) = (cell(assignment.column), cell(number));
        Some(if is_first {
            format!("{number} {street}")
        } else {
            format!("{street} {number}")
        })
    }
}

/// What a map's word becomes, as TOML writes it.
fn constant(kind: Option<FieldKind>, text: &str) -> String {
    match (kind, text) {
        (Some(FieldKind::Boolean), "true" | "false") => text.to_owned(),
        _ => quoted(text),
    }
}

/// A text that stays on its line.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
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
