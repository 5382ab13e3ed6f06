//! The workbench: a lookup file is chosen beside the mapping, with its columns, and what is found in it is counted.

use crate::support::{Workdir, wait_until};
use crate::workbench::{Workbench, token};

const MAPPING: &str = "# ours\nname = \"m\"\nkey = \"Id\"\n\n[organization]\nbusinessName = \"Name\"   # legal\nhcoXrefId = \"Kind\"   # by number\n";

fn dir() -> Workdir {
    let dir = Workdir::new();
    let rows = (1..=12).map(|n| {
        let kind = ["Retail", "wholesale", "Clinic", "Kiosk"][n % 4];
        format!("A-{n},Name {n},{kind}\n")
    });
    dir.write(
        "export.csv",
        format!("Id,Name,Kind\n{}", rows.collect::<String>()),
    );
    dir.write("m.toml", MAPPING);
    // Semicolons and Windows-1252, as a spreadsheet in Europe writes it.
    dir.write(
        "types.csv",
        b"Kind;Code\nRetail;R-1\nWholesale;W-2\nClinic;C-3\nCaf\xe9;K-4\n",
    );
    dir
}

struct Seen {
    bench: Workbench,
    cookie: String,
}

impl Seen {
    fn open(dir: &Workdir) -> Self {
        let bench = Workbench::start(dir, &["export.csv", "-m", "m.toml"]);
        let cookie = bench.enter();
        Self { bench, cookie }
    }

    /// The page of the column, when the file is checked.
    fn page(&self) -> String {
        let mut page = String::new();
        wait_until("the file is checked", || {
            let path = format!("{}?column=2", self.bench.folder);
            let cookie = format!("Cookie: {}\r\n", self.cookie);
            page = self.bench.get(&path, &cookie).body;
            page.contains("data-checking=\"false\"")
        });
        page
    }

    fn change(&self, pairs: &[(&str, &str)]) -> String {
        let page = self.page();
        let mut form = form_urlencoded::Serializer::new(format!("token={}", token(&page)));
        form.append_pair("field", "organization.hcoXrefId");
        form.extend_pairs(pairs);
        let form = form.finish();
        assert_eq!(self.bench.post(&self.cookie, "change", &form).status, 303);
        self.page()
    }

    fn stamp(&self) -> String {
        let page = self.page();
        let stamp = page.split("name=\"seen\" value=\"").nth(1).expect("a file");
        stamp.split('"').next().unwrap().to_owned()
    }

    fn save(&self) {
        let form = format!("token={}", token(&self.page()));
        assert_eq!(self.bench.post(&self.cookie, "save", &form).status, 303);
    }
}

