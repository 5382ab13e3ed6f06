//! Words of somebody else (the API, a token command) → words that may be kept and shown.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use rustc_hash::FxHashSet;

use super::numbers::{ibans, long_numbers, short_numbers};
use super::text::{Reading, Sign, letters_and_digits, signs};
use super::tokens::{Uuids, tokens, without_controls};
use super::{MASKED, Secret, mask};

/// A part of a sensitive value that has so many characters, in which digits are, is masked too. The last four of a number
/// are how people and services speak of it.
const PART: usize = 5;
/// Digits in such a part at least: a value of words would have each of its words masked.
const DIGITS_OF_PART: usize = 2;
/// Characters of a value of which parts are looked for; numbers of accounts have 34 at most.
const LONGEST_IN_PARTS: usize = 200;
/// A value with so many characters is looked for anywhere; shorter ones only as words of their own.
const ANYWHERE: usize = 4;
/// The ways in which a text is read. A percent sign before a number is no escape, so one that may hold escapes is read in both.
fn readings(text: &str) -> &'static [Reading] {
    if text.contains(['\\', '%', '&']) {
        &[Reading::AsWritten, Reading::Decoded]
    } else {
        &[Reading::AsWritten]
    }
}
/// Tokens shorter than this would be found in the middle of words.
const SHORTEST_TOKEN: usize = 6;

/// Takes out of a text what must not be shown: what it knows (sensitive values of a row, a token), and what looks like a token,
/// a password, the number of an account or an IBAN.
///
/// It masks too much rather than too little.
#[derive(Debug, Clone, Default)]
pub struct Scrubber {
    values: Vec<Vec<char>>,
    tokens: Vec<String>,
    uuids: Uuids,
    short_numbers: bool,
}

impl Scrubber {
    /// Knows no value and no token. UUIDs stay: partners and requests are named by them.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Masks UUIDs as well: a command that gets a token may be given one as a secret.
    #[must_use]
    pub fn without_uuids(mut self) -> Self {
        self.uuids = Uuids::Masked;
        self
    }

    /// Masks numbers of five digits and six too: the words may quote rows of which nothing is known here.
    #[must_use]
    pub fn with_short_numbers(mut self) -> Self {
        self.short_numbers = true;
        self
    }

    /// Masks these values, however their letters and digits are grouped, and in capitals or not; also without leading zeros,
    /// and parts of them that are longer than what is usually shown of a number.
    #[must_use]
    pub fn with_values<V: AsRef<str>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        for value in values {
            let value = letters_and_digits(value.as_ref());
            let zeros = value.iter().take_while(|c| **c == '0').count();
            if zeros > 0 {
                self.values.push(value[zeros..].to_vec());
            }
            self.values.push(value);
        }
        // One character says nothing, and would be found everywhere.
        self.values.retain(|v| v.len() > 1);
        self
    }

    /// Masks a token as it is, in an address, and in Base64, also within a longer text.
    #[must_use]
    pub fn with_token(mut self, token: &Secret) -> Self {
        let token = token.expose().trim();
        self.tokens.push(token.to_owned());
        let encoded: String = token.bytes().map(percent).collect();
        self.tokens.push(encoded);
        for before in 0..3_usize {
            let bytes = [vec![0; before], token.as_bytes().to_vec()].concat();
            // Characters that also depend on what stands before or behind.
            let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let text = engine.encode(&bytes);
                self.tokens
                    .push(text.get(first..last).unwrap_or_default().to_owned());
            }
        }
        self.tokens.retain(|t| t.len() >= SHORTEST_TOKEN);
        self.tokens.sort();
        self.tokens.dedup();
        self
    }

    /// The text without all that, on one line; of a number the last two characters are shown at most.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let text = without_controls(text);
        let mut hidden: Vec<(Range<usize>, Shown)> = Vec::new();
        for token in &self.tokens {
            let all = text.match_indices(token.as_str());
            hidden.extend(all.map(|(at, t)| (at..at + t.len(), Shown::Nothing)));
        }
        let secrets = tokens(&text, self.uuids).into_iter();
        hidden.extend(secrets.map(|at| (at, Shown::Nothing)));
        for reading in readings(&text) {
            let signs = signs(&text, *reading);
            let numbers = (self.places(&signs, &text).into_iter())
                .chain(long_numbers(&text, &signs))
                .chain(ibans(&text, &signs));
            hidden.extend(numbers.map(|at| (at, Shown::End)));
            if self.short_numbers {
                // Two characters of so few would be a part of them.
                let short = short_numbers(&text, &signs).into_iter();
                hidden.extend(short.map(|at| (at, Shown::Nothing)));
            }
        }
        rendered(&text, hidden)
    }

    /// Masks the known values alone, in a text of our own.
    #[must_use]
    pub fn scrub_values(&self, text: &str) -> String {
        let mut hidden = Vec::new();
        for reading in readings(text) {
            let signs = signs(text, *reading);
            let places = self.places(&signs, text).into_iter();
            hidden.extend(places.map(|at| (at, Shown::End)));
        }
        rendered(text, hidden)
    }

    /// The bytes of the known values, and of parts of them.
    fn places(&self, signs: &[Sign], text: &str) -> Vec<Range<usize>> {
        let letters: Vec<char> = signs.iter().map(|s| s.what).collect();
        // Most texts have no part that could be one of a number.
        let windows = letters.windows(PART).enumerate();
        let numbered: Vec<(usize, &[char])> = windows.filter(|(_, w)| has_digits(w)).collect();
        let mut found = Vec::new();
        for value in &self.values {
            whole(value, signs, text, &mut found);
            if !numbered.is_empty() {
                let parts = parts(value);
                let there = numbered.iter().filter(|(_, part)| parts.contains(part));
                found.extend(there.map(|(from, _)| bytes(signs, *from, PART)));
            }
        }
        found
    }
}

