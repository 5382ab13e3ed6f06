//! Under every fault alone and all together, killed at random moments by a seeded driver, until exit 0:
//! then the server holds each key once.

use std::time::Duration;

use serde_json::json;

use crate::support::{Finished, Run, Server, Workdir, text};

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
        "--timeout",
        "400ms",
        "--json",
    ])
    .at(server)
}

/// Runs until exit 0, twenty times at most.
fn until_done(dir: &Workdir, server: &Server) -> usize {
    for run in 1..=20 {
        let finished = import(dir, server).finish();
        let summary = finished.summary();
        match finished.exit {
            0 => {
                assert_eq!(summary.get("created") + summary.get("skipped"), ROWS as u64);
                return run;
            }
            1 | 3 => {}
            _ => panic!("{finished:?}"),
        }
    }
    panic!("it never ended with 0");
}

fn assert_each_once(server: &Server) {
    let made = server.by_key();
    assert_eq!(made.len(), ROWS);
    let twice: Vec<_> = made.iter().filter(|(_, n)| **n != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn each_fault_alone() {
    for (fault, more) in [
        ("reset-before=0.2", &[][..]),
        ("reset-after=0.2", &[]),
        ("500-after=0.2", &[]),
        ("502-after=0.2", &[]),
        ("503=0.02", &[]),
        ("429=0.02", &[]),
        ("bad-body=0.2", &[]),
        // Slower than the client waits; processed within the settling time.
        ("slow=0.1", &["--slow-for", "500ms"]),
    ] {
        let dir = Workdir::new();
        let arguments = [&["--seed", "11", "--fault", fault], more].concat();
        let server = Server::start(&dir, &arguments);
        dir.simple_export(ROWS);
        until_done(&dir, &server);
        assert_each_once(&server);
    }
}

#[test]
fn all_faults_together_with_a_list_that_lags() {
    for seed in ["1", "2"] {
        let dir = Workdir::new();
        let server = Server::start(
            &dir,
            &[
                "--seed",
                seed,
                "--list-lag",
                "150ms",
                "--latency",
                "2ms",
                "--fault",
                "reset-before=0.03",
                "--fault",
                "reset-after=0.05",
                "--fault",
                "500-after=0.05",
                "--fault",
                "502-after=0.03",
                "--fault",
                "503=0.02",
                "--fault",
                "429=0.02",
                "--fault",
                "bad-body=0.05",
            ],
        );
        dir.simple_export(ROWS);
        until_done(&dir, &server);
        assert_each_once(&server);
    }
}

#[test]
fn faults_and_kills_together() {
    let dir = Workdir::new();
    let server = Server::start(
        &dir,
        &[
            "--seed",
            "5",
            "--latency",
            "5ms",
            "--fault",
            "reset-after=0.1",
            "--fault",
            "500-after=0.1",
            "--fault",
            "bad-body=0.1",
        ],
    );
    dir.simple_export(ROWS);
    let mut random = fastrand::Rng::with_seed(42);
    for _ in 0..8 {
        let mut child = import(&dir, &server).start();
        std::thread::sleep(Duration::from_millis(random.u64(20..400)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    until_done(&dir, &server);
    assert_each_once(&server);
}

#[test]
fn a_doubt_is_settled_though_its_row_left_the_file() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "2s"]);
    dir.simple_export(8);
    let mut child = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--rate",
            "unlimited",
            "--timeout",
            "10s",
        ])
        .at(&server)
        .start();
    crate::support::wait_until("rows are in flight", || in_flight(&dir) >= 4);
    child.kill().unwrap();
    child.wait().unwrap();
    dir.write("e.csv", "Id,Name\nK-100,Company 100\n");
    let summary = dir
        .run(&[
            "import", "e.csv", "-m", "m.toml", "--json", "--settle", "2500ms",
        ])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!((summary.get("rows"), summary.get("created")), (1, 1));
    let status = dir.run(&["status", "--json"]).finish().stdout;
    assert!(
        status.contains("\"in_doubt\":0") && status.contains("\"in_flight\":0"),
        "{status}"
    );
    let made = server.by_key();
    assert!(made.values().all(|n| *n == 1));
}

#[test]
fn many_doubts_are_settled_by_one_walk_over_the_list() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "slow=1", "--slow-for", "1s"]);
    dir.simple_export(40);
    let mut child = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--rate",
            "unlimited",
            "--workers",
            "40",
        ])
        .at(&server)
        .start();
    // Half of the slow creates are made at once, the other half a second later, client or no client.
    crate::support::wait_until("the creates are on their way", || {
        server.partners().len() >= 10
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let mut made = 0;
    crate::support::wait_until("the server went on without its client", || {
        std::thread::sleep(Duration::from_millis(1500));
        std::mem::replace(&mut made, server.partners().len()) == made
    });
    let lists = || {
        server
            .requests()
            .iter()
            .filter(|r| r["method"] == "GET" && r["path"] != "/healthcheck")
            .count()
    };
    let before = lists();
    dir.run(&["reconcile", "--rate", "unlimited"])
        .at(&server)
        .finish()
        .expect_exit(0);
    // One walk settles what was made. What was not made is asked for once more after the settling time: by
    // another walk, or each by itself where fewer than ten are left.
    assert!(
        lists() - before <= 10,
        "{} requests for 40 doubts",
        lists() - before
    );
    let again = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--rate",
            "unlimited",
            "--workers",
            "40",
        ])
        .at(&server)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(again.get("skipped"), made as u64, "what was made was found");
    assert_eq!(server.by_key().len(), 40);
    assert!(server.by_key().values().all(|n| *n == 1));
}

