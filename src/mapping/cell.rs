//! One cell → one leaf of the draft.

use super::coerce::{Coerced, coerce, trim};
use super::decimal::is_decimal_whole;
use super::doubtful::{doubtful, usual_line_breaks};
use super::identifier::{self, is_identifier, is_reshaped};
use super::known::Became;
use super::placeholder::{Placeholder, null_hint, placeholder};
use super::plan::{Plan, Ready, TextPath};
use super::quiet::is_quiet;
use super::row_buffers::RowBuffers;
use super::target::{Target, trimmed};
use super::unsendable::LONGEST_TEXT;
use super::value::{Value, is_plain, value_of};
use crate::diagnostic::{Code, Severity};
use crate::partner::{Draft, FieldKind, Finding, Slot};
use crate::source::{Cell, has_noise, number_text};

impl Plan {
    /// Fills a leaf from a cell, with findings where the cell does not fit.
    pub(super) fn fill_cell(&self, target: &Target<'_>, cell: Cell<'_>, s: &mut RowBuffers) {
        // Nearly all texts take the short path at once.
        if let Cell::Text(text) = cell
            && (s.plain || is_plain(text))
            && is_quiet(text)
            && !self.is_null(text)
            && !(is_identifier(target.rule.kind) && is_reshaped(text))
            && self.fill_plain_text(target, text, s)
        {
            return;
        }
        self.fill_by_steps(*target, cell, s);
    }

    /// The same with every look at the cell that there is.
    fn fill_by_steps(&self, target: Target<'_>, cell: Cell<'_>, s: &mut RowBuffers) {
        let (leaf, rule) = (target.leaf, target.rule);
        if is_identifier(rule.kind) && self.is_judged(target, cell, s) {
            return;
        }
        match cell {
            Cell::Text(text) => {
                let (text, odd) = trim(text);
                if text.is_empty() || self.is_null(text) {
                    return;
                }
                if let Some(stands_for) = placeholder(text)
                    && !self.is_sent_anyway(target, text, stands_for, s)
                {
                    return;
                }
                let plain = !odd
                    && (s.plain || is_plain(text))
                    && text.len() <= LONGEST_TEXT
                    && !matches!(text.as_bytes()[0], b'=' | b'\'' | b'{' | b'[');
                // The findings about a date show it with its blanks.
                let is_date = rule.text_path == TextPath::Date;
                if plain && !is_date && self.fill_plain_text(&target, text, s) {
                    return;
                }
            }
            cell if cell.is_blank() => return,
            // No field takes these.
            Cell::Error(_) | Cell::NoValue => {
                let finding = identifier::trouble(cell).map(|(code, message)| {
                    target.finding(code, message).with_value(cell.to_text())
                });
                return s.findings.extend(finding);
            }
            Cell::Number(n) => warn_number(target, n, s),
            Cell::Serial(..) | Cell::Iso(_) | Cell::Duration(_) if rule.kind == FieldKind::Text => {
                let finding = target.finding(
                    Code::DateAsText,
                    "The cell is a date or a time, but the field takes text.",
                );
                s.findings.push(finding.with_value(cell.to_text()));
            }
            _ => {}
        }
        let text = cell.to_text();
        if rule.kind == FieldKind::Date {
            let is_mapped = (rule.map.as_ref()).is_some_and(|map| map.get(&text).is_some());
            let is_date_cell = matches!(cell, Cell::Serial(..) | Cell::Iso(_));
            // A date cell is no text that a map or a transform is for, unless the map names its date.
            if is_date_cell && !is_mapped || rule.map.is_none() && rule.transforms.is_empty() {
                return self.fill_date(&target, cell, s);
            }
        }
        let (text, odd) = trim(&text);
        if odd {
            s.findings.push(trimmed(target, text));
        }
        let text = &*usual_line_breaks(text);
        s.findings.extend(doubtful(target, text));
        if let Some(separator) = &rule.split {
            return fill_list(target, separator, text, s);
        }
        match value_of(target, text, &mut s.findings) {
            None => {}
            Some(Value::Integer(n)) => s.draft.set(leaf, Slot::Integer(n), true),
            Some(Value::Boolean(b)) => s.draft.set(leaf, Slot::Boolean(b), true),
            Some(Value::Default) => set_default(target, &mut s.draft),
            Some(Value::Text(text)) => match rule.kind {
                FieldKind::Date => self.fill_date(&target, Cell::Text(&text), s),
                FieldKind::Phone => self.fill_phone(&target, &text, s),
                _ if rule.sibling.is_some() && text.contains(['\n', '\r']) => {
                    fill_lines(target, &text, s);
                }
                _ => s.draft.set_text(leaf, &text, true),
            },
        }
    }

