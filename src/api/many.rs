//! Looking many partners up by one walk over the whole list: those of some rows, or of all rows of an export.

use std::collections::{HashMap, HashSet};

use super::alike::{Alike, Lookalikes, Others};
use super::contract::{PartnersApi, RemotePartner};
use super::error::ApiError;
use super::incomplete::Incomplete;
use super::lookup::oldest_first;
use super::scan::PartnerScan;
use crate::partner::{ExternalId, PartnerId};

/// What one walk over the whole list found.
#[derive(Debug, Default)]
pub struct FoundMany {
    /// For each identifier that was asked for and found: its partners, oldest first.
    pub found: HashMap<String, Vec<RemotePartner>>,
    /// For each identifier: partners that were met whose own may be this one, written otherwise.
    pub alike: HashMap<String, Vec<Alike>>,
    /// Whether the walk was complete: what was not found is on no page.
    pub is_complete: bool,
    /// Why a walk that came to its end was not complete.
    pub why: Option<Incomplete>,
    /// Whether it showed one of the partners that are known to exist, with its identifier.
    pub shows_known: bool,
}

/// Looks many partners up by one walk over the whole list, and sees whether it shows any of the `known`, partners that
/// exist, with the identifier that was sent: a list that writes identifiers otherwise shows nothing by which a partner
/// could be recognised. It ends early where it would cost more requests than `worth`, what looking each up by itself would
/// cost, and where it cannot be complete any more. A list that does not say how long it is may be as short as that.
///
/// # Errors
/// [`ApiError`] where the API does not answer.
pub async fn find_many<A: PartnersApi, S: std::hash::BuildHasher>(
    api: &A,
    wanted: &HashSet<String, S>,
    known: &HashMap<PartnerId, ExternalId, S>,
    worth: u64,
) -> Result<FoundMany, ApiError> {
    let mut scan = PartnerScan::whole().with_gets(worth);
    let mut found: HashMap<String, Vec<RemotePartner>> = HashMap::new();
    let mut lookalikes = Lookalikes::of(wanted);
    let (mut is_complete, mut shows_known) = (true, false);
    while let Some(items) = scan.next(api).await? {
        for item in items {
            lookalikes.see(&item);
            shows_known |= known
                .get(&item.id)
                .is_some_and(|legacy| item.legacy_identifier.as_deref() == Some(legacy.as_str()));
            if let Some(legacy) = item
                .legacy_identifier
                .as_ref()
                .filter(|l| wanted.contains(*l))
            {
                found.entry(legacy.clone()).or_default().push(item);
            }
        }
        let is_worth =
            scan.total_pages().is_none_or(|pages| pages < worth) && scan.pages_read() <= worth;
        if !is_worth || scan.is_lost() {
            is_complete = false;
            break;
        }
    }
    for partners in found.values_mut() {
        oldest_first(partners);
    }
    let why = scan.complete().err();
    is_complete = is_complete && why.is_none();
    Ok(FoundMany {
        found,
        alike: lookalikes.into_seen(),
        is_complete,
        why,
        shows_known,
    })
}

/// What a complete walk over the whole list collected.
#[derive(Debug, Default)]
pub struct Collected {
    /// For each wanted legacyIdentifier that was found: the ids of its partners, oldest first.
    pub found: HashMap<String, Vec<PartnerId>>,
    /// Those that were kept as of no row.
    pub others: Others,
    /// How many partners the list has.
    pub partners: u64,
}

/// What a partner of the list is, by its legacyIdentifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// One that is looked for.
    Wanted,
    /// One that may be another row's, written otherwise.
    Other,
    /// Of no use.
    Nothing,
}

/// Walks over the whole list once and keeps, for each wanted legacyIdentifier, the ids of its partners.
///
/// # Errors
/// [`ApiError::Incomplete`] where not all partners were seen and compared: one that was missed would be made again.
pub async fn collect_all<A: PartnersApi>(
    api: &A,
    keep: &(dyn Fn(&str) -> Keep + Sync),
) -> Result<Collected, ApiError> {
    let mut scan = PartnerScan::whole();
    let mut found: HashMap<String, Vec<(Option<String>, PartnerId)>> = HashMap::new();
    let mut others = Others::default();
    let mut partners = 0;
    while let Some(items) = scan.next(api).await? {
        partners += items.len() as u64;
        for item in items {
            let Some(legacy) = item.legacy_identifier else {
                continue;
            };
            match keep(&legacy) {
                Keep::Wanted => found
                    .entry(legacy)
                    .or_default()
                    .push((item.created_at, item.id)),
                Keep::Other => others.add(item.id, legacy),
                Keep::Nothing => {}
            }
        }
    }
    scan.complete()?;
    let found = found.into_iter().map(|(legacy, mut ids)| {
        ids.sort();
        (legacy, ids.into_iter().map(|(_, id)| id).collect())
    });
    Ok(Collected {
        found: found.collect(),
        others,
        partners,
    })
}

