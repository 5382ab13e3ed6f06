//! Cases about what is shown of a state, and what a person decides of its rows.

use super::store::{
    Case, Run, Store, begin, begin_as, claim, row, settlement, shown, start, wait, with_answer,
};
use crate::clock::Timestamp;
use crate::partner::PartnerId;
use crate::state::{Event, RecordState, RunStart, StateReader};

pub(super) const CASES: &[Case] = &[
    (
        "a person's decision settles rows in doubt, and those alone",
        a_person_settles_doubts,
    ),
    (
        "which row has a partner is known within its space",
        the_row_of_a_partner_is_known,
    ),
    (
        "every state is counted, with the oldest doubt",
        every_state_is_counted,
    ),
    (
        "rows that need somebody are shown, the oldest first",
        open_rows_are_shown,
    ),
    (
        "what a run made is known by its rows",
        what_a_run_made_is_known,
    ),
    ("a reader hands over its space's rows", readers_hand_over),
    (
        "the rows of a canary are those that no import has followed",
        canary_rows_are_open,
    ),
];

/// A row in each state, by its word.
fn in_all_states(run: &Run) -> [String; 5] {
    RecordState::ALL.map(|state| {
        let key = state.as_str().to_owned();
        run.bring_to(&key, Some(state));
        key
    })
}

fn a_person_settles_doubts(store: &dyn Store) {
    use RecordState::{Created, InDoubt, InFlight, Unsent};
    for (what, partner) in [("absent", None), ("created", Some("by hand"))] {
        let run = begin(store, 10);
        let keys = RecordState::ALL.map(|state| format!("{what}: {}", state.as_str()));
        for (key, state) in keys.iter().zip(RecordState::ALL) {
            run.bring_to(key, Some(state));
        }
        run.die();
        let mut upkeep = store.upkeep().unwrap();
        for (key, from) in keys.iter().zip(RecordState::ALL) {
            let rows = upkeep.of_key(key).unwrap();
            assert_eq!(rows[0].state, from);
            let is_unsettled = matches!(from, InFlight | InDoubt);
            assert_eq!(rows[0].is_unsettled(), is_unsettled, "{key}");
            assert_eq!(rows[0].may_be_forgotten(), !is_unsettled, "{key}");
            let id = partner.map(PartnerId::new);
            let resolved = upkeep.resolve(&rows, id.as_ref(), Timestamp(20_000));
            assert_eq!(resolved.unwrap(), u64::from(is_unsettled), "{key}");
            let now = row(store, key);
            let (state, id) = match from {
                InFlight | InDoubt if partner.is_some() => (Created, partner),
                InFlight | InDoubt => (Unsent, None),
                Created => (Created, Some("the one it has")),
                _ => (from, None),
            };
            assert_eq!(now.state, state.as_str(), "{key}");
            let own = format!("id-{key}");
            let id = id.map(|id| if from == Created { own.as_str() } else { id });
            assert_eq!(now.partner_id.as_deref(), id, "{key}");
            let is_told = now.history.iter().any(|line| line.run.is_none());
            assert_eq!(is_told, is_unsettled, "{key}: {:?}", now.history);
            assert_eq!(now.since == shown(20), is_unsettled, "{key}");
            // It is as it was shown that it is settled.
            let again = upkeep.resolve(&rows, None, Timestamp(30_000)).unwrap();
            assert_eq!(again, 0, "{key}");
            assert_eq!(row(store, key).history.len(), now.history.len(), "{key}");
        }
    }
}

fn the_row_of_a_partner_is_known(store: &dyn Store) {
    let run = begin(store, 10);
    run.bring_to("a", Some(RecordState::Created));
    run.bring_to("b", Some(RecordState::Rejected));
    run.die();
    let other = RunStart {
        mapping: "other".to_owned(),
        ..start()
    };
    let run = begin_as(store, 20, other);
    run.bring_to("c", Some(RecordState::Created));
    run.die();
    let upkeep = store.upkeep().unwrap();
    let of = |key: &str, partner: &str| {
        let rows = upkeep.of_key(key).unwrap();
        let partner = PartnerId::new(partner);
        upkeep.row_of_partner(&rows[0], &partner).unwrap()
    };
    assert_eq!(of("b", "id-a").as_deref(), Some("a"));
    assert_eq!(of("b", "id-c"), None);
    assert_eq!(of("c", "id-c").as_deref(), Some("c"));
    assert_eq!(of("c", "id-a"), None);
}

fn every_state_is_counted(store: &dyn Store) {
    let run = begin(store, 10);
    run.bring_to("first doubt", Some(RecordState::InDoubt));
    run.set_clock(20);
    let _ = in_all_states(&run);
    run.set_clock(5);
    run.bring_to("refused before", Some(RecordState::Rejected));
    let other = RunStart {
        mapping: "other".to_owned(),
        ..start()
    };
    begin_as(store, 30, other).die();
    let counts = store.view().unwrap().counts().unwrap();
    let mappings: Vec<_> = counts.iter().map(|c| c.mapping.as_str()).collect();
    assert_eq!(mappings, ["m", "other"]);
    for state in RecordState::ALL {
        let expected = match state {
            RecordState::InDoubt | RecordState::Rejected => 2,
            _ => 1,
        };
        assert_eq!(counts[0].states[state.as_str()], expected, "{state:?}");
        assert_eq!(counts[1].states[state.as_str()], 0);
    }
    assert_eq!(counts[0].oldest_doubt, Some(shown(10)));
    assert_eq!(counts[1].oldest_doubt, None);
    run.die();
}

