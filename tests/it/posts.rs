//! How often a row is posted: never again without a look-up that can find it, and never for ever.

use crate::support::{Finished, Server, StateIn, Workdir, over_both_states, post};

over_both_states! {
    one_unlucky_row_is_posted_five_times_and_then_left_to_a_person,
    reconcile_settles_a_row_that_was_posted_too_often,
    a_person_says_which_partner_a_row_has,
    a_refused_row_is_looked_up_before_it_goes_again,
    a_search_that_finds_nothing_proves_nothing,
    an_api_that_shows_nothing_leaves_doubts,
    an_honest_api_is_asked_for_next_to_nothing,
}

fn import(dir: &Workdir, server: &Server, more: &[&str]) -> Finished {
    let options = [
        "--rate",
        "unlimited",
        "--settle",
        "100ms",
        "--report",
        "out",
    ];
    dir.run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .args(&options)
        .args(more)
        .at(server)
        .finish()
}

/// The creates of a row that the server saw.
fn posts(server: &Server, key: &str) -> usize {
    let requests = server.requests();
    let of_row = |r: &&serde_json::Value| r["method"] == "POST" && r["key"] == key;
    requests.iter().filter(of_row).count()
}

fn questions(server: &Server) -> usize {
    server.count("GET")
}

/// One row is always answered 500: three posts in a run and five in all, then a person decides.
fn one_unlucky_row_is_posted_five_times_and_then_left_to_a_person(at: StateIn) {
    let dir = at.workdir();
    let unlucky = ["--fault", "500=1", "--fault-name", "Company 2"];
    let server = Server::start(&dir, &unlucky);
    dir.simple_export(3);
    for (run, in_all) in [3, 5, 5].into_iter().enumerate() {
        let summary = import(&dir, &server, &[]).expect_exit(1).summary();
        assert_eq!(summary.get("in_doubt"), 1);
        assert_eq!(posts(&server, "K-2"), in_all, "run {run}");
    }
    let problems = dir.read("out/problems.csv");
    assert!(problems.contains("state resolve"), "{problems}");
    let resolve = ["state", "resolve", "K-2", "--absent"];
    dir.run(&resolve).finish().expect_exit(2);
    dir.run(&resolve).args(&["--yes"]).finish().expect_exit(0);
    let server = server.restart(&dir, &[]);
    let summary = import(&dir, &server, &[]).expect_exit(0).summary();
    assert_eq!((summary.get("created"), summary.get("skipped")), (1, 2));
    assert_eq!(posts(&server, "K-2"), 1);
    server.assert_each_once(3);
}

/// A person who runs `reconcile` when the API tells the truth again settles the row too.
fn reconcile_settles_a_row_that_was_posted_too_often(at: StateIn) {
    let dir = at.workdir();
    let unlucky = ["--fault", "500=1", "--fault-name", "Company 2"];
    let server = Server::start(&dir, &unlucky);
    dir.simple_export(3);
    for _ in 0..2 {
        import(&dir, &server, &[]).expect_exit(1);
    }
    let reconcile = |server: &Server| {
        let run = dir.run(&["reconcile", "--settle", "100ms"]).at(server);
        run.finish()
    };
    // A list that hides what exists settles nothing.
    let server = server.restart(&dir, &["--lie", "list-blind"]);
    reconcile(&server).expect_exit(1);
    let server = server.restart(&dir, &[]);
    reconcile(&server).expect_exit(0);
    import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(posts(&server, "K-2"), 1);
    server.assert_each_once(3);
}

