//! How a cell's value and a number are shown to people.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::secret::Scrubber;

/// `value` on one line, control characters shown as escapes, cut at `limit` characters.
#[must_use]
pub fn visible(value: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(value.len().min(limit));
    for (count, c) in value.chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        if c.is_control() {
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Characters of a value that a sentence quotes.
const QUOTED_CHARACTERS: usize = 80;

/// A value as a message or a hint quotes it: a cell may hold a whole document.
#[must_use]
pub fn brief(value: &str) -> String {
    visible(value, QUOTED_CHARACTERS)
}

/// What a text looks like without what it says: `999-99-9999`, `Aaaa 9`; cut at `limit` characters.
#[must_use]
pub fn shape(text: &str, limit: usize) -> String {
    let shape: String = text
        .chars()
        .map(|c| match c {
            c if c.is_numeric() => '9',
            c if c.is_uppercase() => 'A',
            c if c.is_alphabetic() => 'a',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    visible(&shape, limit)
}

/// What [`harmless`] does with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// They are escaped like any other control character.
    None,
    /// Sequences that set colours (`ESC [ … m`) stay: they are our own.
    Kept,
}

/// A text that a terminal only shows, whatever anybody wrote into it: control characters, and marks that turn the
/// direction of text, are written as `\u001b`. In JSON and in TOML that means the same character. Line breaks and tabs stay.
#[must_use]
pub fn harmless(text: &str, colours: Colours) -> Cow<'_, str> {
    let is_harmful = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(is_harmful) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        if colours == Colours::Kept
            && let Some(end) = colour(from)
        {
            shown.push_str(&from[..end]);
            rest = &from[end..];
        } else if let Some(c) = from.chars().next() {
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
            rest = &from[c.len_utf8()..];
        }
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// The length of the sequence at the begin of `text` that sets colours.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    numbers[end..].starts_with('m').then_some(end + 3)
}

/// Names that are listed in a sentence at most, and characters of each.
const LISTED: usize = 100;
const LISTED_CHARACTERS: usize = 80;

/// Names behind each other, with `between` between two; of very many, the first, and how many more there are.
#[must_use]
pub fn listed<'n>(names: impl IntoIterator<Item = &'n str>, between: &str) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = (names.by_ref().take(LISTED))
        .map(|name| visible(name, LISTED_CHARACTERS))
        .collect();
    let mut list = first.join(between);
    match names.count() {
        0 => {}
        more => {
            let _ = write!(list, " and {} more", thousands(more as u64));
        }
    }
    list
}

/// A text of a file for a message, with numbers as bank accounts have masked. Names of columns are such texts, too: the first
/// row of a file without a header is one of values.
#[must_use]
pub fn masked_numbers(name: &str) -> String {
    Scrubber::new().scrub(name)
}

/// A number with its thousands apart: `17,204`.
#[must_use]
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number and what it counts: `1 row`, `2,300 rows`.
#[must_use]
pub fn counted(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{} {noun}s", thousands(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        for (n, text) in [
            (0, "0 rows"),
            (1, "1 row"),
            (2, "2 rows"),
            (1_200, "1,200 rows"),
        ] {
            assert_eq!(counted(n, "row"), text);
        }
    }

    #[test]
    fn a_terminal_is_told_nothing_but_text() {
        for (text, shown) in [
            ("plain é\n\tx", "plain é\n\tx"),
            ("a\u{1b}[2Jb", "a\\u001b[2Jb"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{9b}31m\u{7f}\r\u{0}", "\\u009b31m\\u007f\\u000d\\u0000"),
            ("a\u{202e}b\u{2066}c", "a\\u202eb\\u2066c"),
            // Marks that only say where a letter belongs.
            ("\u{200f}\u{200e}", "\u{200f}\u{200e}"),
        ] {
            assert_eq!(harmless(text, Colours::None), shown);
        }
        let colours = "\u{1b}[1;31merror\u{1b}[0m\u{1b}[m";
        assert_eq!(harmless(colours, Colours::Kept), colours);
        assert!(!harmless(colours, Colours::None).contains('\u{1b}'));
        for other in ["\u{1b}[2J", "\u{1b}[31", "\u{1b}[3\u{1b}[2J", "\u{1b}"] {
            assert!(
                !harmless(other, Colours::Kept).contains('\u{1b}'),
                "{other:?}"
            );
        }
    }

    #[test]
    fn a_sentence_quotes_the_beginning_of_a_document() {
        assert_eq!(brief("Acme\u{1}\n"), "Acme\\u{1}\\n");
        assert_eq!(brief(&"é".repeat(80)), "é".repeat(80));
        assert_eq!(brief(&"é".repeat(40_000)), format!("{}…", "é".repeat(80)));
    }

    #[test]
    fn a_list_of_very_many_names_ends() {
        assert_eq!(listed(["a", "b\nc"], ", "), "a, b\\nc");
        let names = vec!["x".repeat(90); 1_101];
        let list = listed(names.iter().map(String::as_str), ", ");
        assert!(list.ends_with("x… and 1,001 more"), "{list}");
        assert_eq!(list.matches('…').count(), LISTED);
    }

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(n), text);
        }
    }
}
