//! A night on two hosts: each job is run by one of them, and what a host that died has left is run by the other.

use crate::support::{Finished, Run, Server, Workdir, wait_until};

fn two_jobs(dir: &Workdir) {
    dir.simple_export(12);
    let rows: String = (0..12)
        .map(|i| format!("L-{i},Other {i}\n"))
        .collect::<Vec<_>>()
        .concat();
    dir.write("f.csv", format!("Id,Name\n{rows}"));
    let job = |name: &str, file: &str| {
        format!("[[job]]\nname = \"{name}\"\nfile = \"{file}\"\nmapping = \"m.toml\"\n")
    };
    let jobs = job("first", "e*.csv") + &job("second", "f*.csv");
    dir.write("c.toml", format!("[state]\nlease = \"3s\"\n{jobs}"));
}

fn night(dir: &Workdir, server: &Server) -> Run {
    let night = [
        "sync",
        "-c",
        "c.toml",
        "--wait",
        "forever",
        "--settle",
        "100ms",
        "--workers",
        "1",
    ];
    dir.run(&night)
        .args(&["--rate", "unlimited", "--json"])
        .at(server)
}

fn jobs(night: &Finished) -> Vec<(u64, String)> {
    let summary: serde_json::Value = serde_json::from_str(&night.stdout).unwrap();
    let jobs = summary["jobs"].as_array().unwrap();
    let job = |job: &serde_json::Value| {
        (
            job["rows"].as_u64().unwrap(),
            job["notes"][0].as_str().unwrap_or_default().to_owned(),
        )
    };
    jobs.iter().map(job).collect()
}

#[test]
fn each_job_is_run_by_one_of_them() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "150ms"]);
    two_jobs(&dir);
    let one = night(&dir, &server).start();
    wait_until("the first host is at it", || server.count("POST") > 0);
    let other = night(&dir, &server).finish().expect_exit(0);
    let one = Finished::of(one.wait_with_output().unwrap()).expect_exit(0);
    assert!(
        jobs(&one)
            .iter()
            .all(|(rows, note)| *rows == 12 && note.is_empty())
    );
    for (rows, note) in jobs(&other) {
        assert!(
            rows == 0 && note.starts_with("not run again: run 20"),
            "{note}"
        );
    }
    server.assert_each_once(24);
    // Another night runs all of them.
    let next = night(&dir, &server).finish().expect_exit(0);
    assert!(
        jobs(&next)
            .iter()
            .all(|(rows, note)| *rows == 12 && note.is_empty())
    );
}

#[test]
fn what_a_host_that_died_has_left_is_run_by_the_other() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "150ms"]);
    two_jobs(&dir);
    let mut one = night(&dir, &server).start();
    wait_until("the first host is at its second job", || {
        server.count("POST") > 13
    });
    let other = night(&dir, &server).start();
    wait_until("the other one waits or works", || server.count("POST") > 15);
    one.kill().unwrap();
    one.wait().unwrap();
    let other = Finished::of(other.wait_with_output().unwrap()).expect_exit(0);
    let jobs = jobs(&other);
    assert!(jobs[0].0 == 0 || jobs[0].0 == 12, "{jobs:?}");
    assert_eq!(jobs[1].0, 12, "{jobs:?}");
    server.assert_each_once(24);
}
