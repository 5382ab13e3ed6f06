use crate::support::{Finished, Server, Workdir, signal, wait_until};

fn imported(rows: usize) -> (Workdir, Server) {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(rows);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .finish()
        .expect_exit(0);
    (dir, server)
}

#[test]
fn a_backup_is_a_state_that_works() {
    let (dir, server) = imported(30);
    dir.run(&["state", "backup", "copy.db"])
        .finish()
        .expect_exit(0);
    dir.run(&["state", "backup", "copy.db"])
        .finish()
        .expect_exit(2);
    std::fs::remove_file(dir.path("partner-sync.db")).unwrap();
    let again = dir
        .run(&[
            "import", "e.csv", "-m", "m.toml", "--state", "copy.db", "--json",
        ])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(again.summary().get("skipped"), 30);
}

#[test]
fn a_backup_is_made_while_a_run_writes() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "10ms"]);
    dir.simple_export(300);
    let mut child = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .start();
    wait_until("some were made", || server.count("POST") > 50);
    dir.run(&["state", "backup", "copy.db"])
        .finish()
        .expect_exit(0);
    signal(&child, "INT");
    child.wait().unwrap();
    let status = dir
        .run(&["status", "--state", "copy.db", "--json"])
        .finish()
        .expect_exit(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert!(status["spaces"][0]["states"]["created"].as_u64().unwrap() > 0);
}

/// Its partner was deleted on the API, or nobody looked: it is not created blind, as nothing is.
#[test]
fn a_forgotten_row_is_looked_for_and_made_again_where_it_is_gone() {
    let (dir, server) = imported(3);
    let export = dir.run(&["state", "export"]).finish().expect_exit(0).stdout;
    assert!(export.starts_with("target,mapping,key,legacyIdentifier,partnerId,since\n"));
    assert_eq!(export.lines().count(), 4);
    dir.run(&["state", "forget", "K-2"]).finish().expect_exit(2);
    dir.run(&["state", "forget", "K-2", "K-77", "--yes"])
        .finish()
        .expect_exit(2);
    dir.run(&["state", "forget", "K-2", "--yes"])
        .finish()
        .expect_exit(0);
    let again = |server: &Server| {
        let import = ["import", "e.csv", "-m", "m.toml", "--json"];
        dir.run(&import).at(server).finish().expect_exit(0)
    };
    let there = again(&server);
    assert_eq!(there.summary().get("adopted"), 1);
    assert!(
        there
            .stderr
            .contains("The identifier of 1 new row was already used on the API"),
        "{}",
        there.stderr
    );
    server.assert_each_once(3);

    // An API that has lost it, and another one in its place, so that the number is the same.
    dir.run(&["state", "forget", "K-2", "--yes"])
        .finish()
        .expect_exit(0);
    let port = server.url.rsplit_once(':').unwrap().1.to_owned();
    drop(server);
    let data = dir.read("server.jsonl").replace("\"K-2\"", "\"Z-9\"");
    dir.write("server.jsonl", &data);
    let server = Server::start(&dir, &["--port", &port]);
    let gone = again(&server);
    assert_eq!(gone.summary().get("created"), 1);
    assert_eq!(server.by_key()["K-2"], 1);
}

#[test]
fn a_row_in_doubt_is_not_forgotten() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "reset-after=1", "--list-lag", "1h"]);
    dir.simple_export(1);
    let run = dir.run(&["import", "e.csv", "-m", "m.toml", "--settle", "1h"]);
    let run = run.at(&server).start();
    wait_until("it was sent", || server.count("POST") > 0);
    signal(&run, "TERM");
    Finished::of(run.wait_with_output().unwrap()).expect_exit(130);
    let refused = dir
        .run(&["state", "forget", "K-1", "--yes"])
        .finish()
        .expect_exit(2);
    assert!(
        refused
            .stderr
            .contains("First find out whether its partner exists"),
        "{}",
        refused.stderr
    );
}

/// A row's story has its history: an answer that was lost, a look-up, a person's hand.
#[test]
fn a_rows_story_is_told() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "reset-after=1", "--seed", "3"]);
    dir.simple_export(1);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--settle", "100ms"])
        .at(&server)
        .finish()
        .expect_exit(0);
    let story = dir
        .run(&["status", "--row", "K-1"])
        .finish()
        .expect_exit(0)
        .stdout;
    assert!(
        story.contains("sent, and no answer that can be trusted"),
        "{story}"
    );
    assert!(story.contains("found on the API"), "{story}");
    dir.run(&["state", "forget", "K-1", "--yes"])
        .finish()
        .expect_exit(0);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--settle", "100ms"])
        .at(&server)
        .finish()
        .expect_exit(0);
    let json = dir
        .run(&["status", "--row", "K-1", "--json"])
        .finish()
        .expect_exit(0)
        .stdout;
    assert!(json.contains("forgotten by hand"), "{json}");
}

