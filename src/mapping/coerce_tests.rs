use proptest::prelude::*;

use super::*;
use crate::partner::catalogue::{ONBOARDING_WORDS, ORGANIZATION_WORDS};

fn plain(kind: FieldKind, text: &str) -> String {
    match coerce(kind, text) {
        Ok(Coerced::Text(t)) => t.into_owned(),
        Ok(Coerced::Integer(n)) => n.to_string(),
        Ok(Coerced::Boolean(b)) => b.to_string(),
        Err(c) => c.code.to_string(),
    }
}

#[test]
fn texts_become_what_their_field_takes() {
    for (kind, text, expected) in [
        (FieldKind::Integer, "12", "12"),
        (FieldKind::Integer, "12.5", "number.invalid"),
        (FieldKind::Boolean, "Yes", "true"),
        (FieldKind::Boolean, "X", "true"),
        (FieldKind::Boolean, "FALSE", "false"),
        (FieldKind::Boolean, "perhaps", "boolean.invalid"),
        (FieldKind::Words(ONBOARDING_WORDS), "welcome-call", "2"),
        (FieldKind::Words(ONBOARDING_WORDS), "4", "4"),
        (FieldKind::Words(ORGANIZATION_WORDS), "Gone", "word.unknown"),
        (
            FieldKind::Uuid,
            "{AE23FBA4-F740-4D74-BBD6-80BEEE24F8F2}",
            "ae23fba4-f740-4d74-bbd6-80beee24f8f2",
        ),
        (
            FieldKind::Uuid,
            "ae23fba4f7404d74bbd680beee24f8f2",
            "ae23fba4-f740-4d74-bbd6-80beee24f8f2",
        ),
        (FieldKind::Uuid, "4711", "uuid.invalid"),
        (FieldKind::Integer, "12.00", "12"),
        (FieldKind::Integer, "12.", "number.invalid"),
        (FieldKind::TimeZone, "Eastern Time", "America/New_York"),
        (FieldKind::TimeZone, "Mars", "timezone.unknown"),
        (
            FieldKind::Uuid,
            "urn:uuid:ae23fba4-f740-4d74-bbd6-80beee24f8f2",
            "ae23fba4-f740-4d74-bbd6-80beee24f8f2",
        ),
        (FieldKind::Country, "United States", "US"),
        (FieldKind::Country, "Narnia", "country.unknown"),
        (FieldKind::Country, "Korea", "country.ambiguous"),
        (FieldKind::Email, "a@example.com", "a@example.com"),
        (FieldKind::Email, "a@@example", "email.invalid"),
        (FieldKind::Email, "a@localhost", "email.invalid"),
        (FieldKind::Email, "a@example.com?subject=x", "email.invalid"),
        (FieldKind::Email, "a@example.com,b", "email.invalid"),
        (FieldKind::Email, "a@example.com;", "email.invalid"),
        (
            FieldKind::Email,
            "a.b+c@sub.bücher.example",
            "a.b+c@sub.bücher.example",
        ),
        (FieldKind::Email, "a@[127.0.0.1]", "email.invalid"),
        (
            FieldKind::Email,
            "Jane Doe <jane@example.com>",
            "email.invalid",
        ),
        (
            FieldKind::Email,
            "\"Doe, Jane\" <jane@example.com>",
            "email.invalid",
        ),
        (FieldKind::Currency, "usd", "USD"),
        (FieldKind::Currency, "Dollars", "currency.unknown"),
        (FieldKind::Routing, "021000021", "021000021"),
        (FieldKind::Routing, "021000022", "routing.invalid"),
        (FieldKind::Routing, "21000021", "routing.invalid"),
    ] {
        assert_eq!(plain(kind, text), expected, "{kind:?} {text}");
    }
}

proptest! {
    /// An address that is seen to be one at once is one for the library too.
    #[test]
    fn usual_addresses_are_addresses(text in "[a-z0-9._+-]{0,8}@?[a-z0-9.-]{0,8}[.]?[@.A-Za-z0-9 é'-]{0,4}") {
        if is_usual_email(&text) {
            prop_assert!(is_email_by_library(&text), "{}", text);
        }
    }
}

#[test]
fn long_parts_are_left_to_the_library() {
    for (local, label, is_usual) in [(64, 63, true), (65, 1, false), (1, 64, false)] {
        let text = format!("{}@{}.example", "a".repeat(local), "b".repeat(label));
        assert_eq!(is_usual_email(&text), is_usual, "{text}");
        assert_eq!(is_email_by_library(&text), is_usual, "{text}");
    }
    assert!(is_usual_email("a.b-c_d+e@sub.example.com"));
    assert!(!is_usual_email("a@example"));
}

