//! A text → the value of its field: checks, the rule's map and transforms, and the field's own type.

use std::borrow::Cow;

use super::coerce::{
    Coerced, address_beside_name, coerce, coerce_in, is_invisible, is_joiner, trim,
};
use super::entity::{has_entity, has_tag};
use super::identifier::unseen;
use super::rule::Transform;
use super::target::{Target, trimmed};
use super::unsendable::unsendable;
use super::words::WordMap;
use super::{date, lookup};
use crate::diagnostic::{Code, brief};
use crate::partner::{FieldKind, Finding};

/// What a text became.
pub(super) enum Value<'t> {
    Text(Cow<'t, str>),
    Integer(i64),
    Boolean(bool),
    /// The rule's default takes its place.
    Default,
}

/// Map, transforms and the field's own type; nothing where the text is empty after them or refused.
pub(super) fn value_of<'t>(
    target: Target<'t>,
    text: &'t str,
    findings: &mut Vec<Finding>,
) -> Option<Value<'t>> {
    if let Some((code, message)) = unsendable(text) {
        findings.push(target.finding(code, message).with_value(text));
        return None;
    }
    let mut current: Cow<'t, str> = Cow::Borrowed(text);
    if let Some(map) = &target.rule.map {
        match translated(target, map, text) {
            Ok(becomes) => current = Cow::Borrowed(becomes),
            Err(finding) => {
                let has_default = finding.code == Code::MapDefaulted;
                findings.push(finding.with_value(text));
                return has_default.then_some(Value::Default);
            }
        }
    }
    for transform in &target.rule.transforms {
        let changed = transform.apply(&current);
        // A reference may stand for a blank, and for one that nobody sees.
        if *transform == Transform::Html {
            let (inner, odd) = trim(&changed);
            if odd {
                findings.push(trimmed(target, text));
            }
            current = Cow::Owned(inner.to_owned());
        } else {
            current = Cow::Owned(changed);
        }
    }
    if current.is_empty() {
        return None;
    }
    // What a reference of HTML stands for may be what no field takes.
    if target.rule.transforms.contains(&Transform::Html)
        && let Some((code, message)) = unsendable(&current)
    {
        findings.push(target.finding(code, message).with_value(text));
        return None;
    }
    // Elsewhere such characters are taken out, or belong to the text. Two identifiers that look alike would be two.
    if matches!(
        target.rule.kind,
        FieldKind::Identifier | FieldKind::PostalCode
    ) && let Some((code, message)) = unseen(&current)
    {
        findings.push(target.finding(code, message).with_value(text));
        return None;
    }
    findings.extend(look_at(target, &mut current).map(|f| f.with_value(text)));
    let (kind, locale) = (target.rule.kind, target.rule.hints.locale);
    let coerced = match &current {
        Cow::Borrowed(borrowed) => coerce_in(locale, kind, borrowed),
        Cow::Owned(owned) => coerce_in(locale, kind, owned).map(|c| match c {
            Coerced::Text(t) => Coerced::Text(Cow::Owned(t.into_owned())),
            Coerced::Integer(n) => Coerced::Integer(n),
            Coerced::Boolean(b) => Coerced::Boolean(b),
        }),
    };
    match coerced {
        Ok(Coerced::Text(t)) => Some(Value::Text(strip_invisible(t))),
        Ok(Coerced::Integer(n)) => Some(Value::Integer(n)),
        Ok(Coerced::Boolean(b)) => Some(Value::Boolean(b)),
        Err(complaint) => {
            let as_written = complaint.code == Code::TimeZoneUnknown;
            let mut finding = target.finding(complaint.code, complaint.message);
            finding.hint = complaint.hint;
            findings.push(finding.with_value(text));
            as_written.then(|| Value::Text(Cow::Owned(current.into_owned())))
        }
    }
}

