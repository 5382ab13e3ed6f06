//! One import by several machines, as one: how far it is, what each machine says of it at its end, and the one report that is made
//! of it afterwards from the state, with its export and without it.

use serde_json::Value;

use crate::support::{Finished, Run, Server, Workdir, post, wait_until};

/// Rows, of which one is refused by the API, one is invalid, and one waits for the refused one.
const ROWS: usize = 300;
const CREATED: u64 = 297;

fn export(dir: &Workdir) {
    let mut csv = String::from("Id,Name,Parent\n");
    for i in 0..ROWS {
        let (name, parent) = match i {
            7 => ("Refused Ltd".to_owned(), ""),
            9 => (String::new(), ""),
            11 => ("Child".to_owned(), "K-7"),
            _ => (format!("Company {i}"), ""),
        };
        csv.push_str(&format!("K-{i},{name},{parent}\n"));
    }
    dir.write("e.csv", csv);
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n",
    );
}

fn import(dir: &Workdir, server: &Server, report: &str) -> Run {
    let import = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--workers",
        "2",
        "--rate",
        "unlimited",
        "--settle",
        "500ms",
    ];
    dir.run(&import)
        .args(&["--json", "--report", report])
        .at(server)
}

fn status(dir: &Workdir) -> Value {
    let status = dir.run(&["status", "--json"]).finish().expect_exit(0);
    serde_json::from_str(&status.stdout).unwrap()
}

fn json(dir: &Workdir, file: &str) -> Value {
    serde_json::from_str(&dir.read(file)).unwrap()
}

/// What the machines of a report created, together.
fn created_by_machines(report: &Value) -> u64 {
    let machines = report["machines"].as_array().unwrap();
    machines
        .iter()
        .map(|m| m["created"].as_u64().unwrap())
        .sum()
}

/// The counts that are not 0, in words.
fn counts(finished: &Finished) -> String {
    let summary = finished.summary();
    let names = [
        "created", "adopted", "skipped", "changed", "blocked", "invalid", "rejected", "in_doubt",
        "deferred",
    ];
    let each = names.into_iter().map(|name| (name, summary.get(name)));
    let each: Vec<String> = each
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{n} {name}"))
        .collect();
    assert_eq!(summary.get("rows"), ROWS as u64);
    each.join(", ")
}

const WHOLE: &str = "297 created, 1 blocked, 1 invalid, 1 rejected";

