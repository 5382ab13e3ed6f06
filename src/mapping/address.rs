//! What only the parts of an address together can show: a state's code by its country, and a postal code's
//! lost zero by its state.

use super::decimal::is_decimal_whole;
use super::lookup::{self, StateName};
use crate::diagnostic::Code;
use crate::partner::{Draft, FieldKind, Finding, LeafInfo};

/// The leaves of one address.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AddressLeaves {
    state: Option<usize>,
    postal: Option<usize>,
    country: Option<usize>,
}

/// Finds the addresses among the leaves, by their paths.
pub(super) fn addresses(leaves: &[LeafInfo]) -> Vec<AddressLeaves> {
    let mut found: Vec<(&str, AddressLeaves)> = Vec::new();
    for (index, leaf) in leaves.iter().enumerate() {
        let kind = leaf.field.kind;
        if !matches!(
            kind,
            FieldKind::State | FieldKind::PostalCode | FieldKind::Country
        ) {
            continue;
        }
        let parent = leaf.path.rsplit_once('.').map_or("", |(parent, _)| parent);
        let at = match found.iter().position(|(p, _)| *p == parent) {
            Some(at) => at,
            None => {
                found.push((parent, AddressLeaves::default()));
                found.len() - 1
            }
        };
        let address = &mut found[at].1;
        match kind {
            FieldKind::State => address.state = Some(index),
            FieldKind::PostalCode => address.postal = Some(index),
            _ => address.country = Some(index),
        }
    }
    found.into_iter().map(|(_, address)| address).collect()
}

impl AddressLeaves {
    /// The code of its country, where it has one.
    pub(super) fn country(self, draft: &Draft) -> Option<&'static str> {
        let text = draft.leaf_text(self.country?)?;
        lookup::alpha2(text)
    }

    /// Turns the state into its code and looks at the postal code.
    pub(super) fn settle(self, draft: &mut Draft, findings: &mut Vec<Finding>) {
        let country = self.country(draft);
        if let Some(leaf) = self.state
            && let Some(text) = draft.leaf_text(leaf)
        {
            let unknown =
                |message: &str| Finding::new(leaf, Code::StateUnknown, message).with_value(text);
            let (code, finding) = match lookup::state_of(text, country) {
                StateName::Unlisted => (None, None),
                StateName::Unknown => {
                    let message = "The state or province is not known; it is sent as written.";
                    (None, Some(unknown(message)))
                }
                StateName::Known { code, beside } => match (beside, country) {
                    (Some(beside), Some(country)) if beside != country => {
                        let message = "This state belongs to another country than the row's; it is sent as written.";
                        (None, Some(unknown(message)))
                    }
                    (Some(_), None) => {
                        let message = "The cell names a country beside the state. Only the state is sent, because the row's country is empty.";
                        let finding = Finding::new(leaf, Code::StateCountry, message);
                        (Some(code), Some(finding.with_value(text)))
                    }
                    _ => (Some(code), None),
                },
            };
            findings.extend(finding);
            if let Some(code) = code.filter(|code| *code != text) {
                draft.replace_text(leaf, code);
            }
        }
        let state = self.state.and_then(|l| draft.leaf_text(l));
        if let Some(leaf) = self.postal
            && let Some(text) = draft.leaf_text(leaf)
        {
            let (code, message, restored) = match judge_postal(text, state, country) {
                Postal::Usual => return,
                // Reported already.
                Postal::Unusual(_) if is_decimal_whole(text) => return,
                Postal::LostZero(full) => (
                    Code::PostalZeroRestored,
                    format!("The leading zero is missing: {full} is sent."),
                    Some(full),
                ),
                Postal::Unusual(expected) => (
                    Code::PostalUnusual,
                    format!("{expected} are expected; it is sent as written."),
                    None,
                ),
            };
            findings.push(Finding::new(leaf, code, message).with_value(text));
            if let Some(full) = restored {
                draft.replace_text(leaf, &full);
            }
        }
    }
}