    /// Judges a cell of an identifier; true where it is all that has to be done.
    fn is_judged(&self, target: Target<'_>, cell: Cell<'_>, s: &mut RowBuffers) -> bool {
        if let Some((code, message)) = identifier::trouble(cell)
            && !self.is_blank(cell)
        {
            let finding = target.finding(code, message).with_value(cell.to_text());
            s.findings.push(finding);
            return true;
        }
        let Cell::Text(text) = cell else {
            return false;
        };
        let (text, _) = trim(text);
        text.ends_with('0') && !self.is_null(text) && report_decimal(target, text, s)
    }

    /// Reports a text that stands for no value; true where it is sent nevertheless: the rule's map or the field itself
    /// knows the word, or the mapping allows null words.
    fn is_sent_anyway(
        &self,
        target: Target<'_>,
        text: &str,
        stands_for: Placeholder,
        s: &mut RowBuffers,
    ) -> bool {
        let rule = target.rule;
        if (rule.map.as_ref()).is_some_and(|map| map.get(text).is_some()) {
            return true;
        }
        if stands_for == Placeholder::ErrorText {
            let finding = identifier::trouble(Cell::Error(text));
            s.findings.extend(
                finding.map(|(code, message)| target.finding(code, message).with_value(text)),
            );
            return false;
        }
        // A date is refused by its own words.
        if rule.kind == FieldKind::Date {
            return true;
        }
        let allowed = self.validation.allow.contains(&Code::CellNullWord);
        let outcome = if allowed {
            "it is sent, because the mapping allows it"
        } else {
            "the field is left out"
        };
        let message = format!("The word means that there is no value; {outcome}.");
        let finding = target.finding(Code::CellNullWord, message).with_value(text);
        s.findings.push(finding.with_hint(null_hint(text)));
        allowed
    }

    /// Fills a leaf from a plain text by its rule's short path, which nearly all texts take; false where the text has
    /// to take every step.
    fn fill_plain_text(&self, target: &Target<'_>, text: &str, s: &mut RowBuffers) -> bool {
        match target.rule.text_path {
            TextPath::Verbatim => s.draft.set_text(target.leaf, text, true),
            TextPath::Date => self.fill_date(target, Cell::Text(text), s),
            TextPath::Memoised => fill_known(target, text, s),
            TextPath::Direct if target.rule.kind == FieldKind::Phone => {
                self.fill_phone(target, text, s);
            }
            // No field of this path has words of a language.
            TextPath::Direct => match coerce(target.rule.kind, text) {
                Ok(Coerced::Text(text)) => s.draft.set_text(target.leaf, &text, true),
                // What is refused is reported on the long path.
                _ => return false,
            },
            TextPath::General => return false,
        }
        true
    }
}

/// A text whose field has few different ones: what it became before, it becomes again.
fn fill_known(target: &Target<'_>, text: &str, s: &mut RowBuffers) {
    let leaf = target.leaf;
    match s.known[leaf].get(text) {
        Some(Became::Integer(n)) => return s.draft.set(leaf, Slot::Integer(*n), true),
        Some(Became::Boolean(b)) => return s.draft.set(leaf, Slot::Boolean(*b), true),
        Some(Became::Text(text)) => return s.draft.set_text(leaf, text, true),
        None => {}
    }
    let before = s.findings.len();
    let became = match value_of(*target, text, &mut s.findings) {
        None => return,
        Some(Value::Default) => return set_default(*target, &mut s.draft),
        Some(Value::Integer(n)) => {
            s.draft.set(leaf, Slot::Integer(n), true);
            Became::Integer(n)
        }
        Some(Value::Boolean(b)) => {
            s.draft.set(leaf, Slot::Boolean(b), true);
            Became::Boolean(b)
        }
        Some(Value::Text(value)) => {
            s.draft.set_text(leaf, &value, true);
            Became::Text(value.into())
        }
    };
    // What there is to report is reported of each row.
    if s.findings.len() == before {
        s.known[leaf].put(text, became);
    }
}

