//! The mapping file as written: TOML with the place of every word.
//!
//! The tree is walked by hand rather than through serde, so that all problems are found in one reading,
//! each with its exact place, and so that the catalogue alone says which fields there are.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::date::Order;
use super::error::{MappingError, MappingProblem};
use super::rule::{Constant, Feed, FieldRule, Placed, Rule, Transform};
use crate::diagnostic::{Code, Severity, nearest};
use crate::partner::catalogue::{self, FIELDS};
use crate::partner::{FieldKind, PathSegment};

/// A mapping, read and checked by itself; columns are checked when it is compiled against a header.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The file as the user named it.
    pub path: String,
    /// Its text, for messages.
    pub text: Arc<str>,
    /// The name of the rows' space in the state.
    pub name: String,
    /// What makes a row itself.
    pub key: KeyColumns,
    /// The source's settings.
    pub source: SourceSettings,
    /// The levels that the user changed.
    pub validation: Validation,
    /// Every field and its rule, in the order of the catalogue.
    pub rules: Vec<FieldRule>,
}

/// The key columns.
#[derive(Debug, Clone)]
pub struct KeyColumns(pub Vec<Placed>);

/// `[source]`.
#[derive(Debug, Clone, Default)]
pub struct SourceSettings {
    /// A sheet by name.
    pub sheet_name: Option<String>,
    /// A sheet by number from 1.
    pub sheet_number: Option<usize>,
    /// The header's row, from 1.
    pub header_row: Option<u64>,
    /// The delimiter.
    pub delimiter: Option<u8>,
    /// The encoding.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// Words that stand for an empty cell.
    pub null: Vec<String>,
    /// The order of numeric dates.
    pub date_order: Option<Order>,
    /// The region of telephone numbers.
    pub phone_region: Option<String>,
    /// The zone into which times with an offset are converted.
    pub timezone: Option<jiff::tz::TimeZone>,
}

/// `[validation]`.
#[derive(Debug, Clone, Default)]
pub struct Validation {
    /// Codes that only warn.
    pub allow: Vec<Code>,
    /// Codes that refuse the row.
    pub deny: Vec<Code>,
}

impl Validation {
    /// The level of a code under these settings.
    #[must_use]
    pub fn severity(&self, code: Code) -> Severity {
        if self.deny.contains(&code) {
            Severity::Error
        } else if self.allow.contains(&code) {
            Severity::Warning
        } else {
            code.severity()
        }
    }
}

/// Codes that no mapping can turn into warnings: such a row has no identity or no valid body.
const UNALLOWABLE: &[Code] = &[
    Code::KeyMissing,
    Code::KeyDuplicate,
    Code::IdentifierDuplicate,
    Code::RowRagged,
    Code::RowTorn,
    Code::RowUndecodable,
];

