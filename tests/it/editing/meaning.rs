//! A mapping without its layout, and what each change means for it.

use std::collections::BTreeMap;

use partner_sync::mapping::Constant;
use partner_sync::mapping::edit::{
    Change, Level, NewTest, Place, RowsRule, RulePart, SettingValue,
};
use partner_sync::partner::PathSegment;
use toml::{Table, Value};

pub(super) const SOURCES: [&str; 5] = ["column", "columns", "value", "template", "partner"];
pub(super) const SECTIONS: [&str; 4] =
    ["query", "organization", "partnerCriteria", "vendorAccount"];
pub(super) const OF_CELLS: [&str; 7] = [
    "split",
    "map",
    "lookup",
    "default",
    "formats",
    "transform",
    "required",
];

/// A mapping without its layout: rules by path, each a table of its parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Meaning {
    pub(super) rules: BTreeMap<Vec<PathSegment>, Table>,
    key: Table,
    settings: BTreeMap<String, Table>,
    null: Vec<String>,
    rest: Table,
    tests: Vec<Value>,
}

pub(super) fn table(name: &str, value: impl Into<Value>) -> Table {
    let mut table = Table::new();
    table.insert(name.to_owned(), value.into());
    table
}

pub(super) fn rules(
    path: Vec<PathSegment>,
    value: &Value,
    out: &mut BTreeMap<Vec<PathSegment>, Table>,
) {
    let step = |step: PathSegment| [&path[..], &[step]].concat();
    match value {
        Value::String(_) => _ = out.insert(path, table("column", value.clone())),
        Value::Boolean(_) => _ = out.insert(path, table("value", value.clone())),
        Value::Table(rule)
            if SOURCES
                .iter()
                .chain(&["decide"])
                .any(|s| rule.contains_key(*s)) =>
        {
            out.insert(path, rule.clone());
        }
        Value::Table(fields) => {
            for (name, value) in fields {
                rules(step(PathSegment::Name(name.clone())), value, out);
            }
        }
        Value::Array(elements) => {
            for (i, element) in elements.iter().enumerate() {
                rules(step(PathSegment::Index(i)), element, out);
            }
        }
        other => panic!("{other:?}"),
    }
}

impl Meaning {
    pub(super) fn of(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut all: Table = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
        let mut meaning = Self::default();
        for section in SECTIONS {
            if let Some(value) = all.remove(section) {
                let path = vec![PathSegment::Name(section.to_owned())];
                rules(path, &value, &mut meaning.rules);
            }
        }
        meaning.key = match all.remove("key") {
            Some(Value::Table(key)) => key,
            Some(one @ Value::String(_)) => table("column", one),
            Some(several) => table("columns", several),
            None => Table::new(),
        };
        if let Some(Value::Table(settings)) = all.remove("source") {
            for (name, value) in settings {
                match value {
                    Value::Array(words) if name == "null" => {
                        meaning.null = words.iter().map(|w| w.as_str().unwrap().into()).collect();
                    }
                    Value::Table(t) if t.contains_key("decide") => {
                        meaning.settings.insert(name, t);
                    }
                    value => _ = meaning.settings.insert(name, table("value", value)),
                }
            }
        }
        if let Some(Value::Array(tests)) = all.remove("test") {
            meaning.tests = tests;
        }
        meaning.rest = all;
        meaning.tidy();
        meaning
    }

    /// What is empty is not there.
    fn tidy(&mut self) {
        if let Some(Value::Table(levels)) = self.rest.get_mut("validation") {
            levels.retain(|_, codes| codes.as_array().is_some_and(|c| !c.is_empty()));
            if levels.is_empty() {
                self.rest.remove("validation");
            }
        }
    }

    /// What the change means, said another way than the program does.
    pub(super) fn change(&mut self, change: &Change) -> Result<(), ()> {
        match change {
            Change::Name(name) => _ = self.rest.insert("name".to_owned(), name.clone().into()),
            Change::Key(columns) => {
                self.key = match &columns[..] {
                    [one] => table("column", one.clone()),
                    several => table("columns", several.to_vec()),
                };
            }
            Change::Field { field, part } => self.part(field, part)?,
            Change::RemoveField(field) => _ = self.rules.remove(field),
            Change::Decide { place, question } => {
                let line = match place {
                    Place::Key => &mut self.key,
                    Place::Setting(name) => self.settings.entry(name.clone()).or_default(),
                    Place::Field(field) => self.rules.entry(field.clone()).or_default(),
                };
                match question {
                    Some(q) => _ = line.insert("decide".to_owned(), q.clone().into()),
                    None => _ = line.remove("decide"),
                }
                self.rules.retain(|_, rule| !rule.is_empty());
                self.settings.retain(|_, setting| !setting.is_empty());
            }
            Change::Setting { name, value } => {
                let value: Option<Value> = value.as_ref().map(|v| match v {
                    SettingValue::Text(t) => t.clone().into(),
                    SettingValue::Number(n) => i64::try_from(*n).unwrap().into(),
                    SettingValue::Texts(all) => all.clone().into(),
                });
                match value {
                    Some(value) => _ = self.settings.insert(name.clone(), table("value", value)),
                    None => _ = self.settings.remove(name),
                }
            }
            Change::Rows {
                rule,
                column,
                words,
            } => self.rows(*rule, column, words),
            Change::NullWord { word, is_null } => {
                let is_in = self.null.contains(word);
                match (is_in, is_null) {
                    (false, true) => self.null.push(word.clone()),
                    (true, false) => self.null.retain(|w| w != word),
                    _ => {}
                }
            }
            Change::Level { code, level } => {
                let levels = self.rest.entry("validation").or_insert(Table::new().into());
                for (name, is_in) in [
                    ("allow", *level == Some(Level::Allow)),
                    ("deny", *level == Some(Level::Deny)),
                ] {
                    let levels = levels.as_table_mut().unwrap();
                    let codes = levels.entry(name).or_insert(Value::Array(Vec::new()));
                    let codes = codes.as_array_mut().unwrap();
                    let code = Value::from(code.clone());
                    if !is_in {
                        codes.retain(|c| *c != code);
                    } else if !codes.contains(&code) {
                        codes.push(code);
                    }
                }
                self.tidy();
            }
            Change::AddTest(test) => self.add(test),
            Change::RemoveTest(number) => {
                if *number < self.tests.len() {
                    self.tests.remove(*number);
                }
            }
            Change::Expect {
                number,
                sends,
                problems,
            } => self.expect(*number, sends.as_ref(), problems)?,
        }
        Ok(())
    }

