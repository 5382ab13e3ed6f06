//! A second look at a file that is not all UTF-8: a UTF-8 file with spoilt lines, or a file of another encoding?
//!
//! It is judged by its lines, in one reading and with the memory of one line. In a file of a western code page a line
//! with an accent is next to never valid UTF-8; in a UTF-8 file with a few bytes from elsewhere nearly all are.

use std::io::{self, Read};

use encoding_rs::Encoding;

use super::each_line::each_line;
use super::flow::Flow;
use super::mojibake::{has_signs, is_hardly_of, is_surely_utf8, tells_utf8_apart};
use super::two_readings::makes_western_sense;

/// Bytes of lines with something to guess from: more of them change no guess.
const GUESS_BYTES: usize = 1024 * 1024;

/// Where the Latin letters of code pages end.
const LAST_LATIN: char = '\u{24f}';
/// Of how many lines with bytes above 127 one has to look as if it was misread, that none of them is sent. Honest files have
/// one in thousands. In files of DOS and of old Macs about half have: of the letters that are misread, those that turn into
/// signs are as many as those that turn into other letters, and a line has few of them. Half of that leaves room for short
/// files.
const ONE_LINE_OF: usize = 4;

/// What the lines of a file with bytes above 127 are.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    /// Valid UTF-8,
    pub(super) whole: u64,
    /// and of these, lines that can only be meant as UTF-8.
    pub(super) sure: u64,
    /// With bytes that are no UTF-8,
    pub(super) odd: u64,
    /// the first of which is this line.
    pub(super) first_odd: u64,
    /// UTF-8 apart from characters that are written as two surrogates (CESU-8).
    pub(super) paired: u64,
    /// The last line ends inside a character, and is else UTF-8,
    pub(super) cut: bool,
    /// beyond doubt: it is none that ends with a letter of a western code page.
    pub(super) surely_cut: bool,
}

impl Lines {
    /// Whether the file is UTF-8 in all but some lines, where it would else be `guessed`.
    ///
    /// Of single bytes the side with more lines wins, because the lines of the other side are refused either way. Bytes
    /// of two-byte encodings make valid UTF-8 by chance, which a few lines in a hundred are.
    pub(super) fn are_utf8(&self, guessed: &'static Encoding) -> bool {
        if self.odd == 0 {
            return self.whole + self.paired > 0 || self.surely_cut;
        }
        if tells_utf8_apart(guessed) {
            self.whole + self.paired >= self.odd
                && (self.sure + self.paired > 0 || self.whole >= self.odd * 8)
        } else {
            (self.sure + self.paired) * 4 >= self.odd
        }
    }

    /// How it is known, for people.
    pub(super) fn describe(&self) -> String {
        let mut said = match self.odd {
            0 => "every byte is valid".to_owned(),
            1 => format!("valid in all but line {}", self.first_odd),
            n => format!(
                "valid in all but {n} lines, the first of which is line {}",
                self.first_odd
            ),
        };
        if self.paired > 0 {
            said.push_str("; some characters are written as surrogate pairs (CESU-8)");
        }
        if self.cut {
            said.push_str("; the file ends inside a character");
        }
        said
    }

    fn add(&mut self, line: &[u8], number: u64) {
        if line.is_ascii() {
            return;
        }
        if let Ok(text) = std::str::from_utf8(line) {
            if makes_western_sense(text) {
                return;
            }
            self.whole += 1;
            self.sure += u64::from(is_surely_utf8(line));
        } else if paired(line).is_some() {
            self.paired += 1;
        } else {
            self.odd += 1;
            if self.odd == 1 {
                self.first_odd = number;
            }
        }
    }
}

/// UTF-8 with characters beyond U+FFFF written as two surrogates of three bytes each, as Oracle's and Java's "UTF8" does:
/// the text that is meant; none where anything else is no UTF-8.
pub(super) fn paired(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return Some(text);
            }
            Err(error) => {
                let (valid, behind) = rest.split_at(error.valid_up_to());
                text.push_str(std::str::from_utf8(valid).ok()?);
                let &[
                    0xed,
                    a @ 0xa0..=0xaf,
                    b @ 0x80..=0xbf,
                    0xed,
                    c @ 0xb0..=0xbf,
                    d @ 0x80..=0xbf,
                    ..,
                ] = behind
                else {
                    return None;
                };
                let bits = |byte: u8, mask: u8| u32::from(byte & mask);
                let high = (bits(a, 0x0f) << 6) + bits(b, 0x3f);
                let low = (bits(c, 0x0f) << 6) + bits(d, 0x3f);
                text.push(char::from_u32(0x1_0000 + (high << 10) + low)?);
                rest = &behind[6..];
            }
        }
    }
}

