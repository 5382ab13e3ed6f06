use serde_json::Value;

use crate::support::{Run, Server, Workdir};

const MAPPING: &str = "name = \"all\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\nparentId = { partner = \"Parent\" }\n[[organization.addresses]]\ncity = \"City\"\n[partnerCriteria]\nisW2 = \"W2\"\nonboardingDate = \"Signed\"\npartnerTypeId = { value = \"e8d2d255-3e62-413f-9275-e8929eced814\" }\n[vendorAccount.bankAccount]\naccountNumber = \"Account\"\n";
const ROWS: &str = "Id,Name,Signed,Parent,City,W2,Account\nK-1,One,2026-03-04,,Oslo,yes,1234567890\nK-2,Two,2026-03-05,K-1,,no,1234567891\nK-3,Three,,K-2,Rome,,\nK-4,Four,2026-03-07,,Bonn,yes,\n";

fn imported() -> (Workdir, Server) {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("e.csv", ROWS);
    dir.write("m.toml", MAPPING);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .finish()
        .expect_exit(0);
    (dir, server)
}

fn verify(dir: &Workdir, server: &Server) -> Run {
    dir.run(&[
        "verify",
        "e.csv",
        "-m",
        "m.toml",
        "--json",
        "--rate",
        "unlimited",
        "--combined",
        "audit.txt",
    ])
    .at(server)
}

/// The server comes back with another book.
fn edited(dir: &Workdir, server: Server, edit: impl Fn(&mut Vec<String>)) -> Server {
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    drop(server);
    let mut lines: Vec<String> = dir
        .read("server.jsonl")
        .lines()
        .map(str::to_owned)
        .collect();
    edit(&mut lines);
    dir.write("server.jsonl", lines.join("\n") + "\n");
    Server::start(dir, &["--port", &port])
}

#[test]
fn what_was_sent_is_there() {
    let (dir, server) = imported();
    let done = verify(&dir, &server).finish().expect_exit(0);
    assert_eq!(done.summary().get("agree"), 4);
    assert_eq!(dir.read("audit.txt"), "= K-1\n= K-2\n= K-3\n= K-4\n");
    assert!(done.stderr.contains("bank data"), "{}", done.stderr);
    // The list is read, not each partner; and the import asked for the total.
    let asked: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|r| r["method"] == "GET" && r["path"].as_str().unwrap().contains("partners"))
        .collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let sample = verify(&dir, &server)
        .args(&["--sample", "2"])
        .finish()
        .expect_exit(0);
    assert_eq!(sample.summary().get("agree"), 2);
    assert_eq!(sample.summary().get("uncompared"), 2);
    let sample = dir.run(&["verify", "e.csv", "-m", "m.toml", "--sample", "2"]);
    let sample = sample.at(&server).finish().expect_exit(0).stdout;
    assert!(
        sample.contains("2 of 4 rows agree with their partners"),
        "{sample}"
    );
    assert!(sample.contains("the others were not compared"), "{sample}");
}

/// Nothing is signed off while it is not known whether a row has its partner.
#[test]
fn a_row_in_doubt_does_not_agree() {
    let dir = Workdir::new();
    let lost = ["--fault", "reset-after=1", "--list-lag", "1h"];
    let server = Server::start(&dir, &lost);
    dir.simple_export(1);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--settle", "100ms"])
        .at(&server)
        .finish()
        .expect_exit(1);
    let run = dir.run(&["verify", "e.csv", "-m", "m.toml", "--report", "out"]);
    let run = run.at(&server).finish().expect_exit(1);
    assert!(run.stdout.contains("0 of 1 row agree"), "{}", run.stdout);
    let problems = dir.read("out/problems.csv");
    assert!(
        problems.contains("K-1") && problems.contains("reconcile"),
        "{problems}"
    );
    assert!(
        !dir.read("out/report.html")
            .contains("Nothing has to be done")
    );
}

