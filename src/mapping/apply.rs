//! A row by its plan → draft and findings.

use std::borrow::Cow;

use super::coerce::{Coerced, coerce, is_invisible, trim};
use super::date::Verdict;
use super::known::Became;
use super::plan::{Plan, PlanFeed, PlanRule, Ready, TextPath};
use super::scratch::Scratch;
use crate::diagnostic::Code;
use crate::partner::{Draft, FieldKind, Finding, Query, Slot};
use crate::source::{Cell, SourceRow, number_text};

/// What a filled row is, beside its draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// The query flags of its create.
    pub query: Query,
}

/// Bytes of one value. No limit of the API is documented; what is longer is no field of a partner, but a file
/// that ended up in a cell.
const LONGEST_TEXT: usize = 1024 * 1024;

/// The largest whole number that a workbook's cell holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Plan {
    /// Writes the row's key into `key`; false where it is empty.
    pub fn key_of(&self, row: SourceRow<'_>, key: &mut String) -> bool {
        key.clear();
        if let [column] = self.key[..] {
            match row.cell(column) {
                Cell::Text(text) => key.push_str(trim(text).0),
                cell => key.push_str(&cell.to_text()),
            }
            return !key.is_empty() && !self.is_null(key);
        }
        let mut any = false;
        for (i, column) in self.key.iter().enumerate() {
            if i > 0 {
                key.push('|');
            }
            let text = row.cell(*column).to_text();
            let (text, _) = trim(&text);
            any |= !text.is_empty() && !self.is_null(text);
            // Two different sets of parts never make one key.
            for c in text.chars() {
                if matches!(c, '|' | '\\') {
                    key.push('\\');
                }
                key.push(c);
            }
        }
        any
    }

    /// Hands over the key of each other row that the row refers to.
    pub fn each_reference(&self, row: SourceRow<'_>, each: &mut dyn FnMut(&str)) {
        if !self.has_references() {
            return;
        }
        for rule in &self.rules {
            if let PlanFeed::Partner(column) = rule.feed {
                let cell = row.cell(column);
                if self.is_blank(cell) || matches!(cell, Cell::Error(_)) {
                    continue;
                }
                let text = cell.to_text();
                let text = trim(&text).0;
                if uuid::Uuid::try_parse(text).is_err() {
                    each(text);
                }
            }
        }
    }

    /// Fills the scratch's draft from a row. `verdicts` are those of the date columns, in their order.
    pub fn fill(&self, row: SourceRow<'_>, verdicts: &[Verdict], scratch: &mut Scratch) -> Filled {
        scratch.findings.clear();
        scratch.remember_for(self);
        scratch.draft.reset(self.rules.len());
        scratch.plain = row.is_plain();
        for leaf in self.order.iter().copied() {
            let rule = &self.rules[leaf];
            if !self.fill_plain(leaf, rule, row, scratch) {
                self.fill_leaf(leaf, rule, row, verdicts, scratch);
            }
        }
        for address in &self.addresses {
            address.settle(&mut scratch.draft, &mut scratch.findings);
        }
        let flag = |leaf: Option<usize>| {
            leaf.is_some_and(|l| scratch.draft.slot(l) == Slot::Boolean(true))
        };
        Filled {
            query: Query {
                create_apptivo_account: flag(self.query[0]),
                create_bill_com_profile: flag(self.query[1]),
            },
        }
    }

    /// Fills a leaf that takes the text of one cell as it is, from a plain row; false where there is more to do.
    #[inline]
    fn fill_plain(
        &self,
        leaf: usize,
        rule: &PlanRule,
        row: SourceRow<'_>,
        s: &mut Scratch,
    ) -> bool {
        let (true, TextPath::Verbatim, PlanFeed::Column(column)) =
            (s.plain, rule.text_path, &rule.feed)
        else {
            return false;
        };
        match row.cell(*column) {
            Cell::Text(text) => {
                let bytes = text.as_bytes();
                // In a plain text, blanks are all that can be trimmed.
                let as_it_is = bytes.first() != Some(&b' ')
                    && bytes.last() != Some(&b' ')
                    && text.len() <= LONGEST_TEXT
                    && !self.is_null(text);
                if as_it_is {
                    s.draft.set_text(leaf, text, true);
                }
                as_it_is
            }
            Cell::Empty => rule.default.is_none(),
            _ => false,
        }
    }

    fn fill_leaf(
        &self,
        leaf: usize,
        rule: &PlanRule,
        row: SourceRow<'_>,
        verdicts: &[Verdict],
        s: &mut Scratch,
    ) {
        match &rule.feed {
            PlanFeed::Sibling => {}
            PlanFeed::Value(ready) => set_ready(leaf, ready, &mut s.draft),
            PlanFeed::Key => {
                let key = std::mem::take(&mut s.key);
                if !key.is_empty() {
                    s.draft.set_text(leaf, &key, true);
                }
                s.key = key;
            }
            PlanFeed::Template(index) => match self.templates.fill(*index, row, &self.header) {
                Ok(text) => {
                    // It holds more than the row's own texts.
                    let plain = std::mem::take(&mut s.plain);
                    self.fill_cell(leaf, rule, Cell::Text(&text), None, rule.dates, verdicts, s);
                    s.plain = plain;
                }
                Err(message) => s
                    .findings
                    .push(Finding::new(leaf, Code::TemplateFailed, message)),
            },
            PlanFeed::Column(column) => {
                self.fill_cell(
                    leaf,
                    rule,
                    row.cell(*column),
                    Some(*column),
                    rule.dates,
                    verdicts,
                    s,
                );
            }
            PlanFeed::Columns(columns) => {
                let filled = columns
                    .iter()
                    .enumerate()
                    .find(|(_, c)| !self.is_blank(row.cell(**c)));
                let (nth, column) =
                    filled.map_or((0, columns.first().copied()), |(i, c)| (i, Some(*c)));
                if let Some(column) = column {
                    self.fill_cell(
                        leaf,
                        rule,
                        row.cell(column),
                        Some(column),
                        rule.dates + nth,
                        verdicts,
                        s,
                    );
                }
            }
            PlanFeed::Partner(column) => self.fill_reference(leaf, row.cell(*column), *column, s),
        }
        if let Some(default) = &rule.default
            && s.draft.slot(leaf) == Slot::Empty
            && !s.findings.iter().any(|f| f.leaf == Some(leaf))
        {
            set_ready(leaf, default, &mut s.draft);
        }
    }

    fn is_blank(&self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Text(text) => {
                let text = trim(text).0;
                text.is_empty() || self.is_null(text)
            }
            cell => cell.is_blank(),
        }
    }

    /// The key of another row, or a partner id as it is.
    fn fill_reference(&self, leaf: usize, cell: Cell<'_>, column: usize, s: &mut Scratch) {
        if self.is_blank(cell) {
            return;
        }
        if let Cell::Error(e) = cell {
            s.findings.push(cell_error(leaf, column, e));
            return;
        }
        let text = cell.to_text();
        let (text, _) = trim(&text);
        if let Ok(id) = uuid::Uuid::try_parse(text) {
            s.draft.set_text(leaf, &id.hyphenated().to_string(), true);
        } else {
            let at = s.draft.push_text(text);
            s.draft.set(leaf, Slot::Link { at }, true);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one cell on its way: what it is, where it came from, what decides it"
    )]
    fn fill_cell(
        &self,
        leaf: usize,
        rule: &PlanRule,
        cell: Cell<'_>,
        column: Option<usize>,
        date_column: usize,
        verdicts: &[Verdict],
        s: &mut Scratch,
    ) {
        match cell {
            Cell::Text(text) => {
                let (text, odd) = trim(text);
                if text.is_empty() || self.is_null(text) {
                    return;
                }
                // Nearly all texts go one of these ways.
                if !odd && (s.plain || is_plain(text)) && text.len() <= LONGEST_TEXT {
                    match rule.text_path {
                        TextPath::Verbatim => return s.draft.set_text(leaf, text, true),
                        TextPath::Memoised => {
                            return Self::fill_known(leaf, rule, text, column, s);
                        }
                        TextPath::Direct if rule.kind == FieldKind::Phone => {
                            return self.fill_phone(leaf, rule, text, column, s);
                        }
                        // What is refused is reported below.
                        TextPath::Direct => {
                            if let Ok(Coerced::Text(text)) = coerce(rule.kind, text) {
                                return s.draft.set_text(leaf, &text, true);
                            }
                        }
                        TextPath::General => {}
                    }
                }
            }
            cell if cell.is_blank() => return,
            Cell::Error(e) => return s.findings.push(cell_error(leaf, column, e)),
            Cell::NoValue => {
                let mut finding = Finding::new(
                    leaf,
                    Code::CellNoCachedValue,
                    "The formula has no stored result.",
                );
                finding.column = column;
                return s.findings.push(finding);
            }
            Cell::Number(n) => warn_number(leaf, rule.kind, n, column, s),
            _ => {}
        }
        if rule.kind == FieldKind::Date && rule.map.is_none() && rule.transforms.is_empty() {
            return self.fill_date(leaf, rule, cell, column, verdicts.get(date_column), s);
        }
        let text = cell.to_text();
        let (text, odd) = trim(&text);
        if odd {
            let mut finding = Finding::new(
                leaf,
                Code::TextTrimmed,
                "Invisible blanks around the value were taken off.",
            );
            finding.column = column;
            s.findings.push(finding.with_value(text));
        }
        if let Some(separator) = &rule.split {
            let parts: Vec<Cow<'_, str>> = text
                .split(separator.as_str())
                .map(|p| trim(p).0)
                .filter(|p| !p.is_empty())
                .map(Cow::Borrowed)
                .collect();
            let before = s.findings.len();
            let mut values = Vec::with_capacity(parts.len());
            for part in &parts {
                match Self::value_of(leaf, rule, part, column, &mut s.findings) {
                    Some(Value::Text(t)) => values.push(t.into_owned()),
                    Some(Value::Integer(n)) => values.push(n.to_string()),
                    Some(Value::Boolean(b)) => values.push(b.to_string()),
                    _ => {}
                }
            }
            if !s.findings[before..]
                .iter()
                .any(|f| f.code.severity() == crate::diagnostic::Severity::Error)
            {
                s.draft
                    .set_list(leaf, values.iter().map(String::as_str), true);
            }
            return;
        }
        match Self::value_of(leaf, rule, text, column, &mut s.findings) {
            None => {}
            Some(Value::Integer(n)) => s.draft.set(leaf, Slot::Integer(n), true),
            Some(Value::Boolean(b)) => s.draft.set(leaf, Slot::Boolean(b), true),
            Some(Value::Default) => {
                if let Some(default) = &rule.default {
                    set_ready(leaf, default, &mut s.draft);
                }
            }
            Some(Value::Text(text)) => match rule.kind {
                FieldKind::Date => self.fill_date(
                    leaf,
                    rule,
                    Cell::Text(&text),
                    column,
                    verdicts.get(date_column),
                    s,
                ),
                FieldKind::Phone => self.fill_phone(leaf, rule, &text, column, s),
                _ if rule.sibling.is_some() && text.contains(['\n', '\r']) => {
                    fill_lines(leaf, rule, &text, s);
                }
                _ => s.draft.set_text(leaf, &text, true),
            },
        }
    }

    /// A text whose field has few different ones: what it became before, it becomes again.
    fn fill_known(
        leaf: usize,
        rule: &PlanRule,
        text: &str,
        column: Option<usize>,
        s: &mut Scratch,
    ) {
        match s.known[leaf].get(text) {
            Some(Became::Integer(n)) => return s.draft.set(leaf, Slot::Integer(*n), true),
            Some(Became::Boolean(b)) => return s.draft.set(leaf, Slot::Boolean(*b), true),
            Some(Became::Text(text)) => return s.draft.set_text(leaf, text, true),
            None => {}
        }
        let told = s.findings.len();
        let became = match Self::value_of(leaf, rule, text, column, &mut s.findings) {
            None => return,
            Some(Value::Default) => {
                if let Some(default) = &rule.default {
                    set_ready(leaf, default, &mut s.draft);
                }
                return;
            }
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
        // What there is to tell is told of each row.
        if s.findings.len() == told {
            s.known[leaf].put(text, became);
        }
    }

    /// Map, transforms and the field's own type.
    fn value_of<'t>(
        leaf: usize,
        rule: &'t PlanRule,
        text: &'t str,
        column: Option<usize>,
        findings: &mut Vec<Finding>,
    ) -> Option<Value<'t>> {
        let mut tell = |code: Code, message: String, hint: Option<String>| {
            let mut finding = Finding::new(leaf, code, message).with_value(text);
            finding.column = column;
            finding.hint = hint;
            findings.push(finding);
        };
        let odd =
            |c: &char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || *c == '\u{fffd}';
        if !is_plain(text)
            && let Some(c) = text.chars().find(odd)
        {
            tell(
                Code::TextControl,
                format!(
                    "The value holds the control character U+{:04X}.",
                    u32::from(c)
                ),
                None,
            );
            return None;
        }
        if text.len() > LONGEST_TEXT {
            tell(
                Code::TextTooLong,
                format!(
                    "The value has {} bytes; at most {} are sent.",
                    crate::diagnostic::thousands(text.len() as u64),
                    crate::diagnostic::thousands(LONGEST_TEXT as u64)
                ),
                None,
            );
            return None;
        }
        let mut current: Cow<'t, str> = Cow::Borrowed(text);
        if let Some(map) = &rule.map {
            match map.get(text) {
                Some(mapped) => current = Cow::Borrowed(mapped),
                // A word that the field itself knows needs no entry.
                None if matches!(rule.kind, FieldKind::Words(_) | FieldKind::Boolean)
                    && coerce(rule.kind, text).is_ok() => {}
                None if rule.default.is_some() => {
                    tell(
                        Code::MapDefaulted,
                        "The value is not in the rule's map; the rule's default is sent."
                            .to_owned(),
                        None,
                    );
                    return Some(Value::Default);
                }
                None => {
                    let hint = crate::diagnostic::nearest(text, map.words())
                        .map(|near| format!("Did you mean \"{near}\"?"));
                    tell(
                        Code::MapMissed,
                        "The value is not in the rule's map.".to_owned(),
                        hint,
                    );
                    return None;
                }
            }
        }
        for transform in &rule.transforms {
            current = Cow::Owned(transform.apply(&current));
        }
        if current.is_empty() {
            return None;
        }
        let coerced = match &current {
            Cow::Borrowed(borrowed) => coerce(rule.kind, borrowed),
            Cow::Owned(owned) => coerce(rule.kind, owned).map(|c| match c {
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
                tell(complaint.code, complaint.message, complaint.hint);
                as_written.then(|| Value::Text(Cow::Owned(current.into_owned())))
            }
        }
    }
}