/// What a postal code looks like.
#[derive(Debug, PartialEq, Eq)]
enum Postal {
    Usual,
    /// With its zero it is a code of its state; without, it is none.
    LostZero(String),
    /// Too few digits for its country.
    Unusual(&'static str),
}

/// States whose postal codes begin with a zero, and the first three digits they have.
///
/// Source: USPS, Publication 65 (three-digit ZIP code prefixes).
const ZERO_STATES: &[(&str, &[(u16, u16)])] = &[
    ("MA", &[(10, 27), (55, 55)]),
    ("RI", &[(28, 29)]),
    ("NH", &[(30, 38)]),
    ("ME", &[(39, 49)]),
    ("VT", &[(50, 54), (56, 59)]),
    ("CT", &[(60, 69)]),
    ("NJ", &[(70, 89)]),
    ("PR", &[(6, 7), (9, 9)]),
    ("VI", &[(8, 8)]),
    ("AE", &[(90, 98)]),
];

/// Countries whose postal codes always have the same number of digits. Source: Universal Postal Union,
/// postal addressing systems.
const DIGITS: &[(&str, usize, &str)] = &[
    ("US", 5, "Five digits"),
    ("DE", 5, "Five digits"),
    ("FR", 5, "Five digits"),
    ("ES", 5, "Five digits"),
    ("IT", 5, "Five digits"),
    ("MX", 5, "Five digits"),
    ("AU", 4, "Four digits"),
];

fn judge_postal(text: &str, state: Option<&str>, country: Option<&str>) -> Postal {
    let is_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    // Most are these, and nothing more is asked of them.
    if country == Some("US") && text.len() == 5 && is_digits(text) {
        return Postal::Usual;
    }
    let prefixes = state.and_then(|s| ZERO_STATES.iter().find(|(code, _)| *code == s));
    // Without a country only a state that no other country has a code for says that it is one of the US.
    if country == Some("US") || (country.is_none() && prefixes.is_some()) {
        let (front, back) = match text.split_once('-') {
            Some((front, back)) => (front, Some(back)),
            None if text.len() > 6 && text.len() <= 9 => {
                let (front, back) = text.split_at_checked(text.len() - 4).unwrap_or((text, ""));
                (front, Some(back))
            }
            None => (text, None),
        };
        let plausible = is_digits(front) && back.is_none_or(|b| b.len() == 4 && is_digits(b));
        if plausible && front.len() == 5 {
            return Postal::Usual;
        }
        if plausible && matches!(front.len(), 3 | 4) {
            let full = format!("{front:0>5}");
            let prefix: u16 = full[..3].parse().unwrap_or(u16::MAX);
            let fits = prefixes.is_some_and(|(_, ranges)| {
                ranges
                    .iter()
                    .any(|(from, to)| (*from..=*to).contains(&prefix))
            });
            if fits {
                return Postal::LostZero(match back {
                    Some(back) => format!("{full}-{back}"),
                    None => full,
                });
            }
        }
        return Postal::Unusual("Five digits, or five and four,");
    }
    let rule = country.and_then(|c| DIGITS.iter().find(|(code, _, _)| *code == c));
    match rule {
        Some((_, count, expected)) if text.len() != *count || !is_digits(text) => {
            Postal::Unusual(expected)
        }
        _ => Postal::Usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_zero_is_restored_only_where_the_state_proves_it() {
        let lost = |full: &str| Postal::LostZero(full.to_owned());
        let unusual = Postal::Unusual("Five digits, or five and four,");
        for (text, state, country, expected) in [
            ("2139", Some("MA"), Some("US"), lost("02139")),
            ("2139", Some("MA"), None, lost("02139")),
            ("2139-1234", Some("MA"), Some("US"), lost("02139-1234")),
            ("21391234", Some("MA"), Some("US"), lost("02139-1234")),
            ("601", Some("PR"), Some("US"), lost("00601")),
            ("6520", Some("CT"), Some("US"), lost("06520")),
            ("02139", Some("MA"), Some("US"), Postal::Usual),
            ("02139-1234", Some("MA"), Some("US"), Postal::Usual),
            ("021391234", Some("MA"), Some("US"), Postal::Usual),
            (
                "9021",
                Some("CA"),
                Some("US"),
                Postal::Unusual("Five digits, or five and four,"),
            ),
            (
                "9021",
                Some("MA"),
                Some("US"),
                Postal::Unusual("Five digits, or five and four,"),
            ),
            ("2139", None, Some("US"), unusual),
            ("2139", None, None, Postal::Usual),
            ("2139", Some("NSW"), Some("AU"), Postal::Usual),
            (
                "800",
                Some("NT"),
                Some("AU"),
                Postal::Unusual("Four digits"),
            ),
            ("1067", None, Some("DE"), Postal::Unusual("Five digits")),
            ("K1A 0B1", Some("ON"), Some("CA"), Postal::Usual),
            ("SW1A 1AA", None, Some("GB"), Postal::Usual),
            (
                "é-12",
                Some("MA"),
                Some("US"),
                Postal::Unusual("Five digits, or five and four,"),
            ),
            (
                "éééé",
                Some("MA"),
                Some("US"),
                Postal::Unusual("Five digits, or five and four,"),
            ),
        ] {
            assert_eq!(
                judge_postal(text, state, country),
                expected,
                "{text} {state:?} {country:?}"
            );
        }
    }

    #[test]
    fn what_is_not_five_digits_is_unusual() {
        for (text, country) in [
            ("12345", "AU"),
            ("abcde", "US"),
            ("02139-12", "US"),
            ("02139-abcd", "US"),
            ("21a9", "US"),
            ("021a", "US"),
            ("2139-12", "US"),
        ] {
            let postal = judge_postal(text, Some("MA"), Some(country));
            assert!(matches!(postal, Postal::Unusual(_)), "{text}: {postal:?}");
        }
    }
}
