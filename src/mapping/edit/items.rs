//! Items between brackets: those of an inline table or an array, added and taken out where they stand.

use std::ops::Range;

use super::lines::{after_trivia, is_blank, line_start, next_line, text_end};
use super::splice::Splice;

/// What stands between two brackets.
pub(super) struct Items<'t> {
    text: &'t str,
    /// With its brackets.
    container: Range<usize>,
    /// Each from its key, or value, to its value's end, in the order of the text.
    items: Vec<Range<usize>>,
}

impl<'t> Items<'t> {
    /// `values` are the places of the items' values.
    pub(super) fn new(
        text: &'t str,
        container: Range<usize>,
        mut values: Vec<Range<usize>>,
    ) -> Self {
        values.sort_by_key(|v| v.start);
        let mut at = container.start + 1;
        let items = (values.into_iter())
            .map(|value| {
                let mut start = after_trivia(text, at);
                if text[start..].starts_with(',') {
                    start = after_trivia(text, start + 1);
                }
                at = value.end;
                start..value.end
            })
            .collect();
        Self {
            text,
            container,
            items,
        }
    }

    fn spans_lines(&self) -> bool {
        self.text[self.container.clone()].contains('\n')
    }

    /// The comma behind an item.
    fn comma(&self, item: &Range<usize>) -> Option<usize> {
        let at = after_trivia(self.text, item.end);
        self.text[at..].starts_with(',').then_some(at)
    }

    /// One more item, behind the others.
    pub(super) fn add(&self, new: &str) -> Vec<Splice> {
        let (text, close) = (self.text, self.container.end - 1);
        let open = self.container.start + 1;
        let Some(last) = self.items.last() else {
            if !is_blank(&text[open..close]) {
                return vec![(open..open, format!("\n  {new},"))];
            }
            let blank = if text[self.container.clone()].starts_with('{') {
                " "
            } else {
                ""
            };
            return vec![(open..close, format!("{blank}{new}{blank}"))];
        };
        let comma = self.comma(last);
        let behind = comma.map_or(last.end, |c| c + 1);
        let line_end = text_end(text, behind);
        if !self.spans_lines() || line_end >= close {
            return vec![(last.end..last.end, format!(", {new}"))];
        }
        // A line of its own, below a comment that stands behind the last one.
        let own_line = line_start(text, last.start);
        let before = &text[own_line..last.start];
        let indent = if is_blank(before) { before } else { "  " };
        let ending = if comma.is_some() { "," } else { "" };
        let mut splices = vec![(line_end..line_end, format!("\n{indent}{new}{ending}"))];
        if comma.is_none() {
            splices.push((last.end..last.end, ",".to_owned()));
        }
        splices
    }

    /// The item whose value is at `value` is taken out. None where it is the only one.
    pub(super) fn remove(&self, value: &Range<usize>) -> Option<Vec<Splice>> {
        let text = self.text;
        let at = self.items.iter().position(|i| i.end == value.end)?;
        if self.items.len() == 1 {
            return None;
        }
        let item = &self.items[at];
        let cut = if self.spans_lines() {
            let end = self.comma(item).map_or(item.end, |c| c + 1);
            let (line, line_end) = (line_start(text, item.start), text_end(text, end));
            let is_alone_before = is_blank(&text[line..item.start]);
            if is_alone_before && is_blank(&text[end..line_end]) {
                line..next_line(text, end)
            } else {
                let blanks = text[end..line_end].len() - text[end..line_end].trim_start().len();
                item.start..end + blanks
            }
        } else if let Some(next) = self.items.get(at + 1) {
            item.start..next.start
        } else {
            self.items[at - 1].end..item.end
        };
        Some(vec![(cut, String::new())])
    }
}
