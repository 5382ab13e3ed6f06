//! The body's structure down to its fields, and the rule of each.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::decide::DECIDE;
use super::{Reader, Value};
use crate::mapping::error::MappingProblem;
use crate::mapping::rule::{Constant, Feed, FieldRule, Question, Rule, Transform};
use crate::partner::catalogue::{self, FIELDS};
use crate::partner::{Field, FieldKind, PathSegment};

const RULE_KEYS: &[&str] = &[
    "column",
    "columns",
    "value",
    "template",
    "partner",
    "split",
    "map",
    "lookup",
    "default",
    "required",
    "formats",
    "transform",
    DECIDE,
];

const FEED_KEYS: &[&str] = &["column", "columns", "value", "template", "partner"];

/// How many keys of a rule say where its value comes from.
fn feeds_in(table: &DeTable<'_>) -> usize {
    table
        .keys()
        .filter(|k| FEED_KEYS.contains(&k.get_ref().as_ref()))
        .count()
}

impl Reader {
    /// Walks the body's structure down to its fields.
    pub(super) fn fields(
        &mut self,
        path: Vec<PathSegment>,
        prefix: &str,
        span: Range<usize>,
        value: &Value<'_>,
        rules: &mut Vec<FieldRule>,
    ) {
        if let Some((_, field)) = catalogue::find(prefix) {
            if field.kind == FieldKind::FreeForm {
                self.free_form(&path, field, span, value, rules);
            } else {
                self.push_rule(path, field, span, value, rules);
            }
            return;
        }
        if let Some((_, field)) = catalogue::find(&format!("{prefix}[]")) {
            // An array of plain values: one rule, or several in brackets.
            if let DeValue::Array(elements) = value.get_ref() {
                if elements.iter().all(|e| e.get_ref().is_str()) && elements.len() == 1 {
                    self.push_rule(path, field, span, &elements[0], rules);
                } else {
                    self.problem(value.span(), format!("{prefix} takes one rule; use {{ column = \"…\", split = \";\" }} or {{ columns = […] }}"));
                }
            } else {
                self.push_rule(path, field, span, value, rules);
            }
            return;
        }
        let array = format!("{prefix}[].");
        if FIELDS.iter().any(|f| f.path.starts_with(&array)) {
            let elements: Vec<&Value<'_>> = match value.get_ref() {
                DeValue::Array(elements) => elements.iter().collect(),
                DeValue::Table(_) => vec![value],
                _ => {
                    self.problem(
                        value.span(),
                        format!("{prefix} is a list: write [[{prefix}]] once for each element"),
                    );
                    return;
                }
            };
            for (index, element) in elements.into_iter().enumerate() {
                let mut path = path.clone();
                path.push(PathSegment::Index(index));
                self.children(&path, &format!("{prefix}[]"), element, rules);
            }
            return;
        }
        self.children(&path, prefix, value, rules);
    }

    pub(super) fn children(
        &mut self,
        path: &[PathSegment],
        prefix: &str,
        value: &Value<'_>,
        rules: &mut Vec<FieldRule>,
    ) {
        let Some(table) = self.table(value, prefix) else {
            return;
        };
        let below = format!("{prefix}.");
        let known: Vec<&str> = {
            let mut names: Vec<&str> = FIELDS
                .iter()
                .filter_map(|f| f.path.strip_prefix(&below))
                .filter_map(|rest| rest.split(['.', '[']).next())
                .collect();
            names.dedup();
            names
        };
        for (key, child) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                self.unknown(
                    key.span(),
                    &format!("field of {prefix}"),
                    name,
                    known.iter().copied(),
                );
                continue;
            }
            let mut path = path.to_vec();
            path.push(PathSegment::Name(name.to_owned()));
            self.fields(path, &format!("{below}{name}"), key.span(), child, rules);
        }
    }

    pub(super) fn free_form(
        &mut self,
        path: &[PathSegment],
        field: &'static Field,
        span: Range<usize>,
        value: &Value<'_>,
        rules: &mut Vec<FieldRule>,
    ) {
        match value.get_ref() {
            DeValue::Table(table)
                if !table
                    .keys()
                    .any(|k| FEED_KEYS.contains(&k.get_ref().as_ref())) =>
            {
                for (key, child) in table {
                    let mut path = path.to_vec();
                    path.push(PathSegment::Name(key.get_ref().to_string()));
                    self.free_form(&path, field, key.span(), child, rules);
                }
            }
            _ if catalogue::find(&crate::partner::display_path(path)).is_some() => {
                self.problem(value.span(), format!("{} is an object: give it keys, {}.apptivo = {{ accountId = \"Customer Number\" }}", field.path, field.path));
            }
            _ => self.push_rule(path.to_vec(), field, span, value, rules),
        }
    }

    pub(super) fn push_rule(
        &mut self,
        path: Vec<PathSegment>,
        field: &'static Field,
        span: Range<usize>,
        value: &Value<'_>,
        rules: &mut Vec<FieldRule>,
    ) {
        let before = self.questions.len();
        let rule = self.rule(field, value);
        let question = self.questions.drain(before..).next();
        if let Some(mut rule) = rule {
            let is_empty = matches!(&rule.feed, Feed::Value(Constant::Text(t)) if t.is_empty());
            if let Some(question) = question {
                if is_empty && field.path != catalogue::BUSINESS_NAME {
                    let about = crate::partner::display_path(&path);
                    self.questions.push(Question { about, ..question });
                    return;
                }
                // A question mark stands where a person has to say the word.
                rule.map
                    .retain(|(_, word)| *word != Constant::Text("?".to_owned()));
                rule.question = Some(question.text);
            }
            rules.push(FieldRule {
                path,
                field,
                rule,
                span,
            });
        }
    }

    pub(super) fn rule(&mut self, field: &'static Field, value: &Value<'_>) -> Option<Rule> {
        match value.get_ref() {
            DeValue::String(_) => Some(Rule::plain(Feed::Column(self.text(value, field.path)?))),
            DeValue::Boolean(b) if field.path.starts_with("query.") => {
                Some(Rule::plain(Feed::Value(Constant::Boolean(*b))))
            }
            DeValue::Table(table) => self.rule_table(field, value, table),
            _ => {
                self.problems.push(
                    MappingProblem::new(
                        value.span(),
                        format!("{} takes a column name or a rule", field.path),
                    )
                    .with_help("a constant is written { value = 1 }"),
                );
                None
            }
        }
    }

    pub(super) fn rule_table(
        &mut self,
        field: &'static Field,
        value: &Value<'_>,
        table: &DeTable<'_>,
    ) -> Option<Rule> {
        let given = feeds_in(table);
        if self.is_undecided(field.path, table, given > 0) && given == 0 {
            // The mapping is refused already; that the field has a line is what matters from here on.
            return Some(Rule::plain(Feed::Value(Constant::Text(String::new()))));
        }
        let mut feeds = Vec::new();
        let mut rule = Rule::plain(Feed::Value(Constant::Text(String::new())));
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "column" => feeds.extend(self.text(value, name).map(Feed::Column)),
                "columns" => feeds.push(Feed::Columns(self.texts(value, name))),
                "value" => feeds.extend(self.constant(value).map(Feed::Value)),
                "template" => feeds.extend(self.text(value, name).map(Feed::Template)),
                "partner" => feeds.extend(self.partner(field, key.span(), value)),
                "split" => {
                    rule.split = self.text(value, name).map(|p| p.text);
                    if rule.split.as_deref() == Some("") {
                        self.problem(value.span(), "split needs a separator, \";\"");
                    }
                }
                "map" => rule.map = self.map(value),
                "lookup" => rule.lookup = self.lookup(value),
                "default" => rule.default = self.constant(value),
                "required" => match value.get_ref() {
                    DeValue::Boolean(b) => rule.required = *b,
                    _ => self.problem(value.span(), "required takes true or false"),
                },
                "formats" if field.kind == FieldKind::Date => {
                    rule.formats = self.texts(value, name);
                }
                "formats" => self.problem(
                    key.span(),
                    format!(
                        "formats belongs to dates; {} takes {}",
                        field.path,
                        field.kind.expected()
                    ),
                ),
                "transform" => rule.transforms = self.transforms(value),
                DECIDE => {}
                _ => self.unknown(key.span(), "rule key", name, RULE_KEYS.iter().copied()),
            }
        }
        if given != 1 {
            self.problem(
                value.span(),
                format!(
                    "a rule needs exactly one of {}; this has {given}",
                    FEED_KEYS.join(", ")
                ),
            );
            return None;
        }
        rule.feed = feeds.pop()?;
        Some(rule)
    }

    /// The column of a `partner` rule, which only some fields take.
    fn partner(&mut self, field: &Field, key: Range<usize>, value: &Value<'_>) -> Option<Feed> {
        if field.kind == FieldKind::PartnerReference {
            return self.text(value, "partner").map(Feed::Partner);
        }
        self.problem(
            key,
            format!(
                "partner fills parentId and onBoardingPartnerId only, not {}",
                field.path
            ),
        );
        None
    }

    fn map(&mut self, value: &Value<'_>) -> Vec<(String, Constant)> {
        let words = self.table(value, "map").into_iter().flatten();
        words
            .filter_map(|(word, becomes)| {
                Some((word.get_ref().to_string(), self.constant(becomes)?))
            })
            .collect()
    }

    fn transforms(&mut self, value: &Value<'_>) -> Vec<Transform> {
        let mut transforms = Vec::new();
        for placed in self.texts(value, "transform") {
            match Transform::ALL.iter().find(|(n, _)| *n == placed.text) {
                Some((_, transform)) => transforms.push(*transform),
                None => self.unknown(
                    placed.span,
                    "transform",
                    &placed.text,
                    Transform::ALL.iter().map(|(n, _)| *n),
                ),
            }
        }
        transforms
    }

    pub(super) fn constant(&mut self, value: &Value<'_>) -> Option<Constant> {
        match value.get_ref() {
            DeValue::String(s) => Some(Constant::Text(s.to_string())),
            DeValue::Boolean(b) => Some(Constant::Boolean(*b)),
            DeValue::Integer(n) => {
                if let Ok(n) = i64::from_str_radix(n.as_str(), n.radix()) {
                    Some(Constant::Integer(n))
                } else {
                    self.problem(value.span(), "the number is too large");
                    None
                }
            }
            DeValue::Float(n) => n.as_str().parse().ok().map(Constant::Float),
            DeValue::Datetime(d) => Some(Constant::Text(d.to_string())),
            _ => {
                self.problem(value.span(), "a constant is text, a number, true or false");
                None
            }
        }
    }
}
