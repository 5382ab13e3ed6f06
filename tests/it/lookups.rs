//! An API whose list hides, rewrites or miscounts what it has: what is there is found, and what was not found is not
//! made again where the list proves nothing.

use crate::support::{Finished, Server, StateIn, Workdir, over_both_states, post};

over_both_states! {
    lost_answers_are_found_though_the_list_shows_no_identifiers,
    partners_are_adopted_though_the_list_shows_no_identifiers,
    what_cannot_be_compared_proves_no_absence,
    totals_without_items_prove_no_absence,
    a_bare_array_is_read_to_its_end,
    a_bare_array_that_does_not_go_on_proves_no_absence,
    totals_that_are_too_low_end_no_walk,
    another_page_than_the_one_asked_for_proves_nothing,
    partners_whose_name_was_rewritten_are_found,
    partners_that_the_default_status_hides_are_found,
    a_parent_is_not_missing_where_the_list_proves_nothing,
    a_comparison_says_what_could_not_be_read,
    a_list_that_writes_identifiers_otherwise_proves_no_absence,
    a_list_without_totals_proves_absence_by_its_end,
    a_search_is_believed_only_as_far_as_it_was_seen_to_find,
    a_total_of_nothing_beside_partners_is_no_total,
    an_honest_list_costs_a_request_a_page,
}

/// Rows whose creates are all made and never answered.
const LOST: [&str; 2] = ["--fault", "500-after=1"];

fn import(dir: &Workdir, server: &Server, more: &[&str]) -> Finished {
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    let options = [
        "--rate",
        "unlimited",
        "--settle",
        "100ms",
        "--report",
        "out",
    ];
    dir.run(&import)
        .args(&options)
        .args(more)
        .at(server)
        .finish()
}

fn server(dir: &Workdir, lies: &[&str], more: &[&str]) -> Server {
    let lies: Vec<&str> = lies.iter().flat_map(|lie| ["--lie", lie]).collect();
    Server::start(dir, &[&lies[..], more].concat())
}

/// A server that has `there` partners already, and a file of these rows and `more`.
fn begun_by_hand(
    at: StateIn,
    lies: &[&str],
    options: &[&str],
    there: usize,
    more: usize,
) -> (Workdir, Server) {
    let dir = at.workdir();
    let server = server(&dir, lies, options);
    for i in 1..=there {
        post(&server, &format!("Company {i}"), &format!("K-{i}"));
    }
    dir.simple_export(there + more);
    (dir, server)
}

/// The stop's words; nothing was created.
fn stopped(run: Finished, words: &str) {
    let run = run.expect_exit(3);
    let summary = run.summary();
    assert_eq!((summary.get("created"), summary.get("adopted")), (0, 0));
    let said = summary.value()["stopped"].as_str().unwrap();
    assert!(
        said.contains("the list of partners is incomplete") && said.contains(words),
        "{said}"
    );
}

fn lost_answers_are_found_though_the_list_shows_no_identifiers(at: StateIn) {
    let dir = at.workdir();
    let server = server(&dir, &["list-without-identifiers"], &LOST);
    dir.simple_export(2);
    let run = import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(run.summary().get("created"), 2);
    server.assert_each_once(2);
}

fn partners_are_adopted_though_the_list_shows_no_identifiers(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &["list-without-identifiers"], &[], 10, 2);
    let summary = import(&dir, &server, &["--adopt"]).expect_exit(0).summary();
    assert_eq!((summary.get("adopted"), summary.get("created")), (10, 2));
    server.assert_each_once(12);
}

/// Neither the list nor the partner itself can be read: nobody knows whether it is there.
fn what_cannot_be_compared_proves_no_absence(at: StateIn) {
    let lies = ["list-without-identifiers", "get-not-found"];
    let dir = at.workdir();
    let lying = server(&dir, &lies, &LOST);
    dir.simple_export(2);
    let run = import(&dir, &lying, &[]).expect_exit(1);
    assert_eq!(run.summary().get("in_doubt"), 2);
    let problems = dir.read("out/problems.csv");
    assert!(problems.contains("cannot be compared"), "{problems}");
    lying.assert_each_once(2);

    let (dir, lying) = begun_by_hand(at, &lies, &[], 3, 2);
    stopped(
        import(&dir, &lying, &["--adopt"]),
        "3 of its partners cannot be compared",
    );
    lying.assert_each_once(3);
}

