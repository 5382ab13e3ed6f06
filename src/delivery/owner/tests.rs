use super::bench::*;
use super::*;
use crate::api::{ApiError, FoundMany};
use crate::partner::{ApiWords, CreateOutcome, DoubtCause, Fingerprint, NotCreated, PartnerId};

fn outcome(of: RowOutcome, key: &str) -> (RowOutcome, Option<String>) {
    (of, Some(format!("id-{key}")))
}

#[tokio::test]
async fn a_lost_answer_is_not_posted_again_before_the_settling_time() {
    let mut bench = Bench::new(FakeApi::new(Create::Lost(WITHIN)));
    let delivery = bench.delivery();
    let (_, told) = bench
        .run(delivery, vec![Input::Rows(vec![row(1, None)])])
        .await;
    assert_eq!(bench.api.posts().len(), 1);
    assert_eq!(told["K1"], outcome(RowOutcome::Created, "K1"));
}

#[tokio::test]
async fn a_doubt_of_an_earlier_run_is_not_posted_again_before_the_settling_time() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None)]).await;
    bench.begin();
    assert_eq!(bench.doubts.len(), 1);
    let delivery = bench.delivery();
    bench.api.add("K1", WITHIN);
    let (_, told) = bench
        .run(delivery, vec![Input::Doubtful(vec![row(1, None)])])
        .await;
    assert_eq!(bench.api.posts(), Vec::<String>::new());
    assert_eq!(told["K1"], outcome(RowOutcome::Created, "K1"));
}

#[tokio::test]
async fn a_row_that_changed_while_it_was_in_doubt_is_reported_as_changed() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None), row(2, None)]).await;
    bench.begin();
    for key in ["K1", "K2"] {
        bench.api.add(key, Duration::ZERO);
    }
    let mut changed = row(2, None);
    changed.fingerprint = Fingerprint([2; 16]);
    let delivery = bench.delivery();
    let (_, told) = bench
        .run(delivery, vec![Input::Doubtful(vec![row(1, None), changed])])
        .await;
    assert_eq!(told["K1"], outcome(RowOutcome::Created, "K1"));
    assert_eq!(told["K2"], outcome(RowOutcome::Changed, "K2"));
}

#[tokio::test]
async fn a_look_up_that_is_not_authorised_stops_the_run() {
    let error = ApiError::Unauthorised(ApiWords::new("expired"));
    let mut api = FakeApi::new(Create::Lost(Duration::ZERO));
    api.list_error = Some(error);
    let mut bench = Bench::new(api);
    let delivery = bench.delivery();
    let (_, told) = bench
        .run(delivery, vec![Input::Rows(vec![row(1, None)])])
        .await;
    assert!(
        matches!(bench.stop.reason(), Some(StopReason::NotAuthorised(_))),
        "{:?}",
        bench.stop.reason()
    );
    assert_eq!(told["K1"].0, RowOutcome::InDoubt);
}

/// A claimed row that a stop keeps from being sent is free for the next run, and no request is counted for it.
#[tokio::test]
async fn claims_that_a_stop_leaves_unsent_are_given_back() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    bench.claim(&[row(1, None)]).await;
    delivery.ready.push_back(Job {
        row: row(1, None),
        ids: Vec::new(),
        attempts: 0,
    });
    bench.stop.request(StopReason::Interrupted);
    let (_, told) = bench.run(delivery, Vec::new()).await;
    assert_eq!(told["K1"].0, RowOutcome::Deferred);
    let record = bench.record("K1");
    assert_eq!(
        (record.state.to_string().as_str(), record.attempts),
        ("unsent", 0)
    );
    assert_eq!(bench.api.posts(), Vec::<String>::new());
}

#[tokio::test]
async fn an_outcome_that_could_not_be_recorded_is_in_doubt() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    let job = |number| {
        Box::new(Job {
            row: row(number, None),
            ids: Vec::new(),
            attempts: 0,
        })
    };
    delivery.unrecorded(After::Made(job(1), PartnerId::new("id-K1")));
    delivery.unrecorded(After::Refused(job(2), 400, "no".to_owned()));
    delivery.unrecorded(After::Lost(job(3), None, "reset".to_owned()));
    delivery.unrecorded(After::Unsent(job(4)));
    let outcomes: Vec<RowOutcome> = delivery.finished.iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes, [RowOutcome::InDoubt; 4]);
    // That a partner was made is not claimed by a report whose state does not know it.
    assert!(delivery.finished.iter().all(|r| r.partner.is_none()));
}

#[tokio::test]
async fn parents_that_come_first_need_one_pass() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let rows: Vec<PreparedPartner> = (0..200)
        .map(|i: u32| row(i, i.checked_sub(1).map(|before| before / 2)))
        .collect();
    let delivery = bench.delivery();
    let (end, told) = bench.run(delivery, vec![Input::Rows(rows)]).await;
    assert_eq!(end.postponed, Vec::<u32>::new());
    assert_eq!(told.len(), 200);
    for post in bench.api.posts().iter().skip(1) {
        let (key, parent) = post.split_once(' ').unwrap();
        let number: u32 = key[1..].parse().unwrap();
        assert_eq!(parent, format!("id-K{}", (number - 1) / 2));
    }
}