/// ASCII without a control character, as nearly all texts are: seen byte by byte.
#[inline]
fn is_plain(text: &str) -> bool {
    // Not cut short, so that many bytes are looked at at once.
    text.bytes()
        .fold(true, |plain, b| plain & (b' '..0x7f).contains(&b))
}

enum Value<'t> {
    Text(Cow<'t, str>),
    Integer(i64),
    Boolean(bool),
    Default,
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

fn set_ready(leaf: usize, ready: &Ready, draft: &mut Draft) {
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

fn cell_error(leaf: usize, column: impl Into<Option<usize>>, error: &str) -> Finding {
    let mut finding = Finding::new(
        leaf,
        Code::CellError,
        format!("The cell holds the error {error}."),
    )
    .with_value(error);
    finding.column = column.into();
    finding
}

/// A numeric cell in a text field may have lost zeros or digits: told, not repaired.
fn warn_number(leaf: usize, kind: FieldKind, n: f64, column: Option<usize>, s: &mut Scratch) {
    let text = number_text(n);
    if n.abs() >= EXACT {
        let mut finding = Finding::new(
            leaf,
            Code::CellPrecision,
            "The number has more digits than a spreadsheet keeps.",
        );
        finding.column = column;
        s.findings.push(finding.with_value(&text));
    }
    if matches!(
        kind,
        FieldKind::Identifier | FieldKind::Phone | FieldKind::Routing | FieldKind::PostalCode
    ) {
        let mut finding = Finding::new(
            leaf,
            Code::NumberAsText,
            "The cell is a number, not text: leading zeros may be gone.",
        );
        finding.column = column;
        s.findings.push(finding.with_value(&text));
    }
}

/// A street of several lines: the first stays, the others go to the second field where that is free.
fn fill_lines(leaf: usize, rule: &PlanRule, text: &str, s: &mut Scratch) {
    let mut lines = text
        .split(['\n', '\r'])
        .map(|l| trim(l).0)
        .filter(|l| !l.is_empty());
    let first = lines.next().unwrap_or("").to_owned();
    let rest = lines.collect::<Vec<_>>().join(", ");
    match rule.sibling {
        Some(sibling) if !rest.is_empty() && s.draft.slot(sibling) == Slot::Empty => {
            s.draft.set_text(leaf, &first, true);
            s.draft.set_text(sibling, &rest, true);
        }
        _ if rest.is_empty() => s.draft.set_text(leaf, &first, true),
        _ => s.draft.set_text(leaf, &format!("{first}, {rest}"), true),
    }
}
