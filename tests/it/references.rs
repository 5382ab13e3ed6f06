use serde_json::Value;

use crate::support::{Server, StateIn, Workdir, over_both_states, post, text};

over_both_states! {
    parents_are_made_before_children_whatever_the_order,
    children_of_rows_that_were_not_made_are_blocked_until_they_are,
    a_circle_is_told_with_its_keys_and_its_children_wait,
    a_parent_of_an_earlier_export_is_known_by_the_state,
    a_limit_counts_what_is_created,
    a_limit_on_an_api_that_is_down_counts_each_row,
}

const MAPPING: &str = "name = \"tree\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n";

fn tree(at: StateIn, rows: &[(&str, &str, &str)]) -> Workdir {
    let dir = at.workdir();
    let mut file = String::from("Id,Name,Parent\n");
    for (id, name, parent) in rows {
        file.push_str(&format!("{id},{name},{parent}\n"));
    }
    dir.write("e.csv", file);
    dir.write("m.toml", MAPPING);
    dir
}

fn import(dir: &Workdir, server: &Server) -> crate::support::Finished {
    dir.run(&[
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--json",
        "--rate",
        "unlimited",
        "--report",
        "out",
    ])
    .at(server)
    .finish()
}

fn parent_key(server: &Server, key: &str) -> String {
    parent_key_in(&server.partners(), key)
}

fn parent_key_in(partners: &[Value], key: &str) -> String {
    let child = partners
        .iter()
        .find(|p| text(p, "/party/legacyIdentifier") == key)
        .unwrap();
    let parent = text(child, "/parentPartner/id");
    partners
        .iter()
        .find(|p| text(p, "/id") == parent)
        .map(|p| text(p, "/party/legacyIdentifier"))
        .unwrap_or_default()
}

fn parents_are_made_before_children_whatever_the_order(at: StateIn) {
    let rows = [
        ("E", "Epsilon", "D"),
        ("D", "Delta", "C"),
        ("B", "Beta", "A"),
        ("C", "Gamma", "B"),
        ("A", "Alpha", ""),
    ];
    let dir = tree(at, &rows);
    let server = Server::start(&dir, &[]);
    let summary = import(&dir, &server).expect_exit(0).summary();
    assert_eq!(summary.get("created"), 5);
    for (id, _, parent) in rows {
        assert_eq!(parent_key(&server, id), parent);
    }
}