fn open_rows_are_shown(store: &dyn Store) {
    let run = begin(store, 10);
    let keys = in_all_states(&run);
    run.set_clock(5);
    run.claim(&["older"]);
    let refused = with_answer(settlement("older", Event::Rejected), 422, "no");
    run.settle(refused).unwrap();
    let view = store.view().unwrap();
    let mut shown_keys: Vec<String> = view
        .open_rows(9)
        .unwrap()
        .into_iter()
        .map(|row| row.key)
        .collect();
    assert_eq!(shown_keys.remove(0), "older");
    shown_keys.sort();
    let mut expected: Vec<&String> = keys
        .iter()
        .filter(|key| !matches!(key.as_str(), "created" | "unsent"))
        .collect();
    expected.sort();
    assert_eq!(shown_keys.iter().collect::<Vec<_>>(), expected);
    let first = view.open_rows(1).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(
        (first[0].status, first[0].words.as_deref()),
        (Some(422), Some("no"))
    );
    run.die();
}

fn what_a_run_made_is_known(store: &dyn Store) {
    let first = begin(store, 10);
    first.bring_to("b", Some(RecordState::Created));
    first.bring_to("a", Some(RecordState::Created));
    first.bring_to("c", Some(RecordState::Rejected));
    let first = first.end(0, None);
    let second = begin(store, 20);
    second.bring_to("d", Some(RecordState::Created));
    let second = second.end(0, None);
    let view = store.view().unwrap();
    let made = |name: &str| {
        let run = view.run(name).unwrap().unwrap();
        let made = view.created_by(&run).unwrap().into_iter();
        made.map(|(key, legacy, id)| format!("{key} {legacy} {id}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(made(&first), ["a legacy-7 id-a", "b legacy-7 id-b"]);
    assert_eq!(made(&second), ["d legacy-7 id-d"]);
}

fn handed_over(reader: &StateReader) -> [Vec<String>; 4] {
    let mut all: [Vec<String>; 4] = Default::default();
    let [keys, created, canary, partners] = &mut all;
    reader
        .each_key(&mut |key| keys.push(key.to_owned()))
        .unwrap();
    reader
        .each_created(&mut |key, id| created.push(format!("{key} {id}")))
        .unwrap();
    reader
        .each_of_canary(&mut |key, id| canary.push(format!("{key} {id}")))
        .unwrap();
    reader
        .each_partner(&mut |id| partners.push(id.to_owned()))
        .unwrap();
    all.each_mut().into_iter().for_each(|list| list.sort());
    all
}

fn readers_hand_over(store: &dyn Store) {
    let other = RunStart {
        mapping: "other".to_owned(),
        ..start()
    };
    let run = begin_as(store, 1, other);
    run.bring_to("elsewhere", Some(RecordState::Created));
    run.die();
    let run = begin(store, 10);
    let mut keys = in_all_states(&run).to_vec();
    keys.push("b".to_owned());
    run.bring_to("b", Some(RecordState::Created));
    keys.sort();
    let reader = run.state.reader().unwrap();
    let [all, created, canary, partners] = handed_over(&reader);
    assert_eq!(all, keys);
    assert_eq!(created, ["b id-b", "created id-created"]);
    assert_eq!(canary, Vec::<String>::new());
    assert_eq!(partners, ["id-b", "id-created"]);
    run.die();
}

fn canary_rows_are_open(store: &dyn Store) {
    let canary = || RunStart {
        command: "canary",
        ..start()
    };
    let open = || {
        let reader = store.reader("t", "m").unwrap().unwrap();
        let [_, _, canary, _] = handed_over(&reader);
        canary
    };
    let run = begin_as(store, 10, canary());
    run.bring_to("a", Some(RecordState::Created));
    run.bring_to("refused", Some(RecordState::Rejected));
    // One that was there already was sent by nobody here.
    let mut adopted = settlement("there", Event::FoundRemotely);
    adopted.partner = Some(PartnerId::new("id-there"));
    adopted.adopted = Some(claim("there", 7));
    adopted.more_attempts = 0;
    run.settle(adopted).unwrap();
    run.end(0, None);
    assert_eq!(open(), ["a id-a"]);
    let run = begin_as(store, 20, canary());
    run.bring_to("b", Some(RecordState::Created));
    run.end(0, None);
    assert_eq!(open(), ["a id-a", "b id-b"]);
    // An import goes on by them.
    let run = begin(store, 30);
    wait(run.state.known(Vec::new())).unwrap();
    run.end(0, None);
    assert_eq!(open(), Vec::<String>::new());
    let run = begin_as(store, 40, canary());
    run.bring_to("c", Some(RecordState::Created));
    run.end(0, None);
    assert_eq!(open(), ["c id-c"]);
}