#[test]
fn a_complaint_says_what_may_be_meant() {
    for (kind, text, message, hint) in [
        (
            FieldKind::Boolean,
            "Ja",
            "It is neither yes nor no.",
            Some("locale"),
        ),
        (
            FieldKind::Words(ONBOARDING_WORDS),
            "Complete",
            "The field does not accept it. Use Not Started",
            Some("Did you mean \"Completed\"?"),
        ),
        (
            FieldKind::Routing,
            "21000021",
            "It has eight digits; with a zero in front it is valid.",
            Some("A leading zero is probably missing"),
        ),
        (
            FieldKind::Routing,
            "21000022",
            "A routing number has nine digits",
            None,
        ),
        (
            FieldKind::Routing,
            "21000021x",
            "A routing number has nine digits",
            None,
        ),
    ] {
        let complaint = coerce(kind, text).unwrap_err();
        assert!(complaint.message.starts_with(message), "{complaint:?}");
        let said = complaint.hint.as_deref();
        assert_eq!(said.is_some(), hint.is_some(), "{complaint:?}");
        assert!(
            said.unwrap_or("").contains(hint.unwrap_or("")),
            "{complaint:?}"
        );
    }
}

#[test]
fn what_is_taken_off_is_odd_where_nobody_sees_it() {
    for (text, trimmed, odd) in [
        (" a ", "a", false),
        ("\ta\r\n", "a", false),
        ("\u{7}a", "a", true),
        ("a\u{a0}", "a", true),
        ("a\u{feff} ", "a", true),
        ("é", "é", false),
        (" ", "", false),
    ] {
        assert_eq!(trim(text), (trimmed, odd), "{text:?}");
    }
}

#[test]
fn an_address_is_taken_out_of_its_name() {
    for (text, address) in [
        ("Jane Doe <jane@example.com>", Some("jane@example.com")),
        ("\"Doe, Jane\" <jane@example.com>", Some("jane@example.com")),
        ("Doe, Jane < jane@example.com >", Some("jane@example.com")),
        ("<jane@example.com>", Some("jane@example.com")),
        ("mailto:jane@example.com", Some("jane@example.com")),
        ("Jane <MAILTO:jane@example.com>", Some("jane@example.com")),
        ("Jane <jane@example.com> (home)", Some("jane@example.com")),
        (
            "mailto:jane@example.com?subject=x",
            Some("jane@example.com"),
        ),
        // There is nothing to take off, or the address that is meant is not sure.
        ("jane@example.com", None),
        ("a@example.com <b@example.com>", None),
        ("A <a@example.com>, B <b@example.com>", None),
        ("a@example.com; b@example.com", None),
        ("Jane <jane@localhost>", None),
        ("Jane jane@example.com", None),
        ("Jane <>", None),
        ("<<jane@example.com>>", None),
        (
            "[jane@example.com](mailto:jane@example.com)",
            Some("jane@example.com"),
        ),
        ("[jane@example.com](mailto:joe@example.com)", None),
        ("jane@example.com?subject=x", None),
        ("jane@example.com (joe@example.com)", None),
        ("é>", None),
    ] {
        assert_eq!(address_beside_name(text), address, "{text}");
    }
}

#[test]
fn look_alike_blanks_are_trimmed_and_told() {
    for (text, trimmed, odd) in [
        (" a ", "a", false),
        ("\u{a0}a", "a", true),
        ("a\u{200b}", "a", true),
        ("\u{1f}a\0", "a", true),
        ("\u{1}", "\u{1}", false),
        (" \0\t\0\n", "\0\t\0", false),
        ("\u{a0}\u{7f}", "\u{7f}", true),
        ("\u{a0}\u{200b}", "", true),
        ("a\u{1f}b", "a\u{1f}b", false),
        // Bytes that are no text in windows-1252 (90 is É in code page 850), and a blank of EBCDIC, which is … in others.
        ("\u{90}cole", "\u{90}cole", false),
        ("Max\u{81} ", "Max\u{81}", false),
        ("\u{a0}\u{80}a\u{9f}", "\u{80}a\u{9f}", true),
        ("\u{85}a\u{85}", "\u{85}a\u{85}", false),
        ("\u{8d}", "\u{8d}", false),
        ("ä", "ä", false),
        ("", "", false),
    ] {
        assert_eq!(trim(text), (trimmed, odd), "{text:?}");
    }
}
