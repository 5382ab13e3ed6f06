//! Texts cut to what a cell of a workbook takes. A workbook with a longer one is none for Excel, and the library that makes
//! ours refuses it: no text goes into a workbook but through here.

use crate::diagnostic::UNCERTAIN;
use crate::partner::SourceValue;

/// Characters of a cell, as UTF-16 counts them. Source: Excel's limits.
const MOST: usize = 32_767;
/// Those of a note. Source: the library, which keeps some for the name of an author.
const MOST_OF_NOTE: usize = MOST - 54;
/// Stands at the end of a text of ours that was cut.
const CUT: &str = " … (cut: a cell takes no more)";
/// Stands behind the mark of what is not certain, before a text of the source that was cut.
const TOO_LONG: &str = "Too long for a cell of a workbook: repair this row in rejects.csv or in the export, which have all of it. It begins:";

/// Where a text ends that has no more than so many characters; none where it has no more.
fn end_of(text: &str, most: usize) -> Option<usize> {
    // UTF-8 has at least as many bytes.
    if text.len() <= most {
        return None;
    }
    let mut characters = 0;
    let mut beyond = text.char_indices().skip_while(|(_, c)| {
        characters += c.len_utf16();
        characters <= most
    });
    beyond.next().map(|(at, _)| at)
}

/// The beginning of a text that has no more than so many characters.
fn begin_of(text: &str, most: usize) -> &str {
    &text[..end_of(text, most).unwrap_or(text.len())]
}

/// A value of the source that no cell takes, cut: with the mark that an import refuses, so that nobody sends its beginning
/// for the whole. None where a cell takes it as it is.
pub(super) fn cut_short(value: SourceValue<'_>) -> Option<String> {
    let SourceValue::Text(text) = value else {
        return None;
    };
    end_of(text, MOST)?;
    let mut cut = format!("{UNCERTAIN} {TOO_LONG} ");
    cut.push_str(begin_of(text, MOST - cut.encode_utf16().count()));
    Some(cut)
}

/// A text of ours that a cell takes.
pub(super) fn clip(text: impl Into<String>) -> String {
    clipped(text.into(), MOST)
}

/// A text of ours that a note takes.
pub(super) fn clip_note(text: impl Into<String>) -> String {
    clipped(text.into(), MOST_OF_NOTE)
}

fn clipped(mut text: String, most: usize) -> String {
    if end_of(&text, most).is_some() {
        let room = most - CUT.encode_utf16().count();
        text.truncate(begin_of(&text, room).len());
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> usize {
        text.encode_utf16().count()
    }

    #[test]
    fn what_no_cell_takes_is_cut_with_a_mark() {
        // A character of one byte, of two, and of four bytes and two units.
        for (c, fits) in [("x", MOST), ("é", MOST), ("🙂", MOST / 2)] {
            let text = c.repeat(fits);
            assert_eq!(clip(text.as_str()), text);
            assert_eq!(cut_short(SourceValue::Text(&text)), None, "{c}");
            let long = c.repeat(fits + 1);
            let ours = clip(long.as_str());
            assert!(ours.ends_with(CUT) && length(&ours) <= MOST, "{c}");
            let note = clip_note(text.as_str());
            assert!(note.ends_with(CUT) && length(&note) <= MOST_OF_NOTE);
            let cut = cut_short(SourceValue::Text(&long)).unwrap();
            assert!(cut.starts_with(UNCERTAIN) && cut.ends_with(c));
            assert!((MOST - 1..=MOST).contains(&length(&cut)), "{c}");
        }
        assert_eq!(cut_short(SourceValue::Number(1.0)), None);
        assert_eq!(cut_short(SourceValue::Empty), None);
    }
}
