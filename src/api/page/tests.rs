use super::super::scripted::{Scripted, page_of, partner};
use super::*;
use crate::partner::ApiWords;

/// What a server answers: ids of two letters each, and `totalRecords`, `currentPageNumber`.
type Answer = (&'static str, Option<u64>, Option<u64>);

fn script(answers: &[Answer]) -> Scripted {
    let api = Scripted::default();
    for (ids, total, number) in answers {
        let items: Vec<RemotePartner> = ids
            .split_whitespace()
            .map(|id| partner(id, id, "1"))
            .collect();
        api.will_list(Ok(Page {
            total_records: *total,
            number: *number,
            ..page_of(&items)
        }));
    }
    api
}

/// Walks by twos over all that a server answers; every prepared answer has to be asked for.
async fn walked(answers: &[Answer]) -> (String, Option<Incomplete>) {
    let api = script(answers);
    let mut walk = PageWalk::with_take(ListFilter::default(), 2);
    let mut seen = Vec::new();
    let flaw = loop {
        match walk.next(&api).await {
            Ok(Some(items)) => seen.extend(items.iter().map(|p| p.id.as_str().to_owned())),
            Ok(None) => break walk.shortfall(true),
            Err(ApiError::Incomplete(flaw)) => break Some(flaw),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(walk.next(&api).await, Ok(None), "it stays at its end");
    assert_eq!(api.take_calls().len(), answers.len(), "{answers:?}");
    (seen.join(" "), flaw)
}

#[tokio::test]
async fn a_list_with_totals_ends_where_they_say_so() {
    for answers in [
        &[("aa", Some(1), None)][..],
        &[("", Some(0), None)],
        &[("aa bb", Some(3), Some(1)), ("cc", Some(3), Some(2))],
        // Pages counted from 0.
        &[("aa bb", Some(3), Some(0)), ("cc", Some(3), Some(1))],
        // A total that fills its last page may be too low, so one more page is asked for, ...
        &[("aa bb", Some(2), None), ("", Some(2), None)],
        // ... for which a server may give the last one again.
        &[("aa bb", Some(2), Some(1)), ("aa bb", Some(2), Some(1))],
    ] {
        let (seen, flaw) = walked(answers).await;
        assert_eq!(flaw, None, "{answers:?}: {seen}");
    }
}

#[tokio::test]
async fn a_total_that_is_too_low_ends_nothing() {
    let (low, none) = (Some(2), None);
    let answers = [
        ("aa bb", low, none),
        ("cc dd", low, none),
        ("ee", low, none),
        ("", low, none),
    ];
    assert_eq!(walked(&answers).await, ("aa bb cc dd ee".to_owned(), None));
    // Also where the server gives its last page for all behind it.
    let answers = [("aa bb", low, none), ("cc", low, none), ("cc", low, none)];
    assert_eq!(walked(&answers).await, ("aa bb cc".to_owned(), None));
}

#[tokio::test]
async fn a_list_without_totals_is_read_until_nothing_new_comes() {
    for (answers, seen) in [
        (&[("", None, None)][..], ""),
        (&[("aa", None, None), ("", None, None)], "aa"),
        (
            &[
                ("aa bb", None, None),
                ("cc", None, None),
                ("dd", None, None),
                ("", None, None),
            ],
            "aa bb cc dd",
        ),
        // A server that gives its last page for all behind it has read `skip`.
        (
            &[
                ("aa bb", None, None),
                ("cc", None, None),
                ("cc", None, None),
            ],
            "aa bb cc",
        ),
        // One that was made meanwhile has moved the last ones on.
        (
            &[
                ("aa bb", None, None),
                ("cc dd", None, None),
                ("dd", None, None),
            ],
            "aa bb cc dd",
        ),
    ] {
        assert_eq!(
            walked(answers).await,
            (seen.to_owned(), None),
            "{answers:?}"
        );
    }
}

/// What a server puts on its first page is what it is asked for from then on: it may count `skip` in either.
#[tokio::test]
async fn a_server_with_shorter_pages_is_asked_for_these() {
    let api = script(&[("aa bb", None, None), ("cc", None, None), ("", None, None)]);
    let mut walk = PageWalk::new(ListFilter::default());
    while walk.next(&api).await.unwrap().is_some() {}
    let takes: Vec<u64> = api.take_questions().iter().map(|(_, take)| *take).collect();
    assert_eq!(takes, [100, 2, 2]);
}

/// A server may refuse a page of a hundred; what else it refuses it refuses of each length.
#[tokio::test]
async fn a_server_that_refuses_long_pages_is_asked_for_shorter_ones() {
    let refuses = |status| ApiError::Status {
        status,
        words: ApiWords::new("no"),
    };
    for (status, refused, takes, is_read) in [
        (400, 1, &[100, 50, 50][..], true),
        (422, 3, &[100, 50, 20, 10, 10], true),
        (400, 4, &[100, 50, 20, 10], false),
        (500, 1, &[100], false),
    ] {
        let api = Scripted::default();
        (0..refused).for_each(|_| api.will_list(Err(refuses(status))));
        let full: Vec<RemotePartner> = (0..*takes.last().unwrap())
            .map(|n| partner(&n.to_string(), "L", "1"))
            .collect();
        if is_read {
            api.will_list(Ok(page_of(&full)));
            api.will_list(Ok(page_of(&[])));
        }
        let mut walk = PageWalk::new(ListFilter::default());
        let read = loop {
            match walk.next(&api).await {
                Ok(Some(_)) => {}
                Ok(None) => break true,
                Err(error) => {
                    assert_eq!(error, refuses(status));
                    break false;
                }
            }
        };
        assert_eq!(read, is_read, "{status}");
        let asked: Vec<u64> = api.take_questions().iter().map(|(_, take)| *take).collect();
        assert_eq!(asked, takes);
    }
}

#[tokio::test]
async fn a_list_that_hides_or_moves_is_incomplete() {
    let fewer = |seen, total| Incomplete::FewerThanTotal { seen, total };
    for (answers, reason) in [
        (&[("", Some(1), None)][..], fewer(0, 1)),
        (
            &[("aa bb", Some(3), None), ("", Some(3), None)],
            fewer(2, 3),
        ),
        // The largest total counts, though the last one is reached.
        (
            &[
                ("aa bb", Some(2), None),
                ("cc", Some(4), None),
                ("", Some(2), None),
            ],
            fewer(3, 4),
        ),
        (
            &[
                ("aa bb", Some(4), None),
                ("cc", Some(3), None),
                ("", Some(3), None),
            ],
            Incomplete::Changed {
                before: 4,
                after: 3,
            },
        ),
        (
            &[
                ("aa bb", Some(3), None),
                ("cc dd", Some(4), None),
                ("", Some(4), None),
            ],
            Incomplete::Changed {
                before: 3,
                after: 4,
            },
        ),
        (
            &[("aa bb", Some(3), None), ("aa bb", Some(3), None)],
            Incomplete::SamePage,
        ),
        (
            &[("aa bb", None, None), ("aa bb", None, None)],
            Incomplete::SamePage,
        ),
        // Pages that go in a circle: what the total leaves open, or what no total says anything of.
        (
            &[
                ("aa bb", Some(9), None),
                ("cc dd", Some(9), None),
                ("aa bb", Some(9), None),
            ],
            fewer(4, 9),
        ),
        (
            &[
                ("aa bb", None, None),
                ("cc dd", None, None),
                ("aa bb", None, None),
            ],
            Incomplete::Circle,
        ),
        (
            &[("aa bb", Some(9), Some(1)), ("bb cc", Some(9), Some(1))],
            Incomplete::WrongPage { asked: 2, came: 1 },
        ),
        (
            &[("aa bb", Some(9), Some(5))],
            Incomplete::WrongPage { asked: 1, came: 5 },
        ),
    ] {
        assert_eq!(walked(answers).await.1, Some(reason), "{answers:?}");
    }
}

#[tokio::test]
async fn a_search_may_have_another_total_on_its_last_page() {
    let api = script(&[
        ("aa bb", Some(3), None),
        ("cc dd", Some(4), None),
        ("", Some(4), None),
    ]);
    let mut walk = PageWalk::with_take(ListFilter::default(), 2);
    while walk.next(&api).await.unwrap().is_some() {}
    assert_eq!(walk.shortfall(false), None);
    assert!(walk.shortfall(true).is_some());
}

#[tokio::test]
async fn a_walk_from_a_later_page_counts_those_before_it() {
    let api = script(&[("ee", Some(5), Some(3))]);
    let mut walk = PageWalk::with_take(ListFilter::default(), 2).from_page(2);
    assert_eq!(walk.next(&api).await.unwrap().unwrap().len(), 1);
    assert_eq!(walk.next(&api).await, Ok(None));
    assert_eq!(api.take_calls(), ["list 2"]);
}
