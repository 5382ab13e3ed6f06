//! Several machines on one state: who has a row, what is left when one is lost, and when an import is over.

use super::*;
use crate::state::postgres::server::Takeover;
use crate::state::{ImportStart, PerRow, Share as _, StateReader, StateWriter, Turn, View as _};

/// A machine at work.
pub(super) struct Machine {
    pub(super) lease: Lease,
    pub(super) share: PostgresShare,
    pub(super) state: StateWriter,
}

pub(super) fn import_of(rows: u64) -> ImportStart {
    ImportStart {
        target: "t".to_owned(),
        mapping: "m".to_owned(),
        source_digest: "file".to_owned(),
        mapping_digest: "mapping".to_owned(),
        rows,
        piece_rows: 10,
        limit: None,
        canary: None,
    }
}

pub(super) fn machine(server: &Arc<Server>) -> Machine {
    joined(server, &import_of(35))
}

pub(super) fn joined(server: &Arc<Server>, import: &ImportStart) -> Machine {
    let lease = Lease::share(server, &Clock::System).unwrap();
    let share = PostgresShare::join(server, &lease, import, &Clock::System).unwrap();
    let (state, doubts, _) = begin(server, &lease, &start(), &Clock::System).unwrap();
    assert!(doubts.is_empty(), "{doubts:?}");
    Machine {
        lease,
        share,
        state,
    }
}

impl Room {
    /// Ends the lease of one machine, as its death or a long sleep does.
    pub(super) fn lose(&self, machine: &Machine) {
        let id = &machine.lease.term().machine;
        self.ask(&format!(
            "UPDATE partner_sync.machine SET until = clock_timestamp() WHERE id = '{id}'"
        ));
    }
}

pub(super) async fn claimed(machine: &Machine, keys: &[&str]) -> Vec<Option<RecordState>> {
    let claims = keys.iter().map(|key| claim(key)).collect();
    states(machine.state.claim(claims).await.unwrap(), keys.len())
}

fn states(answers: PerRow, count: usize) -> Vec<Option<RecordState>> {
    let answers = answers.answers().take(count);
    answers.map(|known| known.map(|k| k.state)).collect()
}

pub(super) async fn known(machine: &Machine, key: &str) -> Option<(RecordState, Option<String>)> {
    let known = machine.state.known(vec![RowKey::new(key)]).await.unwrap();
    let known = known.into_iter().flatten().next();
    known.map(|k| (k.state, k.partner.map(|p| p.to_string())))
}

pub(super) fn found(key: &str, id: &str) -> Settlement {
    let mut found = Settlement::new(RowKey::new(key), Event::FoundRemotely);
    found.partner = Some(PartnerId::new(id));
    found
}

/// For how many rows each machine is waited for that is waited for.
fn waited_for(room: &Room) -> Vec<u64> {
    let view = PostgresView::find(&room.server).unwrap().unwrap();
    let machines = view.machines().unwrap().machines.into_iter();
    machines.map(|m| m.waited_for).filter(|n| *n > 0).collect()
}

#[tokio::test]
async fn a_row_is_of_the_machine_that_claimed_it() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let (a, b) = (machine(&room.server), machine(&room.server));
    assert_eq!(claimed(&a, &["1", "2"]).await, [None, None]);
    let in_flight = Some(RecordState::InFlight);
    assert_eq!(
        claimed(&b, &["2", "3", "1"]).await,
        [in_flight, None, in_flight]
    );
    // What another machine says of it is kept, and changes nothing.
    let lost = Settlement::new(RowKey::new("3"), Event::OutcomeUnknown);
    let answers = b.state.settle(vec![made("1"), lost]).await.unwrap();
    assert_eq!(states(answers, 2), [in_flight, None]);
    assert_eq!(known(&a, "1").await, Some((RecordState::InFlight, None)));
    assert_eq!(
        room.ask("SELECT key, partner FROM partner_sync.late"),
        "1|id-1"
    );
    let answers = a.state.settle(vec![made("1")]).await.unwrap();
    assert_eq!(states(answers, 1), [None]);
    // A doubt is of one machine as well.
    let answers = a.state.settle(vec![Settlement::new(
        RowKey::new("3"),
        Event::ConfirmedAbsent,
    )]);
    assert_eq!(
        states(answers.await.unwrap(), 1),
        [Some(RecordState::InDoubt)]
    );
    // The same machine claims nothing twice.
    let twice = b.state.claim(vec![claim("3")]).await;
    assert!(matches!(twice, Err(StateError::Illegal(_))), "{twice:?}");
}

