//! Lines as a terminal shows them: broken between words, where the terminal would break inside one.

use textwrap::{Options, WordSeparator, WordSplitter};

/// Fewer characters are no line of sentences: the terminal breaks them as it likes.
const NARROWEST: usize = 30;

/// A text whose lines are as long as a terminal's at most, each further one under the first. What has no blank, a path or an
/// address, stays whole.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> String {
    if width < NARROWEST {
        return text.to_owned();
    }
    let wrap = |line: &str| {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        let indent = &line[..blanks.min(width / 2)];
        let options = Options::new(width)
            .initial_indent(indent)
            .subsequent_indent(indent)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        let is_short = textwrap::core::display_width(line) <= width;
        if is_short {
            line.to_owned()
        } else {
            textwrap::wrap(&line[indent.len()..], options).join("\n")
        }
    };
    text.split('\n').map(wrap).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_keep_their_place() {
        for (text, lines) in [
            ("short\n", "short\n"),
            (
                "      Rows 114 and 115 have the same key, so neither is sent.\n",
                "      Rows 114 and 115 have the same\n      key, so neither is sent.\n",
            ),
            (
                "see /srv/a-folder/with-a-long-name/report.xlsx for it",
                "see\n/srv/a-folder/with-a-long-name/report.xlsx\nfor it",
            ),
            (
                "         300  rows\n\n  Total",
                "         300  rows\n\n  Total",
            ),
        ] {
            assert_eq!(wrapped(text, 40), lines);
        }
        let narrow = "a line of more than twenty characters";
        assert_eq!(wrapped(narrow, 20), narrow);
    }
}