const TOP_KEYS: &[&str] = &[
    "name",
    "key",
    "source",
    "query",
    "organization",
    "partnerCriteria",
    "vendorAccount",
    "validation",
];
const SOURCE_KEYS: &[&str] = &[
    "sheet",
    "header_row",
    "delimiter",
    "encoding",
    "null",
    "date_order",
    "phone_region",
    "timezone",
];
const RULE_KEYS: &[&str] = &[
    "column",
    "columns",
    "value",
    "template",
    "partner",
    "split",
    "map",
    "default",
    "required",
    "formats",
    "transform",
];
const FEED_KEYS: &[&str] = &["column", "columns", "value", "template", "partner"];

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`] with everything that is wrong in it.
    pub fn read(path: &Path) -> Result<Self, MappingError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| MappingError::Open {
            path: name.clone(),
            source,
        })?;
        let text = String::from_utf8(bytes).map_err(|e| MappingError::Open {
            path: name.clone(),
            source: std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                format!("it is no UTF-8 text: {e}"),
            ),
        })?;
        Self::parse(&name, &text)
    }

    /// Reads a mapping's text; `path` is for messages.
    pub fn parse(path: &str, text: &str) -> Result<Self, MappingError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader {
            problems: Vec::new(),
        };
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            reader.problems.push(MappingProblem::new(
                span,
                format!("not TOML: {}", error.message()),
            ));
        }
        let mapping = if reader.problems.is_empty() {
            reader.mapping(path, text, table.get_ref())
        } else {
            None
        };
        match mapping {
            Some(mapping) if reader.problems.is_empty() => Ok(mapping),
            _ => {
                reader.problems.sort_by_key(|p| p.span.start);
                Err(MappingError::Invalid {
                    path: path.to_owned(),
                    text: text.into(),
                    problems: reader.problems,
                })
            }
        }
    }
}

struct Reader {
    problems: Vec<MappingProblem>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader {
    fn problem(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.problems.push(MappingProblem::new(span, message));
    }

    fn unknown<'n>(
        &mut self,
        span: Range<usize>,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) {
        let mut problem = MappingProblem::new(span, format!("unknown {what} \"{name}\""));
        problem.help = Some(match nearest(name, known.clone()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!(
                "known here: {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            ),
        });
        self.problems.push(problem);
    }

    fn mapping(&mut self, path: &str, text: &str, table: &DeTable<'_>) -> Option<Mapping> {
        for (key, _) in table {
            if !TOP_KEYS.contains(&key.get_ref().as_ref()) {
                self.unknown(key.span(), "key", key.get_ref(), TOP_KEYS.iter().copied());
            }
        }
        let name = if let Some(value) = table.get("name") {
            self.text(value, "name").map(|p| p.text)
        } else {
            self.problems.push(
                MappingProblem::new(0..0, "the mapping has no name").with_help(
                    "write: name = \"apptivo-customers\" (it names the rows' space in the state)",
                ),
            );
            None
        };
        if name.as_deref().is_some_and(|n| n.trim().is_empty()) {
            let span = table.get("name").map_or(0..0, Spanned::span);
            self.problem(span, "the name is empty");
        }
        let key = if let Some(value) = table.get("key") {
            let columns = self.texts(value, "key");
            if columns.is_empty() {
                self.problem(value.span(), "key names no column");
            }
            columns
        } else {
            self.problems.push(
                MappingProblem::new(0..0, "the mapping has no key")
                    .with_help("write: key = \"Customer Number\" (the column that makes a row itself; several: [\"A\", \"B\"])"),
            );
            Vec::new()
        };
        let source = table
            .get("source")
            .map(|v| self.source(v))
            .unwrap_or_default();
        let validation = table
            .get("validation")
            .map(|v| self.validation(v))
            .unwrap_or_default();
        let mut rules = Vec::new();
        for section in ["query", "organization", "partnerCriteria", "vendorAccount"] {
            if let Some((key, value)) = table.get_key_value(section) {
                let path = vec![PathSegment::Name(section.to_owned())];
                self.fields(path, section, key.span(), value, &mut rules);
            }
        }
        if !rules
            .iter()
            .any(|r: &FieldRule| r.field.path == catalogue::BUSINESS_NAME)
        {
            let span = table
                .get_key_value("organization")
                .map_or(0..0, |(k, _)| k.span());
            self.problems.push(
                MappingProblem::new(
                    span,
                    "organization.businessName is not mapped; it is required",
                )
                .with_help("write under [organization]: businessName = \"Customer Name\""),
            );
        }
        rules.sort_by_key(|r| {
            (
                FIELDS.iter().position(|f| f.path == r.field.path),
                r.path.clone(),
            )
        });
        Some(Mapping {
            path: path.to_owned(),
            text: text.into(),
            name: name?,
            key: KeyColumns(key),
            source,
            validation,
            rules,
        })
    }

    fn source(&mut self, value: &Value<'_>) -> SourceSettings {
        let mut settings = SourceSettings::default();
        let Some(table) = self.table(value, "[source]") else {
            return settings;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "sheet" => match value.get_ref() {
                    DeValue::Integer(_) => settings.sheet_number = self.positive(value, name),
                    _ => settings.sheet_name = self.text(value, name).map(|p| p.text),
                },
                "header_row" => {
                    settings.header_row = self
                        .positive(value, name)
                        .and_then(|n| u64::try_from(n).ok());
                }
                "delimiter" => {
                    if let Some(p) = self.text(value, name) {
                        let given = if p.text == "tab" { "\t" } else { &p.text };
                        match given.as_bytes() {
                            [b] if b.is_ascii() && !b.is_ascii_alphanumeric() && *b != b'"' => {
                                settings.delimiter = Some(*b);
                            }
                            _ => self.problem(p.span, "a delimiter is one ASCII character: \",\", \";\", \"\\t\" or \"|\""),
                        }
                    }
                }
                "encoding" => {
                    if let Some(p) = self.text(value, name) {
                        settings.encoding = encoding_rs::Encoding::for_label(p.text.as_bytes());
                        if settings.encoding.is_none() {
                            self.unknown(
                                p.span,
                                "encoding",
                                &p.text,
                                [
                                    "utf-8",
                                    "utf-16le",
                                    "utf-16be",
                                    "windows-1252",
                                    "iso-8859-1",
                                    "iso-8859-15",
                                    "windows-1250",
                                    "windows-1251",
                                    "shift_jis",
                                    "gb18030",
                                    "macintosh",
                                ],
                            );
                        }
                    }
                }
                "null" => {
                    settings.null = self
                        .texts(value, name)
                        .into_iter()
                        .map(|p| p.text.trim().to_owned())
                        .collect();
                }
                "date_order" => {
                    if let Some(p) = self.text(value, name) {
                        settings.date_order = Order::from_word(&p.text);
                        if settings.date_order.is_none() {
                            self.unknown(p.span, "date order", &p.text, ["mdy", "dmy", "ymd"]);
                        }
                    }
                }
                "phone_region" => {
                    if let Some(p) = self.text(value, name) {
                        if p.text.len() == 2 && p.text.chars().all(|c| c.is_ascii_uppercase()) {
                            settings.phone_region = Some(p.text);
                        } else {
                            self.problem(
                                p.span,
                                "a region is a two-letter country code in capitals, \"US\"",
                            );
                        }
                    }
                }
                "timezone" => {
                    if let Some(p) = self.text(value, name) {
                        match jiff::tz::TimeZone::get(&p.text) {
                            Ok(zone) => settings.timezone = Some(zone),
                            Err(_) => self.problem(p.span, format!("unknown time zone \"{}\"; write an IANA name, \"America/Los_Angeles\"", p.text)),
                        }
                    }
                }
                _ => self.unknown(
                    key.span(),
                    "source setting",
                    name,
                    SOURCE_KEYS.iter().copied(),
                ),
            }
        }
        settings
    }

    fn validation(&mut self, value: &Value<'_>) -> Validation {
        let mut validation = Validation::default();
        let Some(table) = self.table(value, "[validation]") else {
            return validation;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name != "allow" && name != "deny" {
                self.unknown(key.span(), "validation setting", name, ["allow", "deny"]);
                continue;
            }
            for placed in self.texts(value, name) {
                let Some(code) = Code::ALL.iter().find(|c| c.as_str() == placed.text) else {
                    self.unknown(
                        placed.span,
                        "diagnostic code",
                        &placed.text,
                        Code::ALL.iter().map(|c| c.as_str()),
                    );
                    continue;
                };
                if name == "deny" {
                    validation.deny.push(*code);
                } else if UNALLOWABLE.contains(code) {
                    self.problem(
                        placed.span,
                        format!("{code} cannot be allowed: such a row cannot be sent"),
                    );
                } else {
                    validation.allow.push(*code);
                }
            }
        }
        validation
    }

    /// Walks the body's structure down to its fields.
    fn fields(
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

    fn children(
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

    fn free_form(
        &mut self,
        path: &[PathSegment],
        field: &'static crate::partner::Field,
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

    fn push_rule(
        &mut self,
        path: Vec<PathSegment>,
        field: &'static crate::partner::Field,
        span: Range<usize>,
        value: &Value<'_>,
        rules: &mut Vec<FieldRule>,
    ) {
        if let Some(rule) = self.rule(field, value) {
            rules.push(FieldRule {
                path,
                field,
                rule,
                span,
            });
        }
    }

    fn rule(&mut self, field: &'static crate::partner::Field, value: &Value<'_>) -> Option<Rule> {
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

    fn rule_table(
        &mut self,
        field: &'static crate::partner::Field,
        value: &Value<'_>,
        table: &DeTable<'_>,
    ) -> Option<Rule> {
        let mut feeds = Vec::new();
        let mut rule = Rule::plain(Feed::Value(Constant::Text(String::new())));
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "column" => feeds.extend(self.text(value, name).map(Feed::Column)),
                "columns" => feeds.push(Feed::Columns(self.texts(value, name))),
                "value" => feeds.extend(self.constant(value).map(Feed::Value)),
                "template" => feeds.extend(self.text(value, name).map(Feed::Template)),
                "partner" => {
                    if field.kind == FieldKind::PartnerReference {
                        feeds.extend(self.text(value, name).map(Feed::Partner));
                    } else {
                        self.problem(
                            key.span(),
                            format!(
                                "partner fills parentId and onBoardingPartnerId only, not {}",
                                field.path
                            ),
                        );
                    }
                }
                "split" => {
                    rule.split = self.text(value, name).map(|p| p.text);
                    if rule.split.as_deref() == Some("") {
                        self.problem(value.span(), "split needs a separator, \";\"");
                    }
                }
                "map" => {
                    if let Some(table) = self.table(value, "map") {
                        for (word, becomes) in table {
                            if let Some(constant) = self.constant(becomes) {
                                rule.map.push((word.get_ref().to_string(), constant));
                            }
                        }
                    }
                }
                "default" => rule.default = self.constant(value),
                "required" => match value.get_ref() {
                    DeValue::Boolean(b) => rule.required = *b,
                    _ => self.problem(value.span(), "required takes true or false"),
                },
                "formats" => {
                    if field.kind == FieldKind::Date {
                        rule.formats = self.texts(value, name);
                    } else {
                        self.problem(
                            key.span(),
                            format!(
                                "formats belongs to dates; {} takes {}",
                                field.path,
                                field.kind.expected()
                            ),
                        );
                    }
                }
                "transform" => {
                    for placed in self.texts(value, name) {
                        match Transform::ALL.iter().find(|(n, _)| *n == placed.text) {
                            Some((_, transform)) => rule.transforms.push(*transform),
                            None => self.unknown(
                                placed.span,
                                "transform",
                                &placed.text,
                                Transform::ALL.iter().map(|(n, _)| *n),
                            ),
                        }
                    }
                }
                _ => self.unknown(key.span(), "rule key", name, RULE_KEYS.iter().copied()),
            }
        }
        let given = table
            .keys()
            .filter(|k| FEED_KEYS.contains(&k.get_ref().as_ref()))
            .count();
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

    fn constant(&mut self, value: &Value<'_>) -> Option<Constant> {
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
                self.problem(
                    value.span(),
                    "a constant is a text, a number, true or false",
                );
                None
            }
        }
    }

    fn table<'t, 'i>(&mut self, value: &'t Value<'i>, what: &str) -> Option<&'t DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.problem(
                value.span(),
                format!("{what} takes a table, not {}", value.get_ref().type_str()),
            );
        }
        table
    }

    fn text(&mut self, value: &Value<'_>, what: &str) -> Option<Placed> {
        if let Some(text) = value.get_ref().as_str() {
            Some(Placed {
                text: text.to_owned(),
                span: value.span(),
            })
        } else {
            self.problem(
                value.span(),
                format!(
                    "{what} takes a text in quotes, not {}",
                    value.get_ref().type_str()
                ),
            );
            None
        }
    }

    /// A text or a list of texts.
    fn texts(&mut self, value: &Value<'_>, what: &str) -> Vec<Placed> {
        match value.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| self.text(item, what))
                .collect(),
            _ => self.text(value, what).into_iter().collect(),
        }
    }

    fn positive(&mut self, value: &Value<'_>, what: &str) -> Option<usize> {
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|n| usize::from_str_radix(n.as_str(), n.radix()).ok())
            .filter(|n| *n > 0);
        if number.is_none() {
            self.problem(value.span(), format!("{what} takes a number from 1"));
        }
        number
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
