//! The state and its log: killed at any moment it opens again, and a copy that lacks its log is refused.

use std::time::Duration;

use crate::support::{Run, Server, Workdir, wait_until};

const STATE: &str = "partner-sync.db";
const LOG: &str = "partner-sync.db-wal";

fn import(dir: &Workdir, server: &Server) -> Run {
    dir.run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .args(&[
            "--rate",
            "unlimited",
            "--workers",
            "16",
            "--settle",
            "200ms",
        ])
        .at(server)
}

/// How many rows a state has, by `status`; none where there is no state yet.
fn recorded(dir: &Workdir, state: &str) -> Result<u64, String> {
    let run = dir.run(&["status", "--json", "--state", state]).finish();
    if run.exit != 0 {
        let is_none = run.stderr.contains("there is no state");
        return if is_none { Ok(0) } else { Err(run.stderr) };
    }
    let status: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let spaces = status["spaces"].as_array().unwrap().iter();
    let counts = spaces.flat_map(|s| s["states"].as_object().unwrap().values());
    Ok(counts.filter_map(serde_json::Value::as_u64).sum())
}

#[test]
fn a_copy_without_its_log_is_refused_and_says_so() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(2000);
    let mut child = import(&dir, &server).start();
    wait_until("much is made", || server.count("POST") >= 300);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::copy(dir.path(STATE), dir.path("copy.db")).unwrap();
    let copy = std::fs::read(dir.path("copy.db")).unwrap();
    let mut posts = None;
    for command in [
        &["status"][..],
        &["import", "e.csv", "-m", "m.toml"],
        &["import", "e.csv", "-m", "m.toml", "--dry-run"],
        &["verify", "e.csv", "-m", "m.toml"],
        &["reconcile"],
        &["state", "export"],
        &["state", "backup", "backup.db"],
        &["state", "forget", "K-1", "--yes"],
    ] {
        let run = dir.run(command).args(&["--state", "copy.db"]).at(&server);
        let refused = run.finish();
        assert_eq!(refused.exit, 2, "{command:?}: {}", refused.stderr);
        let words = &refused.stderr;
        for told in [
            "copied without its log copy.db-wal",
            "state backup",
            "reconcile --adopt",
        ] {
            assert!(words.contains(told), "{command:?}: {words}");
        }
        // What was under way when the run was killed has arrived by now; the first command asks nobody.
        posts.get_or_insert_with(|| server.count("POST"));
    }
    assert_eq!(std::fs::read(dir.path("copy.db")).unwrap(), copy);
    assert!(!dir.path("backup.db").exists());
    assert_eq!(Some(server.count("POST")), posts);

    // With its log it is the state, as is what a backup makes of it.
    std::fs::copy(dir.path(LOG), dir.path("copy.db-wal")).unwrap();
    let rows = recorded(&dir, "copy.db").unwrap();
    assert!(rows >= 300);
    dir.run(&["state", "backup", "backup.db"])
        .finish()
        .expect_exit(0);
    assert_eq!(recorded(&dir, "backup.db").unwrap(), rows);
    // The way out that the words name.
    std::fs::remove_file(dir.path("copy.db")).unwrap();
    assert!(!dir.path("copy.db-wal").exists());
    let adopt = [
        "reconcile",
        "--adopt",
        "e.csv",
        "-m",
        "m.toml",
        "--state",
        "copy.db",
    ];
    dir.run(&adopt).at(&server).finish();
    let rest = import(&dir, &server).args(&["--state", "copy.db"]).finish();
    rest.expect_exit(0);
    let made = server.by_key();
    assert!(made.values().all(|n| *n == 1) && made.len() == 2000);
}

