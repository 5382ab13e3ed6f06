//! When everything fails, when the API throttles, when the token is refused: how a run holds back or stops.

use crate::support::{Finished, Run, Server, Workdir};

const ROWS: usize = 150;

fn import(dir: &Workdir, server: &Server) -> Run {
    dir.run(&[
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--workers",
        "16",
        "--rate",
        "unlimited",
        "--settle",
        "300ms",
        "--json",
    ])
    .at(server)
}

#[test]
fn an_api_that_fails_everything_opens_the_breaker() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "500-after=1", "--list-lag", "1h"]);
    dir.simple_export(500);
    let run = import(&dir, &server).finish().expect_exit(3);
    let summary = run.summary();
    assert!(server.count("POST") < 200, "it burned through the file");
    assert!(
        summary.value()["stopped"]
            .as_str()
            .unwrap()
            .contains("no answer that can be trusted"),
        "{run:?}"
    );
}

#[test]
fn a_wrong_address_is_told_after_a_few_rows() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(500);
    let url = format!("{}/api/v2/partners", server.url);
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--rate",
            "unlimited",
            "--api-url",
            &url,
        ])
        .at(&server)
        .finish()
        .expect_exit(3);
    assert!(
        run.summary().value()["stopped"]
            .as_str()
            .unwrap()
            .contains("check --api-url"),
        "{run:?}"
    );
}

#[test]
fn a_throttling_server_is_asked_gently() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--rate-limit", "40/s"]);
    dir.simple_export(300);
    import(&dir, &server).finish().expect_exit(0);
    let refused = server
        .requests()
        .iter()
        .filter(|r| r["status"] == 429)
        .count();
    assert!(refused * 5 < 300, "{refused} refusals for 300 rows");
    assert!(server.by_key().values().all(|n| *n == 1));
}

#[test]
fn a_token_is_renewed_once_for_all_workers() {
    let dir = Workdir::new();
    let server = Server::start(
        &dir,
        &["--fault", "expire-token-after=60", "--latency", "5ms"],
    );
    dir.simple_export(ROWS);
    // The command counts its own runs and gives a new token each time.
    let command = "echo x >> runs; echo token-$(wc -l < runs | tr -d ' ')";
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--workers",
            "16",
            "--rate",
            "unlimited",
            "--token-command",
            command,
        ])
        .env("PARTNER_SYNC_API_URL", &server.url)
        .finish()
        .expect_exit(0);
    assert_eq!(run.summary().get("created"), ROWS as u64);
    assert_eq!(
        dir.read("runs").lines().count(),
        2,
        "one token at the start, one renewal"
    );
}

#[test]
fn a_token_that_stays_refused_stops_the_run_and_names_the_permission() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "expire-token-after=20"]);
    dir.simple_export(ROWS);
    let run: Finished = import(&dir, &server).finish().expect_exit(3);
    let stopped = run.summary().value()["stopped"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        stopped.contains("401") && stopped.contains("partners.create"),
        "{stopped}"
    );
}
