//! What a form of the page asks for → changes of the mapping. Pure: what the page sent is not believed, but looked up.

use super::bench::Bench;
use super::model::{Model, path_of};
use crate::mapping::edit::{Change, Place, RulePart, SettingValue};
use crate::mapping::{Constant, Feed};
use crate::partner::catalogue::find;
use crate::partner::{FieldKind, PathSegment, field_name};

/// The fields of a form, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        Self(
            pairs
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or("").trim()
    }
}

/// A refusal in words, and what a form does.
pub(super) type Made<T> = Result<T, String>;

/// What one form changes: the changes, and what is said when they are made.
pub(super) struct Asked {
    pub(super) changes: Vec<Change>,
    pub(super) words: String,
    /// A field without a column that is shown next.
    pub(super) field: Option<String>,
}

pub(super) fn asked(changes: Vec<Change>, words: impl Into<String>) -> Asked {
    Asked {
        changes,
        words: words.into(),
        field: None,
    }
}

pub(super) const STALE: &str = "The page is older than the mapping. Reload it and try again.";

/// The changes that a form asks for.
pub(super) fn changes(form: &Form, bench: &Bench) -> Made<Asked> {
    let reader = FormReader { form, bench };
    match form.text("do") {
        "give" => reader.give(),
        "remove" => reader.remove(),
        "key" => reader.key(),
        "confirm" => reader.confirm(),
        "words" => reader.words(),
        "more" => reader.more(),
        "also" => reader.also(),
        "value" => reader.value(),
        "template" => reader.template(),
        "formats" => reader.formats(),
        "setting" => reader.setting(),
        "null" => reader.null(),
        "means" => reader.means(),
        "untest" => reader.untest(),
        "lookup" => reader.lookup(),
        "missing" => reader.missing(),
        _ => Err("The page asked for something unknown. Reload it and try again.".to_owned()),
    }
}

pub(super) struct FormReader<'d> {
    pub(super) form: &'d Form,
    pub(super) bench: &'d Bench,
}

