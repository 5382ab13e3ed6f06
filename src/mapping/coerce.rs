//! Text → the field's own type, or a finding.

use std::borrow::Cow;

use super::date::Locale;
use super::decimal::{is_decimal_whole, whole};
use super::lookup::{self, CountryName};
use super::yes_no;
use crate::diagnostic::{Code, brief, nearest};
use crate::partner::FieldKind;

/// A text as its field takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Coerced<'t> {
    Text(Cow<'t, str>),
    Integer(i64),
    Boolean(bool),
}

/// What is wrong with a text, or odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Complaint {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }
}

/// Turns a trimmed, non-empty text into what `kind` takes.
///
/// Dates, telephone numbers and states are not taken here: they need more than the text.
pub(super) fn coerce(kind: FieldKind, text: &str) -> Result<Coerced<'_>, Complaint> {
    coerce_in(None, kind, text)
}

/// The same, by the words of a language beside the English ones.
pub(super) fn coerce_in(
    locale: Option<Locale>,
    kind: FieldKind,
    text: &str,
) -> Result<Coerced<'_>, Complaint> {
    let same = Coerced::Text(Cow::Borrowed(text));
    match kind {
        FieldKind::Text
        | FieldKind::Identifier
        | FieldKind::Phone
        | FieldKind::PostalCode
        | FieldKind::State
        | FieldKind::FreeForm
        | FieldKind::Date => Ok(same),
        FieldKind::Integer => whole(text)
            .parse::<i64>()
            .map(Coerced::Integer)
            .map_err(|_| Complaint::new(Code::NumberInvalid, "It is not a whole number.")),
        FieldKind::Boolean => yes_no::read(text, locale)
            .map(Coerced::Boolean)
            .ok_or_else(|| Complaint {
                hint: yes_no::hint(text),
                ..Complaint::new(Code::BooleanInvalid, "It is neither yes nor no.")
            }),
        FieldKind::Words(words) => word_number(words, text)
            .map(Coerced::Integer)
            .ok_or_else(|| unknown_word(words, text)),
        FieldKind::Uuid | FieldKind::PartnerReference => uuid::Uuid::try_parse(text)
            .map(|u| Coerced::Text(Cow::Owned(u.hyphenated().to_string())))
            .map_err(|_| Complaint::new(Code::UuidInvalid, "It is not a UUID.")),
        FieldKind::TimeZone => super::timezone::iana_name(text)
            .map(|name| {
                // As most exports write it.
                Coerced::Text(if *name == *text {
                    Cow::Borrowed(text)
                } else {
                    Cow::Owned((*name).to_owned())
                })
            })
            .ok_or_else(|| {
                Complaint::new(
                    Code::TimeZoneUnknown,
                    "It is not the name of a time zone; it is sent as written.",
                )
            }),
        FieldKind::Country => match lookup::country_of(text) {
            CountryName::One(code) => Ok(Coerced::Text(Cow::Borrowed(code))),
            CountryName::Several(codes) => Err(Complaint::new(
                Code::CountryAmbiguous,
                format!("It may mean {}.", either(&codes)),
            )),
            CountryName::Unknown => {
                let expected = "It is not the code or name of a country.";
                Err(Complaint::new(Code::CountryUnknown, expected))
            }
        },
        FieldKind::Email if is_email(text) => Ok(same),
        FieldKind::Email => Err(Complaint::new(
            Code::EmailInvalid,
            "It is not one e-mail address.",
        )),
        FieldKind::Currency => lookup::currency_of(text)
            .map(|code| Coerced::Text(Cow::Borrowed(code)))
            .ok_or_else(|| {
                let expected = "It is not a three-letter currency code.";
                Complaint::new(Code::CurrencyUnknown, expected)
            }),
        FieldKind::Routing if is_routing_number(text) => Ok(same),
        FieldKind::Routing => Err(wrong_routing_number(text)),
    }
}

/// `KR (South Korea) or KP (North Korea)`.
fn either(codes: &[&str]) -> String {
    let named = codes.iter().map(|code| {
        let name = rust_iso3166::from_alpha2(code).map_or("", |country| country.name);
        format!("{code} ({name})")
    });
    named.collect::<Vec<_>>().join(" or ")
}

