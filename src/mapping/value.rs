//! A text → the value of its field: checks, the rule's map and transforms, and the field's own type.

use std::borrow::Cow;

use super::coerce::{Coerced, coerce, is_invisible};
use super::target::Target;
use super::words::WordMap;
use crate::diagnostic::{Code, nearest, thousands};
use crate::partner::{FieldKind, Finding};

/// Bytes of one value. No limit of the API is documented; what is longer is no field of a partner, but a file
/// that ended up in a cell.
pub(super) const LONGEST_TEXT: usize = 1024 * 1024;

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
        current = Cow::Owned(transform.apply(&current));
    }
    if current.is_empty() {
        return None;
    }
    let coerced = match &current {
        Cow::Borrowed(borrowed) => coerce(target.rule.kind, borrowed),
        Cow::Owned(owned) => coerce(target.rule.kind, owned).map(|c| match c {
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

/// What no field takes: control characters, and texts that are too long. Code and message.
pub(super) fn unsendable(text: &str) -> Option<(Code, String)> {
    let odd = |c: &char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || *c == '\u{fffd}';
    if !is_plain(text)
        && let Some(c) = text.chars().find(odd)
    {
        if c == '\u{fffd}' {
            let message = "The value holds U+FFFD, which stands for a character that was lost before the file was written.";
            return Some((Code::TextLostCharacter, message.to_owned()));
        }
        let message = format!(
            "The value holds the control character U+{:04X}.",
            u32::from(c)
        );
        return Some((Code::TextControl, message));
    }
    (text.len() > LONGEST_TEXT).then(|| {
        let message = format!(
            "The value has {} bytes; at most {} are sent.",
            thousands(text.len() as u64),
            thousands(LONGEST_TEXT as u64)
        );
        (Code::TextTooLong, message)
    })
}

/// The word that the rule's map gives for a text.
///
/// # Errors
/// `map.defaulted` where the rule's default takes its place, else `map.missed`.
fn translated<'t>(target: Target<'t>, map: &'t WordMap, text: &'t str) -> Result<&'t str, Finding> {
    let rule = target.rule;
    match map.get(text) {
        Some(mapped) => Ok(mapped),
        // A word that the field itself knows needs no entry.
        None if matches!(rule.kind, FieldKind::Words(_) | FieldKind::Boolean)
            && coerce(rule.kind, text).is_ok() =>
        {
            Ok(text)
        }
        None if rule.default.is_some() => Err(target.finding(
            Code::MapDefaulted,
            "The value is not in the rule's map; the rule's default is sent.",
        )),
        None => {
            let mut finding =
                target.finding(Code::MapMissed, "The value is not in the rule's map.");
            finding.hint =
                nearest(text, map.words()).map(|near| format!("Did you mean \"{near}\"?"));
            Err(finding)
        }
    }
}

/// ASCII without a control character, as nearly all texts are: seen byte by byte.
#[inline]
pub(super) fn is_plain(text: &str) -> bool {
    // Not cut short, so that many bytes are looked at at once.
    text.bytes()
        .fold(true, |plain, b| plain & (b' '..0x7f).contains(&b))
}

/// A text without a BOM or zero-width blank inside.
fn strip_invisible(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii()
        || !text
            .chars()
            .any(|c| is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}'))
    {
        return text;
    }
    // Joiners (U+200C, U+200D) spell words in some scripts and stay.
    Cow::Owned(
        text.chars()
            .filter(|c| !is_invisible(*c) || matches!(c, '\u{200c}' | '\u{200d}'))
            .collect(),
    )
}
