//! What the owner does when: takes rows, commits outcomes together, ends a pass, and ends itself.

use super::bench::*;
use super::*;
use crate::partner::{ApiWords, CreateOutcome, PartnerId};
use crate::state::{Event, PerRow, StateError};

fn job(number: u32) -> Job {
    Job {
        row: row(number, None),
        ids: Vec::new(),
        attempts: 0,
    }
}

fn settlement(number: u32) -> (Settlement, After) {
    let key = row(number, None).key;
    let settlement = Settlement::new(key.clone(), Event::ConfirmedAbsent);
    (settlement, After::Absent(key))
}

fn pass() -> oneshot::Sender<PassEnd> {
    oneshot::channel().0
}

type Change = fn(&mut Delivery<FakeApi>);

/// What is still under way, by one example of each.
const UNDER_WAY: [(&str, Change); 4] = [
    ("a task", |delivery| {
        delivery.tasks.spawn(std::future::pending());
    }),
    ("to claim", |delivery| delivery.to_claim.push_back(job(1))),
    ("ready", |delivery| delivery.ready.push_back(job(1))),
    ("to settle", |delivery| {
        delivery.to_settle.push(settlement(1));
    }),
];

#[tokio::test]
async fn rows_are_taken_up_to_a_bound_and_not_behind_the_end_of_a_pass() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    assert!(delivery.wants_rows());
    delivery.to_claim.extend((1..1024).map(job));
    assert!(delivery.wants_rows());
    delivery.to_claim.push_back(job(1024));
    assert!(!delivery.wants_rows());
    delivery.to_claim.clear();
    delivery.pass = Some(pass());
    assert!(!delivery.wants_rows());
}

/// What is queued here is out of the reach of the other machines of an import: a slow API gets few rows ahead, a fast one many.
#[tokio::test]
async fn of_a_shared_import_as_many_rows_are_taken_as_are_soon_sent() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    delivery.options.shares = true;
    let most = |delivery: &mut Delivery<FakeApi>| {
        delivery.to_claim.clear();
        (0..2000)
            .take_while(|n| {
                delivery.to_claim.extend((*n > 0).then(|| job(*n)));
                delivery.wants_rows()
            })
            .count()
    };
    assert_eq!(most(&mut delivery), 2 * delivery.options.workers);
    for _ in 0..20 {
        delivery.window.starved();
    }
    assert_eq!(most(&mut delivery), 1024);
}

#[tokio::test]
async fn it_is_idle_when_nothing_is_left_to_do() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None)]).await;
    let suspect: (&str, Change) = ("a suspect", |delivery| {
        delivery.suspects.push(Answered {
            job: Box::new(job(1)),
            outcome: CreateOutcome::Created(PartnerId::new("p")),
            attempts: 1,
        });
    });
    let end_of_pass: (&str, Change) = ("a pass", |delivery| delivery.pass = Some(pass()));
    for (what, change) in UNDER_WAY.into_iter().chain([suspect, end_of_pass]) {
        let mut delivery = bench.delivery();
        assert!(delivery.is_idle());
        change(&mut delivery);
        for stopping in [false, true] {
            delivery.stopping = stopping;
            assert!(!delivery.is_idle(), "{what}");
        }
    }
    // A doubt is waited for, unless it is given up or the run stops.
    bench.begin();
    let mut delivery = bench.delivery();
    assert!(!delivery.is_idle());
    delivery.stopping = true;
    assert!(delivery.is_idle());
    delivery.stopping = false;
    let doubted = delivery.doubts.values_mut().next().unwrap();
    doubted.give_up("no");
    assert!(delivery.is_idle());
}

#[tokio::test]
async fn a_pass_ends_when_nothing_of_it_is_under_way() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (what, change) in UNDER_WAY {
        for stopping in [false, true] {
            let mut delivery = bench.delivery();
            delivery.stopping = stopping;
            delivery.pass = Some(pass());
            change(&mut delivery);
            delivery.end_pass_if_over();
            assert!(delivery.pass.is_some(), "{what}");
        }
    }
    let mut delivery = bench.delivery();
    let (reply, end) = oneshot::channel();
    delivery.pass = Some(reply);
    delivery.postponed = vec![3, 1];
    delivery.progress = 7;
    delivery.end_pass_if_over();
    let end = end.await.unwrap();
    assert_eq!((end.postponed, end.progress), (vec![1, 3], 7));
    assert_eq!((delivery.postponed.len(), delivery.progress), (0, 0));
}

