//! Names as they are compared: what people leave out or write otherwise does not count.

use icu_normalizer::DecomposingNormalizer;

/// `text` in lower case, without accents, apostrophes, other punctuation, blanks too many, "the" and "of"; `&` is "and", `St.` is
/// "saint", `Rep.` is "republic".
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let letters = letters(text);
    for word in letters
        .split(' ')
        .filter(|w| !matches!(*w, "" | "the" | "of"))
    {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(match word {
            "st" | "ste" | "sainte" => "saint",
            "rep" => "republic",
            "dem" => "democratic",
            word => word,
        });
    }
    folded
}

/// Lower case without accents; a blank where something stands that is no letter or digit.
fn letters(text: &str) -> String {
    let lower = text.to_lowercase();
    let decomposed = if lower.is_ascii() {
        lower.into()
    } else {
        DecomposingNormalizer::new_nfd().normalize(&lower)
    };
    let mut letters = String::with_capacity(decomposed.len());
    for c in decomposed.chars() {
        match c {
            // Accents of Latin, Greek and Cyrillic letters. Signs of other scripts are letters of theirs.
            '\u{300}'..='\u{36f}' => {}
            '.' | '\'' | '’' | '‘' | 'ʻ' | '´' | '`' => {}
            'ß' => letters.push_str("ss"),
            'æ' => letters.push_str("ae"),
            'œ' => letters.push_str("oe"),
            'ø' => letters.push('o'),
            'ł' => letters.push('l'),
            'đ' | 'ð' => letters.push('d'),
            'ı' => letters.push('i'),
            'þ' => letters.push_str("th"),
            '&' => letters.push_str(" and "),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => letters.push(' '),
            '–' | '—' | '\u{a0}' => letters.push(' '),
            c => letters.push(c),
        }
    }
    letters
}

/// What stands before and behind the comma or the bracket of an inverted name: `Korea, Republic of`, `Korea (Republic
/// of)`.
pub(super) fn parts(text: &str) -> Option<(&str, &str)> {
    let (front, back) = match text.strip_suffix(')') {
        Some(inner) => inner.rsplit_once('(')?,
        None => text.rsplit_once(',')?,
    };
    let (front, back) = (front.trim(), back.trim());
    (!front.is_empty() && !back.is_empty()).then_some((front, back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_otherwise_does_not_count() {
        for (text, folded) in [
            ("Côte d’Ivoire", "cote divoire"),
            ("Cote d'Ivoire", "cote divoire"),
            ("Co\u{302}te d'Ivoire", "cote divoire"),
            (
                "St. Vincent & the Grenadines",
                "saint vincent and grenadines",
            ),
            ("  The  Gambia ", "gambia"),
            ("U.S.A.", "usa"),
            ("Türkiye", "turkiye"),
            ("Straße", "strasse"),
            ("日本", "日本"),
            ("Republic of the Congo", "republic congo"),
            ("Theland", "theland"),
            ("(-)", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert_eq!(parts("Korea, Republic of"), Some(("Korea", "Republic of")));
        assert_eq!(parts("Korea (Republic of)"), Some(("Korea", "Republic of")));
        assert_eq!(parts("Korea"), None);
        assert_eq!(parts("(Korea)"), None);
    }
}
