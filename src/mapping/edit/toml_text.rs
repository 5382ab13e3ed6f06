//! The text of a TOML document, with what stands where in it: values set, renamed and taken out by their paths.

use std::ops::Range;

use toml_edit::{Document, Table, Value};

use super::align::aligned;
use super::comment::has_comment;
use super::commented::Commented;
use super::error::EditError;
use super::items::Items;
use super::lines::{is_blank, line_start, lines, next_line, text_end};
use super::nodes::{Node, Walk};
use super::section::{Section, sections_in, values_of};
use super::splice::{Splice, spliced};
use super::write;
use crate::partner::{PathSegment, display_path};

/// Tables in the order in which a mapping has them.
const SECTIONS: &[&str] = &[
    "source",
    "query",
    "organization",
    "partnerCriteria",
    "vendorAccount",
    "validation",
    "test",
];

/// A document and its text.
pub(super) struct TomlText<'t> {
    text: &'t str,
    doc: Document<&'t str>,
}

type Spliced = Result<Vec<Splice>, EditError>;

pub(super) fn unusual(path: &[PathSegment]) -> EditError {
    EditError::Unusual(display_path(path))
}

impl<'t> TomlText<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, EditError> {
        let doc = Document::parse(text).map_err(|e| EditError::NotToml(e.message().to_owned()))?;
        Ok(Self { text, doc })
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    pub(super) fn walk(&self, path: &[PathSegment]) -> Walk<'_> {
        Walk::new(self.doc.as_table(), path)
    }

    /// What stands at a path.
    pub(super) fn node(&self, path: &[PathSegment]) -> Option<Node<'_>> {
        let walk = self.walk(path);
        (walk.steps() == path.len()).then(|| walk.last())
    }

    /// A value's text.
    pub(super) fn raw(&self, value: &Value) -> Option<&'t str> {
        self.text.get(value.span()?)
    }

    /// Sets a value. Where it is not there yet, the first `header` steps of the path are the table that it belongs to.
    pub(super) fn set(
        &self,
        path: &[PathSegment],
        header: usize,
        value: &str,
    ) -> Result<String, EditError> {
        let splices = self.setting(path, header, value)?;
        Ok(spliced(self.text, splices))
    }

    fn setting(&self, path: &[PathSegment], header: usize, value: &str) -> Spliced {
        let walk = self.walk(path);
        let steps = walk.steps();
        let (at, owner) = walk.owner(steps);
        let refuse = || unusual(path);
        if steps == path.len() {
            return match (walk.last(), at == steps) {
                (Node::Value(old), true) => {
                    Ok(vec![(old.span().ok_or_else(refuse)?, value.to_owned())])
                }
                _ => Err(refuse()),
            };
        }
        let rest = &path[at..];
        match owner {
            Node::Value(list) => {
                let is_next = |i: &usize| list.as_array().is_some_and(|a| a.len() == *i);
                let new = match rest {
                    [PathSegment::Index(i)] if is_next(i) => Some(value.to_owned()),
                    [PathSegment::Index(i), inner @ ..] if is_next(i) => {
                        write::assignment(inner, value).map(|a| format!("{{ {a} }}"))
                    }
                    names if list.is_inline_table() => write::assignment(names, value),
                    _ => None,
                };
                let items = self.items(list).ok_or_else(refuse)?;
                Ok(items.add(&new.ok_or_else(refuse)?))
            }
            Node::Tables(tables) if rest.first() == Some(&PathSegment::Index(tables.len())) => {
                if header != at + 1 {
                    return Err(refuse());
                }
                self.block(path, header, value)
            }
            Node::Tables(_) => Err(refuse()),
            // The table itself is not there, or only the headers of tables below it.
            Node::Table(_) if at < header && !walk.last().is_dotted() => {
                self.block(path, header, value)
            }
            Node::Table(table) if at > 0 && table.is_implicit() => self.block(path, at, value),
            Node::Table(table) => self.line(table, rest, value).ok_or_else(refuse),
        }
    }

    /// A header with one line below it.
    fn block(&self, path: &[PathSegment], header: usize, value: &str) -> Spliced {
        let (table, line) = path.split_at(header);
        let (names, is_list) = match table {
            [names @ .., PathSegment::Index(_)] => (names, true),
            names => (names, false),
        };
        let names: Option<Vec<String>> = (names.iter())
            .map(|s| match s {
                PathSegment::Name(name) => Some(write::key(name)),
                PathSegment::Index(_) => None,
            })
            .collect();
        let (Some(names), Some(line)) = (names, write::assignment(line, value)) else {
            return Err(unusual(path));
        };
        let name = names.join(".");
        let header = if is_list {
            format!("[[{name}]]")
        } else {
            format!("[{name}]")
        };
        Ok(self.append(&names[0], &format!("{header}\n{line}\n")))
    }

    /// Lines of their own, behind the last table that belongs before them.
    pub(super) fn append(&self, top: &str, lines: &str) -> Vec<Splice> {
        let text = self.text;
        let rank = |name: &str| SECTIONS.iter().position(|s| *s == name);
        let sections = self.sections();
        let same = sections.iter().rev().find(|s| s.top == top);
        let before =
            || (sections.iter().rev()).find(|s| s.top.is_empty() || rank(s.top) < rank(top));
        let at = match same.or_else(before) {
            Some(section) => self.end_of_table(section.table),
            None => text.len(),
        };
        let mut new = String::new();
        if at > 0 && !text[..at].ends_with('\n') {
            new.push('\n');
        }
        if !is_blank(&text[..at]) {
            new.push('\n');
        }
        new.push_str(lines);
        if !is_blank(&text[at..text_end(text, at)]) {
            new.push('\n');
        }
        vec![(at..at, new)]
    }

    /// A line in a table: where a comment holds it, else behind the table's last one.
    fn line(&self, table: &Table, names: &[PathSegment], value: &str) -> Option<Vec<Splice>> {
        let text = self.text;
        let values = values_of(table);
        let region = self.region(table);
        let is_free = |line: &Range<usize>| !values.iter().any(|v| v.contains(&line.start));
        for line in lines(text, region).filter(is_free) {
            if let Some(commented) = Commented::find(&text[line.clone()], names) {
                return Some(vec![(line, commented.filled(value))]);
            }
        }
        let new = write::assignment(names, value)?;
        let at = self.end_of_table(table);
        let last = values.last().map(|v| line_start(text, v.start));
        let indent = last.map_or("", |start| {
            let line = &text[start..text_end(text, start)];
            &line[..line.len() - line.trim_start().len()]
        });
        let break_before =
            if at > 0 && !text[..at].ends_with('\n') && !text[..at].ends_with('\u{feff}') {
                "\n"
            } else {
                ""
            };
        let new = aligned(text, &values, &new);
        Some(vec![(at..at, format!("{break_before}{indent}{new}\n"))])
    }

    /// One more item between the brackets of a value.
    pub(super) fn add_item(&self, container: &Value, item: &str) -> Option<String> {
        Some(spliced(self.text, self.items(container)?.add(item)))
    }

    /// Takes a value out, with the tables in braces and the header that it leaves empty. Its line stays as a comment where
    /// it has one. Nothing happens where there is no value.
    pub(super) fn remove(&self, path: &[PathSegment]) -> Result<String, EditError> {
        let walk = self.walk(path);
        if walk.steps() < path.len() {
            return Ok(self.text.to_owned());
        }
        if let [table @ .., PathSegment::Index(_)] = path
            && !matches!(
                walk.nodes[table.len()],
                Node::Tables(_) | Node::Value(Value::Array(_))
            )
        {
            // The only element of a list that is written as one table.
            return self.remove(table);
        }
        if let Node::Table(table) = walk.last()
            && !table.is_dotted()
        {
            return Ok(self.without_block(table));
        }
        if walk.last().is_dotted() {
            return self.without_each(path, &walk);
        }
        let Node::Value(value) = walk.last() else {
            return Err(unusual(path));
        };
        let span = value.span().ok_or_else(|| unusual(path))?;
        match walk.owner(path.len() - 1) {
            (at, Node::Value(container)) => {
                let items = self.items(container).ok_or_else(|| unusual(path))?;
                match items.remove(&span) {
                    Some(splices) => Ok(spliced(self.text, splices)),
                    // What is left empty goes, too, but for an element whose absence would number others anew.
                    None if self.is_before_others(&path[..at]) => {
                        let container = container.span().ok_or_else(|| unusual(path))?;
                        Ok(spliced(self.text, vec![(container, "{}".to_owned())]))
                    }
                    None => self.remove(&path[..at]),
                }
            }
            (at, Node::Table(_)) => {
                let text = spliced(self.text, self.without_line(&span));
                TomlText::parse(&text)?.without_empty(&path[..at])
            }
            _ => Err(unusual(path)),
        }
    }

    /// Whether a path leads to an element of a list that is not its last.
    fn is_before_others(&self, path: &[PathSegment]) -> bool {
        let [list @ .., PathSegment::Index(i)] = path else {
            return false;
        };
        match self.node(list) {
            Some(Node::Tables(tables)) => i + 1 < tables.len(),
            Some(Node::Value(Value::Array(array))) => i + 1 < array.len(),
            _ => false,
        }
    }

    /// All that keys with dots put below a path.
    fn without_each(&self, path: &[PathSegment], walk: &Walk<'_>) -> Result<String, EditError> {
        let names: Vec<String> = match walk.last() {
            Node::Table(table) => table.iter().map(|(name, _)| name.to_owned()).collect(),
            Node::Value(Value::InlineTable(table)) => {
                table.iter().map(|(name, _)| name.to_owned()).collect()
            }
            _ => Vec::new(),
        };
        let mut text = self.text.to_owned();
        for name in names {
            let inner = [path, &[PathSegment::Name(name)]].concat();
            text = TomlText::parse(&text)?.remove(&inner)?;
        }
        Ok(text)
    }

    /// The lines of a value, deleted, or made comments where they have one.
    fn without_line(&self, value: &Range<usize>) -> Vec<Splice> {
        let start = line_start(self.text, value.start);
        self.without_lines(start..next_line(self.text, value.end))
    }

    fn without_lines(&self, range: Range<usize>) -> Vec<Splice> {
        let text = self.text;
        if !has_comment(&text[range.clone()]) {
            return vec![(range, String::new())];
        }
        (lines(text, range))
            .filter(|line| !is_blank(&text[line.clone()]))
            .map(|line| (line.start..line.start, "# ".to_owned()))
            .collect()
    }

    /// Without a table that has a header: header, lines, and the tables below it.
    fn without_block(&self, table: &Table) -> String {
        let mut splices = Vec::new();
        let mut inner = Vec::new();
        sections_in(table, "", &mut inner);
        let own = Section {
            top: "",
            header: table.span().unwrap_or_default(),
            table,
        };
        inner.insert(0, own);
        for section in inner.iter().filter(|s| !s.table.is_implicit()) {
            let values = values_of(section.table);
            let end = values.last().map_or(section.header.end, |v| v.end);
            let start = line_start(self.text, section.header.start);
            splices.extend(self.without_lines(start..next_line(self.text, end)));
        }
        spliced(self.text, splices)
    }

    /// Without the header at a path, where nothing is left below it, not even a comment.
    fn without_empty(&self, path: &[PathSegment]) -> Result<String, EditError> {
        let keep = Ok(self.text.to_owned());
        let Some(Node::Table(table)) = self.node(path).filter(|_| !path.is_empty()) else {
            return keep;
        };
        if self.is_before_others(path) {
            return keep;
        }
        let header = table.span().unwrap_or_default();
        let region = self.region(table);
        let rest_of_line = &self.text[header.end..text_end(self.text, header.end)];
        // A comment below a blank line is not the table's own.
        let own = &self.text[region.start..text_end(self.text, region.start).min(region.end)];
        if !table.is_empty() || !is_blank(rest_of_line) || !is_blank(own) {
            return keep;
        }
        let start = line_start(self.text, header.start);
        let before = self.text[..start]
            .trim_end_matches(['\r', '\n', ' ', '\t'])
            .len();
        let start = next_line(self.text, before).min(start);
        Ok(spliced(
            self.text,
            vec![(start..next_line(self.text, header.end), String::new())],
        ))
    }

    /// Sets a value and gives it another name, in its place.
    pub(super) fn rename(
        &self,
        path: &[PathSegment],
        name: &str,
        value: &str,
    ) -> Result<String, EditError> {
        let refuse = || unusual(path);
        let walk = self.walk(path);
        let (Node::Value(old), Some(PathSegment::Name(key))) = (walk.last(), path.last()) else {
            return Err(refuse());
        };
        if walk.steps() != path.len() {
            return Err(refuse());
        }
        let key = match walk.nodes[path.len() - 1] {
            Node::Table(table) => table.key(key),
            Node::Value(Value::InlineTable(table)) => table.key(key),
            _ => None,
        };
        let places = key.and_then(toml_edit::Key::span).zip(old.span());
        let (key, old) = places.ok_or_else(refuse)?;
        let splices = vec![(key, write::key(name)), (old, value.to_owned())];
        Ok(spliced(self.text, splices))
    }

    fn items(&self, container: &Value) -> Option<Items<'t>> {
        let values = match container {
            Value::Array(array) => array.iter().filter_map(Value::span).collect(),
            Value::InlineTable(table) => {
                (table.get_values().iter().filter_map(|(_, v)| v.span())).collect()
            }
            _ => return None,
        };
        Some(Items::new(self.text, container.span()?, values))
    }

    /// All tables with headers in the order of the text, after the document's own beginning.
    fn sections(&self) -> Vec<Section<'_>> {
        let root = self.doc.as_table();
        let mut all = Vec::new();
        sections_in(root, "", &mut all);
        all.retain(|s| !s.table.is_implicit());
        all.sort_by_key(|s| s.header.start);
        let own = Section {
            top: "",
            header: 0..0,
            table: root,
        };
        all.insert(0, own);
        all
    }

    /// From behind a table's header to the next header.
    fn region(&self, table: &Table) -> Range<usize> {
        let header = self.header(table);
        let is_next = |s: &&Section<'_>| s.header.start > header.start && s.header.end > 0;
        let end = (self.sections().iter().find(is_next))
            .map_or(self.text.len(), |s| line_start(self.text, s.header.start));
        let start = if header.end == 0 {
            0
        } else {
            next_line(self.text, header.end)
        };
        start..end.max(start)
    }

    /// The place of a table's header; nothing at the beginning for the document's own.
    fn header(&self, table: &Table) -> Range<usize> {
        if std::ptr::eq(table, self.doc.as_table()) {
            return 0..0;
        }
        table.span().unwrap_or_default()
    }

    /// Where a table's next line belongs: behind its last one and the comments below that, but not behind those which
    /// stand on the next header.
    fn end_of_table(&self, table: &Table) -> usize {
        let text = self.text;
        let header = self.header(table);
        let own = match values_of(table).pop() {
            Some(last) => next_line(text, last.end),
            None if header.end > 0 => next_line(text, header.end),
            None => return line_start(text, text.len().min('\u{feff}'.len_utf8())),
        };
        let mut at = own;
        loop {
            let line = &text[at..text_end(text, at)];
            match line.trim_start().as_bytes().first() {
                Some(b'#') => at = next_line(text, at),
                Some(b'[') => return own,
                _ => return at,
            }
            if at == text.len() {
                return at;
            }
        }
    }
}
