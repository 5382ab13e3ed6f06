//! The walk over the partner list by which partners are compared: one notion of when it is complete.
//!
//! Complete is a walk that compared every partner by its identifier, the one in the list or, where the list shows none,
//! the one of the partner got by id; that saw as many distinct partners as the largest total; that was given the pages it
//! asked for; and, of the whole list, whose total did not change. Any other walk can find, but proves no absence.

use super::contract::{ListFilter, PartnersApi, RemotePartner};
use super::error::ApiError;
use super::incomplete::Incomplete;
use super::page::PageWalk;
use crate::partner::ApiWords;

/// Partners that are got by id in vain before no more are: by then the walk proves nothing, and each costs a request.
const FAILED_GETS: u32 = 3;

/// A walk over the partners of the list, each with its identifier, whatever their status.
#[derive(Debug)]
pub struct PartnerScan {
    walk: PageWalk,
    /// No search chose the partners.
    is_whole: bool,
    include: Vec<String>,
    gets: u64,
    gets_at_most: u64,
    failed_gets: u32,
    uncompared: u64,
    example: Option<ApiWords>,
    flaw: Option<Incomplete>,
}

impl PartnerScan {
    /// Over all partners.
    #[must_use]
    pub fn whole() -> Self {
        Self::of(ListFilter::any_status(), true, &[])
    }

    /// Over all partners, showing what `include` names.
    #[must_use]
    pub fn whole_with(include: &[&str]) -> Self {
        let filter = ListFilter::any_status().and("include", &include.join(","));
        Self::of(filter, true, include)
    }

    /// Over the partners that a search finds.
    #[must_use]
    pub fn search(term: &str) -> Self {
        Self::of(ListFilter::any_status().and("searchTerm", term), false, &[])
    }

    fn of(filter: ListFilter, is_whole: bool, include: &[&str]) -> Self {
        Self {
            walk: PageWalk::new(filter),
            is_whole,
            include: include.iter().map(|&i| i.to_owned()).collect(),
            gets: 0,
            gets_at_most: u64::MAX,
            failed_gets: 0,
            uncompared: 0,
            example: None,
            flaw: None,
        }
    }

    /// The same walk that gets at most so many partners by id; the others then cannot be compared.
    #[must_use]
    pub fn with_gets(mut self, at_most: u64) -> Self {
        self.gets_at_most = at_most;
        self
    }

    /// The partners of the next page that can be compared and were not seen before; none behind the last page.
    ///
    /// # Errors
    /// [`ApiError`] where the API does not answer. What makes the walk incomplete is no error here: see
    /// [`PartnerScan::complete`].
    pub async fn next<A: PartnersApi>(
        &mut self,
        api: &A,
    ) -> Result<Option<Vec<RemotePartner>>, ApiError> {
        if self.flaw.is_some() {
            return Ok(None);
        }
        let without_id = self.walk.without_id();
        let flaw = match self.walk.next(api).await {
            Ok(None) => return Ok(None),
            Ok(Some(items)) => {
                match self.walk.without_id() - without_id {
                    0 => {}
                    count => self.cannot_compare(count, "they have no id"),
                }
                return self.compared(api, items).await.map(Some);
            }
            Err(ApiError::Incomplete(flaw)) => flaw,
            Err(ApiError::Unreadable(words)) => Incomplete::Unreadable(words),
            Err(error) => return Err(error),
        };
        self.flaw = Some(flaw);
        Ok(None)
    }

    async fn compared<A: PartnersApi>(
        &mut self,
        api: &A,
        items: Vec<RemotePartner>,
    ) -> Result<Vec<RemotePartner>, ApiError> {
        let mut compared = Vec::with_capacity(items.len());
        for item in items {
            if item.legacy_identifier.is_some() {
                compared.push(item);
            } else if let Some(whole) = self.get(api, &item).await? {
                compared.push(whole);
            }
        }
        Ok(compared)
    }

