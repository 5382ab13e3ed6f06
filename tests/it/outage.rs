//! An API that does not answer is waited for, and an API that answers something else than creates is not: what the run says,
//! and how it ends.

use std::fs::File;
use std::process::Child;

use crate::support::{
    Finished, Run, Server, StateIn, Workdir, over_both_states, signal, wait_until,
};

over_both_states! {
    a_service_that_comes_back_is_waited_for,
    a_gateway_without_its_service_is_waited_for,
    an_outage_that_is_too_long_ends_the_run,
    an_api_that_answers_questions_and_creates_nothing_costs_few_rows,
    an_api_that_fails_each_create_is_not_waited_for_to_the_end,
}

/// Port 9 on loopback: nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";
/// What is said when a wait begins, and when it ends.
const WAITING: &str = "Nothing is sent until it answers";
const ANSWERS: &str = "the API answers again after";

fn import(dir: &Workdir, more: &[&str]) -> Run {
    let mut words = vec!["import", "e.csv", "-m", "m.toml", "--json"];
    for (name, value) in [("--rate", "unlimited"), ("--settle", "1s")] {
        if !more.contains(&name) {
            words.extend([name, value]);
        }
    }
    dir.run(&words).args(more)
}

/// A run under way whose words can be read before it ends.
struct Running<'d> {
    child: Child,
    dir: &'d Workdir,
    said: String,
}

impl<'d> Running<'d> {
    /// `said` is the file of its words.
    fn start(dir: &'d Workdir, run: Run, said: &str) -> Self {
        let child = run.start_into(File::create(dir.path(said)).unwrap());
        let said = said.to_owned();
        Self { child, dir, said }
    }

    fn says(&self, words: &str) {
        wait_until(words, || self.dir.read(&self.said).contains(words));
    }

    fn finish(self) -> Finished {
        let mut run = Finished::of(self.child.wait_with_output().unwrap());
        run.stderr = self.dir.read(&self.said);
        run
    }
}

/// The port of an address of a sandbox.
fn port_of(server: &Server) -> String {
    server.url.rsplit(':').next().unwrap().to_owned()
}

fn stopped(run: &Finished) -> String {
    let summary = run.summary();
    summary.value()["stopped"].as_str().unwrap().to_owned()
}

/// The service goes away in the middle of a run and comes back: the run goes on, and each key is there once.
fn a_service_that_comes_back_is_waited_for(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(300);
    let run = import(&dir, &["--rate", "200/s"]).at(&server);
    let run = Running::start(&dir, run, "said");
    wait_until("there are partners", || server.partners().len() > 40);
    let port = port_of(&server);
    drop(server);
    run.says(WAITING);
    let server = Server::start(&dir, &["--port", &port]);
    let run = run.finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 300);
    assert!(run.stderr.contains(ANSWERS), "{run:?}");
    assert!(run.stderr.contains("cannot be reached"), "{run:?}");
    assert_eq!(server.by_key().len(), 300);
    assert!(server.by_key().values().all(|n| *n == 1));
}

/// So does a gateway that answers 502 to everything for a while; the rows that met it are looked up and sent again.
fn a_gateway_without_its_service_is_waited_for(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--fault", "502-for=4"]);
    dir.simple_export(120);
    let run = import(&dir, &[])
        .at(&server)
        .args(&["--report", "out"])
        .finish()
        .expect_exit(0);
    assert_eq!(run.summary().get("created"), 120);
    assert!(run.stderr.contains(WAITING) && run.stderr.contains("502"));
    assert!(run.stderr.contains(ANSWERS), "{run:?}");
    assert!(server.by_key().values().all(|n| *n == 1));
    // One question at a time: not a row of the file more than those that were under way.
    let failed = server.requests();
    let failed = failed.iter().filter(|r| r["status"] == 502).count();
    assert!(failed < 80, "{failed} requests met the outage");
    let page = dir.read("out/report.html");
    assert!(
        page.contains("did not answer"),
        "the pause is in the report"
    );
}

