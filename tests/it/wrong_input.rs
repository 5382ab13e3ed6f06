use std::path::PathBuf;

use crate::support::{SIMPLE_MAPPING, Workdir};

/// Runs in a folder that has a good export and mapping; the message must hold all of `says`.
fn refused(dir: &Workdir, arguments: &[&str], says: &[&str]) {
    let run = dir.run(arguments).env("PARTNER_SYNC_TOKEN", "t").finish();
    assert_eq!(run.exit, 2, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "", "{arguments:?}");
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    let errors = run
        .stderr
        .lines()
        .filter(|l| l.starts_with("error:"))
        .count();
    assert_eq!(errors, 1, "{}", run.stderr);
    for word in says {
        assert!(
            run.stderr.contains(word),
            "{arguments:?} does not say \"{word}\":\n{}",
            run.stderr
        );
    }
}

fn good() -> Workdir {
    let dir = Workdir::new();
    dir.simple_export(3);
    dir
}

#[test]
fn files_that_cannot_be_read() {
    let dir = good();
    dir.write("empty.csv", "");
    dir.write("blank.csv", "\n\n\n");
    std::fs::create_dir(dir.path("folder")).unwrap();
    dir.write("broken.xlsx", b"PK\x03\x04 this is no archive at all");
    dir.write(
        "half.xls",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing behind it",
    );
    let rubbish: Vec<u8> = (0..50_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    dir.write("rubbish.bin", rubbish);
    for command in ["check", "import"] {
        for (file, says) in [
            (
                "nowhere.csv",
                &["cannot open nowhere.csv", "Check the name"][..],
            ),
            ("empty.csv", &["empty.csv is empty"]),
            ("blank.csv", &["blank.csv has no header row"]),
            ("folder", &["folder is a folder"]),
            (
                "broken.xlsx",
                &["broken.xlsx is a workbook that cannot be read"],
            ),
            ("half.xls", &["half.xls is a workbook that cannot be read"]),
            ("rubbish.bin", &["rubbish.bin is neither a text table"]),
        ] {
            refused(&dir, &[command, file, "-m", "m.toml"], says);
        }
    }
}

#[test]
fn a_header_that_lacks_the_mapped_columns() {
    let dir = good();
    dir.write("e.csv", "Number,Nmae\n1,A\n");
    refused(
        &dir,
        &["check", "e.csv", "-m", "m.toml"],
        &[
            "2 problems",
            "the file has no column \"Id\"",
            "the file has no column \"Name\"",
            "did you mean \"Nmae\"?",
            "m.toml:4",
        ],
    );
}

#[test]
fn mappings_that_are_wrong() {
    let dir = good();
    for (text, says) in [
        ("name = \"x\nkey = \"Id\"\n", &["not TOML", "m.toml:1"][..]),
        (
            "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDay = \"Name\"\n",
            &[
                "unknown field of organization \"signOnDay\"",
                "did you mean \"signOnDate\"?",
                "m.toml:5",
            ],
        ),
        (
            "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = { column = \"Name\", defualt = \"x\" }\n",
            &[
                "unknown rule key \"defualt\"",
                "did you mean \"default\"?",
                "m.toml:4",
            ],
        ),
        (
            "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Nam\"\n",
            &["no column \"Nam\"", "did you mean \"Name\"?"],
        ),
        (
            "name = \"x\"\n[organization]\nbusinessName = \"Name\"\n",
            &["the mapping has no key"],
        ),
        (
            "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = { template = \"{{ row['Nme'] }}\" }\n",
            &["no column \"Nme\"", "did you mean \"Name\"?"],
        ),
        (
            "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = { template = \"{{ row['Name'] | shout }}\" }\n",
            &["the template fails", "shout"],
        ),
        (
            "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = { column = \"Name\", formats = [\"dd.mm.yyyy\"] }\n",
            &["is not a date format", "strptime"],
        ),
        (
            "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nonBoardingStatus = { value = \"Hired\" }\n",
            &["the constant \"Hired\" does not fit"],
        ),
    ] {
        dir.write("m.toml", text);
        refused(&dir, &["check", "e.csv", "-m", "m.toml"], says);
    }
    refused(
        &dir,
        &["check", "e.csv", "-m", "none.toml"],
        &["cannot open the mapping none.toml"],
    );
}

#[test]
fn one_broken_mapping_as_people_see_it() {
    let dir = good();
    dir.write(
        "m.toml",
        "name = \"x\"\nkey = \"Id\"\n\n[organization]\nbussinessName = \"Name\"\n",
    );
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(2);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn settings_that_do_not_fit() {
    let dir = good();
    for (arguments, says) in [
        (&["--rate", "fast"][..], &["\"fast\" is not a rate"][..]),
        (&["--timeout", "soon"], &["timeout", "expected a duration"]),
        (&["--outage", "soon"], &["outage", "expected a duration"]),
        (&["--workers", "0"], &["workers", "from 1 to"]),
        (&["--api-url", "orgs.ecg-api.com"], &["is not an address"]),
        (
            &["--api-url", "http://user:secret@127.0.0.1"],
            &["must not contain a password"],
        ),
        (
            &["--token-file", "none.txt"],
            &["cannot read the token file none.txt"],
        ),
        (&["--token-command", "exit 3"], &["token command", "failed"]),
        (
            &["--config", "none.toml"],
            &["cannot open the configuration none.toml"],
        ),
    ] {
        let arguments = [&["import", "e.csv", "-m", "m.toml"], arguments].concat();
        refused(&dir, &arguments, says);
    }
    dir.write("partner-sync.toml", "[api]\nrat = \"10/s\"\n");
    refused(
        &dir,
        &["import", "e.csv", "-m", "m.toml"],
        &["partner-sync.toml", "line 2", "rat"],
    );
}

#[test]
fn no_token() {
    let dir = good();
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--api-url",
            "http://127.0.0.1:9",
        ])
        .finish()
        .expect_exit(2);
    assert!(
        run.stderr
            .contains("no token for the API: set PARTNER_SYNC_TOKEN"),
        "{}",
        run.stderr
    );
    assert!(!dir.path("partner-sync.db").exists());
}

