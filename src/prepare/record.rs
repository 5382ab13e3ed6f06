//! Rows that look like no record: a total, or a second header below the first.
//!
//! That a row is one is never sure, so it is not left out but refused, in words that say how to have it sent. What is
//! looked for first is a word; then everything else has to fit: a partner may be called Total, and has a key like the
//! others.

use std::sync::LazyLock;

use super::number_keys::NumberKeys;
use super::record_words::{BESIDE, HEADINGS, TOTALS};
use crate::diagnostic::Code;
use crate::mapping::{Plan, is_decimal_whole};
use crate::source::{Cell, SourceRow};

/// A longer text is no caption of a total.
const LONGEST: usize = 60;
/// Words of such a caption at most: `Grand total of all records`.
const MOST_WORDS: usize = 5;

/// Whether a text is a caption of a total and nothing else: `Grand Total (3 records)`, not `Total Energies`.
fn is_total_caption(text: &str) -> bool {
    if !may_begin_total(text) || !has_word_of_total_first(text) {
        return false;
    }
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return false;
    }
    if text.is_ascii() {
        return is_total_in_words(text, str::eq_ignore_ascii_case);
    }
    is_total_in_words(&text.to_lowercase(), |known, word| known == word)
}

/// Whether all words are known ones, one of them for a total; `same` compares a known word with one of the text.
fn is_total_in_words(text: &str, same: impl Fn(&str, &str) -> bool) -> bool {
    let words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty());
    let (mut totals, mut all) = (0, 0);
    for word in words {
        all += 1;
        if TOTALS.iter().any(|known| same(known, word)) {
            totals += 1;
        } else if !BESIDE.iter().any(|known| same(known, word)) {
            return false;
        }
    }
    totals > 0 && all <= MOST_WORDS
}

/// Most texts are seen to be no caption by their first two letters.
fn may_begin_total(text: &str) -> bool {
    static PAIRS: LazyLock<[[bool; 26]; 26]> = LazyLock::new(|| {
        let mut pairs = [[false; 26]; 26];
        for word in TOTALS.iter().chain(BESIDE) {
            if let [Some(first), Some(second)] = [0, 1].map(|at| letter(*word.as_bytes().get(at)?))
            {
                pairs[first][second] = true;
            }
        }
        pairs
    });
    let bytes = text.as_bytes();
    let begin = bytes
        .iter()
        .position(|b| b.is_ascii_alphabetic() || !b.is_ascii());
    let Some(begin) = begin else {
        return false;
    };
    match (bytes[begin], bytes.get(begin + 1)) {
        (first, None) => !first.is_ascii(),
        (first, Some(second)) if first.is_ascii() && second.is_ascii() => {
            matches!((letter(first), letter(*second)), (Some(first), Some(second)) if PAIRS[first][second])
        }
        // Letters that are none of these 26, or signs before them.
        _ => true,
    }
}

/// Of those that are left, most have a first word of a length that no word of a caption with these two letters has.
fn has_word_of_total_first(text: &str) -> bool {
    static LENGTHS: LazyLock<[[u32; 26]; 26]> = LazyLock::new(|| {
        let mut lengths = [[0; 26]; 26];
        for word in TOTALS.iter().chain(BESIDE) {
            if let Some((first, second)) = two_letters(word.as_bytes()) {
                lengths[first][second] |= length_bit(word.len());
            }
        }
        lengths
    });
    let bytes = text.as_bytes();
    let begin = bytes.iter().position(u8::is_ascii_alphabetic).unwrap_or(0);
    let word = &bytes[begin..];
    let letters = word.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    match two_letters(word) {
        // Where other letters than these 26 are before, in or right behind it, its length is not known.
        Some((first, second))
            if bytes[..begin].is_ascii() && word.get(letters).is_none_or(u8::is_ascii) =>
        {
            LENGTHS[first][second] & length_bit(letters) != 0
        }
        _ => true,
    }
}

/// The numbers of the two letters that a word begins with.
fn two_letters(word: &[u8]) -> Option<(usize, usize)> {
    Some((letter(*word.first()?)?, letter(*word.get(1)?)?))
}

/// The bit of a word's length; the last stands for all longer ones.
fn length_bit(length: usize) -> u32 {
    1 << length.min(31)
}

/// The number of a letter, from 0.
fn letter(byte: u8) -> Option<usize> {
    let lower = byte.to_ascii_lowercase();
    lower
        .is_ascii_lowercase()
        .then(|| usize::from(lower - b'a'))
}

/// Kinds of keys by what they are made of: letters, digits, both, neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct KeyKinds([u64; 4]);

