//! Lines of a text, by byte positions.

use std::ops::Range;

/// Where the line begins in which a position is.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    if start == 0 && text.starts_with('\u{feff}') {
        return '\u{feff}'.len_utf8().min(at);
    }
    start
}

/// Where the line's text ends, before its line end.
pub(super) fn text_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    if text[at..end].ends_with('\r') {
        end - 1
    } else {
        end
    }
}

/// Where the next line begins, or the text ends.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| at + n + 1)
}

/// The lines of a range that begins with a line, each without its line end.
pub(super) fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        if at >= range.end {
            return None;
        }
        let line = at..text_end(text, at);
        at = next_line(text, at);
        Some(line)
    })
}

/// The first position from `at` on that is neither blank nor a line end nor part of a comment.
pub(super) fn after_trivia(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if !text[at..].starts_with('#') {
            return at;
        }
        at = text_end(text, at);
    }
}

/// Whether there is nothing but blanks.
pub(super) fn is_blank(text: &str) -> bool {
    text.trim_matches([' ', '\t', '\r', '\n']).is_empty()
}
