//! What a value looks like: which kinds of fields take it, and what else a person sees at a glance.

use super::super::coerce::coerce;
use super::super::date::{self, Hints};
use super::super::{lookup, phone};
use crate::partner::FieldKind;

/// How many of the values that were looked at are …
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Looks {
    pub(super) dates: u64,
    pub(super) phones: u64,
    /// Numbers of telephones with marks between the digits, or a plus.
    pub(super) marked_phones: u64,
    pub(super) emails: u64,
    pub(super) uuids: u64,
    pub(super) routing: u64,
    pub(super) states: u64,
    pub(super) countries: u64,
    pub(super) booleans: u64,
    pub(super) currencies: u64,
    pub(super) integers: u64,
    pub(super) zones: u64,
    pub(super) postal_codes: u64,
    /// Texts with more letters than digits.
    pub(super) worded: u64,
    /// Texts with two letters and more.
    pub(super) lettered: u64,
    /// Several words.
    pub(super) phrases: u64,
    pub(super) decimals: u64,
    pub(super) digits: u64,
    pub(super) long_numbers: u64,
    pub(super) extensions: u64,
    pub(super) bank_accounts: u64,
    pub(super) bank_account_types: u64,
}

impl Looks {
    /// Those of one value, without what reads dates.
    pub(super) fn of(text: &str) -> Self {
        let mut one = Self::default();
        one.see(text);
        one
    }

    /// Counts those of one more value.
    pub(super) fn add(&mut self, one: &Self) {
        self.dates += one.dates;
        self.phones += one.phones;
        self.marked_phones += one.marked_phones;
        self.emails += one.emails;
        self.uuids += one.uuids;
        self.routing += one.routing;
        self.states += one.states;
        self.countries += one.countries;
        self.booleans += one.booleans;
        self.currencies += one.currencies;
        self.integers += one.integers;
        self.zones += one.zones;
        self.postal_codes += one.postal_codes;
        self.worded += one.worded;
        self.lettered += one.lettered;
        self.phrases += one.phrases;
        self.decimals += one.decimals;
        self.digits += one.digits;
        self.long_numbers += one.long_numbers;
        self.extensions += one.extensions;
        self.bank_accounts += one.bank_accounts;
        self.bank_account_types += one.bank_account_types;
    }

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