    fn add(&mut self, test: &NewTest) {
        let row: Table = (test.row.iter())
            .map(|(column, cell)| (column.clone(), cell.clone().into()))
            .collect();
        let mut whole = table("row", row);
        whole.extend(test.name.iter().map(|n| ("name".into(), n.clone().into())));
        whole.insert("problems".to_owned(), test.problems.clone().into());
        self.tests.push(whole.into());
    }

    fn expect(
        &mut self,
        number: usize,
        sends: Option<&serde_json::Value>,
        problems: &[String],
    ) -> Result<(), ()> {
        let test = self.tests.get_mut(number).ok_or(())?;
        let test = test.as_table_mut().unwrap();
        let sends = sends.map(|json| Value::try_from(json).unwrap());
        test.remove("problems");
        if !problems.is_empty() || sends.is_none() {
            test.insert("problems".to_owned(), problems.to_vec().into());
        }
        test.remove("sends");
        test.extend(sends.map(|sends| ("sends".to_owned(), sends)));
        Ok(())
    }

    fn rows(&mut self, rule: RowsRule, column: &str, words: &[String]) {
        let name = match rule {
            RowsRule::Only => "only",
            RowsRule::Except => "except",
        };
        let setting = self.settings.entry(name.to_owned()).or_default();
        let columns = setting.entry("value").or_insert(Table::new().into());
        let columns = columns.as_table_mut().unwrap();
        let words: Value = match words {
            [] => {
                columns.remove(column);
                if columns.is_empty() {
                    self.settings.remove(name);
                }
                return;
            }
            [one] => one.clone().into(),
            all => all.to_vec().into(),
        };
        columns.insert(column.to_owned(), words);
    }

    fn part(&mut self, field: &[PathSegment], part: &RulePart) -> Result<(), ()> {
        let value = |constant: &Constant| match constant {
            Constant::Text(t) => Value::from(t.clone()),
            Constant::Integer(n) => (*n).into(),
            Constant::Float(n) => (*n).into(),
            Constant::Boolean(b) => (*b).into(),
        };
        let source: Option<(&str, Value)> = match part {
            RulePart::Column(c) => Some(("column", c.clone().into())),
            RulePart::Columns(c) => Some(("columns", c.clone().into())),
            RulePart::Value(c) => Some(("value", value(c))),
            RulePart::Template(t) => Some(("template", t.clone().into())),
            RulePart::Partner(c) => Some(("partner", c.clone().into())),
            _ => None,
        };
        if let Some((name, from)) = source {
            let rule = self.rules.entry(field.to_vec()).or_default();
            for old in SOURCES.iter().chain(&["decide"]) {
                rule.remove(*old);
            }
            if name == "value" {
                for old in OF_CELLS {
                    rule.remove(old);
                }
            }
            rule.insert(name.to_owned(), from);
            return Ok(());
        }
        let (name, new): (&str, Option<Value>) = match part {
            RulePart::Default(c) => ("default", c.as_ref().map(value)),
            RulePart::Split(s) => ("split", s.clone().map(Value::from)),
            RulePart::Formats(all) => ("formats", some(all).map(|a| a.to_vec().into())),
            RulePart::Transform(all) => (
                "transform",
                some(all).map(|all| match all {
                    [one] => one.clone().into(),
                    all => all.to_vec().into(),
                }),
            ),
            RulePart::Required(required) => ("required", required.then_some(Value::from(true))),
            RulePart::Lookup(lookup) => (
                "lookup",
                lookup.as_ref().map(|l| {
                    let mut file = table("file", l.file.clone());
                    file.insert("from".to_owned(), l.from.clone().into());
                    file.insert("to".to_owned(), l.to.clone().into());
                    file.into()
                }),
            ),
            RulePart::Word { word, becomes } => {
                let map = self.rules.get(field).and_then(|r| r.get("map"));
                let mut map = map.and_then(Value::as_table).cloned().unwrap_or_default();
                match becomes {
                    Some(becomes) => _ = map.insert(word.clone(), value(becomes)),
                    None => _ = map.remove(word),
                }
                ("map", (!map.is_empty()).then(|| map.into()))
            }
            _ => unreachable!(),
        };
        match (self.rules.get_mut(field), new) {
            (Some(rule), Some(new)) => _ = rule.insert(name.to_owned(), new),
            (Some(rule), None) => _ = rule.remove(name),
            (None, Some(_)) => return Err(()),
            (None, None) => {}
        }
        Ok(())
    }
}

pub(super) fn some(all: &[String]) -> Option<&[String]> {
    (!all.is_empty()).then_some(all)
}