/// What a second look at a file found.
pub(super) struct Weighed {
    pub(super) lines: Lines,
    /// The likeliest encoding but UTF-8.
    pub(super) guessed: &'static Encoding,
    pub(super) high: HighBytes,
    /// Of the lines that it was guessed from, those that look as if they were misread, and all.
    pub(super) misread: Misread,
}

/// Lines that look as if they were of another encoding than the guessed one, and all with bytes above 127.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misread {
    odd: usize,
    all: usize,
}

impl Misread {
    fn count(sample: &[u8], guessed: &'static Encoding) -> Self {
        let lines = sample
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_ascii());
        let mut found = Self::default();
        for line in lines {
            let text = decoded(line, guessed);
            // Bytes without a character become control characters, or U+FFFD.
            let has_no_character = |c| matches!(c, '\u{80}'..='\u{9f}' | '\u{fffd}');
            let has_none = has_signs(guessed) && text.contains(has_no_character);
            // A cell of several lines may close on one of them what it opens on another: `"„Erste Zeile`.
            let is_part = line.split(|b| *b == b'"').count() % 2 == 0;
            if is_part && !has_none {
                continue;
            }
            found.all += 1;
            found.odd += usize::from(has_none || is_hardly_of(&text, guessed));
        }
        found
    }

    /// Whether all lines with bytes above 127 are in doubt.
    pub(super) fn is_file(self) -> bool {
        self.odd > 0 && self.odd * ONE_LINE_OF >= self.all
    }

    pub(super) fn describe(self, guessed: &'static Encoding) -> String {
        format!(
            "{} of {} lines with bytes above 127 have signs where letters should be, as files of DOS and of old Macs have when \
             they are read as {}: no row with such bytes is taken; save the file as UTF-8, or name its encoding under [source] \
             encoding",
            self.odd,
            self.all,
            guessed.name()
        )
    }
}

/// Looks at every line.
pub(super) fn weigh(file: impl Read) -> io::Result<Weighed> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    let mut lines = Lines::default();
    let mut high = HighBytes::default();
    let mut sample = Vec::new();
    each_line(file, |line, number, is_last| {
        if is_last && ends_inside_a_character(line) {
            lines.cut = true;
            lines.surely_cut = is_surely_cut(line);
        } else {
            lines.add(line, number);
        }
        if !line.is_ascii() {
            high.add(line, number);
            if sample.len() < GUESS_BYTES {
                detector.feed(line, false);
                sample.extend_from_slice(line);
                sample.push(b'\n');
            }
        }
        Flow::More
    })?;
    detector.feed(b"", true);
    let mut guessed = detector.guess(None, chardetng::Utf8Detection::Deny);
    if high.is_western() || high.refutes(guessed) {
        guessed = encoding_rs::WINDOWS_1252;
    }
    let misread = Misread::count(&sample, guessed);
    Ok(Weighed {
        lines,
        guessed,
        high,
        misread,
    })
}

/// Whether bytes are UTF-8 that breaks off inside its last character.
pub(super) fn ends_inside_a_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|e| e.error_len().is_none())
}

/// Words that are kept of a file.
const MOST_WORDS: usize = 200;
/// Bytes of a word that are looked at.
const LONGEST_WORD: usize = 40;
/// With fewer bytes above 127 than this, a guess that is not the commonest code page is told to be one.
const FEW_BYTES: u64 = 12;

/// Whether the bytes of the character inside which a text ends are no letter behind others in Windows-1252: two bytes of
/// three or four, or a capital behind a small letter.
fn is_surely_cut(text: &[u8]) -> bool {
    match text {
        [.., before, 0xc2..=0xdf] => before.is_ascii_lowercase(),
        [.., last] => !matches!(last, 0xe0..=0xf4),
        [] => false,
    }
}

/// Bytes above 127: how many, and the first words that hold one.
#[derive(Default)]
pub(super) struct HighBytes {
    count: u64,
    first_line: u64,
    words: Vec<Vec<u8>>,
}

