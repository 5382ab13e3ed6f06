//! Looking partners up by their exact legacyIdentifier: one, many, or all of an export.

use std::collections::{HashMap, HashSet};

use super::contract::{PartnersApi, RemotePartner};
use super::error::ApiError;
use super::scan::PartnerScan;
use crate::partner::{ExternalId, PartnerId};

/// Words of a name that are tried, the longest first, where a search for one finds more than a page.
const WORDS: usize = 3;
/// A shorter word finds too much to be a search.
const SHORTEST_WORD: usize = 2;

/// What a look-up of one legacyIdentifier found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Partners with the exact legacyIdentifier, oldest first; more than one are duplicates.
    Partners(Vec<RemotePartner>),
    /// No partner has it: the look-up was complete.
    Absent,
    /// None was found by its name as it was sent, which proves nothing: see [`Effort::Find`].
    NotSeen,
}

/// What a look-up is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// To find: absence would prove nothing yet, so nothing is spent on it.
    Find,
    /// To find, or to prove that there is nothing.
    Prove,
}

/// Looks a partner up: by a search for its name as it was sent, which an API that keeps it unchanged answers in one
/// page; and where that finds nothing and absence is to be proved, by a search for a plain word of it, else in the whole
/// list. A name is only a way to search: an API that stores it otherwise (blanks collapsed, `&` as `&amp;`) still has its
/// plain words.
///
/// # Errors
/// [`ApiError::Incomplete`] where nothing was found and that proves nothing; any other where the API does not answer.
pub async fn find_by_identifier<A: PartnersApi>(
    api: &A,
    legacy: &ExternalId,
    business_name: &str,
    effort: Effort,
) -> Result<Found, ApiError> {
    let words = search_words(business_name);
    if words.first() != Some(&business_name) && !business_name.is_empty() {
        let mut by_name = PartnerScan::search(business_name);
        let hits = hits(&mut by_name, Vec::new(), api, legacy).await?;
        if !hits.is_empty() {
            return Ok(Found::Partners(hits));
        }
        if effort == Effort::Find {
            return Ok(Found::NotSeen);
        }
    }
    let (mut scan, first) = narrowest(api, &words).await?;
    let hits = hits(&mut scan, first, api, legacy).await?;
    if hits.is_empty() {
        scan.complete()?;
        return Ok(Found::Absent);
    }
    Ok(Found::Partners(hits))
}

/// A search, begun, for the word that finds the fewest partners (a whole list may share a word), with its first page;
/// without words, a walk over the whole list.
async fn narrowest<A: PartnersApi>(
    api: &A,
    words: &[&str],
) -> Result<(PartnerScan, Vec<RemotePartner>), ApiError> {
    let mut best: Option<(u64, PartnerScan, Vec<RemotePartner>)> = None;
    for word in words.iter().take(WORDS) {
        let mut scan = PartnerScan::search(word);
        let items = scan.next(api).await?.unwrap_or_default();
        let pages = scan.total_pages().unwrap_or(1);
        if best.as_ref().is_none_or(|(fewest, ..)| pages < *fewest) {
            best = Some((pages, scan, items));
        }
        if pages <= 1 {
            break;
        }
    }
    Ok(best.map_or_else(
        || (PartnerScan::whole(), Vec::new()),
        |(_, scan, items)| (scan, items),
    ))
}

/// The partners of a walk that have this identifier, oldest first. A hit is a hit, whatever the walk missed.
async fn hits<A: PartnersApi>(
    scan: &mut PartnerScan,
    first: Vec<RemotePartner>,
    api: &A,
    legacy: &ExternalId,
) -> Result<Vec<RemotePartner>, ApiError> {
    let mut hits = first;
    let is_hit = |item: &RemotePartner| item.legacy_identifier.as_deref() == Some(legacy.as_str());
    hits.retain(is_hit);
    while let Some(items) = scan.next(api).await? {
        hits.extend(items.into_iter().filter(is_hit));
    }
    oldest_first(&mut hits);
    Ok(hits)
}

