//! Text that went through the wrong code page: UTF-8 that somebody read byte by byte, `CafÃ©` for `Café`.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::two_readings::{Sense, sense};

/// Whether bytes that are not all ASCII can only be meant as UTF-8.
///
/// All of them are valid UTF-8, and at least one character of them is none that two or three letters and signs of a
/// western code page make by chance: `É®` is valid UTF-8 too, and stands at the end of a name in capitals.
pub(super) fn is_surely_utf8(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut others = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| !c.is_ascii()) {
        match u32::from(c) {
            _ if sense(text, at) == Sense::Western => {}
            // The usual accents and signs (lead bytes C2 and C3), apart from the two whose second byte is a blank; and
            // whatever takes three bytes or four.
            0xa1..=0xdf | 0xe1..=0xff | 0x800.. => return true,
            _ => others += 1,
        }
    }
    others > 1
}

/// Whether a text is surely UTF-8 that was read as Windows-1252 before it was written: `CafÃ©`, `â€™`.
///
/// Not sure, and so false, are texts with any other character that is no ASCII.
#[must_use]
pub fn is_double_encoded(text: &str) -> bool {
    // It takes two characters beside each other that are no ASCII, and each of them two bytes at least.
    if text.bytes().filter(|b| !b.is_ascii()).count() < 4 {
        return false;
    }
    let mut lead = false;
    let mut may_be = false;
    for c in text.chars() {
        may_be |= lead && !c.is_ascii();
        lead = matches!(c, '\u{c2}'..='\u{f4}');
    }
    if !may_be {
        return false;
    }
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    !unmappable && is_surely_utf8(&bytes)
}

/// Whether a text that was read by a guess is of another code page: signs stand where letters should be.
pub(super) fn is_hardly_of(text: &str, guessed: &'static Encoding) -> bool {
    (guessed == WINDOWS_1252 && is_hardly_western(text))
        || (has_signs(guessed) && words_begin_with_signs(text))
}

/// Whether a code page has the signs of Windows where those of DOS and of the Mac have letters, and its letters elsewhere.
pub(super) fn has_signs(encoding: &'static Encoding) -> bool {
    encoding.name().starts_with("windows-125") && tells_utf8_apart(encoding)
}

/// Whether a sign stands directly before a letter, where a word begins and nobody writes it: `™sterreich`, `†ber`, `‚cole`.
/// Signs that open something do so where it is closed, too. An ellipsis, a dash and a bullet may begin a word.
fn words_begin_with_signs(text: &str) -> bool {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let behind = &text[at + c.len_utf8()..];
        // Where nothing was opened, none closes: `S›` for `Sø`.
        if c == '›' && before.is_alphabetic() && !text[..at].contains(['‹', '›']) {
            return true;
        }
        if !before.is_alphanumeric() && behind.starts_with(char::is_alphabetic) {
            let is_odd = match c {
                '™' | '‰' | '†' | '‡' | 'ˆ' | '˜' | '¨' => true,
                // As a letter of its own word it is common: `€uro`.
                '€' => !(behind.get(..2)).is_some_and(|ur| ur.eq_ignore_ascii_case("ur")),
                '‚' => !is_closed(behind, &['‘', '’', '\'']),
                '„' => !is_closed(behind, &['“', '”', '"', '„']),
                '‹' => !is_closed(behind, &['›']),
                '›' => !is_closed(behind, &['‹']),
                // Swedes and Finns open by it, and others may set it behind a blank.
                '”' => {
                    !is_closed(behind, &['”', '“', '"']) && !text[..at].contains(['“', '„', '"'])
                }
                _ => false,
            };
            if is_odd {
                return true;
            }
        }
        before = c;
    }
    false
}

/// Whether one of these signs ends a word: none is an apostrophe inside it.
fn is_closed(text: &str, by: &[char]) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_end = !chars.peek().copied().is_some_and(char::is_alphabetic);
        if by.contains(&c) && is_end && !before.is_whitespace() {
            return true;
        }
        before = c;
    }
    false
}