#[test]
fn a_state_that_is_no_state() {
    let dir = good();
    dir.write("partner-sync.db", "rubbish ".repeat(1000));
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--sandbox"])
        .finish();
    assert_eq!(run.exit, 3, "{}", run.stderr);
    assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
    dir.run(&["status", "--state", "none.db"])
        .finish()
        .expect_exit(2);
}

#[test]
fn a_mapping_that_is_no_text() {
    let dir = good();
    dir.write("m.toml", [SIMPLE_MAPPING.as_bytes(), b"\xff\xfe"].concat());
    refused(
        &dir,
        &["check", "e.csv", "-m", "m.toml"],
        &[
            "m.toml: line 5 is not UTF-8 text",
            "Save the mapping as UTF-8",
        ],
    );
}

#[test]
fn an_export_that_is_given_as_the_mapping_is_not_shown() {
    let dir = good();
    dir.write("bank.csv", "Id,Name,IBAN\n1,Acme,DE89370400440532013000\n");
    let book = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples/zoho-accounts.xlsx");
    for file in ["bank.csv", book.to_str().unwrap()] {
        let run = dir.run(&["check", "e.csv", "-m", file]).finish();
        assert_eq!(run.exit, 2, "{}", run.stderr);
        let says = run.stderr.contains("is not a mapping (a TOML file)");
        assert!(says && run.stderr.lines().count() == 1, "{}", run.stderr);
        assert!(!run.stderr.contains("DE89"), "{}", run.stderr);
    }
}

#[test]
fn a_mapping_of_another_export_is_one_problem() {
    let dir = good();
    let mapping = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("mappings/apptivo.toml");
    let run = dir
        .run(&["check", "e.csv", "-m", mapping.to_str().unwrap()])
        .finish();
    assert_eq!(run.exit, 2, "{}", run.stderr);
    for says in [": 1 problem\n", "the file has none of the 19 columns"] {
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn a_variable_without_a_value_is_named_and_means_no_default() {
    let dir = good();
    for name in [
        "PARTNER_SYNC_API_URL",
        "PARTNER_SYNC_TOKEN",
        "PARTNER_SYNC_STATE",
        "PARTNER_SYNC_OUTAGE",
    ] {
        let run = dir
            .run(&["import", "e.csv", "-m", "m.toml", "--yes"])
            .env("PARTNER_SYNC_API_URL", "http://127.0.0.1:9")
            .env("PARTNER_SYNC_TOKEN", "t")
            .env(name, "")
            .finish();
        assert_eq!(run.exit, 2, "{name}: {}", run.stderr);
        let says = format!("{name} is set, but empty");
        assert!(run.stderr.contains(&says), "{}", run.stderr);
    }
    assert!(!dir.path("partner-sync.db").exists());
}

#[test]
fn a_share_of_more_than_all_rows_is_refused_with_its_line() {
    let dir = good();
    dir.write(
        "partner-sync.toml",
        "[[job]]\nname = \"n\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\nmax_errors = \"150%\"\n",
    );
    refused(
        &dir,
        &["sync"],
        &["150%", "partner-sync.toml, line 5, column 14"],
    );
}
