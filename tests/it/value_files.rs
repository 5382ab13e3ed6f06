use crate::support::{Server, Workdir, text};

const MAPPING: &str = r#"name = "m"
key = "Id"
[organization]
businessName = "Name"
type = { column = "Kind", lookup = { file = "lists/types.csv", from = "Name", to = "Id" }, map = { "own" = "99" } }
"#;

fn world(types: impl AsRef<[u8]>) -> Workdir {
    let dir = Workdir::new();
    std::fs::create_dir_all(dir.path("maps/lists")).unwrap();
    dir.write("maps/m.toml", MAPPING);
    dir.write("maps/lists/types.csv", types);
    dir.write(
        "e.csv",
        "Id,Name,Kind\n1,A,Hospital\n2,B,hospital\n3,C,Hospitl\n4,D,own\n5,E,Hospitl\n6,F,\n",
    );
    dir
}

const TYPES: &str = "Id,Name\n10,Hospital\n11,Clinic\n12,\n,Nothing\n";

fn sent(server: &Server) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = (server.partners().iter())
        .map(|p| (text(p, "/party/legacyIdentifier"), text(p, "/type")))
        .collect();
    all.sort();
    all
}

#[test]
fn words_become_what_the_file_says_and_missing_ones_are_errors() {
    let dir = world(TYPES);
    let server = Server::start(&dir, &[]);
    let run = [
        "import",
        "e.csv",
        "-m",
        "maps/m.toml",
        "--yes",
        "--report",
        "r",
    ];
    dir.run(&run).at(&server).finish().expect_exit(1);
    let known = [("1", "10"), ("2", "10"), ("4", "99"), ("6", "")];
    let known: Vec<_> = (known.iter())
        .map(|(k, t)| (k.to_string(), t.to_string()))
        .collect();
    assert_eq!(sent(&server), known);
    let problems = dir.read("r/problems.csv");
    assert!(problems.contains("lookup.missed"), "{problems}");
    assert!(
        problems.contains("The value is not in the lookup file lists/types.csv."),
        "{problems}"
    );
    assert!(
        problems.contains("Did you mean \"\"Hospital\"\"?"),
        "{problems}"
    );
    // One distinct value, with the two rows that have it.
    let page = dir.read("r/report.html");
    assert!(page.contains("lookup.missed"));
    assert!(page.contains("Hospitl"));
    // A word that is put into the file is known from then on.
    dir.write("maps/lists/types.csv", format!("{TYPES}13,Hospitl\n"));
    dir.run(&run).at(&server).finish().expect_exit(0);
    assert_eq!(server.partners().len(), 6);
}

#[test]
fn a_workbook_and_other_encodings_are_read_as_exports_are() {
    let dir = world(
        "Id;Name\n10;Caf\u{e9}\n"
            .chars()
            .map(|c| c as u8)
            .collect::<Vec<u8>>(),
    );
    dir.write("e.csv", "Id,Name,Kind\n1,A,Café\n");
    dir.run(&["check", "e.csv", "-m", "maps/m.toml"])
        .finish()
        .expect_exit(0);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, (id, name)) in [("Id", "Name"), ("0010", "Café")].into_iter().enumerate() {
        let row = u32::try_from(row).unwrap();
        sheet.write(row, 0, id).unwrap();
        sheet.write(row, 1, name).unwrap();
    }
    book.save(dir.path("maps/lists/types.xlsx")).unwrap();
    dir.write("maps/m.toml", MAPPING.replace("types.csv", "types.xlsx"));
    let server = Server::start(&dir, &[]);
    let run = ["import", "e.csv", "-m", "maps/m.toml", "--yes"];
    dir.run(&run).at(&server).finish().expect_exit(0);
    assert_eq!(sent(&server), [("1".to_owned(), "0010".to_owned())]);
}

