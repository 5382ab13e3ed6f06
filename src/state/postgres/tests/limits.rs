//! How many rows the machines of an import may send together, and who makes its canary.

use super::machines::{Machine, claimed, import_of, joined, known};
use super::*;
use crate::state::{ImportStart, Share as _, Turn};
use proptest::prelude::*;

fn limited(limit: u64) -> ImportStart {
    ImportStart {
        limit: Some(limit),
        ..import_of(35)
    }
}

fn with_canary(canary: u64) -> ImportStart {
    ImportStart {
        canary: Some(canary),
        ..import_of(35)
    }
}

fn left(machine: &Machine) -> Option<u64> {
    machine.share.standing(None).unwrap().left
}

async fn settled(machine: &Machine, key: &str, event: Event) {
    let answers = machine
        .state
        .settle(vec![Settlement::new(RowKey::new(key), event)]);
    assert!(answers.await.unwrap().answers().next().flatten().is_none());
}

#[tokio::test]
async fn machines_together_claim_no_more_rows_than_their_import_may_send() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let [a, b] = [(), ()].map(|()| joined(&room.server, &limited(4)));
    assert_eq!(claimed(&a, &["1", "2"]).await, [None, None]);
    let (unsent, in_flight) = (Some(RecordState::Unsent), Some(RecordState::InFlight));
    // A row that the other one has takes nothing from it, and what is not reached stands as unsent.
    let answers = claimed(&b, &["2", "3", "4", "5", "1"]).await;
    assert_eq!(answers, [in_flight, None, None, unsent, in_flight]);
    assert_eq!((left(&a), left(&b)), (Some(0), Some(0)));
    assert_eq!(known(&b, "5").await, None, "nobody has claimed it");
    // What is in doubt counts, and what was rejected; what was not made is for another row, and whoever waits sees it.
    let before = b.share.standing(None).unwrap().changes;
    settled(&a, "1", Event::OutcomeUnknown).await;
    settled(&b, "3", Event::Rejected).await;
    assert_eq!(left(&a), Some(0));
    settled(&a, "1", Event::ConfirmedAbsent).await;
    settled(&b, "4", Event::NotCreated).await;
    let now = b.share.standing(None).unwrap();
    assert_eq!((now.left, now.changes), (Some(2), before + 2));
    assert_eq!(claimed(&a, &["5", "6", "7"]).await, [None, None, unsent]);
    assert_eq!(left(&b), Some(0));
}

/// What a machine had under way counts when it is lost, and is given back when it turns out not to be there. What an earlier import
/// has sent is not this one's.
#[tokio::test]
async fn what_a_lost_machine_has_sent_counts() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let [a, b] = [(), ()].map(|()| joined(&room.server, &limited(2)));
    assert_eq!(claimed(&a, &["1", "2"]).await, [None, None]);
    room.lose(&a);
    assert_eq!(b.share.take_over().unwrap().len(), 2);
    assert_eq!(left(&b), Some(0));
    settled(&b, "1", Event::ConfirmedAbsent).await;
    assert_eq!(left(&b), Some(1));
    let mut found = Settlement::new(RowKey::new("2"), Event::FoundRemotely);
    found.partner = Some(PartnerId::new("id-2"));
    b.state.settle(vec![found]).await.unwrap();
    assert_eq!(
        claimed(&b, &["1", "3"]).await,
        [None, Some(RecordState::Unsent)]
    );
    // Both leave a row in doubt behind; the next import has a count of its own.
    drop(b);
    let lease = Lease::share(&room.server, &Clock::System).unwrap();
    let other = ImportStart {
        source_digest: "next".to_owned(),
        ..limited(2)
    };
    let share = PostgresShare::join(&room.server, &lease, &other, &Clock::System).unwrap();
    let (state, doubts, _) = begin(&room.server, &lease, &start(), &Clock::System).unwrap();
    let c = Machine {
        lease,
        share,
        state,
    };
    assert_eq!(doubts.len(), 1);
    assert_eq!(claimed(&c, &["9"]).await, [None]);
    settled(&c, "1", Event::ConfirmedAbsent).await;
    assert_eq!(left(&c), Some(1), "it was not sent by this import");
}

/// What was proved unmade is given back, and counts again where an answer says too late that it was made.
#[tokio::test]
async fn an_answer_that_comes_late_counts_again() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let [a, b] = [(), ()].map(|()| joined(&room.server, &limited(2)));
    assert_eq!(claimed(&a, &["1"]).await, [None]);
    room.lose(&a);
    assert_eq!(b.share.take_over().unwrap().len(), 1);
    settled(&b, "1", Event::ConfirmedAbsent).await;
    assert_eq!(left(&b), Some(2));
    let mut late = Settlement::new(RowKey::new("1"), Event::Created);
    late.partner = Some(PartnerId::new("id-1"));
    // Its machine has lost the state; what it heard is kept all the same.
    let _ = a.state.settle(vec![late]).await;
    assert_eq!(left(&b), Some(1));
}

