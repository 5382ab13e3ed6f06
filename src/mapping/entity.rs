//! Character references of HTML in texts: what a web application writes that escapes its names once too often.

use std::borrow::Cow;

/// Whether a text holds a character reference: `&amp;`, `&#039;`, `&eacute;`. A name that no list has is none (`R&D;`),
/// and what does not end with a semicolon neither (`AT&T`).
pub(super) fn has_entity(text: &str) -> bool {
    memchr::memchr(b'&', text.as_bytes()).is_some()
        && matches!(html_escape::decode_html_entities(text), Cow::Owned(decoded) if decoded != text)
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
    html_escape::decode_html_entities(text).into_owned()
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
