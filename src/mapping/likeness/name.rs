//! Business names as they are compared: without case, accents, punctuation, blanks and the legal form.

use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizer;

use super::legal_form::{is_between_legal_forms, is_leading_form, is_legal_form};

/// Letters that a folded name has at least; where less is left, the legal form is part of the name.
const LEAST_LETTERS: usize = 2;

/// Names that stand for nobody: two rows that have one of these have nothing in common.
fn stands_for_nobody(name: &[u8]) -> bool {
    matches!(
        name,
        b"unknown"
            | b"unbekannt"
            | b"inconnu"
            | b"desconocido"
            | b"test"
            | b"testaccount"
            | b"dummy"
            | b"example"
            | b"none"
            | b"null"
            | b"na"
            | b"tbd"
            | b"tba"
            | b"customer"
            | b"kunde"
            | b"client"
            | b"private"
            | b"privat"
            | b"diverse"
            | b"various"
            | b"misc"
            | b"individual"
    )
}

/// Company forms that Chinese, Japanese and Korean names carry without a blank, at either end.
static UNSPACED_FORMS: LazyLock<Vec<String>> = LazyLock::new(|| {
    [
        "株式会社",
        "有限会社",
        "合同会社",
        "股份有限公司",
        "有限责任公司",
        "有限公司",
        "주식회사",
        "유한회사",
    ]
    .iter()
    .map(|form| {
        DecomposingNormalizer::new_nfkd()
            .normalize(form)
            .into_owned()
    })
    .collect()
});

/// What becomes of an ASCII character: itself in lower case, or one of these.
const SEPARATOR: u8 = 0;
const LEFT_OUT: u8 = 1;
static ASCII: [u8; 128] = {
    let mut table = [SEPARATOR; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = byte.to_ascii_lowercase();
        } else if matches!(byte, b'.' | b'\'' | b'`') {
            table[byte as usize] = LEFT_OUT;
        }
        byte += 1;
    }
    table
};

/// Buffers for folding one name after the other.
#[derive(Debug, Default)]
pub(super) struct NameFolder {
    /// The words, one behind the other; `ue` as `u`, for `Mueller` is `Müller`.
    words: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl NameFolder {
    /// Writes the folded name into `folded`; nothing where the name stands for nobody.
    pub(super) fn fold(&mut self, name: &str, folded: &mut Vec<u8>) {
        folded.clear();
        self.words.clear();
        self.ends.clear();
        if !self.take_western(name) {
            self.words.clear();
            self.ends.clear();
            let lower = name.to_lowercase();
            let plain = DecomposingNormalizer::new_nfkd().normalize(&lower);
            for c in without_unspaced_form(plain.trim()).chars() {
                self.take_any(c);
            }
        }
        self.end_word();
        if self.is_nobody() {
            return;
        }
        let own = self.without_legal_form();
        self.write(own, folded);
        if letters(folded) < LEAST_LETTERS {
            folded.clear();
            self.write(0..self.ends.len(), folded);
        }
        if letters(folded) < LEAST_LETTERS {
            folded.clear();
        }
    }

    /// The short way for ASCII and the letters of Latin-1, which need no tables of Unicode. False where there is anything else.
    pub(super) fn take_western(&mut self, name: &str) -> bool {
        // No letter becomes more bytes than it has.
        self.words.resize(name.len(), 0);
        let (mut length, mut ended, mut last) = (0, 0, SEPARATOR);
        let mut bytes = name.bytes();
        while let Some(byte) = bytes.next() {
            // Most are a letter that is taken as it is.
            let letter = ASCII[usize::from(byte & 0x7f)];
            if byte < 0x80 && letter > LEFT_OUT && letter != b'e' {
                self.words[length] = letter;
                length += 1;
                last = letter;
                continue;
            }
            let letters = match byte {
                ..0x80 => [letter, LEFT_OUT],
                0xc3 => match western_letters(bytes.next().unwrap_or_default()) {
                    Some(letters) => letters,
                    None => return false,
                },
                _ => return false,
            };
            for letter in letters {
                match letter {
                    SEPARATOR => {
                        if length > ended {
                            self.ends.push(length);
                            ended = length;
                        }
                        last = SEPARATOR;
                    }
                    LEFT_OUT => {}
                    b'e' if matches!(last, b'a' | b'o' | b'u') => {}
                    letter => {
                        self.words[length] = letter;
                        length += 1;
                        last = letter;
                    }
                }
            }
        }
        self.words.truncate(length);
        true
    }

    /// A character that is lower case and without accents.
    fn take_any(&mut self, c: char) {
        match c {
            // Accents. Signs of other scripts are letters of theirs.
            '\u{300}'..='\u{36f}' | '’' | '‘' | '´' | 'ʻ' => {}
            'ß' => self.push("ss"),
            'æ' => self.push("ae"),
            'œ' => self.push("oe"),
            'ø' => self.push("o"),
            'ł' => self.push("l"),
            'đ' | 'ð' => self.push("d"),
            'ı' => self.push("i"),
            'þ' => self.push("th"),
            'ς' => self.push("σ"),
            // What is no letter or digit may still be part of a word, as the vowel signs of Indian scripts are.
            c if !c.is_ascii() && is_separator(c) => self.end_word(),
            c => match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => self.take(byte),
                _ => self.push(c.encode_utf8(&mut [0; 4])),
            },
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) {
        match ASCII[usize::from(byte & 0x7f)] {
            SEPARATOR => self.end_word(),
            LEFT_OUT => {}
            letter => self.push_byte(letter),
        }
    }

    fn push(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.push_byte(byte));
    }

