//! What becomes of single rows: on their way in, in doubt, answered, and left at the end.

use super::bench::*;
use super::*;
use crate::api::{ApiError, Found, Place};
use crate::delivery::MaySend;
use crate::delivery::breaker::Sign;
use crate::delivery::trust::{Looked, Witness};
use crate::diagnostic::Code;
use crate::partner::{ApiWords, CreateOutcome, NotCreated, PartnerId};
use crate::state::{Event, RecordState};

fn job(number: u32) -> Box<Job> {
    Box::new(Job {
        row: row(number, None),
        ids: Vec::new(),
        attempts: 0,
    })
}

fn key(number: u32) -> RowKey {
    row(number, None).key
}

/// A row in doubt, as its answer was just lost.
fn lost(number: u32) -> Doubted {
    Doubted::lost(row(number, None), Sent::default(), Instant::now(), SETTLE)
}

#[tokio::test]
async fn what_is_found_is_progress() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    delivery.doubt(lost(1));
    delivery.doubt(Doubted {
        row: None,
        ..lost(2)
    });
    delivery.doubt(lost(3));
    delivery.found(&key(1), &[remote("K1")]);
    delivery.found(&key(2), &[remote("K2")]);
    delivery.found(&key(3), &[remote("K3"), remote("K3")]);
    assert_eq!((delivery.progress, delivery.found_elsewhere), (3, 1));
    let told: Vec<(RowOutcome, Vec<Code>)> = delivery
        .finished
        .iter()
        .map(|r| (r.outcome, r.diagnostics.iter().map(|d| d.code).collect()))
        .collect();
    // One hit is no duplicate.
    let created = RowOutcome::Created;
    let twice = (created, vec![Code::DuplicateOnApi]);
    assert_eq!(told, [(created, vec![]), twice]);
    assert!(delivery.duplicates_elsewhere.is_empty());
    delivery.settled(After::Made(job(4), PartnerId::new("p")));
    assert_eq!(delivery.progress, 4);
}

/// A look for the name as it was sent found nothing, when that proves nothing yet: it is no failure.
#[tokio::test]
async fn what_was_not_seen_is_looked_for_again_when_it_can_be_proved() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    let doubted = Doubted {
        failures: 3,
        alone: true,
        ..lost(1)
    };
    let settled_at = doubted.settled_at;
    delivery.doubt(doubted);
    delivery.start_look(&key(1));
    delivery.looked(&key(1), Instant::now(), Ok(Found::NotSeen));
    let doubted = &delivery.doubts[&key(1)];
    assert_eq!((doubted.failures, doubted.alone), (0, false));
    assert_eq!(doubted.next_look, Some(settled_at));
    assert!(delivery.schedule.contains(&(settled_at, key(1))));
}

#[tokio::test]
async fn a_throttled_look_up_waits_as_long_as_it_is_asked_to() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let mut delivery = bench.delivery();
    for (number, retry_after, at_least) in [(1, Some(50), 50), (2, None, 1)] {
        delivery.doubt(lost(number));
        let now = Instant::now();
        let error = ApiError::Throttled {
            status: 429,
            retry_after: retry_after.map(Duration::from_secs),
        };
        delivery.start_look(&key(number));
        delivery.look_failed(&key(number), Instant::now(), &error);
        let next = delivery.doubts[&key(number)].next_look.unwrap();
        assert!(next >= now + Duration::from_secs(at_least));
        assert!(!bench.stop.is_requested());
    }
}

