//! A mapping against the columns of the file: which rule takes which column. Pure, except that lookup files are looked at.

use super::lookup::{Table, tables};
use crate::diagnostic::{shape, visible};
use crate::mapping::date::{Hints, read_text};
use crate::mapping::{Feed, Mapping, columns_of_feed};
use crate::ops::Explored;
use crate::partner::{PathSegment, display_path};
use crate::report::SourceValues;
use crate::secret::{Scrubber, mask};
use crate::source::Header;

/// The longest value that is shown.
const LONGEST: usize = 60;

/// A mapping, read for a trial, and what it does with the columns.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) mapping: Mapping,
    /// By rule: the columns that go into it.
    pub(super) columns: Vec<Vec<usize>>,
    /// By column: the rules that it goes into.
    pub(super) rules: Vec<Vec<usize>>,
    /// Columns that feed a sensitive field.
    sensitive: Vec<bool>,
    /// The key's columns.
    pub(super) key: Vec<usize>,
    /// The lookup files, as they were when the mapping was read.
    pub(super) tables: Vec<Table>,
}

impl Model {
    pub(super) fn new(mapping: Mapping, header: &Header) -> Self {
        let columns: Vec<Vec<usize>> = mapping
            .rules
            .iter()
            .map(|rule| columns_of_feed(&rule.rule.feed, header))
            .collect();
        let mut rules = vec![Vec::new(); header.len()];
        let mut sensitive = vec![false; header.len()];
        for (at, (rule, columns)) in mapping.rules.iter().zip(&columns).enumerate() {
            // A template that takes the whole row is nobody's rule.
            if columns.len() == header.len() && header.len() > 1 && is_template(&rule.rule.feed) {
                continue;
            }
            for column in columns {
                rules[*column].push(at);
                sensitive[*column] |= rule.field.sensitive;
            }
        }
        let key = mapping
            .key
            .0
            .iter()
            .filter_map(|k| header.find(&k.text))
            .collect();
        let tables = tables(&mapping);
        Self {
            mapping,
            columns,
            rules,
            sensitive,
            key,
            tables,
        }
    }

    /// The path of a rule's field.
    pub(super) fn path(&self, rule: usize) -> String {
        display_path(&self.mapping.rules[rule].path)
    }

    /// The rule of a field.
    pub(super) fn rule_of(&self, path: &str) -> Option<usize> {
        (0..self.mapping.rules.len()).find(|at| self.path(*at) == path)
    }

    fn is_used(&self, column: usize) -> bool {
        !self.rules[column].is_empty() || self.key.contains(&column)
    }
}

fn is_template(feed: &Feed) -> bool {
    matches!(feed, Feed::Template(_))
}

/// A value of a column as it may be shown: masked where it is bank data, or may be; what no rule takes is looked at for numbers of
/// accounts.
pub(super) fn shown(
    explored: &Explored,
    model: Option<&Model>,
    values: SourceValues,
    column: usize,
    text: &str,
) -> String {
    if values == SourceValues::LeftOut {
        return shape(text, LONGEST);
    }
    let is_used = model.is_some_and(|m| m.is_used(column));
    let is_sensitive = model.is_some_and(|m| m.sensitive[column]);
    let is_guarded = explored.guarded.get(column).is_some_and(|g| *g);
    if is_sensitive || (is_guarded && !is_used) {
        mask(text)
    } else if is_used || is_date(text) {
        visible(text, LONGEST)
    } else {
        visible(&Scrubber::new().scrub(text), LONGEST)
    }
}

/// Whether a text is a date that no number of an account looks like: one with a year of four digits and what divides it. Masked, a
/// column of dates could not be recognised.
fn is_date(text: &str) -> bool {
    let is_whole = |part: &str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_digit());
    let day = text.trim().split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['/', '.', '-']).collect();
    matches!(parts[..], [first, _, last] if is_whole(first) || is_whole(last))
        && read_text(text, &Hints::default()).is_ok()
}

/// Whether a column's values can be shown, and worked with, as they are.
pub(super) fn is_open(
    explored: &Explored,
    model: Option<&Model>,
    values: SourceValues,
    column: usize,
) -> bool {
    let is_guarded = explored.guarded.get(column).is_some_and(|g| *g);
    let is_used = model.is_some_and(|m| m.is_used(column));
    let is_sensitive = model.is_some_and(|m| m.sensitive[column]);
    values == SourceValues::Shown && !is_sensitive && (is_used || !is_guarded)
}

/// `organization.addresses[0].city` as a path; none where it is written otherwise.
pub(super) fn path_of(text: &str) -> Option<Vec<PathSegment>> {
    let mut path = Vec::new();
    for part in text.split('.') {
        let (name, mut rest) = match part.find('[') {
            Some(at) => part.split_at(at),
            None => (part, ""),
        };
        if name.is_empty() {
            return None;
        }
        path.push(PathSegment::Name(name.to_owned()));
        while !rest.is_empty() {
            let (index, behind) = rest.strip_prefix('[')?.split_once(']')?;
            let index: usize = index.parse().ok()?;
            path.push(PathSegment::Index(index));
            rest = behind;
        }
    }
    Some(path)
}

/// The catalogue's path of a field: places of elements left out. A list of plain values ends in `[]` there.
pub(super) fn catalogue_path(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('[') {
        plain.push_str(before);
        plain.push_str("[]");
        rest = behind.split_once(']').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    if crate::partner::catalogue::find(&plain).is_none() {
        let list = format!("{plain}[]");
        if crate::partner::catalogue::find(&list).is_some() {
            return list;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::catalogue::FIELDS;

    #[test]
    fn dates_are_told_from_numbers_of_accounts() {
        for (text, is_one) in [
            ("5/12/2025", true),
            ("5/12/2025 10:15 PM", true),
            ("2025-05-12T10:15:00Z", true),
            ("12.05.2025", true),
            // A sort code, and numbers in groups.
            ("12-11-10", false),
            ("20250512", false),
            ("123-45-6789", false),
            ("1204-2025-0001", false),
            ("2025-13-40", false),
            ("1234 5678 2025", false),
            ("12/05/2025 12345678", false),
        ] {
            assert_eq!(is_date(text), is_one, "{text}");
        }
    }

    #[test]
    fn paths_are_read_back() {
        for text in [
            "organization.businessName",
            "organization.addresses[0].city",
            "vendorAccount.bankAccount.regulatoryFields[12].value",
        ] {
            assert_eq!(display_path(&path_of(text).unwrap()), text);
        }
        for wrong in ["", ".", "a..b", "a[", "a[x]", "a[1", "a[1]b"] {
            assert_eq!(path_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_field_of_the_catalogue_is_found_again() {
        for field in FIELDS {
            let concrete = field.path.trim_end_matches("[]").replace("[]", "[3]");
            assert_eq!(catalogue_path(&concrete), field.path);
        }
    }

    #[test]
    fn a_shape_says_nothing_of_its_text() {
        for (text, expected) in [
            ("123-45-6789", "999-99-9999"),
            ("Zoë Ltd. ②", "Aaa Aaa. 9"),
            ("", ""),
        ] {
            assert_eq!(shape(text, LONGEST), expected);
        }
    }
}
