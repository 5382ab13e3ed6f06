//! Two runs and one state: by another name, without a lock file, while the first one is stopped, after it was taken over.

use std::process::Child;

use crate::support::{
    Finished, Server, StateIn, Workdir, over_both_states, signal, state_of, text, wait_until,
};

over_both_states! {
    of_many_first_runs_one_makes_the_state,
    #[cfg(unix)] a_run_that_is_stopped_still_holds_the_state,
}

/// Machines that share an import are the subject of `several`.
const IMPORT: [&str; 6] = ["import", "e.csv", "-m", "m.toml", "--json", "--alone"];

fn started(dir: &Workdir, server: &Server, more: &[&str]) -> Child {
    dir.run(&IMPORT).args(more).at(server).start()
}

fn finished(child: Child) -> Finished {
    Finished::of(child.wait_with_output().unwrap())
}

/// How many rows the state has in each of the states named, all spaces together.
fn recorded(dir: &Workdir, named: &[&str]) -> u64 {
    let run = dir.run(&["status", "--json"]).finish();
    let Ok(found) = serde_json::from_str::<serde_json::Value>(&run.stdout) else {
        return 0;
    };
    let spaces = found["spaces"].as_array().unwrap();
    let counts = spaces.iter().flat_map(|s| {
        named
            .iter()
            .filter_map(|state| s["states"][*state].as_u64())
    });
    counts.sum()
}

