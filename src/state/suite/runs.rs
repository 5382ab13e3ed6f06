//! Cases about runs, upkeep, the lock and versions.

use super::store::{
    Case, Run, Store, begin, begin_as, claim, fingerprint, settlement, start, wait,
};
use crate::clock::Timestamp;
use crate::partner::RowKey;
use crate::state::{Event, RecordState, RunEnd, RunId, RunStart, StateError};

pub(super) const CASES: &[Case] = &[
    (
        "the end of a run keeps the newest runs and those that rows name",
        the_end_keeps_what_it_should,
    ),
    (
        "the end of a run can be corrected, and of no other",
        an_end_can_be_corrected,
    ),
    ("forget looks again at each row", forget_looks_again),
    (
        "accept takes what the last run saw, and nothing older",
        accept_takes_the_last_runs_change,
    ),
    (
        "a later run fences off an earlier one that is not dead",
        a_later_run_fences_off_an_earlier_one,
    ),
    (
        "what a person was shown is not changed once a run has begun",
        upkeep_is_fenced_off_too,
    ),
    (
        "an address has one space, however it is spelled",
        one_address_is_one_space,
    ),
    (
        "a lock excludes, says who has it, and ends with its holder",
        a_lock_excludes,
    ),
    ("a newer state is refused", a_newer_state_is_refused),
    (
        "an older state is migrated under the lock alone",
        an_older_state_waits_for_the_lock,
    ),
    (
        "the last success and the last good run are those of imports",
        the_last_good_run_is_an_import,
    ),
];

fn problems_of(store: &dyn Store, run: &str) -> Option<Vec<Vec<u8>>> {
    let view = store.view().unwrap();
    let run = view.run(run).unwrap()?;
    let mut parts = Vec::new();
    view.problems(&run, &mut |part| parts.push(part.to_vec()))
        .unwrap();
    Some(parts)
}

fn the_end_keeps_what_it_should(store: &dyn Store) {
    let other_space = RunStart {
        mapping: "other".to_owned(),
        ..start()
    };
    let other = begin_as(store, 1, other_space);
    other.state.store_problems(b"other".to_vec());
    let other = other.end(0, Some(1));
    let mut runs = Vec::new();
    for n in 0..6 {
        let run = begin(store, 10 + n);
        if n == 1 || n == 3 {
            run.bring_to(&format!("settled {n}"), Some(RecordState::Created));
        }
        run.state.store_problems(format!("{n}, 1").into_bytes());
        run.state.store_problems(format!("{n}, 2").into_bytes());
        runs.push(run.end(0, (n == 5).then_some(2)));
    }
    let parts = |n: usize| {
        Some(vec![
            format!("{n}, 1").into_bytes(),
            format!("{n}, 2").into_bytes(),
        ])
    };
    // Those that are named by a row lose their problems alone.
    let named = || Some(Vec::new());
    let expected = [None, named(), None, named(), parts(4), parts(5)];
    for (n, (run, expected)) in runs.iter().zip(expected).enumerate() {
        assert_eq!(problems_of(store, run), expected, "run {n}");
    }
    assert_eq!(problems_of(store, &other), Some(vec![b"other".to_vec()]));
    let shown: Vec<_> = store.view().unwrap().runs(10).unwrap();
    let shown: Vec<_> = shown.into_iter().map(|row| row.run).collect();
    assert_eq!(
        shown,
        [&runs[5], &runs[4], &runs[3], &runs[1], &other].map(Clone::clone)
    );
}

fn an_end_can_be_corrected(store: &dyn Store) {
    let other = begin(store, 1).end(0, None);
    let run = begin(store, 2).end(0, None);
    let end = RunEnd {
        exit: 3,
        summary: "{}".to_owned(),
        report: Some("{}".to_owned()),
        keep: None,
        told: 0,
    };
    let mut upkeep = store.upkeep().unwrap();
    upkeep.correct_end(&RunId(run.clone()), &end).unwrap();
    let shown = store.view().unwrap().runs(10).unwrap();
    let exits: Vec<_> = shown.into_iter().map(|row| (row.run, row.exit)).collect();
    assert_eq!(exits, [(run, Some(3)), (other, Some(0))]);
}

