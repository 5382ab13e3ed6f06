//! Ranges of a text that are replaced, all at once.

use std::ops::Range;

/// A range and what stands there afterwards.
pub(super) type Splice = (Range<usize>, String);

/// The text with all of them made; they do not overlap. New line ends are the text's own.
pub(super) fn spliced(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|(range, _)| (range.start, range.end));
    let is_windows = text.contains("\r\n");
    let mut out = String::with_capacity(text.len() + 128);
    let mut at = 0;
    for (range, new) in splices {
        out.push_str(&text[at..range.start]);
        if is_windows {
            out.push_str(&new.replace("\r\n", "\n").replace('\n', "\r\n"));
        } else {
            out.push_str(&new);
        }
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}
