//! What a column's name says: which field, how surely, and of which address or telephone number.

use super::synonyms::{COMMON, SYNONYMS};
use super::template::title;
use crate::partner::FieldKind;
use crate::partner::catalogue::FIELDS;

/// Which of several addresses or telephone numbers a column belongs to, by a word in front.
const GROUPS: &[(&str, usize)] = &[
    ("billing", 0),
    ("bill", 0),
    ("invoice", 0),
    ("payment", 0),
    ("primary", 0),
    ("main", 0),
    ("office", 0),
    ("work", 0),
    ("shipping", 1),
    ("ship", 1),
    ("delivery", 1),
    ("mailing", 1),
    ("other", 1),
    ("mobile", 1),
    ("secondary", 1),
];

/// Words in front that say which record it is, and no more.
const RECORDS: &[&str] = &[
    "organization",
    "organisation",
    "account",
    "company",
    "customer",
    "vendor",
    "person",
    "partner",
];

/// Letters and digits in lower case.
pub(super) fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A column's name, read.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Folded, whole.
    pub(super) whole: String,
    /// Folded, without the word that says which address or record.
    pub(super) bare: String,
    /// Which address or telephone number.
    pub(super) group: usize,
}

impl Named {
    pub(super) fn of(name: &str) -> Self {
        // Salesforce marks its users' own fields.
        let name = name
            .strip_suffix("__c")
            .or_else(|| name.strip_suffix("__C"))
            .unwrap_or(name);
        // Pipedrive says of each part that it is one of the address.
        let name = name.strip_suffix(" of Address").unwrap_or(name);
        // `Address 1: City`, `Address 2: City`: Dynamics numbers its addresses.
        let (front, rest) = match name.split_once([':', '-']) {
            Some((front, rest)) if !rest.trim().is_empty() => (fold(front), rest),
            _ => (String::new(), name),
        };
        let whole = fold(name);
        let numbered = match front.as_str() {
            "address1" => Some(0),
            "address2" => Some(1),
            _ => None,
        };
        if let Some(group) = numbered {
            return Self {
                whole,
                bare: fold(rest),
                group,
            };
        }
        let mut bare = if RECORDS.contains(&front.as_str()) {
            fold(rest)
        } else {
            whole.clone()
        };
        let mut group = 0;
        for (word, number) in GROUPS {
            if let Some(rest) = bare.strip_prefix(word) {
                // A billing e-mail is one by its whole name.
                if rest.len() > 1 && rest != "email" && rest != "phone" {
                    group = *number;
                    bare = rest.to_owned();
                }
                break;
            }
        }
        if bare.starts_with("address1") && bare.len() > "address1".len() {
            bare = bare["address1".len()..].to_owned();
        }
        Self { whole, bare, group }
    }
}

/// How well a column's name says a field, from 0 to 1, and the words of why.
pub(super) fn by_name(named: &Named, path: &str) -> (f64, &'static str) {
    let synonyms = SYNONYMS
        .iter()
        .find(|(p, _)| *p == path)
        .map_or(&[][..], |(_, names)| names);
    if FIELDS
        .iter()
        .any(|f| f.path == path && fold(&title(f)) == named.whole)
    {
        return (1.0, "by name");
    }
    let own = path.rsplit('.').next().map(fold).unwrap_or_default();
    if (named.whole == own || named.bare == own) && !COMMON.contains(&own.as_str()) {
        return (1.0, "by name");
    }
    for (at, name) in synonyms.iter().enumerate() {
        // A later synonym is less sure: `name` is a business name only where nothing says it better.
        #[expect(clippy::cast_precision_loss, reason = "a place in a short list")]
        let score = 0.98 - at as f64 * 0.01;
        if named.whole == *name || named.bare == *name {
            return (score, "by name");
        }
    }
    let near = synonyms
        .iter()
        .map(|n| strsim::jaro_winkler(&named.bare, n))
        .fold(0.0, f64::max);
    if near >= 0.92 {
        (near * 0.8, "by a similar name")
    } else {
        (0.0, "")
    }
}

/// All catalogue paths that `init` can propose.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    FIELDS
        .iter()
        .filter(|f| f.kind != FieldKind::FreeForm)
        .map(|f| f.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_synonym_is_of_a_field_and_folded() {
        for (path, names) in SYNONYMS {
            assert!(FIELDS.iter().any(|f| f.path == *path), "{path}");
            for name in *names {
                assert_eq!(fold(name), *name);
            }
        }
    }
    #[test]
    fn names_are_read() {
        for (name, bare, group) in [
            ("Billing State/Province", "stateprovince", 0),
            ("ShippingStreet", "street", 1),
            ("Address 1: City", "city", 0),
            ("Address 2: City", "city", 1),
            ("Organization - Name", "name", 0),
            ("Billing Email", "billingemail", 0),
            ("Zip", "zip", 0),
        ] {
            let named = Named::of(name);
            assert_eq!((named.bare.as_str(), named.group), (bare, group), "{name}");
        }
    }
}
