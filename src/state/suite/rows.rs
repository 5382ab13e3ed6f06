//! Cases about single rows: what may happen to them, and what is known of them afterwards.

use super::store::{
    Case, Run, Store, begin, begin_again_as, begin_as, claim, fingerprint, row, settlement, shown,
    start, wait, with_answer,
};
use crate::partner::RowKey;
use crate::state::{Event, OpenRows, RecordState, RunStart, Settlement, StateError, step};

pub(super) const CASES: &[Case] = &[
    (
        "every event from every state comes to what the table of moves says",
        every_move_is_the_tables,
    ),
    (
        "a new claim replaces what the last attempt left",
        a_new_claim_replaces_the_last_attempt,
    ),
    (
        "a settlement replaces the moment and the run of the claim",
        a_settlement_replaces_moment_and_run,
    ),
    (
        "one failing command of a batch harms no other and leaves nothing",
        one_failing_command_harms_no_other,
    ),
    (
        "what was answered is there after the state is opened again",
        what_was_answered_is_kept,
    ),
    (
        "the settling time of a dead run's claim counts from the next begin",
        claims_of_the_dead_are_doubts_from_now,
    ),
    ("spaces do not see each other", spaces_are_apart),
    (
        "rows are known in the order asked, all at one moment",
        rows_are_known_at_one_moment,
    ),
    (
        "only a created row counts as created",
        only_created_is_created,
    ),
    (
        "rows that are done are those created of the same payload",
        done_rows_are_created_ones,
    ),
    (
        "the digest moves if and only if a record does",
        the_digest_moves_with_records,
    ),
];

/// All states that a row can be in, with the one of never having been seen.
fn all_states() -> impl Iterator<Item = Option<RecordState>> {
    std::iter::once(None).chain(RecordState::ALL.map(Some))
}

fn every_move_is_the_tables(store: &dyn Store) {
    let run = begin(store, 10);
    for from in all_states() {
        for event in Event::ALL {
            let key = format!("{event:?} from {from:?}");
            run.bring_to(&key, from);
            let outcome = if event == Event::Claim {
                wait(run.state.claim(vec![claim(&key, 7)])).map(drop)
            } else {
                let mut settlement = settlement(&key, event);
                settlement.adopted = Some(claim(&key, 7));
                run.settle(settlement)
            };
            let expected = step(from, event);
            match (&outcome, &expected) {
                (Ok(()), Ok(_)) => {}
                (Err(StateError::Illegal(illegal)), Err(expected)) => assert_eq!(illegal, expected),
                _ => panic!("{key}: {outcome:?}, not {expected:?}"),
            }
            let now = run.states(&[&key])[0];
            assert_eq!(now, expected.ok().or(from), "{key}");
        }
    }
}

fn a_new_claim_replaces_the_last_attempt(store: &dyn Store) {
    let first = begin(store, 10);
    wait(first.state.claim(vec![claim("a", 1)])).unwrap();
    let refused = with_answer(settlement("a", Event::Rejected), 400, "no");
    first.settle(refused).unwrap();
    let known = first.known(&["a"]).remove(0).unwrap();
    assert_eq!(
        (known.status, known.words.as_deref()),
        (Some(400), Some("no"))
    );
    first.end(1, None);

    let second = begin(store, 20);
    wait(second.state.claim(vec![claim("a", 2)])).unwrap();
    let known = second.known(&["a"]).remove(0).unwrap();
    assert_eq!(known.state, RecordState::InFlight);
    assert_eq!(known.fingerprint, Some(fingerprint(2)));
    assert_eq!((known.status, known.words), (None, None));
    let row = row(store, "a");
    assert_eq!(row.legacy_identifier, "legacy-2");
    assert_eq!((row.attempts, row.since), (2, shown(20)));
    assert_eq!((row.status, row.words), (None, None));
    assert_eq!(row.run, second.id);
    second.die();

    let doubt = begin(store, 30).doubts.remove(0);
    assert_eq!(doubt.business_name, "Name 2");
    assert_eq!(doubt.legacy_identifier.as_str(), "legacy-2");
    assert_eq!(doubt.fingerprint, Some(fingerprint(2)));
}

