use std::time::Duration;

use crate::support::{Server, Workdir, wait_until};

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

#[test]
fn killed_at_ten_moments_and_run_again_each_row_has_one_partner() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(ROWS);
    for kill in 1..=10 {
        // The moments are set by how far the server is, not by a clock.
        let until = ROWS * kill / 12;
        let mut child = import(&dir, &server).start();
        wait_until("the server has so many", || {
            server.count("POST") >= until || child.try_wait().unwrap().is_some()
        });
        std::thread::sleep(Duration::from_micros(u64::try_from(kill).unwrap() * 777));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let summary = import(&dir, &server).finish().expect_exit(0).summary();
    assert_eq!(summary.get("created") + summary.get("skipped"), ROWS as u64);
    let made = server.by_key();
    assert_eq!(made.len(), ROWS);
    assert!(
        made.values().all(|n| *n == 1),
        "{:?}",
        made.iter().filter(|(_, n)| **n != 1).collect::<Vec<_>>()
    );
}
