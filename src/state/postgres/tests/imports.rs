//! How far an import is over all its machines, and what is kept of it when it is over.

use super::machines::{Machine, claimed, found, machine};
use super::*;
use crate::state::{ImportProgress, Share as _, Standing, Told, View as _};

fn told(done: u64, ahead: u64) -> Told {
    Told { done, ahead }
}

fn counts(at: &ImportProgress) -> (u64, u64, u64, u64) {
    (at.done, at.created, at.adopted, at.rejected)
}

fn adopted(key: &str) -> Settlement {
    let mut found = found(key, &format!("id-{key}"));
    found.adopted = Some(claim(key));
    found
}

async fn settled(machine: &Machine, settlement: Settlement) {
    machine.state.settle(vec![settlement]).await.unwrap();
}

#[tokio::test]
async fn what_all_machines_have_done_is_counted_with_the_records() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let (a, b) = (machine(&room.server), machine(&room.server));
    claimed(&a, &["1", "2"]).await;
    claimed(&b, &["3", "4", "5"]).await;
    a.state.settle(vec![made("1"), made("2")]).await.unwrap();
    settled(&b, Settlement::new(RowKey::new("3"), Event::Rejected)).await;
    settled(&b, Settlement::new(RowKey::new("4"), Event::OutcomeUnknown)).await;
    settled(&b, found("4", "id-4")).await;
    settled(&b, adopted("9")).await;
    // What is b's already is not counted twice, and what was claimed alone is none.
    let again = b.state.settle(vec![made("1")]).await.unwrap();
    assert!(again.answers().next().flatten().is_some());
    b.share.tell(told(4, 3)).unwrap();
    let at = a.share.tell(told(2, 2)).unwrap();
    // Rows that were there before are the same for all.
    assert_eq!(counts(&at), (9, 3, 1, 1));
    assert_eq!((at.import, at.rows, at.machines), (1, 35, 2));
    // Of one that is lost, rows in pieces that are done stay done; others do the rest once more.
    b.share.take(0, 2).unwrap();
    b.share.finish(&[0], 3).unwrap();
    b.share.finish(&[0], 3).unwrap();
    room.lose(&b);
    let at = a.share.tell(told(2, 2)).unwrap();
    assert_eq!(counts(&at), (8, 3, 1, 1));
    assert_eq!(at.machines, 1);
    // Its partners are its own, whoever goes on.
    let all = a.share.machines().unwrap();
    let by: Vec<_> = all
        .machines
        .iter()
        .map(|m| (m.created, m.adopted, m.rejected))
        .collect();
    assert_eq!((by, all.own), (vec![(2, 0, 0), (1, 1, 1)], Some(0)));
    assert_eq!(all.machines[1].standing, Standing::Silent);
    a.share.end().unwrap();
    let at = a.share.tell(told(2, 2)).unwrap();
    assert_eq!(at.done, 35, "it is over: every row has its outcome");
}

#[tokio::test]
async fn an_answer_that_came_late_is_counted_for_who_sent_it() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let (a, b) = (machine(&room.server), machine(&room.server));
    claimed(&a, &["1"]).await;
    room.lose(&a);
    b.share.take_over().unwrap();
    a.state.settle(vec![made("1")]).await.unwrap_err();
    let all = b.share.machines().unwrap();
    assert_eq!([all.machines[0].created, all.machines[1].created], [1, 0]);
}

#[tokio::test]
async fn an_import_that_is_over_can_be_read_with_all_its_runs() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let keep = |n: u32| RunEnd {
        keep: Some(n),
        ..RunEnd::default()
    };
    let (a, b) = (machine(&room.server), machine(&room.server));
    claimed(&a, &["1"]).await;
    settled(&a, made("1")).await;
    settled(&b, adopted("2")).await;
    b.state.store_problems(vec![1, 2, 3]);
    a.share.end().unwrap();
    // Two runs of one import, of which one is kept: they stay together.
    for one in [&a, &b] {
        one.state.end(keep(1)).await.unwrap();
    }
    drop((a, b));
    let view = PostgresView::find(&room.server).unwrap().unwrap();
    let import = view.import(1).unwrap().unwrap();
    assert!(import.is_complete);
    assert_eq!((import.rows, import.machines.len()), (35, 2));
    assert_eq!(import.source_digest, "file");
    let mut rows = Vec::new();
    view.each_created_in(&import, &mut |row| {
        rows.push(format!("{} {} {}", row.key, row.partner, row.is_adopted));
    })
    .unwrap();
    assert_eq!(rows, ["1 id-1 false", "2 id-2 true"]);
    let run = import.machines[1].run.as_deref().unwrap();
    let mut parts = 0;
    let run = view.run(run).unwrap().unwrap();
    view.problems(&run, &mut |_| parts += 1).unwrap();
    assert_eq!(parts, 1);
    // With the next one it is let go, and with it what its machines have kept.
    let next = machine(&room.server);
    next.state.end(keep(1)).await.unwrap();
    assert!(view.import(1).unwrap().is_none());
    assert!(view.import(2).unwrap().is_some());
    let mut parts = 0;
    view.problems(&run, &mut |_| parts += 1).unwrap();
    assert_eq!(parts, 0);
    let past = view.machines().unwrap().past;
    assert!(past.is_empty(), "{past:?}");
}