/// Only what is proved absent and had no row by the end of the pass is not in the file.
#[tokio::test]
async fn a_doubt_without_a_row_is_settled_at_the_end_of_a_pass() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench
        .claim(&[row(1, None), row(2, None), row(3, None)])
        .await;
    bench.begin();
    let mut delivery = bench.delivery();
    for number in [1, 2] {
        let doubted = delivery.doubts.get_mut(&row(number, None).key).unwrap();
        doubted.missing = Missing::Proved;
        doubted.row = (number == 2).then(|| row(number, None));
    }
    delivery.pass = Some(pass());
    // So that the outcome waits for others.
    delivery.sending = 1;
    delivery.end_pass_if_over();
    let keys: Vec<&str> = delivery
        .to_settle
        .iter()
        .map(|(s, _)| s.key.as_str())
        .collect();
    assert_eq!(keys, ["K1"]);
    assert!(delivery.pass.is_some(), "K3 is not looked up yet");
}

#[tokio::test(start_paused = true)]
async fn outcomes_that_others_follow_are_committed_together() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    // How many, and how many milliseconds the first of them has waited.
    for (outcomes, waited, others_follow, together) in [
        (1, 0, false, false),
        (1, 0, true, true),
        (1, 4, true, true),
        (1, 5, true, false),
        (255, 0, true, true),
        (256, 0, true, false),
    ] {
        let mut delivery = bench.delivery();
        delivery.sending = usize::from(others_follow);
        delivery.to_settle.extend((0..outcomes).map(settlement));
        if waited > 0 {
            delivery.flush_settlements();
            tokio::time::advance(Duration::from_millis(waited)).await;
        }
        delivery.flush_settlements();
        let what = format!("{outcomes} {waited} {others_follow}");
        assert_eq!(delivery.settling, usize::from(!together), "{what}");
        assert_eq!(delivery.to_settle.is_empty(), !together, "{what}");
        assert_eq!(delivery.settle_by.is_some(), together, "{what}");
    }
    // Somebody waits for them, or nothing more comes.
    for change in [
        (|delivery| delivery.stopping = true) as Change,
        |delivery| {
            delivery.waiting.insert(row(1, None).key, Vec::new());
        },
    ] {
        let mut delivery = bench.delivery();
        delivery.sending = 1;
        delivery.to_settle.push(settlement(1));
        change(&mut delivery);
        delivery.flush_settlements();
        assert_eq!(delivery.settling, 1);
    }
    // Two commits are asked for at a time, and none of nothing.
    for (settling, after) in [(0, 1), (1, 2), (2, 2)] {
        let mut delivery = bench.delivery();
        delivery.settling = settling;
        delivery.flush_settlements();
        assert_eq!((delivery.settling, delivery.settle_by), (settling, None));
        delivery.to_settle.push(settlement(1));
        delivery.flush_settlements();
        assert_eq!(delivery.settling, after);
    }
}

/// A commit of claims takes the outcomes along that wait for others; where nothing is claimed they go on waiting.
#[tokio::test(start_paused = true)]
async fn outcomes_go_with_the_next_claims() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (rows, settling) in [(0, 0), (1, 1)] {
        let mut delivery = bench.delivery();
        delivery.sending = 1;
        delivery.to_settle.push(settlement(1));
        delivery.to_claim.extend((0..rows).map(|n| job(n + 2)));
        delivery.pump();
        assert_eq!(
            (delivery.claiming > 0, delivery.settling),
            (rows > 0, settling)
        );
        assert_eq!(delivery.to_settle.len(), 1 - settling);
    }
}

