//! A database that crashes, comes back or stays away, at seeded moments, while answers of the API are lost and runs are
//! killed: each key once, and none lost.

use std::process::Child;
use std::time::Duration;

use crate::support::{Finished, Run, Server, Workdir, postgres, wait_until};

const ROWS: usize = 200;

fn import(dir: &Workdir, server: &Server) -> Run {
    let import = ["import", "e.csv", "-m", "m.toml", "--workers", "16"];
    dir.run(&import)
        .args(&["--rate", "unlimited", "--settle", "300ms", "--json"])
        .at(server)
}

/// Waits until a run has sent some rows more, or has ended.
fn has_sent(server: &Server, rows: usize, child: &mut Child) {
    let enough = server.count("POST") + rows;
    wait_until("some rows are sent, or all", || {
        server.count("POST") >= enough || child.try_wait().unwrap().is_some()
    });
}

/// A folder with a state on a server of its own.
fn alone(lease: &str) -> Option<(&'static postgres::Cluster, Workdir)> {
    let cluster = postgres::own()?;
    Some((cluster, Workdir::in_cluster(cluster).with_lease(lease)))
}

/// It is away for less than a lease: what is under way is recorded when it is back, and the run goes on as if nothing had been.
#[test]
fn a_database_that_comes_back_within_the_lease_ends_no_run() {
    let Some((cluster, dir)) = alone("60s") else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(ROWS);
    let mut child = import(&dir, &server).start();
    for rows in [20, 40, 40] {
        has_sent(&server, rows, &mut child);
        cluster.crash();
        cluster.restart();
    }
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(0);
    let summary = run.summary();
    assert_eq!(summary.get("created"), ROWS as u64, "{run:?}");
    // No answer was lost: nothing had to be looked up or sent again.
    assert_eq!(server.count("POST"), ROWS);
    server.assert_each_once(ROWS);
}

/// A server may be set up not to wait for its disk (`synchronous_commit = off`), which many are for speed: a crash then undoes what it
/// has confirmed, and a row whose claim is undone could be sent twice.
#[test]
fn a_server_that_does_not_wait_for_its_disk_does_for_this_state() {
    // It writes what it holds back as late as it may, so that a crash undoes it.
    let setup = postgres::Setup {
        settings: "synchronous_commit = off\nwal_writer_delay = 10s\nwal_writer_flush_after = 0",
        ..postgres::Setup::default()
    };
    let Some(cluster) = postgres::with(&setup) else {
        return;
    };
    let dir = Workdir::in_cluster(cluster).with_lease("60s");
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(ROWS);
    let mut child = import(&dir, &server).start();
    for rows in [20, 40] {
        has_sent(&server, rows, &mut child);
        cluster.crash();
        cluster.restart();
    }
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(0);
    assert_eq!(run.summary().get("created"), ROWS as u64, "{run:?}");
    assert_eq!(server.count("POST"), ROWS);
    // Nor is what was moved there undone, when the file may be gone already.
    let moved = cluster.database();
    let words = ["state", "move", &dir.address(), &moved];
    dir.run(&words).finish().expect_exit(0);
    cluster.crash();
    cluster.restart();
    let count = cluster.ask(&moved, "SELECT count(*) FROM partner_sync.record");
    assert_eq!(count, ROWS.to_string());
}

/// It stays away for longer than the lease: nothing is sent any more, and the run ends with 3. What was under way is looked up
/// by the next run.
#[test]
fn a_database_that_stays_away_ends_the_run() {
    let Some((cluster, dir)) = alone("2s") else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "50ms"]);
    dir.simple_export(ROWS);
    let mut child = import(&dir, &server).args(&["--report", "out"]).start();
    has_sent(&server, 20, &mut child);
    let held = server.hold();
    cluster.crash();
    drop(held);
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(3);
    let sent = server.count("POST");
    // It says on all ways what became of each row.
    let summary = run.summary();
    assert!(summary.get("deferred") > 0 && summary.get("exit") == 3);
    assert_eq!(summary.get("rows"), ROWS as u64);
    for file in ["out/report.html", "out/problems.csv", "out/created.csv"] {
        assert!(dir.path(file).exists(), "{file}");
    }
    assert!(dir.read("out/report.html").contains("is not available"));
    for words in ["is not available", "nothing is lost", "run again"] {
        assert!(run.stderr.contains(words), "{words}: {run:?}");
    }
    assert!(sent < ROWS, "{run:?}");
    // Nor is anything begun while it is away.
    let away = import(&dir, &server).finish().expect_exit(3);
    assert!(away.stderr.contains("is not available"), "{away:?}");
    assert_eq!(server.count("POST"), sent);
    cluster.restart();
    let rest = import(&dir, &server).args(&["--wait", "1m"]).finish();
    let summary = rest.expect_exit(0).summary();
    assert_eq!(summary.get("created") + summary.get("skipped"), ROWS as u64);
    server.assert_each_once(ROWS);
}

