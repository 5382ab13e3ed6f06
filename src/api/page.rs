//! Paging through the list, and looking a partner up by its exact legacyIdentifier.

use std::collections::{HashMap, HashSet};

use super::contract::{ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use crate::partner::{ApiWords, ExternalId, PartnerId};

/// Partners a page of a look-up or sweep asks for.
const TAKE: u64 = 100;
/// Pages walked at most, so that a list without end is not walked for ever.
const PAGES: u64 = 1_000_000;

/// A walk over the pages of a list. Never loops for ever on a server that ignores `skip`.
#[derive(Debug)]
pub struct PageWalk {
    filter: ListFilter,
    take: u64,
    next: u64,
    ended: bool,
    last_ids: Vec<String>,
    seen: u64,
    total_pages: Option<u64>,
    total_records: Option<u64>,
}

impl PageWalk {
    /// A walk from the first page.
    #[must_use]
    pub fn new(filter: ListFilter) -> Self {
        Self::with_take(filter, TAKE)
    }

    /// A walk with pages of `take` records.
    #[must_use]
    pub fn with_take(filter: ListFilter, take: u64) -> Self {
        Self {
            filter,
            take: take.max(1),
            next: 0,
            ended: false,
            last_ids: Vec::new(),
            seen: 0,
            total_pages: None,
            total_records: None,
        }
    }

    /// The same walk from a later page.
    #[must_use]
    pub fn from_page(mut self, skip: u64) -> Self {
        self.next = skip;
        self.seen = skip.saturating_mul(self.take);
        self
    }

    /// The next page's partners; none behind the last page.
    ///
    /// # Errors
    /// [`ApiError::Unreadable`] where the server gives the same page again although there are more: what
    /// it does not show cannot be known, so nothing may be concluded from it.
    pub async fn next<A: PartnersApi>(
        &mut self,
        api: &A,
    ) -> Result<Option<Vec<RemotePartner>>, ApiError> {
        if self.ended {
            return Ok(None);
        }
        let page = api.list(&self.filter, self.next, self.take).await?;
        let ids: Vec<String> = page
            .items
            .iter()
            .map(|p| p.id.as_str().to_owned())
            .collect();
        if self.next > 0 && !ids.is_empty() && ids == self.last_ids {
            return Err(ApiError::Unreadable(ApiWords::new(
                "the list gives the same page again: the server ignores skip, so not all partners can be seen",
            )));
        }
        self.next += 1;
        self.seen += page.length as u64;
        self.total_pages = page.total_pages;
        self.total_records = page.total_records;
        self.ended = self.is_last(&page) || self.next >= PAGES;
        self.last_ids = ids;
        Ok(Some(page.items))
    }

    fn is_last(&self, page: &Page) -> bool {
        if page.length == 0 {
            return true;
        }
        if let Some(total) = page.total_pages {
            return self.next >= total;
        }
        if let Some(total) = page.total_records {
            return self.seen >= total;
        }
        (page.length as u64) < page.per_page.unwrap_or(self.take)
    }
}

/// What a look-up of one legacyIdentifier found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Partners with the exact legacyIdentifier, oldest first; more than one are duplicates.
    Partners(Vec<RemotePartner>),
    /// No partner with it on any page of the search.
    Absent,
}

/// Looks a partner up: list searched by name, every page, exact legacyIdentifier. The name is only a way to
/// search. Where list items carry no `party`, each candidate is got by id.
pub async fn find_by_identifier<A: PartnersApi>(
    api: &A,
    legacy: &ExternalId,
    business_name: &str,
) -> Result<Found, ApiError> {
    let mut walk = PageWalk::new(ListFilter::search(business_name));
    let mut hits: Vec<RemotePartner> = Vec::new();
    let mut broken = None;
    loop {
        let items = match walk.next(api).await {
            Ok(Some(items)) => items,
            Ok(None) => break,
            Err(e @ ApiError::Unreadable(_)) => {
                broken = Some(e);
                break;
            }
            Err(e) => return Err(e),
        };
        for item in items {
            let item = if item.has_party() {
                item
            } else {
                match api.get(&item.id, &[]).await? {
                    Some(whole) => whole,
                    None => continue,
                }
            };
            if item.legacy_identifier.as_deref() == Some(legacy.as_str())
                && hits.iter().all(|h| h.id != item.id)
            {
                hits.push(item);
            }
        }
    }
    match (hits.is_empty(), broken) {
        // A hit is a hit, whatever the other pages would have shown.
        (false, _) => {
            hits.sort_by(|a, b| a.created_at.cmp(&b.created_at));
            Ok(Found::Partners(hits))
        }
        (true, Some(error)) => Err(error),
        (true, None) => Ok(Found::Absent),
    }
}