#[cfg(test)]
mod tests {
    use super::super::contract::Page;
    use super::super::scripted::{Scripted, bare_partner, partner};
    use super::*;

    fn none() -> HashMap<PartnerId, ExternalId> {
        HashMap::new()
    }

    #[tokio::test]
    async fn a_walk_shows_whether_it_meets_what_exists() {
        let wanted = HashSet::from(["B".to_owned()]);
        // One that is shown with another identifier than the one that was sent is not recognised.
        for (known, legacy, shows_known) in [("a", "A", true), ("a", "a", false), ("z", "A", false)]
        {
            let api = Scripted::default();
            api.will_list_pages(&[&[partner("a", "A", "1")]], 1);
            let known = HashMap::from([(PartnerId::new(known), ExternalId::new(legacy))]);
            let swept = find_many(&api, &wanted, &known, 3).await.unwrap();
            assert!(swept.is_complete);
            assert_eq!(swept.shows_known, shows_known);
        }
    }

    #[tokio::test]
    async fn a_walk_that_saw_fewer_than_the_total_proves_nothing() {
        let wanted = HashSet::from(["A", "B", "C"].map(str::to_owned));
        let (a, x) = (partner("a", "A", "1"), partner("x", "X", "1"));
        for (total, is_complete) in [(2, true), (3, false)] {
            let api = Scripted::default();
            api.will_list_pages(&[std::slice::from_ref(&a), std::slice::from_ref(&x)], total);
            api.will_list(Ok(Page::default()));
            let swept = find_many(&api, &wanted, &none(), 3).await.unwrap();
            assert_eq!(swept.is_complete, is_complete, "{total}");
            assert_eq!(swept.found.keys().collect::<Vec<_>>(), ["A"]);
        }
    }

    /// A list without totals, whose length is not known before its end.
    #[tokio::test]
    async fn a_list_that_does_not_say_how_long_it_is_is_walked_to_its_end() {
        let wanted = HashSet::from(["A", "B"].map(str::to_owned));
        let (x, a) = (partner("x", "X", "1"), partner("a", "A", "1"));
        for (worth, is_complete) in [(u64::MAX, true), (3, true), (1, false)] {
            let api = Scripted::default();
            for items in [std::slice::from_ref(&x), std::slice::from_ref(&a), &[]] {
                api.will_list(Ok(super::super::scripted::page_of(items)));
            }
            let swept = find_many(&api, &wanted, &none(), worth).await.unwrap();
            assert_eq!(swept.is_complete, is_complete, "{worth}");
            assert_eq!(swept.found.keys().collect::<Vec<_>>(), ["A"]);
        }
    }

    #[tokio::test]
    async fn a_walk_is_not_dearer_than_what_it_saves() {
        let wanted = HashSet::from(["A", "B"].map(str::to_owned));
        let (a, x) = (partner("a", "A", "1"), bare_partner("x"));
        for (worth, calls) in [(2, 1), (3, 3), (u64::MAX, 3)] {
            let api = Scripted::default();
            api.will_list_pages(&[std::slice::from_ref(&a), std::slice::from_ref(&x)], 2);
            api.will_get(Ok(Some(partner("x", "X", "1"))));
            api.will_list(Ok(Page::default()));
            let swept = find_many(&api, &wanted, &none(), worth).await.unwrap();
            let done = api.take_calls();
            assert_eq!(swept.found.keys().collect::<Vec<_>>(), ["A"]);
            assert_eq!(swept.is_complete, worth > 2);
            assert!(done.len() >= calls, "{worth}: {done:?}");
            assert_eq!(done.len() == 1, worth == 2, "{done:?}");
        }
        // One that cannot be compared: the pages behind it would prove nothing.
        let api = Scripted::default();
        let more = partner("m", "M", "1");
        api.will_list_pages(&[std::slice::from_ref(&x), std::slice::from_ref(&more)], 2);
        api.will_get(Ok(None));
        let swept = find_many(&api, &wanted, &none(), u64::MAX).await.unwrap();
        assert!(!swept.is_complete);
        assert_eq!(api.take_calls(), ["list 0", "get x"]);
    }

    #[tokio::test]
    async fn an_adopting_walk_that_saw_fewer_than_the_total_fails() {
        let items = [partner("a", "A", "1"), bare_partner("b")];
        for (total, is_whole) in [(2, true), (3, false)] {
            let api = Scripted::default();
            api.will_list_pages(&[&items], total);
            api.will_list(Ok(Page::default()));
            api.will_get(Ok(Some(partner("b", "B", "1"))));
            match collect_all(&api, &|_| Keep::Wanted).await {
                Ok(all) => {
                    assert!(is_whole);
                    assert_eq!(all.partners, 2);
                    assert_eq!(all.found["A"], [PartnerId::new("a")]);
                    assert_eq!(all.found["B"], [PartnerId::new("b")]);
                }
                Err(ApiError::Incomplete(_)) => assert!(!is_whole, "{total}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
