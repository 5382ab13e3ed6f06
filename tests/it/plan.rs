use crate::support::{Server, Workdir};

fn sealed(dir: &Workdir, server: &Server) {
    dir.run(&[
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--dry-run",
        "--plan-out",
        "plan.json",
    ])
    .at(server)
    .finish()
    .expect_exit(0);
}

fn planned(dir: &Workdir, server: &Server) -> crate::support::Run {
    dir.run(&[
        "import",
        "--plan",
        "plan.json",
        "--rate",
        "unlimited",
        "--json",
    ])
    .at(server)
}

#[test]
fn a_plan_does_exactly_that() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(5);
    sealed(&dir, &server);
    let plan: serde_json::Value = serde_json::from_str(&dir.read("plan.json")).unwrap();
    assert_eq!(plan["would"]["created"], 5);
    assert_eq!(server.count("POST"), 0);
    let done = planned(&dir, &server).finish().expect_exit(0);
    assert_eq!(done.summary().get("created"), 5);
    // Done once, it does not hold any more.
    let again = planned(&dir, &server).finish().expect_exit(2);
    assert!(
        again.stderr.contains("the state changed"),
        "{}",
        again.stderr
    );
    assert_eq!(server.by_key().len(), 5);
}

#[test]
fn a_plan_refuses_what_changed_and_names_it() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(5);
    sealed(&dir, &server);
    let refuse = |words: &str| {
        let refused = planned(&dir, &server).finish().expect_exit(2);
        assert!(
            refused.stderr.contains(words),
            "{words}: {}",
            refused.stderr
        );
    };
    dir.write("e.csv", "Id,Name\nK-1,Other\n");
    refuse("the file e.csv changed");
    dir.simple_export(5);
    dir.write(
        "m.toml",
        crate::support::SIMPLE_MAPPING.replace("simple", "other"),
    );
    refuse("the mapping m.toml changed");
    dir.simple_export(5);
    let plan = dir.read("plan.json");
    dir.write("plan.json", plan.replace("\"limit\": null", "\"limit\": 3"));
    refuse("was changed by hand");
    dir.write("plan.json", &plan);
    let elsewhere = Workdir::new();
    let other = Server::start(&elsewhere, &[]);
    let refused = planned(&dir, &other).finish().expect_exit(2);
    assert!(refused.stderr.contains("the target"), "{}", refused.stderr);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--limit", "1"])
        .at(&server)
        .finish()
        .expect_exit(3);
    refuse("the state changed");
    assert_eq!(server.count("POST"), 1);
    assert_eq!(other.count("POST"), 0);
}

#[test]
fn a_dry_run_says_how_long_it_takes_and_whether_the_token_lasts() {
    let dir = Workdir::new();
    dir.simple_export(1200);
    // A JWT that ran out long ago: {"alg":"none"} and {"exp":1}.
    let run = |token: &str| {
        dir.run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--dry-run",
            "--rate",
            "2/s",
        ])
        .env("PARTNER_SYNC_API_URL", "http://127.0.0.1:9")
        .env("PARTNER_SYNC_TOKEN", token)
        .finish()
        .expect_exit(0)
    };
    let told = run("eyJhbGciOiJub25lIn0.eyJleHAiOjF9.x");
    assert!(
        told.stderr
            .contains("1,200 requests would be sent; at 2/s that takes at least 10 min"),
        "{}",
        told.stderr
    );
    assert!(
        told.stderr.contains("before all rows are sent"),
        "{}",
        told.stderr
    );
    // {"exp":99999999999}
    let told = run("eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTk5fQ.x");
    assert!(
        told.stderr.contains("the token expires in"),
        "{}",
        told.stderr
    );
}

#[test]
fn a_dry_run_says_what_would_be_adopted() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(4);
    dir.run(&[
        "import", "e.csv", "-m", "m.toml", "--limit", "2", "--state", "other.db",
    ])
    .at(&server)
    .finish()
    .expect_exit(3);
    let told = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--dry-run",
            "--adopt",
            "--json",
        ])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(told.summary().get("adopted"), 2);
    assert_eq!(told.summary().get("created"), 2);
    assert!(!dir.path("partner-sync.db").exists());
    assert_eq!(server.count("POST"), 2);
}
