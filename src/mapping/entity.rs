//! Character references of HTML in texts: what a web application writes that escapes its names once too often.

use std::borrow::Cow;

/// Whether a text holds a character reference: `&amp;`, `&#039;`, `&eacute;`. A name that no list has is none (`R&D;`),
/// and what does not end with a semicolon neither (`AT&T`).
pub(super) fn has_entity(text: &str) -> bool {
    memchr::memchr(b'&', text.as_bytes()).is_some()
        && matches!(html_escape::decode_html_entities(text), Cow::Owned(decoded) if decoded != text)
}

/// The text with its references decoded, once: `&amp;amp;` becomes `&amp;`.
pub(super) fn decoded(text: &str) -> String {
    html_escape::decode_html_entities(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