fn an_outage_that_is_too_long_ends_the_run(at: StateIn) {
    let dir = at.workdir();
    dir.simple_export(20);
    let run = import(&dir, &["--outage", "2s"])
        .at_url(NOBODY)
        .finish()
        .expect_exit(3);
    assert_eq!(run.summary().get("deferred"), 20);
    let words = stopped(&run);
    assert!(
        words.contains("cannot be reached") && words.contains("within 2 s (--outage)"),
        "{words}"
    );
    assert_eq!(run.stderr.matches(WAITING).count(), 1, "{run:?}");
    // Zero waits for nothing, by the variable and by the configuration, too.
    dir.write("c.toml", "[api]\noutage = \"0\"\n");
    let [one, two, three] = ["1.db", "2.db", "3.db"].map(|name| dir.another_state(name));
    let by_flag = import(&dir, &["--outage", "0", "--state", &one]);
    let by_file = import(&dir, &["-c", "c.toml", "--state", &two]);
    let by_variable = import(&dir, &["--state", &three]).env("PARTNER_SYNC_OUTAGE", "0s");
    let runs = [(by_flag, "1"), (by_file, "2"), (by_variable, "3")];
    let runs = runs.map(|(run, said)| Running::start(&dir, run.at_url(NOBODY), said));
    for run in runs {
        let run = run.finish().expect_exit(3);
        assert!(stopped(&run).contains("cannot be reached"), "{run:?}");
        assert!(!run.stderr.contains(WAITING), "{run:?}");
    }
}

#[test]
fn a_wait_can_be_stopped() {
    let dir = Workdir::new();
    dir.simple_export(20);
    for (name, exit) in [("TERM", 130), ("INT", 130)] {
        let run = import(&dir, &["--outage", "1h"]).at_url(NOBODY);
        let run = Running::start(&dir, run, "said");
        run.says(WAITING);
        signal(&run.child, name);
        let run = run.finish().expect_exit(exit);
        assert_eq!(run.summary().get("deferred"), 20);
    }
    let run = import(&dir, &["--outage", "1h", "--max-duration", "3s"])
        .at_url(NOBODY)
        .finish()
        .expect_exit(3);
    assert!(stopped(&run).contains("--max-duration"), "{run:?}");
}

/// Questions are answered and no create is: rows are tried one by one, not all of the file.
fn an_api_that_answers_questions_and_creates_nothing_costs_few_rows(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--fault", "502=1"]);
    dir.simple_export(300);
    let run = import(&dir, &["--outage", "4s", "--settle", "1h"])
        .at(&server)
        .finish()
        .expect_exit(3);
    let words = stopped(&run);
    assert!(
        words.contains("no answer that can be trusted") && words.contains("(--outage)"),
        "{words}"
    );
    let posts = server.count("POST");
    assert!((20..60).contains(&posts), "{posts} posts");
    assert_eq!(run.summary().get("in_doubt"), posts as u64);
}

/// Where the API itself says each time that it failed, waiting has an end before the time is over.
fn an_api_that_fails_each_create_is_not_waited_for_to_the_end(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--fault", "500-after=1", "--list-lag", "1h"]);
    dir.simple_export(300);
    let run = import(&dir, &["--outage", "1h", "--settle", "1h"])
        .at(&server)
        .finish()
        .expect_exit(3);
    assert!(stopped(&run).contains("no answer that can be trusted"));
    assert!(server.count("POST") < 60);
    assert!(server.by_key().values().all(|n| *n == 1));
}

#[test]
fn reconcile_waits_for_the_api_and_what_only_reads_does_not() {
    let dir = Workdir::new();
    // A partner that exists, by which look-ups can be tried.
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    import(&dir, &[]).at(&server).finish().expect_exit(0);
    let server = server.restart(&dir, &["--fault", "502=1"]);
    dir.simple_export(6);
    let run = import(&dir, &["--settle", "1h"]).at(&server);
    let run = Running::start(&dir, run, "said");
    wait_until("all were sent", || server.count("POST") == 5);
    signal(&run.child, "TERM");
    let run = run.finish().expect_exit(130);
    assert_eq!(run.summary().get("in_doubt"), 5);
    let (port, url) = (port_of(&server), server.url.clone());
    drop(server);
    for words in [
        &["partners", "list"][..],
        &["verify", "e.csv", "-m", "m.toml"],
    ] {
        let run = dir.run(words).at_url(&url).finish().expect_exit(3);
        assert!(!run.stderr.contains(WAITING), "{run:?}");
    }
    let reconcile = dir.run(&["reconcile", "--settle", "1s"]).at_url(&url);
    let run = Running::start(&dir, reconcile, "said");
    run.says(WAITING);
    let server = Server::start(&dir, &["--port", &port]);
    run.finish().expect_exit(0);
    assert_eq!(server.partners().len(), 1);
}
