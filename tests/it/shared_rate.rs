//! One rate for all machines that share a state: real processes, and what the server counts.

use std::process::Child;
use std::time::Duration;

use partner_sync::api::Rate;

use crate::support::{Finished, Server, Workdir, signal, wait_until};

/// Rows that were imported, so that there is something to ask for.
const ROWS: usize = 400;

/// Requests a second that are asked for.
const RATE: usize = 40;

/// A folder with partners at a server; none where there is no Postgres.
fn imported() -> Option<(Workdir, Server)> {
    let dir = Workdir::in_postgres()?;
    let server = Server::start(&dir, &[]);
    dir.simple_export(ROWS);
    let words = "import e.csv -m m.toml --rate unlimited --workers 8";
    let words: Vec<&str> = words.split(' ').collect();
    dir.run(&words).at(&server).finish().expect_exit(0);
    let server = server.restart(&dir, &[]);
    Some((dir, server))
}

/// A machine that reads partners back, one after the other.
fn machine(dir: &Workdir, server: &Server, partners: usize) -> Child {
    let (partners, rate) = (partners.to_string(), format!("{RATE}/s"));
    let words = [
        "verify", "e.csv", "-m", "m.toml", "--sample", &partners, "--rate", &rate,
    ];
    dir.run(&words).at(server).start()
}

/// When the server saw requests, in milliseconds.
fn times(server: &Server) -> Vec<i64> {
    let requests = server.requests();
    let mut times: Vec<i64> = requests.iter().map(|r| r["at"].as_i64().unwrap()).collect();
    times.sort_unstable();
    times
}

/// The most requests in any time of so many milliseconds.
fn busiest(times: &[i64], window: i64) -> usize {
    let within = |start: &i64| times.partition_point(|t| *t < start + window);
    let counts = times.iter().enumerate().map(|(i, start)| within(start) - i);
    counts.max().unwrap_or(0)
}

/// In no time more than was asked for. Slots are exact; a busy machine delivers some of them late and so closer together, for which
/// a tenth is allowed, and over the whole time nothing is.
fn assert_never_above(times: &[i64], rate: usize) {
    for (seconds, window) in [(1, 1000), (2, 2000), (3, 3000)] {
        let seen = busiest(times, window);
        let allowed = seconds * rate + 1 + rate / 10;
        assert!(seen <= allowed, "{seen} in {seconds} s: {times:?}");
    }
    let span = (times.last().unwrap() - times.first().unwrap()) as f64 / 1000.0;
    let allowed = span.mul_add(rate as f64, 2.0) + rate as f64 / 10.0;
    assert!(times.len() as f64 <= allowed, "{} in {span} s", times.len());
}

#[test]
fn four_machines_share_one_rate_and_use_it() {
    let Some((dir, server)) = imported() else {
        return;
    };
    let machines: Vec<Child> = (0..4).map(|_| machine(&dir, &server, 60)).collect();
    for machine in machines {
        Finished::of(machine.wait_with_output().unwrap()).expect_exit(0);
    }
    let times = times(&server);
    assert!(times.len() >= 240, "{}", times.len());
    assert_never_above(&times, RATE);
    // A machine that is busy with something else shows what they can do at its best.
    let seen = busiest(&times, 1000);
    assert!(seen * 100 >= RATE * 95, "{seen} of {RATE}");
    // What a machine is told, each of them is: one row for them all.
    let rows = dir.ask_database("SELECT count(*), max(asked) FROM partner_sync.pace");
    assert_eq!(rows, format!("1|{RATE}"));
}

#[test]
fn what_a_dead_machine_leaves_the_others_use() {
    let Some((dir, server)) = imported() else {
        return;
    };
    let mut machines: Vec<Child> = (0..4).map(|_| machine(&dir, &server, ROWS)).collect();
    wait_until("all of them ask", || server.requests().len() > 2 * RATE);
    let mut left = machines.pop().unwrap();
    for mut dead in machines {
        signal(&dead, "KILL");
        dead.wait().unwrap();
    }
    let killed = times(&server);
    let by_then = *killed.last().unwrap();
    wait_until("the last one has gone on alone", || {
        server.requests().len() > killed.len() + 5 * RATE
    });
    signal(&left, "KILL");
    left.wait().unwrap();
    let times = times(&server);
    assert_never_above(&times, RATE);
    // It had a quarter before. What the dead held has lapsed within a second.
    let alone: Vec<i64> = times.into_iter().filter(|t| *t > by_then + 1000).collect();
    let seen = busiest(&alone, 1000);
    assert!(seen * 100 >= RATE * 95, "{seen} of {RATE}");
}

#[test]
fn what_one_machine_is_refused_slows_all() {
    let Some((dir, server)) = imported() else {
        return;
    };
    let machines: Vec<Child> = (0..4).map(|_| machine(&dir, &server, ROWS)).collect();
    wait_until("all of them ask", || server.requests().len() > 2 * RATE);
    // A fifth one, in this process, is refused; it is told nothing of the others.
    let rate = Rate::PerSecond(RATE as f64);
    let refused = partner_sync::ops::shared_rate(&dir.store(), &server.url, rate, None).unwrap();
    refused.slow(Duration::ZERO, true).unwrap();
    let by_then = *times(&server).last().unwrap();
    wait_until("they went on", || {
        *times(&server).last().unwrap() > by_then + 2500
    });
    for mut machine in machines {
        signal(&machine, "KILL");
        machine.wait().unwrap();
    }
    // A second later all are at half of it; in a second a twentieth comes back.
    let after = |t: &i64| (by_then + 1000..by_then + 2000).contains(t);
    let seen = times(&server).into_iter().filter(after).count();
    let allowed = RATE / 2 + RATE / 10 + 1 + RATE / 10;
    assert!(seen <= allowed, "{seen} of {allowed}");
}

/// Nothing is sent beyond what was given out, and the run goes on when the database is back.
#[test]
fn while_the_database_is_away_nothing_is_sent() {
    let Some(cluster) = crate::support::postgres::own() else {
        return;
    };
    let dir = Workdir::in_cluster(cluster);
    let server = Server::start(&dir, &[]);
    dir.simple_export(ROWS);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .finish()
        .expect_exit(0);
    let server = server.restart(&dir, &[]);
    let mut asks = machine(&dir, &server, ROWS);
    wait_until("it asks", || server.requests().len() > RATE);
    cluster.crash();
    let crashed = times(&server).len();
    // As long as it takes to start the database again.
    cluster.restart();
    let meanwhile = times(&server).len() - crashed;
    assert!(meanwhile <= RATE, "{meanwhile}");
    wait_until("it goes on", || times(&server).len() > crashed + RATE * 2);
    signal(&asks, "KILL");
    asks.wait().unwrap();
    assert_never_above(&times(&server), RATE);
}
