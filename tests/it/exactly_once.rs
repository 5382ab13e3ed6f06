//! Under every fault alone and all together, killed at random moments by a seeded driver, until exit 0:
//! then the server holds each key once.
//!
//! A run closes a connection only where the test means it to: a `--timeout` shorter than a busy machine's pauses would
//! make the settling time of these tests too short by their own doing.

use std::time::Duration;

use crate::support::{Run, Server, Workdir, wait_until};

const ROWS: usize = 150;

/// The settling time where a request is dead when its fault is seen.
const AT_ONCE: &[&str] = &["--settle", "300ms"];
/// The settling time where a request may be left in a socket of the server, on a machine that is busy.
const LEFT_BEHIND: &[&str] = &["--settle", "1500ms"];

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
        "--json",
    ])
    .at(server)
}

/// Runs until exit 0, twenty times at most.
fn until_done(dir: &Workdir, server: &Server, more: &[&str]) {
    for _ in 1..=20 {
        let finished = import(dir, server).args(more).finish();
        let summary = finished.summary();
        match finished.exit {
            0 => {
                assert_eq!(summary.get("created") + summary.get("skipped"), ROWS as u64);
                return;
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
    // Slower than the client waits, and processed within the settling time.
    let slow = &["--timeout", "400ms", "--settle", "2s"][..];
    for (fault, more, run) in [
        ("reset-before=0.2", &[][..], AT_ONCE),
        ("reset-after=0.2", &[], AT_ONCE),
        ("500-after=0.2", &[], AT_ONCE),
        ("502-after=0.2", &[], AT_ONCE),
        ("503=0.02", &[], AT_ONCE),
        ("429=0.02", &[], AT_ONCE),
        ("bad-body=0.2", &[], AT_ONCE),
        ("408-after=0.2", &[], AT_ONCE),
        ("409-after=0.2", &[], AT_ONCE),
        ("location-only=0.5", &[], AT_ONCE),
        ("slow=0.1", &["--slow-for", "500ms"], slow),
    ] {
        let dir = Workdir::new();
        let arguments = [&["--seed", "11", "--fault", fault], more].concat();
        let server = Server::start(&dir, &arguments);
        dir.simple_export(ROWS);
        until_done(&dir, &server, run);
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
        until_done(&dir, &server, AT_ONCE);
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
    for kill in 0..8 {
        let before = server.count("POST");
        let mut child = import(&dir, &server).args(LEFT_BEHIND).start();
        // Half of the kills come at a time, whatever it finds the run at; the others once the run has sent some rows, so
        // that a busy machine does not turn all of them into kills of runs that have not begun.
        if kill % 2 == 0 {
            std::thread::sleep(Duration::from_millis(random.u64(20..400)));
        } else {
            let sent = random.usize(1..20);
            wait_until("some rows are sent, or all", || {
                server.count("POST") >= before + sent || child.try_wait().unwrap().is_some()
            });
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
    until_done(&dir, &server, LEFT_BEHIND);
    assert_each_once(&server);
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
        .args(AT_ONCE)
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
