//! What all parts of the page ask: what is selected, what a column is called, which problems it has.

use crate::diagnostic::Severity;
use crate::workbench::bench::Bench;
use crate::workbench::model::Model;

/// What is selected on the page: it is in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::workbench) struct Selection {
    pub(in crate::workbench) column: Option<usize>,
    /// A field that no column fills.
    pub(in crate::workbench) field: Option<String>,
    /// `ask`, `unused` or `problems`; all where it is none of these.
    pub(in crate::workbench) show: String,
}

impl Selection {
    /// The query of the address, `?column=3`.
    pub(in crate::workbench) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(column) = self.column {
            query.append_pair("column", &column.to_string());
        }
        if let Some(field) = &self.field {
            query.append_pair("field", field);
        }
        if !self.show.is_empty() {
            query.append_pair("show", &self.show);
        }
        let query = query.finish();
        if query.is_empty() {
            String::new()
        } else {
            format!("?{query}")
        }
    }

    pub(in crate::workbench) fn of<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Self {
        let mut selection = Self::default();
        for (name, value) in pairs {
            match name {
                "column" => selection.column = value.parse().ok(),
                "field" => selection.field = Some(value.to_owned()),
                "show" if matches!(value, "ask" | "unused" | "problems") => {
                    value.clone_into(&mut selection.show);
                }
                _ => {}
            }
        }
        selection
    }
}

/// A file's name without its folder.
pub(in crate::workbench) fn file_name(path: &str) -> &str {
    let end = path.trim_end_matches(['/', '\\']);
    end.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The names of the file's columns by number.
pub(super) fn column_name(bench: &Bench, column: usize) -> String {
    let name = bench.explored.header.names().get(column);
    name.map_or_else(String::new, ToString::to_string)
}

/// How many problems a column has, warnings included, and whether one of them is an error.
pub(super) fn problems_of(bench: &Bench, column: &str) -> (u64, bool) {
    let groups = bench.review().map_or(&[][..], |r| &r.report.groups);
    let of_it = groups
        .iter()
        .filter(|g| g.column.as_deref() == Some(column));
    of_it.fold((0, false), |(count, is_error), g| {
        let error = g.severity == Severity::Error;
        (count + g.count, is_error || error)
    })
}

/// The question of the key, if it has one.
pub(super) fn key_question(model: Option<&Model>) -> Option<&str> {
    let questions = &model?.mapping.questions;
    questions
        .iter()
        .find(|q| q.about == "key")
        .map(|q| q.text.as_str())
}
