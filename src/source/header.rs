//! The columns of a table, and how a mapping names them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{
    DATES_COLUMN, PARTNER_COLUMN, is_guarded_header, listed, masked_numbers, unguarded,
};

/// The column that a rejects file adds, and that every later import ignores.
pub const PROBLEMS_COLUMN: &str = "_problems";
/// The columns that reports add to the source's own: where a row came from, how bad it is, its problems, how its dates were
/// read, its partner.
const REPORT_COLUMNS: [&str; 5] = [
    "_row",
    "_level",
    PROBLEMS_COLUMN,
    DATES_COLUMN,
    PARTNER_COLUMN,
];

/// Whether a column was added by a report: every later import ignores it.
#[must_use]
pub fn is_of_a_report(column: &str) -> bool {
    REPORT_COLUMNS.contains(&column)
}

/// The columns of a table in their order, with a name for each.
#[derive(Debug, Clone)]
pub struct Header {
    raw: Vec<String>,
    names: Vec<Arc<str>>,
    /// Columns up to the last that has a name and that no report added.
    named: usize,
}

impl Header {
    /// Names the columns: a name that stands twice becomes `Name (2)`, an empty one `column 7`.
    #[must_use]
    pub fn new(raw: Vec<String>) -> Self {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let names = raw
            .iter()
            .enumerate()
            .map(|(index, cell)| {
                let name = tidy(cell);
                if name.is_empty() {
                    return format!("column {}", index + 1).into();
                }
                let count = seen.entry(name.clone().into_owned()).or_insert(0);
                *count += 1;
                if *count == 1 {
                    name.into()
                } else {
                    format!("{name} ({count})").into()
                }
            })
            .collect();
        let is_own = |cell: &String| {
            let name = tidy(cell);
            !name.is_empty() && !is_of_a_report(&name)
        };
        let last = raw.iter().rposition(is_own);
        Self {
            named: last.map_or(0, |last| last + 1),
            raw,
            names,
        }
    }

    /// How many columns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it is the header of a list that we write with guards against formulas.
    pub(super) fn is_guarded(&self) -> bool {
        is_guarded_header(&self.raw) || self.names.iter().any(|n| **n == *PARTNER_COLUMN)
    }

    /// The same header without the guards of a list that we wrote.
    pub(super) fn without_guards(self) -> Self {
        Self::new(self.raw.iter().map(|c| unguarded(c).to_owned()).collect())
    }

    /// How many columns there are up to the last one with a name that no report added: a row that has no more cells lacks
    /// nothing.
    #[must_use]
    pub(super) fn named(&self) -> usize {
        self.named
    }

    /// True where no column has a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.iter().all(|c| c.trim().is_empty())
    }

    /// The names as a mapping addresses them.
    #[must_use]
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The names for a message.
    #[must_use]
    pub fn shown(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|n| masked_numbers(n)).collect();
        listed(names.iter().map(String::as_str), ", ")
    }

    /// The column of exactly this name.
    #[must_use]
    pub fn find_exactly(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| **n == *name)
    }

    /// The header cells as they stand in the file.
    #[must_use]
    pub fn raw(&self) -> &[String] {
        &self.raw
    }

    /// Whether its cells, two at least, begin and end with typographic quotes: a word processor has had the file.
    pub(super) fn is_in_typographic_quotes(&self) -> bool {
        let is_quote = |c: char| matches!(c, '“' | '”' | '„');
        let mut filled = self.raw.iter().map(|c| c.trim()).filter(|c| !c.is_empty());
        filled.clone().count() > 1
            && filled.all(|c| c.len() > 6 && c.starts_with(is_quote) && c.ends_with(is_quote))
    }

    /// Names that stand twice and columns without one, in words: how a mapping addresses them.
    #[must_use]
    pub fn describe_repeated(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut seen: HashMap<String, Vec<&str>> = HashMap::new();
        let mut nameless = Vec::new();
        for (cell, name) in self.raw.iter().zip(&self.names) {
            let tidied = tidy(cell);
            if tidied.is_empty() {
                nameless.push(&**name);
            } else {
                seen.entry(tidied.into_owned()).or_default().push(name);
            }
        }
        let mut repeated: Vec<_> = seen.into_iter().filter(|(_, n)| n.len() > 1).collect();
        repeated.sort();
        for (name, names) in repeated {
            told.push(format!(
                "{} columns are named \"{name}\"; a mapping addresses them as \"{}\"",
                names.len(),
                listed(names, "\", \"")
            ));
        }
        if !nameless.is_empty() {
            told.push(format!(
                "columns without a name are addressed by their position: \"{}\"",
                listed(nameless, "\", \"")
            ));
        }
        told
    }

    /// The column of a name: exact first, then without regard to case, blanks and invisible characters where that is one column.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.names.iter().position(|n| **n == *name) {
            return Some(index);
        }
        let wanted = fold(name);
        let mut hits = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, n)| fold(n) == wanted);
        match (hits.next(), hits.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    }
}

