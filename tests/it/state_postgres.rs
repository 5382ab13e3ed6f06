//! A state in Postgres, as a user sees it: the commands, what they refuse, the lease, and a database that crashes.

use std::time::Duration;

use crate::support::{Run, Server, Workdir, postgres, wait_until};

const ROWS: usize = 200;

fn import(dir: &Workdir, server: &Server) -> Run {
    let arguments = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--workers",
        "16",
        "--rate",
        "unlimited",
    ];
    dir.run(&arguments)
        .args(&["--settle", "300ms", "--json"])
        .at(server)
}

#[test]
fn every_command_works_on_a_database() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    dir.simple_export(ROWS);
    let first = import(&dir, &server).finish().expect_exit(0).summary();
    assert_eq!(first.get("created"), ROWS as u64);
    let again = import(&dir, &server).finish().expect_exit(0).summary();
    assert_eq!(again.get("skipped"), ROWS as u64);
    server.assert_each_once(ROWS);
    // Nothing lies beside the program: no state file, no lock.
    assert!(!dir.path("partner-sync.db").exists() && dir.path("state.key").exists());

    let status = dir.run(&["status"]).finish().expect_exit(0).stdout;
    assert!(
        status.contains("State postgres://postgres@127.0.0.1") && status.contains("200"),
        "{status}"
    );
    let row = dir
        .run(&["status", "--row", "K-7"])
        .finish()
        .expect_exit(0)
        .stdout;
    assert!(row.contains("created"), "{row}");
    let exported = dir.run(&["state", "export"]).finish().expect_exit(0).stdout;
    assert_eq!(exported.lines().count(), ROWS + 1);
    let verified = dir
        .run(&["verify", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish();
    verified.expect_exit(0);
    dir.run(&["reconcile"]).at(&server).finish().expect_exit(0);

    // A row that changed is told, and accepted by hand; one that is forgotten is looked for again.
    let text = dir.read("e.csv").replace("Company 7\n", "Company seven\n");
    dir.write("e.csv", text);
    let changed = import(&dir, &server).finish().expect_exit(1).summary();
    assert_eq!(changed.get("changed"), 1);
    dir.run(&["state", "accept", "K-7", "--yes"])
        .finish()
        .expect_exit(0);
    import(&dir, &server).finish().expect_exit(0);
    dir.run(&["state", "forget", "K-9", "--yes"])
        .finish()
        .expect_exit(0);
    let looked = import(&dir, &server).finish().expect_exit(0).summary();
    assert_eq!(looked.get("adopted"), 1);
    server.assert_each_once(ROWS);

    let backup = dir
        .run(&["state", "backup", "b.db"])
        .finish()
        .expect_exit(2);
    assert!(backup.stderr.contains("pg_dump"), "{backup:?}");
}

#[test]
fn what_a_database_needs_is_said() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let at = |address: &str| {
        dir.run(&["status"])
            .env("PARTNER_SYNC_STATE", address)
            .finish()
    };
    let password = at("postgres://u:hush@127.0.0.1/d").expect_exit(2);
    assert!(
        password.stderr.contains("PGPASSFILE") && !password.stderr.contains("hush"),
        "{password:?}"
    );
    let plain = at("postgres://u@db.example.com/d?sslmode=disable").expect_exit(2);
    assert!(plain.stderr.contains("sslmode"), "{plain:?}");
    // Nobody listens there.
    let away = at("postgres://u@127.0.0.1:9/d").expect_exit(3);
    assert!(away.stderr.contains("is not available"), "{away:?}");
    let missing = dir.run(&["status"]).finish().expect_exit(2);
    assert!(
        missing.stderr.contains("An import creates it"),
        "{missing:?}"
    );
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    let no_key = import(&dir, &server).env("PARTNER_SYNC_STATE_KEY_FILE", "no/folder/key");
    no_key.finish().expect_exit(2);
    assert_eq!(server.count("POST"), 0);
    // A DBA may make the tables.
    let tables = dir.run(&["state", "schema"]).finish().expect_exit(0).stdout;
    dir.ask_database("DROP SCHEMA partner_sync CASCADE");
    dir.ask_database(&tables);
    import(&dir, &server).finish().expect_exit(0);
}

#[test]
fn one_run_at_a_time_and_a_killed_one_lets_go() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("3s");
    let server = Server::start(&dir, &["--latency", "100ms"]);
    dir.simple_export(ROWS);
    let mut first = import(&dir, &server).start();
    wait_until("rows are on their way", || server.count("POST") > 0);
    let alone = || import(&dir, &server).args(&["--alone"]);
    let second = alone().finish().expect_exit(4);
    assert!(
        second.stderr.contains("process") && second.stderr.contains("free in"),
        "{second:?}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    alone().finish().expect_exit(4);
    dir.wait_until_free();
    import(&dir, &server).finish().expect_exit(0);
    server.assert_each_once(ROWS);
}