/// The bound on waiting children counts those that wait, not all that ever did.
#[tokio::test]
async fn children_that_wait_no_more_are_not_counted() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    let wait = |delivery: &mut Delivery<FakeApi>| {
        delivery.under_way.insert(RowKey::new("K1"));
        delivery.linked(row(2, Some(1)), vec![None]);
        delivery.linked(row(3, Some(2)), vec![None]);
        assert_eq!(delivery.waiting_count, 2);
    };
    wait(&mut delivery);
    delivery.wake_children(&RowKey::new("K1"), false);
    assert_eq!(delivery.waiting_count, 0);
    assert_eq!(delivery.postponed, [2, 3]);
    wait(&mut delivery);
    delivery.wake_children(&RowKey::new("K1"), true);
    delivery.wake_children(&RowKey::new("K2"), true);
    assert_eq!(delivery.waiting_count, 0);
    wait(&mut delivery);
    delivery.begin_stop();
    assert_eq!(delivery.waiting_count, 0);
}

/// One walk over the list stands for many look-ups: when it fails, each of them failed once.
#[tokio::test]
async fn a_walk_that_fails_is_a_failed_look_up_of_each_row() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let rows: Vec<PreparedPartner> = (1..=12).map(|i| row(i, None)).collect();
    bench.claim(&rows).await;
    bench.begin();
    let mut delivery = bench.delivery();
    let keys: Vec<RowKey> = rows.iter().map(|r| r.key.clone()).collect();
    let error = |status| ApiError::Status {
        status,
        words: ApiWords::new("down"),
    };
    for failures in 1..=5 {
        for key in &keys {
            delivery.start_look(key);
        }
        assert!(delivery.schedule.is_empty());
        let before = Instant::now();
        delivery.swept(keys.clone(), before, Err(error(500)), 0);
        assert_eq!(delivery.schedule.len(), 12);
        for doubted in delivery.doubts.values() {
            assert_eq!(doubted.failures, failures);
            assert!(doubted.next_look.is_some_and(|at| at >= before));
            assert!(!doubted.is_given_up());
        }
    }
    for key in &keys {
        delivery.start_look(key);
    }
    delivery.swept(keys, Instant::now(), Err(error(500)), 0);
    assert!(delivery.schedule.is_empty());
    assert!(delivery.doubts.values().all(Doubted::is_given_up));
    assert_eq!(bench.stop.reason(), None);
    // They are left as they are: in doubt, for the next run.
    assert_eq!(delivery.leave_doubts(), 12);
    assert_eq!(bench.record("K1").state.to_string(), "in_doubt");
}

/// A walk that does not show all proves nothing of any row.
#[tokio::test]
async fn a_walk_that_found_too_little_sends_each_row_to_a_look_up_of_its_own() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let rows: Vec<PreparedPartner> = (1..=12).map(|i| row(i, None)).collect();
    bench.claim(&rows).await;
    bench.begin();
    let mut delivery = bench.delivery();
    let keys: Vec<RowKey> = rows.iter().map(|r| r.key.clone()).collect();
    for key in &keys {
        delivery.start_look(key);
    }
    let nothing = FoundMany {
        found: HashMap::new(),
        alike: HashMap::new(),
        is_complete: false,
        why: None,
        shows_known: false,
    };
    delivery.swept(keys, Instant::now(), Ok(nothing), 0);
    assert_eq!(delivery.schedule.len(), 12);
    assert!(delivery.doubts.values().all(|d| d.alone && d.failures == 0));
}

/// Throttling that never ends is a stop for the whole run, and the row is free for the next.
#[tokio::test]
async fn a_row_that_stays_throttled_is_deferred_and_stops_the_run() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    bench.claim(&[row(1, None)]).await;
    let job = Box::new(Job {
        row: row(1, None),
        ids: Vec::new(),
        attempts: 0,
    });
    let throttled = CreateOutcome::NotCreated(NotCreated::Throttled { retry_after: None });
    delivery.answered(Answered {
        job,
        outcome: throttled,
        attempts: 30,
    });
    let (_, told) = bench.run(delivery, Vec::new()).await;
    assert_eq!(told["K1"].0, RowOutcome::Deferred);
    assert!(matches!(bench.stop.reason(), Some(StopReason::ApiDown(_))));
    let record = bench.record("K1");
    assert_eq!(
        (record.state.to_string().as_str(), record.attempts),
        ("unsent", 30)
    );
}

fn refused_if_absent() -> CreateOutcome {
    CreateOutcome::InDoubt {
        cause: DoubtCause::Unproved,
        status: Some(409),
        words: ApiWords::new("conflict"),
        retry_after: None,
    }
}