#[tokio::test]
async fn what_a_lost_machine_had_is_looked_up_by_one_and_its_answers_are_kept() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let (a, b, c) = (
        machine(&room.server),
        machine(&room.server),
        machine(&room.server),
    );
    claimed(&a, &["1", "2", "3"]).await;
    let lost = Settlement::new(RowKey::new("3"), Event::OutcomeUnknown);
    a.state.settle(vec![lost]).await.unwrap();
    assert_eq!(a.share.take(0, 2).unwrap(), [0, 1]);
    assert!(b.share.take_over().unwrap().is_empty(), "it is alive");
    room.lose(&a);
    let doubts = b.share.take_over().unwrap();
    let keys: Vec<_> = doubts.iter().map(|d| (d.key.as_str(), d.lost)).collect();
    assert_eq!(keys, [("1", 1), ("2", 1), ("3", 1)]);
    // It is a part of this process, so it may wake: a lease and ten minutes.
    let wait = Some(Duration::from_secs(630));
    assert!(
        doubts.iter().all(|d| d.proves_nothing_for == wait),
        "{doubts:?}"
    );
    assert!(c.share.take_over().unwrap().is_empty(), "one has it");
    assert_eq!(c.share.take(0, 1).unwrap(), [0], "its pieces are free");
    // It wakes. Its answer is known from then on, and it notes nothing else.
    assert_eq!(waited_for(&room), [3]);
    let refused = a.state.settle(vec![made("1")]).await;
    assert!(
        matches!(refused, Err(StateError::Taken { .. })),
        "{refused:?}"
    );
    assert!(a.state.claim(vec![claim("4")]).await.is_err());
    assert!(a.share.take(0, 9).is_err() && a.share.has_changed().is_err());
    assert_eq!(a.lease.may_send(), None);
    let created = |id: &str| Some((RecordState::Created, Some(id.to_owned())));
    assert_eq!(known(&b, "1").await, created("id-1"));
    // What the new owner finds meanwhile agrees, or is another partner.
    let answers = b
        .state
        .settle(vec![found("1", "id-1"), found("2", "other")])
        .await;
    assert_eq!(
        states(answers.unwrap(), 2),
        [Some(RecordState::Created), None]
    );
    // Two are known now.
    assert_eq!(waited_for(&room), [1]);
    a.state.settle(vec![made("2")]).await.unwrap_err();
    assert_eq!(known(&b, "2").await, created("other"));
    let reader: StateReader = b.state.reader().unwrap();
    let twins = reader.twins().unwrap();
    let told: Vec<_> = twins
        .iter()
        .map(|t| (t.key.as_str(), t.kept.as_str(), t.late.as_str()))
        .collect();
    assert_eq!(told, [("2", "other", "id-2")]);
    let end = RunEnd {
        told: twins[0].number,
        ..RunEnd::default()
    };
    b.state.end(end).await.unwrap();
    assert!(reader.twins().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_comes_while_the_row_is_sent_again_is_heeded_later() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let (a, b) = (machine(&room.server), machine(&room.server));
    claimed(&a, &["1"]).await;
    room.lose(&a);
    b.share.take_over().unwrap();
    let absent = Settlement::new(RowKey::new("1"), Event::ConfirmedAbsent);
    b.state.settle(vec![absent]).await.unwrap();
    claimed(&b, &["1"]).await;
    a.state.settle(vec![made("1")]).await.unwrap_err();
    assert_eq!(known(&b, "1").await, Some((RecordState::InFlight, None)));
    // Its own post came to nothing: the partner of the first one is the row's.
    let unsent = Settlement::new(RowKey::new("1"), Event::NotCreated);
    b.state.settle(vec![unsent]).await.unwrap();
    drop(b);
    let c = machine(&room.server);
    let id = Some("id-1".to_owned());
    assert_eq!(known(&c, "1").await, Some((RecordState::Created, id)));
}

#[tokio::test]
async fn a_machine_that_is_gone_for_certain_is_not_waited_for() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    for (process, takeover, expected) in [
        (
            "",
            Takeover::After(Duration::from_secs(5)),
            Some(Duration::from_secs(35)),
        ),
        ("", Takeover::Never, None),
        ("gone", Takeover::Never, Some(Duration::ZERO)),
    ] {
        let room = Room::new(cluster);
        let settings = ServerSettings {
            key_file: Some(harness::key_file(room.folder.path())),
            takeover: Some(takeover),
            ..ServerSettings::default()
        };
        let address = ServerAddress::parse(&room.address).unwrap().unwrap();
        let server = Arc::new(Server::new(address, settings));
        let (a, b) = (machine(&server), machine(&server));
        claimed(&a, &["1"]).await;
        if process == "gone" {
            // Another process had its number, when that was started.
            let this = process::this_one();
            let (before, _) = this.rsplit_once(' ').unwrap();
            let (id, told) = (&a.lease.term().machine, format!("{before} 1"));
            room.ask(&format!(
                "UPDATE partner_sync.machine SET process = '{told}' WHERE id = '{id}'"
            ));
        }
        room.lose(&a);
        let doubts = b.share.take_over().unwrap();
        assert_eq!(
            doubts[0].proves_nothing_for, expected,
            "{process} {takeover:?}"
        );
        // Whoever has the row in doubt next waits as long.
        room.lose(&b);
        let lease = Lease::take(&server, &Clock::System).unwrap();
        let (_, doubts, _) = begin(&server, &lease, &start(), &Clock::System).unwrap();
        let expected = if process == "gone" {
            takeover_of(&server)
        } else {
            expected
        };
        assert_eq!(
            doubts[0].proves_nothing_for, expected,
            "{process} {takeover:?}"
        );
    }
}