impl KeyKinds {
    fn kind(key: &str) -> usize {
        let (mut letters, mut digits) = (false, false);
        for byte in key.bytes() {
            digits |= byte.is_ascii_digit();
            letters |= byte.is_ascii_alphabetic() || !byte.is_ascii();
        }
        usize::from(letters) | usize::from(digits) << 1
    }

    fn add(&mut self, key: &str) {
        self.0[Self::kind(key)] += 1;
    }

    fn merge(&mut self, other: &Self) {
        for (all, more) in self.0.iter_mut().zip(other.0) {
            *all += more;
        }
    }

    /// Whether a key is of a kind of which there are others. Of a file without other keys nothing is known.
    fn has_like(&self, key: &str) -> bool {
        self.0[Self::kind(key)] > 0 || self.0.iter().all(|n| *n == 0)
    }
}

/// What the rows of a file are, as far as it tells what a record is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RecordEvidence {
    /// The rows' keys, without those of rows that may be no records.
    keys: KeyKinds,
    /// By the key's columns.
    numbers: Vec<NumberKeys>,
}

/// What is to be done about a row when all rows are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doubtful {
    /// It may be no record.
    pub(super) record: bool,
    /// Its key is a number.
    pub(super) number: bool,
}

impl RecordEvidence {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            keys: KeyKinds::default(),
            numbers: vec![NumberKeys::default(); plan.key_columns().len()],
        }
    }

    /// Takes a row in; `is_last` of those that were read together.
    pub(super) fn add(
        &mut self,
        plan: &Plan,
        row: SourceRow<'_>,
        key: &str,
        at: Place,
    ) -> Doubtful {
        let record = is_suspect(row, key, plan.column_of(plan.business_name_leaf()), at);
        if !record {
            self.keys.add(key);
        }
        let columns = plan.key_columns().iter().zip(&mut self.numbers);
        let mut number = false;
        for (column, numbers) in columns {
            number |= numbers.add(row.cell(*column));
        }
        Doubtful { record, number }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.keys.merge(&other.keys);
        for (all, more) in self.numbers.iter_mut().zip(&other.numbers) {
            all.merge(more);
        }
    }

    /// Whether any key that is a number, or was one, has lost something.
    pub(super) fn has_suspicious_numbers(&self) -> bool {
        (self.numbers.iter()).any(|numbers| numbers.are_suspicious() || numbers.were_whole())
    }

    /// The columns of the key of whose whole number a program made another in this row.
    pub(super) fn decimals<'r>(
        &'r self,
        plan: &'r Plan,
        row: SourceRow<'r>,
    ) -> impl Iterator<Item = usize> + 'r {
        let columns = plan.key_columns().iter().zip(&self.numbers);
        columns.filter_map(move |(column, numbers)| match row.cell(*column) {
            Cell::Text(text) if numbers.were_whole() && is_decimal_whole(text.trim()) => {
                Some(*column)
            }
            _ => None,
        })
    }

    /// The columns of the key whose number may have lost zeros in this row.
    pub(super) fn shortened<'r>(
        &'r self,
        plan: &'r Plan,
        row: SourceRow<'r>,
    ) -> impl Iterator<Item = usize> + 'r {
        let columns = plan.key_columns().iter().zip(&self.numbers);
        columns.filter_map(move |(column, numbers)| match row.cell(*column) {
            Cell::Number(n) if numbers.is_suspicious(n) => {
                // The others' own rule reports it.
                (plan.judged_key_columns().contains(column)).then_some(*column)
            }
            _ => None,
        })
    }
}

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// It is the first row below the header,
    pub(super) is_first: bool,
    /// or the last one: of the file, or as long as that is not known of those that were read together.
    pub(super) is_last: bool,
}

/// Whether a row may be no record: it is judged when all rows are known.
fn is_suspect(row: SourceRow<'_>, key: &str, name: Option<usize>, at: Place) -> bool {
    is_line(key)
        || is_total_caption(key)
        || name.is_some_and(|column| is_caption(row.cell(column)))
        || (at.is_last && has_caption(row))
        || (at.is_first && headings(row).is_some())
}

/// Whether a text is a part of a drawn line: `-----`, `=====`, `:---:`, `...`.
fn is_line(text: &str) -> bool {
    let is_drawn = |c: char| {
        matches!(
            c,
            '-' | '=' | '_' | '*' | '~' | '+' | '#' | '.' | ':' | '\u{2500}'
                ..='\u{257f}' | '–' | '—'
        )
    };
    text.len() > 1
        && !text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(is_drawn)
}