    /// A partner whose identifier the list does not show, got by id; none where that does not show it either.
    async fn get<A: PartnersApi>(
        &mut self,
        api: &A,
        item: &RemotePartner,
    ) -> Result<Option<RemotePartner>, ApiError> {
        if self.failed_gets >= FAILED_GETS || self.gets >= self.gets_at_most {
            self.cannot_compare(1, "the list does not show its identifier");
            return Ok(None);
        }
        self.gets += 1;
        let trouble = match api.get(&item.id, &self.include).await {
            Ok(Some(whole)) if whole.id != item.id => "got by id, it is another".to_owned(),
            Ok(Some(whole)) if whole.has_party() => return Ok(Some(whole)),
            Ok(Some(_)) => "got by id, it is shown without its party".to_owned(),
            Ok(None) => "got by id, it is not there".to_owned(),
            Err(error @ (ApiError::Status { .. } | ApiError::Unreadable(_))) => error.to_string(),
            // That concerns every partner: the walk cannot go on.
            Err(error) => return Err(error),
        };
        self.failed_gets += 1;
        self.cannot_compare(1, &format!("{}: {trouble}", item.id));
        Ok(None)
    }

    fn cannot_compare(&mut self, count: u64, why: &str) {
        self.uncompared += count;
        self.example.get_or_insert_with(|| ApiWords::new(why));
    }

    /// How many pages the list has, where it says so.
    pub(super) fn total_pages(&self) -> Option<u64> {
        self.walk.total_pages()
    }

    /// Pages that were read.
    pub(super) fn pages_read(&self) -> u64 {
        self.walk.pages_read()
    }

    /// Whether nothing that is still to come can make it complete.
    pub(super) fn is_lost(&self) -> bool {
        self.uncompared > 0 || self.flaw.is_some()
    }