#[cfg(unix)]
#[test]
fn a_second_run_is_kept_out_however_it_names_the_state() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(400);
    std::fs::create_dir(dir.path("sub")).unwrap();
    std::os::unix::fs::symlink("../partner-sync.db", dir.path("sub/link.db")).unwrap();
    let absolute = dir.path("partner-sync.db").display().to_string();
    // The first run makes the state; a second one that finds it half made is kept out, too.
    let child = started(&dir, &server, &["--rate", "40/s"]);
    wait_until("it began", || server.partners().len() >= 2);
    let held = server.hold();
    std::fs::hard_link(dir.path("partner-sync.db"), dir.path("hard.db")).unwrap();
    let names = [
        "partner-sync.db",
        "./sub/../partner-sync.db",
        &absolute,
        "sub/link.db",
        "hard.db",
    ];
    for tidied in [false, true] {
        if tidied {
            std::fs::remove_file(dir.path("partner-sync.db.lock")).unwrap();
        }
        for name in names {
            let second = dir
                .run(&IMPORT)
                .args(&["--state", name])
                .at(&server)
                .finish();
            assert_eq!(second.exit, 4, "{name}, {tidied}: {}", second.stderr);
            assert!(
                second.stderr.contains("another run holds the state"),
                "{name}: {}",
                second.stderr
            );
        }
        let upkeep = ["state", "forget", "K-1", "--yes", "--state", "sub/link.db"];
        dir.run(&upkeep).finish().expect_exit(4);
    }
    drop(held);
    signal(&child, "TERM");
    finished(child).expect_exit(130);
    // By the other name it goes on.
    let rest = dir
        .run(&IMPORT)
        .args(&["--rate", "unlimited", "--state", "sub/link.db"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert!(rest.summary().get("skipped") >= 1);
    server.assert_each_once(400);
}

/// Where there is no state yet, the lock has to hold all the same.
fn of_many_first_runs_one_makes_the_state(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(60);
    let export = dir.read("e.csv");
    for round in 0..5 {
        let state = dir.another_state(&format!("{round}.db"));
        dir.write("e.csv", export.replace("K-", &format!("K{round}-")));
        let runs: Vec<Child> = (0..6)
            .map(|_| started(&dir, &server, &["--rate", "unlimited", "--state", &state]))
            .collect();
        // Beside them somebody tidies up.
        wait_until("one has begun", || {
            let lock = dir.path(&format!("{state}.lock"));
            at == StateIn::Postgres || std::fs::remove_file(lock).is_ok()
        });
        let mut exits: Vec<i32> = runs.into_iter().map(|run| finished(run).exit).collect();
        exits.sort_unstable();
        assert_eq!(exits[0], 0, "{exits:?}");
        // One that came when the first had ended found all rows created.
        assert!(exits.iter().all(|e| [0, 4].contains(e)), "{exits:?}");
        server.assert_each_once(60 * (round + 1));
    }
}

/// Ctrl-Z, a suspended container: the run that holds the state does nothing, and still holds it.
fn a_run_that_is_stopped_still_holds_the_state(at: StateIn) {
    // Where it is when it is stopped: rows are claimed and not sent; sent and made, and not answered; answered and
    // perhaps not recorded.
    let moments: [(&str, &[&str], &[&str]); 3] = [
        ("claimed", &[], &["--rate", "4/s"]),
        (
            "made",
            &["--fault", "slow=1", "--slow-for", "1500ms"],
            &["--rate", "unlimited"],
        ),
        ("answered", &[], &["--rate", "unlimited", "--workers", "32"]),
    ];
    for (moment, faults, options) in moments {
        let dir = at.workdir();
        let server = Server::start(&dir, faults);
        let rows = if moment == "answered" { 3000 } else { 16 };
        dir.simple_export(rows);
        let mut child = started(&dir, &server, options);
        let is_reached = || match moment {
            "claimed" => recorded(&dir, &["in_flight"]) >= 2 && server.count("POST") >= 1,
            // Stored, and nothing of it is recorded: the answers are under way.
            "made" => !server.partners().is_empty() && recorded(&dir, &["in_flight"]) >= 2,
            _ => server.count("POST") >= 500,
        };
        wait_until(moment, is_reached);
        signal(&child, "STOP");
        wait_until("it is stopped", || is_stopped(&child));
        let made = server.partners().len();
        let (created, open) = (
            recorded(&dir, &["created"]),
            recorded(&dir, &["in_flight", "in_doubt"]),
        );
        assert!((created as usize) < rows, "{moment}: it was over");
        if moment != "answered" {
            assert!(open >= 1, "{moment}: {open} under way");
        }
        if moment == "made" {
            assert!(made as u64 > created, "{made} made, {created} recorded");
        }
        for tidied in [false, true] {
            if tidied && at == StateIn::File {
                std::fs::remove_file(dir.path("partner-sync.db.lock")).unwrap();
            }
            let second = dir.run(&IMPORT).at(&server).finish().expect_exit(4);
            assert!(
                second.stderr.contains("another run holds the state"),
                "{moment}: {}",
                second.stderr
            );
        }
        assert!(child.try_wait().unwrap().is_none());
        signal(&child, "CONT");
        let summary = finished(child).expect_exit(0).summary();
        assert_eq!(summary.get("created"), rows as u64, "{moment}");
        server.assert_each_once(rows);
    }
}

/// Whether the kernel has stopped it. Where it does not tell, it is after a moment.
fn is_stopped(child: &Child) -> bool {
    match state_of(child.id()) {
        Some(state) => state == 'T',
        None => {
            std::thread::sleep(std::time::Duration::from_millis(200));
            true
        }
    }
}

/// However it came that another run has the state: the first one records nothing more, and sends nothing more.
#[test]
fn a_run_whose_state_was_taken_records_and_sends_nothing_more() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "50ms"]);
    dir.simple_export(300);
    let child = started(&dir, &server, &["--rate", "20/s", "--report", "out"]);
    wait_until("some are made", || server.count("POST") >= 5);
    // As a second run does it that a lock did not keep out.
    let state = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
    state
        .busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    let raise = "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS BLOB) WHERE name = 'generation'";
    assert_eq!(state.execute(raise, []).unwrap(), 1);
    let created = || {
        let created = "SELECT count(*) FROM record WHERE state = 2";
        state
            .query_row(created, [], |r| r.get::<_, u32>(0))
            .unwrap()
    };
    let before = created();
    let run = finished(child).expect_exit(3);
    let summary = run.summary();
    let stopped = summary.value()["stopped"].as_str().unwrap().to_owned();
    assert!(
        stopped.contains("another run has taken over the state"),
        "{stopped}"
    );
    assert_eq!(created(), before);
    // What was under way is in doubt, and nothing was sent that is not.
    assert!(summary.get("deferred") > 200, "{run:?}");
    let ended = "SELECT count(*) FROM run WHERE ended IS NOT NULL";
    assert_eq!(
        state.query_row(ended, [], |r| r.get::<_, u32>(0)).unwrap(),
        0
    );
    let posted = server.count("POST") as u64;
    let before = u64::from(before);
    assert!(
        posted <= before + summary.get("in_doubt"),
        "{posted} posts, {before} recorded: {run:?}"
    );
    drop(state);
    let rest = dir
        .run(&IMPORT)
        .args(&["--rate", "unlimited", "--settle", "500ms"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(rest.summary().get("rows"), 300);
    server.assert_each_once(300);
}

/// One address in any spelling is one API, also in a state of an older program, which kept them apart.
#[test]
fn an_address_spelled_otherwise_makes_nothing_again() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(5);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let run = |command: &[&str], url: &str| dir.run(command).at_url(url).finish();
    let import = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--json",
        "--rate",
        "unlimited",
    ];
    let upper = format!("HTTP://LocalHost:{port}/");
    run(&import, &upper).expect_exit(0);
    for url in [
        server.url.clone(),
        format!("{}/", server.url),
        format!("http://localhost:{port}"),
        upper,
    ] {
        let again = run(&import, &url).expect_exit(0);
        assert_eq!(again.summary().get("skipped"), 5, "{url}");
        assert_eq!(again.summary().value()["target"], server.url);
        let verified = run(&["verify", "e.csv", "-m", "m.toml"], &url);
        verified.expect_exit(0);
        run(&["reconcile"], &url).expect_exit(0);
    }
    // As an older program has left it: the same rows by the name of this machine, and one more.
    let state = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
    state
        .execute(
            "UPDATE space SET target = replace(target, '127.0.0.1', 'localhost')",
            [],
        )
        .unwrap();
    drop(state);
    let mut plan = vec!["import", "e.csv", "-m", "m.toml", "--dry-run"];
    plan.extend(["--plan-out", "plan.json"]);
    run(&plan, &server.url).expect_exit(0);
    let sealed: serde_json::Value = serde_json::from_str(&dir.read("plan.json")).unwrap();
    assert_eq!(text(&sealed, "/target"), server.url);
    assert_eq!(sealed["would"]["skipped"], 5);
    let status = dir
        .run(&["status", "--json"])
        .finish()
        .expect_exit(0)
        .stdout;
    assert!(!status.contains("localhost"), "{status}");
    let planned = ["import", "--plan", "plan.json", "--json"];
    let done = run(&planned, &format!("http://localhost:{port}")).expect_exit(0);
    assert_eq!(done.summary().get("skipped"), 5);
    server.assert_each_once(5);
}

