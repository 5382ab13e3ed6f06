use std::time::Duration;

use crate::support::{Server, StateIn, Workdir, over_both_states, wait_until};

over_both_states! {
    killed_at_ten_moments_and_run_again_each_row_has_one_partner,
    a_limit_counts_rows_that_a_killed_run_left_in_doubt,
}

const ROWS: usize = 5000;

fn import(dir: &Workdir, server: &Server) -> crate::support::Run {
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
        "200ms",
        "--json",
    ])
    .at(server)
}

#[test]
fn five_thousand_rows_become_five_thousand_partners() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(ROWS);
    let summary = import(&dir, &server).finish().expect_exit(0).summary();
    assert_eq!(summary.get("created"), ROWS as u64);
    let made = server.by_key();
    assert_eq!(made.len(), ROWS);
    assert!(made.values().all(|n| *n == 1));
}

fn killed_at_ten_moments_and_run_again_each_row_has_one_partner(at: StateIn) {
    let dir = &at.workdir();
    let server = Server::start(dir, &["--latency", "5ms"]);
    dir.simple_export(ROWS);
    for kill in 1..=10 {
        // The moments are set by how far the server is, not by a clock.
        let until = ROWS * kill / 12;
        let mut child = import(dir, &server).start();
        wait_until("the server has so many", || {
            server.count("POST") >= until || child.try_wait().unwrap().is_some()
        });
        std::thread::sleep(Duration::from_micros(u64::try_from(kill).unwrap() * 777));
        dir.kill(&mut child);
    }
    let summary = import(dir, &server).finish().expect_exit(0).summary();
    assert_eq!(summary.get("created") + summary.get("skipped"), ROWS as u64);
    let made = server.by_key();
    assert_eq!(made.len(), ROWS);
    assert!(
        made.values().all(|n| *n == 1),
        "{:?}",
        made.iter().filter(|(_, n)| **n != 1).collect::<Vec<_>>()
    );
}

/// Rows that a killed run had claimed and that have no partner count in the limit of the next run like others.
fn a_limit_counts_rows_that_a_killed_run_left_in_doubt(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--latency", "1s"]);
    dir.simple_export(40);
    let limited = |limit: &str| import(&dir, &server).args(&["--limit", limit]);
    let mut child = limited("20").start();
    wait_until("rows are on their way", || server.count("POST") > 0);
    dir.kill(&mut child);
    // Nothing is on its way any more, and what it had claimed is more than may be sent now.
    let server = server.restart(&dir, &[]);
    let there = server.by_key().len();
    assert!(there < 18, "{there} were created before the kill");
    let run = import(&dir, &server).args(&["--limit", "2"]).finish();
    let run = run.expect_exit(3);
    assert_eq!(server.count("POST"), 2);
    let summary = run.summary();
    let stopped = summary.value()["stopped"].as_str().unwrap().to_owned();
    let deferred = summary.get("deferred");
    assert_eq!(
        stopped,
        format!("{deferred} rows were not reached: --limit 2")
    );
    let run = import(&dir, &server).finish().expect_exit(0);
    assert_eq!(
        run.summary().get("created") + run.summary().get("skipped"),
        40
    );
    assert!(server.by_key().values().all(|n| *n == 1));
    assert_eq!(server.by_key().len(), 40);
}