fn totals_without_items_prove_no_absence(at: StateIn) {
    let dir = at.workdir();
    let lying = server(&dir, &["list-empty"], &LOST);
    dir.simple_export(1);
    let run = import(&dir, &lying, &[]).expect_exit(1);
    assert_eq!(run.summary().get("in_doubt"), 1);
    let problems = dir.read("out/problems.csv");
    assert!(
        problems.contains("its total is 1, but it lists 0"),
        "{problems}"
    );
    lying.assert_each_once(1);

    let (dir, lying) = begun_by_hand(at, &["list-empty"], &[], 3, 2);
    stopped(
        import(&dir, &lying, &["--adopt"]),
        "its total is 3, but it lists 0",
    );
    let plan = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--adopt", "--dry-run"])
        .at(&lying)
        .finish()
        .expect_exit(3);
    assert!(plan.stderr.contains("its total is 3"), "{}", plan.stderr);
    lying.assert_each_once(3);
}

fn a_bare_array_is_read_to_its_end(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &["list-bare"], &[], 80, 5);
    let summary = import(&dir, &server, &["--adopt"]).expect_exit(0).summary();
    assert_eq!((summary.get("adopted"), summary.get("created")), (80, 5));
    server.assert_each_once(85);
    assert_eq!(server.questions(), 3, "50, 30, and nothing");
}

fn a_bare_array_that_does_not_go_on_proves_no_absence(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &["list-bare"], &["--ignore-skip"], 60, 1);
    stopped(import(&dir, &server, &["--adopt"]), "the same page again");
    server.assert_each_once(60);
}

fn totals_that_are_too_low_end_no_walk(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &["low-totals"], &[], 150, 5);
    let summary = import(&dir, &server, &["--adopt"]).expect_exit(0).summary();
    assert_eq!((summary.get("adopted"), summary.get("created")), (150, 5));
    server.assert_each_once(155);
}

fn another_page_than_the_one_asked_for_proves_nothing(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &["skip-counts-records"], &[], 150, 5);
    stopped(
        import(&dir, &server, &["--adopt"]),
        "page 2 was requested, but page 1 was returned",
    );
    server.assert_each_once(150);
}

fn partners_whose_name_was_rewritten_are_found(at: StateIn) {
    for lies in [&["collapsed-names"][..], &["escaped-names"]] {
        let dir = at.workdir();
        let server = server(&dir, lies, &LOST);
        dir.write("m.toml", crate::support::SIMPLE_MAPPING);
        dir.write(
            "e.csv",
            "Id,Name\nA,Twin  Peaks  Lumber\nB,Smith & Sons\nC,\"R&D  &  Co\"\nD,東京  支店\n",
        );
        let run = import(&dir, &server, &[]).expect_exit(0);
        assert_eq!(run.summary().get("created"), 4, "{lies:?}");
        server.assert_each_once(4);
    }
}

fn partners_that_the_default_status_hides_are_found(at: StateIn) {
    let dir = at.workdir();
    let hiding = server(&dir, &["hidden-status"], &LOST);
    dir.simple_export(2);
    let run = import(&dir, &hiding, &[]).expect_exit(0);
    assert_eq!(run.summary().get("created"), 2);
    hiding.assert_each_once(2);

    let (dir, hiding) = begun_by_hand(at, &["hidden-status"], &[], 3, 1);
    let summary = import(&dir, &hiding, &["--adopt"]).expect_exit(0).summary();
    assert_eq!((summary.get("adopted"), summary.get("created")), (3, 1));
    let verified = dir
        .run(&["verify", "e.csv", "-m", "m.toml", "--json"])
        .at(&hiding)
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(verified.get("agree"), 4);
}

/// A parent that the list may hide is not declared missing, and no child is sent without it.
fn a_parent_is_not_missing_where_the_list_proves_nothing(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &["list-empty"], &[], 1, 0);
    dir.write("e.csv", "Id,Name,Parent\nC,Child,K-1\nD,Other,\n");
    dir.write(
        "m.toml",
        "name = \"simple\"\nreference_lookup = \"api\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n",
    );
    let run = import(&dir, &server, &[]).expect_exit(3);
    assert!(
        run.stderr.contains("its total is 1, but it lists 0"),
        "{}",
        run.stderr
    );
    server.assert_each_once(1);
}

