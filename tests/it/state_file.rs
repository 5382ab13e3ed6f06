use crate::support::{Server, Workdir};

/// `: > partner-sync.db`, or a run that was killed before its schema was on the disk.
#[test]
fn an_empty_state_file_is_as_good_as_none() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    dir.write(
        "partner-sync.toml",
        "[[job]]\nname = \"night\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\nmin_rows = 1\n",
    );
    dir.write("partner-sync.db", "");
    for command in [&["status"][..], &["state", "export"]] {
        let run = dir.run(command).finish().expect_exit(2);
        assert!(run.stderr.contains("there is no state"), "{}", run.stderr);
    }
    for command in [
        &["check", "e.csv", "-m", "m.toml"][..],
        &["import", "e.csv", "-m", "m.toml", "--dry-run"],
    ] {
        dir.run(command).at(&server).finish().expect_exit(0);
    }
    assert_eq!(dir.read("partner-sync.db"), "");
    dir.run(&["sync"]).at(&server).finish().expect_exit(0);
    assert_eq!(server.by_key().len(), 3);

    dir.write("other.db", "");
    let arguments = ["import", "e.csv", "-m", "m.toml", "--sandbox"];
    let state = ["--state", "other.db", "--json"];
    let run = dir.run(&arguments).args(&state).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 3);
}

/// What is not a state is refused by every command, and left as it is.
#[test]
fn a_database_of_another_program_is_refused() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let theirs = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
    theirs.execute_batch("CREATE TABLE customer (id)").unwrap();
    drop(theirs);
    let before = std::fs::read(dir.path("partner-sync.db")).unwrap();
    for command in [
        &["status"][..],
        &["import", "e.csv", "-m", "m.toml"],
        &["import", "e.csv", "-m", "m.toml", "--dry-run"],
        &["state", "forget", "K-1", "--yes"],
    ] {
        let run = dir.run(command).at(&server).finish();
        assert_eq!(run.exit, 2, "{command:?}");
        assert!(
            run.stderr.contains("a database of another program"),
            "{command:?}: {}",
            run.stderr
        );
    }
    assert_eq!(std::fs::read(dir.path("partner-sync.db")).unwrap(), before);
    assert!(server.partners().is_empty());
}

/// An older program that runs would refuse a file that was migrated beside it.
#[test]
fn a_look_at_an_older_state_waits_for_the_run_that_holds_it() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    dir.run(&["import", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(0);
    let state = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
    state
        .execute_batch(
            "ALTER TABLE record DROP COLUMN hash_key; ALTER TABLE record DROP COLUMN room; ALTER TABLE record DROP COLUMN posts;
             ALTER TABLE record DROP COLUMN lost; ALTER TABLE space DROP COLUMN total;
             PRAGMA user_version = 5;",
        )
        .unwrap();
    let version = || {
        state
            .query_row("PRAGMA user_version", [], |r| r.get::<_, i64>(0))
            .unwrap()
    };
    let run = std::fs::File::create(dir.path("partner-sync.db.lock")).unwrap();
    run.lock().unwrap();
    let waits = dir.run(&["status"]).finish();
    assert_eq!(waits.exit, 4);
    assert!(waits.stderr.contains("is of version 5"), "{}", waits.stderr);
    assert!(
        waits.stderr.contains("Wait for that run to end"),
        "{}",
        waits.stderr
    );
    assert_eq!(version(), 5);
    drop(run);
    dir.run(&["status"]).finish().expect_exit(0);
    assert_eq!(version(), 8);
}

/// A folder, a pipe and a device are refused by every command: to open a pipe would wait for whoever writes it.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    std::fs::create_dir(dir.path("folder")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(dir.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/dev/null", dir.path("device")).unwrap();
    for state in ["folder", "pipe", "device"] {
        for command in [
            &["status"][..],
            &["import", "e.csv", "-m", "m.toml"],
            &["import", "e.csv", "-m", "m.toml", "--dry-run"],
            &["state", "forget", "K-1", "--yes"],
            &["reconcile"],
        ] {
            let run = dir.run(command).args(&["--state", state]);
            let run = run.at(&server).finish();
            assert_eq!(run.exit, 2, "{state} {command:?}: {}", run.stderr);
            assert!(run.stderr.contains("is not a file"), "{}", run.stderr);
        }
    }
    assert!(server.partners().is_empty());
}