impl HighBytes {
    fn add(&mut self, line: &[u8], number: u64) {
        self.count += line.iter().filter(|b| **b > 0x7f).count() as u64;
        if self.first_line == 0 {
            self.first_line = number;
        }
        if self.words.len() < MOST_WORDS {
            let words = line.split(|b| !(b.is_ascii_alphabetic() || *b > 0x7f));
            let odd = words.filter(|word| !word.is_ascii());
            let short = odd.map(|word| word[..word.len().min(LONGEST_WORD)].to_vec());
            self.words.extend(short.take(MOST_WORDS));
        }
    }

    /// Whether one and the same byte is all there is, and makes sense in Windows-1252: a letter or a typographic sign in a
    /// word of Latin letters, or a sign that stands alone. So little says nothing to a detector of languages.
    fn is_western(&self) -> bool {
        let mut high = self.words.iter().flatten().filter(|b| **b > 0x7f);
        let Some(byte) = high.next() else {
            return false;
        };
        if self.words.len() >= MOST_WORDS || high.any(|b| b != byte) {
            return false;
        }
        let in_words = |word: &Vec<u8>| word.iter().any(u8::is_ascii_alphabetic);
        match byte {
            // Signs that stand at words: ¡ and ¿, ª and º, ® and ´, and the blank.
            0xa0 | 0xa1 | 0xaa | 0xba | 0xbf | 0xae | 0xb4 => true,
            0xa2..=0xbe => !self.words.iter().any(in_words),
            0x81 | 0x8d | 0x8f | 0x90 | 0x9d => false,
            0x80..=0x9f => true,
            0xc0.. => self.words.iter().all(in_words),
            0..=0x7f => false,
        }
    }

    /// Whether an encoding makes a letter of what is a sign in western code pages and stands alone: `£` before a price.
    fn refutes(&self, guessed: &'static Encoding) -> bool {
        // Accents without a letter (`˝`, `ˇ`, `˛`) stand in no word.
        let is_accent = |c: char| matches!(c, '\u{2c6}'..='\u{2dd}');
        let has_accent = |word: &Vec<u8>| {
            let text = decoded(word, guessed);
            let letters = text.trim_matches(|c: char| !c.is_alphabetic() || is_accent(c));
            letters.contains(is_accent)
        };
        if guessed != encoding_rs::WINDOWS_1252
            && guessed.is_single_byte()
            && self.words.iter().any(has_accent)
        {
            return true;
        }
        let are_signs = |word: &Vec<u8>| {
            word.iter()
                .all(|b| matches!(b, 0xa2..=0xa9 | 0xab..=0xb3 | 0xb6..=0xb9 | 0xbb..=0xbe))
        };
        let is_letters = |word: &Vec<u8>| decoded(word, guessed).chars().all(char::is_alphabetic);
        let count =
            |is_of: &dyn Fn(&Vec<u8>) -> bool| self.words.iter().filter(|w| is_of(w)).count();
        let alone = count(&|word| guessed.is_single_byte() && are_signs(word) && is_letters(word));
        // Another script has words of such letters alone (`ООО` in ISO-8859-5 is `¾¾¾`), and many more of others.
        let is_other_script = |word: &Vec<u8>| {
            let is_whole = word.len() > 1 && word.iter().all(|b| *b > 0x7f) && !are_signs(word);
            is_whole && decoded(word, guessed).chars().all(|c| c > LAST_LATIN)
        };
        alone > 0 && alone >= count(&is_other_script)
    }

    /// What a person needs to see whether the guess is right.
    pub(super) fn describe(&self, encoding: &'static Encoding) -> String {
        let first = self.words.first().map_or(&[][..], Vec::as_slice);
        format!(
            "guessed from {} {} above 127; the first in line {}, where it makes \"{}\"",
            self.count,
            if self.count == 1 { "byte" } else { "bytes" },
            self.first_line,
            decoded(first, encoding)
        )
    }

    /// That the guess is not sure, where few bytes speak for another code page than the commonest one, and it matters.
    pub(super) fn describe_doubt(&self, encoding: &'static Encoding) -> Option<String> {
        let usual = encoding_rs::WINDOWS_1252;
        if encoding == usual || self.count > FEW_BYTES || !encoding.is_single_byte() {
            return None;
        }
        let differs = |word: &&Vec<u8>| decoded(word, usual) != decoded(word, encoding);
        let word = self.words.iter().find(differs)?;
        Some(format!(
            "the encoding is not sure: \"{}\" would be \"{}\" in {}; name it under [source] encoding",
            decoded(word, encoding),
            decoded(word, usual),
            usual.name()
        ))
    }
}

fn decoded(bytes: &[u8], encoding: &'static Encoding) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
#[path = "weigh_tests.rs"]
mod tests;
