//! Nothing is created blind: where the API has more partners than the state knows of, rows that would be created are
//! looked for there first.

use crate::support::{
    Finished, SIMPLE_MAPPING, Server, StateIn, Summary, Workdir, over_both_states, post,
};

over_both_states! {
    a_state_that_is_lost_makes_nothing_twice,
    after_a_lost_state_several_exports_make_nothing_twice,
    an_older_backup_makes_nothing_twice,
    a_mapping_that_was_renamed_makes_nothing_twice,
    an_api_that_has_moved_gets_nothing_twice,
    the_sandbox_of_a_lost_state_gets_nothing_twice,
    an_api_without_surprises_is_asked_once_a_run,
    lost_answers_are_no_surprise_to_the_next_run,
    two_mappings_of_one_api_do_not_alarm_each_other,
    never_looks_for_nothing_and_says_so,
    where_the_list_is_incomplete_nothing_is_created,
    a_list_without_totals_is_read_to_its_end,
    what_a_killed_run_created_is_known,
    a_dry_run_shows_what_would_be_adopted,
    too_many_new_rows_send_nothing,
    what_is_adopted_is_not_new,
    a_new_row_is_looked_for_wherever_it_stands,
    adopting_that_fails_is_told_whatever_was_to_be_created,
}

fn import(dir: &Workdir, server: &Server, more: &[&str]) -> Finished {
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    dir.run(&import)
        .args(&["--rate", "unlimited", "--settle", "100ms"])
        .args(more)
        .at(server)
        .finish()
}

/// Rows that were adopted, created and skipped.
fn counts(summary: &Summary) -> [u64; 3] {
    ["adopted", "created", "skipped"].map(|n| summary.get(n))
}

/// Ten rows imported, by the state `partner-sync.db`; the export has two more since.
fn imported(at: StateIn) -> (Workdir, Server) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(10);
    import(&dir, &server, &[]).expect_exit(0);
    dir.simple_export(12);
    (dir, server)
}

fn a_state_that_is_lost_makes_nothing_twice(at: StateIn) {
    let (dir, server) = imported(at);
    dir.lose_state();
    let run = import(&dir, &server, &["--report", "out"]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [10, 2, 0]);
    assert!(
        run.stderr.contains(
            "The API has 10 partners, and the rows of this mapping were not compared with them yet"
        ),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr
            .contains("10 rows already have their partner there"),
        "{}",
        run.stderr
    );
    server.assert_each_once(12);
    let again = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(counts(&again.summary()), [0, 0, 12]);
}

/// The state is lost, and the partners are those of several exports. What the first one's look showed beyond its own rows
/// is remembered: the API has no more partners than before when the second one comes.
fn after_a_lost_state_several_exports_make_nothing_twice(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(12);
    import(&dir, &server, &[]).expect_exit(0);
    dir.lose_state();
    let part = |from: usize, to: usize| {
        let rows = (from..to).map(|i| format!("K-{i},Company {i}\n"));
        dir.write("e.csv", format!("Id,Name\n{}", rows.collect::<String>()));
    };
    // A row that cannot be sent now has its partner all the same.
    part(1, 6);
    dir.write("e.csv", dir.read("e.csv").replace("Company 2", ""));
    let first = import(&dir, &server, &[]).expect_exit(1).summary();
    assert_eq!((first.get("adopted"), first.get("invalid")), (4, 1));
    part(1, 6);
    let repaired = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(counts(&repaired.summary()), [1, 0, 4]);
    for (from, to, expected) in [(6, 9, [3, 0, 0]), (9, 13, [4, 0, 0])] {
        part(from, to);
        let dry = import(&dir, &server, &["--dry-run"]);
        assert_eq!(counts(&dry.summary()), expected, "{}", dry.stderr);
        let run = import(&dir, &server, &[]).expect_exit(0);
        assert_eq!(counts(&run.summary()), expected, "{}", run.stderr);
        assert!(
            run.stderr.contains(&format!(
                "The identifiers of {} new rows were already used on the API",
                to - from
            )),
            "{}",
            run.stderr
        );
    }
    server.assert_each_once(12);
    // Nothing is left to look for: a row that is new costs no walk.
    dir.simple_export(13);
    let run = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [0, 1, 12]);
    assert!(!run.stderr.contains("on the API"), "{}", run.stderr);
    server.assert_each_once(13);
}

fn an_older_backup_makes_nothing_twice(at: StateIn) {
    let (dir, server) = imported(at);
    let old = dir.copy_of_state("old.db");
    import(&dir, &server, &[]).expect_exit(0);
    dir.simple_export(15);
    let run = import(&dir, &server, &["--state", &old]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [2, 3, 10]);
    // A copy of a file does not know how many partners the API had: as many may be gone as came.
    let words = "The API has 12 partners";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    server.assert_each_once(15);
}

