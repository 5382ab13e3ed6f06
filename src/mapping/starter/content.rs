//! What the cells of a column look like, counted in one pass.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHashSet;

use super::super::coerce::{coerce, trim};
use super::super::date::{self, Evidence, Hints, Locale, Meaning};
use super::super::placeholder::{Placeholder, placeholder};
use super::super::{lookup, phone};
use crate::partner::FieldKind;
use crate::source::Cell;

/// Distinct values that are counted: beyond it a column has many.
const MOST_DISTINCT: usize = 2_000_000;
/// Cells of a column whose look is counted; the rest is counted for fill and uniqueness only.
const LOOKED_AT: u64 = 20_000;
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
}

/// How many of the values that were looked at are …
#[derive(Debug, Default)]
struct Looks {
    dates: u64,
    phones: u64,
    /// Numbers of telephones with marks between the digits, or a plus.
    marked_phones: u64,
    emails: u64,
    uuids: u64,
    routing: u64,
    states: u64,
    countries: u64,
    booleans: u64,
    currencies: u64,
    integers: u64,
    zones: u64,
    postal_codes: u64,
    /// Texts with more letters than digits.
    worded: u64,
    /// Texts with two letters and more.
    lettered: u64,
    /// Several words.
    phrases: u64,
    decimals: u64,
    digits: u64,
    long_numbers: u64,
    extensions: u64,
    bank_accounts: u64,
    bank_account_types: u64,
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
        self.see_date(cell, text, row);
        self.looks.see(text);
        if matches!(cell, Cell::Number(n) if n.fract() != 0.0) {
            self.looks.decimals += 1;
        }
    }

    fn see_date(&mut self, cell: Cell<'_>, text: &str, row: u64) {
        if let Ok(Some(reading)) = date::read_cell(cell, &Hints::default()) {
            self.looks.dates += 1;
            self.dotted += u64::from(matches!(
                reading.meaning,
                Meaning::Choice { dots: true, .. }
            ));
            self.evidence.add_cell(cell, &reading, row);
            return;
        }
        let has_name =
            text.bytes().any(|b| b.is_ascii_digit()) && text.chars().any(char::is_alphabetic);
        if !has_name || text.len() > 40 {
            return;
        }
        let mut any = None;
        for (at, (locale, _, _)) in Locale::ALL.iter().enumerate() {
            let hints = Hints {
                locale: Some(*locale),
                ..Hints::default()
            };
            if let Ok(Some(reading)) = date::read_cell(cell, &hints) {
                self.dates_in[at] += 1;
                any.get_or_insert(reading);
            }
        }
        if let Some(reading) = any {
            self.looks.dates += 1;
            self.dates_in_any += 1;
            self.evidence.add(&reading, row);
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

impl Looks {
    fn see(&mut self, text: &str) {
        let is = |kind: FieldKind| u64::from(coerce(kind, text).is_ok());
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        self.emails += u64::from(text.contains('@')) & is(FieldKind::Email);
        self.uuids += is(FieldKind::Uuid);
        self.routing += is(FieldKind::Routing);
        self.booleans += is(FieldKind::Boolean);
        self.currencies += is(FieldKind::Currency);
        self.integers += is(FieldKind::Integer);
        self.zones += u64::from(text.len() > 2 && is(FieldKind::TimeZone) == 1);
        self.states += u64::from(lookup::state_code(text, None).is_some());
        self.countries += u64::from(lookup::country_code(text).is_some());
        self.worded += u64::from(letters > digits && !text.contains('@'));
        self.lettered += u64::from(letters >= 2 && !text.contains('@'));
        self.phrases += u64::from(letters > digits && text.trim().contains(' '));
        self.digits += u64::from(digits == text.len());
        self.long_numbers += u64::from(digits == text.len() && digits >= 8);
        self.extensions += u64::from((1..=6).contains(&digits) && letters <= 4 && text.len() <= 10);
        self.decimals += u64::from(is_decimal(text));
        self.postal_codes += u64::from(is_postal_code(text));
        self.bank_accounts += u64::from(is_bank_account(text));
        self.bank_account_types += u64::from(is_bank_account_type(text));
        let (is_phone, is_marked) = phone_look(text, digits);
        self.phones += u64::from(is_phone);
        self.marked_phones += u64::from(is_marked);
    }
}

/// Whether a text is a phone number, with words beside it or without, and whether it shows that it is none of another kind.
fn phone_look(text: &str, digits: usize) -> (bool, bool) {
    // Nothing is cut that is none at a glance.
    if !(6..=24).contains(&digits) || text.len() > 60 || text.contains('@') {
        return (false, false);
    }
    let written = phone::cut(text);
    let number = written.number.trim();
    let in_number = number.bytes().filter(u8::is_ascii_digit).count();
    let is_phone =
        (6..=16).contains(&in_number) && in_number * 2 > digits && is_no_iso_date(number);
    let only = text
        .chars()
        .all(|c| c.is_ascii_digit() || " ()+-./xXt#e,".contains(c));
    let marks = number.chars().filter(|c| "()- ./".contains(*c)).count();
    let is_long = in_number >= 10 || number.starts_with(['+', '(', '0']);
    let is_marked = is_phone
        && only
        && is_long
        && in_number >= 7
        && (number.starts_with(['+', '(']) || marks >= 1 && is_no_date(number));
    (is_phone, is_marked)
}

fn is_no_iso_date(text: &str) -> bool {
    !(text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-')
}

fn is_no_date(text: &str) -> bool {
    date::read_text(text, &Hints::default()).is_err() && !is_decimal(text)
}

/// A number with a part behind the point or comma: `12.50`, `1.234,56`; not `12.0`, as some programs write a whole one.
fn is_decimal(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '+', '$', '€', '£', ' ']);
    let Some((whole, part)) = text.rsplit_once(['.', ',']) else {
        return false;
    };
    let is_whole = !whole.is_empty()
        && whole
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    let is_part =
        (1..=6).contains(&part.len()) && part != "0" && part.bytes().all(|b| b.is_ascii_digit());
    is_whole && is_part && whole.matches('.').count() < 3
}

/// Letters and digits of a postal code: three to ten, with a digit among them.
fn is_postal_code(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.');
    let count = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.chars().all(is_part)
        && (3..=10).contains(&count)
        && digits * 2 >= count.saturating_sub(2)
        && digits > 0
}

/// Digits of a bank account, or an IBAN. Source: NACHA, 17 characters at most; ISO 13616.
fn is_bank_account(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let is_iban = (15..=34).contains(&plain.len())
        && plain.is_ascii()
        && plain.as_bytes()[..2].iter().all(u8::is_ascii_alphabetic)
        && plain.as_bytes()[2..4].iter().all(u8::is_ascii_digit);
    is_iban || (4..=17).contains(&digits) && digits == plain.len()
}

fn is_bank_account_type(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["checking", "savings", "chequing", "current"]
        .iter()
        .any(|w| lower.split_whitespace().any(|part| part == *w))
}