/// Who took it over was lost as well, and is alive.
fn takeover_of(server: &Server) -> Option<Duration> {
    server.takeover()
}

#[test]
fn pieces_are_of_one_machine_and_an_import_ends_when_nobody_has_anything_to_do() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let (a, b) = (machine(&room.server), machine(&room.server));
    assert_eq!(a.share.first_look().unwrap(), Turn::Ours);
    assert!(
        matches!(b.share.first_look().unwrap(), Turn::Elsewhere(who) if who.contains("process"))
    );
    a.share.has_looked().unwrap();
    assert_eq!(b.share.first_look().unwrap(), Turn::Done);
    assert_eq!(a.share.take(0, 2).unwrap(), [0, 1]);
    assert_eq!(b.share.take(1, 1).unwrap(), [2]);
    // What is asked for again is had still.
    assert_eq!(a.share.take(0, 1).unwrap(), [0, 1, 3]);
    a.share.finish(&[0, 1, 3], 25).unwrap();
    assert!(a.share.take(0, 9).unwrap().is_empty());
    let seen = a.share.standing(None).unwrap().changes;
    assert!(
        !a.share.standing(Some(seen)).unwrap().is_over,
        "b is at work"
    );
    // What b did last was not seen by a yet.
    b.share.has_changed().unwrap();
    b.share.finish(&[2], 10).unwrap();
    assert!(!b.share.standing(Some(seen + 1)).unwrap().is_over);
    assert!(a.share.standing(Some(seen + 1)).unwrap().is_over);
    assert!(b.share.standing(Some(seen + 1)).unwrap().is_over);
}

#[test]
fn who_ends_or_is_lost_leaves_its_pieces() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let (a, b, c) = (
        machine(&room.server),
        machine(&room.server),
        machine(&room.server),
    );
    assert_eq!(a.share.first_look().unwrap(), Turn::Ours);
    a.share.take(0, 9).unwrap();
    room.lose(&a);
    let nothing = Some(0);
    c.share.standing(nothing).unwrap();
    assert!(
        !b.share.standing(nothing).unwrap().is_over,
        "a's pieces are nobody's"
    );
    b.share.take_over().unwrap();
    assert_eq!(b.share.first_look().unwrap(), Turn::Ours);
    assert!(b.share.standing(None).unwrap().has_free);
    assert_eq!(b.share.take(0, 2).unwrap(), [0, 1]);
    drop(b);
    assert_eq!(c.share.take(0, 9).unwrap(), [0, 1, 2, 3]);
    // It was idle before: who has just taken something is not.
    let d = machine(&room.server);
    assert!(!d.share.standing(nothing).unwrap().is_over);
}

#[test]
fn machines_join_the_same_import_only_and_one_that_is_alone_is_alone() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let a = machine(&room.server);
    let lease = Lease::share(&room.server, &Clock::System).unwrap();
    let refused = |start: ImportStart| match PostgresShare::join(
        &room.server,
        &lease,
        &start,
        &Clock::System,
    ) {
        Err(StateError::OtherImport { differs, .. }) => differs,
        other => panic!("{other:?}"),
    };
    let file = ImportStart {
        source_digest: "another".to_owned(),
        ..import_of(35)
    };
    assert_eq!(refused(file), "another file");
    let mapping = ImportStart {
        mapping_digest: "another".to_owned(),
        ..import_of(35)
    };
    assert_eq!(refused(mapping), "another mapping or other options");
    // Another mapping has its own.
    let other = ImportStart {
        mapping: "n".to_owned(),
        ..import_of(5)
    };
    PostgresShare::join(&room.server, &lease, &other, &Clock::System).unwrap();
    let locked = Lease::take(&room.server, &Clock::System).unwrap_err();
    assert!(
        locked.to_string().contains("2 machines: process"),
        "{locked}"
    );
    drop((lease, a));
    let alone = Lease::take(&room.server, &Clock::System).unwrap();
    let locked = Lease::share(&room.server, &Clock::System);
    assert!(
        matches!(locked, Err(StateError::Locked { .. })),
        "{locked:?}"
    );
    drop(alone);
    // Nobody is at it any more, so another file begins another import.
    let lease = Lease::share(&room.server, &Clock::System).unwrap();
    let file = ImportStart {
        source_digest: "another".to_owned(),
        ..import_of(35)
    };
    PostgresShare::join(&room.server, &lease, &file, &Clock::System).unwrap();
}