    /// Whether a walk that came to its end saw and compared all partners, so that what it did not find is not there.
    ///
    /// # Errors
    /// Why it did not.
    pub fn complete(&self) -> Result<(), Incomplete> {
        let uncomparable = self
            .example
            .as_ref()
            .map(|example| Incomplete::Uncomparable {
                count: self.uncompared,
                example: example.clone(),
            });
        let flaw = self.flaw.clone().or(uncomparable);
        match flaw.or_else(|| self.walk.shortfall(self.is_whole)) {
            Some(reason) => Err(reason),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::contract::Page;
    use super::super::scripted::{Scripted, bare_partner, page_of, partner};
    use super::*;

    /// A partner whose party shows no identifier.
    fn anonymous(id: &str) -> RemotePartner {
        RemotePartner::from_json(json!({"id": id, "party": {"id": "p"}})).unwrap()
    }

    /// A list of one page with its total.
    fn listing(items: &[RemotePartner]) -> Scripted {
        let api = Scripted::default();
        api.will_list(Ok(Page {
            total_records: Some(items.len() as u64),
            ..page_of(items)
        }));
        api
    }

    async fn scanned(mut scan: PartnerScan, api: &Scripted) -> (Vec<String>, PartnerScan) {
        let mut identifiers = Vec::new();
        while let Some(items) = scan.next(api).await.unwrap() {
            identifiers.extend(items.into_iter().filter_map(|item| item.legacy_identifier));
        }
        (identifiers, scan)
    }

    #[tokio::test]
    async fn what_the_list_does_not_show_is_got_by_id() {
        let api = listing(&[
            partner("a", "A", "1"),
            anonymous("b"),
            bare_partner("c"),
            anonymous("d"),
        ]);
        api.will_get(Ok(Some(partner("b", "B", "1"))));
        api.will_get(Ok(Some(partner("c", "C", "1"))));
        // Its own answer has a party without an identifier: then it has none, and that is a comparison.
        api.will_get(Ok(Some(anonymous("d"))));
        let (identifiers, scan) = scanned(PartnerScan::whole(), &api).await;
        assert_eq!(identifiers, ["A", "B", "C"]);
        assert_eq!(scan.complete(), Ok(()));
        assert_eq!(api.take_calls(), ["list 0", "get b", "get c", "get d"]);
    }

    #[tokio::test]
    async fn a_get_that_fails_is_no_comparison() {
        let status = ApiError::Status {
            status: 500,
            words: ApiWords::new("no"),
        };
        for (answer, words) in [
            (Ok(None), "not there"),
            (Ok(Some(bare_partner("b"))), "without its party"),
            (Ok(Some(partner("z", "B", "1"))), "it is another"),
            (Err(status), "500"),
            (Err(ApiError::Unreadable(ApiWords::new("html"))), "html"),
        ] {
            let api = listing(&[partner("a", "A", "1"), anonymous("b")]);
            api.will_get(answer);
            let (identifiers, scan) = scanned(PartnerScan::whole(), &api).await;
            assert_eq!(identifiers, ["A"], "what could be compared still is");
            let reason = scan.complete().unwrap_err();
            assert!(matches!(reason, Incomplete::Uncomparable { count: 1, .. }));
            assert!(reason.to_string().contains(words), "{reason}");
        }
    }

    #[tokio::test]
    async fn no_more_are_got_once_three_failed() {
        let api = listing(&["a", "b", "c", "d", "e"].map(anonymous));
        (0..FAILED_GETS).for_each(|_| api.will_get(Ok(None)));
        let (_, scan) = scanned(PartnerScan::whole(), &api).await;
        assert!(matches!(
            scan.complete(),
            Err(Incomplete::Uncomparable { count: 5, .. })
        ));
        let api = listing(&["a", "b"].map(anonymous));
        api.will_get(Ok(Some(partner("a", "A", "1"))));
        let (_, scan) = scanned(PartnerScan::whole().with_gets(1), &api).await;
        assert!(scan.is_lost());
    }

    #[tokio::test]
    async fn items_without_an_id_cannot_be_compared() {
        let api = Scripted::default();
        // Without totals, so that no count tells that one is missing.
        api.will_list(Ok(Page {
            length: 2,
            ..page_of(&[partner("a", "A", "1")])
        }));
        api.will_list(Ok(Page::default()));
        let (identifiers, scan) = scanned(PartnerScan::whole(), &api).await;
        assert_eq!(identifiers, ["A"]);
        assert!(matches!(
            scan.complete(),
            Err(Incomplete::Uncomparable { count: 1, .. })
        ));
    }

    #[tokio::test]
    async fn an_api_that_does_not_answer_ends_the_walk() {
        let gone = ApiError::Unreachable(ApiWords::new("reset"));
        let api = listing(&[anonymous("a")]);
        api.will_get(Err(gone.clone()));
        assert_eq!(PartnerScan::whole().next(&api).await, Err(gone));
        // An answer that is no list proves nothing, and is none of these.
        let api = Scripted::default();
        api.will_list(Err(ApiError::Unreadable(ApiWords::new("html"))));
        let (_, mut scan) = scanned(PartnerScan::whole(), &api).await;
        assert!(matches!(scan.complete(), Err(Incomplete::Unreadable(_))));
        assert_eq!(scan.next(&api).await, Ok(None));
    }

    #[tokio::test]
    async fn every_status_is_asked_for() {
        for (scan, more) in [
            (PartnerScan::whole(), vec![]),
            (PartnerScan::search("Word"), vec![("searchTerm", "Word")]),
            (
                PartnerScan::whole_with(&["x", "y"]),
                vec![("include", "x,y")],
            ),
        ] {
            let api = listing(&[]);
            let _ = scanned(scan, &api).await;
            let (filter, _) = api.take_questions().remove(0);
            let asked: Vec<(&str, &str)> = filter
                .parameters
                .iter()
                .map(|(n, v)| (*n, v.as_str()))
                .collect();
            let status = ("status", "Active,Inactive,Suspended,Restored");
            assert_eq!(asked, [vec![status], more].concat());
        }
    }
}