/// What is reported at the end of rows that are still in doubt, and what a person is asked.
#[tokio::test]
async fn what_is_left_in_doubt_says_what_to_do() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let often = Sent {
        posts: 5,
        lost: 5,
        lost_in_run: 0,
    };
    let given_up = |mut doubted: Doubted| {
        doubted.give_up("why not");
        doubted
    };
    let unproved = Missing::Unproved(Instant::now(), Looked::ListUntried);
    let unsent = |doubted| Doubted {
        recorded: RecordState::Unsent,
        ..doubted
    };
    for (doubted, outcome, asks_a_person) in [
        (lost(1), RowOutcome::InDoubt, false),
        (given_up(lost(1)), RowOutcome::InDoubt, false),
        (
            Doubted {
                sent: often,
                ..lost(1)
            },
            RowOutcome::InDoubt,
            true,
        ),
        (
            Doubted {
                missing: unproved,
                ..lost(1)
            },
            RowOutcome::InDoubt,
            true,
        ),
        // It was about to be sent, and nothing of it is on its way.
        (unsent(lost(1)), RowOutcome::Deferred, false),
        (given_up(unsent(lost(1))), RowOutcome::InDoubt, false),
    ] {
        let mut delivery = bench.delivery();
        delivery.doubt(doubted);
        assert_eq!(delivery.leave_doubts(), 0);
        let told = delivery.finished.pop().unwrap();
        assert_eq!(told.outcome, outcome);
        let codes: Vec<Code> = told.diagnostics.iter().map(|d| d.code).collect();
        let is_told = outcome == RowOutcome::InDoubt;
        assert_eq!(codes, vec![Code::InDoubt; usize::from(is_told)]);
        let hint = told.diagnostics.first().and_then(|d| d.hint.as_deref());
        let hint = hint.unwrap_or("");
        let asks = hint.contains("state resolve KEY --created ID`, or the same with `--absent`");
        assert_eq!(asks, asks_a_person, "{hint}");
    }
    // Of an earlier run, and not in the file.
    let mut delivery = bench.delivery();
    for number in [1, 2] {
        delivery.doubt(Doubted {
            row: None,
            ..lost(number)
        });
    }
    assert_eq!(delivery.leave_doubts(), 2);
    assert!(delivery.finished.is_empty());
}

/// Who is stopping has a reason already, and waits for no API.
#[tokio::test]
async fn an_outage_holds_nothing_of_a_run_that_stops() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    bench.patience = Duration::from_mins(5);
    for stopping in [true, false] {
        let mut delivery = bench.delivery();
        delivery.stopping = stopping;
        delivery.follow(Sign::Outage {
            seen: "silence".to_owned(),
            answers: false,
        });
        assert_eq!(delivery.flow.is_held(), !stopping);
        assert_eq!(delivery.tasks.len(), usize::from(!stopping));
        assert!(!bench.stop.is_requested());
    }
}

#[tokio::test]
async fn rows_that_come_while_the_run_stops_are_left() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for stopping in [false, true] {
        let mut delivery = bench.delivery();
        delivery.stopping = stopping;
        delivery.take_doubtful(vec![row(1, None)]);
        delivery.take_posted_before(vec![row(2, None)]);
        delivery.take(vec![row(3, None)]);
        let outcomes: Vec<RowOutcome> = delivery.finished.iter().map(|r| r.outcome).collect();
        if stopping {
            use RowOutcome::{Deferred, InDoubt};
            assert_eq!(outcomes, [InDoubt, Deferred, Deferred]);
            assert!(delivery.tasks.is_empty() && delivery.to_claim.is_empty());
        } else {
            // The state is asked again about the first two.
            assert_eq!((outcomes.len(), delivery.tasks.len()), (0, 2));
            assert_eq!(delivery.to_claim.len(), 1);
        }
    }
}

/// A row whose absence was proved before it came is settled when it comes, unless the run stops.
#[tokio::test]
async fn a_row_that_comes_to_a_proved_absence_is_settled() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (missing, stopping, settled) in [
        (Missing::Proved, false, 1),
        (Missing::Proved, true, 0),
        (Missing::Unknown, false, 0),
    ] {
        let mut delivery = bench.delivery();
        delivery.stopping = stopping;
        delivery.doubt(Doubted {
            row: None,
            missing,
            ..lost(1)
        });
        delivery.take_doubtful(vec![row(1, None)]);
        assert_eq!(delivery.to_settle.len(), settled);
        assert!(delivery.doubts[&key(1)].row.is_some());
    }
}

#[tokio::test]
async fn a_child_waits_only_for_a_parent_under_way_and_within_the_bound() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (is_under_way, before, waits) in [
        (true, 0, true),
        (true, WAITING_CHILDREN - 1, true),
        (true, WAITING_CHILDREN, false),
        (false, 0, false),
    ] {
        let mut delivery = bench.delivery();
        delivery.waiting_count = before;
        if is_under_way {
            delivery.under_way.insert(key(1));
        }
        delivery.linked(row(2, Some(1)), vec![None]);
        assert_eq!(delivery.waiting_count, before + usize::from(waits));
        assert_eq!(
            delivery.postponed.is_empty(),
            waits,
            "{is_under_way} {before}"
        );
    }
}