impl FormReader<'_> {
    fn model(&self) -> Made<&Model> {
        self.bench.model().map_err(|_| {
            "The mapping has an error, so no line of it can be changed here. Correct its text below, or undo the last change."
                .to_owned()
        })
    }

    /// A column by the number that a form sends.
    pub(super) fn column(&self, name: &str) -> Made<(usize, String)> {
        let index: Option<usize> = self.form.text(name).parse().ok();
        let names = self.bench.explored.header.names();
        let found = index.and_then(|i| Some((i, names.get(i)?.to_string())));
        found.ok_or_else(|| STALE.to_owned())
    }

    /// A field by its path: one of the catalogue, or one below a free-form object that the mapping has.
    pub(super) fn path(&self, name: &str) -> Made<(String, Vec<PathSegment>, FieldKind)> {
        let text = self.form.text(name);
        let known = find(&super::model::catalogue_path(text)).map(|(_, field)| field.kind);
        let mapped = || {
            let model = self.bench.model().ok()?;
            let rule = model.rule_of(text)?;
            Some(model.mapping.rules[rule].field.kind)
        };
        match (path_of(text), known.or_else(mapped)) {
            (Some(path), Some(kind)) => Ok((text.to_owned(), path, kind)),
            _ if text.is_empty() => Err("Choose a field first.".to_owned()),
            _ => Err(STALE.to_owned()),
        }
    }

    pub(super) fn rule(&self, path: &str) -> Made<(&Model, usize)> {
        let model = self.model()?;
        let rule = model.rule_of(path).ok_or_else(|| STALE.to_owned())?;
        Ok((model, rule))
    }

    pub(super) fn part(path: &[PathSegment], part: RulePart) -> Change {
        Change::Field {
            field: path.to_vec(),
            part,
        }
    }

    fn give(&self) -> Made<Asked> {
        let (column, name) = self.column("column")?;
        let (text, path, kind) = self.path("field")?;
        let mut changes = Vec::new();
        let from = self.form.text("from");
        if from == text {
            return Ok(asked(Vec::new(), ""));
        }
        if !from.is_empty() {
            changes.push(self.without(from, column)?);
        }
        let part = match kind {
            FieldKind::PartnerReference => RulePart::Partner(name.clone()),
            _ => RulePart::Column(name.clone()),
        };
        changes.push(Self::part(&path, part));
        if super::model::catalogue_path(&text).ends_with("[]") {
            changes.push(Self::part(&path, RulePart::Split(Some(";".to_owned()))));
        }
        Ok(asked(
            changes,
            format!("“{name}” now fills {}.", field_name(&text)),
        ))
    }

    /// The change by which a column fills a field no longer: where other columns do, too, these stay.
    fn without(&self, text: &str, column: usize) -> Made<Change> {
        let (model, rule) = self.rule(text)?;
        let path = model.mapping.rules[rule].path.clone();
        let rest: Vec<String> = match &model.mapping.rules[rule].rule.feed {
            Feed::Columns(names) => {
                let header = &self.bench.explored.header;
                let stays = names
                    .iter()
                    .filter(|n| header.find(&n.text) != Some(column));
                stays.map(|n| n.text.clone()).collect()
            }
            _ => Vec::new(),
        };
        Ok(match rest.as_slice() {
            [] => Change::RemoveField(path),
            [one] => Self::part(&path, RulePart::Column(one.clone())),
            _ => Self::part(&path, RulePart::Columns(rest)),
        })
    }

    fn remove(&self) -> Made<Asked> {
        let text = self.form.text("field");
        let change = match self.form.text("column") {
            "" => Change::RemoveField(path_of(text).ok_or_else(|| STALE.to_owned())?),
            _ => self.without(text, self.column("column")?.0)?,
        };
        Ok(asked(
            vec![change],
            format!("{} is not filled from here any more.", field_name(text)),
        ))
    }

    fn key(&self) -> Made<Asked> {
        let (_, name) = self.column("column")?;
        let mut names: Vec<String> = Vec::new();
        if self.form.text("how") == "add" {
            names.extend(self.model()?.mapping.key.0.iter().map(|k| k.text.clone()));
        }
        if self.form.text("how") == "drop" {
            let key = &self.model()?.mapping.key.0;
            names.extend(key.iter().map(|k| k.text.clone()).filter(|k| *k != name));
            if names.is_empty() {
                return Err(
                    "A mapping needs a key. Choose another column as the key instead.".to_owned(),
                );
            }
        } else {
            names.push(name.clone());
        }
        let words = format!("The key is now “{}”.", names.join("” and “"));
        Ok(asked(vec![Change::Key(names)], words))
    }

    fn confirm(&self) -> Made<Asked> {
        let about = self.form.text("about");
        let (place, words) = match about {
            "key" => (Place::Key, "The key is decided.".to_owned()),
            _ if about.contains('.') => {
                let (text, path, _) = self.path("about")?;
                (
                    Place::Field(path),
                    format!("{} is decided.", field_name(&text)),
                )
            }
            _ => (
                Place::Setting(about.to_owned()),
                format!("{about} is decided."),
            ),
        };
        let question = None;
        Ok(asked(vec![Change::Decide { place, question }], words))
    }

    /// Default, split, required and transform.
    fn more(&self) -> Made<Asked> {
        let (text, path, kind) = self.path("field")?;
        let (model, rule) = self.rule(&text)?;
        let is_always_required = model.mapping.rules[rule].field.required;
        let rule = &model.mapping.rules[rule].rule;
        let mut changes = Vec::new();
        let default = self.form.text("default");
        let now = rule
            .default
            .as_ref()
            .map_or_else(String::new, Constant::to_text);
        if default != now {
            let default = (!default.is_empty()).then(|| constant(kind, default));
            changes.push(Self::part(&path, RulePart::Default(default)));
        }
        if let Some(split) = self.form.get("split")
            && split != rule.split.as_deref().unwrap_or("")
        {
            let split = (!split.is_empty()).then(|| split.to_owned());
            changes.push(Self::part(&path, RulePart::Split(split)));
        }
        // What the field itself requires is shown as ticked, and needs no word in the mapping.
        let required = self.form.get("required").is_some();
        if required != rule.required && !is_always_required {
            changes.push(Self::part(&path, RulePart::Required(required)));
        }
        if let Some(transforms) = self.form.get("transforms") {
            let names: Vec<String> = transforms
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect();
            let known = crate::mapping::Transform::ALL;
            if let Some(unknown) = names.iter().find(|n| !known.iter().any(|(k, _)| k == n)) {
                let all: Vec<&str> = known.iter().map(|(k, _)| *k).collect();
                return Err(format!(
                    "“{unknown}” is no change of text. Use {}.",
                    all.join(", ")
                ));
            }
            let now: Vec<&str> = rule
                .transforms
                .iter()
                .filter_map(|t| Some(known.iter().find(|(_, k)| k == t)?.0))
                .collect();
            if now != names {
                changes.push(Self::part(&path, RulePart::Transform(names)));
            }
        }
        Ok(asked(
            changes,
            format!("The rule of {} is changed.", field_name(&text)),
        ))
    }

    /// One more column, which fills the field where those before it are empty.
    fn also(&self) -> Made<Asked> {
        let (text, path, _) = self.path("field")?;
        let (_, other) = self.column("other")?;
        let (model, rule) = self.rule(&text)?;
        let mut names: Vec<String> = match &model.mapping.rules[rule].rule.feed {
            Feed::Column(name) => vec![name.text.clone()],
            Feed::Columns(names) => names.iter().map(|n| n.text.clone()).collect(),
            _ => return Err("Only a field that columns fill can take another one.".to_owned()),
        };
        names.push(other.clone());
        let words = format!("Where it is empty, “{other}” fills {}.", field_name(&text));
        Ok(asked(
            vec![Self::part(&path, RulePart::Columns(names))],
            words,
        ))
    }

    /// The same value in every row.
    fn value(&self) -> Made<Asked> {
        let (text, path, kind) = self.path("field")?;
        let value = self.form.text("value");
        if value.is_empty() {
            return Err("Type the value that every row is to have.".to_owned());
        }
        let part = RulePart::Value(constant(kind, value));
        let mut asked = asked(
            vec![Self::part(&path, part)],
            format!("{} is now {value} in every row.", field_name(&text)),
        );
        asked.field = Some(text);
        Ok(asked)
    }

    fn template(&self) -> Made<Asked> {
        let (text, path, _) = self.path("field")?;
        let template = self.form.get("template").unwrap_or("").trim();
        if template.is_empty() {
            return Err(
                "Type a template, such as {{ row['First'] }} {{ row['Last'] }}.".to_owned(),
            );
        }
        let part = RulePart::Template(template.to_owned());
        let words = format!("The template of {} is changed.", field_name(&text));
        Ok(asked(vec![Self::part(&path, part)], words))
    }

    fn formats(&self) -> Made<Asked> {
        let (text, path, _) = self.path("field")?;
        let formats = self.form.get("formats").unwrap_or("");
        let formats: Vec<String> = formats
            .split(['|', '\n'])
            .map(|f| f.trim().to_owned())
            .filter(|f| !f.is_empty())
            .collect();
        let words = format!("The formats of {} are changed.", field_name(&text));
        Ok(asked(
            vec![Self::part(&path, RulePart::Formats(formats))],
            words,
        ))
    }

    fn setting(&self) -> Made<Asked> {
        let name = self.form.text("name");
        if !matches!(name, "date_order" | "phone_region" | "locale") {
            return Err(STALE.to_owned());
        }
        let value = self.form.text("value");
        let change = Change::Setting {
            name: name.to_owned(),
            value: (!value.is_empty()).then(|| SettingValue::Text(value.to_owned())),
        };
        let words = match value {
            "" => format!("{name} is detected again."),
            value => format!("{name} is now {value}, for the whole file."),
        };
        Ok(asked(vec![change], words))
    }
}

/// A constant as the field's kind writes it.
pub(super) fn constant(kind: FieldKind, text: &str) -> Constant {
    match (kind, text.to_ascii_lowercase().as_str()) {
        (FieldKind::Boolean, "true" | "yes") => Constant::Boolean(true),
        (FieldKind::Boolean, "false" | "no") => Constant::Boolean(false),
        (FieldKind::Integer | FieldKind::Words(_), _) => text
            .parse()
            .map_or_else(|_| Constant::Text(text.to_owned()), Constant::Integer),
        _ => Constant::Text(text.to_owned()),
    }
}
