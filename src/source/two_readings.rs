//! Text that makes sense in two encodings: `CAFÉ®` of Windows-1252 is valid UTF-8, too, and would be `CAFɮ`.
//!
//! A capital letter and a sign behind it are two bytes that UTF-8 takes for one letter. Nearly all files have other
//! bytes beside them that decide; where they stand alone, both readings are weighed.

use std::io::{self, Read};

use encoding_rs::WINDOWS_1252;

use super::each_line::each_line;
use super::flow::Flow;

/// Which reading of a character's bytes makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sense {
    /// Only UTF-8.
    Utf8,
    /// Both.
    Either,
    /// Only a word of Windows-1252 with a sign behind it.
    Western,
}

/// How the bytes of the character that begins at `at` of a text are best read.
pub(super) fn sense(text: &str, at: usize) -> Sense {
    let (before, behind) = text.split_at(at);
    let Some(c) = behind.chars().next() else {
        return Sense::Utf8;
    };
    let (own, behind) = behind.split_at(c.len_utf8());
    let Some(capitals) = letters_before_a_sign(own.as_bytes(), before.as_bytes()) else {
        return Sense::Utf8;
    };
    if !ends_a_word(own.as_bytes(), behind.as_bytes()) {
        return Sense::Utf8;
    }
    let is_in_a_word = capitals >= 2;
    if !is_in_a_word {
        // One capital letter before it, or none: a unit as `MΩ`, or a word of another script.
        return if is_outlandish(c) {
            Sense::Either
        } else {
            Sense::Utf8
        };
    }
    let fits_case = !(c.is_lowercase() && before.ends_with(|b: char| b.is_ascii_uppercase()));
    match u32::from(c) {
        // Words that were made capital letter by letter keep a small `é`: a French `î` ends none.
        0xee if !fits_case => Sense::Either,
        0x80..=0xff => Sense::Utf8,
        _ if is_usual_latin(c) && fits_case => Sense::Either,
        _ => Sense::Western,
    }
}

/// Whether valid UTF-8 makes sense in Windows-1252 only.
pub(super) fn makes_western_sense(text: &str) -> bool {
    let characters = text.char_indices().filter(|(_, c)| !c.is_ascii());
    let (mut any, mut western) = (false, false);
    for sense in characters.map(|(at, _)| sense(text, at)) {
        any |= sense == Sense::Utf8;
        western |= sense == Sense::Western;
    }
    western && !any
}

/// If the bytes of a character are, in Windows-1252, a letter and then signs that stand behind words: how many letters of
/// its case stand before it.
fn letters_before_a_sign(own: &[u8], before: &[u8]) -> Option<usize> {
    let (lead, signs) = own.split_first()?;
    // `®`, `©`, `™`, `’`, `”`, `»`, `…`, `–`, `—`, `•`, `·`, `°`, `²`, `³`, `¹`.
    let is_sign = |b: &u8| {
        matches!(
            b,
            0xae | 0xa9
                | 0x99
                | 0x92
                | 0x94
                | 0xbb
                | 0x85
                | 0x96
                | 0x97
                | 0x95
                | 0xb7
                | 0xb0
                | 0xb2
                | 0xb3
                | 0xb9
        )
    };
    if signs.is_empty() || !signs.iter().all(is_sign) {
        return None;
    }
    let run = |is_of: fn(&u8) -> bool| before.iter().rev().take_while(|b| is_of(b)).count();
    match lead {
        // `Â` ends no word, and `×` is no letter.
        0xc2 | 0xd7 | 0xf0.. => None,
        // `ß` stands among capitals, too.
        0xdf => Some(run(u8::is_ascii_lowercase).max(run(u8::is_ascii_uppercase))),
        0xc3..=0xde => Some(run(u8::is_ascii_uppercase)),
        0xe0..=0xef => Some(run(u8::is_ascii_lowercase)),
        _ => None,
    }
}

