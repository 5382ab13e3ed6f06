//! The mapping file as written: TOML with the place of every word.
//!
//! The tree is walked by hand rather than through serde, so that all problems are found in one reading,
//! each with its exact place, and so that the catalogue alone says which fields there are.

mod decide;
mod examples;
mod fields;
mod lookup;
mod open;
mod sections;
mod selection;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Severity, nearest};
use crate::mapping::date::Order;
use crate::mapping::error::{MappingError, MappingProblem};
use crate::mapping::rule::{FieldRule, Placed, Question, Selection};
use crate::partner::PathSegment;
use crate::partner::catalogue::{self, FIELDS};
use crate::source::{Escape, Quote, SheetChoice};

use open::{is_a_mapping, text_of};

/// A mapping, read and checked by itself; columns are checked when it is compiled against a header.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The file as the user named it.
    pub path: String,
    /// The text of the whole file, for messages that show a line.
    pub text: Arc<str>,
    /// The name of the rows' space in the state.
    pub name: String,
    /// What makes a row itself.
    pub key: KeyColumns,
    /// Where partners of rows outside the files are looked for.
    pub reference_lookup: ReferenceLookup,
    /// How the source file is read: its `[source]` table.
    pub source: SourceSettings,
    /// The levels that the user changed.
    pub validation: Validation,
    /// Every field and its rule, in the order of the catalogue.
    pub rules: Vec<FieldRule>,
    /// Its `[[test]]` tables, which no run looks at.
    pub tests: Vec<MappingTest>,
    /// Questions about the key and the settings, and about fields without a rule; only a trial has any.
    pub questions: Vec<Question>,
}

/// A row and what it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingTest {
    /// What the test is called.
    pub name: Option<String>,
    /// The row's cells by column; all other cells are empty.
    pub row: Vec<(String, String)>,
    /// A part of the request that has to be there.
    pub sends: Option<serde_json::Value>,
    /// The codes of the row's problems, warnings included: these and no others.
    pub problems: Option<Vec<Code>>,
    /// Its place in the file.
    pub span: Range<usize>,
}

/// The columns that together are a row's key, in the mapping's order.
#[derive(Debug, Clone)]
pub struct KeyColumns(pub Vec<Placed>);

/// Where partners of rows outside the files are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReferenceLookup {
    /// In the state only; nothing is asked of the API.
    #[default]
    State,
    /// In the state, then on the API, by legacyIdentifier.
    Api,
}

/// The `[source]` table; what is not set is detected from the file.
#[derive(Debug, Clone, Default)]
pub struct SourceSettings {
    /// The workbook's sheets, read one behind the other; without one, the first visible sheet is read.
    pub sheets: Vec<SheetChoice>,
    /// The header's row, from 1.
    pub header_row: Option<u64>,
    /// The byte between the cells of a text file.
    pub delimiter: Option<u8>,
    /// What cells of a text file are quoted with.
    pub quote: Option<Quote>,
    /// How a quote is written inside a quoted cell of a text file.
    pub escape: Option<Escape>,
    /// The encoding of a text file.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// Words that stand for an empty cell.
    pub null: Vec<String>,
    /// The order of numeric dates.
    pub date_order: Option<Order>,
    /// The language of month names, and of words for yes and no, beside English.
    pub locale: Option<crate::mapping::date::Locale>,
    /// The region of telephone numbers.
    pub phone_region: Option<String>,
    /// The zone into which times with an offset are converted.
    pub timezone: Option<jiff::tz::TimeZone>,
    /// Only rows that have one of the words in each of these columns are taken.
    pub only: Vec<Selection>,
    /// Rows that have one of the words in any of these columns are left out.
    pub except: Vec<Selection>,
}

/// The `[validation]` table: levels that differ from the codes' own.
#[derive(Debug, Clone, Default)]
pub struct Validation {
    /// Codes that only warn; the row is sent.
    pub allow: Vec<Code>,
    /// Codes that keep the row from being sent.
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

