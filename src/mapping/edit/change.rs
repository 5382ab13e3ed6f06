//! What can be changed in a mapping.

use crate::mapping::rule::Constant;
use crate::mapping::template_columns::template_names;
use crate::partner::PathSegment;

/// One change to a mapping.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The name of the rows' space in the state.
    Name(String),
    /// The key's columns, one or several.
    Key(Vec<String>),
    /// One part of a field's rule. A source makes the line where there is none.
    Field {
        /// The path in the request body, as a [`FieldRule`](crate::mapping::FieldRule) has it.
        field: Vec<PathSegment>,
        /// What is set or taken out.
        part: RulePart,
    },
    /// A field is not mapped any more.
    RemoveField(Vec<PathSegment>),
    /// The question of a line: set, or taken out. A line that is nothing but a question goes with it.
    Decide {
        /// The line.
        place: Place,
        /// What a person has to decide.
        question: Option<String>,
    },
    /// A setting of `[source]`; none takes it out.
    Setting {
        /// Its name, `date_order`.
        name: String,
        /// Its value.
        value: Option<SettingValue>,
    },
    /// Which rows count, by words of a column: `[source] only` and `except`. No words take the column out.
    Rows {
        /// Which of the two.
        rule: RowsRule,
        /// The column.
        column: String,
        /// Its words.
        words: Vec<String>,
    },
    /// A word that means an empty cell, in `[source] null`, or no longer one.
    NullWord {
        /// The word.
        word: String,
        /// Whether it means nothing.
        is_null: bool,
    },
    /// The level of a diagnostic code in `[validation]`; none is the code's own.
    Level {
        /// The code, `date.ambiguous`.
        code: String,
        /// Its level.
        level: Option<Level>,
    },
    /// A `[[test]]` at the end of the mapping.
    AddTest(NewTest),
    /// What a `[[test]]` expects. Its row, its name and their comments stay.
    Expect {
        /// The test, from 0.
        number: usize,
        /// The part of the request that has to be there; none takes it out.
        sends: Option<serde_json::Value>,
        /// The codes of the row's problems; where there are none and something is sent, the line is taken out.
        problems: Vec<String>,
    },
    /// A `[[test]]` is taken out, by its number from 0.
    RemoveTest(usize),
}

impl Change {
    /// The columns that are used from now on.
    pub(super) fn columns(&self) -> Vec<String> {
        match self {
            Change::Key(columns) => columns.clone(),
            Change::Field { part, .. } => match part {
                RulePart::Column(column) | RulePart::Partner(column) => vec![column.clone()],
                RulePart::Columns(columns) => columns.clone(),
                RulePart::Template(template) => template_names(template),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// A part of a field's rule. None, false or an empty list takes it out.
#[derive(Debug, Clone, PartialEq)]
pub enum RulePart {
    /// The value is a column's cell.
    Column(String),
    /// The first of several columns that is not empty.
    Columns(Vec<String>),
    /// A constant. What only cells can have (`map`, `split`, `default` …) is taken out with it.
    Value(Constant),
    /// A template over the row's columns.
    Template(String),
    /// The column that has the key of another row.
    Partner(String),
    /// The value where the source has none.
    Default(Option<Constant>),
    /// Where the text is cut into several values.
    Split(Option<String>),
    /// Date formats.
    Formats(Vec<String>),
    /// Changes to the text, by their names.
    Transform(Vec<String>),
    /// What a word of the cells becomes.
    Word {
        /// The word as the cells have it.
        word: String,
        /// What it becomes.
        becomes: Option<Constant>,
    },
    /// A file that says what words become.
    Lookup(Option<LookupFile>),
    /// Whether an empty value is an error.
    Required(bool),
}

/// A table of words in a file beside the mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupFile {
    /// The file, as seen from the mapping's folder.
    pub file: String,
    /// The column with the words that cells have.
    pub from: String,
    /// The column with what they become.
    pub to: String,
}

/// A line that can have a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The key.
    Key,
    /// A setting of `[source]`, by its name.
    Setting(String),
    /// A field, by its path in the request body.
    Field(Vec<PathSegment>),
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// A text.
    Text(String),
    /// A number: `header_row`, or a sheet by its number.
    Number(u64),
    /// Several texts: `null`, `sheet`.
    Texts(Vec<String>),
}

/// Which rows are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsRule {
    /// `only`: rows with one of the words.
    Only,
    /// `except`: all rows but these.
    Except,
}

/// A level that differs from a code's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `allow`: only a warning.
    Allow,
    /// `deny`: an error.
    Deny,
}

/// A row and what it should become.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewTest {
    /// What the test is called; none where it has no name.
    pub name: Option<String>,
    /// The row's cells by column. Bank data of real rows does not belong here: the mapping is no secret.
    pub row: Vec<(String, String)>,
    /// A part of the request that has to be there; an object.
    pub sends: Option<serde_json::Value>,
    /// The codes of the row's problems.
    pub problems: Vec<String>,
}