/// Whether a partner of this name can be found by a search; otherwise looking it up is a walk over the whole list.
#[must_use]
pub fn can_be_searched(business_name: &str) -> bool {
    !search_words(business_name).is_empty()
}

/// The words of ASCII letters and digits, the longest first: what no API writes otherwise. A letter beyond ASCII makes
/// its word none, since a service may compose, fold or transliterate it.
fn search_words(name: &str) -> Vec<&str> {
    let ends_word = |c: char| {
        c.is_whitespace() || c.is_control() || (c.is_ascii() && !c.is_ascii_alphanumeric())
    };
    let mut words: Vec<&str> = name
        .split(ends_word)
        .filter(|w| w.is_ascii() && w.len() >= SHORTEST_WORD)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// What one walk over the whole list found.
#[derive(Debug)]
pub struct Sweep {
    /// For each identifier that was asked for and found: its partners, oldest first.
    pub found: HashMap<String, Vec<RemotePartner>>,
    /// Whether the walk was complete: what was not found is on no page.
    pub is_complete: bool,
}

/// Looks many partners up by one walk over the whole list. It ends early where it would cost more requests than
/// `worth`, what looking each up by itself would cost, and where it cannot be complete any more.
///
/// # Errors
/// [`ApiError`] where the API does not answer.
pub async fn sweep<A: PartnersApi, S: std::hash::BuildHasher>(
    api: &A,
    wanted: &HashSet<String, S>,
    worth: u64,
) -> Result<Sweep, ApiError> {
    let mut scan = PartnerScan::whole().with_gets(worth);
    let mut found: HashMap<String, Vec<RemotePartner>> = HashMap::new();
    let mut is_complete = true;
    while let Some(items) = scan.next(api).await? {
        for item in items {
            if let Some(legacy) = item
                .legacy_identifier
                .as_ref()
                .filter(|l| wanted.contains(*l))
            {
                found.entry(legacy.clone()).or_default().push(item);
            }
        }
        let is_worth = scan
            .total_pages()
            .is_some_and(|pages| pages < worth && scan.pages_read() <= worth);
        if !is_worth || scan.is_lost() {
            is_complete = false;
            break;
        }
    }
    for partners in found.values_mut() {
        oldest_first(partners);
    }
    is_complete = is_complete && scan.complete().is_ok();
    Ok(Sweep { found, is_complete })
}

/// What a complete walk over the whole list collected.
#[derive(Debug, Default)]
pub struct Collected {
    /// For each wanted legacyIdentifier that was found: the ids of its partners, oldest first.
    pub found: HashMap<String, Vec<PartnerId>>,
    /// How many partners the list has.
    pub partners: u64,
}

/// Walks over the whole list once and keeps, for each wanted legacyIdentifier, the ids of its partners.
///
/// # Errors
/// [`ApiError::Incomplete`] where not all partners were seen and compared: one that was missed would be made again.
pub async fn collect_by_identifier<A: PartnersApi>(
    api: &A,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Collected, ApiError> {
    let mut scan = PartnerScan::whole();
    let mut found: HashMap<String, Vec<(Option<String>, PartnerId)>> = HashMap::new();
    let mut partners = 0;
    while let Some(items) = scan.next(api).await? {
        partners += items.len() as u64;
        for item in items {
            if let Some(legacy) = item.legacy_identifier.filter(|l| wanted(l)) {
                found
                    .entry(legacy)
                    .or_default()
                    .push((item.created_at, item.id));
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
        partners,
    })
}

fn oldest_first(partners: &mut [RemotePartner]) {
    partners.sort_by(|a, b| a.created_at.cmp(&b.created_at));
}

#[cfg(test)]
mod tests {
    use super::super::contract::{ListFilter, Page};
    use super::super::incomplete::Incomplete;
    use super::super::scripted::{Scripted, bare_partner, page_of, partner};
    use super::*;

    /// The list in pages of a total.
    fn pages(api: &Scripted, pages: &[&[RemotePartner]], total: u64) {
        for items in pages {
            api.will_list(Ok(Page {
                total_pages: Some(pages.len() as u64),
                total_records: Some(total),
                ..page_of(items)
            }));
        }
    }

    fn ids(partners: &[RemotePartner]) -> Vec<&str> {
        partners.iter().map(|p| p.id.as_str()).collect()
    }

    #[test]
    fn a_search_takes_the_longest_plain_word() {
        for (name, word) in [
            ("Smith & Sons Insurance", Some("Insurance")),
            ("Two  Words", Some("Words")),
            ("Same Size", Some("Same")),
            ("O'Neil \"Quoted\" & Sons", Some("Quoted")),
            ("AT&T", Some("AT")),
            ("Müller + Söhne 100%", Some("100")),
            ("Mu\u{308}ller KG", Some("KG")),
            ("Foo–Bar", None),
            ("株式会社テスト", None),
            ("株式会社 Test", Some("Test")),
            ("A & B", None),
            ("", None),
        ] {
            assert_eq!(search_words(name).first().copied(), word, "{name}");
            assert_eq!(can_be_searched(name), word.is_some());
        }
    }

    /// The search terms of a look-up that finds nothing; none stands for the whole list.
    async fn terms(name: &str, effort: Effort, found: Found) -> Vec<Option<String>> {
        let api = Scripted::default();
        pages(&api, &[&[]], 0);
        pages(&api, &[&[]], 0);
        let legacy = ExternalId::new("L");
        let done = find_by_identifier(&api, &legacy, name, effort).await;
        assert_eq!(done, Ok(found), "{name}");
        let questions = api.take_questions();
        let term = |filter: &ListFilter| {
            let mut terms = filter.parameters.iter().filter(|(n, _)| *n == "searchTerm");
            terms.next().map(|(_, value)| value.clone())
        };
        questions.iter().map(|(filter, _)| term(filter)).collect()
    }

    #[tokio::test]
    async fn absence_is_proved_by_a_plain_word_or_the_whole_list() {
        for (name, asked) in [
            ("Word", &[Some("Word")][..]),
            ("The Name", &[Some("The Name"), Some("Name")]),
            ("名前", &[Some("名前"), None]),
            ("", &[None]),
        ] {
            let asked: Vec<Option<String>> = asked.iter().map(|a| a.map(str::to_owned)).collect();
            assert_eq!(terms(name, Effort::Prove, Found::Absent).await, asked);
        }
        let asked = terms("The Name", Effort::Find, Found::NotSeen).await;
        assert_eq!(
            asked,
            [Some("The Name".to_owned())],
            "one page, and no more"
        );
    }

    /// A word that the whole list shares is not walked where another finds one page.
    #[tokio::test]
    async fn of_several_words_the_one_that_finds_the_fewest_is_searched() {
        let api = Scripted::default();
        let many: Vec<RemotePartner> = (0..3).map(|i| partner(&i.to_string(), "X", "1")).collect();
        pages(&api, &[&[]], 0);
        api.will_list(Ok(Page {
            total_pages: Some(50),
            total_records: Some(150),
            ..page_of(&many)
        }));
        pages(&api, &[&[partner("a", "L", "1")]], 1);
        let legacy = ExternalId::new("L");
        let found = find_by_identifier(&api, &legacy, "Company 42", Effort::Prove).await;
        assert!(matches!(found, Ok(Found::Partners(hits)) if hits.len() == 1));
        assert_eq!(api.take_calls().len(), 3);
    }

    #[tokio::test]
    async fn of_several_hits_the_oldest_is_the_first() {
        let api = Scripted::default();
        let hits = [
            partner("new", "L", "2026-03-04T10:00:00Z"),
            partner("other", "M", "2020-01-01T00:00:00Z"),
            partner("old", "L", "2026-03-01T10:00:00Z"),
        ];
        pages(&api, &[&hits], 3);
        let found = find_by_identifier(&api, &ExternalId::new("L"), "Name", Effort::Prove).await;
        let Ok(Found::Partners(partners)) = found else {
            panic!("{found:?}");
        };
        assert_eq!(ids(&partners), ["old", "new"]);
    }

    /// An incomplete walk finds what it shows, and proves no absence.
    #[tokio::test]
    async fn an_incomplete_look_up_finds_but_proves_no_absence() {
        let a = [partner("a", "A", "1")];
        for (legacy, is_found) in [("A", true), ("B", false)] {
            let api = Scripted::default();
            pages(&api, &[&a, &[]], 2);
            match find_by_identifier(&api, &ExternalId::new(legacy), "Name", Effort::Prove).await {
                Ok(Found::Partners(hits)) => assert!(is_found, "{hits:?}"),
                Err(ApiError::Incomplete(reason)) => {
                    assert!(!is_found);
                    let (seen, total) = (1, 2);
                    assert_eq!(reason, Incomplete::FewerThanTotal { seen, total });
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_sweep_that_saw_fewer_than_the_total_proves_nothing() {
        let wanted = HashSet::from(["A", "B", "C"].map(str::to_owned));
        let (a, x) = (partner("a", "A", "1"), partner("x", "X", "1"));
        for (total, is_complete) in [(2, true), (3, false)] {
            let api = Scripted::default();
            pages(
                &api,
                &[std::slice::from_ref(&a), std::slice::from_ref(&x)],
                total,
            );
            api.will_list(Ok(Page::default()));
            let swept = sweep(&api, &wanted, 3).await.unwrap();
            assert_eq!(swept.is_complete, is_complete, "{total}");
            assert_eq!(swept.found.keys().collect::<Vec<_>>(), ["A"]);
        }
    }

    #[tokio::test]
    async fn a_sweep_is_not_dearer_than_what_it_saves() {
        let wanted = HashSet::from(["A", "B"].map(str::to_owned));
        let (a, x) = (partner("a", "A", "1"), bare_partner("x"));
        for (worth, calls) in [(2, 1), (3, 3), (u64::MAX, 3)] {
            let api = Scripted::default();
            pages(
                &api,
                &[std::slice::from_ref(&a), std::slice::from_ref(&x)],
                2,
            );
            api.will_get(Ok(Some(partner("x", "X", "1"))));
            api.will_list(Ok(Page::default()));
            let swept = sweep(&api, &wanted, worth).await.unwrap();
            let done = api.take_calls();
            assert_eq!(swept.found.keys().collect::<Vec<_>>(), ["A"]);
            assert_eq!(swept.is_complete, worth > 2);
            assert!(done.len() >= calls, "{worth}: {done:?}");
            assert_eq!(done.len() == 1, worth == 2, "{done:?}");
        }
        // One that cannot be compared: the pages behind it would prove nothing.
        let api = Scripted::default();
        let more = partner("m", "M", "1");
        pages(
            &api,
            &[std::slice::from_ref(&x), std::slice::from_ref(&more)],
            2,
        );
        api.will_get(Ok(None));
        let swept = sweep(&api, &wanted, u64::MAX).await.unwrap();
        assert!(!swept.is_complete);
        assert_eq!(api.take_calls(), ["list 0", "get x"]);
    }

    #[tokio::test]
    async fn an_adopting_walk_that_saw_fewer_than_the_total_fails() {
        let items = [partner("a", "A", "1"), bare_partner("b")];
        for (total, is_whole) in [(2, true), (3, false)] {
            let api = Scripted::default();
            pages(&api, &[&items], total);
            api.will_list(Ok(Page::default()));
            api.will_get(Ok(Some(partner("b", "B", "1"))));
            match collect_by_identifier(&api, &|_| true).await {
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
