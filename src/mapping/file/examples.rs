//! `[[test]]`: a row and what it becomes. A run ignores them; `partner-sync test` tries them.

use serde_json::{Map, Value as Json};
use toml::de::{DeInteger, DeValue};

use super::{MappingTest, Reader, Value};
use crate::diagnostic::Code;

const KEYS: [&str; 4] = ["name", "row", "sends", "problems"];

impl Reader {
    pub(super) fn tests(&mut self, value: &Value<'_>) -> Vec<MappingTest> {
        let all: Vec<&Value<'_>> = match value.get_ref() {
            DeValue::Array(all) => all.iter().collect(),
            _ => vec![value],
        };
        all.into_iter().filter_map(|test| self.test(test)).collect()
    }

    fn test(&mut self, value: &Value<'_>) -> Option<MappingTest> {
        let table = self.table(value, "[[test]]")?;
        let mut test = MappingTest {
            name: None,
            row: Vec::new(),
            sends: None,
            problems: None,
            span: value.span(),
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "name" => test.name = self.text(value, "name").map(|p| p.text),
                "row" => test.row = self.cells(value),
                "sends" => {
                    self.table(value, "sends")?;
                    test.sends = Some(json(value));
                }
                "problems" => test.problems = Some(self.codes(value)),
                name => self.unknown(key.span(), "key of a test", name, KEYS),
            }
        }
        if test.row.is_empty() {
            self.problem(
                value.span(),
                "a test needs a row: row = { \"Customer Number\" = \"1\" }",
            );
        }
        if test.sends.is_none() && test.problems.is_none() {
            self.problem(
                value.span(),
                "a test says what the row becomes: sends = { … }, problems = [\"date.invalid\"], or both",
            );
        }
        Some(test)
    }

    /// The row's cells by column.
    fn cells(&mut self, value: &Value<'_>) -> Vec<(String, String)> {
        let mut cells = Vec::new();
        for (column, value) in self.table(value, "row").into_iter().flatten() {
            if let Some(cell) = self.constant(value) {
                cells.push((column.get_ref().to_string(), cell.to_text()));
            }
        }
        cells
    }

    fn codes(&mut self, value: &Value<'_>) -> Vec<Code> {
        let mut codes = Vec::new();
        for placed in self.texts(value, "problems") {
            let found = Code::ALL.iter().find(|c| c.as_str() == placed.text);
            match found {
                Some(code) => codes.push(*code),
                None => {
                    let known = Code::ALL.iter().map(|c| c.as_str());
                    self.unknown(placed.span, "diagnostic code", &placed.text, known);
                }
            }
        }
        codes
    }
}

fn json(value: &Value<'_>) -> Json {
    match value.get_ref() {
        DeValue::Table(table) => {
            let fields = table.iter();
            let fields = fields.map(|(k, v)| (k.get_ref().to_string(), json(v)));
            Json::Object(fields.collect::<Map<_, _>>())
        }
        DeValue::Array(items) => items.iter().map(json).collect(),
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Boolean(flag) => Json::from(*flag),
        DeValue::Integer(number) => whole(number),
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or(Json::Null, Json::from),
        DeValue::Datetime(date) => Json::from(date.to_string()),
    }
}

fn whole(number: &DeInteger<'_>) -> Json {
    i64::from_str_radix(number.as_str(), number.radix()).map_or(Json::Null, Json::from)
}
