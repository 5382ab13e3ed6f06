//! What the cells of a column look like, counted in one pass.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::coerce::trim;
use super::super::date::{self, Evidence, Hints, Locale, Meaning, Reading};
use super::super::placeholder::{Placeholder, placeholder};
use super::looks::Looks;
use crate::partner::FieldKind;
use crate::source::Cell;

/// Distinct values that are counted: beyond it a column has many.
const MOST_DISTINCT: usize = 2_000_000;
/// Cells of a column whose look is counted; the rest is counted for fill and uniqueness only.
const LOOKED_AT: u64 = 20_000;
/// Values of a column whose look is remembered.
const MOST_KNOWN: usize = 2_000;
/// Words that are kept of a column with few of them.
const MOST_WORDS: usize = 40;
/// Characters of a word that is kept.
const LONGEST_WORD: usize = 60;
/// Characters of a value that is looked at: longer ones are nothing that a field but a text takes.
const LONGEST_LOOKED_AT: usize = 300;

/// Counts over one column.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) rows: u64,
    pub(super) filled: u64,
    pub(super) looked: u64,
    pub(super) repeated: u64,
    /// Values that are the number of their row, counted from 1.
    in_step: u64,
    distinct: FxHashSet<u64>,
    /// The different values, while they are few.
    words: Vec<String>,
    pub(super) evidence: Evidence,
    /// Dates written with dots that fit day first and month first: dots mean day first.
    dotted: u64,
    /// Dates that are read with the names of months of a language, and not without, by its place in [`Locale::ALL`].
    pub(super) dates_in: [u64; Locale::ALL.len()],
    /// Cells that are no dates in English, but in some language.
    pub(super) dates_in_any: u64,
    /// Words of databases for nothing, as they are written. They count as empty.
    pub(super) nulls: BTreeMap<String, u64>,
    looks: Looks,
    /// What values look like that came before: most columns repeat theirs, and a look costs more than to remember it.
    known: FxHashMap<Box<str>, Seen>,
}

/// What was seen of one value.
#[derive(Debug, Clone)]
struct Seen {
    looks: Looks,
    date: DateSeen,
}

/// A value as a date.
#[derive(Debug, Clone)]
enum DateSeen {
    None,
    English(Reading),
    /// With the names of months of these languages, by their places in [`Locale::ALL`], and not without.
    Other(Vec<usize>, Reading),
}

impl Seen {
    fn of(cell: Cell<'_>, text: &str) -> Self {
        Self {
            looks: Looks::of(text),
            date: DateSeen::of(cell, text),
        }
    }
}

impl DateSeen {
    fn of(cell: Cell<'_>, text: &str) -> Self {
        if let Ok(Some(reading)) = date::read_cell(cell, &Hints::default()) {
            return Self::English(reading);
        }
        let has_name =
            text.bytes().any(|b| b.is_ascii_digit()) && text.chars().any(char::is_alphabetic);
        if !has_name || text.len() > 40 {
            return Self::None;
        }
        let mut locales = Vec::new();
        let mut any = None;
        for (at, (locale, _, _)) in Locale::ALL.iter().enumerate() {
            let hints = Hints {
                locale: Some(*locale),
                ..Hints::default()
            };
            if let Ok(Some(reading)) = date::read_cell(cell, &hints) {
                locales.push(at);
                any.get_or_insert(reading);
            }
        }
        any.map_or(Self::None, |reading| Self::Other(locales, reading))
    }
}

/// What a column's values are asked for beside the kinds of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    MarkedPhone,
    Worded,
    Lettered,
    Phrase,
    Decimal,
    /// Nothing but digits.
    Digits,
    /// Nothing but eight digits and more.
    LongNumber,
    Extension,
    BankAccount,
    BankAccountType,
}

impl Content {
    pub(super) fn see(&mut self, cell: Cell<'_>, row: u64) {
        self.rows += 1;
        if cell.is_blank() {
            return;
        }
        let text = cell.to_text();
        let text = trim(&text).0;
        if text.is_empty() {
            return;
        }
        if placeholder(text) == Some(Placeholder::NullWord) {
            *self.nulls.entry(text.to_owned()).or_default() += 1;
            return;
        }
        self.filled += 1;
        self.in_step += u64::from(text.parse() == Ok(self.rows));
        let mut hasher = rustc_hash::FxHasher::default();
        text.hash(&mut hasher);
        if self.distinct.len() < MOST_DISTINCT && !self.distinct.insert(hasher.finish()) {
            self.repeated += 1;
        } else if self.words.len() <= MOST_WORDS {
            self.words
                .push(text.chars().take(LONGEST_WORD + 1).collect());
        }
        if self.looked >= LOOKED_AT {
            return;
        }
        self.looked += 1;
        if text.len() > LONGEST_LOOKED_AT {
            self.looks.worded += 1;
            self.looks.lettered += 1;
            self.looks.phrases += 1;
            return;
        }
        let is_text = matches!(cell, Cell::Text(_));
        let known = self.known.get(text).filter(|_| is_text);
        let seen = match known {
            Some(known) => known.clone(),
            None => Seen::of(cell, text),
        };
        if is_text && known.is_none() && self.known.len() < MOST_KNOWN {
            self.known.insert(text.into(), seen.clone());
        }
        self.count_date(cell, &seen.date, row);
        self.looks.add(&seen.looks);
        if matches!(cell, Cell::Number(n) if n.fract() != 0.0) {
            self.looks.decimals += 1;
        }
    }

