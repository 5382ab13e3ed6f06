//! The rate that machines share: each has a connection of its own.

use std::time::Duration;

use super::{Lease, Room, ServerAddress, harness, server};
use crate::clock::Clock;
use crate::state::postgres::{SharedRate, TimeSlots};
use crate::state::{ServerSettings, StateAddress, StateError, Store};

impl Room {
    /// A machine that calls an API at so many requests a second.
    fn machine(&self, asked: f64, burst: u32) -> SharedRate {
        let server = server(&self.address, &self.folder, None);
        SharedRate::new(&server, "https://api", asked, burst)
    }

    /// Where the next slot begins, in microseconds.
    fn next(&self) -> i64 {
        let sql = "SELECT (extract(epoch FROM tat) * 1000000)::bigint FROM partner_sync.pace";
        self.ask(sql).parse().unwrap()
    }

    /// As if this many seconds had gone by.
    fn later(&self, seconds: f64) {
        self.ask(&format!(
            "UPDATE partner_sync.pace SET tat = tat - {seconds} * interval '1 second',
                 asked_at = asked_at - {seconds} * interval '1 second', cut_at = cut_at - {seconds} * interval '1 second',
                 raised_at = raised_at - {seconds} * interval '1 second',
                 paused_until = paused_until - {seconds} * interval '1 second'"
        ));
    }
}

fn room() -> Option<Room> {
    let room = Room::new(harness::cluster()?);
    drop(Lease::take(&room.server, &Clock::System).unwrap());
    Some(room)
}

fn close(rate: f64, to: f64) -> bool {
    (rate - to).abs() < to / 1e6
}