/// What one walk over the whole list found.
#[derive(Debug)]
pub enum Sweep {
    /// For each identifier that was asked for and found: its partners, oldest first. What is not in it is
    /// on no page.
    Whole(HashMap<String, Vec<RemotePartner>>),
    /// It would cost more requests than looking each up, or the list moved while it was read.
    NotWorth,
}

/// Looks many partners up by one walk over the whole list, where that costs fewer requests than a look-up
/// each. Absence counts only if as many partners were seen as the list says it has: a list that shrinks
/// while it is paged can hide one.
pub async fn sweep<A: PartnersApi, S: std::hash::BuildHasher>(
    api: &A,
    wanted: &HashSet<String, S>,
) -> Result<Sweep, ApiError> {
    let mut walk = PageWalk::new(ListFilter::default());
    let mut ids: HashSet<PartnerId> = HashSet::new();
    let mut found: HashMap<String, Vec<RemotePartner>> = HashMap::new();
    loop {
        let items = match walk.next(api).await {
            Ok(Some(items)) => items,
            Ok(None) => break,
            Err(ApiError::Unreadable(_)) => return Ok(Sweep::NotWorth),
            Err(e) => return Err(e),
        };
        if walk.next == 1
            && walk
                .total_pages
                .is_none_or(|pages| pages >= wanted.len() as u64)
        {
            return Ok(Sweep::NotWorth);
        }
        for item in items {
            if !item.has_party() {
                return Ok(Sweep::NotWorth);
            }
            if ids.insert(item.id.clone())
                && let Some(legacy) = item
                    .legacy_identifier
                    .as_ref()
                    .filter(|l| wanted.contains(*l))
            {
                found.entry(legacy.clone()).or_default().push(item);
            }
        }
    }
    if walk
        .total_records
        .is_none_or(|total| (ids.len() as u64) < total)
    {
        return Ok(Sweep::NotWorth);
    }
    for partners in found.values_mut() {
        partners.sort_by(|a, b| a.created_at.cmp(&b.created_at));
    }
    Ok(Sweep::Whole(found))
}

