//! Rows that were posted before: looked up, bounded, and believed absent only by a way of looking that shows what exists.

use super::bench::*;
use super::events::{IdsOfState, Job, StateWitnesses};
use super::*;
use crate::api::{Alike, ApiError, FoundMany, Incomplete, Place};
use crate::delivery::trust::{Belief, Looked, Witness};
use crate::diagnostic::Code;
use crate::partner::{ExternalId, Fingerprint, PartnerId};

/// A row whose answers are all lost and that is never there: three posts in a run, five in all, then it is for a person.
#[tokio::test]
async fn a_row_is_not_posted_for_ever() {
    let mut bench = Bench::new(FakeApi::new(Create::Vanished));
    bench.has_partner(9).await;
    let mut posts = Vec::new();
    for _ in 0..4 {
        let mut delivery = bench.delivery();
        delivery.options.settle = Duration::from_millis(20);
        let input = match posts.len() {
            0 => Input::Rows(vec![row(1, None)]),
            _ => Input::Doubtful(vec![row(1, None)]),
        };
        let (_, told) = bench.run(delivery, vec![input]).await;
        assert_eq!(told["K1"], (RowOutcome::InDoubt, None));
        assert_eq!(bench.codes, [Code::InDoubt]);
        posts.push(bench.api.posts().len());
        bench.begin();
    }
    assert_eq!(posts, [3, 5, 5, 5]);
}

/// An absence proves nothing where no partner is known to exist: the list may show none at all.
#[tokio::test]
async fn without_a_partner_that_exists_absence_is_not_believed() {
    let mut bench = Bench::new(FakeApi::new(Create::Vanished));
    let mut delivery = bench.delivery();
    delivery.options.settle = Duration::from_millis(20);
    let rows = vec![Input::Rows(vec![row(1, None)])];
    let (_, told) = bench.run(delivery, rows).await;
    assert_eq!(told["K1"], (RowOutcome::InDoubt, None));
    assert_eq!(bench.api.posts().len(), 1);
    assert_eq!(bench.stop.reason(), None);
}

/// The walk shows none of the partners that exist: it is a look-up that failed.
#[tokio::test]
async fn a_list_that_hides_what_exists_is_not_believed() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None)]).await;
    bench.begin();
    let mut delivery = bench.delivery();
    delivery.options.settle = Duration::ZERO;
    let key = RowKey::new("K1");
    let later = Instant::now() + SETTLE;
    for (looked, is_believed) in [
        (Looked::ListThatShowsNone, false),
        (Looked::ListThatShowsKnown, true),
    ] {
        delivery.start_look(&key);
        delivery.absent(&key, later, looked, &[]);
        let doubted = &delivery.doubts[&key];
        assert_eq!(doubted.missing == Missing::Proved, is_believed);
        assert_eq!(doubted.failures, 1, "the walk that hides, and no other");
    }
}

/// A row that was refused is looked for before it goes again: somebody may have answered for a partner that is there.
#[tokio::test]
async fn what_was_posted_before_is_looked_up_before_it_is_posted_again() {
    for is_there in [true, false] {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        bench.claim(&[row(1, None)]).await;
        bench.refuse(1).await;
        bench.begin();
        if is_there {
            bench.api.add("K1", Duration::ZERO);
        }
        let mut repaired = row(1, None);
        repaired.fingerprint = Fingerprint([2; 16]);
        let delivery = bench.delivery();
        let rows = vec![Input::Doubtful(vec![repaired])];
        let (_, told) = bench.run(delivery, rows).await;
        let (expected, posts) = if is_there {
            // What is there is what was refused, not what is in the file now.
            (RowOutcome::Changed, 0)
        } else {
            (RowOutcome::Created, 1)
        };
        assert_eq!(told["K1"], (expected, Some("id-K1".to_owned())));
        assert_eq!(bench.api.posts().len(), posts);
    }
}

/// The first post shows after the second one was made: both are seen, since a find after a second post is looked at again.
#[tokio::test]
async fn a_find_after_a_second_post_is_looked_at_once_more() {
    let mut bench = Bench::new(FakeApi::new(Create::LostUntilTheSecond(SETTLE / 2)));
    bench.has_partner(9).await;
    let delivery = bench.delivery();
    let rows = vec![Input::Rows(vec![row(1, None)])];
    let (_, told) = bench.run(delivery, rows).await;
    assert_eq!(bench.api.posts().len(), 2);
    assert_eq!(told["K1"].0, RowOutcome::Created);
    assert_eq!(bench.codes, [Code::DuplicateOnApi]);
}