fn a_mapping_that_was_renamed_makes_nothing_twice(at: StateIn) {
    let (dir, server) = imported(at);
    dir.write("m.toml", SIMPLE_MAPPING.replace("simple", "renamed"));
    let run = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [10, 2, 0]);
    server.assert_each_once(12);
}

fn an_api_that_has_moved_gets_nothing_twice(at: StateIn) {
    let (dir, server) = imported(at);
    drop(server);
    let moved = Server::start(&dir, &[]);
    let run = import(&dir, &moved, &[]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [10, 2, 0]);
    moved.assert_each_once(12);
}

fn the_sandbox_of_a_lost_state_gets_nothing_twice(at: StateIn) {
    let dir = at.workdir();
    dir.simple_export(5);
    let import = ["import", "e.csv", "-m", "m.toml", "--json", "--sandbox"];
    dir.run(&import).finish().expect_exit(0);
    dir.lose_state();
    let shown = dir.run(&import).args(&["--dry-run"]).finish();
    assert_eq!(counts(&shown.expect_exit(0).summary()), [5, 0, 0]);
    let again = dir.run(&import).finish().expect_exit(0);
    assert_eq!(counts(&again.summary()), [5, 0, 0]);
}

/// Each cell: what is in the file, what others made meanwhile, requests to the list that the run takes.
fn an_api_without_surprises_is_asked_once_a_run(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    for (rows, strangers, asked) in [
        (3, 0, 1),
        (3, 0, 0),
        (5, 0, 1),
        // Two that are of no row: the list is walked once, and not again.
        (6, 2, 2),
        (7, 0, 1),
        (7, 1, 0),
        (8, 0, 2),
    ] {
        for n in 0..strangers {
            post(&server, "Stranger", &format!("S-{rows}-{n}"));
        }
        dir.simple_export(rows);
        let before = server.questions();
        let run = import(&dir, &server, &[]).expect_exit(0);
        assert_eq!(server.questions() - before, asked, "{rows} rows: {run:?}");
        assert_eq!(
            run.stderr.contains("No row was found there"),
            asked == 2,
            "{}",
            run.stderr
        );
    }
    server.assert_each_once(11);
}

/// A partner whose answer was lost was created by this run all the same.
fn lost_answers_are_no_surprise_to_the_next_run(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--fault", "reset-after=0.5", "--seed", "4"]);
    dir.simple_export(20);
    import(&dir, &server, &[]).expect_exit(0);
    assert!(server.questions() > 1, "answers were lost");
    let (_, port) = server.url.rsplit_once(':').unwrap();
    let port = port.to_owned();
    drop(server);
    let server = Server::start(&dir, &["--port", &port]);
    let before = server.questions();
    dir.simple_export(21);
    let run = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [0, 1, 20]);
    assert_eq!(server.questions() - before, 1);
}

/// What one mapping creates is no surprise to another one of the same state; what nobody of the state created is.
fn two_mappings_of_one_api_do_not_alarm_each_other(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    dir.write("b.csv", "Id,Name\nB-1,Beta 1\n");
    dir.write("b.toml", SIMPLE_MAPPING.replace("simple", "b"));
    let beta = |dir: &Workdir| {
        dir.run(&["import", "b.csv", "-m", "b.toml", "--json"])
            .at(&server)
            .finish()
            .expect_exit(0)
    };
    import(&dir, &server, &[]).expect_exit(0);
    beta(&dir);
    dir.simple_export(4);
    let before = server.questions();
    import(&dir, &server, &[]).expect_exit(0);
    dir.write("b.csv", "Id,Name\nB-1,Beta 1\nB-2,Beta 2\n");
    beta(&dir);
    assert_eq!(server.questions() - before, 2, "one each");
    // One of b's rows is made by hand. The other mapping looks, finds nothing of its own, and b looks all the same.
    post(&server, "Beta 3", "B-3");
    dir.simple_export(5);
    import(&dir, &server, &[]).expect_exit(0);
    dir.write("b.csv", "Id,Name\nB-1,Beta 1\nB-2,Beta 2\nB-3,Beta 3\n");
    assert_eq!(counts(&beta(&dir).summary()), [1, 0, 2]);
    server.assert_each_once(8);
}