fn forget_looks_again(store: &dyn Store) {
    let run = begin(store, 10);
    run.bring_to("a", Some(RecordState::Rejected));
    run.bring_to("b", Some(RecordState::Rejected));
    let mut upkeep = store.upkeep().unwrap();
    let mut rows = upkeep.of_key("a").unwrap();
    rows.extend(upkeep.of_key("b").unwrap());
    assert!(
        rows.iter()
            .all(crate::state::MaintenanceRow::may_be_forgotten)
    );
    // By the time a person has answered, one is on its way.
    run.claim(&["b"]);
    assert_eq!(upkeep.forget(&rows, Timestamp(20_000)).unwrap(), 1);
    assert_eq!(run.states(&["a", "b"]), [None, Some(RecordState::InFlight)]);
    let row = super::store::row(store, "b");
    assert!(
        row.history
            .iter()
            .all(|line| line.what != "forgotten by hand"),
        "{row:?}"
    );
    run.claim(&["a"]);
    let row = super::store::row(store, "a");
    assert!(
        row.history
            .iter()
            .any(|line| line.what == "forgotten by hand"),
        "{row:?}"
    );
}

fn accept_takes_the_last_runs_change(store: &dyn Store) {
    let known = |run: &Run| run.known(&["a"])[0].as_ref().unwrap().fingerprint;
    let first = begin(store, 10);
    first.bring_to("a", Some(RecordState::Created));
    first
        .state
        .note_changed(vec![(RowKey::new("a"), fingerprint(8))]);
    first.end(1, None);
    let changed = store.upkeep().unwrap().of_key("a").unwrap();
    assert!(changed[0].changed);

    // The source has it again as it was sent, so the run that follows does not report it.
    begin(store, 20).end(0, None);
    let mut upkeep = store.upkeep().unwrap();
    assert!(!upkeep.of_key("a").unwrap()[0].changed);
    assert!(upkeep.all_changed().unwrap().is_empty());
    assert_eq!(upkeep.accept(&changed, Timestamp(0)).unwrap(), 0);

    let third = begin(store, 30);
    assert_eq!(known(&third), Some(fingerprint(7)));
    third
        .state
        .note_changed(vec![(RowKey::new("a"), fingerprint(9))]);
    third.end(1, None);
    // A run that never ended, and one that reads no source, have seen nothing.
    begin(store, 40).die();
    let reconcile = RunStart {
        command: "reconcile",
        ..start()
    };
    begin_as(store, 50, reconcile).end(0, None);
    let mut upkeep = store.upkeep().unwrap();
    let rows = upkeep.all_changed().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(upkeep.accept(&rows, Timestamp(0)).unwrap(), 1);
    assert!(upkeep.all_changed().unwrap().is_empty());
    assert_eq!(known(&begin(store, 60)), Some(fingerprint(9)));
}

/// Two writers on one state: the first one's lock was taken away.
fn a_later_run_fences_off_an_earlier_one(store: &dyn Store) {
    let first = begin(store, 10);
    first.claim(&["a", "b"]);
    first.settle(settlement("a", Event::Created)).unwrap();
    let second = begin(store, 20);
    let in_doubt: Vec<_> = second.doubts.iter().map(|d| d.key.as_str()).collect();
    assert_eq!(in_doubt, ["b"]);
    let end = RunEnd {
        exit: 0,
        summary: "{}".to_owned(),
        ..RunEnd::default()
    };
    for refused in [
        wait(first.state.claim(vec![claim("c", 1)])).map(drop),
        // Whether the id of a partner that comes now is kept is the implementation's.
        first.settle(settlement("b", Event::Rejected)),
        wait(first.state.end(end)),
    ] {
        assert!(
            matches!(refused, Err(StateError::Taken { .. })),
            "{refused:?}"
        );
    }
    // A batch of several commands leaves nothing either, nor what nobody waits for.
    first.state.store_problems(b"lost".to_vec());
    first
        .state
        .note_changed(vec![(RowKey::new("a"), fingerprint(8))]);
    let name = first.id.clone();
    first.die();
    assert_eq!(problems_of(store, &name), Some(Vec::new()));
    assert!(store.upkeep().unwrap().all_changed().unwrap().is_empty());
    let states = second.states(&["a", "b", "c"]);
    let (created, in_doubt) = (RecordState::Created, RecordState::InDoubt);
    assert_eq!(states, [Some(created), Some(in_doubt), None]);
    // The second one is not in the way of itself.
    second
        .settle(settlement("b", Event::FoundRemotely))
        .unwrap();
    second.claim(&["c"]);
    let third = begin(store, 30);
    let claimed = wait(second.state.claim(vec![claim("d", 1)]));
    assert!(
        matches!(claimed, Err(StateError::Taken { .. })),
        "{claimed:?}"
    );
    third.claim(&["d"]);
}

