use crate::support::{Server, Workdir};

fn filled(dir: &Workdir) -> Server {
    let server = Server::start(dir, &[]);
    dir.simple_export(25);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .finish()
        .expect_exit(0);
    server
}

#[test]
fn the_list_pages_by_itself() {
    let dir = Workdir::new();
    let server = filled(&dir);
    let run = dir
        .run(&["partners", "list", "--take", "10", "--format", "jsonl"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(run.stdout.lines().count(), 25);
    let run = dir
        .run(&[
            "partners", "list", "--take", "10", "--skip", "2", "--format", "jsonl",
        ])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(run.stdout.lines().count(), 5);
    let run = dir
        .run(&["partners", "list", "--limit", "7", "--format", "csv"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(run.stdout.lines().count(), 8);
    assert!(run.stdout.starts_with("id,legacyIdentifier,businessName"));
    let run = dir
        .run(&["partners", "list", "--search-term", "company 25"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(run.stdout.contains("K-25"));
}

#[test]
fn every_documented_filter_is_a_flag() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let id = "e8d2d255-3e62-413f-9275-e8929eced814";
    dir.run(&[
        "partners",
        "list",
        "--order-by",
        "desc",
        "--skip",
        "0",
        "--take",
        "5",
        "--include",
        "parent-partner",
        "--status",
        "Active,Inactive",
        "--partner-status",
        "on-boarded",
        "--commission-payout-status",
        "active",
        "--search-term",
        "A & B",
        "--partner-type-ids",
        id,
        "--partner-ids",
        id,
        "--w9-submitted",
        "true",
        "--enable-commissions",
        "false",
        "--is-w2",
        "true",
    ])
    .at(&server)
    .finish()
    .expect_exit(0);
    let path = server.requests().last().unwrap()["path"]
        .as_str()
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(path);
}

#[test]
fn one_partner_is_got_or_is_not_there() {
    let dir = Workdir::new();
    let server = filled(&dir);
    let id = crate::support::text(&server.partners()[0], "/id");
    let run = dir
        .run(&["partners", "get", &id])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert!(run.stdout.contains(&id));
    let run = dir
        .run(&["partners", "get", "nobody"])
        .at(&server)
        .finish()
        .expect_exit(1);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("the API has no partner nobody"));
}

#[test]
fn a_token_that_is_refused_is_told_with_what_to_do() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--token", "other"]);
    let run = dir
        .run(&["partners", "list"])
        .at(&server)
        .finish()
        .expect_exit(3);
    assert!(
        run.stderr.contains("does not accept the token (401)"),
        "{}",
        run.stderr
    );
}

#[test]
fn status_tells_runs_rows_and_spaces() {
    let dir = Workdir::new();
    let server = filled(&dir);
    let run = dir.run(&["status", "--json"]).finish().expect_exit(0);
    let status: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(status["spaces"][0]["states"]["created"], 25);
    assert_eq!(status["spaces"][0]["target"], server.url.as_str());
    assert_eq!(status["runs"][0]["summary"]["created"], 25);
    let run = dir.run(&["status", "--row", "K-7"]).finish().expect_exit(0);
    assert!(run.stdout.contains("created"), "{}", run.stdout);
    dir.run(&["status", "--row", "K-99"])
        .finish()
        .expect_exit(2);
}