    /// Whether a code keeps a row from being sent.
    #[must_use]
    pub fn is_error(&self, code: Code) -> bool {
        self.severity(code) == Severity::Error
    }
}

const TOP_KEYS: &[&str] = &[
    "name",
    "key",
    "reference_lookup",
    "source",
    "query",
    "organization",
    "partnerCriteria",
    "vendorAccount",
    "validation",
    "test",
];

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`] with everything that is wrong in it.
    pub fn read(path: &Path) -> Result<Self, MappingError> {
        let (name, text) = text_of(path)?;
        Self::parse(&name, &text)?.with_lookups(path.parent().unwrap_or(Path::new("")))
    }

    /// Reads a mapping's text, without the files of its lookups; `path` is for messages.
    pub fn parse(path: &str, text: &str) -> Result<Self, MappingError> {
        Self::read_text(path, text, false)
    }

    /// Reads a mapping of which something is still to be decided, to show what it would do: lines with a question count as
    /// they are proposed, as far as they have a proposal. No run may take such a mapping.
    ///
    /// # Errors
    /// [`MappingError`] with everything else that is wrong, the missing key too.
    pub fn trial(path: &str, text: &str) -> Result<Self, MappingError> {
        Self::read_text(path, text, true)
    }

    fn read_text(path: &str, text: &str, is_trial: bool) -> Result<Self, MappingError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader {
            problems: Vec::new(),
            is_trial,
            questions: Vec::new(),
        };
        if let Some(first) = errors.first() {
            is_a_mapping(path, text, &table, first, TOP_KEYS)?;
        }
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
    /// Whether questions are kept rather than refused.
    is_trial: bool,
    questions: Vec<Question>,
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
        let name = self.name(table);
        let key = self.key(table);
        let source = table
            .get("source")
            .map(|v| self.source(v))
            .unwrap_or_default();
        let reference_lookup = self.reference_lookup(table);
        let validation = table
            .get("validation")
            .map(|v| self.validation(v))
            .unwrap_or_default();
        let tests = table.get("test").map(|v| self.tests(v));
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
            reference_lookup,
            source,
            validation,
            rules,
            questions: std::mem::take(&mut self.questions),
            tests: tests.unwrap_or_default(),
        })
    }

    fn name(&mut self, table: &DeTable<'_>) -> Option<String> {
        let Some(value) = table.get("name") else {
            self.problems.push(
                MappingProblem::new(0..0, "the mapping has no name").with_help(
                    "write: name = \"apptivo-customers\" (the state keeps the rows under this name)",
                ),
            );
            return None;
        };
        let name = self.text(value, "name")?;
        if name.text.trim().is_empty() {
            self.problem(value.span(), "the name is empty");
        }
        Some(name.text)
    }

    fn key(&mut self, table: &DeTable<'_>) -> Vec<Placed> {
        let Some(value) = table.get("key") else {
            self.problems.push(
                MappingProblem::new(0..0, "the mapping has no key")
                    .with_help("write: key = \"Customer Number\" (the column that identifies a row; several: [\"A\", \"B\"])"),
            );
            return Vec::new();
        };
        let Some(value) = self.answer("key", value, &["column", "columns"]) else {
            return Vec::new();
        };
        let columns = self.texts(value, "key");
        if columns.is_empty() {
            self.problem(value.span(), "key names no column");
        }
        columns
    }

    fn reference_lookup(&mut self, table: &DeTable<'_>) -> ReferenceLookup {
        let given = table
            .get("reference_lookup")
            .and_then(|value| self.text(value, "reference_lookup"));
        match given.as_ref().map(|p| p.text.as_str()) {
            Some("api") => return ReferenceLookup::Api,
            Some("state") | None => {}
            Some(other) => {
                let span = given.as_ref().map_or(0..0, |p| p.span.clone());
                self.unknown(span, "reference_lookup", other, ["state", "api"]);
            }
        }
        ReferenceLookup::State
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
                    "{what} takes text in quotes, not {}",
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
mod tests;
