//! How a cell's value and a number are shown to people.

use std::fmt::Write as _;

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

#[cfg(test)]
mod tests {
    use super::*;

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
