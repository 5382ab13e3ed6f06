//! A mapping compiled against one file's header: what fills each leaf, by number.

use std::sync::Arc;

use super::address::AddressLeaves;
use super::date::{Hints, NotesOf};
use super::file::Validation;
use super::likeness::columns::LikenessColumns;
use super::phone::PhoneRegion;
use super::rule::Transform;
use super::template::Templates;
use super::words::WordMap;
use crate::diagnostic::DATES_COLUMN;
use crate::partner::{FieldKind, Shape};
use crate::source::{ColumnWords, Header};

/// Where a leaf's value comes from, by number.
#[derive(Debug, Clone)]
pub(super) enum PlanFeed {
    Column(usize),
    Columns(Vec<usize>),
    Value(Ready),
    Template(usize),
    Partner(usize),
    /// The row's key: legacyIdentifier where it is not mapped.
    Key,
    /// Filled by another leaf's value: an extension, a second address line.
    Sibling,
}

/// A constant, converted to what its field takes.
#[derive(Debug, Clone)]
pub(super) enum Ready {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Date(jiff::civil::Date),
    Raw(String),
}

/// How a leaf is filled. What is asked for each cell stands first, in as few lines of the processor's cache as can be: the
/// rules are gone through for each row, beside a row's texts.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(super) struct PlanRule {
    pub(super) feed: PlanFeed,
    pub(super) kind: FieldKind,
    /// The number of the first of this leaf's date columns.
    pub(super) dates: usize,
    /// How its texts are taken.
    pub(super) text_path: TextPath,
    pub(super) default: Option<Ready>,
    pub(super) hints: Hints,
    /// By what its texts are read as evidence: the hints without those that decide.
    pub(super) evidence: Hints,
    /// The leaf that takes what this one cuts off.
    pub(super) sibling: Option<usize>,
    pub(super) split: Option<String>,
    pub(super) map: Option<WordMap>,
    pub(super) transforms: Vec<Transform>,
}

/// How a rule takes a text in which nothing has to be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextPath {
    /// Nothing is done to it but to send it.
    Verbatim,
    /// It is read as a date, and by nothing else.
    Date,
    /// What it becomes depends on nothing else, and costs more than to remember it.
    Memoised,
    /// It is judged by its field alone, and sent as it stands or nearly so.
    Direct,
    /// It takes every step.
    General,
}

impl PlanRule {
    /// The shortest path that its texts can take.
    pub(super) fn shortest_path(&self) -> TextPath {
        let is_changed = self.map.is_some() || !self.transforms.is_empty();
        if self.split.is_some() {
            return TextPath::General;
        }
        match self.kind {
            FieldKind::Phone | FieldKind::Email | FieldKind::Routing | FieldKind::Uuid
                if !is_changed =>
            {
                TextPath::Direct
            }
            // A sibling takes the lines behind the first, and such a text has one line.
            FieldKind::Text
            | FieldKind::Identifier
            | FieldKind::PostalCode
            | FieldKind::State
            | FieldKind::FreeForm
                if !is_changed =>
            {
                TextPath::Verbatim
            }
            FieldKind::Date if !is_changed => TextPath::Date,
            // The sibling's value depends on the text too.
            _ if self.sibling.is_some() => TextPath::General,
            FieldKind::Date | FieldKind::Phone => TextPath::General,
            FieldKind::Words(_)
            | FieldKind::Boolean
            | FieldKind::Country
            | FieldKind::Currency
            | FieldKind::TimeZone => TextPath::Memoised,
            _ if is_changed => TextPath::Memoised,
            _ => TextPath::General,
        }
    }
}

/// A column of dates: what evidence is gathered for.
#[derive(Debug, Clone)]
pub struct DateColumn {
    /// The number of the leaf that it fills.
    pub leaf: usize,
    /// The source column; none for a template's text.
    pub column: Option<usize>,
    /// The request field, for people.
    pub field: Arc<str>,
    /// Whether the mapping's hints decide, so that evidence is not needed.
    pub hinted: bool,
}

/// The bit of a text's length.
pub(super) fn length_bit(text: &str) -> u64 {
    1 << text.len().min(63)
}

/// The column of a report that notes how dates were read.
#[derive(Debug, Clone)]
pub(super) struct NotedDates {
    pub(super) column: usize,
    /// By date column; none where a hint decides.
    pub(super) notes: Vec<Option<NotesOf>>,
}

impl NotedDates {
    pub(super) fn of(header: &Header, dates: &[DateColumn]) -> Option<Self> {
        let column = header.find_exactly(DATES_COLUMN)?;
        let notes = dates.iter().map(|date| {
            let label = date.label(header);
            (!date.hinted).then(|| NotesOf::column(&label))
        });
        Some(Self {
            column,
            notes: notes.collect(),
        })
    }
}

impl DateColumn {
    /// Its name in messages and notes: the column's, or the field's where a template fills it.
    #[must_use]
    pub fn label(&self, header: &Header) -> Arc<str> {
        match self.column {
            Some(column) => Arc::clone(&header.names()[column]),
            None => Arc::clone(&self.field),
        }
    }
}

