//! Paging: which page comes next, and when the list is at its end.

use std::collections::HashSet;

use super::contract::{ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use super::incomplete::Incomplete;
use crate::partner::PartnerId;

/// Partners that a page of a look-up asks for.
const TAKE: u64 = 100;
/// What is asked for instead where a server refuses so many; the last is the length of a page that nothing is said of.
const FEWER: [u64; 3] = [50, 20, 10];
/// Pages walked at most, and distinct partners seen: a list without end may not fill the memory.
const PAGES: u64 = 200_000;
const PARTNERS: usize = 10_000_000;

/// A walk over the pages of a list. Never loops for ever on a server that ignores `skip`.
///
/// `totalRecords` ends it once as many distinct partners were seen. But a total can be too low (a cache), so it is not
/// believed on a full page: the next one is asked for, too. A list without totals is read until a page brings nothing
/// new, whatever its pages' length: a server may put fewer on a page than it is asked for.
#[derive(Debug)]
pub struct PageWalk {
    filter: ListFilter,
    take: u64,
    next: u64,
    /// Records on the pages before the first that is asked for.
    before: u64,
    pages: u64,
    /// The server's number for page 0: `currentPageNumber` may count from 1 or from 0.
    base: Option<u64>,
    ended: bool,
    seen: HashSet<Seen>,
    without_id: u64,
    last_ids: Vec<PartnerId>,
    total_pages: Option<u64>,
    totals: Option<Totals>,
}

/// Whether an answer may say that a page is asked for that is too long.
fn is_too_long(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::Status {
            status: 400 | 413 | 416 | 422,
            ..
        }
    )
}

/// An id that was seen, as 16 bytes: ids may be long and many.
type Seen = [u8; 16];

fn seen(id: &PartnerId) -> Seen {
    let hash = blake3::hash(id.as_str().as_bytes());
    *hash.as_bytes().first_chunk().unwrap_or(&Seen::default())
}

/// `totalRecords` as the pages had it.
#[derive(Debug, Clone, Copy)]
struct Totals {
    first: u64,
    last: u64,
    largest: u64,
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
            before: 0,
            pages: 0,
            base: None,
            ended: false,
            seen: HashSet::new(),
            without_id: 0,
            last_ids: Vec::new(),
            total_pages: None,
            totals: None,
        }
    }

    /// The same walk from a later page.
    #[must_use]
    pub fn from_page(mut self, skip: u64) -> Self {
        self.next = skip;
        self.before = skip.saturating_mul(self.take);
        self
    }

    /// Those of the next page's partners that no page before it had; none behind the last page.
    ///
    /// # Errors
    /// [`ApiError::Incomplete`] where the server gives the same page again although there are more, or another page than
    /// the one asked for: what it does not show cannot be known.
    pub async fn next<A: PartnersApi>(
        &mut self,
        api: &A,
    ) -> Result<Option<Vec<RemotePartner>>, ApiError> {
        if self.ended {
            return Ok(None);
        }
        if self.pages >= PAGES || self.seen.len() >= PARTNERS {
            self.ended = true;
            return Err(Incomplete::Endless {
                pages: self.pages,
                seen: self.seen.len() as u64,
            }
            .into());
        }
        let skip = self.next;
        let mut page = self.ask(api).await?;
        let ids: Vec<PartnerId> = page.items.iter().map(|p| p.id.clone()).collect();
        let items = std::mem::take(&mut page.items);
        let fresh: Vec<RemotePartner> = items
            .into_iter()
            .filter(|item| self.seen.insert(seen(&item.id)))
            .collect();
        let flaw = self.flaw(skip, &page, &ids, !fresh.is_empty());
        self.ended = flaw.is_some() || self.is_last(&page, !fresh.is_empty());
        self.last_ids = ids;
        if skip == 0 && page.length > 0 {
            // A server that puts fewer on a page may yet count `skip` in pages of the length that it was asked for.
            self.take = self.take.min(page.length as u64);
        }
        match flaw {
            Some(flaw) => Err(flaw.into()),
            None => Ok(Some(fresh)),
        }
    }

    async fn ask<A: PartnersApi>(&mut self, api: &A) -> Result<Page, ApiError> {
        let page = loop {
            match api.list(&self.filter, self.next, self.take).await {
                // The documentation does not say how many records a page may have. Later pages have to be as long as the first.
                Err(error) if self.pages == 0 && self.next == 0 && is_too_long(&error) => {
                    let Some(fewer) = FEWER.into_iter().find(|fewer| *fewer < self.take) else {
                        return Err(error);
                    };
                    self.take = fewer;
                }
                answer => break answer?,
            }
        };
        self.next += 1;
        self.pages += 1;
        self.without_id += page.length.saturating_sub(page.items.len()) as u64;
        self.total_pages = page.total_pages.or(self.total_pages);
        if let Some(total) = page.total_records {
            let totals = self.totals.get_or_insert(Totals {
                first: total,
                last: total,
                largest: total,
            });
            totals.last = total;
            totals.largest = totals.largest.max(total);
        }
        Ok(page)
    }

    /// How many pages the whole has, as far as the last page says.
    pub(super) fn total_pages(&self) -> Option<u64> {
        self.total_pages
    }

    /// Pages that were read.
    pub(super) fn pages_read(&self) -> u64 {
        self.pages
    }

    /// Items without an id, which are no partners that anybody could compare.
    pub(super) fn without_id(&self) -> u64 {
        self.without_id
    }

    /// What the totals say of a walk that is at its end; `is_whole` where no search chose the partners.
    pub(super) fn shortfall(&self, is_whole: bool) -> Option<Incomplete> {
        let totals = self.totals?;
        if is_whole && totals.first != totals.last {
            return Some(Incomplete::Changed {
                before: totals.first,
                after: totals.last,
            });
        }
        let seen = self.reached();
        (seen < totals.largest).then_some(Incomplete::FewerThanTotal {
            seen,
            total: totals.largest,
        })
    }

    fn reached(&self) -> u64 {
        self.before.saturating_add(self.seen.len() as u64)
    }

    fn is_total_reached(&self) -> bool {
        self.totals.is_some_and(|t| self.reached() == t.largest)
    }

    /// What is wrong with a page that came for `skip`.
    fn flaw(
        &mut self,
        skip: u64,
        page: &Page,
        ids: &[PartnerId],
        has_fresh: bool,
    ) -> Option<Incomplete> {
        if ids.is_empty() {
            return None;
        }
        if !has_fresh {
            // A server may give its last page again for all that lie behind it; one that gave two different pages
            // has read `skip`.
            let is_the_end = match self.totals {
                Some(totals) if self.reached() <= totals.largest => self.is_total_reached(),
                // Where partners moved to a later page meanwhile, some of the page before come again. One that goes
                // further back goes in a circle.
                _ if !ids.iter().any(|id| self.last_ids.contains(id)) => {
                    return Some(Incomplete::Circle);
                }
                _ => self.pages > 2,
            };
            return (!is_the_end && ids == self.last_ids).then_some(Incomplete::SamePage);
        }
        let came = page.number?;
        let base = *self.base.get_or_insert(came.saturating_sub(skip).min(1));
        let asked = skip.saturating_add(base);
        (came != asked).then_some(Incomplete::WrongPage { asked, came })
    }

    fn is_last(&self, page: &Page, has_fresh: bool) -> bool {
        let full = self.take.min(page.per_page.unwrap_or(self.take));
        page.length == 0 || !has_fresh || (self.is_total_reached() && (page.length as u64) < full)
    }
}

#[cfg(test)]
mod tests;
