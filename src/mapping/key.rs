//! What makes a row itself, and which other rows it names.

use std::borrow::Cow;

use super::coerce::trim;
use super::doubtful::oddity;
use super::identifier::{is_scientific, key_trouble};
use super::plan::{Plan, PlanFeed};
use super::quiet::is_quiet;
use super::row_buffers::RowBuffers;
use crate::diagnostic::Code;
use crate::partner::Finding;
use crate::source::{Cell, SourceRow};

/// The other row that a cell names.
pub(super) enum Parent<'c> {
    /// By its key.
    Key(Cow<'c, str>),
    /// By its partner's id, as it is.
    Partner(uuid::Uuid),
}

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
            if let PlanFeed::Partner(column) = rule.feed
                && let Ok(Some(Parent::Key(key))) = self.parent(row.cell(column))
            {
                each(&key);
            }
        }
    }

    /// The other row that a cell names. What is no key is no parent's key either: both are read alike, so that a parent
    /// that was changed in the same way as its key is found or refused with it.
    ///
    /// # Errors
    /// Code and message where the cell cannot be a key.
    pub(super) fn parent<'c>(&self, cell: Cell<'c>) -> Result<Option<Parent<'c>>, (Code, String)> {
        if !matches!(cell, Cell::NoValue) && self.is_blank(cell) {
            return Ok(None);
        }
        if let Some(trouble) = key_trouble(cell) {
            return Err(trouble);
        }
        let text = match cell.to_text() {
            Cow::Borrowed(text) => Cow::Borrowed(trim(text).0),
            Cow::Owned(text) => Cow::Owned(trim(&text).0.to_owned()),
        };
        Ok(Some(match uuid::Uuid::try_parse(&text) {
            Ok(id) => Parent::Partner(id),
            Err(_) => Parent::Key(text),
        }))
    }

    /// What the row's key cells hold that an identifier must not: the key becomes one, and finds the row again.
    pub(super) fn judge_key(&self, row: SourceRow<'_>, s: &mut RowBuffers) {
        for column in self.judged_key.iter().copied() {
            let cell = row.cell(column);
            let is_quiet = |text: &str| {
                row.is_plain(column)
                    && is_quiet(text)
                    && !is_scientific(text)
                    && text.bytes().any(|b| b.is_ascii_alphanumeric())
            };
            if matches!(cell, Cell::Text(text) if is_quiet(text)) || self.is_blank(cell) {
                continue;
            }
            let mut report = |code: Code, message: String| {
                let mut finding = Finding::new(self.legacy, code, message);
                finding.column = Some(column);
                if self.has_own_identifier() {
                    finding.leaf = None;
                }
                s.findings.push(finding.with_value(cell.to_text()));
            };
            if let Some((code, message)) = key_trouble(cell) {
                report(code, message);
            } else if let Cell::Text(text) = cell {
                let (text, odd) = trim(text);
                if odd {
                    let message = "Invisible characters around the value were removed.";
                    report(Code::TextTrimmed, message.to_owned());
                }
                // Of nearly all keys a look at the first byte is enough.
                if (!text.is_ascii()
                    || matches!(text.as_bytes().first(), Some(b'=' | b'\'' | b'`')))
                    && let Some((code, message)) = oddity(text)
                {
                    report(code, message.to_owned());
                }
            }
        }
    }

    /// Whether a cell holds nothing, or a word that stands for nothing.
    pub(super) fn is_blank(&self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Text(text) => {
                let text = trim(text).0;
                text.is_empty() || self.is_null(text)
            }
            cell => cell.is_blank(),
        }
    }
}