    fn count_date(&mut self, cell: Cell<'_>, date: &DateSeen, row: u64) {
        match date {
            DateSeen::None => {}
            DateSeen::English(reading) => {
                self.looks.dates += 1;
                self.dotted += u64::from(matches!(
                    reading.meaning,
                    Meaning::Choice { dots: true, .. }
                ));
                self.evidence.add_cell(cell, reading, row);
            }
            DateSeen::Other(locales, reading) => {
                for at in locales {
                    self.dates_in[*at] += 1;
                }
                self.looks.dates += 1;
                self.dates_in_any += 1;
                self.evidence.add(reading, row);
            }
        }
    }

    /// Whether every row has a value, and no two the same.
    pub(super) fn is_key(&self) -> bool {
        self.rows > 0 && self.filled == self.rows && self.repeated == 0
    }

    /// Whether it numbers the rows of the file.
    pub(super) fn is_count(&self) -> bool {
        self.rows > 1 && self.in_step == self.rows
    }

    /// Whether nearly every row has a value, and nearly no two the same.
    pub(super) fn is_nearly_key(&self) -> bool {
        self.rows > 0 && (self.rows - self.filled + self.repeated) * 20 <= self.rows
    }

    /// The different values, where they are few and short.
    pub(super) fn few_words(&self, most: usize) -> Option<&[String]> {
        let is_short =
            |w: &String| w.chars().count() <= LONGEST_WORD && !w.contains(char::is_control);
        (self.words.len() <= most.min(MOST_WORDS) && self.words.iter().all(is_short))
            .then_some(&self.words)
    }

    /// How many different values there are for each that is filled: 1 where none stands twice.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(super) fn variety(&self) -> f64 {
        (self.filled - self.repeated) as f64 / self.filled.max(1) as f64
    }

    pub(super) fn different(&self) -> u64 {
        self.filled - self.repeated
    }

    /// The share of values that a field of this kind takes; none where any text will do.
    pub(super) fn fits(&self, kind: FieldKind) -> Option<f64> {
        let l = &self.looks;
        let count = match kind {
            FieldKind::Date => l.dates,
            FieldKind::Phone => l.phones,
            FieldKind::Email => l.emails,
            FieldKind::Uuid => l.uuids,
            FieldKind::Routing => l.routing,
            FieldKind::State => l.states,
            FieldKind::Country => l.countries,
            FieldKind::Boolean => l.booleans,
            FieldKind::Currency => l.currencies,
            FieldKind::Integer => l.integers,
            FieldKind::TimeZone => l.zones,
            FieldKind::PostalCode => l.postal_codes,
            FieldKind::Words(_)
            | FieldKind::Text
            | FieldKind::Identifier
            | FieldKind::PartnerReference
            | FieldKind::FreeForm => return None,
        };
        Some(self.share(count))
    }

    /// The share of values that look so.
    pub(super) fn looks(&self, look: Look) -> f64 {
        let l = &self.looks;
        self.share(match look {
            Look::MarkedPhone => l.marked_phones,
            Look::Worded => l.worded,
            Look::Lettered => l.lettered,
            Look::Phrase => l.phrases,
            Look::Decimal => l.decimals,
            Look::Digits => l.digits,
            Look::LongNumber => l.long_numbers,
            Look::Extension => l.extensions,
            Look::BankAccount => l.bank_accounts,
            Look::BankAccountType => l.bank_account_types,
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of at most 20,000 values"
    )]
    fn share(&self, count: u64) -> f64 {
        count as f64 / self.looked.max(1) as f64
    }

    /// Whether a date of the column can be read in two ways, and the column does not show which is right.
    pub(super) fn has_open_order(&self) -> bool {
        match self.evidence.verdict() {
            date::Verdict::Contradicts | date::Verdict::Mixed { .. } => true,
            date::Verdict::Silent => self.evidence.undecided > self.dotted,
            date::Verdict::DayFirst | date::Verdict::MonthFirst => false,
        }
    }

    /// A kind that the values alone show, for columns whose name says nothing.
    pub(super) fn looks_like(&self) -> Option<FieldKind> {
        if self.looked == 0 {
            return None;
        }
        if self.looks(Look::MarkedPhone) >= 0.95 {
            return Some(FieldKind::Phone);
        }
        [
            FieldKind::Routing,
            FieldKind::Uuid,
            FieldKind::Email,
            FieldKind::TimeZone,
            FieldKind::Date,
            FieldKind::State,
            FieldKind::Country,
            FieldKind::Boolean,
        ]
        .into_iter()
        .find(|kind| self.fits(*kind).is_some_and(|share| share >= 0.95))
    }

    /// Words about the values.
    pub(super) fn describe(&self) -> String {
        use crate::diagnostic::thousands;
        let mut text = format!(
            "{} of {} filled",
            thousands(self.filled),
            thousands(self.rows)
        );
        if self.filled > 0 && self.repeated == 0 {
            text.push_str(", all different");
        }
        text
    }

    /// The share of this column's different values that are in another column.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of at most two million values"
    )]
    pub(super) fn share_within(&self, other: &Content) -> f64 {
        let within = self
            .distinct
            .iter()
            .filter(|v| other.distinct.contains(v))
            .count();
        within as f64 / self.distinct.len().max(1) as f64
    }
}
