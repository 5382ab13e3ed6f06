//! What each kind of page says on top, and the pages of a job's runs.

use std::collections::BTreeSet;

use crate::nights::{export, house, night, plain};
use crate::support::{Server, Workdir};

const MAPPING: &str = "name = \"pages\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\nparentId = { partner = \"Parent\" }\n[vendorAccount.bankAccount]\naccountNumber = \"Account\"\n";

fn dir(rows: &str) -> Workdir {
    let dir = Workdir::new();
    dir.write("m.toml", MAPPING);
    dir.write(
        "e.csv",
        format!("Id,Name,Signed,Parent,Account,Fax\n{rows}"),
    );
    dir
}

/// The texts of a page's head: title, verdict, reason, tasks, facts.
fn head(page: &str) -> String {
    let from = page.find("<header").unwrap();
    let to = page.find("</header>").unwrap();
    let mut text = String::new();
    let mut is_tag = false;
    for c in page[from..to].chars() {
        match c {
            '<' => {
                is_tag = true;
                text.push(' ');
            }
            '>' => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&#x2f;", "/")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(page: &str, words: &[&str]) {
    let head = head(page);
    for words in words {
        assert!(head.contains(words), "{words:?} in\n{head}");
    }
    // Nothing of the machine, and no number that only a shell knows.
    for gone in ["exit code", "0.0 seconds", "sandbox:", "/tmp"] {
        assert!(!page.contains(gone), "{gone}");
    }
}

#[test]
fn a_check_names_cell_key_and_name_and_who_repairs() {
    let dir = dir(
        "K-1,One,31/31/2026,,1234567890,\nK-2,Two & Co,31/31/2026,,,\nK-3,Three,2026-03-04,,,\n",
    );
    let path = dir.path("e.csv");
    let path = path.to_str().unwrap();
    dir.run(&["check", path, "-m", "m.toml", "--report", "out"])
        .finish()
        .expect_exit(1);
    let page = dir.read("out/report.html");
    says(
        &page,
        &[
            "Check: e.csv 1 of 3 rows can be sent; 2 need repair.",
            "Owner of the data Repair the 2 rows in report.xlsx",
            "Engineer Check the repaired file again",
            "took less than a second",
        ],
    );
    for words in [
        "data-label=\"How often\">× 2<",
        "cell C3</span> <b>K-2</b> Two &amp; Co",
        "title=\"organization.signOnDate\">Sign-on date",
        "2026-03-04</span> <span class=\"soft\">as it is",
        "********90</span>",
        "not used",
        "6 columns; 1 is not used",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("1234567890"));
    let problems = dir.read("out/problems.csv");
    assert!(
        problems.lines().any(|l| l.ends_with(",C3,,K-2,Two & Co")),
        "{problems}"
    );
}

#[test]
fn without_source_values_no_key_and_no_name_is_shown() {
    let dir = dir("K-1,Secretive,31/31/2026,,,\n");
    dir.run(&[
        "check",
        "e.csv",
        "-m",
        "m.toml",
        "--report",
        "out",
        "--no-source-values",
    ])
    .finish()
    .expect_exit(1);
    for file in ["report.html", "problems.csv", "problems.jsonl"] {
        let text = dir.read(&format!("out/{file}"));
        assert!(
            !text.contains("Secretive") && !text.contains("K-1"),
            "{file}"
        );
    }
    assert!(dir.read("out/report.html").contains("cell C2"));
}

/// In a row whose cells stand in other columns, a bank account may stand where the name should.
#[test]
fn a_row_that_is_ragged_has_no_name() {
    let dir = dir("K-1,4820193377,One,x,y,2026-03-04,z,more\n");
    dir.run(&["check", "e.csv", "-m", "m.toml", "--report", "out"])
        .finish()
        .expect_exit(1);
    assert!(!dir.read("out/report.html").contains("4820193377"));
}

#[test]
fn a_dry_run_says_what_an_import_would_do_and_an_import_what_it_did() {
    let dir = dir("K-1,One,,,,\nK-2,Two,,K-9,,\nK-9,,,,,\n");
    let server = Server::start(&dir, &[]);
    dir.run(&[
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--dry-run",
        "--report",
        "dry",
    ])
    .at(&server)
    .finish()
    .expect_exit(1);
    says(
        &dir.read("dry/report.html"),
        &[
            "Nothing was sent. An import would create 1 partner and leave out 2 rows that need repair.",
        ],
    );
    assert!(
        dir.read("dry/report.html")
            .contains("What an import would do with 3 rows")
    );
    dir.run(&["import", "e.csv", "-m", "m.toml", "--report", "out"])
        .at(&server)
        .finish()
        .expect_exit(1);
    let page = dir.read("out/report.html");
    says(
        &page,
        &[
            "1 partner was created, 1 row waits for its parent, 1 row needs repair.",
            "Engineer Import the repaired file with the mapping “pages”.",
        ],
    );
    assert!(page.contains("<b>K-1</b> One"));
    // The second time nothing is new.
    dir.write("e.csv", "Id,Name,Signed,Parent,Account,Fax\nK-1,One,,,,\n");
    dir.run(&["import", "e.csv", "-m", "m.toml", "--report", "again"])
        .at(&server)
        .finish()
        .expect_exit(0);
    says(
        &dir.read("again/report.html"),
        &[
            "The row has its partner already; nothing was new.",
            "Nothing has to be done.",
        ],
    );
}

#[test]
fn a_run_that_sent_nothing_says_so_and_who_decides() {
    let dir = dir("K-1,One,,,,\nK-2,,,,,\n");
    let server = Server::start(&dir, &[]);
    dir.run(&[
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--max-errors",
        "0",
        "--report",
        "out",
    ])
    .at(&server)
    .finish()
    .expect_exit(1);
    says(
        &dir.read("out/report.html"),
        &[
            "Nothing was sent: 1 of 2 rows is invalid, more than allowed.",
            "Owner of the data Repair the row in report.xlsx",
        ],
    );
    // One row more that is wrong in the export, and has its partner: it was repaired before.
    dir.write(
        "repaired.csv",
        "Id,Name,Signed,Parent,Account,Fax\nK-3,Three,,,,\n",
    );
    dir.run(&["import", "repaired.csv", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(0);
    dir.write(
        "e.csv",
        "Id,Name,Signed,Parent,Account,Fax\nK-1,One,,,,\nK-2,,,,,\nK-3,,,,,\n",
    );
    let strict = ["--max-errors", "0", "--report", "again"];
    dir.run(&["import", "e.csv", "-m", "m.toml"])
        .args(&strict)
        .at(&server)
        .finish()
        .expect_exit(1);
    says(
        &dir.read("again/report.html"),
        &["Nothing was sent: 1 of 3 rows is invalid, more than allowed."],
    );
    // Nothing but wrong rows, and no bound that refused them.
    dir.write("e.csv", "Id,Name,Signed,Parent,Account,Fax\nK-4,,,,,\n");
    dir.run(&["import", "e.csv", "-m", "m.toml", "--report", "all"])
        .at(&server)
        .finish()
        .expect_exit(1);
    assert!(!dir.read("all/report.html").contains("more than allowed"));
    dir.write(
        "e.csv",
        "Id,Name,Signed,Parent,Account,Fax\nK-1,One,,,,\nK-2,Two,,,,\n",
    );
    dir.run(&[
        "import", "e.csv", "-m", "m.toml", "--limit", "1", "--report", "limit",
    ])
    .at(&server)
    .finish()
    .expect_exit(3);
    says(
        &dir.read("limit/report.html"),
        &[
            "Stopped early: 1 of 2 rows was created, 1 waits for the next run.",
            "Engineer Run again without --limit",
        ],
    );
}

/// What is known of an export before its rows are read is no table of its columns.
#[test]
fn a_run_that_did_not_reach_the_api_shows_no_half_table_of_columns() {
    let dir = dir("K-1,One,,,,\n");
    let unreachable = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", unreachable.local_addr().unwrap());
    drop(unreachable);
    dir.run(&["import", "e.csv", "-m", "m.toml", "--report", "out"])
        .args(&["--outage", "1s"])
        .at_url(&url)
        .finish()
        .expect_exit(3);
    let page = dir.read("out/report.html");
    says(
        &page,
        &["Nothing was sent.", "Operator When the API answers again"],
    );
    assert!(!page.contains("What becomes of each column"));
}

#[test]
fn a_comparison_is_a_sign_off() {
    let dir = dir("K-1,One,2026-03-04,,,\nK-2,Two,,,,\n");
    let server = Server::start(&dir, &[]);
    let import = ["import", "e.csv", "-m", "m.toml"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    let verify = ["verify", "e.csv", "-m", "m.toml", "--report", "out"];
    dir.run(&verify).at(&server).finish().expect_exit(0);
    says(
        &dir.read("out/report.html"),
        &["2 rows, 2 partners: all agree.", "Nothing has to be done."],
    );
    dir.write(
        "e.csv",
        "Id,Name,Signed,Parent,Account,Fax\nK-1,One,2026-03-05,,,\nK-2,Two,,,,\nK-3,Three,,,,\n",
    );
    dir.run(&verify).at(&server).finish().expect_exit(1);
    let page = dir.read("out/report.html");
    says(
        &page,
        &[
            "3 rows, 2 partners, 1 differs, 1 without a partner.",
            "Owner of the data Decide for each difference",
        ],
    );
    assert!(page.contains("API: 2026-03-04, export: 2026-03-05"));
}

/// A stop of a night has a page too, with the reason and without the machine's folders.
#[test]
fn a_job_whose_export_is_missing_has_a_page_that_says_whom_to_ask() {
    let dir = house("min_rows = 3\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(2));
    night(&dir, &server).finish().expect_exit(3);
    let runs = || -> BTreeSet<String> {
        std::fs::read_dir(dir.path("reports/accounts"))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("20"))
            .collect()
    };
    let first = runs();
    let page = |run: &str| dir.read(&format!("reports/accounts/{run}/report.html"));
    says(
        &page(first.first().unwrap()),
        &["Nothing was sent.", "Operator Ask who makes the export"],
    );
    std::fs::remove_file(dir.path("exports/a-1.csv")).unwrap();
    night(&dir, &server).finish().expect_exit(2);
    let second = runs();
    says(
        &page(second.difference(&first).next().unwrap()),
        &[
            "Nothing was sent.",
            "No file matches",
            "Operator Ask who makes the export",
        ],
    );
}

#[test]
fn a_jobs_runs_are_bars_and_this_export_stands_beside_the_last_good_one() {
    let dir = house("");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(10));
    night(&dir, &server).finish().expect_exit(0);
    let index = dir.read("reports/accounts/index.html");
    assert!(index.contains("There is no good run before this one to compare with."));
    // Runs of earlier times: one whole, one broken, one without anything.
    let earlier = |name: &str, summary: Option<&str>| {
        let folder = dir.path(&format!("reports/accounts/{name}"));
        std::fs::create_dir(&folder).unwrap();
        if let Some(summary) = summary {
            std::fs::write(folder.join("summary.json"), summary).unwrap();
            std::fs::write(folder.join("report.html"), "<p>").unwrap();
        }
    };
    let config = dir
        .read("partner-sync.toml")
        .replace("keep = 2", "keep = 40");
    dir.write("partner-sync.toml", config);
    earlier(
        "20260101T020000Z-00000001",
        Some(r#"{"rows":7,"created":7,"exit":3,"stopped":"/srv/x/night.csv is <b>old</b>"}"#),
    );
    earlier("20260102T020000Z-00000002", Some("{\"rows\":"));
    earlier("20260103T020000Z-00000003", None);
    dir.write(
        "exports/a-2.csv",
        export((1..=12).map(|i| (i, "Not Started")))
            .replace("2026-03-04", ",")
            .replace("Signed", "Signed,Fax"),
    );
    night(&dir, &server).finish().expect_exit(1);
    let index = dir.read("reports/accounts/index.html");
    for words in [
        "The last 5 runs",
        "1 Jan 2026, 02:00 UTC</a>",
        "href=\"20260101T020000Z-00000001&#x2f;report.html\"",
        "night.csv is &lt;b&gt;old&lt;",
        "its report is missing",
        "1 new column: Fax.",
        "title=\"organization.signOnDate\">Sign-on date filled",
        "100 points less",
        "2 more",
    ] {
        let either = words.replace("&#x2f;", "/");
        assert!(
            index.contains(words) || index.contains(&either),
            "{words} in\n{index}"
        );
    }
    assert!(!index.contains("/srv/"));
    let all = dir.read("reports/index.html");
    assert!(all.contains("accounts&#x2f;index.html") || all.contains("accounts/index.html"));
}

#[test]
fn the_table_of_columns_names_the_column_of_a_rest_and_the_word_of_a_number() {
    let dir = Workdir::new();
    dir.write(
        "m.toml",
        "name = \"pages\"\nkey = \"Id\"\n[source]\nphone_region = \"US\"\n[organization]\nbusinessName = \"Name\"\nonBoardingStatus = \"Stage\"\n[[organization.phoneNumbers]]\nphoneNumber = \"Tel\"\n",
    );
    dir.write(
        "e.csv",
        "Id,Name,Stage,Tel\n1,One,welcome call,(208) 555-0142 x84\n",
    );
    dir.run(&["check", "e.csv", "-m", "m.toml", "--report", "out"])
        .finish()
        .expect_exit(0);
    let page = std::fs::read_to_string(dir.path("out/report.html")).unwrap();
    let line = |field: &str| {
        let title = format!("title=\"{field}\"");
        page.split("<tr ")
            .find(|line| line.contains(&title))
            .unwrap()
    };
    let extension = line("organization.phoneNumbers[0].extension");
    for says in ["data-column=\"Tel\"", ">84<"] {
        assert!(extension.contains(says), "{extension}");
    }
    let stage = line("organization.onBoardingStatus");
    assert!(stage.contains(">2 (Welcome Call)<"), "{stage}");
    assert!(!page.contains("made by a template"));
}
