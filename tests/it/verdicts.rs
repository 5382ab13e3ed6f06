//! What each answer to a create proves, against an API whose answers prove less than they seem to.

use std::collections::BTreeSet;

use crate::support::{
    Finished, Run, Server, StateIn, Workdir, over_both_states, signal, text, wait_until,
};

over_both_states! {
    one_answer_for_all_rows_stops_the_run,
    an_id_of_a_row_of_an_earlier_run_is_another_rows,
    an_answer_with_another_identifier_proves_nothing_and_three_stop_the_run,
    an_id_at_the_end_of_location_is_an_id,
    a_408_after_the_commit_makes_no_second_partner,
    a_409_whose_partner_is_not_there_is_a_refusal,
    a_409_is_a_refusal_in_the_next_run_too,
    a_gateways_404_stops_the_run_and_refuses_no_row,
    the_answers_that_are_under_way_when_a_404_stops_the_run_refuse_no_row_either,
    two_404s_are_refusals_of_their_rows,
    bad_answers_to_creates_that_are_found_do_not_stop_the_run,
}

fn import(dir: &Workdir, server: &Server) -> Run {
    import_settling(dir, server, "300ms")
}

/// For a run that is to stop by what is answered: no absence is believed, however long the answers take.
fn import_that_waits(dir: &Workdir, server: &Server) -> Run {
    import_settling(dir, server, "1h")
}

fn import_settling(dir: &Workdir, server: &Server, settle: &str) -> Run {
    dir.run(&["import", "e.csv", "-m", "m.toml", "--json"])
        .args(&["--rate", "unlimited", "--settle", settle])
        .at(server)
}

/// A sandbox with one fault, and an export of `rows` rows for it.
fn with_fault(at: StateIn, fault: &str, rows: usize) -> (Workdir, Server) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--fault", fault]);
    dir.simple_export(rows);
    (dir, server)
}

fn stopped(run: &Finished) -> String {
    text(run.summary().value(), "/stopped")
}

/// State and last status of the state's rows that are in flight, in doubt or rejected.
fn open_rows(dir: &Workdir) -> Vec<(&'static str, Option<u16>)> {
    let view = dir.store().view().unwrap();
    let rows = view.open_rows(1000).unwrap();
    rows.into_iter().map(|r| (r.state, r.status)).collect()
}

/// A mock or a cache that answers all creates with one 201: whose partner the answers speak of is not known.
fn one_answer_for_all_rows_stops_the_run(at: StateIn) {
    let (dir, server) = with_fault(at, "fixed-201=1", 60);
    // Of two at a time the second may be answered first: it is the first then, and the other is found by its own identifier.
    let run = import_that_waits(&dir, &server).args(&["--workers", "1"]);
    let run = run.finish().expect_exit(3);
    let said = stopped(&run);
    for words in ["the API answers for other rows", "`partner-sync verify`"] {
        assert!(said.contains(words), "{said}");
    }
    let summary = run.summary();
    assert_eq!(summary.get("created"), 1, "the first is as good as any");
    assert!(summary.get("in_doubt") >= 3, "{summary:?}");
    assert!(summary.get("deferred") > 40, "{summary:?}");
    assert_eq!(server.partners().len(), 1);
}

/// The state's rows have their ids in the next run too.
fn an_id_of_a_row_of_an_earlier_run_is_another_rows(at: StateIn) {
    let (dir, server) = with_fault(at, "fixed-201=1", 1);
    import(&dir, &server).finish().expect_exit(0);
    dir.write("e.csv", "Id,Name\nL-1,Other 1\nL-2,Other 2\nL-3,Other 3\n");
    let run = import_that_waits(&dir, &server).finish();
    let summary = run.expect_exit(3).summary();
    assert_eq!(
        (summary.get("created"), summary.get("in_doubt")),
        (0, 3),
        "{summary:?}"
    );
}

fn an_answer_with_another_identifier_proves_nothing_and_three_stop_the_run(at: StateIn) {
    // Nothing is listed yet, so no look-up finds one of them before the third answer.
    let dir = at.workdir();
    let lies = ["--fault", "other-identifier=1", "--list-lag", "1h"];
    let server = Server::start(&dir, &lies);
    dir.simple_export(60);
    let run = import_that_waits(&dir, &server).finish();
    let run = run.expect_exit(3);
    let said = stopped(&run);
    assert!(said.contains("the API answers for other rows"), "{said}");
    assert_eq!(run.summary().get("created"), 0);
    // Two such answers stop nothing: they are looked up, and the partners found.
    let (dir, server) = with_fault(at, "other-identifier=1", 2);
    let run = import(&dir, &server).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 2);
    server.assert_each_once(2);
}

fn an_id_at_the_end_of_location_is_an_id(at: StateIn) {
    let (dir, server) = with_fault(at, "location-only=1", 60);
    let run = import(&dir, &server)
        .args(&["--report", "out"])
        .finish()
        .expect_exit(0);
    assert_eq!(run.summary().get("created"), 60);
    server.assert_each_once(60);
    let lists = server
        .requests()
        .iter()
        .filter(|r| text(r, "/path").starts_with("/api/v2/partners?"))
        .count();
    assert_eq!(lists, 1, "the total; nothing had to be looked up");
    let ids: BTreeSet<String> = server.partners().iter().map(|p| text(p, "/id")).collect();
    let created = dir.read("out/created.csv");
    assert!(ids.iter().all(|id| created.contains(id.as_str())));
}