/// Killed while it opens, writes, folds its log or ends, with others that look on: the state opens, and a copy of the file
/// alone is refused or lacks nothing.
#[test]
fn killed_at_any_moment_the_state_opens_and_a_copy_tells_what_it_lacks() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(6000);
    // From a seed: the same moments every time, as far as the machine allows.
    let mut random = 20_261_126_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    let (mut refused, mut ended) = (0, 0);
    // On a slow disk most are killed before they have written anything that the file lacks: there are more rounds then.
    let mut round = 0;
    while round < 40 || (refused < 5 && round < 200) {
        // It is killed while it begins, and in turns once it has a log, however long a busy machine takes for it.
        let most = if round % 2 == 0 { 60_000 } else { 300_000 };
        let mut child = import(&dir, &server).start();
        if round % 2 == 1 {
            let has_log = || std::fs::metadata(dir.path(LOG)).is_ok_and(|m| m.len() > 0);
            wait_until("the run has a log or has ended", || {
                has_log() || child.try_wait().unwrap().is_some()
            });
        }
        std::thread::sleep(Duration::from_micros(next(most)));
        let looking = (round % 3 == 0).then(|| dir.run(&["status"]).start());
        ended += u32::from(child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        child.wait_with_output().unwrap();
        if let Some(looking) = looking {
            looking.wait_with_output().unwrap();
        }
        let copied = std::fs::copy(dir.path(STATE), dir.path("copy.db")).is_ok();
        let alone = if copied {
            recorded(&dir, "copy.db")
        } else {
            Ok(0)
        };
        if round % 4 == 1 {
            let upkeep = ["state", "accept", "--all-changed", "--yes"];
            let run = dir.run(&upkeep).finish();
            let is_new = run.stderr.contains("there is no state");
            assert!(run.exit == 0 || is_new, "{round}: {}", run.stderr);
        }
        let rows = recorded(&dir, STATE).unwrap_or_else(|e| panic!("{round}: {e}"));
        match alone {
            Ok(alone) => assert_eq!(alone, rows, "{round}"),
            Err(words) => {
                assert!(words.contains("without its log"), "{round}: {words}");
                refused += 1;
            }
        }
        for more in ["copy.db", "copy.db-wal", "copy.db-shm", "copy.db.lock"] {
            let _ = std::fs::remove_file(dir.path(more));
        }
        round += 1;
    }
    assert!(
        refused >= 5 && ended <= round * 3 / 4,
        "{refused} refused, {ended} ended"
    );
    let summary = import(&dir, &server).finish().expect_exit(0).summary();
    assert_eq!(summary.get("rows"), 6000);
    let made = server.by_key();
    assert!(made.values().all(|n| *n == 1) && made.len() == 6000);
    // An end in good order leaves one file, and that is the state.
    assert!(!dir.path(LOG).exists());
    std::fs::copy(dir.path(STATE), dir.path("copy.db")).unwrap();
    assert_eq!(recorded(&dir, "copy.db").unwrap(), 6000);
    assert!(!dir.path("copy.db-wal").exists());
}

/// The state was deleted, or moved without its log: SQLite would delete the log, or read it into another state.
#[test]
fn a_log_whose_state_is_gone_is_left_alone_and_told() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(500);
    let mut child = import(&dir, &server).start();
    wait_until("some are made", || server.count("POST") >= 50);
    child.kill().unwrap();
    child.wait().unwrap();
    // What the killed run had on its way is not to be counted later.
    let server = server.restart(&dir, &[]);
    let (posts, log) = (server.count("POST"), std::fs::read(dir.path(LOG)).unwrap());
    std::fs::rename(dir.path(STATE), dir.path("moved.db")).unwrap();
    for is_empty in [false, true] {
        if is_empty {
            dir.write(STATE, "");
        }
        for command in [&["import", "e.csv", "-m", "m.toml"][..], &["status"]] {
            let refused = dir.run(command).at(&server).finish().expect_exit(2);
            let told = "but its log partner-sync.db-wal is there";
            assert!(refused.stderr.contains(told), "{}", refused.stderr);
        }
        assert_eq!(std::fs::read(dir.path(LOG)).unwrap(), log);
    }
    assert_eq!(server.count("POST"), posts);
    std::fs::rename(dir.path("moved.db"), dir.path(STATE)).unwrap();
    import(&dir, &server).finish().expect_exit(0);
    let made = server.by_key();
    assert!(made.values().all(|n| *n == 1) && made.len() == 500);
}

/// A backup copied over the state of a killed run, as a person restores it: the killed run's log is still beside it.
#[test]
fn a_restored_backup_is_not_mixed_with_the_log_of_a_killed_run() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(600);
    let first = import(&dir, &server).args(&["--limit", "20"]).finish();
    assert_eq!(first.exit, 3, "{}", first.stderr);
    let backup = dir.run(&["state", "backup", "backup.db"]).finish();
    assert_eq!(backup.exit, 0, "{}", backup.stderr);
    let mut child = import(&dir, &server).start();
    wait_until("much is made", || server.count("POST") >= 300);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::copy(dir.path("backup.db"), dir.path(STATE)).unwrap();
    let log = std::fs::read(dir.path(LOG)).unwrap();
    for command in [&["status"][..], &["import", "e.csv", "-m", "m.toml"]] {
        let refused = dir.run(command).at(&server).finish();
        assert_eq!(refused.exit, 2, "{command:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("from different moments"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(std::fs::read(dir.path(LOG)).unwrap(), log);
    // What the message says to do.
    std::fs::remove_file(dir.path(LOG)).unwrap();
    let _ = std::fs::remove_file(dir.path("partner-sync.db-shm"));
    assert_eq!(recorded(&dir, STATE), Ok(20));
    let rest = import(&dir, &server).finish();
    assert_eq!(rest.exit, 0, "{}", rest.stderr);
    server.assert_each_once(600);
}