#[test]
fn a_limit_is_over_with_its_import_and_not_with_a_machine() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let a = joined(&room.server, &limited(2));
    runtime.block_on(claimed(&a, &["1"]));
    let refused = |start: ImportStart| {
        let lease = Lease::share(&room.server, &Clock::System).unwrap();
        match PostgresShare::join(&room.server, &lease, &start, &Clock::System) {
            Err(StateError::OtherImport { differs, .. }) => differs,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused(limited(3)),
        "with --limit 2 (this command has --limit 3)"
    );
    assert_eq!(
        refused(import_of(35)),
        "with --limit 2 (this command has none)"
    );
    // One that has begun and was slow to read its file.
    let slow = Lease::share(&room.server, &Clock::System).unwrap();
    a.share.end().unwrap();
    drop(a);
    let slow_share = PostgresShare::join(&room.server, &slow, &limited(2), &Clock::System).unwrap();
    assert_eq!(slow_share.standing(None).unwrap().left, Some(1));
    slow_share.end().unwrap();
    drop((slow_share, slow));
    // The next run of the same.
    let lease = Lease::share(&room.server, &Clock::System).unwrap();
    let share = PostgresShare::join(&room.server, &lease, &limited(2), &Clock::System).unwrap();
    let (state, ..) = begin(&room.server, &lease, &start(), &Clock::System).unwrap();
    let next = Machine {
        lease,
        share,
        state,
    };
    assert_eq!(left(&next), Some(2));
    runtime.block_on(claimed(&next, &["2"]));
    // The last machine dies: what it has sent counts for the one that comes in its place.
    room.lose(&next);
    let lease = Lease::share(&room.server, &Clock::System).unwrap();
    let share = PostgresShare::join(&room.server, &lease, &limited(2), &Clock::System).unwrap();
    assert_eq!(share.standing(None).unwrap().left, Some(1));
}

#[tokio::test]
async fn one_machine_makes_the_canary_and_another_takes_it_where_that_one_is_lost() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let [a, b] = [(), ()].map(|()| joined(&room.server, &with_canary(3)));
    assert_eq!(a.share.canary().unwrap(), Turn::Ours);
    assert_eq!(a.share.canary().unwrap(), Turn::Ours, "asked again");
    assert!(matches!(b.share.canary().unwrap(), Turn::Elsewhere(who) if who.contains("process")));
    // One of its rows was made by an earlier run.
    a.share.canary_has(1).unwrap();
    let unsent = Some(RecordState::Unsent);
    assert_eq!(claimed(&a, &["1", "2", "3"]).await, [None, None, unsent]);
    room.lose(&a);
    assert_eq!(b.share.canary().unwrap(), Turn::Ours);
    b.share.canary_has(1).unwrap();
    assert_eq!(claimed(&b, &["4"]).await, [unsent], "three were sent");
    // What it had is in doubt, of the run that goes on with the canary.
    let (state, doubts, _) = begin(&room.server, &b.lease, &start(), &Clock::System).unwrap();
    assert_eq!(doubts.len(), 2);
    let c = Machine { state, ..b };
    settled(&c, "1", Event::ConfirmedAbsent).await;
    assert_eq!(claimed(&c, &["4", "5"]).await, [None, unsent]);
    c.share.canary_agrees().unwrap();
    assert_eq!(left(&c), None);
    let d = Lease::share(&room.server, &Clock::System).unwrap();
    let d_share = PostgresShare::join(&room.server, &d, &with_canary(3), &Clock::System).unwrap();
    assert_eq!(d_share.canary().unwrap(), Turn::Done);
    let other = PostgresShare::join(&room.server, &d, &with_canary(4), &Clock::System);
    assert!(
        matches!(&other, Err(StateError::OtherImport { differs, .. }) if differs.contains("--canary 3")),
        "{other:?}"
    );
}

#[test]
fn machines_need_the_same_key() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let a = joined(&room.server, &import_of(35));
    let elsewhere = tempfile::tempdir().unwrap();
    let other = server(&room.address, &elsewhere, None);
    let lease = Lease::share(&other, &Clock::System).unwrap();
    let refused = PostgresShare::join(&other, &lease, &import_of(35), &Clock::System).unwrap_err();
    let words = refused.to_string();
    let file = harness::key_file(elsewhere.path());
    assert!(
        matches!(refused, StateError::OtherKey { .. })
            && words.contains(&file.display().to_string())
            && words.contains("process"),
        "{words}"
    );
    drop((lease, a));
}

