//! Under every fault alone and all together, killed at random moments by a seeded driver, until exit 0:
//! then the server holds each key once.
//!
//! A run closes a connection only where the test means it to: a `--timeout` shorter than a busy machine's pauses would
//! make the settling time of these tests too short by their own doing.

use std::time::Duration;

use crate::support::{Run, Server, StateIn, Workdir, over_both_states, signal, wait_until};

over_both_states! {
    each_fault_alone,
    all_faults_together_with_a_list_that_lags,
    faults_kills_and_stopped_processes_together,
    every_attempt_is_counted_in_the_state,
}

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

fn each_fault_alone(at: StateIn) {
    // Slower than the client waits, and processed within the settling time.
    let slow = &["--timeout", "400ms", "--settle", "2s"][..];
    for (fault, more, run) in [
        // Rarely enough that no row meets it five times, which would leave it to a person.
        ("reset-before=0.05", &[][..], AT_ONCE),
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
        let dir = at.workdir();
        let arguments = [&["--seed", "11", "--fault", fault], more].concat();
        let server = Server::start(&dir, &arguments);
        dir.simple_export(ROWS);
        until_done(&dir, &server, run);
        server.assert_each_once(ROWS);
    }
}

fn all_faults_together_with_a_list_that_lags(at: StateIn) {
    for seed in ["1", "2"] {
        let dir = at.workdir();
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
        server.assert_each_once(ROWS);
    }
}

/// Kills and stops at seeded moments, while answers are lost and the list lags. Whatever is in doubt at the end is reported, and
/// settled by `reconcile` once the API tells the truth; no key is ever there twice.
fn faults_kills_and_stopped_processes_together(at: StateIn) {
    let dir = &at.workdir();
    let faults = [
        "reset-after=0.1",
        "500-after=0.1",
        "500=0.05",
        "bad-body=0.1",
        "408-after=0.05",
        "location-only=0.1",
    ];
    let faults: Vec<&str> = faults.iter().flat_map(|f| ["--fault", f]).collect();
    let busy = ["--seed", "5", "--latency", "5ms", "--list-lag", "100ms"];
    let server = Server::start(dir, &[&busy[..], &faults].concat());
    dir.simple_export(ROWS);
    let mut random = fastrand::Rng::with_seed(42);
    for round in 0..9 {
        let before = server.count("POST");
        let mut child = import(dir, &server).args(LEFT_BEHIND).start();
        // Some come at a time, whatever it finds the run at; the others once the run has sent some rows, so
        // that a busy machine does not turn all of them into kills of runs that have not begun.
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_millis(random.u64(20..400)));
        } else {
            let sent = random.usize(1..20);
            wait_until("some rows are sent, or all", || {
                server.count("POST") >= before + sent || child.try_wait().unwrap().is_some()
            });
        }
        if round % 3 == 1 && child.try_wait().unwrap().is_none() {
            // Between claim and send, send and answer, answer and record: at one moment, all are there. It goes on when
            // what it sent is long answered; meanwhile, nobody else may have the state.
            signal(&child, "STOP");
            let other = import(dir, &server).args(LEFT_BEHIND).args(&["--alone"]);
            let other = other.finish();
            // One that has come through, and given the state back, may still be about to end.
            let is_over = other.exit == 0 && other.summary().get("skipped") == ROWS as u64;
            assert!(other.exit == 4 || is_over, "{other:?}");
            std::thread::sleep(Duration::from_millis(random.u64(100..1000)));
            signal(&child, "CONT");
            child.wait().unwrap();
        } else {
            dir.kill(&mut child);
        }
    }
    let mut last = import(dir, &server).args(LEFT_BEHIND).finish();
    for _ in 0..20 {
        if last.exit < 2 {
            break;
        }
        last = import(dir, &server).args(LEFT_BEHIND).finish();
    }
    let summary = last.summary();
    let done = summary.get("created") + summary.get("skipped");
    assert_eq!(done + summary.get("in_doubt"), ROWS as u64, "{last:?}");
    assert_eq!(last.exit, i32::from(summary.get("in_doubt") > 0));
    // From here on, the API tells the truth.
    let server = server.restart(dir, &[]);
    dir.run(&["reconcile", "--settle", "300ms"])
        .at(&server)
        .finish()
        .expect_exit(0);
    import(dir, &server).finish().expect_exit(0);
    server.assert_each_once(ROWS);
}

fn every_attempt_is_counted_in_the_state(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(
        &dir,
        &[
            "--seed",
            "9",
            "--fault",
            "429=0.03",
            "--fault",
            "reset-before=0.03",
            "--fault",
            "500-after=0.1",
            "--fault",
            "expire-token-after=40",
        ],
    );
    dir.simple_export(ROWS);
    let token = [
        "--token-command",
        "echo x >> runs; echo token-$(wc -l < runs | tr -d ' ')",
    ];
    until_done(&dir, &server, &[AT_ONCE, &token].concat());
    let view = dir.store().view().unwrap();
    let attempts: u32 = (1..=ROWS)
        .map(|i| view.rows_of(&format!("K-{i}")).unwrap()[0].attempts)
        .sum();
    assert_eq!(attempts as usize, server.count("POST"));
}
