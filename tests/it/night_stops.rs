//! What ends a night, or keeps a job from sending: signals between jobs, and guards that cannot look.

use crate::support::{Finished, Server, Workdir, signal, wait_until};

/// Two jobs on one mapping; `second` goes into the second one.
fn two_jobs(second: &str) -> Workdir {
    let dir = Workdir::new();
    dir.simple_export(5);
    dir.write("f.csv", "Id,Name\nF-1,Later\n");
    dir.write(
        "partner-sync.toml",
        format!(
            "[api]\nrate = \"unlimited\"\n\
             [[job]]\nname = \"one\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n\
             [[job]]\nname = \"two\"\nfile = \"f.csv\"\nmapping = \"m.toml\"\n{second}"
        ),
    );
    dir
}

#[test]
fn a_signal_between_two_jobs_ends_the_night() {
    let dir = two_jobs("settle_file = \"10m\"\n");
    let server = Server::start(&dir, &[]);
    let child = dir.run(&["sync", "--json"]).at(&server).start();
    wait_until("the first job is through", || server.by_key().len() == 5);
    // The first job's own signal is of no use to the second, which waits for its file to settle.
    signal(&child, "TERM");
    let end = Finished::of(child.wait_with_output().unwrap()).expect_exit(130);
    let night: serde_json::Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(night["exit"], 130);
    assert_eq!(night["jobs"][0]["created"], 5);
    assert_eq!(
        server.count("POST"),
        5,
        "nothing of the second job was sent"
    );
}

#[test]
fn a_wait_for_another_run_can_be_stopped() {
    use std::io::{BufRead as _, BufReader};

    let dir = two_jobs("");
    let server = Server::start(&dir, &["--latency", "5s"]);
    let holder = dir
        .run(&["import", "e.csv", "-m", "m.toml"])
        .at(&server)
        .start();
    wait_until("the first run holds the state", || {
        dir.path("partner-sync.db.lock").exists()
    });
    let mut waiting = dir.run(&["sync", "--wait", "10m"]).at(&server).start();
    let mut line = String::new();
    BufReader::new(waiting.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("waiting for another run"), "{line}");
    signal(&waiting, "TERM");
    assert_eq!(waiting.wait().unwrap().code(), Some(130));
    signal(&holder, "KILL");
    let _ = holder.wait_with_output();
}

/// Breaks what the state keeps of every run's report.
fn break_stored_reports(dir: &Workdir) {
    let state = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
    let changed = state
        .execute(
            "UPDATE run SET report = '{\"run\": 7}' WHERE report IS NOT NULL",
            [],
        )
        .unwrap();
    assert!(changed > 0);
}

#[test]
fn a_guard_that_cannot_look_sends_nothing() {
    for guard in ["max_shrink = \"20%\"\n", "on_drift = \"fail\"\n"] {
        let dir = Workdir::new();
        dir.simple_export(5);
        dir.write(
            "partner-sync.toml",
            format!(
                "[api]\nrate = \"unlimited\"\n[[job]]\nname = \"one\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n{guard}"
            ),
        );
        let server = Server::start(&dir, &[]);
        dir.run(&["sync"]).at(&server).finish().expect_exit(0);
        break_stored_reports(&dir);
        dir.simple_export(6);
        let night = dir
            .run(&["sync", "--json"])
            .at(&server)
            .finish()
            .expect_exit(3);
        assert!(night.stdout.contains("cannot be read"), "{}", night.stdout);
        assert_eq!(server.count("POST"), 5, "{guard}");
        // So does a dry run.
        let dry = dir
            .run(&["sync", "--dry-run", "--json"])
            .at(&server)
            .finish()
            .expect_exit(3);
        assert!(dry.stdout.contains("cannot be read"), "{}", dry.stdout);
    }
}

#[test]
fn a_job_without_such_a_guard_goes_on() {
    let dir = Workdir::new();
    dir.simple_export(5);
    dir.write(
        "partner-sync.toml",
        "[api]\nrate = \"unlimited\"\n[[job]]\nname = \"one\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\nmin_rows = 2\n",
    );
    let server = Server::start(&dir, &[]);
    dir.run(&["sync"]).at(&server).finish().expect_exit(0);
    break_stored_reports(&dir);
    dir.simple_export(6);
    dir.run(&["sync"]).at(&server).finish().expect_exit(0);
    assert_eq!(server.by_key().len(), 6);
}

#[test]
fn a_bound_that_cannot_be_is_refused_before_the_night() {
    let dir = two_jobs("max_errors = \"150%\"\n");
    let server = Server::start(&dir, &[]);
    let refused = dir.run(&["sync"]).at(&server).finish().expect_exit(2);
    assert!(refused.stderr.contains("150%"), "{}", refused.stderr);
    let refused = dir
        .run(&["sync", "--check-config"])
        .at(&server)
        .finish()
        .expect_exit(2);
    assert!(refused.stderr.contains("150%"), "{}", refused.stderr);
    assert_eq!(server.count("POST"), 0);
}