/// A proxy's 408 comes after the commit as well as before it.
fn a_408_after_the_commit_makes_no_second_partner(at: StateIn) {
    for fault in ["408-after=1", "409-after=1", "long-body=1"] {
        let (dir, server) = with_fault(at, fault, 12);
        let run = import(&dir, &server).finish().expect_exit(0);
        assert_eq!(run.summary().get("created"), 12, "{fault}");
        let again = import(&dir, &server).args(&["--retry-rejected"]).finish();
        assert_eq!(again.expect_exit(0).summary().get("skipped"), 12, "{fault}");
        assert_eq!(server.count("POST"), 12, "{fault}");
        server.assert_each_once(12);
    }
}

/// What a 409 means is known once the partner is known not to be there: the row was refused.
fn a_409_whose_partner_is_not_there_is_a_refusal(at: StateIn) {
    // A partner that exists: without one, nobody could see that look-ups find what there is.
    let (dir, server) = with_fault(at, "409=0", 1);
    dir.write("e.csv", "Id,Name\nK-0,Witness\n");
    import(&dir, &server).finish().expect_exit(0);
    let server = server.restart(&dir, &["--fault", "409=1"]);
    dir.simple_export(3);
    let run = import(&dir, &server)
        .args(&["--report", "out"])
        .finish()
        .expect_exit(1);
    assert_eq!(run.summary().get("rejected"), 3);
    let problems = dir.read("out/problems.csv");
    let said = "The API rejected the row (409): The partner is being changed.";
    assert!(problems.contains(said), "{problems}");
    assert_eq!(open_rows(&dir), [("rejected", Some(409)); 3]);
    // Refused as it is, it is not sent again by itself.
    import(&dir, &server).finish().expect_exit(1);
    assert_eq!(server.count("POST"), 3);
    import(&dir, &server)
        .args(&["--retry-rejected"])
        .finish()
        .expect_exit(1);
    assert_eq!(server.count("POST"), 6);
    // A repaired row is another row to the API.
    dir.write("e.csv", "Id,Name\nK-1,Company one\n");
    import(&dir, &server).finish();
    assert_eq!(server.count("POST"), 7);
}

/// A doubt of a run that was stopped is settled by the next with the same verdict.
fn a_409_is_a_refusal_in_the_next_run_too(at: StateIn) {
    let (dir, server) = with_fault(at, "409=1", 1);
    let run = import_that_waits(&dir, &server).start();
    wait_until("it was sent", || server.count("POST") > 0);
    signal(&run, "TERM");
    let run = Finished::of(run.wait_with_output().unwrap()).expect_exit(130);
    assert_eq!(run.summary().get("in_doubt"), 1);
    let run = import(&dir, &server).finish().expect_exit(1);
    assert_eq!(run.summary().get("rejected"), 1, "{}", run.stdout);
    assert_eq!(server.count("POST"), 1);
}

/// While a gateway deploys the API, it answers 404 to everything: that says nothing of the rows.
fn a_gateways_404_stops_the_run_and_refuses_no_row(at: StateIn) {
    let (dir, server) = with_fault(at, "404-first=3", 60);
    let run = import(&dir, &server)
        .args(&["--workers", "1"])
        .finish()
        .expect_exit(3);
    let said = stopped(&run);
    assert!(said.contains("404"), "{said}");
    assert_eq!(server.count("POST"), 3);
    assert_eq!(run.summary().get("deferred"), 60);
    let run = import(&dir, &server).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 60);
    server.assert_each_once(60);
}

fn the_answers_that_are_under_way_when_a_404_stops_the_run_refuse_no_row_either(at: StateIn) {
    let (dir, server) = with_fault(at, "404-first=60", 60);
    let run = import(&dir, &server).finish().expect_exit(3);
    assert_eq!(run.summary().get("deferred"), 60);
    assert_eq!(open_rows(&dir), []);
}

/// One or two are the rows' own.
fn two_404s_are_refusals_of_their_rows(at: StateIn) {
    for rows in [2, 10] {
        let (dir, server) = with_fault(at, "404-first=2", rows);
        let run = import(&dir, &server)
            .args(&["--workers", "1"])
            .finish()
            .expect_exit(1);
        let summary = run.summary();
        assert_eq!(
            (summary.get("rejected"), summary.get("created")),
            (2, rows as u64 - 2)
        );
        assert_eq!(open_rows(&dir).len(), 2);
    }
}

/// Where every answer is bad and every partner is there, look-ups say so before the run is stopped for it.
fn bad_answers_to_creates_that_are_found_do_not_stop_the_run(at: StateIn) {
    let (dir, server) = with_fault(at, "bad-body=1", 100);
    let run = import(&dir, &server).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 100);
    server.assert_each_once(100);
}