/// An API that answered with the ids of each other's partners: what is advised settles it, and creates nothing anew.
#[test]
fn a_partner_of_another_row_is_named_and_given_back() {
    let (dir, server) = imported();
    let id_of = |key: &str| {
        let partners = server.partners();
        let is_its = |p: &&Value| p["party"]["legacyIdentifier"] == key;
        let partner = partners.iter().find(is_its).unwrap();
        partner["id"].as_str().unwrap().to_owned()
    };
    let (first, last) = (id_of("K-1"), id_of("K-4"));
    let server = edited(&dir, server, |lines| {
        for line in lines.iter_mut() {
            let swapped = line.replace(&first, "FIRST").replace(&last, &first);
            *line = swapped.replace("FIRST", &last);
        }
    });
    let told = verify(&dir, &server).args(&["--report", "out"]);
    let told = told.finish().expect_exit(1);
    assert_eq!(told.summary().get("differ"), 3, "and the child of K-1");
    let problems = dir.read("out/problems.csv");
    for line in [
        format!("e.csv,2,,,api.other_row,error,,The partner {first} is that of K-4.,"),
        format!("e.csv,5,,,api.other_row,error,,The partner {last} is that of K-1.,"),
    ] {
        assert!(problems.contains(&line), "{line} in {problems}");
    }
    assert!(!problems.contains("Oslo"), "{problems}");
    let page = dir.read("out/report.html");
    assert!(
        page.contains("rows that have another row&#x27;s partner"),
        "{page}"
    );
    let said = dir.run(&["verify", "e.csv", "-m", "m.toml"]).at(&server);
    let said = said.finish().expect_exit(1).stdout;
    let next =
        "Next: run `partner-sync state forget KEY` for the rows that have another row's partner";
    assert!(said.contains(next), "{said}");
    let forget = ["state", "forget", "K-1", "K-4", "--yes"];
    dir.run(&forget).at(&server).finish().expect_exit(0);
    let again = dir.run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"]);
    again.at(&server).finish().expect_exit(0);
    server.assert_each_once(4);
    verify(&dir, &server).finish().expect_exit(0);
}

#[test]
fn every_difference_is_told_by_field() {
    let (dir, server) = imported();
    let server = edited(&dir, server, |lines| {
        for line in lines.iter_mut() {
            *line = line
                .replace("\"Oslo\"", "\"Bergen\"")
                .replace("2026-03-05T", "2026-05-03T");
        }
        // Deleted on the other side; and one made twice by somebody.
        lines.retain(|l| !l.contains("\"Three\""));
        let twin = lines
            .iter()
            .find(|l| l.contains("\"Four\""))
            .unwrap()
            .clone();
        let id = twin.split("\"id\":\"").nth(1).unwrap()[..8].to_owned();
        lines.push(twin.replace(&id, "aaaaaaaa"));
    });
    // One row more, one row less, one invalid.
    let rows = ROWS.replace(
        "K-4,Four,2026-03-07,,Bonn,yes,\n",
        "K-5,Five,,,,,\nK-6,,,,,,\n",
    );
    dir.write("e.csv", rows);
    let told = verify(&dir, &server)
        .args(&["--report", "out"])
        .finish()
        .expect_exit(1);
    let summary = told.summary();
    for (name, count) in [
        ("rows", 5),
        ("agree", 0),
        ("differ", 2),
        ("gone", 1),
        ("only_source", 1),
        ("uncompared", 1),
        ("only_api", 1),
    ] {
        assert_eq!(summary.get(name), count, "{name} in {}", told.stdout);
    }
    assert_eq!(
        dir.read("audit.txt"),
        "* K-1\n* K-2\n* K-3\n+ K-5\n! K-6\n- K-4\n"
    );
    let problems = dir.read("out/problems.csv");
    for line in [
        "e.csv,2,City,organization.addresses[0].city,api.differs,warning,Oslo,\"API: Bergen, export: Oslo\"",
        "e.csv,3,Signed,organization.signOnDate,api.differs,warning,2026-03-05,\"API: 2026-05-03, export: 2026-03-05\"",
        "e.csv,4,,,api.gone,error,",
        "e.csv,5,,,api.none,warning,",
    ] {
        assert!(problems.contains(line), "{line} in\n{problems}");
    }
    assert!(!problems.contains("123456789"));
    let signed_off = "5 rows, 3 partners, 2 differ, 1 gone from the API, 1 without a partner, 1 no longer in the export, 1 not compared.";
    assert!(dir.read("out/report.html").contains(signed_off));
}

#[test]
fn duplicates_on_the_api_are_told() {
    let (dir, server) = imported();
    let server = edited(&dir, server, |lines| {
        let twin = lines
            .iter()
            .find(|l| l.contains("\"Four\""))
            .unwrap()
            .clone();
        let id = twin.split("\"id\":\"").nth(1).unwrap()[..8].to_owned();
        lines.push(twin.replace(&id, "aaaaaaaa"));
    });
    let told = verify(&dir, &server).finish().expect_exit(1);
    assert_eq!(told.summary().get("agree"), 4);
    assert!(told.stdout.contains("api.duplicate"), "{}", told.stdout);
}

#[test]
fn an_api_that_is_down_is_a_stop() {
    let (dir, server) = imported();
    let url = server.url.clone();
    drop(server);
    let down = dir
        .run(&["verify", "e.csv", "-m", "m.toml", "--timeout", "1s"])
        .env("PARTNER_SYNC_API_URL", &url)
        .env("PARTNER_SYNC_TOKEN", "t")
        .finish()
        .expect_exit(3);
    assert!(down.stdout.contains("Stopped early"), "{}", down.stdout);
    // Nothing known of the mapping, or nothing named.
    dir.write("m.toml", MAPPING.replace("\"all\"", "\"else\""));
    dir.run(&["verify", "e.csv", "-m", "m.toml"])
        .at_url(&url)
        .finish()
        .expect_exit(2);
    dir.run(&["verify"]).at_url(&url).finish().expect_exit(2);
}