/// Whether what stands behind the sign lets it end a word: `CAFÉ’S` and `CAFÉ–BAR` go on.
fn ends_a_word(own: &[u8], behind: &[u8]) -> bool {
    let goes_on = matches!(own.last(), Some(0x92 | 0x96 | 0x97 | 0xb7));
    match behind.first() {
        None => true,
        Some(b) if b.is_ascii_alphanumeric() => goes_on,
        Some(b) => b.is_ascii(),
    }
}

/// Letters of living languages that are written in Latin letters.
fn is_usual_latin(c: char) -> bool {
    matches!(
        c,
        '\u{c0}'..='\u{17f}'
            // Vietnamese; Azerbaijani; tones of Chinese; Skolt Sami; Romanian.
            | 'Ơ' | 'ơ' | 'Ư' | 'ư' | 'Ə' | 'ə' | 'Ǎ'..='ǜ' | 'Ǥ'..='ǭ' | 'Ș'..='ț'
    )
}

/// Characters that stand in hardly any text: phonetic signs, rare Latin letters, accents without a letter, N'Ko.
fn is_outlandish(c: char) -> bool {
    match u32::from(c) {
        0x180..=0x36f => !is_usual_latin(c),
        0x700..=0x7ff => true,
        _ => false,
    }
}

/// A file that is valid UTF-8, and all of whose characters beyond ASCII make sense in Windows-1252, too.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    /// Whether they make sense in Windows-1252 only.
    pub(super) is_western: bool,
    /// The line of the first that speaks so, and its word in both readings.
    line: u64,
    utf8: String,
    western: String,
}

impl Doubt {
    /// For people: how it is read, how it could be read, and what settles it.
    pub(super) fn describe(&self) -> String {
        let (word, other, encoding) = if self.is_western {
            (&self.western, &self.utf8, "UTF-8")
        } else {
            (&self.utf8, &self.western, WINDOWS_1252.name())
        };
        format!(
            "the encoding is not sure: \"{word}\" in line {} would be \"{other}\" in {encoding}; name it under [source] encoding",
            self.line
        )
    }

    /// How it is known to be Windows-1252.
    pub(super) fn evidence(&self) -> String {
        format!(
            "guessed from line {}, where it makes \"{}\"",
            self.line, self.western
        )
    }
}

/// Looks at a file that is valid UTF-8; it ends at the first character that can only be UTF-8, which nearly always is the first.
pub(super) fn look(file: impl Read) -> io::Result<Option<Doubt>> {
    let mut found: Option<Doubt> = None;
    let mut is_sure = false;
    each_line(file, |line, number, _| {
        if line.is_ascii() {
            return Flow::More;
        }
        let Ok(text) = std::str::from_utf8(line) else {
            // A part of a line that is longer than any other.
            return Flow::More;
        };
        for (at, c) in text.char_indices().filter(|(_, c)| !c.is_ascii()) {
            let sense = sense(text, at);
            if sense == Sense::Utf8 {
                is_sure = true;
                return Flow::Enough;
            }
            let is_western = sense == Sense::Western;
            if found.as_ref().is_none_or(|f| is_western && !f.is_western) {
                let word = word_around(text, at, c);
                let (western, _) = WINDOWS_1252.decode_without_bom_handling(word.as_bytes());
                found = Some(Doubt {
                    is_western,
                    line: number,
                    utf8: word.to_owned(),
                    western: western.into_owned(),
                });
            }
        }
        Flow::More
    })?;
    Ok(found.filter(|_| !is_sure))
}

/// Bytes of a word that are shown.
const LONGEST_WORD: usize = 40;