fn a_settlement_replaces_moment_and_run(store: &dyn Store) {
    let claiming = begin(store, 10);
    let events = [
        Event::Created,
        Event::Rejected,
        Event::OutcomeUnknown,
        Event::NotCreated,
        Event::OwnerLost,
    ];
    let keys = events.map(|event| format!("{event:?}"));
    claiming.claim(&keys.each_ref().map(String::as_str));
    // The claims are still under way in the second run's eyes.
    let start = RunStart {
        open: OpenRows::NoneExist,
        ..start()
    };
    let settling = begin_again_as(store, 20, start);
    settling.set_clock(25);
    for (key, event) in keys.iter().zip(events) {
        let mut settlement = with_answer(settlement(key, event), 418, "a word");
        settlement.more_attempts = 2;
        settling.settle(settlement).unwrap();
        let row = row(store, key);
        assert_eq!(
            (row.since, row.run),
            (shown(25), settling.id.clone()),
            "{key}"
        );
        assert_eq!(
            (row.status, row.words.as_deref()),
            (Some(418), Some("a word"))
        );
        assert_eq!(row.attempts, 3, "{key}");
        let partner = (event == Event::Created).then(|| format!("id-{key}"));
        assert_eq!(row.partner_id, partner);
        // That a row was created is in its record; its history has everything else.
        let history: Vec<_> = row.history.iter().map(|line| line.what.as_str()).collect();
        let expected = (event != Event::Created).then(|| event.as_str());
        assert_eq!(history, expected.into_iter().collect::<Vec<_>>());
    }
}

fn one_failing_command_harms_no_other(store: &dyn Store) {
    let run = begin(store, 10);
    run.bring_to("created", Some(RecordState::Created));
    let ask = |n: usize| {
        let state = run.state.clone();
        async move {
            match n {
                7 => {
                    state
                        .claim(vec![claim("with it", 1), claim("created", 1)])
                        .await
                }
                11 => {
                    state
                        .settle(vec![settlement("never seen", Event::OutcomeUnknown)])
                        .await
                }
                _ => state.claim(vec![claim(&format!("K-{n}"), 1)]).await,
            }
        }
    };
    let answers = wait(async {
        let all: Vec<_> = (0..50).map(|n| tokio::spawn(ask(n))).collect();
        let mut answers = Vec::new();
        for answer in all {
            answers.push(answer.await.unwrap());
        }
        answers
    });
    for (n, answer) in answers.into_iter().enumerate() {
        let key = format!("K-{n}");
        let state = run.states(&[&key])[0];
        if n == 7 || n == 11 {
            assert!(matches!(answer, Err(StateError::Illegal(_))), "{answer:?}");
            assert_eq!(state, None);
        } else {
            answer.unwrap();
            assert_eq!(state, Some(RecordState::InFlight));
        }
    }
    let others = run.states(&["with it", "never seen", "created"]);
    assert_eq!(others, [None, None, Some(RecordState::Created)]);
}

fn what_was_answered_is_kept(store: &dyn Store) {
    let run = begin(store, 10);
    for state in all_states() {
        run.bring_to(&format!("{state:?}"), state);
    }
    run.die();
    let reader = store.reader("t", "m").unwrap().unwrap();
    for state in all_states() {
        let known = reader.known(std::iter::once(format!("{state:?}").as_str()));
        let known = known.unwrap().remove(0);
        assert_eq!(known.as_ref().map(|k| k.state), state);
        let partner = known.and_then(|k| k.partner);
        assert_eq!(partner.is_some(), state == Some(RecordState::Created));
    }
}