#[test]
fn three_machines_make_one_report_while_one_of_them_is_killed() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("3s");
    let server = Server::start(&dir, &["--latency", "50ms", "--refuse-name", "Refused Ltd"]);
    export(&dir);
    let mut dies = import(&dir, &server, "a").start();
    wait_until("the first one creates", || server.partners().len() > 30);
    let held = server.hold();
    let others = ["b", "c"].map(|name| import(&dir, &server, name).start());
    // What all have done is seen by everybody while they are at it.
    wait_until(
        "all three are at it, and it is seen how far they are",
        || {
            let status = status(&dir);
            let import = &status["imports"][0];
            import["machines"] == 3
                && import["rows_done"].as_u64() > Some(20)
                && import["created"].as_u64() > Some(20)
        },
    );
    let table = dir.run(&["status"]).finish().expect_exit(0).stdout;
    assert!(
        table.contains("ROWS DONE") && table.contains("of 300"),
        "{table}"
    );
    // A report of an import that is under way says so, and how far the state knows it.
    let early = dir
        .run(&["status", "--run", "1", "--json"])
        .finish()
        .expect_exit(3);
    let words = early.summary().value()["stopped"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        words.contains("is not over yet") && words.contains("The state does not know"),
        "{words}"
    );
    dies.kill().unwrap();
    dies.wait().unwrap();
    drop(held);
    let others = others.map(|child| Finished::of(child.wait_with_output().unwrap()));
    let others = others.map(|one| one.expect_exit(1));
    server.assert_each_once(ROWS - 3);

    // Each of the two has all rows, and knows of the three.
    let own: u64 = others.iter().map(|one| one.summary().get("created")).sum();
    for one in &others {
        let summary = one.summary();
        assert_eq!(summary.get("created") + summary.get("skipped"), CREATED);
        assert_eq!(summary.value()["machines"].as_array().unwrap().len(), 3);
        assert_eq!(created_by_machines(summary.value()), CREATED);
    }
    assert!(own < CREATED, "the first one created some");

    // One report of all, without the export: counts that add up, and places without values.
    let whole = dir
        .run(&["status", "--run", "1", "--report", "whole", "--json"])
        .finish()
        .expect_exit(1);
    assert_eq!(counts(&whole), WHOLE);
    let summary = json(&dir, "whole/summary.json");
    assert_eq!(
        (&summary["import"], &summary["exit"]),
        (&1.into(), &1.into())
    );
    assert_eq!(created_by_machines(&summary), CREATED);
    let lost = summary["machines"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["standing"] == "gone");
    assert_eq!(lost.count(), 1, "{summary}");
    assert_eq!(
        dir.read("whole/created.csv").lines().count() as u64,
        1 + CREATED
    );
    let problems = dir.read("whole/problems.csv");
    for code in ["required.missing", "api.rejected", "reference.blocked"] {
        assert_eq!(problems.matches(code).count(), 1, "{problems}");
    }
    let page = dir.read("whole/report.html");
    assert!(page.contains("297 created by ") && page.contains("its process is gone"));
    assert!(!dir.path("whole/rejects.csv").exists());
    let text = dir
        .run(&["status", "--run", "1"])
        .finish()
        .expect_exit(1)
        .stdout;
    assert!(
        text.contains("Import 1, 300 rows: 297 created by "),
        "{text}"
    );
    assert!(text.contains("was lost."), "{text}");

    // With the export the rows are there.
    let with = [
        "status", "--run", "1", "e.csv", "-m", "m.toml", "--report", "rows", "--json",
    ];
    let rows = dir.run(&with).finish().expect_exit(1);
    assert_eq!(counts(&rows), WHOLE);
    let rejects = dir.read("rows/rejects.csv");
    assert!(
        rejects.contains("Refused Ltd") && rejects.contains("K-9,") && rejects.contains("K-11,"),
        "{rejects}"
    );
    assert_eq!(rejects.lines().count(), 4);
    assert_eq!(
        dir.read("rows/created.csv").lines().count() as u64,
        1 + CREATED
    );
    assert_eq!(
        dir.read("rows/partners.csv").lines().count() as u64,
        1 + CREATED
    );
    let quiet = ["--no-source-values", "--report", "quiet"];
    let quiet = dir.run(&with[..6]).args(&quiet).finish().expect_exit(1);
    assert!(!quiet.stdout.contains("Refused Ltd") && !dir.path("quiet/rejects.csv").exists());

    // Of another file or mapping it is refused.
    let csv = dir.read("e.csv");
    dir.write("e.csv", format!("{csv}K-more,More,\n"));
    let other = dir.run(&with).finish().expect_exit(2);
    assert!(other.stderr.contains("another file"), "{}", other.stderr);
    dir.write("e.csv", csv);
    let mapping = dir.read("m.toml");
    dir.write("m.toml", format!("{mapping}# another\n"));
    let other = dir.run(&with).finish().expect_exit(2);
    assert!(other.stderr.contains("another mapping"), "{}", other.stderr);
    let none = dir.run(&["status", "--run", "2"]).finish().expect_exit(2);
    assert!(none.stderr.contains("no import 2"), "{}", none.stderr);
}