fn a_person_says_which_partner_a_row_has(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--fault", "500=1", "--fault-name", "Company 2"]);
    dir.simple_export(2);
    import(&dir, &server, &[]).expect_exit(1);
    let resolve = |arguments: &[&str]| {
        let run = dir.run(&["state", "resolve", "--yes"]).args(arguments);
        run.finish()
    };
    let taken = server.partners()[0]["id"].as_str().unwrap().to_owned();
    for (arguments, words) in [
        (&["K-1", "--absent"][..], "not in doubt"),
        (&["K-9", "--absent"], "no row with the key"),
        (&["K-2"], "--created"),
        (&["K-2", "--absent", "--created", "x"], "cannot be used"),
        (&["K-2", "--created", "an id"], "not the id of a partner"),
        (&["K-2", "--created", &taken], "belongs to the row \"K-1\""),
    ] {
        let refused = resolve(arguments).expect_exit(2);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    resolve(&["K-2", "--created", "p-77"]).expect_exit(0);
    let before = server.count("POST");
    let summary = import(&dir, &server, &[]).expect_exit(0).summary();
    assert_eq!(summary.get("skipped"), 2);
    assert_eq!(server.count("POST"), before);
    let story = dir.run(&["status", "--row", "K-2"]).finish().stdout;
    assert!(
        story.contains("a person said which partner it has"),
        "{story}"
    );
}

/// A refused row that may go again is looked for first, by one question.
fn a_refused_row_is_looked_up_before_it_goes_again(at: StateIn) {
    for more in [&["--retry-rejected"][..], &[]] {
        for is_there in [true, false] {
            let dir = at.workdir();
            let server = Server::start(&dir, &["--refuse-name", "Company 2"]);
            dir.simple_export(3);
            import(&dir, &server, &[]).expect_exit(1);
            let server = server.restart(&dir, &[]);
            if is_there {
                // The refusal was wrong: the partner is there.
                post(&server, "Company 2", "K-2");
            }
            if more.is_empty() {
                dir.write(
                    "e.csv",
                    "Id,Name\nK-1,Company 1\nK-2,Repaired 2\nK-3,Company 3\n",
                );
            }
            let before = (questions(&server), posts(&server, "K-2"));
            let run = import(&dir, &server, &[more, &["--adopt=never"]].concat());
            let created = run.summary().get("created");
            let posted = posts(&server, "K-2") - before.1;
            assert_eq!(posted, usize::from(!is_there), "{}", run.stderr);
            assert_eq!(created == 1, !is_there || more.len() == 1);
            assert!(questions(&server) > before.0);
            server.assert_each_once(3);
        }
    }
}

/// A search that finds nothing that exists is not believed: the whole list is walked.
fn a_search_that_finds_nothing_proves_nothing(at: StateIn) {
    let dir = at.workdir();
    let faults = [
        "--fault",
        "500-after=0.3",
        "--fault",
        "500=0.03",
        "--seed",
        "5",
    ];
    let server = Server::start(&dir, &[&faults[..], &["--lie", "search-blind"]].concat());
    dir.simple_export(40);
    let mut run = import(&dir, &server, &[]);
    let mut created = run.summary().get("created");
    if run.exit == 1 {
        // In the order in which they came, one row drew the 500 three times: it is the next run's.
        run = import(&dir, &server, &[]);
        created += run.summary().get("created");
    }
    run.expect_exit(0);
    assert_eq!(created, 40);
    server.assert_each_once(40);
}

/// Where neither shows what exists, a row without an answer stays in doubt, and is settled once the API tells the truth.
fn an_api_that_shows_nothing_leaves_doubts(at: StateIn) {
    let dir = at.workdir();
    let lies = ["--lie", "search-blind", "--lie", "list-blind"];
    let faults = ["--fault", "500-after=1", "--fault-name", "Company 2"];
    let server = Server::start(&dir, &[&lies[..], &faults].concat());
    dir.simple_export(4);
    let summary = import(&dir, &server, &[]).expect_exit(1).summary();
    assert_eq!((summary.get("created"), summary.get("in_doubt")), (3, 1));
    server.assert_each_once(4);
    let server = server.restart(&dir, &[]);
    dir.run(&["reconcile", "--settle", "100ms"])
        .at(&server)
        .finish()
        .expect_exit(0);
    let summary = import(&dir, &server, &[]).expect_exit(0).summary();
    assert_eq!(summary.get("skipped"), 4);
    server.assert_each_once(4);
}

/// On an API without surprises, a row costs its create and nothing else.
fn an_honest_api_is_asked_for_next_to_nothing(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(5000);
    import(&dir, &server, &["--workers", "16"]).expect_exit(0);
    let requests = server.requests().len();
    assert!(requests <= 5050, "{requests} requests for 5000 rows");
    import(&dir, &server, &[]).expect_exit(0);
    assert!(
        server.requests().len() <= requests + 2,
        "a rerun asks nothing"
    );
}

/// A shorter settling time than the rule asks for is obeyed, and said.
#[test]
fn a_short_settling_time_is_warned_of() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    let warned = |more: &[&str]| {
        let import = dir.run(&["import", "e.csv", "-m", "m.toml"]).args(more);
        let run = import.at(&server).finish().expect_exit(0);
        run.stderr.contains("--settle")
    };
    assert!(warned(&["--settle", "1m59s"]));
    assert!(warned(&["--settle", "3m", "--timeout", "60s"]));
    assert!(!warned(&["--settle", "2m"]));
    assert!(!warned(&[]));
}