/// Whether a text that was read as Windows-1252 by a guess is none: signs stand inside its words, as those of a code page of
/// DOS or of the Mac do then, `K”ln`, `Caf‚`, `MŸller`.
fn is_hardly_western(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let behind = chars.peek().copied().unwrap_or(' ');
        let is_odd = match c {
            // These open something, or are none of western languages.
            // What others open by closes where its counterpart opened: ›Ord‹.
            '‹' if !behind.is_alphabetic() && text.contains('›') => false,
            '‚' | '„' | '‹' | 'ˆ' | '˜' | 'ƒ' => before.is_alphabetic(),
            // The euro of ISO 8859-15 has its place; nobody writes the sign itself.
            '¤' => true,
            '“' | '”' | '†' | '‡' | '‰' | '›' | '¢' | '£' | '¥' | '¦' | '§' | '¨' | '¬' | '¯'
            | '±' | '¶' | '¸' | '¡' | '¿' | '™' | '½' | '¼' | '¾' => {
                before.is_alphabetic() && behind.is_alphabetic()
            }
            'Š' | 'Œ' | 'Ž' | 'Ÿ' => {
                before.is_ascii_lowercase()
                    || (before.is_ascii_uppercase() && behind.is_ascii_lowercase())
            }
            _ => false,
        };
        if is_odd {
            return true;
        }
        before = c;
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_encoding_is_seen_where_it_is_sure() {
        for text in [
            "Café",
            "Müller & Söhne",
            "O’Brien",
            "10 € – 20 €",
            "Łódź",
            "Москва",
            "東京",
            "é",
            "50°",
            "😀",
        ] {
            let (spoilt, _) = WINDOWS_1252.decode_without_bom_handling(text.as_bytes());
            assert!(is_double_encoded(&spoilt), "{text} as {spoilt}");
            assert!(!is_double_encoded(text), "{text}");
            assert!(is_surely_utf8(text.as_bytes()), "{text}");
        }
        for honest in [
            "",
            "plain",
            "SÃO PAULO",
            "CAFÉ®",
            "CAFÉ’S",
            "CAFÉ® & THÉ®",
            "MENÜ® CAFÉ™",
            "MAÇÃ\u{a0}",
            "Ångström",
            "ÇÃO",
            "Ä»Ö",
            "ÉCOLE É», Ÿ",
            "Ã©, but 東京 too",
            "\u{c3}",
        ] {
            assert!(!is_double_encoded(honest), "{honest}");
        }
        assert!(!is_surely_utf8(b"Caf\xe9"));
        assert!(!is_surely_utf8(b"plain"));
        assert!(!is_surely_utf8(b"CAF\xc9\xae"));
    }

    #[test]
    fn signs_inside_words_are_none_of_western_languages() {
        for odd in [
            "K”ln",
            "Caf‚",
            "M„rz",
            "Fran‡ois",
            "Espa¤a",
            "MŸller",
            "CafŽ",
            "R¡o",
            "Gr”áe",
            "K™ln",
            "c½ur",
            "5 ¤",
        ] {
            assert!(is_hardly_western(odd), "{odd}");
        }
        for honest in [
            "Müller",
            "“Best” Co",
            "O’Brien",
            "Œuvre",
            "ŠKODA",
            "Žižek",
            "„Zum Löwen“",
            "£5",
            "5¢",
            "§ 12",
            "A–B",
            "l·l",
            "¿Qué?",
            "¡Hola!",
            "Acme™",
            "Acme®",
            "10°C",
            "L’ŒUVRE",
            "DŸ",
        ] {
            assert!(!is_hardly_western(honest), "{honest}");
        }
    }

    /// Bytes of another code page, as they look in the guessed one.
    fn misread(text: &str, bytes: &[u8], guessed: &'static Encoding) -> String {
        let (read, _) = guessed.decode_without_bom_handling(bytes);
        assert_ne!(read, text);
        read.into_owned()
    }

    #[test]
    fn a_sign_at_the_beginning_of_a_word_is_a_letter_of_dos_or_of_a_mac() {
        use encoding_rs::{WINDOWS_1250, WINDOWS_1251, WINDOWS_1256};
        for (meant, bytes, guessed) in [
            (
                "Österreich AG",
                b"\x99sterreich AG".as_slice(),
                WINDOWS_1252,
            ),
            ("Über KG", b"\x86ber KG", WINDOWS_1252),
            ("Ärzte Haus", b"\x80rzte Haus", WINDOWS_1252),
            ("école", b"\x82cole", WINDOWS_1252),
            ("ähnlich", b"\x84hnlich", WINDOWS_1252),
            ("ödön", b"\x94d\x94n", WINDOWS_1250),
            ("¿Qué?", b"\xa8Qu\x82?", WINDOWS_1252),
            ("Sø", b"S\x9b", WINDOWS_1250),
            (
                "ЗАО Вектор",
                b"\x87\x80\x8e \x82\xa5\xaa\xe2\xae\xe0",
                WINDOWS_1251,
            ),
        ] {
            let read = misread(meant, bytes, guessed);
            assert!(is_hardly_of(&read, guessed), "{meant}: {read}");
            assert!(!is_hardly_of(&read, WINDOWS_1256), "{meant}: {read}");
        }
        for honest in [
            "„Zum Löwen“",
            "„Zum Löwen\"",
            "‚Wort‘ und ‚O’Brien’",
            "‹Wort› ›Ord‹",
            "”Ord” Ab",
            "“Wort ”und",
            "’s-Hertogenbosch",
            "‘Best’",
            "…und mehr",
            "–Ost",
            "•Punkt",
            "€uro-Shop",
            "EURO",
            "10€/Tag",
            "5€Gutschein",
            "† 1999",
            "Acme™ Co",
            "“Best” Co",
            "ООО „Ромашка“",
        ] {
            for guessed in [WINDOWS_1250, WINDOWS_1251, WINDOWS_1252] {
                assert!(!is_hardly_of(honest, guessed), "{honest}");
            }
        }
    }
}
