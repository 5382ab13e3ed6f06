//! Rows in doubt: how they are looked for, and what a look-up proves.

use std::time::Duration;

use crate::support::{Server, StateIn, Workdir, over_both_states, post};

over_both_states! {
    a_doubt_is_settled_though_its_row_left_the_file,
    many_doubts_are_settled_by_one_walk_over_the_list,
    names_of_all_kinds_are_found_and_a_name_alone_is_not_enough,
    one_of_a_thousand_partners_of_the_same_name_is_found,
    a_server_that_ignores_skip_proves_no_absence,
}

fn a_doubt_is_settled_though_its_row_left_the_file(at: StateIn) {
    let dir = at.workdir();
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
    dir.kill(&mut child);
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

fn many_doubts_are_settled_by_one_walk_over_the_list(at: StateIn) {
    let dir = at.workdir();
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
    dir.kill(&mut child);
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
    dir.run(&["reconcile", "--rate", "unlimited", "--settle", "1s"])
        .at(&server)
        .finish()
        .expect_exit(0);
    // One walk settles what was made. What was not made is asked for once more after the settling time: by
    // another walk, or where fewer than ten are left each by itself, by its name and by a word of it.
    let left = 40 - made;
    let most = if left < 10 { 10 + 2 * left } else { 10 };
    let asked = lists() - before;
    assert!(
        asked <= most,
        "{asked} requests for 40 doubts, {left} of them not made"
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

fn names_of_all_kinds_are_found_and_a_name_alone_is_not_enough(at: StateIn) {
    let names = [
        "O'Neil \"Quoted\" & Sons",
        "Müller + Söhne 100%",
        "株式会社テスト",
        "Tab & ?#/=;",
        "Twin",
        "Twin ",
    ];
    for more in [&[][..], &["--list-without-party"]] {
        let dir = at.workdir();
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

fn one_of_a_thousand_partners_of_the_same_name_is_found(at: StateIn) {
    let dir = at.workdir();
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

fn a_server_that_ignores_skip_proves_no_absence(at: StateIn) {
    let dir = at.workdir();
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
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--settle",
            "100ms",
            // What others made would be looked for first, and that list cannot be seen as a whole either.
            "--adopt=never",
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
    // The row left the file, and its doubt cannot be settled: the run is not done, though all of its rows are.
    dir.write("e.csv", "Id,Name\nY,Other\n");
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--json",
            "--settle",
            "100ms",
            // What others made would be looked for first, and that list cannot be seen as a whole either.
            "--adopt=never",
        ])
        .at(&server)
        .finish()
        .expect_exit(1);
    let summary = run.summary();
    assert_eq!((summary.get("rows"), summary.get("created")), (1, 1));
    assert_eq!(server.by_key()["X"], 1);
}