/// Whether all cells of a row that are filled are parts of a line.
fn is_separator(row: SourceRow<'_>) -> bool {
    (0..row.width()).all(|column| match row.cell(column) {
        Cell::Empty => true,
        Cell::Text(text) => {
            let text = text.trim();
            // A column may be one sign wide.
            text.len() < 2 && !text.contains(char::is_alphanumeric) || is_line(text)
        }
        _ => false,
    })
}

fn is_caption(cell: Cell<'_>) -> bool {
    matches!(cell, Cell::Text(text) if is_total_caption(text))
}

fn has_caption(row: SourceRow<'_>) -> bool {
    (0..row.width()).any(|column| is_caption(row.cell(column)))
}

/// What a row of a file with so many `rows` looks like, where that is no record: code and message.
pub(super) fn judge(
    plan: &Plan,
    row: SourceRow<'_>,
    key: &str,
    at: Place,
    evidence: &RecordEvidence,
    rows: impl Fn() -> u64,
) -> Option<(Code, String)> {
    let name = plan.column_of(plan.business_name_leaf());
    if !is_suspect(row, key, name, at) {
        return None;
    }
    if is_line(key) && is_separator(row) {
        let message = "The row is a line of dashes or other signs, not a record.";
        return Some((Code::RowSeparator, message.to_owned()));
    }
    let is_like_others = evidence.keys.has_like(key);
    if let Some(headings) = at.is_first.then(|| headings(row)).flatten()
        && (headings > 1 || !is_like_others)
    {
        let message =
            "The row looks like a second header: its cells are names or types of their columns.";
        return Some((Code::RowSecondHeader, message.to_owned()));
    }
    let key_is_caption = is_total_caption(key);
    let name_is_caption = name.is_some_and(|column| is_caption(row.cell(column)));
    if !is_like_others {
        let is_total = key_is_caption || name_is_caption || (at.is_last && has_caption(row));
        let message = "The row looks like a total or an end mark: its key is not like the others.";
        return is_total.then(|| (Code::RowTotal, message.to_owned()));
    }
    // Keys may be names. At the end, below a column of them, a caption with nothing but numbers beside it is a total;
    // so is one whose key counts the rows above it.
    let counts_rows = key.parse::<u64>().is_ok_and(|n| n > 1 && n + 1 == rows());
    let is_total = at.is_last
        && ((key_is_caption && holds_numbers_only(row, plan.key_columns()))
            || (counts_rows && has_caption(row)));
    let message =
        "The row looks like a total: it is the last one, and contains nothing but numbers.";
    is_total.then(|| (Code::RowTotal, message.to_owned()))
}

/// Whether a row has, beside its key and captions, nothing but numbers, of which it has one at least.
fn holds_numbers_only(row: SourceRow<'_>, key_columns: &[usize]) -> bool {
    let mut numbers = 0;
    for column in (0..row.width()).filter(|c| !key_columns.contains(c)) {
        match row.cell(column) {
            Cell::Empty => {}
            Cell::Number(_) => numbers += 1,
            Cell::Text(text) if text.trim().is_empty() || is_total_caption(text) => {}
            Cell::Text(text) if is_amount(text) => numbers += 1,
            _ => return false,
        }
    }
    numbers > 0
}

/// `3`, `1,234.50`, `12 %`, `$5`.
fn is_amount(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit()) && !text.chars().any(char::is_alphabetic)
}

/// How many cells of a row are names or types of their columns, where all that are filled are.
fn headings(row: SourceRow<'_>) -> Option<usize> {
    let mut found = 0;
    for column in 0..row.width() {
        let name = row.header().names().get(column).map_or("", |name| name);
        match row.cell(column) {
            Cell::Empty => {}
            Cell::Text(text) if text.trim().is_empty() => {}
            Cell::Text(text) if is_heading(text.trim(), name) => found += 1,
            _ => return None,
        }
    }
    (found > 0).then_some(found)
}

/// Whether a text is another name of a column, or the type or unit of what it holds.
fn is_heading(text: &str, name: &str) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    let letters = |text: &str| -> String {
        let folded = text.to_lowercase();
        folded.chars().filter(|c| c.is_alphanumeric()).collect()
    };
    let (mine, names) = (letters(text), letters(name));
    // `BillingCity` of `Billing City`, `Name` of `Account Name`, `accountid` of `Account ID`.
    let is_name = mine.len() > 1
        && (mine == names || names.ends_with(&mine) || (names.len() > 2 && mine.ends_with(&names)));
    let word = text.to_lowercase();
    let bare = word.trim_matches(|c| matches!(c, '(' | ')' | '[' | ']' | '<' | '>'));
    let bare = bare.split_once('(').map_or(bare, |(kind, _)| kind).trim();
    is_name || HEADINGS.contains(&bare)
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