/// A mapping compiled against a header.
#[derive(Debug, Clone)]
pub struct Plan {
    /// A number of its own, by which a scratch knows what it remembers.
    pub(super) id: u64,
    /// The tree of the request body, whose leaf numbers all other lists here use.
    pub shape: Shape,
    /// Columns whose order of day and month is judged by their own evidence.
    pub date_columns: Vec<DateColumn>,
    /// Whether the file is one of rejected rows, which marks cells whose value is not certain.
    pub(super) is_of_rejects: bool,
    /// How dates were read, where the file is a report that notes it.
    pub(super) noted_dates: Option<NotedDates>,
    /// Columns that no rule uses.
    pub unused: Vec<usize>,
    /// Columns that feed a sensitive field: their values are masked wherever they are shown.
    pub sensitive_columns: Vec<bool>,
    /// The numbers of these columns.
    pub hidden_columns: Arc<[usize]>,
    /// Leaves that are sensitive themselves, or that a sensitive column goes into.
    pub sensitive_leaves: Vec<bool>,
    /// The levels that the user changed.
    pub validation: Validation,
    /// Words of which a row has to have one, by column.
    pub only: Vec<ColumnWords>,
    /// Words of which a row may have none, by column.
    pub except: Vec<ColumnWords>,
    pub(super) header: Arc<Header>,
    pub(super) rules: Vec<PlanRule>,
    /// The order in which leaves are filled: those that hand something to a sibling come last.
    pub(super) order: Vec<usize>,
    pub(super) key: Vec<usize>,
    /// The columns of the key that no rule of an identifier judges.
    pub(super) judged_key: Vec<usize>,
    pub(super) null: Vec<String>,
    /// Bit `n` is set where a word of `null` has `n` bytes; the last stands for all longer ones.
    pub(super) null_lengths: u64,
    pub(super) templates: Templates,
    /// A rule names another row.
    pub(super) refers: bool,
    pub(super) legacy: usize,
    pub(super) business_name: usize,
    pub(super) query: [Option<usize>; 2],
    /// Mapped columns but the key's and the legacyIdentifier's.
    pub(super) content: Vec<usize>,
    /// By what rows are likely the same partner.
    pub(super) likeness: Option<LikenessColumns>,
    pub(super) addresses: Vec<AddressLeaves>,
    pub(super) phone_region: PhoneRegion,
}

impl Plan {
    /// The columns of the file.
    #[must_use]
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// Whether a row can refer to another row's partner.
    #[must_use]
    pub fn has_references(&self) -> bool {
        self.refers
    }

    /// The column that mainly feeds a leaf.
    #[must_use]
    pub fn column_of(&self, leaf: usize) -> Option<usize> {
        match &self.rules.get(leaf)?.feed {
            PlanFeed::Column(c) | PlanFeed::Partner(c) => Some(*c),
            PlanFeed::Columns(columns) => columns.first().copied(),
            PlanFeed::Key => self.key.first().copied(),
            // The rest of another leaf's cell.
            PlanFeed::Sibling => self
                .rules
                .iter()
                .position(|r| r.sibling == Some(leaf))
                .and_then(|owner| self.column_of(owner)),
            PlanFeed::Value(_) | PlanFeed::Template(_) => None,
        }
    }

    /// Whether legacyIdentifier is filled by its own rule rather than by the key.
    #[must_use]
    pub fn has_own_identifier(&self) -> bool {
        !matches!(self.rules[self.legacy].feed, PlanFeed::Key)
    }

    /// The number of legacyIdentifier's leaf.
    #[must_use]
    pub fn legacy_leaf(&self) -> usize {
        self.legacy
    }

    /// The number of businessName's leaf.
    #[must_use]
    pub fn business_name_leaf(&self) -> usize {
        self.business_name
    }

    /// Mapped columns that are no part of the row's identity.
    #[must_use]
    pub fn content_columns(&self) -> &[usize] {
        &self.content
    }

    /// Whether a leaf's values are masked wherever they are shown.
    #[must_use]
    pub fn is_sensitive(&self, leaf: usize) -> bool {
        self.sensitive_leaves.get(leaf).is_some_and(|s| *s)
    }

    /// Leaves of fixed words, or with a map, and the column of each; of sensitive columns no words are kept.
    pub fn word_columns(&self) -> impl Iterator<Item = (usize, usize)> {
        self.rules.iter().enumerate().filter_map(|(leaf, rule)| {
            let of_words = rule.map.is_some() || matches!(rule.kind, FieldKind::Words(_));
            match rule.feed {
                PlanFeed::Column(column) if of_words && !self.sensitive_columns[column] => {
                    Some((leaf, column))
                }
                _ => None,
            }
        })
    }

    /// The key's columns, from 0, in the mapping's order.
    #[must_use]
    pub fn key_columns(&self) -> &[usize] {
        &self.key
    }

    /// Those of them that no rule of an identifier judges, as one for legacyIdentifier with the same column would.
    #[must_use]
    pub fn judged_key_columns(&self) -> &[usize] {
        &self.judged_key
    }

    /// The first key column, from 0: where findings about the key are shown.
    #[must_use]
    pub fn key_column(&self) -> Option<usize> {
        self.key.first().copied()
    }

    /// Whether the mapping's `null` names this text.
    #[inline]
    pub(super) fn is_null(&self, text: &str) -> bool {
        self.null_lengths & length_bit(text) != 0 && self.null.iter().any(|n| n == text)
    }
}
