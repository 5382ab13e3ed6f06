//! The workbench makes tests of rows, runs them at each change, and writes no bank data into them.

use crate::support::Workdir;
use crate::workbench::{Workbench, token};

const EXPORT: &str = "Id,Name,Stage,Signed,Account,ABA,Memo,SSN\n\
A-1,Acme,Completed,2026-03-04,000123456789,021000021,paid by 000123456789,123-45-6789\n\
A-2,Birch,Kick-off,31/31/2026,,,plain,\n\
A-3,Cedar,Completed,03/04/2026,,,,\n\
A-4,Dune,Completed,25/04/2026,,,,\n";
const MAPPING: &str = "# ours\nname = \"m\"\nkey = \"Id\"   # the number\n\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\nonBoardingStatus = { column = \"Stage\", map = { \"Kick-off\" = \"Welcome Call\" } }\ndisplayName = \"Memo\"\n\n[vendorAccount.bankAccount]\naccountNumber = \"Account\"\nroutingNumber = \"ABA\"\n";
const SECRETS: [&str; 4] = ["000123456789", "123456789", "021000021", "123-45-6789"];

/// A workbench whose page somebody looks at.
struct Seen {
    bench: Workbench,
    cookie: String,
}

impl Seen {
    fn open(dir: &Workdir, arguments: &[&str]) -> Self {
        let bench = Workbench::start(dir, arguments);
        let cookie = bench.enter();
        Self { bench, cookie }
    }

    /// The page when the file and the tests are checked.
    fn page(&self) -> String {
        let mut page = String::new();
        crate::support::wait_until("the file is checked", || {
            page = self.bench.page(&self.cookie).body;
            page.contains("data-checking=\"false\"")
        });
        page
    }

    fn post(&self, path: &str, form: &str) -> String {
        let page = self.page();
        let form = format!("token={}&{form}", token(&page));
        assert_eq!(self.bench.post(&self.cookie, path, &form).status, 303);
        self.page()
    }

    /// The form of a test's button, by the number that its id ends in.
    fn version(&self) -> String {
        let page = self.page();
        let tests = page.split("id=\"tests\"").nth(1).expect("tests");
        let version = tests.split("name=\"version\" value=\"").nth(1).unwrap();
        version.split('"').next().unwrap().to_owned()
    }
}

fn dir() -> Workdir {
    let dir = Workdir::new();
    dir.write("export.csv", EXPORT);
    dir.write("m.toml", MAPPING);
    dir
}

#[test]
fn a_row_becomes_a_test_without_bank_data() {
    let dir = dir();
    let seen = Seen::open(&dir, &["export.csv", "-m", "m.toml"]);
    let page = seen.page();
    assert!(
        page.contains("aria-label=\"Make a test of row 2\""),
        "{page}"
    );
    let page = seen.post("test", "at=2");
    assert!(
        page.contains("A test of row 2 is added to the mapping: it expects that the row is sent as it is sent now. Bank data of the row is left out of it."),
        "{page}"
    );
    assert!(page.contains("1 test, none fails"), "{page}");
    // A problem is kept as what it is.
    let page = seen.post("test", "at=3");
    assert!(
        page.contains("of row 3 is added to the mapping: it expects date.invalid."),
        "{page}"
    );
    assert!(page.contains("2 tests, none fails"), "{page}");
    let foot = page.split("id=\"foot\"").nth(1).unwrap();
    for secret in SECRETS {
        assert!(!foot.contains(secret), "{secret} in {foot}");
    }
    let page = seen.post("test", "at=3");
    assert!(page.contains("has a test of this row already"), "{page}");
    seen.post("save", "");
    let saved = dir.read("m.toml");
    assert!(saved.starts_with(MAPPING), "comments stay: {saved}");
    assert!(
        saved.contains("name = 'row 2 of export.csv'")
            || saved.contains("name = \"row 2 of export.csv\""),
        "{saved}"
    );
    for secret in SECRETS {
        assert!(!saved.contains(secret), "{secret} in {saved}");
    }
    assert!(
        !saved.contains("SSN") && !saved.contains("paid by"),
        "{saved}"
    );
    let tried = dir.run(&["test", "m.toml"]).finish().expect_exit(0);
    assert!(
        tried.stdout.contains("2 tests, none failed."),
        "{}",
        tried.stdout
    );
}