fn word_around(text: &str, at: usize, c: char) -> &str {
    let end = at + c.len_utf8();
    let letters = |bytes: &mut dyn Iterator<Item = u8>| {
        (bytes.take(LONGEST_WORD))
            .take_while(u8::is_ascii_alphanumeric)
            .count()
    };
    let before = letters(&mut text.bytes().take(at).rev());
    let behind = letters(&mut text.bytes().skip(end));
    &text[at - before..end + behind]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(text: &[u8]) -> Option<(bool, String)> {
        assert!(std::str::from_utf8(text).is_ok(), "{text:?}");
        let doubt = look(text).unwrap()?;
        Some((doubt.is_western, doubt.describe()))
    }

    fn western(text: &str) -> Vec<u8> {
        let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
        assert!(!unmappable, "{text}");
        bytes.into_owned()
    }

    #[test]
    fn a_word_in_capitals_with_a_sign_behind_it_is_western() {
        for text in [
            "CAFÉ® BAR",
            "CAFÉ®",
            "CAFÉ™,x",
            "THE CAFÉ’S",
            "CAFÉ–BAR",
            "CAFÉ…",
            "\"CAFÉ®\"",
            "COSÌ® SRL",
            "MENÜ®",
            "MALMÖ® AB",
            "BODØ® AS",
            "CAMIÓ®",
            "Spaß® GmbH",
            "Nestlé®™ SA",
            "KYLÄ™",
            "CAFÉ® & THÉ®",
            "KYLÄ® CAFÉ®",
            "CAFÉ²",
        ] {
            let file = [b"Id,Name\n1,", &*western(text), b"\n"].concat();
            let (is_western, said) = looked(&file).unwrap_or_else(|| panic!("{text}"));
            assert!(is_western, "{text}: {said}");
        }
        assert_eq!(
            looked(&western("Id,Name\n1,x\n2,CAFÉ® BAR\n")).unwrap().1,
            "the encoding is not sure: \"CAFÉ®\" in line 3 would be \"CAFɮ\" in UTF-8; name it under [source] encoding"
        );
    }

    #[test]
    fn what_makes_sense_in_both_is_utf8_and_told() {
        for text in ["KYLÄ® OY", "IRMÃ® LDA", "BLÅ’S", "É® BAR"] {
            let (is_western, said) = looked(&western(text)).unwrap_or_else(|| panic!("{text}"));
            assert!(!is_western, "{text}: {said}");
        }
        assert_eq!(
            looked("Name\nKYLĮ\n".as_bytes()).unwrap().1,
            "the encoding is not sure: \"KYLĮ\" in line 2 would be \"KYLÄ®\" in windows-1252; name it under [source] encoding"
        );
    }

    #[test]
    fn an_honest_file_with_one_letter_beyond_ascii_is_utf8_without_a_word() {
        for text in [
            "Café",
            "CAFÉ",
            "CAFé",
            "SOCIéTé",
            "PERÒ",
            "Pietà",
            "São Paulo",
            "É",
            "ACME®",
            "ACME™",
            "Acme® GmbH",
            "ACME’S",
            "Łódź",
            "PAWEŁ",
            "WAŁĘSA",
            "MILOŠ",
            "ŠKODA",
            "DŮM",
            "ŽIŽKOV",
            "Çelik",
            "IŞIK",
            "ışık",
            "AĞA",
            "Ștefan",
            "IAȘI",
            "ȚARA",
            "București ț",
            "MΩ",
            "10 kΩ",
            "µm",
            "Ω",
            "β-Carotin",
            "Ελλάδα",
            "ΕΛΛΑΣ",
            "Москва",
            "МОСКВА",
            "ООО",
            "я",
            "שלום",
            "سلام",
            "東京",
            "Sony株式会社",
            "ABC株式会社",
            "O’Brien",
            "A – B",
            "5 €",
            "50°",
            "N°5",
            "½",
            "Cafe\u{301}",
            "CAFE\u{301}",
            "MU\u{308}LLER",
            "Gəncə",
            "GƏNCƏ",
            "OʻAHU",
            "Hawaiʻi",
            "😀",
            "A\u{a0}B",
            "à",
            "©",
            "®",
            "NESTLÉ S.A.",
            "ÅRE",
            "MALMÖ",
            "BODØ",
            "Spaß",
            "SPASS®",
        ] {
            let file = format!("Id,Name\n1,{text}\n2,plain\n");
            assert_eq!(looked(file.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn one_character_that_can_only_be_utf8_decides_for_the_file() {
        let mut file = western("1,CAFÉ®\n").repeat(5);
        assert!(looked(&file).is_some());
        file.extend_from_slice("2,Müller\n".as_bytes());
        assert_eq!(looked(&file), None);
        assert_eq!(looked(b"plain\n"), None);
    }
}
