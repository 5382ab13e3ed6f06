//! Identifiers that may be one, written otherwise (pure).
//!
//! An API that writes some identifiers otherwise (zeros at the begin lost, letters in upper case, dashes left out) still
//! shows the others as they were sent, so that its list is believed. The partner of one that it changed is then not found,
//! although it is there.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use super::contract::RemotePartner;
use crate::partner::{ExternalId, PartnerId};

/// A partner whose identifier is another one than was looked for, but may be that one, written otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The partner.
    pub id: PartnerId,
    /// Its identifier, as the API shows it.
    pub legacy_identifier: ExternalId,
}

/// What is left of an identifier however it is written: its letters and digits, the letters small, without zeros at the begin.
/// None where nothing is left.
#[must_use]
pub fn plain(identifier: &str) -> Option<String> {
    let kept = identifier.chars().filter(|c| c.is_alphanumeric());
    let small: String = kept.flat_map(char::to_lowercase).collect();
    let plain = small.trim_start_matches('0');
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// Partners that are alike to identifiers that are looked for, by these.
#[derive(Debug, Default)]
pub(super) struct Lookalikes {
    wanted: HashMap<String, Vec<String>>,
    seen: HashMap<String, Vec<Alike>>,
}

impl Lookalikes {
    pub(super) fn of<S: BuildHasher>(wanted: &HashSet<String, S>) -> Self {
        let mut by_plain: HashMap<String, Vec<String>> = HashMap::new();
        for identifier in wanted {
            if let Some(plain) = plain(identifier) {
                by_plain.entry(plain).or_default().push(identifier.clone());
            }
        }
        Self {
            wanted: by_plain,
            seen: HashMap::new(),
        }
    }

    /// Looks at a partner of the list.
    pub(super) fn see(&mut self, partner: &RemotePartner) {
        let Some(identifier) = partner.legacy_identifier.as_deref() else {
            return;
        };
        let Some(wanted) = plain(identifier).and_then(|plain| self.wanted.get(&plain)) else {
            return;
        };
        for wanted in wanted.iter().filter(|wanted| *wanted != identifier) {
            self.seen.entry(wanted.clone()).or_default().push(Alike {
                id: partner.id.clone(),
                legacy_identifier: ExternalId::new(identifier),
            });
        }
    }

    /// Those that were seen, by what was looked for.
    pub(super) fn into_seen(self) -> HashMap<String, Vec<Alike>> {
        self.seen
    }
}

/// Partners of the list that are of no row, by what is left of their identifiers.
#[derive(Debug, Default)]
pub struct Others(HashMap<String, Vec<Alike>>);

impl Others {
    pub(super) fn add(&mut self, id: PartnerId, identifier: String) {
        if let Some(plain) = plain(&identifier) {
            let legacy_identifier = ExternalId::new(identifier);
            let alike = Alike {
                id,
                legacy_identifier,
            };
            self.0.entry(plain).or_default().push(alike);
        }
    }

    /// One whose identifier may be this one, written otherwise.
    #[must_use]
    pub fn like(&self, identifier: &str) -> Option<&Alike> {
        self.0.get(&plain(identifier)?)?.first()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ids of all of them.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(|alike| alike.id.as_str())
    }

    /// Takes those out that turn out to be somebody's.
    pub fn remove<S: BuildHasher>(&mut self, ids: &HashSet<String, S>) {
        self.0.retain(|_, alike| {
            alike.retain(|alike| !ids.contains(alike.id.as_str()));
            !alike.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{bare_partner, partner};
    use super::*;

    #[test]
    fn what_may_be_one_identifier_is_alike() {
        for (wanted, shown, is_alike) in [
            ("007", "7", true),
            ("7", "0007", true),
            ("K-1", "k1", true),
            ("A B/C", "ABC", true),
            ("Straße 1", "STRASSE1", false),
            ("ÄB", "äb", true),
            // The same one is a hit, and no look-alike.
            ("K-1", "K-1", false),
            ("K-1", "K-10", false),
            ("1.0", "1", false),
            ("70", "7", false),
            ("--", "-", false),
            ("0", "00", false),
        ] {
            let mut lookalikes = Lookalikes::of(&HashSet::from([wanted.to_owned()]));
            lookalikes.see(&bare_partner("b"));
            lookalikes.see(&partner("a", shown, "1"));
            let seen = lookalikes.into_seen();
            let alike = Alike {
                id: PartnerId::new("a"),
                legacy_identifier: ExternalId::new(shown),
            };
            let expected = is_alike.then_some(vec![alike]);
            assert_eq!(seen.get(wanted), expected.as_ref(), "{wanted} {shown}");
        }
    }

    #[test]
    fn others_are_alike_until_they_are_somebodys() {
        let mut others = Others::default();
        others.add(PartnerId::new("a"), "7".to_owned());
        others.add(PartnerId::new("b"), "07".to_owned());
        others.add(PartnerId::new("c"), "--".to_owned());
        assert_eq!(others.ids().count(), 2);
        let like = |others: &Others, wanted: &str| others.like(wanted).map(|a| a.id.clone());
        assert_eq!(like(&others, "007"), Some(PartnerId::new("a")));
        assert_eq!(like(&others, "70"), None);
        others.remove(&HashSet::from(["a".to_owned()]));
        assert_eq!(like(&others, "007"), Some(PartnerId::new("b")));
        others.remove(&HashSet::from(["b".to_owned()]));
        assert_eq!(like(&others, "007"), None);
    }
}
