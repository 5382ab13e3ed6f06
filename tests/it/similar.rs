use crate::support::{Server, Workdir};

const MAPPING: &str = "\
name = \"similar\"
key = \"Id\"
[source]
phone_region = \"US\"
[organization]
businessName = \"Name\"
parentId = { partner = \"Parent\" }
[[organization.addresses]]
postalCode = \"Zip\"
[[organization.phoneNumbers]]
phoneNumber = \"Phone\"
[vendorAccount]
email = \"Mail\"
";

const HEADER: &str = "Id,Name,Parent,Zip,Phone,Mail\n";

fn folder(rows: &str) -> Workdir {
    let dir = Workdir::new();
    dir.write("e.csv", format!("{HEADER}{rows}"));
    dir.write("m.toml", MAPPING);
    dir
}

/// The messages about similar rows, each once, and on how many rows.
fn messages(dir: &Workdir) -> Vec<(String, usize)> {
    let problems = dir.read("out/problems.jsonl");
    let mut found: Vec<(String, usize)> = Vec::new();
    for line in problems.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["code"] != "row.similar" {
            continue;
        }
        assert_eq!(
            (&line["severity"], &line["column"]),
            (&"warning".into(), &"Name".into())
        );
        let message = line["message"].as_str().unwrap().to_owned();
        match found.iter_mut().find(|(known, _)| *known == message) {
            Some((_, rows)) => *rows += 1,
            None => found.push((message, 1)),
        }
    }
    found
}

fn check(dir: &Workdir, files: &[&str]) -> String {
    let args = [
        &["check"],
        files,
        &["-m", "m.toml", "--report", "out", "--max-errors", "0"],
    ];
    dir.run(&args.concat()).finish().expect_exit(0).stdout
}

