//! Character references of HTML in texts: what a web application writes that escapes its names once too often.

use std::borrow::Cow;

/// Whether a text holds a character reference: `&amp;`, `&#039;`, `&eacute;`. A name that no list has is none (`R&D;`),
/// and what does not end with a semicolon neither (`AT&T`).
pub(super) fn has_entity(text: &str) -> bool {
    memchr::memchr(b'&', text.as_bytes()).is_some() && decoded(text) != text
}

/// Tags that editors and web forms put into a text.
const TAGS: &[&str] = &[
    "a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "i", "li", "ol", "p", "pre", "span",
    "strong", "table", "td", "tr", "u", "ul",
];

/// Whether a text holds a tag of HTML: `<br>`, `<p class="x">`, `</div>`. `a < b` and `<Acme>` are none.
pub(super) fn has_tag(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (name, behind) = rest.split_at(length);
        let is_open = behind.starts_with(['>', '/', ' ', '\t', '\n']) && behind.contains('>');
        is_open && TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name))
    })
}

/// The text with its references decoded, once: `&amp;amp;` becomes `&amp;`.
pub(super) fn decoded(text: &str) -> String {
    // What takes the place of a number is no ASCII, and so no part of another reference.
    html_escape::decode_html_entities(&with_western_numbers(text)).into_owned()
}

/// The text with what browsers read for the numbers 128 to 159: characters of windows-1252, `€` for `&#128;`. The five that
/// have none there stay.
///
/// Source: HTML Living Standard, 13.2.5.80 "Numeric character reference end state"; its table is that of windows-1252.
fn with_western_numbers(text: &str) -> Cow<'_, str> {
    let mut changed = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        let (before, reference) = rest.split_at(at);
        changed.push_str(before);
        if let Some((c, length)) = western(&reference[2..]) {
            changed.push(c);
            rest = &reference[2 + length..];
        } else {
            changed.push_str("&#");
            rest = &reference[2..];
        }
    }
    if changed.is_empty() {
        return Cow::Borrowed(text);
    }
    changed.push_str(rest);
    Cow::Owned(changed)
}

/// The character of a number from 128 to 159 behind `&#`, and the bytes of the number with its semicolon.
fn western(reference: &str) -> Option<(char, usize)> {
    let (number, _) = reference.split_once(';')?;
    let value = match number.strip_prefix(['x', 'X']) {
        Some(digits) => parsed(digits, 16),
        None => parsed(number, 10),
    };
    let byte = value.filter(|byte| (128..160).contains(byte))?;
    let byte = [u8::try_from(byte).ok()?];
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
    let c = text.chars().next().filter(|c| !c.is_control())?;
    Some((c, number.len() + 1))
}

/// A number of digits alone: a sign is none.
fn parsed(digits: &str, radix: u32) -> Option<u32> {
    let is_number = digits.chars().all(|c| c.is_digit(radix));
    u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_known_by_their_names() {
        for text in [
            "2 St<br>Floor 2",
            "<p>Delta</p>",
            "4 St<br />x",
            "x</DIV>",
            "<a href=\"x\">y</a>",
        ] {
            assert!(has_tag(text), "{text}");
        }
        for text in [
            "a < b",
            "<Acme>",
            "A <b",
            "<>",
            "x<3",
            "<bank>",
            "<a@b.com>",
            "<b and c",
            "Jane <jane@b.com>",
        ] {
            assert!(!has_tag(text), "{text}");
        }
    }

    #[test]
    fn references_are_found_and_decoded_once() {
        for (text, becomes) in [
            ("O&#039;Brien", "O'Brien"),
            ("O&#x27;Brien", "O'Brien"),
            ("Smith &amp; Sons", "Smith & Sons"),
            ("Caf&eacute;", "Café"),
            ("&quot;A&quot;", "\"A\""),
            ("A &amp;amp; B", "A &amp; B"),
            ("&lt;b&gt;", "<b>"),
            // As browsers read them.
            ("5 &#128; &#145;A&#146;", "5 € ‘A’"),
            ("&#x80;&#X9f;&#0150;&amp;", "€Ÿ–&"),
            ("&#128;amp;&amp;#128;", "€amp;&#128;"),
            ("&#129;a&#x9D;", "\u{81}a\u{9d}"),
            ("&#160;&#127;&#;&#128", "\u{a0}\u{7f}&#;&#128"),
        ] {
            assert!(has_entity(text), "{text}");
            assert_eq!(decoded(text), becomes, "{text}");
        }
        for text in [
            "AT&T",
            "R&D; Sales",
            "A&B Ltd;",
            "A & B; C",
            "Q&A;",
            "&",
            "&;",
            "&#;",
            "&#x;",
            "&#0;",
            "a=1&copy=2",
            "H&M",
            "&amp",
            "&nosuchname;",
            "&#1114112;",
        ] {
            assert!(!has_entity(text), "{text}");
            assert_eq!(decoded(text), text, "{text}");
        }
    }
}