/// A question that was not answered is asked again: a busy API is no difference.
#[test]
fn an_api_that_is_busy_is_asked_again() {
    let (dir, server) = imported();
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    drop(server);
    let server = Server::start(
        &dir,
        &["--port", &port, "--fault", "503=0.5", "--seed", "4"],
    );
    let sample = ["--sample", "4"];
    for more in [&[][..], &sample] {
        let busy = || {
            let requests = server.requests();
            requests.iter().filter(|r| r["status"] == 503).count()
        };
        let before = busy();
        let run = verify(&dir, &server).args(more).finish().expect_exit(0);
        assert_eq!(run.summary().get("agree"), 4);
        assert!(busy() > before, "nothing was busy for {more:?}");
    }
}

/// A partner that is gone from the API and whose row is gone from the source: nothing is left to disagree.
#[test]
fn what_is_gone_on_both_sides_is_no_difference() {
    let (dir, server) = imported();
    let server = edited(&dir, server, |lines| {
        lines.retain(|line| !line.contains("\"Four\""));
    });
    dir.write(
        "e.csv",
        ROWS.replace("K-4,Four,2026-03-07,,Bonn,yes,\n", ""),
    );
    let run = verify(&dir, &server)
        .args(&["--report", "out"])
        .finish()
        .expect_exit(0);
    let summary = run.summary();
    assert_eq!(
        ["rows", "agree", "only_api", "gone"].map(|n| summary.get(n)),
        [3, 3, 0, 0]
    );
    assert_eq!(dir.read("audit.txt"), "= K-1\n= K-2\n= K-3\n");
    assert!(!dir.read("out/problems.csv").contains("K-4"));
}

/// Whoever believes that a partner is gone forgets its row and creates it again: a list that hides partners is not believed.
#[test]
fn a_list_that_hides_partners_makes_none_of_them_gone() {
    let dir = Workdir::new();
    dir.simple_export(6);
    let server = Server::start(&dir, &[]);
    let import = ["import", "e.csv", "-m", "m.toml"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    let server = server.restart(&dir, &["--lie", "list-blind"]);
    let verify = dir.run(&["verify", "e.csv", "-m", "m.toml", "--report", "out"]);
    let run = verify.at(&server).finish().expect_exit(3);
    let said = run.stdout + &run.stderr;
    assert!(said.contains("hides some"), "{said}");
    assert!(!said.contains("no longer on the API"), "{said}");
}

/// Rows that wait for a parent with an error have no difference, and importing the export again does not help them.
#[test]
fn rows_that_wait_for_a_repair_are_no_differences() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    dir.write(
        "e.csv",
        "Id,Name,Signed,Parent,City,W2,Account\nK-1,One,2026-03-04,,Oslo,yes,1\nK-2,,2026-03-05,,Rome,no,2\nK-3,Three,,K-2,Rome,,3\n",
    );
    dir.run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .finish()
        .expect_exit(1);
    let done = dir
        .run(&[
            "verify",
            "e.csv",
            "-m",
            "m.toml",
            "--rate",
            "unlimited",
            "--report",
            "out",
        ])
        .at(&server)
        .finish()
        .expect_exit(1);
    let next = "Next: repair the rows with errors and import them";
    assert!(done.stdout.contains(next), "{}", done.stdout);
    let page = dir.read("out/report.html");
    assert!(page.contains("Import the repaired file, and compare again."));
    assert!(!page.contains(">Differences") && page.contains(">Problems"));
}

#[test]
fn what_the_state_does_not_know_is_named_without_ids() {
    let dir = Workdir::new();
    dir.write("e.csv", "Id,Name\n1,A\n");
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n",
    );
    let args = ["verify", "e.csv", "-m", "m.toml", "--sandbox"];
    let run = dir.run(&args).finish().expect_exit(2);
    assert!(run.stderr.contains("for the sandbox."), "{}", run.stderr);
}

/// A row that cannot be read is not gone.
#[test]
fn a_row_that_cannot_be_read_is_not_said_to_be_gone() {
    let (dir, server) = imported();
    dir.write("e.csv", ROWS.replace("K-4,Four,", "K-4,Four,x,y,"));
    let told = verify(&dir, &server).args(&["--report", "out"]);
    let told = told.finish().expect_exit(1);
    assert_eq!(told.summary().get("only_api"), 1);
    let problems = dir.read("out/problems.csv");
    let says = "It may be one of 1 row that could not.";
    assert!(problems.contains(says), "{problems}");
    assert!(!problems.contains("no longer"), "{problems}");
    let page = dir.read("out/report.html");
    assert!(page.contains("Repair the rows with errors") && !page.contains("separated"));
}
