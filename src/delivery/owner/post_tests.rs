//! Rows that were posted before: looked up, bounded, and believed absent only by a way of looking that shows what exists.

use super::bench::*;
use super::*;
use crate::delivery::trust::Looked;
use crate::diagnostic::Code;
use crate::partner::Fingerprint;

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
        delivery.absent(&key, later, looked);
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
    let late = SETTLE + SETTLE / 2;
    let mut bench = Bench::new(FakeApi::new(Create::LostEach(vec![late, Duration::ZERO])));
    bench.has_partner(9).await;
    let delivery = bench.delivery();
    let rows = vec![Input::Rows(vec![row(1, None)])];
    let (_, told) = bench.run(delivery, rows).await;
    assert_eq!(bench.api.posts().len(), 2);
    assert_eq!(told["K1"].0, RowOutcome::Created);
    assert_eq!(bench.codes, [Code::DuplicateOnApi]);
}