/// What happens to the rows of three machines.
#[derive(Debug, Clone)]
enum Step {
    Claim(usize, Vec<u8>),
    Settle(usize, u8, Event),
    Lose(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let events = [
        Event::Created,
        Event::Rejected,
        Event::OutcomeUnknown,
        Event::NotCreated,
        Event::ConfirmedAbsent,
        Event::FoundRemotely,
    ];
    prop_oneof![
        4 => (0..3_usize, proptest::collection::btree_set(0..12_u8, 1..5))
            .prop_map(|(m, keys)| Step::Claim(m, keys.into_iter().collect())),
        6 => (0..3_usize, 0..12_u8, proptest::sample::select(events.to_vec()))
            .prop_map(|(m, key, event)| Step::Settle(m, key, event)),
        1 => (0..3_usize).prop_map(Step::Lose),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// Whatever machines do, and whichever is lost: the count is that of the rows of which it is not proved that nothing was made,
    /// and is never beyond the limit. A row that was rejected and is sent again counts twice: it was sent twice.
    #[test]
    fn the_count_is_that_of_the_rows_that_may_have_been_made(
        steps in proptest::collection::vec(step(), 10..40),
        limit in 1..8_u64,
    ) {
        let Some(cluster) = harness::cluster() else {
            return Ok(());
        };
        let room = Room::new(cluster);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut machines: Vec<Machine> = (0..3).map(|_| joined(&room.server, &limited(limit))).collect();
        let mut sent_again = 0;
        for step in steps {
            match &step {
                Step::Claim(m, keys) => {
                    let claims = keys.iter().map(|key| claim(&key.to_string())).collect();
                    let rejected = || room.ask("SELECT count(*) FROM partner_sync.record WHERE state = 3").parse::<u64>();
                    let before = rejected().unwrap();
                    // A row that is its own already is refused, with all others of the batch.
                    let _ = runtime.block_on(machines[*m].state.claim(claims));
                    sent_again += before - rejected().unwrap();
                }
                Step::Settle(m, key, event) => {
                    let mut settlement = Settlement::new(RowKey::new(key.to_string()), *event);
                    if matches!(event, Event::Created | Event::FoundRemotely) {
                        settlement.partner = Some(PartnerId::new(format!("id-{key}")));
                    }
                    // Rows that nobody has claimed are adopted without one, which is not what is counted.
                    let sql = format!("SELECT count(*) FROM partner_sync.record WHERE key = '{key}' AND state IN (1, 4)");
                    if room.ask(&sql) == "1" {
                        let _ = runtime.block_on(machines[*m].state.settle(vec![settlement]));
                    }
                }
                Step::Lose(m) => {
                    room.lose(&machines[*m]);
                    let next = (m + 1) % 3;
                    machines[next].share.take_over().unwrap();
                    machines[*m] = joined(&room.server, &limited(limit));
                }
            }
            let counted = room.ask("SELECT sent FROM partner_sync.import WHERE most IS NOT NULL");
            let made = room.ask("SELECT count(*) FROM partner_sync.record WHERE state <> 5");
            // What was proved unmade was given back, and may be made all the same, as an answer says that comes too late.
            let late = room.ask("SELECT count(DISTINCT key) FROM partner_sync.late WHERE partner IS NOT NULL");
            let [counted, made, late] = [counted, made, late].map(|count| count.parse::<u64>().unwrap());
            prop_assert_eq!(counted, made + sent_again, "{:?}", step);
            prop_assert!(counted <= limit + late, "{:?}", step);
        }
    }
}

/// An import whose limit is used up may have left rows that nobody has tried: no report may say that all of it is done.
#[tokio::test]
async fn an_import_whose_limit_is_used_up_is_not_complete() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    for (limit, is_complete) in [(Some(2), "f"), (Some(3), "t"), (None, "t")] {
        let room = Room::new(cluster);
        let start = ImportStart {
            limit,
            ..import_of(35)
        };
        let machine = joined(&room.server, &start);
        assert_eq!(claimed(&machine, &["1", "2"]).await, [None, None]);
        for key in ["1", "2"] {
            settled(&machine, key, Event::Rejected).await;
        }
        machine.share.end().unwrap();
        let complete = room.ask("SELECT complete FROM partner_sync.import");
        assert_eq!(complete, is_complete, "{limit:?}");
    }
}
