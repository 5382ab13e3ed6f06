//! Looking one partner up by its exact legacyIdentifier.

use std::collections::HashSet;

use super::alike::{Alike, Lookalikes};
use super::contract::{PartnersApi, RemotePartner};
use super::error::ApiError;
use super::scan::PartnerScan;
use crate::partner::ExternalId;

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
    Absent {
        /// Where the word stands in the name by which it was searched; none where the whole list was walked.
        by: Option<Place>,
        /// Partners that were met whose identifier may be this one, written otherwise.
        alike: Vec<Alike>,
    },
    /// None was found by its name as it was sent, which proves nothing: see [`Effort::Find`].
    NotSeen,
}

/// Where in its name the word stands by which a partner is searched. A search may compare whole names, or their begins: one
/// that finds by a word inside of a name finds by the others, too, and not the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It is the name.
    Whole,
    /// At the begin.
    Begin,
    /// Behind something else.
    Inside,
}

impl Place {
    fn of(word: &str, name: &str) -> Self {
        match name.strip_prefix(word) {
            Some("") => Self::Whole,
            Some(_) => Self::Begin,
            None => Self::Inside,
        }
    }
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
pub async fn find_one<A: PartnersApi>(
    api: &A,
    legacy: &ExternalId,
    business_name: &str,
    effort: Effort,
) -> Result<Found, ApiError> {
    let words = search_words(business_name);
    if words.first() != Some(&business_name) && !business_name.is_empty() {
        let mut by_name = PartnerScan::search(business_name);
        let mut lookalikes = Lookalikes::default();
        let hits = hits(&mut by_name, Vec::new(), api, legacy, &mut lookalikes).await?;
        if !hits.is_empty() {
            return Ok(Found::Partners(hits));
        }
        if effort == Effort::Find {
            return Ok(Found::NotSeen);
        }
    }
    let (word, mut scan, first) = narrowest(api, &words).await?;
    let mut lookalikes = Lookalikes::of(&HashSet::from([legacy.as_str().to_owned()]));
    let hits = hits(&mut scan, first, api, legacy, &mut lookalikes).await?;
    if hits.is_empty() {
        scan.complete()?;
        let mut alike = lookalikes.into_seen();
        return Ok(Found::Absent {
            by: word.map(|word| Place::of(word, business_name)),
            alike: alike.remove(legacy.as_str()).unwrap_or_default(),
        });
    }
    Ok(Found::Partners(hits))
}

/// A search, begun, for the word that finds the fewest partners (a whole list may share a word), with its first page;
/// without words, a walk over the whole list.
async fn narrowest<'w, A: PartnersApi>(
    api: &A,
    words: &[&'w str],
) -> Result<(Option<&'w str>, PartnerScan, Vec<RemotePartner>), ApiError> {
    let mut best: Option<(u64, &str, PartnerScan, Vec<RemotePartner>)> = None;
    for &word in words.iter().take(WORDS) {
        let mut scan = PartnerScan::search(word);
        let items = scan.next(api).await?.unwrap_or_default();
        let pages = scan.total_pages().unwrap_or(1);
        if best.as_ref().is_none_or(|(fewest, ..)| pages < *fewest) {
            best = Some((pages, word, scan, items));
        }
        if pages <= 1 {
            break;
        }
    }
    Ok(best.map_or_else(
        || (None, PartnerScan::whole(), Vec::new()),
        |(_, word, scan, items)| (Some(word), scan, items),
    ))
}

/// The partners of a walk that have this identifier, oldest first. A hit is a hit, whatever the walk missed.
async fn hits<A: PartnersApi>(
    scan: &mut PartnerScan,
    first: Vec<RemotePartner>,
    api: &A,
    legacy: &ExternalId,
    lookalikes: &mut Lookalikes,
) -> Result<Vec<RemotePartner>, ApiError> {
    let mut hits = Vec::new();
    let mut items = Some(first);
    while let Some(page) = items {
        for item in page {
            if item.legacy_identifier.as_deref() == Some(legacy.as_str()) {
                hits.push(item);
            } else {
                lookalikes.see(&item);
            }
        }
        items = scan.next(api).await?;
    }
    oldest_first(&mut hits);
    Ok(hits)
}

/// Whether a partner of this name can be found by a search; otherwise looking it up is a walk over the whole list.
#[must_use]
pub fn can_be_searched(business_name: &str) -> bool {
    !search_words(business_name).is_empty()
}

/// What a search can show at most that finds a partner of this name: a word inside of it, if it has one.
#[must_use]
pub fn best_place(business_name: &str) -> Option<Place> {
    let words = search_words(business_name);
    words.into_iter().map(|w| Place::of(w, business_name)).max()
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

/// Whether a search for a plain word of its name finds a partner that exists, and where that word stands: inside of the
/// name, if it has one there, since that shows the most. The search ends with the page that shows the partner.
///
/// # Errors
/// [`ApiError`] where the API does not answer.
pub async fn find_by_word<A: PartnersApi>(
    api: &A,
    legacy: &ExternalId,
    business_name: &str,
) -> Result<Option<Place>, ApiError> {
    let Some(place) = best_place(business_name) else {
        return Ok(None);
    };
    let mut words = search_words(business_name);
    words.retain(|word| Place::of(word, business_name) == place);
    let (_, mut scan, first) = narrowest(api, &words).await?;
    let mut items = Some(first);
    while let Some(page) = items {
        if page
            .iter()
            .any(|item| item.legacy_identifier.as_deref() == Some(legacy.as_str()))
        {
            return Ok(Some(place));
        }
        items = scan.next(api).await?;
    }
    Ok(None)
}

pub(super) fn oldest_first(partners: &mut [RemotePartner]) {
    partners.sort_by(|a, b| a.created_at.cmp(&b.created_at));
}

#[cfg(test)]
mod tests {
    use super::super::contract::{ListFilter, Page};
    use super::super::incomplete::Incomplete;
    use super::super::scripted::{Scripted, page_of, partner};
    use super::*;

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
            // A blank and a control character beyond ASCII end a word, too.
            ("Foo\u{a0}Barbaz", Some("Barbaz")),
            ("Foo\u{9f}Barbaz", Some("Barbaz")),
            ("A & B", None),
            ("", None),
        ] {
            assert_eq!(search_words(name).first().copied(), word, "{name}");
            assert_eq!(can_be_searched(name), word.is_some());
        }
    }