/// Bytes that an import into a new state read, whatever from.
#[cfg(target_os = "linux")]
fn bytes_read(dir: &Workdir, server: &Server, mapping: &str) -> u64 {
    // A shell's own counts take in those of the children that it waited for.
    let script = "\"$0\" \"$@\" >out.txt 2>&1 || exit 9; cat /proc/$$/io";
    let output = std::process::Command::new("sh")
        .args(["-c", script, crate::support::binary()])
        .args(["import", "e.csv", "-m", mapping, "--rate", "unlimited"])
        .args(["--state", &format!("{mapping}.db")])
        // Each mapping makes partners of its own.
        .arg("--adopt=never")
        .env("PARTNER_SYNC_API_URL", &server.url)
        .env("PARTNER_SYNC_TOKEN", "token")
        .current_dir(dir.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", dir.read("out.txt"));
    let counts = String::from_utf8(output.stdout).unwrap();
    let read = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.unwrap().parse().unwrap()
}

/// A child whose parent is under way waits in memory: the file is not read once more for it. Were it postponed, each
/// level of the tree would cost a pass. The rows are one piece of the file: across pieces a child may meet its
/// parent's piece too early and is then left to one more pass.
#[cfg(target_os = "linux")]
#[test]
fn parents_that_come_first_need_one_pass() {
    const ROWS: usize = 100;
    let parent = |i: usize| match i {
        0 => String::new(),
        _ => format!("K{}", (i - 1) / 2),
    };
    let dir = Workdir::new();
    let filler = "x".repeat(1000);
    let mut file = String::from("Id,Name,Parent,Filler\n");
    for i in 0..ROWS {
        file.push_str(&format!("K{i},N{i},{},{filler}\n", parent(i)));
    }
    dir.write("e.csv", &file);
    dir.write("tree.toml", MAPPING);
    let (_, flat) = MAPPING.split_once("\nkey").unwrap();
    let flat = flat.replace("parentId", "#");
    dir.write("flat.toml", format!("name = \"flat\"\nkey{flat}"));
    let server = Server::start(&dir, &["--latency", "20ms"]);
    let without_links = bytes_read(&dir, &server, "flat.toml");
    assert_eq!(server.partners().len(), ROWS);
    let with_links = bytes_read(&dir, &server, "tree.toml");
    // What else is read is the state, and that is small beside the file.
    assert!(without_links > file.len() as u64);
    assert!(
        with_links < without_links + file.len() as u64 / 2,
        "{with_links} bytes with links, {without_links} without, for a file of {}",
        file.len()
    );
    let partners = &server.partners()[ROWS..];
    assert_eq!(partners.len(), ROWS);
    for i in 0..ROWS {
        assert_eq!(parent_key_in(partners, &format!("K{i}")), parent(i));
    }
}

#[test]
fn a_missing_parent_and_a_row_that_refers_to_itself_are_invalid() {
    let dir = tree(
        StateIn::File,
        &[("A", "Alpha", ""), ("B", "Beta", "X"), ("C", "Gamma", "C")],
    );
    let server = Server::start(&dir, &[]);
    let summary = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--json"])
        .finish()
        .expect_exit(1)
        .summary();
    assert_eq!((summary.get("valid"), summary.get("invalid")), (1, 2));
    let summary = import(&dir, &server).expect_exit(1).summary();
    assert_eq!((summary.get("created"), summary.get("invalid")), (1, 2));
    let problems = dir.read("out/problems.csv");
    assert!(
        problems.contains("reference.missing") && problems.contains("reference.self"),
        "{problems}"
    );
}

fn children_of_rows_that_were_not_made_are_blocked_until_they_are(at: StateIn) {
    let dir = tree(
        at,
        &[
            ("C", "Gamma", "B"),
            ("B", "Beta", "A"),
            ("A", "", ""),
            ("D", "Delta", ""),
        ],
    );
    let server = Server::start(&dir, &[]);
    let dry = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json", "--dry-run"])
        .at(&server)
        .finish()
        .expect_exit(1)
        .summary();
    let summary = import(&dir, &server).expect_exit(1).summary();
    for counts in [&dry, &summary] {
        assert_eq!(
            ["created", "blocked", "invalid"].map(|n| counts.get(n)),
            [1, 2, 1]
        );
    }
    assert!(
        dir.read("out/rejects.csv")
            .contains("C,Gamma,B,\"Its parent \"\"B\"\" (row 3) waits for another row itself: \"\"A\"\" (row 4) is invalid")
    );
    dir.write(
        "e.csv",
        "Id,Name,Parent\nC,Gamma,B\nB,Beta,A\nA,Alpha,\nD,Delta,\n",
    );
    let summary = import(&dir, &server).expect_exit(0).summary();
    assert_eq!((summary.get("created"), summary.get("skipped")), (3, 1));
    assert_eq!(parent_key(&server, "C"), "B");
}

fn a_circle_is_told_with_its_keys_and_its_children_wait(at: StateIn) {
    let dir = tree(
        at,
        &[
            ("A", "Alpha", "B"),
            ("B", "Beta", "C"),
            ("C", "Gamma", "A"),
            ("D", "Delta", ""),
            ("E", "Epsilon", "C"),
        ],
    );
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--report", "out"])
        .finish()
        .expect_exit(1);
    assert!(run.stdout.contains("3 of 5 rows"), "{}", run.stdout);
    let problems = dir.read("out/problems.csv");
    for chain in ["A → B → C → A", "B → C → A → B", "C → A → B → C"] {
        assert!(problems.contains(chain), "{problems}");
    }
    let server = Server::start(&dir, &[]);
    let summary = import(&dir, &server).expect_exit(1).summary();
    assert_eq!(
        ["created", "invalid", "blocked"].map(|n| summary.get(n)),
        [1, 3, 1]
    );
}

#[test]
fn rows_alike_but_for_the_key_are_told() {
    let dir = tree(
        StateIn::File,
        &[("A", "Alpha", ""), ("B", "Beta", ""), ("A2", "Alpha", "")],
    );
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--report", "out"])
        .finish()
        .expect_exit(0);
    assert!(run.stdout.contains("row.alike"), "{}", run.stdout);
    let problems = dir.read("out/problems.csv");
    assert_eq!(
        problems
            .matches("Rows 2 and 4 have the same values in all mapped columns except the key.")
            .count(),
        2,
        "{problems}"
    );
}

fn a_parent_of_an_earlier_export_is_known_by_the_state(at: StateIn) {
    let dir = tree(at, &[("A", "Alpha", "")]);
    let server = Server::start(&dir, &[]);
    import(&dir, &server).expect_exit(0);
    dir.write("e.csv", "Id,Name,Parent\nB,Beta,A\n");
    dir.run(&["check", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(0);
    import(&dir, &server).expect_exit(0);
    assert_eq!(parent_key(&server, "B"), "A");
}

#[test]
fn a_uuid_is_a_partner_id() {
    let dir = tree(
        StateIn::File,
        &[("A", "Alpha", "5A1BC4C5-520F-4637-ACAC-99412FD97509")],
    );
    let server = Server::start(&dir, &[]);
    import(&dir, &server).expect_exit(0);
    assert_eq!(
        text(&server.partners()[0], "/parentPartner/id"),
        "5a1bc4c5-520f-4637-acac-99412fd97509"
    );
}

/// A parent that was made by another tool: neither in the file nor in the state, but on the API.
#[test]
fn a_parent_can_be_looked_up_on_the_api() {
    let server_dir = Workdir::new();
    let server = Server::start(&server_dir, &[]);
    let other = tree(
        StateIn::File,
        &[
            ("P", "Parent", ""),
            ("Q", "Twin one", ""),
            ("R", "Twin two", ""),
        ],
    );
    import(&other, &server).expect_exit(0);
    post(&server, "Twin one", "Q");

    let dir = tree(
        StateIn::File,
        &[
            ("C", "Gamma", "B"),
            ("B", "Beta", "P"),
            ("D", "Delta", "Q"),
            ("E", "Epsilon", "X"),
        ],
    );
    dir.write(
        "m.toml",
        MAPPING.replacen("key", "reference_lookup = \"api\"\nkey", 1),
    );
    // A check asks nobody: it says what the import will do.
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--report", "checked"])
        .finish()
        .expect_exit(0);
    assert!(run.stdout.contains("reference.unchecked"), "{}", run.stdout);
    let summary = import(&dir, &server).expect_exit(1).summary();
    assert_eq!(
        ["created", "invalid"].map(|n| summary.get(n)),
        [2, 2],
        "{}",
        dir.read("out/problems.csv")
    );
    assert_eq!(parent_key(&server, "B"), "P");
    assert_eq!(parent_key(&server, "C"), "B");
    let problems = dir.read("out/problems.csv");
    for key in ["Q", "X"] {
        assert!(
            problems.contains(&format!("No row has the key \"\"{key}\"\", and neither the state nor the API has one partner with it.")),
            "{problems}"
        );
    }
    // The same rows again are skipped: where the parent was found changes nothing of what is sent.
    let summary = import(&dir, &server).expect_exit(1).summary();
    assert_eq!(["skipped", "invalid"].map(|n| summary.get(n)), [2, 2]);
}

/// A limit takes parents before their children, wherever they stand, and no row that it does not reach is reported as blocked
/// or as part of a circle. Reruns come to the end.
#[test]
fn a_limit_takes_parents_first() {
    let dir = Workdir::new();
    let mut file = String::from("Id,Name,Parent\n");
    for n in 1..=20 {
        file.push_str(&format!("C-{n},Child {n},P\n"));
    }
    file.push_str("P,Parent,G\nX,Other,\nG,Grandparent,\n");
    dir.write("e.csv", file);
    dir.write("m.toml", MAPPING);
    let server = Server::start(&dir, &[]);
    // The first pass comes to X and G; the second to P, the third to the children.
    for (created, skipped, deferred) in [(10, 0, 13), (10, 10, 3), (3, 20, 0), (0, 23, 0)] {
        let run = dir
            .run(&["import", "e.csv", "-m", "m.toml", "--json", "--limit", "10"])
            .args(&["--rate", "unlimited", "--report", "out"])
            .at(&server)
            .finish()
            .expect_exit(if deferred > 0 { 3 } else { 0 });
        let summary = run.summary();
        let counts = ["created", "skipped", "deferred", "blocked"].map(|n| summary.get(n));
        assert_eq!(counts, [created, skipped, deferred, 0], "{run:?}");
        let stopped = summary.value()["stopped"].as_str().unwrap_or_default();
        let words = format!("{deferred} rows were not reached: --limit 10");
        assert_eq!(stopped.contains(&words), deferred > 0, "{stopped}");
        assert!(!dir.read("out/problems.csv").contains("blocked"));
        let made = server.by_key();
        assert!(
            ["G", "P", "X"].iter().all(|key| made[*key] == 1),
            "{made:?}"
        );
    }
    assert_eq!(server.by_key().len(), 23);
}

/// A row that was not reached keeps those below it from being reported as blocked; one that was refused does not.
#[test]
fn a_limit_blames_nobody_but_itself() {
    let dir = tree(
        StateIn::File,
        &[
            ("C", "Under Q", "Q"),
            ("P", "Parent", ""),
            ("X", "Under P", "P"),
            ("Q", "Other parent", ""),
        ],
    );
    // The API says no to P, so what was kept for X is free again when nothing else is left to read.
    let server = Server::start(&dir, &["--fault", "409=1"]);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json", "--limit", "2"])
        .args(&[
            "--rate",
            "unlimited",
            "--settle",
            "100ms",
            "--report",
            "out",
        ])
        .at(&server)
        .finish()
        .expect_exit(3);
    let summary = run.summary();
    let counts = ["created", "rejected", "deferred", "blocked"].map(|n| summary.get(n));
    assert_eq!(counts, [0, 1, 2, 1], "{run:?}");
    let problems = dir.read("out/problems.csv");
    assert!(
        problems.contains("Its parent \"\"P\"\" (row 3) was rejected by the API (409)."),
        "{problems}"
    );
    assert!(!problems.contains("circle"), "{problems}");
}

/// What was there, invalid or rejected takes nothing from a limit.
fn a_limit_counts_what_is_created(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &[]);
    for n in 1..=4 {
        post(&server, &format!("Company {n}"), &format!("K-{n}"));
    }
    dir.simple_export(12);
    dir.write("e.csv", format!("{}I-1,\nI-2,\n", dir.read("e.csv")));
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json", "--limit", "5"])
        .at(&server)
        .finish()
        .expect_exit(3);
    let summary = run.summary();
    let counts = ["created", "adopted", "invalid", "deferred"].map(|n| summary.get(n));
    assert_eq!(counts, [5, 4, 2, 3]);
}

/// A run that cannot send counts children that wait for their parents, too.
fn a_limit_on_an_api_that_is_down_counts_each_row(at: StateIn) {
    let dir = tree(
        at,
        &[
            ("C", "Child", "P"),
            ("D", "Child", "P"),
            ("P", "Parent", ""),
        ],
    );
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--json", "--limit", "2"])
        .args(&["--outage", "0"])
        .at_url("http://127.0.0.1:9")
        .finish()
        .expect_exit(3);
    assert_eq!(run.summary().get("deferred"), 3);
    assert!(!run.stderr.contains("add up to"), "{}", run.stderr);
}

/// A row that is read again in each pass, since its parents have no partner yet, is warned of once.
#[test]
fn a_row_that_waits_is_warned_of_once() {
    let mapping = "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n[[organization.phoneNumbers]]\nphoneNumber = \"Tel\"\n";
    for (rows, exit) in [
        ("1,Child One,2,555\n2,Par,3,\n3,Grand,4,556\n4,Root,,\n", 0),
        ("1,Child One,2,555\n2,Par,3,\n3,Grand,4,556\n4,,,\n", 1),
    ] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[]);
        dir.write("m.toml", mapping);
        dir.write("e.csv", format!("Id,Name,Parent,Tel\n{rows}"));
        let words = [
            "import", "e.csv", "-m", "m.toml", "--report", "out", "--json",
        ];
        let run = dir.run(&words).at(&server).finish().expect_exit(exit);
        assert_eq!(run.summary().get("warnings"), 2, "{run:?}");
        let problems = dir.read("out/problems.csv");
        assert_eq!(problems.matches(",warning,").count(), 2, "{problems}");
    }
}