/// Four at once, each with a connection of its own: every slot is one machine's, and none is left out.
#[test]
fn slots_of_machines_are_disjoint_and_add_up() {
    const MACHINES: u32 = 4;
    const TAKES: u32 = 50;
    let Some(room) = room() else { return };
    // So slow that the time of the test is none of it.
    let rate = 10.0;
    room.machine(rate, 1).take(1).unwrap();
    let begin = room.next();
    std::thread::scope(|scope| {
        for slots in 1..=MACHINES {
            let machine = room.machine(rate, 1);
            scope.spawn(move || {
                for _ in 0..TAKES {
                    machine.take(slots).unwrap();
                }
            });
        }
    });
    let slots = i64::from((1..=MACHINES).sum::<u32>() * TAKES);
    assert_eq!(room.next() - begin, slots * 100_000);
    // They are told where they begin, and one that waits for nothing gets none in the past.
    let ahead = |taken: TimeSlots| Duration::from_secs_f64(taken.first).as_micros();
    let (before, taken) = (room.next(), room.machine(rate, 1).take(5).unwrap());
    let now = room.ask("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
    let begins = now.parse::<u128>().unwrap() + ahead(taken);
    assert!(begins >= u128::try_from(before).unwrap());
    assert_eq!(room.next() - before, 500_000);
    room.later(1_000.0);
    let taken = room.machine(rate, 1).take(1).unwrap();
    assert!((-0.05..=0.0).contains(&taken.first), "{taken:?}");
    // A burst reaches back, however long nobody called.
    room.later(1_000.0);
    let taken = room.machine(rate, 6).take(1).unwrap();
    assert!((-0.55..=-0.5).contains(&taken.first), "{taken:?}");
    assert!(close(taken.rate, rate) && taken.paused.is_none());
}

#[test]
fn of_different_rates_the_lowest_holds_while_it_is_asked_for() {
    let Some(room) = room() else { return };
    let rates = |asked: &[f64]| -> Vec<f64> {
        let take = |asked: &f64| room.machine(*asked, 1).take(1).unwrap().rate;
        asked.iter().map(take).collect()
    };
    assert_eq!(
        rates(&[40.0, 10.0, 40.0, 20.0, 10.0]),
        [40.0, 10.0, 10.0, 10.0, 10.0]
    );
    room.later(5.0);
    assert_eq!(rates(&[40.0]), [10.0]);
    // The one who asked for the lowest is gone.
    room.later(6.0);
    assert_eq!(rates(&[40.0, 30.0, 40.0]), [40.0, 30.0, 30.0]);
    room.later(11.0);
    assert_eq!(rates(&[0.01]), [0.01]);
    // One that is asked for every hundred seconds is not forgotten after ten.
    room.later(250.0);
    assert_eq!(rates(&[40.0]), [0.01]);
    room.later(51.0);
    assert_eq!(rates(&[40.0]), [40.0]);
}

#[test]
fn throttling_slows_everybody_once_a_second() {
    let Some(room) = room() else { return };
    let (one, other) = (room.machine(80.0, 1), room.machine(80.0, 1));
    let none = Duration::ZERO;
    one.take(1).unwrap();
    one.slow(none, true).unwrap();
    // However long this takes, none of it counts.
    room.later(-1_000.0);
    for machine in [&one, &other] {
        machine.slow(none, true).unwrap();
    }
    assert!(close(other.take(1).unwrap().rate, 40.0));
    room.later(1_001.0);
    other.slow(none, false).unwrap();
    // A twentieth of what was asked for comes back in a second, and this took no quarter of a minute.
    let rate = one.take(1).unwrap().rate;
    assert!((44.0..80.0).contains(&rate), "{rate}");
    room.later(20.0);
    assert!(close(one.take(1).unwrap().rate, 80.0));
    // It is called now and then, however often it refuses.
    room.ask("UPDATE partner_sync.pace SET cut = 0.3, cut_at = cut_at - interval '1 day'");
    one.slow(none, true).unwrap();
    room.later(-1_000.0);
    assert!(close(one.take(1).unwrap().rate, 0.2));
}

#[test]
fn a_pause_holds_for_everybody() {
    let Some(room) = room() else { return };
    let (one, other) = (room.machine(50.0, 1), room.machine(50.0, 1));
    one.take(1).unwrap();
    one.slow(Duration::from_mins(1), false).unwrap();
    // A shorter one ends none.
    other.slow(Duration::from_secs(5), false).unwrap();
    let taken = other.take(2).unwrap();
    let left = taken.paused.unwrap().as_secs_f64();
    assert!((50.0..=60.0).contains(&left), "{taken:?}");
    assert!((taken.first - left).abs() < 0.1, "{taken:?}");
    assert!(close(taken.rate, 50.0));
    // Slots after it are nobody's twice.
    assert!(one.take(1).unwrap().first > left - 10.0);
    room.later(61.0);
    assert_eq!(one.take(1).unwrap().paused, None);
}

#[test]
fn a_target_has_one_rate_and_a_file_none() {
    let Some(room) = room() else { return };
    let door = Store::Postgres(server(&room.address, &room.folder, None));
    let take = |target: &str| {
        let shared = door.shared_rate(target, 10.0, 1).unwrap();
        shared.take(1).unwrap()
    };
    for target in ["HTTP://LOCALHOST:80/", "http://127.0.0.1", "https://other"] {
        take(target);
    }
    let targets = room.ask("SELECT target FROM partner_sync.pace ORDER BY target");
    assert_eq!(targets, "http://127.0.0.1\nhttps://other");
    let file = StateAddress::from(room.folder.path().join("s.db"));
    let file = Store::at(&file, &ServerSettings::default());
    assert!(file.shared_rate("t", 10.0, 1).is_none());
}

#[test]
fn what_a_role_or_an_old_state_does_not_have_is_said() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let is_missing = |room: &Room| {
        let taken = room.machine(10.0, 1).take(1);
        assert!(
            matches!(taken, Err(StateError::Missing { .. })),
            "{taken:?}"
        );
    };
    is_missing(&room);
    drop(Lease::take(&room.server, &Clock::System).unwrap());
    room.machine(10.0, 1).take(1).unwrap();
    let reader = format!("r{}", std::process::id());
    room.ask(&format!(
        "CREATE ROLE {reader} LOGIN; GRANT USAGE ON SCHEMA partner_sync TO {reader};
         GRANT SELECT ON ALL TABLES IN SCHEMA partner_sync TO {reader}"
    ));
    let address = room.address.replace("//postgres@", &format!("//{reader}@"));
    assert!(ServerAddress::parse(&address).unwrap().is_ok());
    let server = server(&address, &room.folder, None);
    let taken = SharedRate::new(&server, "https://api", 10.0, 1).take(1);
    assert!(
        matches!(taken, Err(StateError::Refused { .. })),
        "{taken:?}"
    );
    room.ask("DROP TABLE partner_sync.pace");
    is_missing(&room);
}

/// What was given out before a crash is not given out again, and while the database is away there is nothing.
#[test]
fn after_a_crash_the_rate_begins_a_second_later() {
    let Some(cluster) = harness::own() else {
        return;
    };
    let room = Room::new(cluster);
    drop(Lease::take(&room.server, &Clock::System).unwrap());
    let machine = room.machine(1000.0, 1);
    let first = machine.take(1).unwrap();
    assert!((0.5..=1.0).contains(&first.first), "{first:?}");
    room.later(1_000.0);
    assert!(machine.take(1).unwrap().first <= 0.0);
    machine.slow(Duration::ZERO, true).unwrap();
    cluster.crash();
    let taken = machine.take(1);
    assert!(matches!(taken, Err(StateError::Away { .. })), "{taken:?}");
    cluster.restart();
    let again = machine.take(1).unwrap();
    assert!((0.5..=1.0).contains(&again.first), "{again:?}");
    assert!(close(again.rate, 1000.0));
}
