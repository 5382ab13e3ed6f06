//! `[source] sheet`, `only` and `except`: the sheets that are read, and the rows that are taken by words of their columns.

use toml::de::DeValue;

use super::{Reader, Value};
use crate::mapping::rule::{Placed, Selection};
use crate::source::SheetChoice;

impl Reader {
    /// A sheet, or a list of sheets: each by its name, or by its number from 1.
    pub(super) fn sheets(&mut self, value: &Value<'_>, what: &str) -> Vec<SheetChoice> {
        let items: Vec<&Value<'_>> = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        if items.is_empty() {
            self.problem(value.span(), format!("{what} names no sheet"));
        }
        let mut sheets = Vec::new();
        for item in items {
            let sheet = match item.get_ref() {
                DeValue::Integer(_) => self.positive(item, what).map(SheetChoice::Number),
                _ => self.text(item, what).map(|p| SheetChoice::Name(p.text)),
            };
            match sheet {
                Some(sheet) if sheets.contains(&sheet) => {
                    self.problem(item.span(), "the sheet is named twice");
                }
                sheet => sheets.extend(sheet),
            }
        }
        sheets
    }

    /// `{ Status = ["Active", "Pending"] }`.
    pub(super) fn selection(&mut self, value: &Value<'_>, what: &str) -> Vec<Selection> {
        let Some(table) = self.table(value, what) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let words = self.words(value, &format!("{what} of \"{name}\""));
            let column = Placed {
                text: name,
                span: key.span(),
            };
            all.push(Selection { column, words });
        }
        if all.is_empty() {
            self.problem(value.span(), format!("{what} names no column"));
        }
        all
    }

    /// A word or a list of words: texts, whole numbers, yes or no.
    fn words(&mut self, value: &Value<'_>, what: &str) -> Vec<String> {
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        if items.is_empty() {
            self.problem(value.span(), format!("{what} names no word"));
        }
        let mut words = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => words.push(text.to_string()),
                DeValue::Boolean(flag) => words.push(flag.to_string()),
                DeValue::Integer(number) if number.radix() == 10 => {
                    words.push(number.as_str().to_owned());
                }
                other => self.problem(
                    item.span(),
                    format!(
                        "{what} takes words in quotes, \"Active\", not {}",
                        other.type_str()
                    ),
                ),
            }
        }
        words
    }
}