/// Reports a whole number with a decimal point in an identifier; true where it is all that has to be done. A telephone number
/// is sent as it is written: its `.0` would be one digit more.
fn report_decimal(target: Target<'_>, text: &str, s: &mut RowBuffers) -> bool {
    let rule = target.rule;
    let is_number = rule.kind == FieldKind::Phone;
    let digits = match text.strip_prefix('+') {
        Some(digits) if is_number => digits,
        _ => text,
    };
    // A routing number has words of its own, and what the mapping translates is known to it.
    if !is_decimal_whole(digits) || rule.kind == FieldKind::Routing || rule.map.is_some() {
        return false;
    }
    let message = "A program has made a number with a decimal point of it; it is sent as written.";
    let finding = target.finding(Code::CellDecimal, message).with_value(text);
    s.findings.push(finding);
    if is_number {
        s.draft.set_text(target.leaf, text, true);
    }
    is_number
}

/// A list out of one cell; with a part that is refused, nothing of it is sent.
fn fill_list(target: Target<'_>, separator: &str, text: &str, s: &mut RowBuffers) {
    let before = s.findings.len();
    let mut values = Vec::new();
    for (part, odd) in text.split(separator).map(trim) {
        if odd {
            s.findings.push(trimmed(target, part));
        }
        if part.is_empty() {
            continue;
        }
        match value_of(target, part, &mut s.findings) {
            Some(Value::Text(t)) => values.push(t.into_owned()),
            Some(Value::Integer(n)) => values.push(n.to_string()),
            Some(Value::Boolean(b)) => values.push(b.to_string()),
            Some(Value::Default) | None => {}
        }
    }
    let is_refused = |f: &Finding| f.code.severity() == Severity::Error;
    if !s.findings[before..].iter().any(is_refused) {
        let values = values.iter().map(String::as_str);
        s.draft.set_list(target.leaf, values, true);
    }
}

/// A street of several lines: the first stays, the others go to the second field where that is free.
fn fill_lines(target: Target<'_>, text: &str, s: &mut RowBuffers) {
    let leaf = target.leaf;
    let mut lines = text
        .split(['\n', '\r'])
        .map(|l| trim(l).0)
        .filter(|l| !l.is_empty());
    let first = lines.next().unwrap_or("").to_owned();
    let rest = lines.collect::<Vec<_>>().join(", ");
    match target.rule.sibling {
        Some(sibling) if !rest.is_empty() && s.draft.slot(sibling) == Slot::Empty => {
            s.draft.set_text(leaf, &first, true);
            s.draft.set_text(sibling, &rest, true);
        }
        _ if rest.is_empty() => s.draft.set_text(leaf, &first, true),
        _ => s.draft.set_text(leaf, &format!("{first}, {rest}"), true),
    }
}

fn set_default(target: Target<'_>, draft: &mut Draft) {
    if let Some(default) = &target.rule.default {
        set_ready(target.leaf, default, draft);
    }
}

/// Fills a leaf with a constant.
pub(super) fn set_ready(leaf: usize, ready: &Ready, draft: &mut Draft) {
    match ready {
        Ready::Text(t) if t.is_empty() => {}
        Ready::Text(t) => draft.set_text(leaf, t, false),
        Ready::Integer(n) => draft.set(leaf, Slot::Integer(*n), false),
        Ready::Boolean(b) => draft.set(leaf, Slot::Boolean(*b), false),
        Ready::Date(d) => draft.set(leaf, Slot::Date(*d), false),
        Ready::Raw(json) => {
            let at = draft.push_text(json);
            draft.set(leaf, Slot::Raw { at }, false);
        }
    }
}

/// A numeric cell in a text field may have lost zeros or digits: reported, not repaired.
fn warn_number(target: Target<'_>, n: f64, s: &mut RowBuffers) {
    let text = number_text(n);
    // A time of day among dates has such digits by nature.
    let is_rounded = has_noise(n) && target.rule.kind != FieldKind::Date;
    let rounded = "The number has more digits than the 15 that a spreadsheet shows; it is sent as a spreadsheet shows it.";
    let found = identifier::lost_digits(n)
        .map(|message| (Code::CellPrecision, message))
        .or_else(|| is_rounded.then(|| (Code::CellRounded, rounded.to_owned())));
    if let Some((code, message)) = found {
        s.findings
            .push(target.finding(code, message).with_value(&text));
    }
    if is_identifier(target.rule.kind) {
        let finding = target.finding(
            Code::NumberAsText,
            "The cell is a number, not text: leading zeros may be missing.",
        );
        s.findings.push(finding.with_value(&text));
    }
}