/// It does nothing for longer than two leases, and then what it was told to: the run goes on, or stops and says why.
#[test]
fn a_database_that_hangs_for_a_while_leaves_no_row_without_a_reason() {
    let Some((cluster, dir)) = alone("1s") else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "50ms"]);
    dir.simple_export(ROWS);
    let mut child = import(&dir, &server).start();
    has_sent(&server, 20, &mut child);
    cluster.signal("STOP");
    std::thread::sleep(Duration::from_millis(3500));
    cluster.signal("CONT");
    let run = Finished::of(child.wait_with_output().unwrap());
    let summary = run.summary();
    assert_eq!(summary.get("rows"), ROWS as u64);
    let stopped = summary.value()["stopped"].as_str();
    assert!(
        run.exit == 0 || (run.exit == 3 && stopped.is_some()),
        "{run:?}"
    );
    let rest = import(&dir, &server).args(&["--wait", "1m"]).finish();
    rest.expect_exit(0);
    server.assert_each_once(ROWS);
}

/// What happens to the database and to the run at one moment.
#[derive(Debug)]
enum Fate {
    /// The database crashes and is back at once; the run may go on.
    Back,
    /// So does the machine of the run.
    BackAndKilled,
    /// It is back when the run has given up.
    StaysAway,
    /// The run alone is killed.
    Killed,
}

#[test]
fn each_key_once_whatever_the_database_does() {
    let Some((cluster, dir)) = alone("2s") else {
        return;
    };
    let faults = ["reset-after=0.05", "500-after=0.05"];
    let faults = faults.iter().flat_map(|f| ["--fault", f]);
    let busy = ["--seed", "3", "--latency", "10ms"];
    let server = Server::start(&dir, &busy.into_iter().chain(faults).collect::<Vec<_>>());
    dir.simple_export(2 * ROWS);
    let mut random = fastrand::Rng::with_seed(7);
    let fates = [
        Fate::Back,
        Fate::StaysAway,
        Fate::BackAndKilled,
        Fate::Back,
        Fate::Killed,
        Fate::BackAndKilled,
        Fate::StaysAway,
        Fate::Back,
    ];
    for fate in fates {
        dir.end_leases();
        let mut child = import(&dir, &server).start();
        has_sent(&server, random.usize(1..40), &mut child);
        std::thread::sleep(Duration::from_micros(random.u64(0..5000)));
        if !matches!(fate, Fate::Killed) {
            cluster.crash();
        }
        if matches!(fate, Fate::Killed | Fate::BackAndKilled) {
            let _ = child.kill();
        }
        if matches!(fate, Fate::StaysAway) {
            // One that had just ended, or had nothing more to record, knows nothing of it.
            let exit = child.wait().unwrap().code();
            assert!(matches!(exit, Some(0 | 1 | 3)), "{exit:?}");
        }
        if !matches!(fate, Fate::Killed) {
            cluster.restart();
        }
        let exit = child.wait().unwrap().code();
        assert!(matches!(exit, None | Some(0 | 1 | 3)), "{fate:?}: {exit:?}");
    }
    dir.end_leases();
    let mut last = 3;
    for _ in 0..20 {
        last = import(&dir, &server).finish().exit;
        if last < 2 {
            break;
        }
    }
    assert!(last < 2);
    // From here on, the API tells the truth.
    let server = server.restart(&dir, &[]);
    let reconcile = dir.run(&["reconcile", "--settle", "300ms"]).at(&server);
    reconcile.finish().expect_exit(0);
    import(&dir, &server).finish().expect_exit(0);
    server.assert_each_once(2 * ROWS);
}

/// A standby that lacks commits becomes the primary while a run writes: the run notices at its next batch, stops, and says
/// what to do. What was created meanwhile is found on the API.
#[test]
fn a_failover_that_loses_commits_stops_the_run() {
    let Some((cluster, dir)) = alone("60s") else {
        return;
    };
    let server = Server::start(&dir, &[]);
    dir.simple_export(ROWS);
    let slow = [
        "import", "e.csv", "-m", "m.toml", "--rate", "20/s", "--json",
    ];
    let mut child = dir.run(&slow).at(&server).start();
    has_sent(&server, 10, &mut child);
    let held = server.hold();
    let standby = cluster.standby();
    drop(held);
    has_sent(&server, 20, &mut child);
    let held = server.hold();
    cluster.crash();
    cluster.promote(&standby);
    drop(held);
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(3);
    let summary = run.summary();
    let stopped = summary.value()["stopped"].as_str().unwrap().to_owned();
    for words in ["has lost commits", "reconcile --adopt FILE -m MAPPING"] {
        assert!(stopped.contains(words), "{stopped}");
    }
    assert!(server.count("POST") < ROWS);
    dir.end_leases();
    let adopt = ["reconcile", "--adopt", "e.csv", "-m", "m.toml"];
    let adopt = dir.run(&adopt).args(&["--settle", "300ms"]);
    adopt.at(&server).finish().expect_exit(0);
    let rest = import(&dir, &server).finish().expect_exit(0).summary();
    assert_eq!(
        rest.get("created") + rest.get("skipped"),
        ROWS as u64,
        "{rest:?}"
    );
    server.assert_each_once(ROWS);
}
