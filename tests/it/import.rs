use crate::support::{SIMPLE_MAPPING, Server, Workdir, partners_in, repository, text};

#[test]
fn the_readmes_first_command_makes_partners_and_a_second_run_skips_them() {
    let dir = Workdir::new();
    let sample = repository("samples/apptivo-customers.csv");
    let mapping = repository("mappings/apptivo.toml");
    let arguments = [
        "import",
        sample.to_str().unwrap(),
        "-m",
        mapping.to_str().unwrap(),
        "--sandbox",
        "--rate",
        "unlimited",
        "--json",
    ];
    let first = dir.run(&arguments).finish().expect_exit(0).summary();
    assert_eq!((first.get("rows"), first.get("created")), (60, 60));
    let made = partners_in(&dir.path("partner-sync.sandbox.jsonl"));
    assert_eq!(made.len(), 60);
    let second = dir.run(&arguments).finish().expect_exit(0).summary();
    assert_eq!((second.get("skipped"), second.get("created")), (60, 0));
    assert_eq!(
        partners_in(&dir.path("partner-sync.sandbox.jsonl")).len(),
        60
    );
}

#[test]
fn children_of_the_sample_know_their_parents() {
    let dir = Workdir::new();
    let sample = repository("samples/apptivo-customers.csv");
    let mapping = repository("mappings/apptivo.toml");
    dir.run(&[
        "import",
        sample.to_str().unwrap(),
        "-m",
        mapping.to_str().unwrap(),
        "--sandbox",
        "--rate",
        "unlimited",
    ])
    .finish()
    .expect_exit(0);
    let made = partners_in(&dir.path("partner-sync.sandbox.jsonl"));
    let children: Vec<_> = made
        .iter()
        .filter(|p| p.get("parentPartner").is_some())
        .collect();
    assert!(children.len() > 5);
    for child in children {
        let parent = text(child, "/parentPartner/id");
        assert!(made.iter().any(|p| text(p, "/id") == parent));
    }
}

#[test]
fn reports_hold_what_happened() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("e.csv", "Id,Name\nA,Alpha\nB,\nC,Gamma\n");
    dir.write("m.toml", SIMPLE_MAPPING);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--report", "out"])
        .at(&server)
        .finish()
        .expect_exit(1);
    assert!(
        run.stdout.contains("2 created, 1 invalid"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("UTF-8, comma, header row 1, 2 columns"),
        "{}",
        run.stderr
    );
    let created = dir.read("out/created.csv");
    let ids: Vec<String> = server.partners().iter().map(|p| text(p, "/id")).collect();
    assert_eq!(created.lines().count(), 3);
    assert!(ids.iter().all(|id| created.contains(id)));
    assert!(created.starts_with("key,legacyIdentifier,partnerId\n"));
    assert!(
        created.contains("\nA,A,") && created.contains("\nC,C,"),
        "{created}"
    );
    assert_eq!(
        dir.read("out/rejects.csv"),
        "Id,Name,_problems\nB,,Name: It is required but has no value. [required.missing]\n"
    );
    insta::assert_snapshot!(dir.read("out/problems.csv"));
    let summary: serde_json::Value = serde_json::from_str(&dir.read("out/summary.json")).unwrap();
    assert_eq!(
        (
            summary["created"].as_u64(),
            summary["invalid"].as_u64(),
            summary["exit"].as_u64()
        ),
        (Some(2), Some(1), Some(1))
    );
    assert_eq!(summary["target"], server.url.as_str());
}

#[cfg(unix)]
#[test]
fn what_a_run_leaves_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--report", "out"])
        .at(&server)
        .finish()
        .expect_exit(0);
    for (name, mode) in [
        ("out", 0o700),
        ("out/summary.json", 0o600),
        ("out/problems.csv", 0o600),
        ("out/rejects.csv", 0o600),
        ("out/created.csv", 0o600),
        ("partner-sync.db", 0o600),
        ("partner-sync.db.lock", 0o600),
    ] {
        let found = std::fs::metadata(dir.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(found & 0o777, mode, "{name}");
    }
}

#[test]
fn a_changed_row_is_told_and_not_sent() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    dir.write(
        "e.csv",
        "Id,Name\nK-1,Company 1\nK-2,Company Two\nK-3,\"Company 3\"\n",
    );
    let summary = dir
        .run(&import)
        .at(&server)
        .finish()
        .expect_exit(1)
        .summary();
    assert_eq!((summary.get("skipped"), summary.get("changed")), (2, 1));
    assert_eq!(server.count("POST"), 3);
}

