use crate::support::{Finished, Server, StateIn, Workdir, over_both_states, signal, wait_until};

over_both_states! {
    a_signal_stops_in_good_order_and_a_rerun_goes_on,
    a_second_signal_ends_at_once_and_loses_nothing,
    two_runs_do_not_overlap,
}

fn started(dir: &Workdir, server: &Server, more: &[&str]) -> std::process::Child {
    dir.run(&[
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--json",
        "--workers",
        "4",
        "--report",
        "out",
    ])
    .args(more)
    .at(server)
    .start()
}

fn a_signal_stops_in_good_order_and_a_rerun_goes_on(at: StateIn) {
    for name in ["INT", "TERM", "HUP"] {
        let dir = at.workdir();
        let server = Server::start(&dir, &["--latency", "20ms"]);
        dir.simple_export(400);
        let child = started(&dir, &server, &["--rate", "100/s"]);
        wait_until("some are made", || server.count("POST") >= 20);
        signal(&child, name);
        let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(130);
        let summary = run.summary();
        assert!(summary.get("created") >= 16, "{run:?}");
        assert!(summary.get("deferred") > 0);
        assert_eq!(summary.get("in_doubt"), 0, "{run:?}");
        assert_eq!(server.partners().len() as u64, summary.get("created"));
        let on_disk: serde_json::Value =
            serde_json::from_str(&dir.read("out/summary.json")).unwrap();
        assert_eq!(on_disk["exit"], 130);
        let rest = dir
            .run(&[
                "import",
                "e.csv",
                "-m",
                "m.toml",
                "--json",
                "--rate",
                "unlimited",
            ])
            .at(&server)
            .finish()
            .expect_exit(0)
            .summary();
        assert_eq!(rest.get("skipped"), summary.get("created"));
        assert!(server.by_key().values().all(|n| *n == 1));
        assert_eq!(server.by_key().len(), 400);
    }
}

fn a_second_signal_ends_at_once_and_loses_nothing(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--latency", "3s"]);
    dir.simple_export(50);
    let mut child = started(&dir, &server, &["--rate", "unlimited"]);
    // The health check has its own line; the first creates are on their way when four were claimed.
    wait_until("rows are claimed", || {
        let run = dir.run(&["status", "--json"]).finish();
        serde_json::from_str::<serde_json::Value>(&run.stdout)
            .is_ok_and(|s| s["spaces"][0]["states"]["in_flight"].as_u64().unwrap_or(0) >= 4)
    });
    // What is under way takes a time-out now.
    let held = server.hold();
    signal(&child, "INT");
    let begin = std::time::Instant::now();
    std::thread::sleep(std::time::Duration::from_millis(200));
    signal(&child, "INT");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(
        begin.elapsed().as_secs() < 20,
        "it waited for what was under way"
    );
    drop(held);
    // Nor did it give its lease back.
    dir.end_leases();
    let rest = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--rate",
            "unlimited",
            "--workers",
            "50",
            "--settle",
            "4s",
        ])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(rest.get("created"), 50);
    assert!(
        server.by_key().values().all(|n| *n == 1),
        "{:?}",
        server.by_key()
    );
    assert_eq!(server.by_key().len(), 50);
}

fn two_runs_do_not_overlap(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(200);
    let mut child = started(&dir, &server, &["--rate", "50/s"]);
    wait_until("it began", || server.count("POST") >= 1);
    let held = server.hold();
    let second = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--alone"])
        .at(&server)
        .finish()
        .expect_exit(4);
    assert!(
        second.stderr.contains(&format!(
            "another run holds the state {} (process",
            dir.state()
        )),
        "{}",
        second.stderr
    );
    drop(held);
    signal(&child, "TERM");
    child.wait().unwrap();
}

#[test]
fn a_deadline_stops_in_good_order() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(200);
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--rate",
            "20/s",
            "--max-duration",
            "3s",
        ])
        .at(&server)
        .finish()
        .expect_exit(3);
    let summary = run.summary();
    // Twenty a second for three seconds at most; of these a busy machine may take most to begin.
    assert!(
        summary.get("created") > 5 && summary.get("deferred") > 100,
        "{run:?}"
    );
}

#[test]
fn an_api_that_is_not_there_stops_the_run() {
    let dir = Workdir::new();
    dir.simple_export(20);
    // Port 9 on loopback: nobody listens there.
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--api-url",
            "http://127.0.0.1:9",
            "--outage",
            "1s",
        ])
        .env("PARTNER_SYNC_TOKEN", "t")
        .finish()
        .expect_exit(3);
    let summary = run.summary();
    assert_eq!(summary.get("deferred"), 20);
    assert!(
        summary.value()["stopped"]
            .as_str()
            .unwrap()
            .contains("cannot be reached")
    );
}

#[test]
fn a_token_that_is_refused_stops_the_run() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--token", "other"]);
    dir.simple_export(20);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(3);
    let summary = run.summary();
    assert_eq!(summary.get("deferred"), 20);
    assert!(
        summary.value()["stopped"].as_str().unwrap().contains("401"),
        "{run:?}"
    );
}

/// A check that is interrupted tells what it has seen: its reports are whole, and say that it stopped.
#[test]
fn an_interrupted_check_leaves_whole_reports() {
    use std::io::Write as _;
    let dir = Workdir::new();
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    // Enough rows that the check is still at it when the signal comes.
    let mut text = Vec::new();
    writeln!(text, "Id,Name").unwrap();
    for i in 0..300_000 {
        // Where nothing were to be reported, nothing would be read a second time.
        writeln!(text, "K-{i},").unwrap();
    }
    dir.write("e.csv", text);
    let child = dir
        .run(&[
            "check", "e.csv", "-m", "m.toml", "--json", "--report", "out",
        ])
        .start();
    // The first pass is over, and the second has just begun.
    wait_until("it reads", || dir.path("out/problems.jsonl").exists());
    signal(&child, "INT");
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(130);
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["stopped"], "interrupted");
    let counted = summary["valid"].as_u64().unwrap() + summary["invalid"].as_u64().unwrap();
    assert_eq!(summary["rows"].as_u64(), Some(counted));
    for name in [
        "summary.json",
        "report.html",
        "report.xlsx",
        "problems.csv",
        "rejects.csv",
    ] {
        assert!(dir.path(&format!("out/{name}")).exists(), "{name}");
    }
}
