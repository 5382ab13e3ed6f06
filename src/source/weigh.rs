//! A second look at a file that is not all UTF-8: a UTF-8 file with spoilt lines, or a file of another encoding?
//!
//! It is judged by its lines, in one reading and with the memory of one line. In a file of a western code page a line
//! with an accent is next to never valid UTF-8; in a UTF-8 file with a few bytes from elsewhere nearly all are.

use std::io::{self, Read};

use encoding_rs::Encoding;

use super::mojibake::is_surely_utf8;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// Bytes of lines with something to guess from: more of them change no guess.
const GUESS_BYTES: usize = 1024 * 1024;
/// A longer line is judged in parts.
const LONGEST_LINE: usize = 1024 * 1024;

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
    /// The last line ends inside a character, and is else UTF-8.
    pub(super) cut: bool,
}

impl Lines {
    /// Whether the file is UTF-8 in all but some lines, where it would else be `guessed`.
    ///
    /// Of single bytes the side with more lines wins, because the lines of the other side are refused either way. Bytes
    /// of two-byte encodings make valid UTF-8 by chance, which a few lines in a hundred are.
    pub(super) fn are_utf8(&self, guessed: &'static Encoding) -> bool {
        if self.odd == 0 {
            return self.whole + self.paired > 0;
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
        if std::str::from_utf8(line).is_ok() {
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

/// Whether valid UTF-8 in a text of this encoding is next to never meant as anything else: letters are single bytes
/// there, and those of the second half of the table do not follow on one another in words.
pub(super) fn tells_utf8_apart(encoding: &'static Encoding) -> bool {
    let name = encoding.name();
    let is_single =
        name.starts_with("windows-125") || name.starts_with("ISO-8859-") || name == "macintosh";
    // Arabic and Hebrew have letters in all of it.
    is_single
        && !matches!(
            name,
            "windows-1256" | "windows-1255" | "ISO-8859-6" | "ISO-8859-8" | "ISO-8859-8-I"
        )
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
                let high = bits(a, 0x0f) << 6 | bits(b, 0x3f);
                let low = bits(c, 0x0f) << 6 | bits(d, 0x3f);
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
}

/// Looks at every line.
pub(super) fn weigh(mut file: impl Read) -> io::Result<Weighed> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    let mut lines = Lines::default();
    let mut high = HighBytes::default();
    let mut fed = 0;
    let mut number = 1;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut held = 0;
    loop {
        if buffer.len() < held + CHUNK_BYTES {
            buffer.resize(held + CHUNK_BYTES, 0);
        }
        let n = match file.read(&mut buffer[held..]) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        high.feed(&buffer[held..held + n]);
        let filled = held + n;
        let is_end = n == 0;
        let is_line_end = |b: &u8| matches!(b, b'\n' | b'\r');
        let to = match buffer[..filled].iter().rposition(|b| is_line_end(b)) {
            Some(last) if !is_end => last + 1,
            None if !is_end && filled < LONGEST_LINE => 0,
            _ => filled,
        };
        if buffer[..to].is_ascii() {
            number += memchr::memchr_iter(b'\n', &buffer[..to]).count() as u64;
        } else {
            for line in buffer[..to].split_inclusive(is_line_end) {
                let is_last = is_end && !line.ends_with(b"\n") && !line.ends_with(b"\r");
                if is_last && ends_inside_a_character(line) {
                    lines.cut = true;
                } else {
                    lines.add(line, number);
                }
                if fed < GUESS_BYTES && !line.is_ascii() {
                    detector.feed(line, false);
                    fed += line.len();
                }
                number += u64::from(line.ends_with(b"\n"));
            }
        }
        buffer.copy_within(to..filled, 0);
        held = filled - to;
        if is_end {
            break;
        }
    }
    detector.feed(b"", true);
    let mut guessed = detector.guess(None, chardetng::Utf8Detection::Deny);
    if high.is_western() {
        guessed = encoding_rs::WINDOWS_1252;
    }
    Ok(Weighed {
        lines,
        guessed,
        high,
    })
}

/// Whether bytes are UTF-8 that breaks off inside its last character.
pub(super) fn ends_inside_a_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|e| e.error_len().is_none())
}

/// Bytes above 127: how many, and the first word that holds one.
#[derive(Default)]
pub(super) struct HighBytes {
    count: u64,
    lines: u64,
    first_line: u64,
    word: Vec<u8>,
    /// Where in the word the first one stands.
    at: usize,
    /// Another one than the first was seen.
    several: bool,
    tail: Vec<u8>,
}

impl HighBytes {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let here = bytes.iter().filter(|b| **b > 0x7f).count() as u64;
        if self.count == 0 && here > 0 {
            let at = bytes.iter().position(|b| *b > 0x7f).unwrap_or(0);
            self.first_line =
                1 + self.lines + memchr::memchr_iter(b'\n', &bytes[..at]).count() as u64;
            let in_word = |b: &u8| b.is_ascii_alphabetic() || *b > 0x7f;
            let before: Vec<u8> = self.tail.iter().chain(&bytes[..at]).copied().collect();
            let start = before
                .iter()
                .rev()
                .take(20)
                .take_while(|b| in_word(b))
                .count();
            self.word = before[before.len() - start..].to_vec();
            self.at = self.word.len();
            self.word
                .extend(bytes[at..].iter().take(20).take_while(|b| in_word(b)));
        }
        if let Some(first) = self.word.get(self.at).filter(|_| here > 0 && !self.several) {
            self.several = bytes.iter().any(|b| *b > 0x7f && b != first);
        }
        self.count += here;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.tail = bytes[bytes.len().saturating_sub(20)..].to_vec();
    }

    /// Whether one and the same byte is all there is, and makes sense in Windows-1252: a letter or a typographic sign in a
    /// word of Latin letters, or a sign that stands alone. So little says nothing to a detector of languages.
    fn is_western(&self) -> bool {
        let Some(byte) = self.word.get(self.at).filter(|_| !self.several) else {
            return false;
        };
        let is_letter = |at: Option<usize>| {
            at.and_then(|at| self.word.get(at))
                .is_some_and(u8::is_ascii_alphabetic)
        };
        let in_word = is_letter(self.at.checked_sub(1)) || is_letter(Some(self.at + 1));
        match byte {
            // Signs, among them ¡ and ¿, ª and º, which stand at words.
            0xa1 | 0xaa | 0xba | 0xbf | 0xae | 0xb4 => true,
            0xa0..=0xbf => !in_word,
            0x81 | 0x8d | 0x8f | 0x90 | 0x9d => false,
            0x80..=0x9f => true,
            0xc0.. => in_word,
            0..=0x7f => false,
        }
    }

    /// What a person needs to see whether the guess is right.
    pub(super) fn describe(&self, encoding: &'static Encoding) -> String {
        format!(
            "guessed from {} {} above 127; the first in line {}, where it makes \"{}\"",
            self.count,
            if self.count == 1 { "byte" } else { "bytes" },
            self.first_line,
            encoding.decode_without_bom_handling(&self.word).0
        )
    }
}

#[cfg(test)]
#[path = "weigh_tests.rs"]
mod tests;
