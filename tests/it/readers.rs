use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Server, Workdir};

const MAPPING: &str = "name = \"dates\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What `check` says first: encoding, delimiter, header and the order of dates, each with its evidence and
/// the setting that changes it.
#[test]
fn check_begins_with_what_it_detected() {
    let dir = Workdir::new();
    let mut text = "Id;Name;Signed;Note;Note\r\n".to_owned();
    for i in 0..1500 {
        let signed = if i % 3 == 0 {
            "13/04/2026"
        } else {
            "03/04/2026"
        };
        text.push_str(&format!("K-{i};Company {i};{signed};;\r\n"));
    }
    let mut bytes = text.into_bytes();
    bytes.extend(b"K-X;Caf\xe9 M\xfcller;05/04/2026;;\r\n");
    dir.write("e.csv", bytes);
    dir.write("m.toml", MAPPING);
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn an_export_may_be_packed_or_piped() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let table = b"Id,Name,Signed\nA,Alpha,2026-03-04\nB,Beta,2026-03-05\n";
    dir.write("m.toml", MAPPING);
    dir.write("e.csv.gz", gzip(table));
    let run = dir
        .run(&["import", "e.csv.gz", "-m", "m.toml"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert!(
        run.stderr.contains("note: gzip was unpacked"),
        "{}",
        run.stderr
    );
    assert_eq!(server.partners().len(), 2);

    // The same rows from a pipe are the same partners.
    let mut child = dir
        .run(&["import", "-", "-m", "m.toml", "--json"])
        .at(&server)
        .stdin(Stdio::piped())
        .start();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(table).unwrap();
    stdin.write_all(b"C,Gamma,2026-03-06\n").unwrap();
    drop(stdin);
    let run = crate::support::Finished::of(child.wait_with_output().unwrap()).expect_exit(0);
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (summary["created"].as_u64(), summary["skipped"].as_u64()),
        (Some(1), Some(2))
    );
    assert!(run.stderr.contains("standard input"), "{}", run.stderr);
}

#[test]
fn a_footer_is_no_partner() {
    let dir = Workdir::new();
    dir.write(
        "e.csv",
        "\"Id\",\"Name\",\"Signed\"\n\"A\",\"Alpha\",\"2026-03-04\"\n\n\n\"Partner report\"\n\"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.\"\n",
    );
    dir.write("m.toml", MAPPING);
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
    assert!(
        run.stderr.contains(
            "note: rows 5 to 6 at the end are a footer and are not imported: \"Partner report\""
        ),
        "{}",
        run.stderr
    );
}

/// Each kind of value, as its field takes it or refuses it.
#[test]
fn values_of_every_kind_become_what_the_api_takes() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write(
        "e.csv",
        "Id,Name,Signed,State,Zip,Country,Phone,Zone\n\
         1,Alpha,4. März 2026,Massachusetts,2139,USA,(619) 555-0134 x12,Eastern Time (US & Canada)\n\
         2,Beta,2026-03-04,Georgia,0105,Georgia,030 123456,W. Europe Standard Time\n\
         3,Gamma,2026-03-04,NSW,2000,Australia,+61 2 9374 4000,Australia/Sydney\n",
    );
    dir.write(
        "m.toml",
        "name = \"kinds\"\nkey = \"Id\"\n[source]\nlocale = \"de\"\nphone_region = \"US\"\n[organization]\nbusinessName = \"Name\"\n\
         signOnDate = \"Signed\"\ntimezoneId = \"Zone\"\n[[organization.addresses]]\nstateProvinceCode = \"State\"\npostalCode = \"Zip\"\n\
         countryCode = \"Country\"\n[[organization.phoneNumbers]]\nphoneNumber = \"Phone\"\n",
    );
    dir.run(&["import", "e.csv", "-m", "m.toml", "--report", "out"])
        .at(&server)
        .finish()
        .expect_exit(0);
    let bodies: Vec<String> = server.partners().iter().map(ToString::to_string).collect();
    for expected in [
        "2026-03-04",
        "\"MA\"",
        "02139",
        "+16195550134",
        "\"12\"",
        "America/New_York",
        "\"Georgia\"",
        "\"GE\"",
        "030 123456",
        "Europe/Berlin",
        "+61293744000",
    ] {
        assert!(
            bodies.iter().any(|b| b.contains(expected)),
            "{expected}: {bodies:?}"
        );
    }
    insta::assert_snapshot!(dir.read("out/problems.csv"));
}

/// A cell of many megabytes is its row's problem, and a record of more than sixteen the file's.
#[test]
fn a_giant_cell_is_told_and_a_giant_record_refused() {
    let dir = Workdir::new();
    dir.write("m.toml", MAPPING);
    let giant = "x".repeat(5 * 1024 * 1024);
    dir.write(
        "e.csv",
        format!("Id,Name,Signed\nA,{giant},2026-03-04\nB,Beta,2026-03-04\n"),
    );
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--json"])
        .finish()
        .expect_exit(1);
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (summary["valid"].as_u64(), summary["invalid"].as_u64()),
        (Some(1), Some(1))
    );
    assert!(
        run.stdout.len() < 2000 && run.stdout.contains("text.too_long"),
        "{}",
        run.stdout
    );
    dir.write("e.csv", format!("Id,Name,Signed\nA,\"{}", giant.repeat(4)));
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(2);
    assert!(
        run.stderr
            .contains("row 2: the record is longer than 16 MiB. A quote is probably not closed"),
        "{}",
        run.stderr
    );
}
