//! A place in a text, and the pieces of a date that are taken from it.

use super::names::Locale;

/// A run of digits.
pub(super) struct Number {
    pub(super) value: i64,
    pub(super) digits: usize,
}

impl Number {
    pub(super) fn part(&self) -> i8 {
        i8::try_from(self.value).unwrap_or(i8::MAX)
    }

    pub(super) fn year(&self) -> i16 {
        i16::try_from(self.value).unwrap_or(i16::MAX)
    }
}

/// A place in a text.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) locale: Option<Locale>,
    /// The time of day was read already: before the year.
    pub(super) has_time: bool,
}

impl Cursor<'_> {
    pub(super) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(super) fn blanks(&mut self) -> bool {
        let rest = self.rest();
        let kept = rest.trim_start();
        let skipped = rest.len() - kept.len();
        self.at += skipped;
        skipped > 0
    }

    pub(super) fn number(&mut self) -> Option<Number> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 18 {
            return None;
        }
        let value = self.rest()[..digits].parse().ok()?;
        self.at += digits;
        Some(Number { value, digits })
    }

    pub(super) fn word(&mut self) -> &str {
        let length = self
            .rest()
            .chars()
            .take_while(|c| c.is_alphabetic())
            .map(char::len_utf8)
            .sum::<usize>();
        let start = self.at;
        self.at += length;
        &self.text[start..self.at]
    }

    /// `of`, and in Romance languages `de`, `del`, `do`: `4 de marzo del 2026`.
    pub(super) fn connector(&mut self) {
        let start = self.at;
        let romance = matches!(
            self.locale,
            Some(Locale::Spanish | Locale::Portuguese | Locale::Italian | Locale::French)
        );
        let word = self.word().to_lowercase();
        if word == "of" || (romance && matches!(word.as_str(), "de" | "del" | "do" | "di")) {
            self.blanks();
        } else {
            self.at = start;
        }
    }

    pub(super) fn separator(&mut self) {
        self.eat('.');
        self.eat(',');
        if !self.blanks() {
            let _ = self.eat('-') || self.eat('/');
        }
    }

    pub(super) fn ordinal(&mut self) {
        let start = self.at;
        if self.locale.is_some() && self.eat('°') {
            return;
        }
        let word = self.word().to_lowercase();
        let local: &[&str] = match self.locale {
            Some(Locale::French) => &["er", "e"],
            Some(Locale::Spanish | Locale::Portuguese | Locale::Italian) => &["º", "o"],
            Some(Locale::Dutch) => &["e", "ste", "de"],
            Some(Locale::German | Locale::English) | None => &[],
        };
        if !matches!(word.as_str(), "st" | "nd" | "rd" | "th") && !local.contains(&word.as_str()) {
            self.at = start;
        }
    }
}