#[test]
fn what_is_wrong_with_the_file_names_file_and_rows() {
    let cases: &[(&str, &str)] = &[
        (
            "Id,Name\n10,Hospital\n11,Clinic\n12,Hospital\n",
            "\"Hospital\" stands in rows 2 and 4 with different values of \"Id\"",
        ),
        ("Id,Nam\n10,Hospital\n", "has no column \"Name\""),
        (
            "Id,Name\n,Hospital\n",
            "has no row with both \"Name\" and \"Id\"",
        ),
        ("Id,Name\n10,\"Hospital\n", "lists/types.csv, row 2"),
        (
            "Id,Name\n1\u{7}0,Hospital\n",
            "lists/types.csv, row 2: The value contains the control character U+0007.",
        ),
        (
            "Id,Name\nNULL,Hospital\n#N/A,Clinic\n",
            "has no row with both",
        ),
    ];
    for (types, expected) in cases {
        let dir = world(types);
        for command in ["check", "config"] {
            let arguments = match command {
                "check" => vec!["check", "e.csv", "-m", "maps/m.toml"],
                _ => vec!["doctor", "--sandbox", "-m", "maps/m.toml"],
            };
            let refused = dir.run(&arguments).finish().expect_exit(2);
            let all = format!("{}{}", refused.stdout, refused.stderr);
            // A table of doctor breaks long lines.
            let flat = all.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                command != "check" || flat.contains(expected),
                "{expected}\n{all}"
            );
        }
    }
    let dir = world(TYPES);
    std::fs::remove_file(dir.path("maps/lists/types.csv")).unwrap();
    let check = ["check", "e.csv", "-m", "maps/m.toml"];
    let gone = dir.run(&check).finish().expect_exit(2);
    assert!(
        gone.stderr.contains("cannot open the lookup file"),
        "{}",
        gone.stderr
    );
    assert!(gone.stderr.contains("maps/m.toml:5:"), "{}", gone.stderr);
    // A target that the field does not take is told with its row, before anything is sent.
    let uuid = MAPPING.replace("type =", "vendorProfileIds =");
    let dir = world(TYPES);
    dir.write("maps/m.toml", uuid);
    let wrong = dir.run(&check).finish().expect_exit(2);
    assert!(
        wrong
            .stderr
            .contains("lists/types.csv, row 2: the constant \"10\""),
        "{}",
        wrong.stderr
    );
}

/// The same word twice with one target is no contradiction; words that differ in case alone are each their own.
#[test]
fn an_honest_file_is_not_refused() {
    let dir = world("Id,Name\n10,Hospital\n10,Hospital\n11,ab\n12,AB\n");
    dir.write("e.csv", "Id,Name,Kind\n1,A,ab\n2,B,AB\n3,C,Ab\n");
    let server = Server::start(&dir, &[]);
    let run = ["import", "e.csv", "-m", "maps/m.toml", "--yes"];
    let ended = dir.run(&run).at(&server).finish().expect_exit(1);
    let all = [("1", "11"), ("2", "12")].map(|(k, t)| (k.to_owned(), t.to_owned()));
    assert_eq!(sent(&server), all);
    assert!(ended.stderr.contains("lookup.missed") || ended.stdout.contains("lookup.missed"));
}

#[test]
fn a_sealed_plan_rests_on_its_lookup_files() {
    let dir = world(TYPES.replace("12,", "12,Hospitl"));
    let server = Server::start(&dir, &[]);
    let dry = [
        "import",
        "e.csv",
        "-m",
        "maps/m.toml",
        "--dry-run",
        "--plan-out",
        "plan.json",
    ];
    dir.run(&dry).at(&server).finish().expect_exit(0);
    let types = dir.read("maps/lists/types.csv");
    dir.write("maps/lists/types.csv", types.replace("10,", "77,"));
    let by_plan = ["import", "--plan", "plan.json", "--yes"];
    let refused = dir.run(&by_plan).at(&server).finish();
    assert!(
        refused.stderr.contains("the lookup file"),
        "{}",
        refused.stderr
    );
    assert_eq!(server.partners().len(), 0);
    dir.write("maps/lists/types.csv", types);
    dir.run(&by_plan).at(&server).finish().expect_exit(0);
    assert_eq!(server.partners().len(), 6);
}