#[test]
fn a_change_shows_which_tests_fail_and_where_and_undo_takes_a_test_away() {
    let dir = dir();
    let seen = Seen::open(&dir, &["export.csv", "-m", "m.toml"]);
    seen.post("test", "at=2");
    let page = seen.post(
        "change",
        "do=more&field=organization.businessName&transforms=upper&required=on",
    );
    assert!(page.contains("1 of 1 test fails"), "{page}");
    // The tick stands there for what the field itself requires.
    assert!(!page.contains("required = true"), "{page}");
    let tests = page.split("id=\"tests\"").nth(1).unwrap();
    let tests = tests.split("</section>").next().unwrap();
    for words in [
        "<b>row 2 of export.csv</b> fails",
        "&quot;Acme&quot;",
        "&quot;ACME&quot;",
        "href=\"./?column=1\"",
        ">Business name</a>",
    ] {
        assert!(tests.contains(words), "{words}: {tests}");
    }
    // The test is changed in its place, by what is now.
    let version = seen.version();
    let page = seen.post("test", &format!("again=0&version={version}"));
    assert!(page.contains("1 test, none fails"), "{page}");
    assert!(
        page.contains("The test now expects that the row is sent"),
        "{page}"
    );
    // A number of an older page is no number any more.
    let page = seen.post("change", &format!("do=untest&test=0&version={version}"));
    assert!(
        page.contains("The page is older than the mapping"),
        "{page}"
    );
    assert!(page.contains("1 test, none fails"), "{page}");
    let version = seen.version();
    let page = seen.post("change", &format!("do=untest&test=0&version={version}"));
    assert!(!page.contains("id=\"tests\""), "{page}");
    let page = seen.post("undo", "");
    assert!(page.contains("1 test, none fails"), "{page}");
    for _ in 0..3 {
        seen.post("undo", "");
    }
    let page = seen.page();
    assert!(
        !page.contains("id=\"tests\"") && page.contains(">saved"),
        "{page}"
    );
    assert_eq!(dir.read("m.toml"), MAPPING);
}

#[test]
fn what_a_row_alone_cannot_say_and_what_is_not_shown_becomes_no_test() {
    let dir = dir();
    let long = format!("A-5,Elm,Completed,26/04/2026,,,{},\n", "x".repeat(30_000));
    dir.write("export.csv", format!("{EXPORT}{long}"));
    let seen = Seen::open(&dir, &["export.csv", "-m", "m.toml"]);
    // In the file its column decides; alone it is ambiguous.
    let page = seen.post("test", "at=4");
    assert!(page.contains("Choose the order of dates"), "{page}");
    // 6 has a cell that is no part of a mapping that people read.
    for at in ["99", "", "x", "2:Sheet9", "-1", "1", "6"] {
        let page = seen.post("test", &format!("at={at}"));
        assert!(page.contains("class=\"notice refused\""), "{at}: {page}");
        assert!(!page.contains("id=\"tests\""), "{at}");
    }
    let closed = Seen::open(&dir, &["export.csv", "-m", "m.toml", "--no-source-values"]);
    let page = closed.page();
    assert!(!page.contains("Make a test"), "{page}");
    let page = closed.post("test", "at=2");
    assert!(page.contains("--no-source-values"), "{page}");
    assert!(!page.contains("Acme"), "{page}");
    // Another export under the same name: its rows are others than those that the page showed.
    dir.write("export.csv", EXPORT.replace("Acme", "Zebra"));
    let page = seen.post("test", "at=2");
    assert!(page.contains("class=\"notice refused\""), "{page}");
    assert!(!page.contains("Zebra"), "{page}");
}

#[test]
fn the_rows_with_problems_are_a_workbook_for_whoever_sees_the_page() {
    let dir = dir();
    let seen = Seen::open(&dir, &["export.csv", "-m", "m.toml"]);
    let page = seen.page();
    assert!(page.contains("href=\"report.xlsx\""), "{page}");
    let path = format!("{}report.xlsx", seen.bench.folder);
    assert_eq!(seen.bench.get(&path, "").status, 403);
    let cookie = format!("Cookie: {}\r\n", seen.cookie);
    let made = seen.bench.get(&path, &cookie);
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.starts_with("PK"));
    for header in [
        "content-disposition: attachment; filename=\"report.xlsx\"",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(made.head.contains(header), "{header}: {}", made.head);
    }
    let mut names: Vec<_> = std::fs::read_dir(dir.path(""))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["export.csv", "m.toml"]);
    let closed = Seen::open(&dir, &["export.csv", "-m", "m.toml", "--no-source-values"]);
    assert!(!closed.page().contains("report.xlsx"));
    let path = format!("{}report.xlsx", closed.bench.folder);
    let none = closed
        .bench
        .get(&path, &format!("Cookie: {}\r\n", closed.cookie));
    assert_eq!(none.status, 404);
    assert!(none.body.contains("--no-source-values"), "{}", none.body);
}