/// `rm partner-sync.db*`, or a backup put in its place, while a run goes: what is at the path then is another state, with a
/// lock of its own. The run stops before it sends beside the next one.
#[test]
fn a_run_whose_state_is_taken_away_stops() {
    for is_replaced in [false, true] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--latency", "20ms"]);
        dir.simple_export(400);
        dir.run(&IMPORT)
            .args(&["--limit", "1"])
            .at(&server)
            .finish()
            .expect_exit(3);
        dir.run(&["state", "backup", "backup.db"])
            .finish()
            .expect_exit(0);
        let first = started(&dir, &server, &["--rate", "unlimited"]);
        wait_until("it sends", || server.count("POST") > 20);
        let held = server.hold();
        for end in ["", "-wal", "-shm", ".lock"] {
            std::fs::remove_file(dir.path(&format!("partner-sync.db{end}"))).unwrap();
        }
        if is_replaced {
            std::fs::copy(dir.path("backup.db"), dir.path("partner-sync.db")).unwrap();
        }
        drop(held);
        let first = finished(first).expect_exit(3);
        assert!(
            first.stderr.contains("was deleted or replaced"),
            "{}",
            first.stderr
        );
        assert!(server.partners().len() < 400);
        let second = dir
            .run(&IMPORT)
            .args(&["--rate", "unlimited"])
            .at(&server)
            .finish();
        second.expect_exit(0);
        server.assert_each_once(400);
    }
}