/// The window grows where workers have nothing to send when a commit of claims ends.
#[tokio::test]
async fn claims_that_came_too_late_are_more_the_next_time() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (ready, sending, room) in [(0, 0, 8), (0, 3, 8), (0, 4, 4), (1, 3, 4), (1, 0, 4)] {
        let mut delivery = bench.delivery();
        delivery.claiming = 5;
        delivery.ready.extend((10..10 + ready).map(job));
        delivery.sending = sending;
        delivery.done(Done::Claimed(vec![job(1), job(2)], Ok(PerRow::default())));
        assert_eq!(delivery.claiming, 3);
        assert_eq!(delivery.ready.len(), ready as usize + 2);
        assert_eq!(delivery.window.room(0), room, "{ready} {sending}");
    }
}

/// A commit of claims that ends while the run stops: none of the rows is sent, and the next run may send them.
#[tokio::test]
async fn claims_that_come_while_the_run_stops_are_given_back() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    delivery.stopping = true;
    delivery.claiming = 2;
    delivery.done(Done::Claimed(vec![job(1), job(2)], Ok(PerRow::default())));
    assert!(delivery.ready.is_empty());
    let given_back: Vec<(Event, i32)> = delivery
        .to_settle
        .iter()
        .map(|(s, _)| (s.event, s.more_attempts))
        .collect();
    assert_eq!(given_back, [(Event::NotCreated, -1); 2]);
}

#[tokio::test]
async fn what_fails_is_not_under_way_any_more() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    delivery.claiming = 5;
    let failed = || StateError::WriterGone;
    delivery.done(Done::Claimed(vec![job(1), job(2)], Err(failed())));
    assert_eq!(delivery.claiming, 3);
    let outcomes: Vec<RowOutcome> = delivery.finished.iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes, [RowOutcome::Deferred; 2]);
    assert!(bench.stop.is_requested());
    delivery.settling = 2;
    let lost = After::Unsent(Box::new(job(3)));
    delivery.done(Done::Settled(vec![lost], Err(failed())));
    assert_eq!(delivery.settling, 1);
    assert_eq!(delivery.finished[2].outcome, RowOutcome::InDoubt);
}

/// An outcome waits a moment for others, and not for a request that takes long.
#[tokio::test]
async fn an_outcome_is_told_while_others_take_long() {
    let mut api = FakeApi::new(Create::Answered);
    api.takes_for_ever = Some("K2".to_owned());
    let mut bench = Bench::new(api);
    let delivery = bench.delivery();
    let (input, rows) = mpsc::channel(1);
    let running = tokio::spawn(delivery.run(rows));
    let both = vec![row(1, None), row(2, None)];
    input.send(Input::Rows(both)).await.unwrap();
    let told = tokio::time::timeout(Duration::from_mins(1), bench.told()).await;
    let keys: Vec<_> = told.unwrap().into_iter().filter_map(|r| r.key).collect();
    assert_eq!(keys, [row(1, None).key]);
    running.abort();
}

fn not_found() -> CreateOutcome {
    CreateOutcome::Rejected {
        status: 404,
        words: ApiWords::new("no such path"),
    }
}

/// A refusal that may speak of no row waits for an answer that says so, for as long as one may come.
#[tokio::test]
async fn suspects_are_judged_by_the_answers_after_them() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut judged = |seen: usize, changes: &[Change]| {
        let mut delivery = bench.delivery();
        for _ in 0..seen {
            delivery.breaker.see(&not_found(), false);
        }
        delivery.suspects.push(Answered {
            job: Box::new(job(7)),
            outcome: not_found(),
            attempts: 1,
        });
        for change in changes {
            change(&mut delivery);
        }
        delivery.judge_suspects();
        let of_suspect = |(s, _): &&(Settlement, After)| s.key.as_str() == "K7";
        let recorded = delivery.to_settle.iter().find(of_suspect);
        let event = recorded.map(|(s, _)| s.event);
        assert_eq!(event.is_none(), delivery.suspects.len() == 1);
        event
    };
    let ends: [Change; 3] = [
        |delivery| delivery.pass = Some(pass()),
        |delivery| delivery.stopping = true,
        |delivery| delivery.input_ended = true,
    ];
    // The next answer decides: there is one to come until the end of the pass, of the run or of the input.
    assert_eq!(judged(1, &[]), None);
    for end in ends {
        assert_eq!(judged(1, &[end]), Some(Event::Rejected));
        for (what, under_way) in UNDER_WAY {
            assert_eq!(judged(1, &[end, under_way]), None, "{what}");
        }
    }
    // What is decided waits for nothing.
    for (seen, event) in [(0, Event::Rejected), (3, Event::NotCreated)] {
        assert_eq!(judged(seen, &[]), Some(event));
        assert_eq!(judged(seen, &ends[..1]), Some(event));
    }
}

