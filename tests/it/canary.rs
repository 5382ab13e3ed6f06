//! `--canary`: the first partners are created, read back, and the others follow only if they are as they were sent.

use crate::support::{Finished, Server, StateIn, Workdir, over_both_states, post};

over_both_states! {
    a_canary_that_agrees_goes_on,
    a_canary_that_differs_stops,
    a_canary_that_failed_is_not_repeated,
    a_canary_that_was_repaired_goes_on,
    after_a_failed_canary_an_import_without_one_goes_on_and_says_so,
    a_canary_that_is_not_whole_is_completed,
    a_canary_takes_parents_before_their_children,
    a_canary_of_which_nothing_is_created_stops,
    what_a_canary_adopts_is_not_compared,
}

/// Rows with a display name, which a lying server forgets.
fn shown_names(at: StateIn, rows: usize) -> Workdir {
    let dir = at.workdir();
    let mut text = String::from("Id,Name\n");
    for n in 1..=rows {
        text.push_str(&format!("K-{n},Name {n}\n"));
    }
    dir.write("e.csv", text);
    dir.write(
        "m.toml",
        "name = \"simple\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\ndisplayName = \"Name\"\n",
    );
    dir
}

fn import(dir: &Workdir, server: &Server, more: &[&str]) -> Finished {
    dir.run(&[
        "import", "e.csv", "-m", "m.toml", "--json", "--report", "out",
    ])
    .args(&["--rate", "unlimited", "--settle", "100ms"])
    .args(more)
    .at(server)
    .finish()
}

/// The same server with other lies: its partners and its address are those of before.
fn again(dir: &Workdir, server: Server, options: &[&str]) -> Server {
    let (_, port) = server.url.rsplit_once(':').unwrap();
    let port = port.to_owned();
    drop(server);
    Server::start(dir, &[options, &["--port", &port]].concat())
}

const FORGETS: [&str; 2] = ["--drop-field", "displayName"];

fn a_canary_that_agrees_goes_on(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(20);
    let done = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--canary",
            "3",
            "--rate",
            "unlimited",
            "--json",
        ])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert!(
        done.stderr
            .contains("canary: 3 partners were created and read back"),
        "{}",
        done.stderr
    );
    assert_eq!(done.summary().get("created"), 17);
    assert_eq!(done.summary().get("skipped"), 3);
    assert_eq!(server.by_key().len(), 20);
}

fn a_canary_that_differs_stops(at: StateIn) {
    let dir = at.workdir();
    // This server forgets the business name of what it makes.
    let server = Server::start(&dir, &["--drop-field", "displayName"]);
    dir.write("e.csv", "Id,Name\nK-1,One\nK-2,Two\nK-3,Three\n");
    dir.write(
        "m.toml",
        "name = \"simple\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\ndisplayName = \"Name\"\n",
    );
    let stopped = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--canary",
            "2",
            "--rate",
            "unlimited",
            "--report",
            "out",
        ])
        .at(&server)
        .finish()
        .expect_exit(3);
    assert!(
        stopped
            .stdout
            .contains("are not on the API as they were sent"),
        "{}",
        stopped.stdout
    );
    assert!(
        dir.read("out/problems.csv")
            .contains("organization.displayName,api.differs")
    );
    assert_eq!(server.count("POST"), 2);
}

/// A canary that failed is compared again, with the same words, and creates nothing more; its counts add up.
fn a_canary_that_failed_is_not_repeated(at: StateIn) {
    let dir = shown_names(at, 9);
    dir.write("e.csv", format!("{}K-10,\n", dir.read("e.csv")));
    let server = Server::start(&dir, &FORGETS);
    let mut said = Vec::new();
    for skipped in [0, 3, 3] {
        let run = import(&dir, &server, &["--canary", "3"]).expect_exit(3);
        let summary = run.summary();
        let counts = ["created", "skipped", "deferred", "invalid", "rows"];
        assert_eq!(
            counts.map(|n| summary.get(n)),
            [3 - skipped, skipped, 6, 1, 10]
        );
        let kept: serde_json::Value = serde_json::from_str(&dir.read("out/summary.json")).unwrap();
        assert_eq!(&kept, summary.value());
        let stopped = summary.value()["stopped"].as_str().unwrap().to_owned();
        assert!(
            stopped.contains(
                "the canary's 3 partners are not on the API as they were sent (3 differ)"
            ),
            "{stopped}"
        );
        let problems = dir.read("out/problems.csv");
        assert_eq!(problems.matches("api.differs").count(), 3, "{problems}");
        said.push(stopped);
    }
    assert!(said.iter().all(|s| *s == said[0]), "{said:?}");
    assert_eq!(server.count("POST"), 3);
    let told = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--canary", "3"])
        .at(&server)
        .finish()
        .expect_exit(3);
    assert!(
        told.stdout
            .contains("compared again and no others are created"),
        "{}",
        told.stdout
    );
    assert!(
        !told.stdout.contains("run the same command"),
        "{}",
        told.stdout
    );
    assert_eq!(server.count("POST"), 3);
}