/// A refusal of one row sets it aside; whatever else proves that nothing was made leaves it unsent.
#[tokio::test]
async fn a_row_that_was_not_made_is_set_aside_or_unsent() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    let words = || ApiWords::new("not that");
    for (why, set_aside, kept) in [
        (NotCreated::Forbidden(words()), true, Some("not that")),
        (NotCreated::NotSent(words()), false, Some("not that")),
        (NotCreated::Renewed(words()), false, Some("not that")),
        (NotCreated::Stopped, false, None),
    ] {
        let mut delivery = bench.delivery();
        // One question in between keeps refusals from being put off.
        delivery.stopping = true;
        delivery.answered(Answered {
            job: job(1),
            outcome: CreateOutcome::NotCreated(why),
            attempts: 1,
        });
        let (settlement, after) = delivery.to_settle.pop().unwrap();
        assert_eq!(settlement.event, Event::NotCreated);
        let said = settlement.words.as_ref().map(ApiWords::as_str);
        assert_eq!(said, kept);
        assert_eq!(matches!(after, After::SetAside(..)), set_aside);
        delivery.settled(after);
        assert_eq!(delivery.set_aside, u64::from(set_aside));
        assert_eq!(delivery.finished[0].outcome, RowOutcome::Deferred);
        assert_eq!(
            delivery.finished[0].diagnostics.len(),
            usize::from(set_aside)
        );
    }
}

/// What was seen of a lost answer is kept with the doubt: it decides what an absence means.
#[tokio::test]
async fn a_lost_answer_is_kept_with_its_doubt() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (status, trouble, set_aside) in [
        (Some(403), "403 Forbidden: no", true),
        (Some(503), "503 Service Unavailable: no", false),
        (None, "no", false),
    ] {
        let mut delivery = bench.delivery();
        delivery.settled(After::Lost(job(1), status, "no".to_owned()));
        let doubted = &delivery.doubts[&key(1)];
        assert_eq!(doubted.status, status);
        assert_eq!(doubted.words.as_deref(), Some("no"));
        assert_eq!(doubted.trouble.as_deref(), Some(trouble));
        assert_eq!(doubted.set_aside, set_aside);
    }
}

/// Rows that an earlier run left in doubt take from the limit of this one; what this run sent has taken already.
#[tokio::test]
async fn a_row_of_an_earlier_run_is_sent_within_the_limit() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (is_of_earlier_run, left, is_sent) in [
        (true, None, true),
        (true, Some(1), true),
        (true, Some(0), false),
        (false, Some(0), true),
    ] {
        let mut delivery = bench.delivery();
        delivery.options.may_send = left.map(MaySend::new);
        for number in [1, 2] {
            let lost = lost(number);
            let sent = Sent {
                lost_in_run: u32::from(!is_of_earlier_run),
                ..lost.sent
            };
            delivery.doubt(Doubted { sent, ..lost });
        }
        delivery.absence_settled(&key(1));
        assert_eq!(delivery.to_claim.len(), usize::from(is_sent), "{left:?}");
        assert_eq!(delivery.not_reached, u64::from(!is_sent), "{left:?}");
        delivery.absence_settled(&key(2));
        let more = left.is_none() || !is_of_earlier_run;
        assert_eq!(
            delivery.not_reached,
            if more { 0 } else { 2 - u64::from(is_sent) }
        );
        let deferred = delivery.finished.iter();
        let deferred = deferred.filter(|r| r.outcome == RowOutcome::Deferred);
        assert_eq!(deferred.count() as u64, delivery.not_reached);
    }
}

/// What a search did not find is not searched for again once it is known what that is worth; a walk is another one.
#[tokio::test]
async fn an_absence_is_judged_when_searches_are_seen_to_find() {
    let mut bench = Bench::new(FakeApi::new(Create::Answered));
    for (looked, is_settled) in [
        (Looked::Search(Some(Place::Whole)), true),
        (Looked::ListUntried, false),
    ] {
        let mut delivery = bench.delivery();
        let now = Instant::now();
        delivery.trust.add(Witness {
            id: PartnerId::new("w"),
            legacy_identifier: row(9, None).legacy_identifier,
            business_name: "Some Name".to_owned(),
        });
        assert!(delivery.trust.next_trial().is_some());
        delivery.doubt(Doubted {
            missing: Missing::Unproved(now, looked),
            settled_at: now,
            next_look: None,
            ..lost(1)
        });
        delivery.tried(Ok(Some(Place::Inside)));
        assert_eq!(
            delivery.to_settle.len(),
            usize::from(is_settled),
            "{looked:?}"
        );
        assert_eq!(delivery.schedule.is_empty(), is_settled, "{looked:?}");
    }
}
