//! A state in Postgres, as a user sees it: the commands, what they refuse, and the lease.

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

/// Who has it is said wherever it is in the way, and a killed run lets go of it.
#[test]
fn one_run_at_a_time_and_a_killed_one_lets_go() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("3s");
    let server = Server::start(&dir, &["--latency", "100ms"]);
    dir.simple_export(ROWS);
    // Slow enough to be there until it is killed.
    let mut first = import(&dir, &server).args(&["--rate", "5/s"]).start();
    wait_until("rows are on their way", || server.count("POST") > 0);
    let alone = || import(&dir, &server).args(&["--alone"]);
    let uname = std::process::Command::new("uname").arg("-n").output();
    let host = String::from_utf8(uname.unwrap().stdout).unwrap();
    let holder = format!("process {} on {}, since 20", first.id(), host.trim());
    let says = |said: &str| {
        for words in [&holder, "if it is gone, the state is free in"] {
            assert!(said.contains(words), "{words}: {said}");
        }
    };
    says(&alone().finish().expect_exit(4).stderr);
    let forget = dir.run(&["state", "forget", "K-1", "--yes"]).finish();
    says(&forget.expect_exit(4).stderr);
    says(&dir.run(&["status"]).finish().expect_exit(0).stdout);
    let status = dir.run(&["status", "--json"]).finish().expect_exit(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    says(status["held_by"].as_str().unwrap());
    says(&dir.run(&["doctor"]).at(&server).finish().stdout);
    first.kill().unwrap();
    first.wait().unwrap();
    alone().finish().expect_exit(4);
    // Whoever waits has it as soon as the lease has ended.
    let waiting = alone().args(&["--wait", "1m"]).finish();
    let waiting = waiting.expect_exit(0);
    says(&waiting.stderr);
    assert!(waiting.stderr.contains("waiting for another run"));
    server.assert_each_once(ROWS);
    let free = dir.run(&["status"]).finish().expect_exit(0).stdout;
    assert!(!free.contains("Held by"), "{free}");
}

/// A run that ends well gives the state back, and who waits takes it at once.
#[test]
fn a_run_that_waits_has_the_state_when_the_other_one_has_ended() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "50ms"]);
    dir.simple_export(ROWS);
    let first = import(&dir, &server).start();
    wait_until("rows are on their way", || server.count("POST") > 0);
    // Shorter than a lease: it is not that one's end that is waited for.
    let second = import(&dir, &server)
        .args(&["--alone", "--wait", "25s"])
        .finish();
    let second = second.expect_exit(0).summary();
    assert_eq!(second.get("skipped"), ROWS as u64);
    let first = crate::support::Finished::of(first.wait_with_output().unwrap());
    assert_eq!(first.expect_exit(0).summary().get("created"), ROWS as u64);
    server.assert_each_once(ROWS);
}

#[test]
fn a_state_without_a_key_file_says_how_to_make_one() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let (dir, address) = (Workdir::new(), cluster.database());
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    let unnamed = || import(&dir, &server).env("PARTNER_SYNC_STATE", &address);
    let refused = unnamed().finish().expect_exit(2).stderr;
    for words in [
        "[state] key_file",
        "PARTNER_SYNC_STATE_KEY_FILE",
        "mount it as a secret",
    ] {
        assert!(refused.contains(words), "{refused}");
    }
    // What it says to do does it, and the program takes the file.
    let (_, command) = refused.split_once("secret: ").unwrap();
    let (command, _) = command.split_once(" > key").unwrap();
    if std::process::Command::new("openssl")
        .arg("version")
        .output()
        .is_err()
    {
        return;
    }
    let made = std::process::Command::new("sh")
        .args(["-c", command])
        .output();
    let made = made.unwrap().stdout;
    dir.write("key", &made);
    dir.write("partner-sync.toml", "[state]\nkey_file = \"key\"\n");
    unnamed().finish().expect_exit(0);
    assert_eq!(dir.read("key").as_bytes(), made);
    server.assert_each_once(2);
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