fn claims_of_the_dead_are_doubts_from_now(store: &dyn Store) {
    let doubts = |run: &Run| {
        let mut doubts: Vec<_> = run
            .doubts
            .iter()
            .map(|doubt| (doubt.key.as_str().to_owned(), doubt.since.0 / 1000))
            .collect();
        doubts.sort();
        doubts
    };
    let first = begin(store, 10);
    assert!(first.doubts.is_empty());
    first.bring_to("lost", Some(RecordState::InDoubt));
    first.bring_to("created", Some(RecordState::Created));
    first.bring_to("rejected", Some(RecordState::Rejected));
    first.bring_to("unsent", Some(RecordState::Unsent));
    first.claim(&["claimed"]);
    first.die();

    // When the run died is not known: its request may have been on its way until just now.
    let second = begin(store, 50);
    let expected = [("claimed".to_owned(), 50), ("lost".to_owned(), 10)];
    assert_eq!(doubts(&second), expected);
    // Its answer is lost like any other, by what this run counts as by what the state keeps.
    let lost = |run: &Run| run.doubts.iter().all(|d| (d.posts, d.lost) == (1, 1));
    assert!(lost(&second), "{:?}", second.doubts);
    assert!(second.states(&["claimed"]) == [Some(RecordState::InDoubt)]);
    let row = row(store, "claimed");
    assert_eq!(row.since, shown(50));
    let words = "the run ended before the answer came";
    assert_eq!(row.words.as_deref(), Some(words));
    assert_eq!(row.history[0].what, Event::OwnerLost.as_str());
    second.end(3, None);

    let third = begin(store, 90);
    assert_eq!(doubts(&third), expected);
    assert!(lost(&third), "{:?}", third.doubts);
    let settled = settlement("lost", Event::ConfirmedAbsent);
    third.settle(settled).unwrap();
    third.die();
    assert_eq!(doubts(&begin(store, 99)), expected[..1]);
}

fn spaces_are_apart(store: &dyn Store) {
    let first = begin(store, 10);
    first.claim(&["claimed"]);
    first.bring_to("a", Some(RecordState::Created));
    first.die();
    for (target, mapping) in [("t", "other"), ("other", "m")] {
        let start = RunStart {
            target: target.to_owned(),
            mapping: mapping.to_owned(),
            ..start()
        };
        let other = begin_as(store, 20, start);
        assert!(other.doubts.is_empty());
        assert!(!other.state.reader().unwrap().has_rows().unwrap());
        assert_eq!(other.states(&["a", "claimed"]), [None, None]);
        let mut adopted = settlement("a", Event::FoundRemotely);
        adopted.adopted = Some(claim("a", 9));
        other.settle(adopted).unwrap();
        other.claim(&["claimed"]);
        other
            .settle(settlement("claimed", Event::Rejected))
            .unwrap();

        // Neither has moved what the first one has.
        let first = store.reader("t", "m").unwrap().unwrap();
        let first = first.known(["a", "claimed"].into_iter()).unwrap();
        let first: Vec<_> = first.into_iter().flatten().collect();
        assert_eq!(first[0].fingerprint, Some(fingerprint(7)));
        assert_eq!(
            [first[0].state, first[1].state],
            [RecordState::Created, RecordState::InFlight]
        );
        let found = other.known(&["a"]).remove(0).unwrap();
        assert_eq!(
            (found.state, found.fingerprint),
            (RecordState::Created, Some(fingerprint(9)))
        );
        let reader = store.reader(target, mapping).unwrap().unwrap();
        assert!(reader.has_rows().unwrap());
        let mut created = Vec::new();
        reader
            .each_created(&mut |key, id| created.push(format!("{key} {id}")))
            .unwrap();
        assert_eq!(created, ["a id-a"]);
        other.end(1, None);
    }
    assert!(store.reader("t", "never").unwrap().is_none());
}

