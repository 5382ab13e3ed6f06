//! Text that went through the wrong code page: UTF-8 that somebody read byte by byte, `CafÃ©` for `Café`.

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
    let (bytes, _, unmappable) = encoding_rs::WINDOWS_1252.encode(text);
    !unmappable && is_surely_utf8(&bytes)
}

/// Whether a text that was read as Windows-1252 by a guess is none: signs stand inside its words, as those of a code page of
/// DOS or of the Mac do then, `K”ln`, `Caf‚`, `MŸller`.
pub(super) fn is_hardly_western(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let behind = chars.peek().copied().unwrap_or(' ');
        let is_odd = match c {
            // These open something, or are none of western languages.
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
            let (spoilt, _) =
                encoding_rs::WINDOWS_1252.decode_without_bom_handling(text.as_bytes());
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
}