/// A byte of a token in an address.
fn percent(byte: u8) -> String {
    let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if is_plain {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// What is left of a part that is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    /// The last two characters, where it is long.
    End,
}

/// The bytes of so many letters.
fn bytes(signs: &[Sign], from: usize, length: usize) -> Range<usize> {
    signs[from].at.start..signs[from + length - 1].at.end
}

/// Adds the bytes of a value that is there as a whole.
fn whole(value: &[char], signs: &[Sign], text: &str, found: &mut Vec<Range<usize>>) {
    let equals = |from: &usize| {
        let there = signs.get(*from..*from + value.len());
        there.is_some_and(|there| there.iter().map(|s| s.what).eq(value.iter().copied()))
    };
    let all = (0..signs.len()).filter(equals);
    let all = all.map(|from| bytes(signs, from, value.len()));
    found.extend(all.filter(|at| value.len() >= ANYWHERE || is_word(at, text)));
}

fn has_digits(part: &[char]) -> bool {
    part.iter().filter(|c| c.is_ascii_digit()).count() >= DIGITS_OF_PART
}

/// The parts of a value that are looked for by themselves.
fn parts(value: &[char]) -> FxHashSet<&[char]> {
    let beginning = value.get(..LONGEST_IN_PARTS).unwrap_or(value);
    let parts = beginning.windows(PART).filter(|part| has_digits(part));
    parts.collect()
}

/// Whether these bytes are a word, with nothing between its letters.
fn is_word(at: &Range<usize>, text: &str) -> bool {
    let before = text[..at.start].chars().next_back();
    let behind = text[at.end..].chars().next();
    let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    is_apart(before) && is_apart(behind) && text[at.clone()].chars().all(char::is_alphanumeric)
}

/// The text with stars in these places; those that overlap are one.
fn rendered(text: &str, mut hidden: Vec<(Range<usize>, Shown)>) -> String {
    hidden.sort_by_key(|(at, _)| (at.start, at.end));
    let mut out = String::with_capacity(text.len());
    let mut shown_to = 0;
    let mut hidden = hidden.into_iter().peekable();
    while let Some((mut at, mut left)) = hidden.next() {
        while let Some((next, more)) = hidden.next_if(|(next, _)| next.start < at.end) {
            at.end = at.end.max(next.end);
            if more == Shown::Nothing {
                left = more;
            }
        }
        out.push_str(&text[shown_to..at.start]);
        match left {
            Shown::Nothing => out.push_str(MASKED),
            Shown::End => {
                let part = &text[at.clone()];
                let letters = signs(part, Reading::Decoded);
                // As they are written, unless they are encoded.
                let as_written = |sign: &Sign| match part[sign.at.clone()].chars().next() {
                    Some(c) if c.len_utf8() == sign.at.len() => c,
                    _ => sign.what,
                };
                let letters: String = letters.iter().map(as_written).collect();
                out.push_str(&mask(&letters));
            }
        }
        shown_to = at.end;
    }
    out.push_str(&text[shown_to..]);
    out
}

#[cfg(test)]
mod tests;