fn rows_are_known_at_one_moment(store: &dyn Store) {
    let run = begin(store, 10);
    run.claim(&["a", "b"]);
    run.settle(settlement("a", Event::Created)).unwrap();
    let (created, in_flight) = (Some(RecordState::Created), Some(RecordState::InFlight));
    let asked = ["b", "a", "never", "b"];
    assert_eq!(run.states(&asked), [in_flight, created, None, in_flight]);

    // The row moves after the first of it was looked up.
    let reader = run.state.reader().unwrap();
    let keys = asked.iter().enumerate().map(|(n, key)| {
        if n == 3 {
            run.settle(settlement("b", Event::Created)).unwrap();
        }
        *key
    });
    let known = reader.known(keys).unwrap();
    let states: Vec<_> = known.iter().map(|k| k.as_ref().map(|k| k.state)).collect();
    // Whether that moment is before or after the move is the implementation's.
    assert_eq!(states[0], states[3]);
    assert_eq!(states[1..3], [created, None]);
    assert_eq!(run.states(&["b"]), [created]);
}

fn only_created_is_created(store: &dyn Store) {
    let run = begin(store, 10);
    for state in all_states() {
        let key = format!("{state:?}");
        run.bring_to(&key, state);
        let reader = run.state.reader().unwrap();
        let is_created = reader.is_created(&RowKey::new(key)).unwrap();
        assert_eq!(is_created, state == Some(RecordState::Created), "{state:?}");
    }
}

fn done_rows_are_created_ones(store: &dyn Store) {
    let run = begin(store, 10);
    let contains = |key: &str, content: u8| {
        let reader = run.state.reader().unwrap();
        let done = reader.done_rows(1_000_000).unwrap().unwrap();
        let asked = fingerprint(content);
        let is_done = done.contains_all(&mut std::iter::once((key, &asked)));
        (is_done, done.open())
    };
    for state in [
        RecordState::Created,
        RecordState::Rejected,
        RecordState::Unsent,
    ] {
        let key = state.as_str();
        run.bring_to(key, Some(state));
        let is_created = state == RecordState::Created;
        assert_eq!(contains(key, 7), (is_created, OpenRows::NoneExist), "{key}");
        assert_eq!(contains(key, 8), (false, OpenRows::NoneExist), "{key}");
    }
    assert_eq!(contains("never", 7), (false, OpenRows::NoneExist));
    for state in [RecordState::InFlight, RecordState::InDoubt] {
        let key = state.as_str();
        run.bring_to(key, Some(state));
        assert_eq!(contains(key, 7), (false, OpenRows::MayExist), "{key}");
        let end = match state {
            RecordState::InFlight => Event::NotCreated,
            _ => Event::ConfirmedAbsent,
        };
        run.settle(settlement(key, end)).unwrap();
        assert_eq!(contains(key, 7), (false, OpenRows::NoneExist), "{key}");
    }
}

fn the_digest_moves_with_records(store: &dyn Store) {
    let run = begin(store, 10);
    run.bring_to("a", Some(RecordState::Created));
    let digest = || run.state.reader().unwrap().digest().unwrap();
    let mut seen = vec![digest()];
    run.state
        .note_changed(vec![(RowKey::new("a"), fingerprint(8))]);
    run.state.store_problems(b"lines".to_vec());
    run.known(&["a"]);
    run.settle(Settlement::new(RowKey::new("a"), Event::OutcomeUnknown))
        .unwrap_err();
    assert_eq!(digest(), seen[0]);
    wait(run.state.claim(vec![claim("b", 1)])).unwrap();
    seen.push(digest());
    run.settle(settlement("b", Event::Rejected)).unwrap();
    seen.push(digest());
    wait(run.state.claim(vec![claim("b", 2)])).unwrap();
    seen.push(digest());
    run.settle(settlement("b", Event::Created)).unwrap();
    seen.push(digest());
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "{seen:?}");
    assert_eq!(digest(), seen[4]);
}