/// Whether a text is one address and nothing beside it, with a domain of at least two parts.
fn is_email(text: &str) -> bool {
    is_usual_email(text) || is_email_by_library(text)
}

/// An address of letters, digits, hyphens, underscores, pluses and single dots, as nearly all are: one that the library
/// takes too, for a tenth of the work.
fn is_usual_email(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(at) = memchr::memchr(b'@', bytes) else {
        return false;
    };
    let (local, domain) = (&bytes[..at], &bytes[at + 1..]);
    if local.len() > 64 || domain.len() > 253 {
        return false;
    }
    let is_local = (local.split(|b| *b == b'.')).all(|atom| {
        let is_usual = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+');
        !atom.is_empty() && atom.iter().all(is_usual)
    });
    let mut labels = 0;
    let is_domain = (domain.split(|b| *b == b'.')).all(|label| {
        labels += 1;
        let ([first, .., last] | [first @ last]) = label else {
            return false;
        };
        first.is_ascii_alphanumeric()
            && last.is_ascii_alphanumeric()
            && label.len() <= 63
            && label
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    });
    is_local && is_domain && labels > 1
}

fn is_email_by_library(text: &str) -> bool {
    let options = email_address::Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    let is_address = email_address::EmailAddress::parse_with_options(text, options).is_ok();
    // The library takes any character in a domain; the Internet takes letters, digits and hyphens.
    let is_domain = |domain: &str| {
        (domain.split('.')).all(|label| label.chars().all(|c| c.is_alphanumeric() || c == '-'))
    };
    is_address
        && text
            .rsplit_once('@')
            .is_some_and(|(_, domain)| is_domain(domain))
}

/// The address of `Jane Doe <jane@example.com>`, `mailto:jane@example.com`, `jane@example.com;` or `jane@example.com (work)`,
/// where that is the only one in the text.
pub(super) fn address_beside_name(text: &str) -> Option<&str> {
    let inner = text.trim_end_matches([';', ',', '.', ' ']);
    let inner = match inner.strip_suffix(')').and_then(|t| t.rsplit_once('(')) {
        Some((address, words)) if !words.contains('@') => address.trim_end(),
        _ => inner,
    };
    let bare = match inner.strip_suffix('>') {
        Some(inner) => {
            let (name, address) = inner.rsplit_once('<')?;
            // A second address in the name may be the one that is meant.
            if name.contains(['@', '<', '>']) {
                return None;
            }
            address.trim()
        }
        None => shown_and_linked(inner).unwrap_or(inner),
    };
    let address = without_scheme(bare);
    let is_link = address.len() < bare.len();
    let address = match address.split_once('?') {
        Some((address, _)) if is_link => address,
        _ => address,
    };
    (address.len() < text.len() && is_email(address)).then_some(address)
}

fn without_scheme(text: &str) -> &str {
    let scheme = text.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:"));
    &text[scheme.map_or(0, str::len)..]
}

/// The address of a link whose words are the address: `a@b.com#mailto:a@b.com#` of Access, `[a@b.com](mailto:a@b.com)` of Markdown.
fn shown_and_linked(text: &str) -> Option<&str> {
    let (shown, link) = match text.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(')')?.split_once("](")?,
        None => text.strip_suffix('#')?.split_once('#')?,
    };
    (without_scheme(link) == shown).then_some(shown)
}

fn unknown_word(words: &[(i64, &str)], text: &str) -> Complaint {
    let near = nearest(text, words.iter().map(|(_, w)| *w));
    let example = near.or_else(|| words.first().map(|(_, w)| *w));
    let text = brief(text);
    Complaint {
        hint: example.map(|word| match near {
            Some(near) => format!(
                "Did you mean \"{near}\"? In the mapping: map = {{ \"{text}\" = \"{near}\" }}."
            ),
            None => format!("In the mapping, for example: map = {{ \"{text}\" = \"{word}\" }}."),
        }),
        ..Complaint::new(Code::WordUnknown, accepted(words))
    }
}

/// `Use Contracted, Active, Suspended or Separated (or its number, 1 to 4).`
fn accepted(words: &[(i64, &str)]) -> String {
    let names: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
    match (names.as_slice(), words) {
        ([rest @ .., last], [(first_number, _), .., (last_number, _)]) => format!(
            "The field does not accept it. Use {} or {last} (or its number, {first_number} to {last_number}).",
            rest.join(", ")
        ),
        _ => format!("The field does not accept it. Use {}.", names.join(", ")),
    }
}