#[test]
fn one_partner_under_two_keys_is_reported_with_what_the_rows_share() {
    let dir = folder(
        "1,\"Acme, Inc.\",,92075,(619) 555-0142,info@acme.com\n\
         2,Beta LLC,,73301,512-555-0143,\n\
         3,ACME,,02108,+1 619 555 0142,\n\
         4,Müller GmbH,,98101,,post@mueller.de\n\
         5,Mueller GmbH & Co. KG,,10001,,POST@MUELLER.DE\n\
         6,Gamma,,60601,,\n\
         7,\"GAMMA, Ltd.\",,60601-1234,,\n\
         8,Gamma,,60602,,\n",
    );
    let said = check(&dir, &["e.csv"]);
    assert!(said.contains("row.similar"), "{said}");
    assert_eq!(
        messages(&dir),
        [
            (
                "Rows 2 and 4 have the same business name and the same phone number.",
                2
            ),
            (
                "Rows 5 and 6 have the same business name and the same e-mail address.",
                2
            ),
            (
                "Rows 7 and 8 have the same business name and the same postal code.",
                2
            ),
        ]
        .map(|(message, rows)| (message.to_owned(), rows))
    );
    // The page has a line for each cluster, and names its rows.
    let page = dir.read("out/report.html");
    for words in [
        "Rows 2 and 4 have the same business name",
        "cell B2",
        "cell B4",
        "Acme, Inc.",
        "ACME",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

/// What is common in honest files.
#[test]
fn rows_that_only_look_alike_are_not_reported() {
    let dir = folder(
        "1,Acme,,92075,(619) 555-0142,\n\
         2,Acme East,,92075,(619) 555-0142,\n\
         3,Chain,,10001,(212) 555-0100,office@chain.com\n\
         4,Chain,,60601,(212) 555-0100,office@chain.com\n\
         5,Chain,,94105,(212) 555-0100,office@chain.com\n\
         6,Group,,73301,(512) 555-0100,\n\
         7,\"Group, Inc.\",6,73301,(512) 555-0100,\n\
         8,Delta,,98101,(000) 000-0000,info@example.com\n\
         9,Delta,,98103,(000) 000-0000,info@example.com\n\
         10,Unknown,,98101,,\n\
         11,Unknown,,98101,,\n",
    );
    check(&dir, &["e.csv"]);
    assert_eq!(messages(&dir), []);
}

#[test]
fn a_row_is_reported_for_one_reason() {
    let dir = folder(
        "1,Acme,,92075,,\n1,Acme,,92075,,\n2,Beta,,10001,,\n3,Beta,,10001,,\n4,\"Beta, Inc.\",,10001,,\n",
    );
    let args = ["check", "e.csv", "-m", "m.toml", "--report", "out"];
    dir.run(&args).finish().expect_exit(1);
    let problems = dir.read("out/problems.csv");
    assert_eq!(problems.matches("key.duplicate").count(), 2, "{problems}");
    assert_eq!(problems.matches("row.alike").count(), 2, "{problems}");
    assert_eq!(
        messages(&dir),
        [(
            "Rows 4 and 6 have the same business name and the same postal code.".to_owned(),
            2
        )]
    );
}

#[test]
fn hundreds_of_rows_are_one_warning() {
    let mut rows = String::new();
    for n in 0..300 {
        rows.push_str(&format!("{n},Acme,,92075,(619) 555-{n:04},\n"));
    }
    let dir = folder(&rows);
    check(&dir, &["e.csv"]);
    assert_eq!(
        messages(&dir),
        [(
            "Rows 2, 3, 4, 5, 6 and more (300 rows) have the same business name and the same postal code.".to_owned(),
            1
        )]
    );
}

#[test]
fn files_are_compared_with_each_other_and_a_mapping_can_say_no() {
    let dir = folder("1,Acme,,92075,,\n");
    dir.write("f.csv", format!("{HEADER}2,\"Acme, Inc.\",,92075,,\n"));
    check(&dir, &["e.csv", "f.csv"]);
    let told = messages(&dir);
    assert_eq!(told.len(), 1, "{told:?}");
    let words = "e.csv row 2 and f.csv row 2 have the same business name and the same postal code.";
    assert_eq!(told[0], (words.to_owned(), 2));
    dir.write(
        "m.toml",
        format!("{MAPPING}[validation]\nallow = [\"row.similar\"]\n"),
    );
    check(&dir, &["e.csv", "f.csv"]);
    assert_eq!(messages(&dir), []);
    dir.write(
        "m.toml",
        format!("{MAPPING}[validation]\ndeny = [\"row.similar\"]\n"),
    );
    let args = ["check", "e.csv", "f.csv", "-m", "m.toml", "--json"];
    assert_eq!(
        dir.run(&args)
            .finish()
            .expect_exit(1)
            .summary()
            .get("invalid"),
        2
    );
}

/// A warning stops nothing, and a repaired row is not compared with what the state knows.
#[test]
fn similar_rows_are_sent_and_rejects_are_not_compared_with_the_state() {
    let dir = folder(
        "1,Acme,,92075,,one@acme.com\n2,\"Acme, Inc.\",,92075,,not an address\n3,ACME,,92075,,\n",
    );
    let server = Server::start(&dir, &[]);
    let import = |file: &str| {
        dir.run(&["import", file, "-m", "m.toml", "--json", "--report", "out"])
            .at(&server)
            .finish()
    };
    let first = import("e.csv").expect_exit(1).summary();
    assert_eq!((first.get("created"), first.get("invalid")), (2, 1));
    assert_eq!(messages(&dir).len(), 1);
    let rejects = dir.read("out/rejects.csv");
    dir.write(
        "repaired.csv",
        rejects.replace("not an address", "two@acme.com"),
    );
    let second = import("repaired.csv").expect_exit(0).summary();
    assert_eq!(second.get("created"), 1);
    assert_eq!(messages(&dir), []);
}

/// The memory of a check does not grow with the rows that are likely one partner.
#[test]
fn of_very_many_similar_rows_the_first_are_compared_and_the_others_are_counted() {
    use std::fmt::Write as _;
    let mut rows = String::new();
    for n in 0..25_004 {
        for (key, form) in [("A", ""), ("B", " Ltd")] {
            writeln!(
                rows,
                "{key}-{n},Company {n}{form},,,,office{n}@company{n}.com"
            )
            .unwrap();
        }
    }
    let dir = folder(&rows);
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--report", "out"])
        .finish();
    let says = "of the rows that may be the same partner as another, 8 were not compared";
    assert!(run.stderr.contains(says), "{}", run.stderr);
    let reported: usize = messages(&dir).iter().map(|(_, rows)| rows).sum();
    assert_eq!(reported, 50_000);
}