/// A state of the first version is migrated, by a run or by a mere look; one of a newer version is refused.
#[test]
fn states_of_other_versions() {
    let (dir, server) = imported(0);
    let change = |sql: &str| {
        let state = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
        state.execute_batch(sql).unwrap();
    };
    // Its rows are hashed as the first versions did.
    change("INSERT INTO meta (name, value) VALUES ('hash_scheme', CAST('whole' AS BLOB));");
    dir.simple_export(2);
    dir.run(&["import", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(0);
    // The first versions had their key in the state.
    let key = std::fs::read_to_string(dir.path("partner-sync.db.key")).unwrap();
    std::fs::remove_file(dir.path("partner-sync.db.key")).unwrap();
    let key = key.trim().rsplit(' ').next().unwrap();
    change(&format!(
        "INSERT INTO meta (name, value) VALUES ('hash_key', x'{key}'); DELETE FROM meta WHERE name LIKE 'hash_key_id/%';
         ALTER TABLE record DROP COLUMN hash_key;"
    ));
    change("DROP TABLE problem; DROP TABLE changed; DROP TABLE story; ALTER TABLE run DROP COLUMN report;
         ALTER TABLE record DROP COLUMN room; ALTER TABLE record DROP COLUMN posts; ALTER TABLE record DROP COLUMN lost;
         ALTER TABLE space DROP COLUMN total;
         CREATE INDEX record_open ON record (space, state) WHERE state IN (1, 4);
         DELETE FROM meta WHERE name = 'hash_scheme'; PRAGMA user_version = 1;");
    std::fs::copy(dir.path("partner-sync.db"), dir.path("old.db")).unwrap();
    dir.run(&["status", "--state", "old.db"])
        .finish()
        .expect_exit(0);
    let again = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(again.summary().get("skipped"), 2);
    let state = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
    state.execute_batch("PRAGMA user_version = 99;").unwrap();
    drop(state);
    for command in [
        &["status"][..],
        &["state", "backup", "x.db"],
        &["state", "forget", "K-1", "--yes"],
    ] {
        let refused = dir.run(command).finish().expect_exit(2);
        assert!(refused.stderr.contains("version 99"), "{}", refused.stderr);
    }
}

/// The book of a server, edited while it is down; it comes back at the same address.
fn edited(dir: &Workdir, server: Server, stays: impl Fn(&str) -> bool) -> Server {
    let port = server.url.rsplit_once(':').unwrap().1.to_owned();
    drop(server);
    let book = dir.read("server.jsonl");
    let left: Vec<&str> = book.lines().filter(|line| stays(line)).collect();
    dir.write("server.jsonl", left.join("\n") + "\n");
    Server::start(dir, &["--port", &port])
}

/// Is it one of the first ten rows?
fn is_of_the_first_ten(line: &str) -> bool {
    (1..=10).any(|n| line.contains(&format!("\"K-{n}\"")))
}

/// As many partners were deleted on the API as the backup does not know of: how many it has proves nothing.
#[test]
fn what_a_backup_does_not_know_is_looked_for_whatever_the_total_is() {
    let (dir, server) = imported(20);
    dir.run(&["state", "backup", "b.db"])
        .finish()
        .expect_exit(0);
    dir.simple_export(30);
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    let server = edited(&dir, server, |line| !is_of_the_first_ten(line));
    for (backup, state) in [
        ("b.db", "partner-sync.db"),
        ("b.db.key", "partner-sync.db.key"),
    ] {
        std::fs::copy(dir.path(backup), dir.path(state)).unwrap();
    }
    let restored = dir.run(&import).at(&server).finish().expect_exit(0);
    assert_eq!(restored.summary().get("adopted"), 10, "{restored:?}");
    assert_eq!(server.count("POST"), 0);
}

/// Partners are gone from the API, and others came that the state does not know.
#[test]
fn where_partners_are_gone_new_rows_are_looked_for() {
    let (dir, server) = imported(20);
    let server = edited(&dir, server, |line| !is_of_the_first_ten(line));
    for n in 21..=23 {
        crate::support::post(&server, &format!("Company {n}"), &format!("K-{n}"));
    }
    dir.simple_export(25);
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    let run = dir.run(&import).at(&server).finish().expect_exit(0);
    let summary = run.summary();
    assert_eq!(
        (summary.get("adopted"), summary.get("created")),
        (3, 2),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("13 partners, 7 fewer than before"),
        "{}",
        run.stderr
    );
    // That is known now: the next new row costs one request.
    let asked = || {
        let requests = server.requests();
        let is_of_the_list = |r: &&serde_json::Value| {
            r["method"] == "GET" && r["path"].as_str().unwrap().contains("partners")
        };
        requests.iter().filter(is_of_the_list).count()
    };
    let before = asked();
    dir.simple_export(26);
    dir.run(&import).at(&server).finish().expect_exit(0);
    assert_eq!(asked() - before, 1);
}