/// A 409 whose partner is not there refuses the payload that was sent; the repaired row may go.
#[tokio::test]
async fn a_row_repaired_since_its_refusal_is_sent_once_its_partner_is_known_to_be_absent() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.has_partner(9).await;
    let mut delivery = bench.delivery();
    bench.claim(&[row(1, None), row(2, None)]).await;
    for number in [1, 2] {
        let job = Box::new(Job {
            row: row(number, None),
            ids: Vec::new(),
            attempts: 0,
        });
        let outcome = refused_if_absent();
        delivery.answered(Answered {
            job,
            outcome,
            attempts: 1,
        });
    }
    bench.stop.request(StopReason::TimeOver);
    bench.run(delivery, Vec::new()).await;
    bench.stop = Stop::default();
    bench.begin();
    let mut repaired = row(2, None);
    repaired.fingerprint = Fingerprint([2; 16]);
    let delivery = bench.delivery();
    let rows = vec![Input::Doubtful(vec![row(1, None), repaired])];
    let (_, told) = bench.run(delivery, rows).await;
    assert_eq!(told["K1"], (RowOutcome::Rejected, None));
    assert_eq!(told["K2"], outcome(RowOutcome::Created, "K2"));
    assert_eq!(bench.api.posts(), ["K2 "]);
    let record = bench.record("K1");
    assert_eq!((record.state, record.status), ("rejected", Some(409)));
    assert_eq!(record.words.as_deref(), Some("conflict"));
}

/// The partner that settled a doubt has its row: an answer that gives its id to another one is not believed.
#[tokio::test]
async fn an_id_that_a_look_up_found_is_taken() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.claim(&[row(1, None)]).await;
    bench.begin();
    bench.api.add("K1", Duration::ZERO);
    let mut delivery = bench.delivery();
    let hits = vec![remote("K1")];
    delivery.found(&RowKey::new("K1"), &hits);
    assert!(!delivery.ids.take(&PartnerId::new("id-K1")));
    assert!(delivery.ids.take(&PartnerId::new("id-K2")));
}

/// Ids of the state are known before the first row is sent.
#[tokio::test]
async fn nothing_is_sent_before_the_ids_of_the_state_are_read() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let delivery = bench.delivery();
    bench
        .run(delivery, vec![Input::Rows(vec![row(1, None)])])
        .await;
    bench.begin();
    let mut delivery = bench.delivery();
    delivery.ready.push_back(Job {
        row: row(2, None),
        ids: Vec::new(),
        attempts: 0,
    });
    delivery.pump();
    assert_eq!((delivery.sending, delivery.ready.len()), (0, 1));
    let read = delivery.tasks.join_next().await.unwrap().unwrap();
    delivery.done(read);
    delivery.pump();
    assert_eq!((delivery.sending, delivery.ready.len()), (1, 0));
    assert!(!delivery.ids.take(&PartnerId::new("id-K1")));
}

/// Each answer is lost, and each partner is found: the API creates what it is sent, however it answers.
#[tokio::test]
async fn doubts_that_are_found_do_not_stop_the_run() {
    let mut bench = Bench::new(FakeApi::new(Create::Lost(Duration::ZERO)));
    let delivery = bench.delivery();
    let rows = (1..=100).map(|i| row(i, None)).collect();
    let (_, told) = bench.run(delivery, vec![Input::Rows(rows)]).await;
    assert_eq!(bench.stop.reason(), None);
    assert_eq!(told.len(), 100);
    assert!(told.values().all(|t| t.0 == RowOutcome::Created));
}

/// Half of the doubts that would stop the run are there: the next row waits for whatever leads to a look-up now.
#[tokio::test]
async fn after_many_doubts_a_row_waits_for_their_look_ups() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    delivery.ids_of_state = IdsOfState::Read;
    let sends = |delivery: &mut Delivery<FakeApi>| {
        delivery.ready.push_back(Job {
            row: row(1, None),
            ids: Vec::new(),
            attempts: 0,
        });
        delivery.send_ready();
        delivery.ready.pop_back().is_none()
    };
    let key = RowKey::new("K2");
    delivery.looking = 1;
    for _ in 0..9 {
        delivery.breaker.see(&refused_if_absent(), false);
    }
    assert!(sends(&mut delivery));
    delivery.breaker.see(&refused_if_absent(), false);
    assert!(!sends(&mut delivery));
    delivery.looking = 0;
    delivery.settling = 1;
    assert!(!sends(&mut delivery));
    delivery.settling = 0;
    delivery.settle_absent(key.clone());
    assert!(!sends(&mut delivery));
    delivery.to_settle.clear();
    delivery.schedule.insert((Instant::now(), key.clone()));
    assert!(!sends(&mut delivery));
    // One that is due later is not waited for, and nothing is where there is none.
    delivery.schedule.clear();
    let later = Instant::now() + Duration::from_hours(1);
    delivery.schedule.insert((later, key));
    assert!(sends(&mut delivery));
}
