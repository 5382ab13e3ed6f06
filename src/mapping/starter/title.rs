//! A field's name for people.

use crate::partner::Field;
use crate::partner::catalogue::FIELDS;

/// Last words of several fields, which by themselves say none of them.
const COMMON: &[&str] = &["name", "type", "status", "text", "value", "code"];

/// `addressLine1` is "Address Line 1"; a name that stands twice has its parent's in front.
pub(super) fn title(field: &Field) -> String {
    let words = |name: &str| {
        let mut out = String::new();
        for (at, c) in name.char_indices() {
            if at == 0 {
                out.extend(c.to_uppercase());
            } else {
                // `w9` and `W2` are words.
                let in_word = c.is_ascii_digit() && out.ends_with('W');
                if (c.is_uppercase() || c.is_ascii_digit()) && !in_word {
                    out.push(' ');
                }
                out.push(c);
            }
        }
        out
    };
    let segments: Vec<&str> = field
        .path
        .split('.')
        .map(|s| s.trim_end_matches("[]"))
        .collect();
    let last = segments.last().copied().unwrap_or("");
    let again = FIELDS
        .iter()
        .filter(|f| f.path.rsplit('.').next().map(|l| l.trim_end_matches("[]")) == Some(last))
        .count();
    match segments.len().checked_sub(2).and_then(|i| segments.get(i)) {
        Some(parent) if again > 1 || COMMON.contains(&last) => {
            let (parent, last) = (words(parent), words(last));
            // The bank account's account number is the bank account number.
            match last.split_once(' ') {
                Some((first, rest)) if parent.ends_with(first) => format!("{parent} {rest}"),
                _ => format!("{parent} {last}"),
            }
        }
        _ => words(last),
    }
}