fn never_looks_for_nothing_and_says_so(at: StateIn) {
    let (dir, server) = imported(at);
    dir.lose_state();
    let before = server.questions();
    let run = import(&dir, &server, &["--adopt=never", "--limit", "1"]).expect_exit(3);
    assert_eq!(counts(&run.summary()), [0, 1, 0]);
    assert!(
        run.stderr
            .contains("warning: The API has 10 partners, and the rows of this mapping were not compared with them yet"),
        "{}",
        run.stderr
    );
    assert_eq!(server.questions() - before, 1);
    // Nobody looked yet, so the next run does.
    let run = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [9, 2, 1]);
}

#[test]
fn when_to_adopt_is_one_of_three_words_and_takes_no_file() {
    let (dir, server) = imported(StateIn::File);
    for (word, exit) in [("--adopt=maybe", 2), ("--adopt=", 2), ("--adopt=auto", 0)] {
        import(&dir, &server, &[word]).expect_exit(exit);
    }
    let run = dir
        .run(&["import", "--adopt", "e.csv", "-m", "m.toml", "--json"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert_eq!(run.summary().get("skipped"), 12);
}

/// A list that cannot be seen as a whole proves nothing, and what is there already cannot be known then.
fn where_the_list_is_incomplete_nothing_is_created(at: StateIn) {
    for lie in ["list-bare", "honest"] {
        let dir = at.workdir();
        let mut options = vec!["--ignore-skip"];
        if lie != "honest" {
            options.extend(["--lie", lie]);
        }
        let server = Server::start(&dir, &options);
        for i in 0..120 {
            post(&server, &format!("Typed {i}"), &format!("T-{i}"));
        }
        dir.simple_export(3);
        let run = import(&dir, &server, &[]).expect_exit(3);
        assert_eq!(counts(&run.summary()), [0, 0, 0], "{lie}");
        assert_eq!(run.summary().get("deferred"), 3);
        let value = run.summary();
        let stopped = value.value()["stopped"].as_str().unwrap();
        assert!(stopped.contains("nothing was created"), "{lie}: {stopped}");
        assert_eq!(server.partners().len(), 120);
    }
}

/// An API that does not say how many partners it has is looked through before each create.
fn a_list_without_totals_is_read_to_its_end(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--lie", "list-bare"]);
    for i in 1..=60 {
        post(&server, &format!("Company {i}"), &format!("K-{i}"));
    }
    dir.simple_export(62);
    let run = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [60, 2, 0]);
    assert!(
        run.stderr.contains("does not say how many partners"),
        "{}",
        run.stderr
    );
}

/// A run that is killed has noted what it created: the next one is surprised by nothing else.
fn what_a_killed_run_created_is_known(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--latency", "5ms"]);
    dir.simple_export(400);
    let mut child = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--workers", "2"])
        .args(&["--rate", "unlimited"])
        .at(&server)
        .start();
    crate::support::wait_until("the server has so many", || server.count("POST") >= 100);
    dir.kill(&mut child);
    let run = import(&dir, &server, &[]).expect_exit(0);
    // Rows whose answer was lost by the kill are found as such, and are no one else's.
    assert_eq!(run.summary().get("adopted"), 0, "{run:?}");
    server.assert_each_once(400);
    let before = server.questions();
    dir.simple_export(401);
    import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(server.questions() - before, 1);
}

fn a_dry_run_shows_what_would_be_adopted(at: StateIn) {
    let (dir, server) = imported(at);
    dir.lose_state();
    let run = import(&dir, &server, &["--dry-run"]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [10, 2, 0]);
    // Without an API it shows what the state says.
    let url = server.url.clone();
    drop(server);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json", "--dry-run"])
        .at_url(&url)
        .finish()
        .expect_exit(0);
    assert_eq!(counts(&run.summary()), [0, 12, 0]);
    assert!(
        run.stderr
            .contains("are not shown as such: the API cannot be reached"),
        "{}",
        run.stderr
    );
}

/// Keys of eighteen characters where the state has fifteen: every row is new, and the API's identifiers are others, too.
fn too_many_new_rows_send_nothing(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    let file = |rows: std::ops::Range<usize>, more: &str| {
        let mut text = String::from("Id,Name\n");
        for n in rows {
            text.push_str(&format!("0015000000A{n:04}{more},Company {n}\n"));
        }
        dir.write("e.csv", text);
    };
    dir.write("m.toml", SIMPLE_MAPPING);
    let bound = ["--max-new", "30%"];
    // A first import has nothing to compare with, also where it needs several runs.
    file(0..20, "");
    import(&dir, &server, &[&bound[..], &["--limit", "5"]].concat()).expect_exit(3);
    import(&dir, &server, &bound).expect_exit(0);
    file(0..28, "");
    import(&dir, &server, &bound).expect_exit(0);
    file(0..28, "AAQ");
    for dry in [&[][..], &["--dry-run"]] {
        let run = import(&dir, &server, &[&bound[..], dry].concat()).expect_exit(3);
        let summary = run.summary();
        assert_eq!(summary.get("created"), if dry.is_empty() { 0 } else { 28 });
        let stopped = summary.value()["stopped"].as_str().unwrap();
        for words in [
            "28 of 28 rows are new; max_new = 30%",
            "of the form \"9999999999A9999AAA\", where the state has one of the form \"9999999999A9999\"",
        ] {
            assert!(stopped.contains(words), "{stopped}");
        }
    }
    let said = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--max-new", "27"])
        .at(&server)
        .finish()
        .expect_exit(3);
    assert!(
        !said.stdout.contains("run the same command"),
        "{}",
        said.stdout
    );
    assert_eq!(server.count("POST"), 28);
    import(&dir, &server, &["--max-new", "28"]).expect_exit(0);
}

/// Rows that are found on the API are not new; those that remain are counted once, whatever part of the file is read.
fn what_is_adopted_is_not_new(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    let filler = "x".repeat(1000);
    let file = |rows: usize| {
        let mut text = String::from("Id,Name,Filler\n");
        for n in 1..=rows {
            text.push_str(&format!("K-{n},Company {n},{filler}\n"));
        }
        dir.write("e.csv", text);
    };
    file(10);
    dir.write("m.toml", SIMPLE_MAPPING);
    import(&dir, &server, &[]).expect_exit(0);
    for n in [11, 12, 3990, 4000] {
        post(&server, &format!("Company {n}"), &format!("K-{n}"));
    }
    file(13);
    let shown = import(&dir, &server, &["--max-new", "1", "--dry-run"]).expect_exit(0);
    assert_eq!(counts(&shown.summary()), [2, 1, 10]);
    let run = import(&dir, &server, &["--max-new", "1"]).expect_exit(0);
    assert_eq!(counts(&run.summary()), [2, 1, 10]);
    post(&server, "Company 3000", "K-3000");
    file(4000);
    let run = import(&dir, &server, &["--max-new", "100"]).expect_exit(3);
    let counts = ["rows", "adopted", "created"].map(|n| run.summary().get(n));
    assert_eq!(counts, [4000, 3, 0], "{run:?}");
}

/// The first rows of a file say nothing of those behind them: a row that is new in a later piece is looked for all the same.
fn a_new_row_is_looked_for_wherever_it_stands(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    let filler = "x".repeat(1000);
    let file = |rows: usize, first: &str| {
        let mut text = String::from("Id,Name,Filler\n");
        for n in 1..=rows {
            let name = if n == 1 { first } else { "Company" };
            text.push_str(&format!("K-{n},{name} {n},{filler}\n"));
        }
        dir.write("e.csv", text);
    };
    file(390, "Company");
    dir.write("m.toml", SIMPLE_MAPPING);
    post(&server, "Stranger", "S-1");
    let run = import(&dir, &server, &[]).expect_exit(0);
    let none = "No row was found there: none of these partners";
    assert!(run.stderr.contains(none), "{}", run.stderr);
    for n in 391..=395 {
        post(&server, &format!("Company {n}"), &format!("K-{n}"));
    }
    // A row that changed, so that the first piece is looked at, and has nothing to create.
    file(400, "Changed");
    let run = import(&dir, &server, &[]).expect_exit(1);
    assert_eq!(counts(&run.summary()), [5, 5, 389], "{run:?}");
    server.assert_each_once(401);
    // Where nothing is to be created, nobody is asked.
    let before = server.questions();
    for dry in [&[][..], &["--dry-run"]] {
        let again = import(&dir, &server, dry).expect_exit(1);
        assert_eq!(counts(&again.summary()), [0, 0, 399]);
    }
    assert_eq!(server.questions(), before);
}

/// Who wants everything adopted is reported where that failed, also where nothing would have been created.
fn adopting_that_fails_is_told_whatever_was_to_be_created(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    import(&dir, &server, &[]).expect_exit(0);
    for i in 0..120 {
        post(&server, &format!("Typed {i}"), &format!("T-{i}"));
    }
    let (_, port) = server.url.rsplit_once(':').unwrap();
    let port = port.to_owned();
    drop(server);
    let server = Server::start(&dir, &["--port", &port, "--ignore-skip"]);
    let run = import(&dir, &server, &["--adopt=always"]).expect_exit(3);
    let summary = run.summary();
    let stopped = summary.value()["stopped"].as_str().unwrap();
    assert!(stopped.contains("nothing was created"), "{stopped}");
    import(&dir, &server, &[]).expect_exit(0);
}