/// A look-up shows the row's identifier at an id that another row of the state has: that is no partner of its own.
#[tokio::test]
async fn a_partner_of_another_row_is_not_found() {
    let mut bench = Bench::new(FakeApi::new(Create::Lost(Duration::ZERO)));
    bench.has_partner_of(9, "id-K1").await;
    let delivery = bench.delivery();
    let rows = vec![Input::Rows(vec![row(1, None)])];
    let (_, told) = bench.run(delivery, rows).await;
    assert_eq!(told["K1"], (RowOutcome::InDoubt, None));
    assert_eq!(bench.api.posts().len(), 1);
    assert_eq!(bench.record("K1").partner_id, None);
}

/// A search that is believed proves that a row whose answer was lost once is not there; after the second, only the list does.
#[tokio::test]
async fn after_a_second_lost_answer_a_search_proves_nothing() {
    for (lost, is_believed) in [(1, true), (2, false)] {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        bench.claim(&[row(1, None)]).await;
        bench.begin();
        let mut delivery = bench.delivery();
        let known = row(9, None);
        let id = PartnerId::new("id-K9");
        delivery.know(&id, &known.legacy_identifier, "Name");
        assert!(delivery.trust.next_trial().is_some());
        delivery.tried(Ok(Some(Place::Inside)));
        let key = RowKey::new("K1");
        delivery.doubts.get_mut(&key).unwrap().sent.lost = lost;
        delivery.start_look(&key);
        let before = Instant::now();
        delivery.absent(
            &key,
            before + 2 * SETTLE,
            Looked::Search(Some(Place::Whole)),
            &[],
        );
        let doubted = &delivery.doubts[&key];
        assert_eq!(doubted.missing == Missing::Proved, is_believed, "{lost}");
        // The list is walked at once: that the search does not show it is no trouble.
        let looks_again = doubted.next_look.is_some_and(|at| at >= before);
        assert_eq!((looks_again, doubted.failures), (!is_believed, 0), "{lost}");
    }
}

/// A partner whose identifier may be the row's, written otherwise, speaks against its absence, unless another row has it.
#[tokio::test]
async fn a_partner_that_may_be_the_rows_proves_no_absence() {
    for (taken, lost, is_believed) in [(false, 1, false), (true, 1, true), (false, 0, true)] {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        bench.claim(&[row(1, None)]).await;
        bench.begin();
        let mut delivery = bench.delivery();
        let alike = Alike {
            id: PartnerId::new("id-k1"),
            legacy_identifier: ExternalId::new("k1"),
        };
        if taken {
            delivery.ids.take(&alike.id);
        }
        let key = RowKey::new("K1");
        delivery.doubts.get_mut(&key).unwrap().sent.lost = lost;
        delivery.start_look(&key);
        let began = Instant::now() + 2 * SETTLE;
        delivery.absent(&key, began, Looked::ListThatShowsKnown, &[alike]);
        let doubted = &delivery.doubts[&key];
        assert_eq!(
            doubted.missing == Missing::Proved,
            is_believed,
            "{taken} {lost}"
        );
        let trouble = doubted.trouble.as_deref().unwrap_or("");
        assert_eq!(trouble.contains("the partner id-k1"), !is_believed);
    }
}

/// A walk over a list that grows as rows are sent is no trouble of the list, and is made once none are sent.
#[tokio::test(start_paused = true)]
async fn a_list_that_grows_is_read_when_nothing_is_sent() {
    let changed = || Incomplete::Changed {
        before: 1,
        after: 2,
    };
    let fewer = || Incomplete::FewerThanTotal { seen: 1, total: 2 };
    // Seconds before the walk began; behind it where there are less than none.
    for (why, sending, last_create, is_postponed) in [
        (changed(), 1, None, true),
        (changed(), 0, None, false),
        // A moment without a create, and one was answered during the walk, or before it.
        (changed(), 0, Some(-1), true),
        (changed(), 0, Some(1), false),
        (fewer(), 1, None, false),
        (fewer(), 0, Some(-1), false),
    ] {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        bench.claim(&[row(1, None)]).await;
        bench.begin();
        let mut delivery = bench.delivery();
        let key = RowKey::new("K1");
        delivery.ids_of_state = IdsOfState::Read;
        delivery.doubts.get_mut(&key).unwrap().sent.lost = 2;
        delivery.start_look(&key);
        tokio::time::advance(2 * SETTLE).await;
        delivery.sending = sending;
        let incomplete = FoundMany {
            why: Some(why.clone()),
            ..FoundMany::default()
        };
        let began = Instant::now();
        delivery.last_create = last_create.map(|before: i64| {
            let apart = Duration::from_secs(before.unsigned_abs());
            if before < 0 {
                began + apart
            } else {
                began - apart
            }
        });
        delivery.swept(vec![key.clone()], began, Ok(incomplete), 0);
        assert_eq!(delivery.doubts[&key].failures == 0, is_postponed, "{why}");
        assert_eq!(
            delivery.doubts[&key].obstacle.is_some(),
            is_postponed,
            "{why}"
        );
        if is_postponed {
            for (sending, claiming, walks) in [(1, 0, false), (0, 1, false), (0, 0, true)] {
                (delivery.sending, delivery.claiming) = (sending, claiming);
                tokio::time::advance(Duration::from_secs(2)).await;
                delivery.look();
                assert_eq!(delivery.walking, walks);
                assert_eq!(delivery.doubts[&key].next_look.is_none(), walks);
            }
        }
    }
}