fn upkeep_is_fenced_off_too(store: &dyn Store) {
    let run = begin(store, 10);
    run.bring_to("a", Some(RecordState::Rejected));
    run.end(1, None);
    let mut upkeep = store.upkeep().unwrap();
    let rows = upkeep.of_key("a").unwrap();
    let later = begin(store, 20);
    let forgotten = upkeep.forget(&rows, Timestamp(0));
    assert!(
        matches!(forgotten, Err(StateError::Taken { .. })),
        "{forgotten:?}"
    );
    let accepted = upkeep.accept(&rows, Timestamp(0));
    assert!(
        matches!(accepted, Err(StateError::Taken { .. })),
        "{accepted:?}"
    );
    assert_eq!(later.states(&["a"]), [Some(RecordState::Rejected)]);
    assert_eq!(
        store.upkeep().unwrap().forget(&rows, Timestamp(0)).unwrap(),
        1
    );
}

fn one_address_is_one_space(store: &dyn Store) {
    let at = |target: &str| RunStart {
        target: target.to_owned(),
        ..start()
    };
    let run = begin_as(store, 10, at("http://LocalHost:4010/"));
    run.bring_to("a", Some(RecordState::Created));
    let name = run.end(0, None);
    for target in ["http://127.0.0.1:4010", "http://[::1]:4010/"] {
        assert!(store.reader(target, "m").unwrap().is_some());
        let run = begin_as(store, 20, at(target));
        assert_eq!(run.states(&["a"]), [Some(RecordState::Created)]);
        run.die();
        let view = store.view().unwrap();
        assert_eq!(view.counts().unwrap().len(), 1);
        assert_eq!(view.counts().unwrap()[0].target, "http://127.0.0.1:4010");
        let good = view.last_good_run(target, "m").unwrap().unwrap();
        assert_eq!(good.name, name);
        assert!(view.last_success(target, "m").unwrap().is_some());
    }
    assert!(
        store
            .reader("http://127.0.0.1:4011", "m")
            .unwrap()
            .is_none()
    );
}

fn a_lock_excludes(store: &dyn Store) {
    let held = store.lock().unwrap();
    let second = store.lock();
    let Err(StateError::Locked {
        holder: Some(holder),
        ..
    }) = second
    else {
        panic!("{second:?}");
    };
    assert!(holder.contains("process"), "{holder}");
    drop(held);
    store.lock().unwrap();
}

fn a_newer_state_is_refused(store: &dyn Store) {
    begin(store, 10).end(0, None);
    store.become_newer();
    let refused = [
        store.begin(&start(), &crate::clock::Clock::System).err(),
        store.view().err(),
        store.reader("t", "m").err(),
        store.upkeep().err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(StateError::Newer { .. })), "{error:?}");
    }
}

fn an_older_state_waits_for_the_lock(store: &dyn Store) {
    let run = begin(store, 10);
    run.bring_to("a", Some(RecordState::Created));
    run.end(0, None);
    store.become_older();
    let other = store.hold_as_another_program();
    for error in [store.view().err(), store.reader("t", "m").err()] {
        let words = error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(
            matches!(error, Some(StateError::Outdated { .. })),
            "{error:?}"
        );
        assert!(words.contains("another run holds it"), "{words}");
    }
    drop(other);
    // A run's own readers find a state that was migrated when the lock was taken.
    let lock = store.lock().unwrap();
    store.view().unwrap();
    drop(lock);
    store.become_older();
    store.view().unwrap();
    let run = begin(store, 20);
    assert_eq!(run.states(&["a"]), [Some(RecordState::Created)]);
    wait(run.state.claim(vec![claim("b", 1)])).unwrap();
    run.settle(settlement("b", Event::Created)).unwrap();
}

fn the_last_good_run_is_an_import(store: &dyn Store) {
    let ended = |command, target: &str, exit, seconds| {
        let start = RunStart {
            command,
            target: target.to_owned(),
            ..start()
        };
        begin_as(store, seconds, start).end(exit, None)
    };
    let last = || {
        let view = store.view().unwrap();
        let success = view.last_success("t", "m").unwrap();
        let good = view.last_good_run("t", "m").unwrap();
        (success.map(|at| at.0 / 1000), good.map(|run| run.name))
    };
    ended("import", "other", 0, 1);
    ended("reconcile", "t", 0, 2);
    ended("import", "t", 3, 3);
    assert_eq!(last(), (None, None));
    let problems = ended("import", "t", 1, 4);
    assert_eq!(last(), (None, Some(problems)));
    let good = ended("sync", "t", 0, 5);
    assert_eq!(last(), (Some(5), Some(good.clone())));
    ended("sync", "t", 130, 6);
    ended("reconcile", "t", 0, 7);
    begin(store, 8).die();
    assert_eq!(last(), (Some(5), Some(good)));
}
