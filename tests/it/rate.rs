use crate::support::{Finished, Run, Server, Workdir, signal, wait_until};

/// The most requests that the server saw in any second.
fn busiest_second(server: &Server) -> usize {
    let times: Vec<i64> = server
        .requests()
        .iter()
        .map(|r| r["at"].as_i64().unwrap())
        .collect();
    times
        .iter()
        .map(|start| {
            times
                .iter()
                .filter(|t| (*start..start + 1000).contains(t))
                .count()
        })
        .max()
        .unwrap_or(0)
}

#[test]
fn the_server_never_sees_more_than_was_asked_for() {
    for (rate, burst, rows) in [("20/s", None, 60), ("100/s", Some("10"), 250)] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--latency", "2ms"]);
        dir.simple_export(rows);
        let mut arguments = vec![
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--workers",
            "16",
            "--rate",
            rate,
        ];
        arguments.extend(burst.iter().flat_map(|b| ["--burst", b]));
        dir.run(&arguments).at(&server).finish().expect_exit(0);
        let asked: usize = rate.trim_end_matches("/s").parse().unwrap();
        let burst: usize = burst.map_or(1, |b| b.parse().unwrap());
        // Permits are exact; a busy machine delivers some of them late and so closer together, for which a
        // tenth is allowed. Over the whole run nothing is.
        let seen = busiest_second(&server);
        assert!(
            seen <= asked + burst + 1 + asked / 10,
            "{rate}: {seen} in one second"
        );
        let times: Vec<i64> = server
            .requests()
            .iter()
            .map(|r| r["at"].as_i64().unwrap())
            .collect();
        let span = times.iter().max().unwrap() - times.iter().min().unwrap();
        let allowed = asked as f64 * (span as f64 / 1000.0) + burst as f64 + 1.0;
        assert!(
            times.len() as f64 <= allowed,
            "{rate}: {} requests in {span} ms",
            times.len()
        );
        assert_eq!(server.partners().len(), rows);
    }
}

fn import(dir: &Workdir, server: &Server, more: &[&str]) -> Run {
    dir.run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .args(more)
        .at(server)
}

/// A server that asks for a longer pause than `--outage` ends the run, in each spelling, of a refusal and of a doubt.
#[test]
fn a_pause_that_is_longer_than_the_run_waits_ends_it() {
    let in_the_future = "Fri, 31 Dec 2100 23:59:59 GMT";
    for (fault, retry_after, words) in [
        ("429=1", "3600", "(60 min), longer than --outage (5 min)"),
        ("429=1", "330.5", "(6 min), longer than --outage (5 min)"),
        ("429=1", in_the_future, "longer than --outage (5 min)"),
        ("503=1", "7200", "(2 h), longer than --outage (5 min)"),
    ] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--fault", fault, "--retry-after", retry_after]);
        dir.simple_export(30);
        // Whatever is asked first: the list, how many partners there are, or a create.
        let run = import(&dir, &server, &[]).finish().expect_exit(3);
        let summary = run.summary();
        let stopped = summary.value()["stopped"].as_str().unwrap().to_owned();
        assert!(
            stopped.starts_with("the API asks to wait until ") && stopped.contains(words),
            "{fault}, {retry_after}: {stopped}"
        );
        let posts = server.count("POST") as u64;
        assert!(posts <= 8, "{posts} posts");
        let in_doubt = if fault == "503=1" { posts } else { 0 };
        assert_eq!(summary.get("in_doubt"), in_doubt);
        assert_eq!(summary.get("deferred"), 30 - in_doubt);
        // What only reads waits no longer.
        let run = dir.run(&["partners", "list"]).at(&server).finish();
        let run = run.expect_exit(3);
        assert!(run.stderr.contains("the API asks to wait until"), "{run:?}");
    }
}

/// A pause is reported when it begins, however many are refused at once, and can be stopped.
#[test]
fn a_long_pause_is_told_when_it_begins() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "429=1", "--retry-after", "200.5"]);
    dir.simple_export(30);
    let errors = std::fs::File::create(dir.path("stderr")).unwrap();
    let child = import(&dir, &server, &["--rate", "unlimited"]).start_into(errors);
    let told = "the API asks for a pause of 4 min";
    wait_until("it says so", || dir.read("stderr").contains(told));
    signal(&child, "TERM");
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(130);
    assert_eq!(run.summary().get("deferred"), 30);
    assert_eq!(dir.read("stderr").matches(told).count(), 1);
}

/// What is no time, or over already, is not waited for: the run goes on by itself.
#[test]
fn a_retry_after_that_asks_for_nothing_delays_nothing() {
    for text in ["-5", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", "0"] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--fault", "429=0.1", "--retry-after", text]);
        dir.simple_export(60);
        import(&dir, &server, &["--rate", "200/s"])
            .finish()
            .expect_exit(0);
        assert_eq!(server.by_key().len(), 60);
    }
}
