//! The lines of a mapping file that a message shows, cut to what a terminal takes.
//!
//! A mapping may be one line of a megabyte. The report's library draws the whole line, and the marks under it break off
//! at 65,535 columns; so long lines are cut here, and the place that is named stays the one in the file.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// Characters of a line before the place that is shown, of a line that is too long.
const BEFORE: usize = 60;
/// Characters of a line that are shown at most.
const LINE: usize = 160;
/// Stands where something was cut off.
const CUT: char = '…';

/// The line with the place, and the lines around it.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// Where the place is in `text`.
    mark: Range<usize>,
    /// Bytes of the file's line that are missing before the place.
    missing: usize,
}

impl Excerpt {
    /// The lines of `text` around `place`, a range of its bytes.
    pub(super) fn of(name: &str, text: &str, place: &Range<usize>) -> Self {
        let whole = |at: usize| {
            (0..=at.min(text.len()))
                .rev()
                .find(|at| text.is_char_boundary(*at))
        };
        let start = whole(place.start).unwrap_or(0);
        let end = whole(place.end).unwrap_or(0).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = &text[line_start..line_end];
        let above = text[..line_start].strip_suffix('\n');
        let below = text.get(line_end + 1..);

        let mut shown = String::new();
        if let Some(above) = above {
            let last = above.rsplit('\n').next().unwrap_or("");
            // Blank lines keep the count of the lines right; they are not shown.
            shown.extend(above.matches('\n').map(|_| '\n'));
            shown.push_str(&begin_of(last));
            shown.push('\n');
        }
        let at = start - line_start;
        let length = end.min(line_end) - start;
        let (line, mark, missing) = window(line, at..at + length);
        let mark = shown.len() + mark.start..shown.len() + mark.end;
        shown.push_str(&line);
        if let Some(below) = below {
            shown.push('\n');
            shown.push_str(&begin_of(below.split('\n').next().unwrap_or("")));
        }
        Self {
            name: name.to_owned(),
            text: shown,
            mark,
            missing,
        }
    }

    /// The place, as a range of what is shown.
    pub(super) fn mark(&self) -> SourceSpan {
        (self.mark.start, self.mark.len()).into()
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, before, after)?;
        // Without lines around it, it is asked where the place is.
        let missing = if before == 0 { self.missing } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            read.data(),
            *read.span(),
            read.line(),
            read.column() + missing,
            read.line_count(),
        )))
    }
}

/// The first characters of a text.
pub(super) fn begin_of(text: &str) -> String {
    clipped(text, LINE)
}

/// A text of `most` characters at most.
pub(super) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}{CUT}", &text[..end]),
        None => text.to_owned(),
    }
}

/// What is shown of a line: with the place in it, and how many bytes before the place are missing.
fn window(line: &str, place: Range<usize>) -> (String, Range<usize>, usize) {
    if line.chars().nth(LINE).is_none() {
        return (line.to_owned(), place, 0);
    }
    let before = line[..place.start].char_indices().rev();
    let from = before.take(BEFORE).last().map_or(place.start, |(at, _)| at);
    // A mark in the place of fewer bytes would move the place the other way.
    let from = if from <= CUT.len_utf8() { 0 } else { from };
    let after = line[from..].char_indices();
    let to = from
        + after
            .take(LINE)
            .last()
            .map_or(0, |(at, c)| at + c.len_utf8());
    let mut shown = String::new();
    if from > 0 {
        shown.push(CUT);
    }
    let moved = |at: usize| at.min(to) - from + shown.len();
    let mark = moved(place.start)..moved(place.end);
    let missing = place.start - mark.start;
    shown.push_str(&line[from..to]);
    if to < line.len() {
        shown.push(CUT);
    }
    (shown, mark, missing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(excerpt: &Excerpt) -> (usize, usize) {
        let read = excerpt.read_span(&excerpt.mark(), 0, 0).unwrap();
        (read.line(), read.column())
    }

    #[test]
    fn a_short_line_is_shown_as_it_is() {
        let text = "a = 1\nb = 2\nc = 3\nd = 4";
        let excerpt = Excerpt::of("m", text, &(10..11));
        assert_eq!(excerpt.text, "a = 1\nb = 2\nc = 3");
        assert_eq!(&excerpt.text[excerpt.mark.clone()], "2");
        assert_eq!(place(&excerpt), (1, 4));
    }

    #[test]
    fn a_long_line_is_cut_around_its_place() {
        let long = format!(
            "x\nname = [{}5{}]\n",
            "é,".repeat(50_000),
            ",7".repeat(50_000)
        );
        let at = long.find('5').unwrap();
        let excerpt = Excerpt::of("m", &long, &(at..at + 1));
        assert_eq!(&excerpt.text[excerpt.mark.clone()], "5");
        assert_eq!(place(&excerpt), (1, at - 2), "the place in the file");
        assert!(excerpt.text.chars().count() < 200, "{}", excerpt.text);
        assert_eq!(excerpt.text.matches(CUT).count(), 2);
    }

    proptest! {
        /// Whatever the text and the place: what is marked is what stands there, as far as it is shown.
        #[test]
        fn the_mark_is_on_what_stands_at_the_place(
            text in "([a-é=\t]{0,300}\n){0,4}[ab]{0,400}",
            start in 0_usize..1500,
            length in 0_usize..300,
        ) {
            let excerpt = Excerpt::of("m", &text, &(start..start + length));
            let marked = &excerpt.text[excerpt.mark.clone()];
            let start = (0..=start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            prop_assert!(text[start..].starts_with(marked));
            prop_assert!(excerpt.text.lines().all(|line| line.chars().count() <= LINE + 2));
            let line = text[..start].matches('\n').count();
            let column = start - text[..start].rfind('\n').map_or(0, |at| at + 1);
            prop_assert_eq!(place(&excerpt), (line, column));
        }
    }
}