fn wrong_routing_number(text: &str) -> Complaint {
    if is_decimal_whole(text) {
        Complaint::new(
            Code::RoutingInvalid,
            "A program has made a number with a decimal point of it.",
        )
    } else if text.len() == 8 && is_routing_number(&format!("0{text}")) {
        Complaint {
            hint: Some(
                "A leading zero is probably missing: format the column as text and type the number again."
                    .to_owned(),
            ),
            ..Complaint::new(
                Code::RoutingInvalid,
                "It has eight digits; with a zero in front it is valid.",
            )
        }
    } else {
        Complaint::new(
            Code::RoutingInvalid,
            "A routing number has nine digits with a valid checksum; this one does not.",
        )
    }
}

/// A word or number of a list: case, blanks, hyphens and underscores do not count.
pub(super) fn word_number(words: &[(i64, &str)], text: &str) -> Option<i64> {
    // Most exports write the word as it is: nothing has to be folded.
    if let Some((number, _)) = words.iter().find(|(_, word)| *word == text) {
        return Some(*number);
    }
    let fold = |s: &str| -> String {
        s.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let (wanted, digits) = (fold(text), whole(text));
    let says = |number: i64, word: &str| {
        let (word, number) = (fold(word), number.to_string());
        let behind = wanted.strip_prefix(&word).unwrap_or(&wanted);
        let beside = behind.strip_suffix(&word).unwrap_or(behind);
        // The word, its number, or both: `4 - Completed`.
        number == digits || word == wanted || (beside.len() < wanted.len() && beside == number)
    };
    words
        .iter()
        .find(|(number, word)| says(*number, word))
        .map(|(number, _)| *number)
}

/// Nine digits whose weighted sum (3, 7, 1) is a multiple of ten.
///
/// Source: American Bankers Association, routing number policy; the check digit is the ninth.
fn is_routing_number(text: &str) -> bool {
    text.len() == 9
        && text != "000000000"
        && text.bytes().all(|b| b.is_ascii_digit())
        && text
            .bytes()
            .zip([3, 7, 1, 3, 7, 1, 3, 7, 1])
            .map(|(b, w)| u32::from(b - b'0') * w)
            .sum::<u32>()
            % 10
            == 0
}

/// Blanks that look like nothing: zero width and the like, which `trim` keeps.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{ad}')
}

/// Whether it is an invisible character that joins or parts the letters of a script, so that it belongs to the text.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether a character is a blank. U+0085, which Unicode counts among them, is none here: see [`is_around`].
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}'
}

/// Whether a character at an end of a value is none of it. U+0080 to U+009F never are: a byte that is no text in the file's
/// encoding becomes one of them, so that a letter of another encoding may be behind it. Such a value is refused.
fn is_around(c: char) -> bool {
    is_blank(c) || c.is_ascii_control() || is_invisible(c)
}

/// `text` without blanks and control characters of ASCII at both ends; true where some of them were not ordinary blanks.
/// Where it has nothing but such characters, the control characters stay: they are all that somebody wrote (U+0001 is the
/// yes of a database's bit), and no field takes them.
pub(super) fn trim(text: &str) -> (&str, bool) {
    let bytes = text.as_bytes();
    // Most cells have nothing to trim and are ASCII at both ends.
    if let (Some(first), Some(last)) = (bytes.first(), bytes.last())
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return (text, false);
    }
    let mut trimmed = text.trim_matches(is_around);
    if trimmed.is_empty() {
        trimmed = text.trim_matches(|c| is_blank(c) || is_invisible(c));
    }
    let start = trimmed.as_ptr() as usize - text.as_ptr() as usize;
    let (before, after) = (&text[..start], &text[start + trimmed.len()..]);
    let is_odd = |c: char| !c.is_ascii() || (c.is_control() && !c.is_whitespace());
    let odd = before.chars().chain(after.chars()).any(is_odd);
    (trimmed, odd)
}

#[cfg(test)]
#[path = "coerce_tests.rs"]
mod tests;