/// Walks over the whole list once and keeps, for each wanted legacyIdentifier, the ids of its partners, oldest
/// first.
///
/// # Errors
/// [`ApiError::Unreadable`] where fewer partners were seen than the list says it has: one that was missed
/// would be made again.
pub async fn collect_by_identifier<A: PartnersApi>(
    api: &A,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<HashMap<String, Vec<PartnerId>>, ApiError> {
    let mut walk = PageWalk::new(ListFilter::default());
    let mut seen: HashSet<PartnerId> = HashSet::new();
    let mut found: HashMap<String, Vec<(Option<String>, PartnerId)>> = HashMap::new();
    while let Some(items) = walk.next(api).await? {
        for item in items {
            if !seen.insert(item.id.clone()) {
                continue;
            }
            let item = if item.has_party() {
                item
            } else {
                match api.get(&item.id, &[]).await? {
                    Some(whole) => whole,
                    None => continue,
                }
            };
            if let Some(legacy) = item.legacy_identifier.filter(|l| wanted(l)) {
                found
                    .entry(legacy)
                    .or_default()
                    .push((item.created_at, item.id));
            }
        }
    }
    if walk
        .total_records
        .is_some_and(|total| (seen.len() as u64) < total)
    {
        return Err(ApiError::Unreadable(ApiWords::new(
            "the list changed while it was read, so a partner may have been missed; run again",
        )));
    }
    Ok(found
        .into_iter()
        .map(|(legacy, mut partners)| {
            partners.sort();
            (legacy, partners.into_iter().map(|(_, id)| id).collect())
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, bare_partner, partner};
    use super::*;

    /// The list in pages; what each says about the whole is set by `totals`.
    fn pages(api: &Scripted, pages: &[&[RemotePartner]], totals: impl Fn(&mut Page)) {
        for items in pages {
            let mut page = Page {
                length: items.len(),
                items: items.to_vec(),
                ..Page::default()
            };
            totals(&mut page);
            api.will_list(Ok(page));
        }
    }

    fn ids(partners: &[RemotePartner]) -> Vec<&str> {
        partners.iter().map(|p| p.id.as_str()).collect()
    }

    #[tokio::test]
    async fn of_several_hits_the_oldest_is_the_first() {
        let api = Scripted::default();
        let hits = [
            partner("new", "L", "2026-03-04T10:00:00Z"),
            partner("other", "M", "2020-01-01T00:00:00Z"),
            partner("old", "L", "2026-03-01T10:00:00Z"),
        ];
        pages(&api, &[&hits], |page| page.total_pages = Some(1));
        let found = find_by_identifier(&api, &ExternalId::new("L"), "Name").await;
        let Ok(Found::Partners(partners)) = found else {
            panic!("{found:?}");
        };
        assert_eq!(ids(&partners), ["old", "new"]);
    }

    #[tokio::test]
    async fn a_sweep_that_saw_fewer_than_the_total_proves_nothing() {
        let wanted = HashSet::from(["A", "B", "C"].map(str::to_owned));
        let (a, x) = (partner("a", "A", "1"), partner("x", "X", "1"));
        for (total, is_whole) in [(2, true), (3, false)] {
            let api = Scripted::default();
            pages(
                &api,
                &[std::slice::from_ref(&a), std::slice::from_ref(&x)],
                |page| {
                    page.total_pages = Some(2);
                    page.total_records = Some(total);
                },
            );
            match sweep(&api, &wanted).await.unwrap() {
                Sweep::Whole(found) => {
                    assert!(is_whole);
                    assert_eq!(found.keys().collect::<Vec<_>>(), ["A"]);
                }
                Sweep::NotWorth => assert!(!is_whole, "{total}"),
            }
        }
    }

    #[tokio::test]
    async fn an_adopting_walk_that_saw_fewer_than_the_total_fails() {
        let items = [partner("a", "A", "1"), bare_partner("b")];
        for (total, is_whole) in [(2, true), (3, false)] {
            let api = Scripted::default();
            pages(&api, &[&items], |page| {
                page.total_pages = Some(1);
                page.total_records = Some(total);
            });
            api.will_get(Ok(Some(partner("b", "B", "1"))));
            match collect_by_identifier(&api, &|_| true).await {
                Ok(found) => {
                    assert!(is_whole);
                    assert_eq!(found["A"], [PartnerId::new("a")]);
                    assert_eq!(found["B"], [PartnerId::new("b")]);
                }
                Err(ApiError::Unreadable(_)) => assert!(!is_whole, "{total}"),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[tokio::test]
    async fn a_list_without_totals_is_read_up_to_a_short_page() {
        let api = Scripted::default();
        let [a, b, c] = ["a", "b", "c"].map(|id| partner(id, id, "1"));
        pages(&api, &[&[a, b], &[c]], |_| {});
        let mut walk = PageWalk::with_take(ListFilter::default(), 2);
        assert_eq!(ids(&walk.next(&api).await.unwrap().unwrap()), ["a", "b"]);
        assert_eq!(ids(&walk.next(&api).await.unwrap().unwrap()), ["c"]);
        assert_eq!(walk.next(&api).await, Ok(None));
        assert_eq!(api.take_calls(), ["list 0", "list 1"]);
    }
}