/// Somebody repaired the partners: the same command goes on.
fn a_canary_that_was_repaired_goes_on(at: StateIn) {
    let dir = shown_names(at, 8);
    let server = Server::start(&dir, &FORGETS);
    import(&dir, &server, &["--canary", "3"]).expect_exit(3);
    // What was forgotten is typed in by hand.
    let mut data = String::new();
    for line in dir.read("server.jsonl").lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(name) = value.get("businessName").cloned() {
            value["displayName"] = name;
        }
        data.push_str(&format!("{value}\n"));
    }
    dir.write("server.jsonl", &data);
    let server = again(&dir, server, &[]);
    let run = import(&dir, &server, &["--canary", "3"]).expect_exit(0);
    let summary = run.summary();
    assert_eq!((summary.get("skipped"), summary.get("created")), (3, 5));
    assert!(run.stderr.contains("canary: 3 partners"), "{}", run.stderr);
    assert_eq!(server.by_key().len(), 8);
}

fn after_a_failed_canary_an_import_without_one_goes_on_and_says_so(at: StateIn) {
    let dir = shown_names(at, 8);
    let server = Server::start(&dir, &FORGETS);
    import(&dir, &server, &["--canary", "2"]).expect_exit(3);
    let run = import(&dir, &server, &["--limit", "3"]).expect_exit(3);
    let summary = run.summary();
    assert_eq!((summary.get("skipped"), summary.get("created")), (2, 3));
    assert!(
        run.stderr.contains("warning: continuing without --canary"),
        "{}",
        run.stderr
    );
    // An import went on by itself, so the next canary is a new one.
    let run = import(&dir, &server, &["--canary", "1"]).expect_exit(3);
    assert_eq!(run.summary().get("created"), 1);
}

/// A canary that was stopped before it was whole is completed, not begun again.
fn a_canary_that_is_not_whole_is_completed(at: StateIn) {
    let dir = shown_names(at, 8);
    let server = Server::start(&dir, &[]);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--canary", "3"])
        .args(&["--rate", "1/s", "--max-duration", "3s"])
        .at(&server)
        .finish()
        .expect_exit(3);
    let run = import(&dir, &server, &["--canary", "3"]).expect_exit(0);
    // However many the first run came to.
    assert!(run.stderr.contains("canary: 3 partners"), "{}", run.stderr);
    assert_eq!(server.count("POST"), 8);
    let status = dir.run(&["status", "--json"]).finish().expect_exit(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let runs = status["runs"].as_array().unwrap().iter();
    let created: u64 = runs
        .filter(|run| run["command"] == "canary")
        .map(|run| run["summary"]["created"].as_u64().unwrap())
        .sum();
    assert_eq!(created, 3, "{status}");
}

/// Parents are among the first, wherever they stand.
fn a_canary_takes_parents_before_their_children(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    let mut text = String::from("Id,Name,Parent\n");
    for n in 1..=5 {
        text.push_str(&format!("C-{n},Child {n},P\n"));
    }
    text.push_str("P,Parent,\n");
    dir.write("e.csv", text);
    dir.write(
        "m.toml",
        "name = \"tree\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n",
    );
    let run = import(&dir, &server, &["--canary", "3"]).expect_exit(0);
    assert!(run.stderr.contains("canary: 3 partners"), "{}", run.stderr);
    let summary = run.summary();
    assert_eq!((summary.get("skipped"), summary.get("created")), (3, 3));
}

/// Nothing to compare is no canary that agrees.
fn a_canary_of_which_nothing_is_created_stops(at: StateIn) {
    let dir = shown_names(at, 5);
    let server = Server::start(&dir, &["--fault", "409=1"]);
    let run = import(&dir, &server, &["--canary", "2"]).expect_exit(3);
    let summary = run.summary();
    assert_eq!((summary.get("rejected"), summary.get("deferred")), (2, 3));
    let stopped = summary.value()["stopped"].as_str().unwrap();
    assert!(
        stopped.contains("none of the canary's rows was created"),
        "{stopped}"
    );
}

/// What others made, and the canary's run only recorded, was never sent: it is no part of what is compared.
fn what_a_canary_adopts_is_not_compared(at: StateIn) {
    let dir = shown_names(at, 6);
    let server = Server::start(&dir, &[]);
    post(&server, "Typed otherwise", "K-1");
    let run = import(&dir, &server, &["--canary", "2"]).expect_exit(0);
    assert!(run.stderr.contains("canary: 2 partners"), "{}", run.stderr);
    let summary = run.summary();
    assert_eq!((summary.get("skipped"), summary.get("created")), (3, 3));
}