#[tokio::test]
async fn no_more_rows_are_sent_than_there_are_workers() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (looking, before, after) in [(0, 0, 4), (1, 0, 3), (4, 0, 0), (2, 1, 2), (1, 3, 3)] {
        let mut delivery = bench.delivery();
        delivery.ids_of_state = IdsOfState::Read;
        delivery.looking = looking;
        delivery.sending = before;
        delivery.ready.extend((1..=9).map(job));
        delivery.send_ready();
        assert_eq!(delivery.sending, after, "{looking} {before}");
    }
}

/// The window shrinks where a claim comes while there is plenty to send: more than three for each four that it takes.
#[tokio::test]
async fn claims_that_come_too_early_are_fewer_the_next_time() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (ready, to_claim, size) in [
        (7, 30, 14),
        (6, 30, 16),
        (3, 4, 16),
        (4, 5, 14),
        (0, 30, 16),
        (9, 30, 16),
    ] {
        let mut delivery = bench.delivery();
        delivery.window.starved();
        delivery.window.starved();
        delivery.ready.extend((1..=ready).map(job));
        delivery.to_claim.extend((10..10 + to_claim).map(job));
        delivery.claim();
        assert_eq!(delivery.window.room(0), size, "{ready} {to_claim}");
    }
}

/// What is claimed and not sent yet counts, also while its commit is under way.
#[tokio::test]
async fn no_more_rows_are_claimed_than_the_window_has() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (ready, claiming, claimed) in [(0, 0, 4), (1, 1, 2), (2, 1, 0), (0, 2, 2), (2, 0, 2)] {
        let mut delivery = bench.delivery();
        delivery.to_claim.extend((10..30).map(job));
        delivery.ready.extend((1..=ready).map(job));
        delivery.claiming = claiming;
        delivery.claim();
        assert_eq!(delivery.claiming, claiming + claimed, "{ready} {claiming}");
        assert_eq!(delivery.to_claim.len(), 20 - claimed);
    }
}

/// Between the look at what is due and the wait for it some time may pass: a machine that is busy, or suspended, or results that
/// nobody takes. What became due in it is looked up; nothing else would ever wake the owner.
#[tokio::test]
async fn what_becomes_due_while_results_are_handed_on_is_looked_up() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None)]).await;
    bench.begin();
    bench.api.add("K1", Duration::ZERO);
    let mut delivery = bench.delivery();
    let (teller, mut results) = mpsc::channel(1);
    teller.send(Vec::new()).await.unwrap();
    delivery.results = teller;
    delivery.finish(&row(2, None), RowOutcome::Deferred, None, Vec::new());
    let key = row(1, None).key;
    delivery.start_look(&key);
    let (due, taken) = (Duration::from_millis(200), Duration::from_millis(400));
    delivery.look_again(&key, Instant::now() + due);
    let (input, rows) = mpsc::channel(1);
    let is_created = || bench.record("K1").state == "created";
    let taking = async {
        tokio::time::sleep(taken).await;
        // What was there, and what was handed on.
        results.recv().await.unwrap();
        results.recv().await.unwrap();
        let created = async {
            while !is_created() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let created = tokio::time::timeout(Duration::from_secs(30), created).await;
        drop(input);
        created
    };
    let (_, created) = tokio::join!(delivery.run(rows), taking);
    assert!(created.is_ok(), "it would wait for ever");
}
