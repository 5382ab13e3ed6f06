//! A night on two hosts: each job is run by one of them, and what a host that died has left is run by the other.

use std::process::Child;

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
    let server = Server::start(&dir, &[]);
    two_jobs(&dir);
    let one = night(&dir, &server).start();
    wait_until("the first host is at it", || server.count("POST") > 0);
    let held = server.hold();
    let other = waiting(&dir, &server);
    drop(held);
    let other = Finished::of(other.wait_with_output().unwrap()).expect_exit(0);
    let one = Finished::of(one.wait_with_output().unwrap()).expect_exit(0);
    assert!(
        jobs(&one)
            .iter()
            .all(|(rows, note)| *rows == 12 && note.is_empty())
    );
    for (rows, note) in jobs(&other) {
        assert!(
            rows == 12 && note.starts_with("not run again: run 20"),
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

/// A night that waits for the one that is under way.
fn waiting(dir: &Workdir, server: &Server) -> Child {
    let log = std::fs::File::create(dir.path("waits.log")).unwrap();
    let other = night(dir, server).start_into(log);
    wait_until("the other host waits", || {
        dir.read("waits.log").contains("waiting for another run")
    });
    other
}

#[test]
fn what_a_host_that_died_has_left_is_run_by_the_other() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "300ms"]);
    two_jobs(&dir);
    let mut one = night(&dir, &server).start();
    wait_until("the first host is at it", || server.count("POST") > 0);
    let held = server.hold();
    let other = waiting(&dir, &server);
    assert!(server.count("POST") < 12, "it is at its first job");
    drop(held);
    wait_until("it is at its second job", || server.count("POST") > 13);
    one.kill().unwrap();
    one.wait().unwrap();
    let other = Finished::of(other.wait_with_output().unwrap()).expect_exit(0);
    // Both jobs have one mapping: they are told apart by their files.
    let [(12, note), (12, of_its_own)] = &jobs(&other)[..] else {
        panic!("{other:?}");
    };
    assert!(
        note.starts_with("not run again: run 20") && of_its_own.is_empty(),
        "{note}{of_its_own}"
    );
    server.assert_each_once(24);
}

#[test]
fn a_job_that_did_not_come_through_is_run_by_the_other() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "300ms"]);
    two_jobs(&dir);
    let one = night(&dir, &server).args(&["--max-duration", "3s"]).start();
    wait_until("the first host is at it", || server.count("POST") > 0);
    let held = server.hold();
    let other = waiting(&dir, &server);
    drop(held);
    let one = Finished::of(one.wait_with_output().unwrap()).expect_exit(3);
    let other = Finished::of(other.wait_with_output().unwrap()).expect_exit(0);
    assert!(!one.stdout.contains("\"created\":12"), "{}", one.stdout);
    let is_run = |(rows, note): &(u64, String)| *rows == 12 && note.is_empty();
    assert!(jobs(&other).iter().all(is_run), "{other:?}");
    server.assert_each_once(24);
}

/// Jobs whose exports are called alike are told apart by nothing: what one of them left, the other host runs.
#[test]
fn a_run_of_another_job_is_not_taken_for_its_own() {
    let files = "first = \"exports/eu/*.csv\"\nsecond = \"exports/*.csv\"";
    let fetches = "first = [\"cp\", \"exports/eu/x.csv\", \"{file}\"]\nsecond = [\"cp\", \"exports/w.csv\", \"{file}\"]";
    for (key, places) in [("file", files), ("fetch", fetches)] {
        let Some(dir) = Workdir::in_postgres() else {
            return;
        };
        let server = Server::start(&dir, &["--latency", "300ms"]);
        two_jobs(&dir);
        std::fs::create_dir_all(dir.path("exports/eu")).unwrap();
        dir.write("exports/eu/x.csv", dir.read("e.csv"));
        dir.write("exports/w.csv", dir.read("f.csv"));
        let jobs_of = |line: &str| {
            let (name, place) = line.split_once(" = ").unwrap();
            format!("[[job]]\nname = \"{name}\"\n{key} = {place}\nmapping = \"m.toml\"\n")
        };
        let text: String = places.lines().map(jobs_of).collect();
        dir.write("c.toml", format!("[state]\nlease = \"3s\"\n{text}"));
        let mut one = night(&dir, &server).start();
        wait_until("the first host is at it", || server.count("POST") > 0);
        let held = server.hold();
        let other = waiting(&dir, &server);
        drop(held);
        wait_until("it is at its second job", || server.count("POST") > 13);
        one.kill().unwrap();
        one.wait().unwrap();
        let other = Finished::of(other.wait_with_output().unwrap()).expect_exit(0);
        let passed_over: Vec<bool> = jobs(&other)
            .iter()
            .map(|(_, note)| note.starts_with("not run again"))
            .collect();
        assert_eq!(passed_over, [key == "file", false], "{other:?}");
        server.assert_each_once(24);
    }
}

/// An export that came while the other host was at an older one is imported.
#[test]
fn an_export_that_the_other_host_did_not_see_is_imported() {
    for archive in ["", "archive = \"done\"\n"] {
        let Some(dir) = Workdir::in_postgres() else {
            return;
        };
        let server = Server::start(&dir, &[]);
        two_jobs(&dir);
        let config = dir.read("c.toml") + archive;
        dir.write("c.toml", config);
        let one = night(&dir, &server).start();
        wait_until("the first host is at its second job", || {
            server.count("POST") > 12
        });
        let held = server.hold();
        let other = waiting(&dir, &server);
        dir.write("f2.csv", "Id,Name\nM-1,More 1\n");
        drop(held);
        let other = Finished::of(other.wait_with_output().unwrap()).expect_exit(0);
        Finished::of(one.wait_with_output().unwrap()).expect_exit(0);
        let rows: Vec<u64> = jobs(&other).into_iter().map(|(rows, _)| rows).collect();
        assert_eq!(rows, [12, 1], "{other:?}");
        server.assert_each_once(25);
    }
}
