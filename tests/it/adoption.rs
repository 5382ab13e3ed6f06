//! Partners that are on the API already are recorded, not created again.

use crate::support::{Server, StateIn, over_both_states, post, text};

over_both_states! {
    several_partners_of_one_identifier_are_told,
    a_partner_of_another_row_is_not_adopted,
    a_row_under_a_new_key_takes_its_partner_over,
    what_was_begun_by_hand_is_continued,
    reconcile_adopts_without_making_anything,
    where_adopting_fails_nothing_is_created,
    what_is_created_already_is_skipped_and_not_adopted,
}

fn several_partners_of_one_identifier_are_told(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    post(&server, "Company 1", "K-1");
    post(&server, "Company 1", "K-1");
    let oldest = text(&server.partners()[0], "/id");
    dir.simple_export(1);
    let run = dir
        .run(&[
            "import", "e.csv", "-m", "m.toml", "--json", "--adopt", "--report", "out",
        ])
        .at(&server)
        .finish()
        .expect_exit(1);
    assert_eq!(run.summary().get("adopted"), 1);
    assert!(dir.read("out/created.csv").contains(&oldest));
    let problems = dir.read("out/problems.csv");
    assert!(
        problems.contains("api.duplicate") && problems.contains(&oldest),
        "{problems}"
    );
    assert_eq!(server.partners().len(), 2);
}

/// Somebody changed the identifier of a partner on the API to that of a new row: no two rows have one partner.
fn a_partner_of_another_row_is_not_adopted(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let import = ["import", "e.csv", "-m", "m.toml", "--settle", "100ms"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    let port = server.url.rsplit_once(':').unwrap().1.to_owned();
    drop(server);
    let book = dir.read("server.jsonl").replace("\"K-2\"", "\"K-4\"");
    dir.write("server.jsonl", book);
    let server = Server::start(&dir, &["--port", &port]);
    dir.simple_export(4);
    // Adopted by the list, and then looked up again: nothing is created meanwhile.
    for adopt in ["always", "auto"] {
        let adopt = format!("--adopt={adopt}");
        let run = dir
            .run(&import)
            .args(&[&adopt, "--json", "--report", "out"]);
        let run = run.at(&server).finish().expect_exit(1);
        let summary = run.summary();
        assert_eq!(
            (summary.get("in_doubt"), summary.get("adopted")),
            (1, 0),
            "{run:?}"
        );
        let problems = dir.read("out/problems.csv");
        assert!(
            problems.contains("already belongs to another row"),
            "{problems}"
        );
    }
    assert_eq!(server.count("POST"), 0);
    let export = dir.run(&["state", "export"]).finish().expect_exit(0).stdout;
    assert_eq!(export.lines().count(), 4, "{export}");
}

/// A row whose key changed, and not what it is known by on the API, takes its partner over once the export lacks the old key.
fn a_row_under_a_new_key_takes_its_partner_over(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.write(
        "m.toml",
        "name = \"simple\"\nkey = \"Mail\"\n[organization]\nbusinessName = \"Name\"\nlegacyIdentifier = \"Id\"\n",
    );
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    dir.write(
        "e.csv",
        "Mail,Name,Id\na@old.example,Alpha,1001\nb@x.example,Beta,1002\n",
    );
    dir.run(&import).at(&server).finish().expect_exit(0);
    // So that the new rows are looked for.
    post(&server, "Typed", "T-1");
    dir.write(
        "e.csv",
        "Mail,Name,Id\na@new.example,Alpha,1001\nb@x.example,Beta,1002\n",
    );
    for more in [&["--dry-run"][..], &[]] {
        let run = dir.run(&import).args(more).at(&server).finish();
        assert_eq!(run.expect_exit(0).summary().get("adopted"), 1);
    }
    let verify = ["verify", "e.csv", "-m", "m.toml", "--json"];
    let run = dir.run(&verify).at(&server).finish();
    assert!(!run.stdout.contains("source.row_gone"), "{}", run.stdout);
    // With the old key in the export as well, nobody can say whose it is.
    dir.write(
        "e.csv",
        "Mail,Name,Id\na@new.example,Alpha,1001\nb@x.example,Beta,1003\nc@x.example,Gamma,1002\n",
    );
    post(&server, "Typed", "T-2");
    for more in [&["--dry-run"][..], &[]] {
        let run = dir.run(&import).args(more).at(&server).finish();
        assert_eq!(run.summary().get("in_doubt"), 1, "{run:?}");
    }
    dir.run(&["state", "forget", "b@x.example", "--yes"])
        .finish()
        .expect_exit(0);
    let run = dir
        .run(&import)
        .args(&["--settle", "100ms"])
        .at(&server)
        .finish();
    assert_eq!(run.summary().get("in_doubt"), 0, "{run:?}");
    assert_eq!(server.by_key()["1002"], 1);
}

fn what_was_begun_by_hand_is_continued(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    for i in 1..=120 {
        post(&server, &format!("Typed {i}"), &format!("K-{i}"));
    }
    dir.simple_export(200);
    let summary = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--adopt",
            "--rate",
            "unlimited",
        ])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!((summary.get("adopted"), summary.get("created")), (120, 80));
    let again = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(again.get("skipped"), 200);
    assert!(server.by_key().values().all(|n| *n == 1));
}

fn reconcile_adopts_without_making_anything(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    for i in 1..=3 {
        post(&server, &format!("Typed {i}"), &format!("K-{i}"));
    }
    dir.simple_export(5);
    let summary = dir
        .run(&["reconcile", "--adopt", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!((summary.get("adopted"), summary.get("deferred")), (3, 2));
    assert_eq!(server.partners().len(), 3);
    let summary = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!((summary.get("skipped"), summary.get("created")), (3, 2));
}

/// What is on the API cannot be known where its list cannot be read: nothing may be created then.
fn where_adopting_fails_nothing_is_created(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--ignore-skip"]);
    // More than a page, and the server gives its first page for every other.
    for i in 0..120 {
        post(&server, &format!("Typed {i}"), &format!("T-{i}"));
    }
    dir.simple_export(3);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json", "--adopt"])
        .at(&server)
        .finish()
        .expect_exit(3);
    let summary = run.summary();
    assert_eq!((summary.get("created"), summary.get("deferred")), (0, 3));
    assert!(
        summary.value()["stopped"]
            .as_str()
            .unwrap()
            .contains("same page again"),
        "{run:?}"
    );
    assert_eq!(server.partners().len(), 120);
}

fn what_is_created_already_is_skipped_and_not_adopted(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let import = ["import", "e.csv", "-m", "m.toml", "--json", "--adopt"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    dir.simple_export(5);
    post(&server, "Typed", "K-4");
    let summary = dir
        .run(&import)
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(
        ["skipped", "adopted", "created"].map(|n| summary.get(n)),
        [3, 1, 1]
    );
    let again = dir
        .run(&["reconcile", "--adopt", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!((again.get("skipped"), again.get("adopted")), (5, 0));
}