/// Nothing follows from the absence of a row that is left to a person, so the settling time is not waited for; a run that
/// settles for a person waits.
#[tokio::test]
async fn a_row_for_a_person_is_not_waited_for() {
    for (lost, settles, waits) in [(4, false, true), (5, false, false), (5, true, true)] {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        bench.claim(&[row(1, None)]).await;
        bench.begin();
        let mut delivery = bench.delivery();
        delivery.options.settles_for_a_person = settles;
        let key = RowKey::new("K1");
        delivery.doubts.get_mut(&key).unwrap().sent.lost = lost;
        delivery.start_look(&key);
        let began = Instant::now();
        delivery.absent(&key, began, Looked::Search(Some(Place::Whole)), &[]);
        let doubted = &delivery.doubts[&key];
        let at = waits.then_some(doubted.settled_at);
        assert_eq!(doubted.next_look, at, "{lost} {settles}");
        assert_eq!(doubted.is_given_up(), !waits, "{lost} {settles}");
        assert_eq!(delivery.under_way.contains(&key), waits);
        // Once it is proved that it is not there, too.
        delivery.absent(&key, began + 2 * SETTLE, Looked::ListThatShowsKnown, &[]);
        let is_proved = delivery.doubts[&key].missing == Missing::Proved;
        assert_eq!(is_proved, waits, "{lost} {settles}");
    }
}

/// A row whose partner is not there goes again, unless it was set aside or the run is stopping.
#[tokio::test]
async fn what_is_not_there_goes_again_unless_something_speaks_against_it() {
    for (set_aside, stopping) in [(false, false), (true, false), (false, true)] {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        bench.claim(&[row(1, None)]).await;
        bench.begin();
        let mut delivery = bench.delivery();
        delivery.stopping = stopping;
        let key = RowKey::new("K1");
        let doubted = delivery.doubts.get_mut(&key).unwrap();
        doubted.row = Some(row(1, None));
        doubted.set_aside = set_aside;
        delivery.absence_settled(&key);
        let goes = !set_aside && !stopping;
        assert_eq!(delivery.to_claim.len(), usize::from(goes));
        assert_eq!(delivery.set_aside, u64::from(set_aside));
        let told: Vec<RowOutcome> = delivery.finished.iter().map(|r| r.outcome).collect();
        assert_eq!(told, vec![RowOutcome::Deferred; usize::from(!goes)]);
    }
}

/// What is known to exist is looked for where an absence waits for it, one search at a time, and not during an outage.
#[tokio::test]
async fn trust_is_sought_where_an_absence_waits_for_it() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None)]).await;
    bench.begin();
    let mut delivery = bench.delivery();
    delivery.seek_trust();
    assert_eq!(delivery.state_witnesses, StateWitnesses::Unread);
    let key = RowKey::new("K1");
    let began = Instant::now() + 2 * SETTLE;
    delivery.doubts.get_mut(&key).unwrap().missing =
        Missing::Unproved(began, Looked::Search(Some(Place::Whole)));
    delivery.flow.hold(false, Instant::now());
    delivery.seek_trust();
    assert_eq!(delivery.state_witnesses, StateWitnesses::Unread);
    delivery.flow.answers();
    delivery.seek_trust();
    assert_eq!(delivery.state_witnesses, StateWitnesses::Reading);
    // Nothing is decided before the state's partners are known.
    let known = |number| Witness {
        id: PartnerId::new(format!("id-K{number}")),
        legacy_identifier: row(number, None).legacy_identifier,
        business_name: "Name".to_owned(),
    };
    delivery.trust.add(known(8));
    delivery.seek_trust();
    assert!(!delivery.trust.is_trying());
    delivery.witnesses_read(vec![known(9)]);
    assert_eq!(delivery.trust.known().len(), 2);
    delivery.seek_trust();
    assert!(delivery.trust.is_trying());
    delivery.seek_trust();
    delivery.tried(Ok(None));
    assert_eq!(delivery.trust.search(), Belief::Untried, "one is left");
    assert!(delivery.doubts[&key].is_unproved());
    delivery.seek_trust();
    delivery.tried(Ok(None));
    assert_eq!(delivery.trust.search(), Belief::Refuted);
    assert_eq!(delivery.doubts[&key].missing, Missing::Unknown);
}

