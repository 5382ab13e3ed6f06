use std::io::Write as _;
use std::process::Command;

use crate::support::{Finished, SIMPLE_MAPPING, Server, Workdir, binary, wait_until};

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_stops_the_run_and_loses_nothing() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3000);
    // No file may grow beyond 200 KiB: to the program that is a full disk.
    let script = format!(
        "ulimit -f 400; exec {} import e.csv -m m.toml --json --rate unlimited --workers 16",
        binary()
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path(""))
        .env("PARTNER_SYNC_API_URL", &server.url)
        .env("PARTNER_SYNC_TOKEN", "t")
        .output()
        .unwrap();
    let run = Finished::of(output).expect_exit(3);
    assert!(run.stderr.contains("cannot be written"), "{}", run.stderr);
    let told = run.stderr.lines().filter(|l| l.starts_with("error:"));
    for line in told {
        assert_eq!(line.matches("cannot be written").count(), 1, "{line}");
        assert_eq!(line.matches("Nothing is lost").count(), 1, "{line}");
    }
    let summary = run.summary();
    assert!(
        summary.get("created") > 0 && summary.get("deferred") > 0,
        "{run:?}"
    );
    let rest = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--rate",
            "unlimited",
            "--settle",
            "200ms",
        ])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(rest.get("rows"), 3000);
    assert_eq!(server.by_key().len(), 3000);
    assert!(server.by_key().values().all(|n| *n == 1));
}

#[test]
fn a_state_that_was_damaged_in_a_crash_is_refused() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "2ms"]);
    dir.simple_export(2000);
    let mut child = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .start();
    wait_until("much is recorded", || server.partners().len() > 500);
    child.kill().unwrap();
    child.wait().unwrap();
    // What was in the log goes into the file, and then the file is hit.
    rusqlite::Connection::open(dir.path("partner-sync.db"))
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let mut bytes = std::fs::read(dir.path("partner-sync.db")).unwrap();
    assert!(bytes.len() > 60_000);
    bytes[30_000..60_000].fill(0x5a);
    dir.write("partner-sync.db", bytes);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(3);
    assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
}

/// After a crash the whole file is looked over, also what a run would not read: here a page of rows' stories.
#[test]
fn damage_that_no_run_would_meet_is_found_after_a_crash() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let import = ["import", "e.csv", "-m", "m.toml"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    let path = dir.path("partner-sync.db");
    let mark = |n: u32| format!("a story that fills a page, number {n:04} ").repeat(60);
    {
        let state = rusqlite::Connection::open(&path).unwrap();
        for n in 0..20 {
            state
                .execute(
                    "INSERT INTO story (space, key, at, what) VALUES (1, 'none', ?1, ?2)",
                    rusqlite::params![n, mark(n)],
                )
                .unwrap();
        }
        // As a run leaves it that was killed.
        state.execute("UPDATE run SET ended = NULL", []).unwrap();
        state
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
    }
    let whole = std::fs::read(&path).unwrap();
    // So far it is a state like any other.
    dir.run(&import).at(&server).finish().expect_exit(0);
    let at = memchr::memmem::find(&whole, mark(10).as_bytes()).unwrap();
    let page = at - at % 4096;
    let mut damaged = whole;
    damaged[page..page + 8].fill(0x5a);
    for rest in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.path(&format!("partner-sync.db{rest}")));
    }
    dir.write("partner-sync.db", damaged);
    dir.simple_export(4);
    let run = dir.run(&import).at(&server).finish().expect_exit(3);
    assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
    assert_eq!(server.count("POST"), 3);
}

/// A parent outside the file whose record cannot be read: the state is at fault, and the child is no orphan.
#[test]
fn a_record_that_cannot_be_read_makes_no_orphan() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let mapping = format!("{SIMPLE_MAPPING}parentId = {{ partner = \"Parent\" }}\n");
    dir.write("m.toml", mapping);
    dir.write("e.csv", "Id,Name,Parent\nP,Parent,\n");
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    rusqlite::Connection::open(dir.path("partner-sync.db"))
        .unwrap()
        // No text: what reads it fails, as it would on a disk that fails.
        .execute("UPDATE record SET partner = CAST(x'ff' AS TEXT)", [])
        .unwrap();
    dir.write("e.csv", "Id,Name,Parent\nC,Child,P\n");
    let run = dir.run(&import).at(&server).finish().expect_exit(3);
    let summary = run.summary();
    assert_eq!(
        ["invalid", "created", "deferred"].map(|n| summary.get(n)),
        [0, 0, 1],
        "{run:?}"
    );
    assert_eq!(server.count("POST"), 1);
}

#[test]
fn a_source_that_changes_while_it_is_read_stops_the_run() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(20_000);
    let child = dir
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
        .start();
    wait_until("it sends", || server.count("POST") > 50);
    std::fs::OpenOptions::new()
        .append(true)
        .open(dir.path("e.csv"))
        .unwrap()
        .write_all(b"K-1,Twice\n")
        .unwrap();
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(3);
    let summary = run.summary();
    assert!(
        summary.value()["stopped"]
            .as_str()
            .unwrap()
            .contains("changed while it was read"),
        "{run:?}"
    );
    assert!(summary.get("deferred") > 0);
    assert_eq!(summary.get("created"), server.partners().len() as u64);
}

#[test]
fn a_source_that_is_cut_off_while_it_is_read_stops_the_run() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(20_000);
    let child = dir
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
        .start();
    wait_until("it sends", || server.count("POST") > 50);
    std::fs::OpenOptions::new()
        .write(true)
        .open(dir.path("e.csv"))
        .unwrap()
        .set_len(1000)
        .unwrap();
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(3);
    run.summary();
    assert!(server.by_key().keys().all(|k| k.starts_with("K-")));
}

#[test]
fn a_state_in_a_folder_that_is_not_there_is_told() {
    let dir = Workdir::new();
    dir.write("e.csv", "Id,Name\nA,B\n");
    dir.write("m.toml", SIMPLE_MAPPING);
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--state",
            "none/s.db",
            "--sandbox",
        ])
        .finish()
        .expect_exit(2);
    assert!(run.stderr.contains("none/s"), "{}", run.stderr);
}
