//! A list too long to be walked without a reason: some of the new rows are looked up first.

use crate::support::{Finished, SIMPLE_MAPPING, Server, Summary, Workdir, post};

fn import(dir: &Workdir, server: &Server) -> Finished {
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    dir.run(&import)
        .args(&["--rate", "unlimited", "--settle", "100ms"])
        .at(server)
        .finish()
}

/// Rows that were adopted, created and skipped.
fn counts(summary: &Summary) -> [u64; 3] {
    ["adopted", "created", "skipped"].map(|n| summary.get(n))
}

/// Partners in the file of a sandbox, so many as no test would post one by one.
fn long_list(dir: &Workdir, partners: usize) {
    let server = Server::start(dir, &[]);
    post(&server, "Template", "T-0");
    drop(server);
    let data = dir.read("server.jsonl");
    let template = data.lines().last().unwrap();
    let partner: serde_json::Value = serde_json::from_str(template).unwrap();
    let id = partner["id"].as_str().unwrap();
    let mut text = data.clone();
    for n in 1..partners {
        let line = template
            .replace(id, &format!("00000000-0000-4000-8000-{n:012}"))
            .replace("Template", &format!("Template{n:05}"))
            .replace("T-0", &format!("T-{n}"));
        text.push_str(&line);
        text.push('\n');
    }
    dir.write("server.jsonl", text);
}

/// A long list is not walked for rows that are not there: some of them are looked up.
#[test]
fn of_a_long_list_a_sample_is_looked_up_first() {
    let dir = Workdir::new();
    long_list(&dir, 10_001);
    let server = Server::start(&dir, &[]);
    let file = |rows: std::ops::Range<usize>, key: &str| {
        let mut text = String::from("Id,Name\n");
        for n in rows {
            text.push_str(&format!("{key}-{n},Template{n:05}\n"));
        }
        dir.write("e.csv", text);
        dir.write("m.toml", SIMPLE_MAPPING);
    };
    file(20_000..20_003, "N");
    let run = import(&dir, &server).expect_exit(0);
    assert_eq!(counts(&run.summary()), [0, 3, 0]);
    assert!(server.questions() < 20, "{}", server.questions());
    assert!(
        run.stderr.contains("None of 3 sample rows of this export"),
        "{}",
        run.stderr
    );
    std::fs::remove_file(dir.path("partner-sync.db")).unwrap();
    file(5..3000, "T");
    let before = server.questions();
    let run = import(&dir, &server).expect_exit(0);
    assert_eq!(counts(&run.summary()), [2995, 0, 0]);
    let asked = server.questions() - before;
    assert!((101..150).contains(&asked), "{asked}");
    assert_eq!(server.count("POST"), 3);
    // The first piece of the file is all new, and what is there stands behind it: the sample is spread over both.
    std::fs::remove_file(dir.path("partner-sync.db")).unwrap();
    let filler = "x".repeat(1000);
    let mut text = String::from("Id,Name,Filler\n");
    for (rows, key) in [(30_000..30_150, "M"), (5..400, "T")] {
        for n in rows {
            text.push_str(&format!("{key}-{n},Template{n:05},{filler}\n"));
        }
    }
    dir.write("e.csv", text);
    let run = import(&dir, &server).expect_exit(0);
    assert_eq!(counts(&run.summary()), [395, 150, 0]);
}

/// That none of a sample was there does not make the others known: the next new rows are looked for as well, although the
/// API has no more partners than before.
#[test]
fn after_a_sample_the_rest_of_a_long_list_is_still_unknown() {
    let dir = Workdir::new();
    long_list(&dir, 10_001);
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", SIMPLE_MAPPING);
    dir.write("e.csv", "Id,Name\nN-1,Template20001\n");
    let first = import(&dir, &server).expect_exit(0);
    assert_eq!(counts(&first.summary()), [0, 1, 0]);
    dir.write("e.csv", "Id,Name\nT-7,Template00007\nN-1,Template20001\n");
    let second = import(&dir, &server).expect_exit(0);
    assert_eq!(counts(&second.summary()), [1, 0, 1]);
    assert_eq!(server.count("POST"), 1);
}

/// A search that does not even find partners of the list's first page proves nothing of the sample: the list is walked.
#[test]
fn a_search_that_finds_nothing_does_not_hide_a_lost_state() {
    let dir = Workdir::new();
    long_list(&dir, 10_001);
    let server = Server::start(&dir, &["--lie", "search-blind"]);
    let mut text = String::from("Id,Name\n");
    for n in 1..=50 {
        text.push_str(&format!("T-{n},Template{n:05}\n"));
    }
    dir.write("e.csv", text);
    dir.write("m.toml", SIMPLE_MAPPING);
    let run = import(&dir, &server).expect_exit(0);
    assert_eq!(counts(&run.summary()), [50, 0, 0]);
    assert_eq!(server.count("POST"), 0);
}

/// A search that compares whole names was seen to find those alone: what it does not find by a word of a name, which the API
/// keeps with other blanks, may be there all the same.
#[test]
fn a_search_for_whole_names_does_not_hide_a_lost_state() {
    let dir = Workdir::new();
    long_list(&dir, 10_001);
    let server = Server::start(&dir, &["--lie", "search-whole-names"]);
    post(&server, "Some Name", "S-1");
    dir.write("e.csv", "Id,Name\nS-1,Some  Name\nS-2,Other  Name\n");
    dir.write("m.toml", SIMPLE_MAPPING);
    let run = import(&dir, &server).expect_exit(0);
    assert_eq!(counts(&run.summary()), [1, 1, 0]);
}