/// Rows that the state knows as in flight.
fn in_flight(dir: &Workdir) -> u64 {
    let run = dir.run(&["status", "--json"]).finish();
    let status: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    status["spaces"][0]["states"]["in_flight"]
        .as_u64()
        .unwrap_or(0)
}

/// Posts a partner as somebody else.
fn post(server: &Server, name: &str, key: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = partner_sync::http_client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let body = json!({"organization": {"businessName": name, "legacyIdentifier": key}});
    let status = runtime.block_on(async {
        let request = client
            .post(format!("{}/api/v2/partners", server.url))
            .bearer_auth("t")
            .json(&body);
        request.send().await.unwrap().status()
    });
    assert_eq!(status.as_u16(), 201);
}

#[test]
fn names_of_all_kinds_are_found_and_a_name_alone_is_not_enough() {
    let names = [
        "O'Neil \"Quoted\" & Sons",
        "Müller + Söhne 100%",
        "株式会社テスト",
        "Tab & ?#/=;",
        "Twin",
        "Twin ",
    ];
    for more in [&[][..], &["--list-without-party"]] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[&["--fault", "500-after=1"], more].concat());
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(["Id", "Name"]).unwrap();
        for (i, name) in names.iter().enumerate() {
            file.write_record([&format!("N{i}"), *name]).unwrap();
        }
        dir.write("e.csv", file.into_inner().unwrap());
        dir.write("m.toml", crate::support::SIMPLE_MAPPING);
        let run = dir
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
            .expect_exit(0);
        assert_eq!(run.summary().get("created"), names.len() as u64);
        assert_eq!(
            server.partners().len(),
            names.len(),
            "each was made once and found"
        );
    }
}

#[test]
fn one_of_a_thousand_partners_of_the_same_name_is_found() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let mut file = String::from("Id,Name\n");
    for i in 0..1000 {
        file.push_str(&format!("S{i},Same\n"));
    }
    dir.write("e.csv", file);
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .finish()
        .expect_exit(0);
    drop(server);
    let server = Server::start(&dir, &["--fault", "500-after=1"]);
    dir.write("e.csv", "Id,Name\nS1000,Same\nS1001,Same\n");
    let summary = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish();
    // Another port is another API for the state; what matters is that both are found and made once.
    assert_eq!(summary.expect_exit(0).summary().get("created"), 2);
    assert_eq!(server.by_key()["S1001"], 1);
}

#[test]
fn a_server_that_ignores_skip_proves_no_absence() {
    let dir = Workdir::new();
    // A hundred and twenty of the name, so that one page does not show them all.
    let server = Server::start(&dir, &["--ignore-skip"]);
    for i in 0..120 {
        post(&server, "Same", &format!("other-{i}"));
    }
    drop(server);
    let server = Server::start(&dir, &["--ignore-skip", "--fault", "500-after=1"]);
    dir.write("e.csv", "Id,Name\nX,Same\n");
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    let run = dir
        .run(&[
            "import", "e.csv", "-m", "m.toml", "--json", "--settle", "100ms",
        ])
        .at(&server)
        .finish()
        .expect_exit(1);
    assert_eq!(run.summary().get("in_doubt"), 1, "{run:?}");
    assert_eq!(
        server.by_key()["X"],
        1,
        "it is never posted again by itself"
    );
}

#[test]
fn several_partners_of_one_identifier_are_told() {
    let dir = Workdir::new();
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

#[test]
fn what_was_begun_by_hand_is_continued() {
    let dir = Workdir::new();
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

#[test]
fn reconcile_adopts_without_making_anything() {
    let dir = Workdir::new();
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

#[test]
fn every_attempt_is_counted_in_the_state() {
    let dir = Workdir::new();
    let server = Server::start(
        &dir,
        &[
            "--seed",
            "9",
            "--fault",
            "429=0.03",
            "--fault",
            "reset-before=0.1",
            "--fault",
            "500-after=0.1",
            "--fault",
            "expire-token-after=40",
        ],
    );
    dir.simple_export(ROWS);
    import(&dir, &server)
        .args(&[
            "--token-command",
            "echo x >> runs; echo token-$(wc -l < runs | tr -d ' ')",
        ])
        .finish()
        .expect_exit(0);
    let view = partner_sync::state::StateView::open(&dir.path("partner-sync.db")).unwrap();
    let attempts: u32 = (1..=ROWS)
        .map(|i| view.rows_of(&format!("K-{i}")).unwrap()[0].attempts)
        .sum();
    assert_eq!(attempts as usize, server.count("POST"));
}
