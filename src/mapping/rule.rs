//! One target field and how it is filled, as the mapping file says it.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::entity;
use crate::partner::{Field, PathSegment};

/// A text with its place in the mapping file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The text without its quotes.
    pub text: String,
    /// Its byte range in the file, quotes included: what a message underlines.
    pub span: Range<usize>,
}

/// A question that a mapping asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it is about: `key`, a setting of `[source]`, or a field's path.
    pub about: String,
    /// The question.
    pub text: String,
}

/// A column and the words that count in it.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The column's name, with its place in the mapping file.
    pub column: Placed,
    /// The words: compared without regard to case and to blanks around them, `*` stands for any text.
    pub words: Vec<String>,
}

/// A constant of the mapping file.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A text, or a date, which TOML knows as such and which is kept as it was written.
    Text(String),
    /// A whole number; it fills text fields too, as its digits.
    Integer(i64),
    /// A decimal number, which only a free-form field sends as a number.
    Float(f64),
    /// `true` or `false`; it fills text fields too, as that word.
    Boolean(bool),
}

impl Constant {
    /// The constant as a text field sends it.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Constant::Text(s) => s.clone(),
            Constant::Integer(n) => n.to_string(),
            Constant::Float(n) => n.to_string(),
            Constant::Boolean(b) => b.to_string(),
        }
    }
}

/// Where a field's value comes from.
#[derive(Debug, Clone)]
pub enum Feed {
    /// A column of the file, by its name.
    Column(Placed),
    /// The first of several columns that is not empty.
    Columns(Vec<Placed>),
    /// A constant, the same for every row.
    Value(Constant),
    /// A `MiniJinja` template over the row's columns.
    Template(Placed),
    /// A column that holds the key of another row, whose partner id is meant.
    Partner(Placed),
}

/// A change to a text before the field's type takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// Blanks at both ends are always taken off; naming it changes nothing.
    Trim,
    /// All letters in upper case (`upper`).
    Upper,
    /// All letters in lower case (`lower`).
    Lower,
    /// Each word with a capital.
    Title,
    /// Everything but ASCII digits is left out (`digits`).
    Digits,
    /// Character references of HTML are decoded once (`html`): `O&#039;Brien` becomes `O'Brien`.
    Html,
    /// A UUID made from the text (version 5, namespace OID): the same text makes the same UUID.
    UuidV5,
}

impl Transform {
    /// All of them by name.
    pub const ALL: &[(&str, Transform)] = &[
        ("trim", Transform::Trim),
        ("upper", Transform::Upper),
        ("lower", Transform::Lower),
        ("title", Transform::Title),
        ("digits", Transform::Digits),
        ("html", Transform::Html),
        ("uuid_v5", Transform::UuidV5),
    ];

    /// The changed text.
    #[must_use]
    pub fn apply(self, text: &str) -> String {
        match self {
            Transform::Trim => text.trim().to_owned(),
            Transform::Upper => text.to_uppercase(),
            Transform::Lower => text.to_lowercase(),
            Transform::Digits => text.chars().filter(char::is_ascii_digit).collect(),
            // What is a blank of it at the ends is taken off, and told, by the field.
            Transform::Html => entity::decoded(text),
            Transform::UuidV5 => {
                uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
            }
            Transform::Title => {
                let mut start = true;
                let mut out = String::with_capacity(text.len());
                for c in text.chars() {
                    if start {
                        out.extend(c.to_uppercase());
                    } else {
                        out.extend(c.to_lowercase());
                    }
                    start = !(c.is_alphanumeric() || c == '\'' || c == '’');
                }
                out
            }
        }
    }
}

/// A word of a lookup file and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueWord {
    /// The word as cells have it.
    pub word: String,
    /// What it becomes.
    pub becomes: String,
    /// Its row in the file, as a spreadsheet shows it.
    pub row: u64,
}

/// A table of words in a file beside the mapping.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The file, as seen from the mapping's folder.
    pub file: Placed,
    /// The column with the words that cells have.
    pub from: Placed,
    /// The column with what they become.
    pub to: Placed,
    /// The file that was read, and its words; none until it is.
    pub read: Option<(PathBuf, Arc<[ValueWord]>)>,
}

/// How one field is filled.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where the value comes from.
    pub feed: Feed,
    /// Cut the text here into several values.
    pub split: Option<String>,
    /// Values and what they become.
    pub map: Vec<(String, Constant)>,
    /// A file with more of them; what `map` says counts first.
    pub lookup: Option<Lookup>,
    /// The value where the source has none.
    pub default: Option<Constant>,
    /// An empty value is an error.
    pub required: bool,
    /// Date formats, tried before the detected ones.
    pub formats: Vec<Placed>,
    /// Changes to the text, in order.
    pub transforms: Vec<Transform>,
    /// The question that a person has to answer about it; only a trial has rules with one.
    pub question: Option<String>,
}

impl Rule {
    /// A rule with a feed and nothing else.
    #[must_use]
    pub fn plain(feed: Feed) -> Self {
        Self {
            feed,
            split: None,
            map: Vec::new(),
            lookup: None,
            default: None,
            required: false,
            formats: Vec::new(),
            transforms: Vec::new(),
            question: None,
        }
    }
}

/// A field of the request and its rule.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// The path in the request body, with array indices.
    pub path: Vec<PathSegment>,
    /// The catalogue's entry; below a free-form object, that object's.
    pub field: &'static Field,
    /// How the field is filled.
    pub rule: Rule,
    /// The place of its name in the mapping file.
    pub span: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::Transform;

    #[test]
    fn transforms_do_what_they_are_called() {
        for (transform, text, becomes) in [
            (Transform::Upper, "straße", "STRASSE"),
            (
                Transform::Title,
                "o'neil mc-donald ltd",
                "O'neil Mc-Donald Ltd",
            ),
            (Transform::Digits, "(619) 555-0134", "6195550134"),
            (
                Transform::Html,
                "O&#039;Brien &amp; Co&nbsp;",
                "O'Brien & Co\u{a0}",
            ),
            (Transform::Html, "AT&T", "AT&T"),
            (
                Transform::UuidV5,
                "A-1",
                &uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, b"A-1").to_string(),
            ),
        ] {
            assert_eq!(transform.apply(text), becomes);
        }
    }
}