#[test]
fn the_mappings_name_is_the_rows_space() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    dir.run(&["import", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(0);
    std::fs::rename(dir.path("e.csv"), dir.path("renamed.csv")).unwrap();
    let again = dir
        .run(&["import", "renamed.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(again.get("skipped"), 2);
}

#[test]
fn another_api_is_another_target() {
    let (dir, other) = (Workdir::new(), Workdir::new());
    let (one, two) = (Server::start(&dir, &[]), Server::start(&other, &[]));
    dir.simple_export(2);
    for server in [&one, &two] {
        let summary = dir
            .run(&["import", "e.csv", "-m", "m.toml", "--json"])
            .at(server)
            .finish()
            .expect_exit(0)
            .summary();
        assert_eq!(summary.get("created"), 2);
    }
}

#[test]
fn a_limit_sends_so_many_and_a_rerun_goes_on() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(25);
    let first = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--limit",
            "10",
            "--rate",
            "unlimited",
        ])
        .at(&server)
        .finish();
    let first = first.expect_exit(3).summary();
    assert_eq!((first.get("created"), first.get("deferred")), (10, 15));
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
    assert_eq!((rest.get("skipped"), rest.get("created")), (10, 15));
    assert!(server.by_key().values().all(|n| *n == 1));
}

#[test]
fn too_many_errors_send_nothing() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("e.csv", "Id,Name\nA,Alpha\nB,\nC,\nD,Delta\n");
    dir.write("m.toml", SIMPLE_MAPPING);
    for (bound, exit, created) in [("1", 1, 0), ("49%", 1, 0), ("2", 1, 2)] {
        let summary = dir
            .run(&[
                "import",
                "e.csv",
                "-m",
                "m.toml",
                "--json",
                "--max-errors",
                bound,
            ])
            .at(&server)
            .finish()
            .expect_exit(exit)
            .summary();
        assert_eq!(
            (summary.get("created"), summary.get("invalid")),
            (created, 2),
            "--max-errors {bound}"
        );
    }
}

#[test]
fn query_flags_are_sent() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    dir.run(&[
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--create-apptivo-account",
    ])
    .at(&server)
    .finish()
    .expect_exit(0);
    // The flags are part of what was sent: another flag is a changed row.
    let again = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(1)
        .summary();
    assert_eq!(again.get("changed"), 1);
}

#[test]
fn a_dry_run_says_what_would_happen_and_sends_nothing() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    dir.run(&["import", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(0);
    let before = std::fs::read(dir.path("partner-sync.db")).unwrap();
    dir.write(
        "e.csv",
        "Id,Name\nK-1,Company 1\nK-2,Company Two\nK-4,Company 4\nK-5,\n",
    );
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--report",
            "plan",
            "--dry-run",
            "--json",
        ])
        .at(&server)
        .finish()
        .expect_exit(1);
    let summary = run.summary();
    assert_eq!(
        ["skipped", "changed", "created", "invalid"].map(|n| summary.get(n)),
        [1, 1, 1, 1]
    );
    let plan: Vec<String> = dir
        .read("plan/plan.csv")
        .lines()
        .skip(1)
        .map(|l| l.split(',').skip(1).take(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        plan,
        [
            "2 K-1 K-1 skipped",
            "3 K-2 K-2 changed",
            "4 K-4 K-4 created",
            "5 K-5  invalid"
        ]
    );
    assert_eq!(server.count("POST"), 3);
    assert_eq!(std::fs::read(dir.path("partner-sync.db")).unwrap(), before);
}

#[test]
fn a_dry_run_needs_neither_token_nor_state() {
    let dir = Workdir::new();
    dir.simple_export(3);
    let summary = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--dry-run", "--json"])
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(summary.get("created"), 3);
    assert!(!dir.path("partner-sync.db").exists());
}

#[test]
fn an_export_without_rows_is_done() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("e.csv", "Id,Name\n");
    dir.write("m.toml", SIMPLE_MAPPING);
    let summary = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(summary.get("rows"), 0);
}

#[test]
fn results_and_progress_never_mix() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "1ms"]);
    dir.simple_export(30);
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--progress",
            "always",
            "-vv",
        ])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(run.stdout.lines().count(), 1);
    run.summary();
}

#[test]
fn several_files_are_one_export() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("a.csv", "Id,Name\nA,Alpha\nB,Beta\n");
    dir.write("b.csv", "Name;Id\nGamma;C\nBeta again;B\n");
    dir.write("m.toml", SIMPLE_MAPPING);
    let run = dir
        .run(&[
            "import", "a.csv", "b.csv", "-m", "m.toml", "--json", "--report", "out",
        ])
        .at(&server)
        .finish()
        .expect_exit(1);
    let summary = run.summary();
    assert_eq!((summary.get("created"), summary.get("invalid")), (2, 2));
    let problems = dir.read("out/problems.csv");
    assert!(
        problems.contains("a.csv row 3 and b.csv row 3 have the same key, so neither is sent."),
        "{problems}"
    );
    assert!(
        dir.read("out/rejects-2.csv")
            .starts_with("Name;Id;_problems\nBeta again;B;")
    );
}

/// The API is asked how it is before the first row is sent, and not at all where nothing is to be sent.
#[test]
fn the_api_is_asked_how_it_is_before_the_first_row() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let import = ["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    let asked = |path: &str| {
        let requests = server.requests();
        requests.iter().filter(|r| r["path"] == path).count()
    };
    assert_eq!(server.requests()[0]["path"], "/healthcheck");
    assert_eq!((asked("/healthcheck"), server.count("POST")), (1, 3));
    dir.run(&import).at(&server).finish().expect_exit(0);
    assert_eq!((asked("/healthcheck"), server.count("POST")), (1, 3));
}