#[test]
fn a_table_beside_the_mapping_is_chosen_and_its_words_are_counted() {
    let dir = dir();
    let seen = Seen::open(&dir);
    let page = seen.page();
    assert!(
        page.contains("<option value=\"types.csv\">types.csv</option>"),
        "{page}"
    );
    assert!(!page.contains("<option value=\"export.csv\">"), "{page}");
    let page = seen.change(&[("do", "lookup"), ("file", "types.csv")]);
    assert!(
        page.contains("are looked up in “Kind” of types.csv"),
        "{page}"
    );
    assert!(
        page.contains("3 of 4 different words are in it (9 of 12 rows). 1 is not in it (3 rows)."),
        "{page}"
    );
    assert!(
        page.contains("<span class=\"value\">Kiosk</span> × 3"),
        "{page}"
    );
    assert!(
        page.contains("9 of 12 rows can be sent, 3 cannot"),
        "{page}"
    );
    // What is to become of the others.
    let page = seen.change(&[("do", "missing"), ("missing", "leave_out"), ("default", "")]);
    assert!(
        page.contains("All 12 rows can be sent, 3 warnings"),
        "{page}"
    );
    let page = seen.change(&[("do", "missing"), ("missing", "send"), ("default", "")]);
    assert!(page.contains("Type the value"), "{page}");
    let page = seen.change(&[("do", "missing"), ("missing", "send"), ("default", "X-0")]);
    assert!(page.contains("<span class=\"value\">X-0</span>"), "{page}");
    seen.change(&[("do", "missing"), ("missing", "error"), ("default", "X-0")]);
    seen.save();
    let saved = dir.read("m.toml");
    let line = "hcoXrefId = { column = \"Kind\", lookup = { file = \"types.csv\", from = \"Kind\", to = \"Code\" } }   # by number\n";
    assert_eq!(
        saved
            .replace(line, "hcoXrefId = \"Kind\"   # by number\n")
            .trim_end(),
        MAPPING.trim_end()
    );
    dir.run(&["check", "export.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(1);
    // And away again.
    let page = seen.change(&[("do", "lookup"), ("file", "")]);
    assert!(page.contains("not looked up in a file any more"), "{page}");
    assert!(page.contains("All 12 rows can be sent"), "{page}");
}

#[test]
fn a_table_of_more_columns_asks_which_are_meant() {
    let dir = dir();
    dir.write(
        "codes.csv",
        "No,Label,Code\n1,Retail,R-1\n2,Wholesale,W-2\n3,Clinic,C-3\n4,Kiosk,K-4\n",
    );
    let seen = Seen::open(&dir);
    let page = seen.change(&[("do", "lookup"), ("file", "codes.csv")]);
    assert!(
        page.contains("<b>To decide:</b> are words looked up in &quot;Label&quot; of codes.csv"),
        "{page}"
    );
    let stamp = seen.stamp();
    let page = seen.change(&[
        ("do", "lookup"),
        ("file", "codes.csv"),
        ("seen", &stamp),
        ("from", "Label"),
        ("to", "Code"),
    ]);
    assert!(!page.contains("<b>To decide:</b>"), "{page}");
    assert!(
        page.contains("4 of 4 different words are in it (12 of 12 rows)."),
        "{page}"
    );
    let page = seen.change(&[
        ("do", "lookup"),
        ("file", "codes.csv"),
        ("seen", &stamp),
        ("from", "Label"),
        ("to", "Label"),
    ]);
    assert!(page.contains("Choose two different columns"), "{page}");
    let page = seen.change(&[
        ("do", "lookup"),
        ("file", "codes.csv"),
        ("seen", &stamp),
        ("from", "Gone"),
        ("to", "Code"),
    ]);
    assert!(
        page.contains("cannot be used so") && page.contains("has no column &quot;Gone&quot;"),
        "{page}"
    );
    assert!(
        page.contains("4 of 4 different words"),
        "the mapping stays: {page}"
    );
    seen.save();
    dir.run(&["check", "export.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
}

#[test]
fn a_path_outside_and_a_file_that_changed_meanwhile_are_refused() {
    let dir = dir();
    std::fs::create_dir(dir.path("in")).unwrap();
    for name in ["export.csv", "m.toml"] {
        std::fs::rename(dir.path(name), dir.path(&format!("in/{name}"))).unwrap();
    }
    let outside = dir.path("types.csv").display().to_string();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, dir.path("in/link.csv")).unwrap();
    let bench = Workbench::start(&dir, &["in/export.csv", "-m", "in/m.toml"]);
    let cookie = bench.enter();
    let seen = Seen { bench, cookie };
    assert!(!seen.page().contains("link.csv"));
    for file in [
        "../types.csv",
        "link.csv",
        &outside,
        "..",
        "none.csv",
        "in/../../types.csv",
    ] {
        let page = seen.change(&[("do", "lookup"), ("file", file)]);
        assert!(
            page.contains("is not a file beside the mapping"),
            "{file}: {page}"
        );
        assert!(!page.contains("R-1"), "{file}");
        assert!(page.contains(">saved"), "{file}: {page}");
    }
    let table = "Kind,Code\nRetail,R-1\n";
    dir.write("in/types.csv", table);
    seen.change(&[("do", "lookup"), ("file", "types.csv")]);
    let (stamp, page) = (seen.stamp(), seen.page());
    // Sent from a page that was made before the file was written again.
    dir.write("in/types.csv", format!("{table}Kiosk,K-4\n"));
    let mut form = form_urlencoded::Serializer::new(format!("token={}", token(&page)));
    form.append_pair("field", "organization.hcoXrefId");
    form.extend_pairs([
        ("do", "lookup"),
        ("file", "types.csv"),
        ("seen", &*stamp),
        ("from", "Code"),
        ("to", "Kind"),
    ]);
    let answer = seen.bench.post(&seen.cookie, "change", &form.finish());
    assert_eq!(answer.status, 303);
    let page = seen.page();
    assert!(page.contains("changed on the disk"), "{page}");
    let kept = "from = &quot;Kind&quot;, to = &quot;Code&quot;";
    assert!(page.contains(kept), "{page}");
    // Bad ones do not become part of the mapping.
    dir.write("in/twice.csv", "Kind,Code\nRetail,R-1\nRetail,R-2\n");
    dir.write("in/one.csv", "Kind\nRetail\n");
    let undone = format!("token={}", token(&page));
    seen.bench.post(&seen.cookie, "undo", &undone);
    for (file, words) in [
        ("twice.csv", "stands in rows 2 and 3"),
        ("one.csv", "has one column"),
    ] {
        let page = seen.change(&[("do", "lookup"), ("file", file)]);
        assert!(page.contains(words), "{file}: {page}");
        assert!(page.contains(">saved"), "{file}: {page}");
    }
}

#[test]
fn a_table_that_is_written_again_is_read_again() {
    let dir = dir();
    let seen = Seen::open(&dir);
    let page = seen.change(&[("do", "lookup"), ("file", "types.csv")]);
    assert!(page.contains("9 of 12 rows can be sent"), "{page}");
    dir.write(
        "types.csv",
        "Kind;Code\nRetail;R-1\nWholesale;W-2\nClinic;C-3\nKiosk;K-4\n",
    );
    let page = seen.page();
    let page = if page.contains("All 12 rows") {
        page
    } else {
        seen.page()
    };
    assert!(
        page.contains("types.csv changed on the disk, so it was read again."),
        "{page}"
    );
    assert!(page.contains("All 12 rows can be sent"), "{page}");
}