/// A walk over the list takes a worker like any look-up; where none is free, nothing is begun.
#[tokio::test]
async fn look_ups_take_no_more_workers_than_there_are() {
    for (sending, looking, begun) in [(0, 0, 4), (0, 3, 1), (2, 1, 1), (0, 4, 0), (4, 0, 0)] {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        let rows: Vec<PreparedPartner> = (1..=6).map(|number| row(number, None)).collect();
        bench.claim(&rows).await;
        bench.begin();
        let mut delivery = bench.delivery();
        let only_by_list = delivery.doubts.get_mut(&RowKey::new("K1")).unwrap();
        only_by_list.sent.lost = 2;
        only_by_list.settled_at = Instant::now();
        let now = Instant::now();
        let early = now.checked_sub(SETTLE).unwrap();
        assert!(delivery.is_due_by_list(&RowKey::new("K1"), now));
        assert!(!delivery.is_due_by_list(&RowKey::new("K1"), early));
        assert!(!delivery.is_due_by_list(&RowKey::new("K2"), now + 2 * SETTLE));
        (delivery.sending, delivery.looking) = (sending, looking);
        delivery.ids_of_state = IdsOfState::Read;
        delivery.look();
        assert_eq!(delivery.looking, looking + begun);
        assert_eq!(delivery.schedule.len(), 6 - begun);
        assert_eq!(delivery.walking, begun > 0);
    }
}

/// Only what nothing can prove is given up; what is to be looked up again is not.
#[tokio::test]
async fn what_may_yet_be_looked_up_is_not_given_up() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None), row(2, None)]).await;
    bench.begin();
    let mut delivery = bench.delivery();
    let key = RowKey::new("K1");
    let began = Instant::now() + 2 * SETTLE;
    delivery.doubts.get_mut(&key).unwrap().missing =
        Missing::Unproved(began, Looked::Search(Some(Place::Whole)));
    delivery.give_up_unproved();
    let given_up = |key: &str| delivery.doubts[&RowKey::new(key)].is_given_up();
    assert_eq!((given_up("K1"), given_up("K2")), (true, false));
}

/// By it a walk is told from one that met this run's own creates.
#[tokio::test(start_paused = true)]
async fn it_is_known_when_a_create_was_last_under_way() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None)]).await;
    let mut delivery = bench.delivery();
    delivery.ids_of_state = IdsOfState::Read;
    let (row, ids, attempts) = (row(1, None), Vec::new(), 0);
    delivery.ready.push_back(Job { row, ids, attempts });
    assert_eq!(delivery.last_create, None);
    delivery.send_ready();
    let begun = Instant::now();
    assert_eq!(delivery.last_create, Some(begun));
    let done = delivery.tasks.join_next().await.unwrap().unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    delivery.done(done);
    assert_eq!(delivery.last_create, Some(Instant::now()));
}

/// Searches fail and the list is shown: the row is looked for there, found, or posted again.
#[tokio::test(start_paused = true)]
async fn where_searches_fail_the_list_is_walked() {
    for (create, is_there) in [
        (Create::Lost(Duration::ZERO), true),
        (Create::Vanished, false),
    ] {
        let mut api = FakeApi::new(create);
        api.search_error = Some(ApiError::Status {
            status: 500,
            words: crate::partner::ApiWords::new("no index"),
        });
        let mut bench = Bench::new(api);
        bench.has_partner(9).await;
        let mut delivery = bench.delivery();
        delivery.options.settle = Duration::from_millis(20);
        let rows = vec![Input::Rows(vec![row(1, None)])];
        let (_, told) = bench.run(delivery, rows).await;
        let expected = if is_there {
            (RowOutcome::Created, Some("id-K1".to_owned()))
        } else {
            (RowOutcome::InDoubt, None)
        };
        assert_eq!(told["K1"], expected);
        // One that is not there is posted as often as a run may.
        assert_eq!(bench.api.posts().len(), if is_there { 1 } else { 3 });
    }
}