/// A partner that could not be read is not reported as gone.
fn a_comparison_says_what_could_not_be_read(at: StateIn) {
    let dir = at.workdir();
    let honest = server(&dir, &[], &[]);
    dir.simple_export(3);
    import(&dir, &honest, &[]).expect_exit(0);
    let port = honest.url.rsplit(':').next().unwrap().to_owned();
    drop(honest);
    for (lies, words) in [
        (&["list-empty"][..], "its total is 3, but it lists 0"),
        (
            &["list-without-identifiers", "get-not-found"],
            "3 of its partners cannot be compared",
        ),
    ] {
        let lying = server(&dir, lies, &["--port", &port]);
        let run = dir
            .run(&["verify", "e.csv", "-m", "m.toml", "--json"])
            .at(&lying)
            .finish()
            .expect_exit(3);
        let summary = run.summary();
        let said = summary.value()["stopped"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
        assert_eq!(summary.get("gone"), 0);
    }
}

/// A list that writes identifiers otherwise than they were sent recognises no partner, so it proves no absence: neither by a
/// search nor by a walk that meets partners which are known to exist.
fn a_list_that_writes_identifiers_otherwise_proves_no_absence(at: StateIn) {
    let dir = at.workdir();
    let lost = ["--fault", "500-after=1", "--fault-name", "Company 3"];
    let server = server(&dir, &["lower-identifiers"], &lost);
    dir.simple_export(5);
    let run = import(&dir, &server, &[]).expect_exit(1);
    let summary = run.summary();
    assert_eq!((summary.get("created"), summary.get("in_doubt")), (4, 1));
    let problems = dir.read("out/problems.csv");
    // The partner that it is most likely is named.
    assert!(
        problems.contains("may be this row's, written otherwise"),
        "{problems}"
    );
    server.assert_each_once(5);
}

/// A second lost answer asks for the whole list, which is read to its end though it does not say how long it is.
fn a_list_without_totals_proves_absence_by_its_end(at: StateIn) {
    for lie in ["no-totals", "list-bare"] {
        let dir = at.workdir();
        let lost = ["--fault", "500=1", "--fault-name", "Company 3"];
        let lying = server(&dir, &[lie], &lost);
        dir.simple_export(5);
        let summary = import(&dir, &lying, &[]).expect_exit(1).summary();
        assert_eq!((summary.get("created"), summary.get("in_doubt")), (4, 1));
        let posts = |r: &&serde_json::Value| r["method"] == "POST" && r["key"] == "K-3";
        assert_eq!(lying.requests().iter().filter(posts).count(), 3, "{lie}");
    }
}

/// A search that compares whole names finds partners whose name is one word, and shows nothing of one whose name the API
/// writes otherwise.
fn a_search_is_believed_only_as_far_as_it_was_seen_to_find(at: StateIn) {
    let dir = at.workdir();
    let lost = ["--fault", "500-after=1", "--fault-name", "A & Smith"];
    let lies = ["search-whole-names", "escaped-names"];
    let server = server(&dir, &lies, &lost);
    dir.simple_export(1);
    dir.write("e.csv", "Id,Name\nK-1,Alone\nK-2,Single\nK-3,A & Smith\n");
    let summary = import(&dir, &server, &[]).expect_exit(0).summary();
    assert_eq!(summary.get("created"), 3);
    server.assert_each_once(3);
}

/// A total that is below what its own page shows does not hide a state that is lost.
fn a_total_of_nothing_beside_partners_is_no_total(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &["zero-totals"], &[], 10, 2);
    let summary = import(&dir, &server, &[]).expect_exit(0).summary();
    assert_eq!((summary.get("adopted"), summary.get("created")), (10, 2));
    server.assert_each_once(12);
}

/// An API without surprises is asked no more than it takes.
fn an_honest_list_costs_a_request_a_page(at: StateIn) {
    let (dir, server) = begun_by_hand(at, &[], &[], 150, 0);
    import(&dir, &server, &["--adopt"]).expect_exit(0);
    assert_eq!(server.questions(), 2, "two pages");
    let dir = at.workdir();
    let server = Server::start(&dir, &LOST);
    dir.simple_export(1);
    import(&dir, &server, &[]).expect_exit(0);
    assert_eq!(
        server.questions(),
        2,
        "the total, and one page of the search"
    );
}