/// What is reported of a text that its field takes nevertheless. An address is taken out of the name around it.
fn look_at(target: Target<'_>, text: &mut Cow<'_, str>) -> Option<Finding> {
    match target.rule.kind {
        FieldKind::Email => {
            let address = address_beside_name(text)?.to_owned();
            let message = "The address is sent without the text around it.";
            *text = Cow::Owned(address);
            Some(target.finding(Code::EmailName, message))
        }
        FieldKind::Text
        | FieldKind::FreeForm
        | FieldKind::Identifier
        | FieldKind::State
        | FieldKind::PostalCode
            if has_entity(text) =>
        {
            let message = "The text contains an HTML character reference; it is sent as written.";
            Some(target.finding(Code::TextHtml, message))
        }
        FieldKind::Text | FieldKind::FreeForm if has_tag(text) => {
            let message = "The text contains an HTML tag; it is sent as written.";
            let mut finding = target.finding(Code::TextHtml, message);
            finding.hint = Some("Export the text without HTML.".to_owned());
            Some(finding)
        }
        _ => None,
    }
}

/// The word that the rule's map gives for a text.
///
/// # Errors
/// `map.defaulted` where the rule's default takes its place, else `map.missed` or `lookup.missed`.
fn translated<'t>(target: Target<'t>, map: &'t WordMap, text: &'t str) -> Result<&'t str, Finding> {
    match map.get(text) {
        Some(mapped) => Ok(mapped),
        // A word that the field itself knows needs no entry.
        None if is_known(target, text) => Ok(text),
        None => Err(missed(target, map, text)),
    }
}

/// A text that the rule's words do not have.
fn missed(target: Target<'_>, map: &WordMap, text: &str) -> Finding {
    let (code, place) = match map.file() {
        Some(file) => (Code::LookupMissed, format!("the lookup file {file}")),
        None => (
            Code::MapMissed,
            "the mapping's value table (map)".to_owned(),
        ),
    };
    if target.rule.default.is_some() {
        let message = format!("The value is not in {place}; the rule's default is sent.");
        return target.finding(Code::MapDefaulted, message);
    }
    let mut finding = target.finding(code, format!("The value is not in {place}."));
    let near = map.nearest(text).map(brief);
    let text = brief(text);
    let add = match map.file() {
        Some(file) => format!("Add \"{text}\" to {file}."),
        None => format!("In the mapping: add \"{text}\" to the rule's map."),
    };
    finding.hint = near.map(|near| format!("Did you mean \"{near}\"? {add}"));
    finding
}

/// Whether a field knows a text by itself, so that the rule's map need not have it. Fields of free text know none.
pub(super) fn is_known(target: Target<'_>, text: &str) -> bool {
    let rule = target.rule;
    match rule.kind {
        FieldKind::Text | FieldKind::FreeForm | FieldKind::Identifier | FieldKind::PostalCode => {
            false
        }
        // What is a choice or no day says so by its own code.
        FieldKind::Date => !matches!(
            date::read_text(text, &rule.hints),
            Err(date::Refusal {
                code: Code::DateInvalid,
                ..
            })
        ),
        FieldKind::State => lookup::is_state_of_any(text),
        FieldKind::Phone => text.bytes().filter(u8::is_ascii_digit).count() >= 3,
        FieldKind::Email => coerce(rule.kind, text).is_ok() || address_beside_name(text).is_some(),
        kind => coerce_in(rule.hints.locale, kind, text).is_ok(),
    }
}

/// Printable ASCII without an ampersand and the beginning of a tag, as nearly all texts are: seen byte by byte.
#[inline]
pub(super) fn is_plain(text: &str) -> bool {
    // Not cut short, so that many bytes are looked at at once.
    text.bytes().fold(true, |plain, b| {
        plain & matches!(b, b' '..=b'%' | b'\''..=b';' | b'='..=b'~')
    })
}

/// A text without a BOM or zero-width blank inside.
fn strip_invisible(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(|c| is_invisible(c) && !is_joiner(c)) {
        return text;
    }
    // Joiners (U+200C, U+200D) spell words in some scripts and stay.
    Cow::Owned(
        text.chars()
            .filter(|c| !is_invisible(*c) || is_joiner(*c))
            .collect(),
    )
}