/// All machines are gone before the end: the state alone says how far it came, and with the export which rows are left.
#[test]
fn an_import_that_nobody_is_at_any_more_says_what_is_left() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "100ms"]);
    dir.simple_export(400);
    let mut only = import(&dir, &server, "a").start();
    wait_until("it sends", || server.count("POST") > 40);
    dir.kill(&mut only);
    let whole = dir
        .run(&["status", "--run", "1", "--json"])
        .finish()
        .expect_exit(3)
        .summary();
    assert_eq!(whole.get("rows"), 400);
    let (created, open) = (whole.get("created"), whole.get("in_doubt"));
    assert!(created > 0 && created + open <= 400, "{created} {open}");
    let words = whole.value()["stopped"].as_str().unwrap();
    assert!(words.contains("no machine is at work on it"), "{words}");
    let with = ["status", "--run", "1", "e.csv", "-m", "m.toml", "--json"];
    let rows = dir.run(&with).finish().expect_exit(3).summary();
    let left = rows.get("deferred");
    assert_eq!((rows.get("created"), rows.get("in_doubt")), (created, open));
    assert_eq!(created + open + left, 400);
    // The next one goes on, and is an import of its own.
    import(&dir, &server, "b")
        .args(&["--workers", "32"])
        .finish()
        .expect_exit(0);
    let second = dir
        .run(&["status", "--run", "2", "--json"])
        .finish()
        .expect_exit(0)
        .summary();
    assert_eq!(second.get("created") + second.get("skipped"), 400);
    let past = status(&dir)["past_imports"].clone();
    assert_eq!(past[0]["complete"], true);
    assert_eq!(
        (&past[1]["complete"], &past[1]["import"]),
        (&false.into(), &1.into())
    );
}

/// A partner that the API has twice is no problem of a row's, and still one of the import: with its export and without.
#[test]
fn a_partner_that_is_there_twice_is_a_problem_of_the_whole_import() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    for _ in 0..2 {
        post(&server, "Company 1", "K-1");
    }
    dir.simple_export(3);
    import(&dir, &server, "a")
        .args(&["--adopt"])
        .finish()
        .expect_exit(1);
    let status = ["status", "--run", "1", "--json", "--report", "whole"];
    for export in [&[][..], &["e.csv", "-m", "m.toml"]] {
        let whole = dir.run(&status).args(export).finish().expect_exit(1);
        let summary = whole.summary();
        assert_eq!((summary.get("adopted"), summary.get("created")), (1, 2));
        let problems = dir.read("whole/problems.csv");
        assert_eq!(problems.matches("api.duplicate").count(), 1, "{problems}");
        assert_eq!(problems.lines().count(), 2, "{problems}");
    }
}

/// A canary of an export whose partners are all there is over with its import.
#[test]
fn a_canary_that_has_nothing_to_create_leaves_no_import_under_way() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    dir.simple_export(4);
    for (folder, created) in [("a", 3), ("b", 0)] {
        let run = import(&dir, &server, folder).args(&["--canary", "1"]);
        let summary = run.finish().expect_exit(0).summary();
        // The canary's partner is no new one of the import after it.
        assert_eq!(summary.get("created"), created, "{summary:?}");
        let status = status(&dir);
        assert_eq!(status["imports"].as_array().map(Vec::len), Some(0));
        assert_eq!(status["past_imports"][0]["complete"], true);
    }
}

/// A file knows no imports of several machines.
#[test]
fn a_state_in_a_file_has_no_imports() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    import(&dir, &server, "a").finish().expect_exit(0);
    let none = dir.run(&["status", "--run", "1"]).finish().expect_exit(2);
    assert!(
        none.stderr.contains("Only a state in Postgres"),
        "{}",
        none.stderr
    );
    let run = dir.read("a/summary.json");
    let run: Value = serde_json::from_str(&run).unwrap();
    let files = [
        "status",
        "--run",
        run["run"].as_str().unwrap(),
        "e.csv",
        "-m",
        "m.toml",
    ];
    let run = dir.run(&files).finish().expect_exit(2);
    assert!(
        run.stderr.contains("for an import that machines shared"),
        "{}",
        run.stderr
    );
}