    fn absent(by: Option<Place>) -> Found {
        let alike = Vec::new();
        Found::Absent { by, alike }
    }

    /// The search terms of a look-up that finds nothing; none stands for the whole list.
    async fn terms(name: &str, effort: Effort, found: Found) -> Vec<Option<String>> {
        let api = Scripted::default();
        api.will_list_pages(&[&[]], 0);
        api.will_list_pages(&[&[]], 0);
        let legacy = ExternalId::new("L");
        let done = find_one(&api, &legacy, name, effort).await;
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
        for (name, asked, place) in [
            ("Word", &[Some("Word")][..], Some(Place::Whole)),
            (
                "The Name",
                &[Some("The Name"), Some("Name")],
                Some(Place::Inside),
            ),
            (
                "Name A",
                &[Some("Name A"), Some("Name")],
                Some(Place::Begin),
            ),
            ("名前", &[Some("名前"), None], None),
            ("", &[None], None),
        ] {
            let asked: Vec<Option<String>> = asked.iter().map(|a| a.map(str::to_owned)).collect();
            assert_eq!(terms(name, Effort::Prove, absent(place)).await, asked);
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
        api.will_list_pages(&[&[]], 0);
        api.will_list(Ok(Page {
            total_pages: Some(50),
            total_records: Some(150),
            ..page_of(&many)
        }));
        api.will_list_pages(&[&[partner("a", "L", "1")]], 1);
        let legacy = ExternalId::new("L");
        let found = find_one(&api, &legacy, "Company 42", Effort::Prove).await;
        assert!(matches!(found, Ok(Found::Partners(hits)) if hits.len() == 1));
        assert_eq!(api.take_calls().len(), 3);
        // Of two that find as many, the longer one is walked to its end.
        let page = |items: &[RemotePartner]| {
            Ok(Page {
                total_pages: Some(2),
                total_records: Some(2),
                ..page_of(items)
            })
        };
        let [a, b, c] = ["a", "b", "c"].map(|id| partner(id, "L", "1"));
        for items in [&[][..], &[a], &[b], &[c], &[]] {
            api.will_list(page(items));
        }
        api.take_questions();
        let found = find_one(&api, &legacy, "Company 42", Effort::Prove).await;
        assert!(found.is_ok(), "{found:?}");
        let asked = api.take_questions();
        let last = asked.last().unwrap().0.parameters.last().unwrap();
        assert_eq!(*last, ("searchTerm", "Company".to_owned()), "{asked:?}");
    }

    #[tokio::test]
    async fn of_several_hits_the_oldest_is_the_first() {
        let api = Scripted::default();
        let hits = [
            partner("new", "L", "2026-03-04T10:00:00Z"),
            partner("other", "M", "2020-01-01T00:00:00Z"),
            partner("old", "L", "2026-03-01T10:00:00Z"),
        ];
        api.will_list_pages(&[&hits], 3);
        let found = find_one(&api, &ExternalId::new("L"), "Name", Effort::Prove).await;
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
            api.will_list_pages(&[&a, &[]], 2);
            match find_one(&api, &ExternalId::new(legacy), "Name", Effort::Prove).await {
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
    async fn a_partner_is_found_by_a_plain_word_alone() {
        let there = [partner("x", "X", "1"), partner("a", "L", "1")];
        for (name, pages, place, asked) in [
            ("The Name", &[&there[..]][..], Some(Place::Inside), "Name"),
            ("Longest is not", &[&there], Some(Place::Inside), "not"),
            (
                "Name",
                &[&there[..1], &there[1..]],
                Some(Place::Whole),
                "Name Name",
            ),
            ("Name", &[&there[..1]], None, "Name"),
            ("名前", &[], None, ""),
        ] {
            let api = Scripted::default();
            api.will_list_pages(pages, pages.concat().len() as u64);
            let found = find_by_word(&api, &ExternalId::new("L"), name).await;
            assert_eq!(found, Ok(place), "{name}");
            let questions = api.take_questions().into_iter();
            let words = questions.map(|(filter, _)| filter.parameters[1].1.clone());
            assert_eq!(words.collect::<Vec<_>>().join(" "), asked);
        }
    }
}
