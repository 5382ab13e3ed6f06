//! Lines that are only there as a comment: `# date_order = "mdy"   # a report writes dates as its user's locale does`.

use std::ops::Range;

use toml_edit::Document;

use crate::partner::PathSegment;

/// Such a line.
pub(super) struct Commented<'t> {
    /// The line without the mark that makes it a comment.
    line: &'t str,
    /// Where its value stands in that.
    value: Range<usize>,
}

impl<'t> Commented<'t> {
    /// The line, if it holds a value for these names.
    pub(super) fn find(line: &'t str, names: &[PathSegment]) -> Option<Self> {
        let line = line.trim_start().strip_prefix('#')?;
        let line = line.strip_prefix(' ').unwrap_or(line);
        // Most comments are words.
        let first = match names.first()? {
            PathSegment::Name(name) => name.as_str(),
            PathSegment::Index(_) => return None,
        };
        if !line.contains('=') || !line.contains(first) {
            return None;
        }
        let doc = Document::parse(line).ok()?;
        let values = doc.as_table().get_values();
        let [(keys, value)] = &values[..] else {
            return None;
        };
        let is_same = |(key, name): (&&toml_edit::Key, &PathSegment)| matches!(name, PathSegment::Name(n) if n == key.get());
        if keys.len() != names.len() || !keys.iter().zip(names).all(is_same) {
            return None;
        }
        let value = value.span()?;
        Some(Self { line, value })
    }

    /// The line in force, with this value.
    pub(super) fn filled(&self, value: &str) -> String {
        format!(
            "{}{value}{}",
            &self.line[..self.value.start],
            &self.line[self.value.end..]
        )
    }
}