/// The database crashes and comes back at seeded moments, while answers of the API are lost and runs are killed.
#[test]
fn each_key_once_whatever_the_database_does() {
    let Some(cluster) = postgres::own() else {
        return;
    };
    let dir = Workdir::in_cluster(cluster).with_lease("3s");
    let faults = [
        "--seed",
        "3",
        "--latency",
        "10ms",
        "--fault",
        "reset-after=0.05",
        "--fault",
        "500-after=0.05",
    ];
    let server = Server::start(&dir, &faults);
    dir.simple_export(ROWS);
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..6 {
        dir.wait_until_free();
        let before = server.count("POST");
        let mut child = import(&dir, &server).start();
        let sent = random.usize(1..30);
        wait_until("some rows are sent, or all", || {
            server.count("POST") >= before + sent || child.try_wait().unwrap().is_some()
        });
        std::thread::sleep(Duration::from_micros(random.u64(0..3000)));
        cluster.crash();
        if round % 3 == 2 {
            let _ = child.kill();
        }
        cluster.restart();
        child.wait().unwrap();
    }
    let mut last = 3;
    for _ in 0..20 {
        dir.wait_until_free();
        last = import(&dir, &server).finish().exit;
        if last < 2 {
            break;
        }
    }
    assert!(last < 2);
    let server = server.restart(&dir, &[]);
    dir.run(&["reconcile", "--settle", "300ms"])
        .at(&server)
        .finish()
        .expect_exit(0);
    import(&dir, &server).finish().expect_exit(0);
    server.assert_each_once(ROWS);
}

/// A run that is stopped for longer than its lease lasts, while another one takes the state: it sends nothing more.
#[cfg(unix)]
#[test]
fn a_paused_run_that_wakes_sends_nothing() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("3s");
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(ROWS);
    let slow = ["import", "e.csv", "-m", "m.toml", "--rate", "40/s"];
    let mut first = dir.run(&slow).at(&server).start();
    wait_until("rows are on their way", || server.count("POST") >= 10);
    crate::support::signal(&first, "STOP");
    dir.wait_until_free();
    import(&dir, &server).finish().expect_exit(0);
    let sent = server.count("POST");
    crate::support::signal(&first, "CONT");
    let exit = first.wait().unwrap().code();
    assert_eq!(exit, Some(3));
    assert_eq!(server.count("POST"), sent);
    server.assert_each_once(ROWS);
}

/// There and back again: everything that the program knows of its rows and runs is as it was.
#[test]
fn a_state_moves_both_ways() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let file = dir.path("there.db");
    let file = file.to_str().unwrap();
    let in_file = |arguments: &[&str]| dir.run(arguments).env("PARTNER_SYNC_STATE", file);
    let server = Server::start(&dir, &["--fault", "500-after=0.2", "--seed", "4"]);
    dir.simple_export(ROWS);
    let first = import(&dir, &server).env("PARTNER_SYNC_STATE", file);
    first.finish();
    in_file(&["state", "forget", "K-3", "--yes"]).finish();
    let known = |arguments: &[&str], run: &dyn Fn(&[&str]) -> Run| {
        run(arguments).finish().expect_exit(0).stdout
    };
    let exported = known(&["state", "export"], &in_file);
    let told = known(&["status", "--json"], &in_file);
    let address = dir.address();
    let moved = dir
        .run(&["state", "move", file, &address])
        .finish()
        .expect_exit(0);
    let rows = exported.lines().count() - 1;
    assert!(
        moved.stderr.contains(&format!("{rows} rows moved")),
        "{moved:?}"
    );
    let here = |arguments: &[&str]| dir.run(arguments);
    assert_eq!(known(&["state", "export"], &here), exported);
    let parts = |told: &str| {
        let told: serde_json::Value = serde_json::from_str(told).unwrap();
        ["spaces", "runs", "open"].map(|part| told[part].clone())
    };
    assert_eq!(parts(&known(&["status", "--json"], &here)), parts(&told));
    // Nothing is mixed.
    dir.run(&["state", "move", file, &address])
        .finish()
        .expect_exit(2);
    let back = dir.path("back.db");
    let back = back.to_str().unwrap();
    dir.run(&["state", "move", &address, back])
        .finish()
        .expect_exit(0);
    let in_back = |arguments: &[&str]| dir.run(arguments).env("PARTNER_SYNC_STATE", back);
    assert_eq!(known(&["state", "export"], &in_back), exported);
    assert_eq!(parts(&known(&["status", "--json"], &in_back)), parts(&told));
    // Each of them knows its rows as they were sent: nothing is created again, nothing counts as changed.
    let server = server.restart(&dir, &[]);
    for state in [address.as_str(), back] {
        let again = import(&dir, &server)
            .env("PARTNER_SYNC_STATE", state)
            .finish();
        let again = again.expect_exit(0).summary();
        assert_eq!(again.get("skipped") + again.get("adopted"), ROWS as u64);
        assert!(again.get("skipped") >= rows as u64);
    }
    server.assert_each_once(ROWS);
}