/// A header cell without BOM, outer blanks, line breaks and repeated inner blanks.
pub(super) fn tidy(cell: &str) -> Cow<'_, str> {
    let bytes = cell.as_bytes();
    // Most cells of a table are tidy: printable ASCII, with single blanks between words.
    let is_tidy = bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
        && bytes.iter().all(|b| matches!(b, b' '..=b'~'))
        && !bytes.windows(2).any(|pair| pair == b"  ");
    if is_tidy {
        return Cow::Borrowed(cell);
    }
    let words: Vec<&str> = cell
        .trim_start_matches('\u{feff}')
        .split_whitespace()
        .collect();
    Cow::Owned(words.join(" "))
}

fn fold(name: &str) -> String {
    let is_seen = |c: &char| {
        !matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
    };
    let lower = tidy(name).to_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    lower.chars().filter(is_seen).collect()
}

#[cfg(test)]
mod tests {
    use super::{Cow, Header, is_of_a_report, tidy};

    fn of(names: &[&str]) -> Header {
        Header::new(names.iter().map(|n| (*n).to_owned()).collect())
    }

    #[test]
    fn columns_of_reports_are_known() {
        for (column, is_one) in [
            ("_row", true),
            ("_level", true),
            ("_problems", true),
            ("_dates", true),
            ("_partner_id", true),
            ("row", false),
            ("_other", false),
            ("", false),
        ] {
            assert_eq!(is_of_a_report(column), is_one, "{column}");
        }
        assert!(of(&["key", "legacyIdentifier", "partnerId"]).is_guarded());
        assert!(!of(&["key", "partnerId"]).is_guarded());
    }

    #[test]
    fn a_header_without_a_name_is_empty() {
        assert!(of(&[]).is_empty());
        assert!(of(&["", " \t"]).is_empty());
        assert!(!of(&["", "A"]).is_empty());
    }

    #[test]
    fn typographic_quotes_stand_around_every_cell_or_are_text() {
        for (names, is_quoted) in [
            (&["“Id”", "“Name”"][..], true),
            (&["„Id“", "", " “Name” ", "”A”"], true),
            (&["“Id”"], false),
            (&["“Id”", "Name"], false),
            (&["“Id”", "“Name"], false),
            (&["“Id”", "Name”"], false),
            // Two quotes and nothing between them.
            (&["“Id”", "“”"], false),
            (&["Id", "Name"], false),
            (&[], false),
        ] {
            assert_eq!(of(names).is_in_typographic_quotes(), is_quoted, "{names:?}");
        }
    }

    #[test]
    fn a_name_is_tidied_only_where_it_has_to_be() {
        for (cell, name, is_same) in [
            ("Billing Street", "Billing Street", true),
            ("", "", true),
            (" Name", "Name", false),
            ("Name ", "Name", false),
            ("Billing  Street", "Billing Street", false),
            ("Billing\nStreet", "Billing Street", false),
            ("\u{feff}Name", "Name", false),
            ("Größe", "Größe", false),
        ] {
            let tidied = tidy(cell);
            assert_eq!(tidied, name);
            assert_eq!(matches!(tidied, Cow::Borrowed(_)), is_same, "{cell:?}");
        }
    }

    #[test]
    fn columns_are_addressed_by_name_number_and_position() {
        let header = Header::new(
            ["\u{feff}Name", "", "Name", " Billing\n Street ", "name"]
                .iter()
                .map(|s| (*s).to_owned())
                .collect(),
        );
        let names: Vec<_> = header
            .names()
            .iter()
            .map(std::string::ToString::to_string)
            .collect();
        assert_eq!(
            names,
            ["Name", "column 2", "Name (2)", "Billing Street", "name"]
        );
        for (name, index) in [
            ("Name", Some(0)),
            ("Name (2)", Some(2)),
            ("name", Some(4)),
            ("NAME", None),
            ("billing  street", Some(3)),
            ("column 2", Some(1)),
            ("Street", None),
        ] {
            assert_eq!(header.find(name), index, "{name}");
        }
    }
}