    #[inline]
    fn push_byte(&mut self, byte: u8) {
        if byte == b'e'
            && self.words.len() > self.ended()
            && matches!(self.words.last(), Some(b'a' | b'o' | b'u'))
        {
            return;
        }
        self.words.push(byte);
    }

    /// Where the word before the one under way ends.
    #[inline]
    fn ended(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    #[inline]
    fn end_word(&mut self) {
        if self.ended() < self.words.len() {
            self.ends.push(self.words.len());
        }
    }

    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] }
    }

    fn word(&self, at: usize) -> &[u8] {
        &self.words[self.start(at)..self.ends[at]]
    }

    /// `Unknown`, `N/A`, and a name of one digit or sign again and again.
    fn is_nobody(&self) -> bool {
        let Some((first, others)) = self.words.split_first() else {
            return true;
        };
        let is_repeated = others.len() > 1 && others.iter().all(|byte| byte == first);
        is_repeated
            || match self.ends[..] {
                [_] => stands_for_nobody(&self.words),
                [_, _] => matches!(
                    (self.word(0), self.word(1)),
                    (b"test", b"account") | (b"n", b"a")
                ),
                _ => false,
            }
    }

    /// The words without the legal form behind them, or, in the languages that put it there, before them.
    fn without_legal_form(&mut self) -> std::ops::Range<usize> {
        let mut last = self.ends.len();
        let mut any = false;
        while last > 0 {
            let singles = self.single_letters_before(last);
            let joined = &self.words[self.start(last - singles.max(1))..self.ends[last - 1]];
            if is_legal_form(text(joined)) {
                last -= singles.max(1);
            } else if any && is_between_legal_forms(text(self.word(last - 1))) {
                last -= 1;
            } else {
                break;
            }
            any = true;
        }
        let mut first = 0;
        while first < last && is_leading_form(text(self.word(first))) {
            first += 1;
        }
        first..last
    }

    /// How many words of one letter stand beside each other before a place, as in `S. A.`.
    fn single_letters_before(&self, last: usize) -> usize {
        (0..last)
            .rev()
            .take_while(|at| self.word(*at).len() <= 4 && letters(self.word(*at)) == 1)
            .count()
    }

    /// The words without blanks between them and without "and".
    fn write(&self, words: std::ops::Range<usize>, folded: &mut Vec<u8>) {
        // Copied together as far as nothing is left out.
        let mut from = self.start(words.start);
        for at in words.clone() {
            let (start, word) = (self.start(at), self.word(at));
            let is_left_out = matches!(word, b"and" | b"und" | b"et");
            // As if the words were one.
            let is_umlaut = word[0] == b'e'
                && at > words.start
                && matches!(self.words[start - 1], b'a' | b'o' | b'u');
            if is_left_out || is_umlaut {
                folded.extend_from_slice(&self.words[from..start]);
                from = if is_left_out {
                    self.ends[at]
                } else {
                    start + 1
                };
            }
        }
        let end = words.end.checked_sub(1).map_or(from, |at| self.ends[at]);
        folded.extend_from_slice(&self.words[from..end.max(from)]);
    }
}

/// A word as a text, which it is.
fn text(word: &[u8]) -> &str {
    std::str::from_utf8(word).unwrap_or_default()
}

/// How many characters a text of letters and digits has.
fn letters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// The letters without accents of one between `À` and `ÿ`, by the second byte of its two in UTF-8.
fn western_letters(second: u8) -> Option<[u8; 2]> {
    Some(match second | 0x20 {
        0xa0..=0xa5 => [b'a', LEFT_OUT],
        0xa6 => [b'a', b'e'],
        0xa7 => [b'c', LEFT_OUT],
        0xa8..=0xab => [b'e', LEFT_OUT],
        0xac..=0xaf => [b'i', LEFT_OUT],
        0xb0 => [b'd', LEFT_OUT],
        0xb1 => [b'n', LEFT_OUT],
        0xb2..=0xb6 | 0xb8 => [b'o', LEFT_OUT],
        0xb9..=0xbc => [b'u', LEFT_OUT],
        0xbd => [b'y', LEFT_OUT],
        0xbe => [b't', b'h'],
        // `ß`, and `ÿ`, which stand in the place of each other's capital.
        0xbf if second == 0x9f => [b's', b's'],
        0xbf => [b'y', LEFT_OUT],
        // `×` and `÷`.
        _ => return None,
    })
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{a1}'..='\u{a9}'
            | '\u{ab}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}' | '\u{feff}'
            | '×' | '÷' | '・' | '\u{2200}'..='\u{27bf}')
}

fn without_unspaced_form(name: &str) -> &str {
    for form in UNSPACED_FORMS.iter() {
        let rest = name
            .strip_suffix(form.as_str())
            .or_else(|| name.strip_prefix(form.as_str()));
        if let Some(rest) = rest.filter(|rest| !rest.trim().is_empty()) {
            return rest;
        }
    }
    name
}
