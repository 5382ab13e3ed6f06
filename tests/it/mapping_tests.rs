use serde_json::Value;

use crate::support::{Workdir, repository};

const MAPPING: &str = r#"name = "m"
key = "Id"
[source]
phone_region = "address"
except = { Name = "Total*" }
header_row = 4
delimiter = ";"
[organization]
businessName = "Name"
parentId = { partner = "Parent" }
signOnDate = "Since"
[[organization.addresses]]
city = "City"
countryCode = { column = "Country", default = "US" }
[vendorAccount.bankAccount]
nameOnAccount = { template = "{{ row['First'] }} {{ row['Last'] }}" }
accountNumber = "Account"
routingNumber = "ABA"
[query]
createApptivoAccount = "Apptivo"
"#;

fn mapping(tests: &str) -> String {
    format!("{MAPPING}{tests}")
}

#[test]
fn a_test_passes_or_shows_what_differs_by_its_path() {
    let dir = Workdir::new();
    dir.write(
        "m.toml",
        mapping(
            r#"
[[test]]
name = "all is as it says"
row = { Id = 1, Name = "Acme", City = "Berlin", Parent = "K\"2", First = "A", Last = "B", Apptivo = "yes" }
sends = { organization = { legacyIdentifier = "1", parentId = "K\"2", signOnDate = "", addresses = [{ city = "Berlin" }] }, vendorAccount = { bankAccount = { nameOnAccount = "A B" } }, query = { createApptivoAccount = true } }

[[test]]
row = { Id = "1", Name = "Acme", City = "Bonn", Since = "2026-03-04" }
sends = { organization = { signOnDate = "", businessName = "Other", addresses = [{ city = "Berlin" }, { city = "Rome" }], type = "1" } }

[[test]]
row = { Id = "1", Name = "Acme", Since = "31/31/2026" }
problems = ["date.invalid"]

[[test]]
row = { Id = "1", Since = "31/31/2026" }
problems = ["date.invalid"]
sends = { organization = { legacyIdentifier = "1" } }

[[test]]
row = { Id = "1", Name = "Acme" }
problems = ["date.invalid"]

[[test]]
row = { Name = "Acme" }
sends = { organization = { businessName = "Acme" } }

[[test]]
row = { Id = "1", Name = "Total of all" }
sends = { organization = { businessName = "Acme" } }
"#,
        ),
    );
    let tried = dir.run(&["test", "m.toml"]).finish().expect_exit(1);
    let lines: Vec<&str> = tried.stdout.lines().collect();
    assert_eq!(lines[0], "ok      m.toml, line 22: all is as it says");
    assert!(
        lines[1].starts_with("failed  m.toml, line 27: test 2"),
        "{lines:?}"
    );
    assert_eq!(
        lines[2..7],
        [
            "          organization.addresses[0].city: sent \"Bonn\", expected \"Berlin\"",
            "          organization.addresses[1].city: sent nothing, expected \"Rome\"",
            "          organization.businessName: sent \"Acme\", expected \"Other\"",
            "          organization.signOnDate: sent \"2026-03-04\", expected nothing",
            "          organization.type: sent nothing, expected \"1\"",
        ]
    );
    let rest = lines[7..].join("\n");
    for expected in [
        "ok      m.toml, line 31: test 3",
        "[required.missing], expected date.invalid",
        "problems: found nothing, expected date.invalid",
        "[key.missing], expected nothing",
        "the row is left out: by [source] only or except, or because it is empty",
        "7 tests, 5 failed.",
    ] {
        assert!(rest.contains(expected), "{expected}\n{rest}");
    }
    // No state, no report, no file is left.
    let left: Vec<_> = std::fs::read_dir(dir.path(".")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn bank_data_is_masked_in_what_differs() {
    let dir = Workdir::new();
    dir.write(
        "m.toml",
        mapping(
            r#"
[[test]]
row = { Id = "1", Name = "Acme", Account = "987654321012", ABA = "021000021" }
sends = { vendorAccount = { bankAccount = { accountNumber = "123456789099", routingNumber = 21000089 } } }

[[test]]
row = { Id = "1", Name = "Acme", Account = "987654321012" }
sends = { vendorAccount = { bankAccount = { accountNumber = "987654321012" } } }
"#,
        ),
    );
    for arguments in [&["test", "m.toml"][..], &["test", "m.toml", "--json"]] {
        let tried = dir.run(arguments).finish().expect_exit(1);
        let all = format!("{}{}", tried.stdout, tried.stderr);
        assert!(all.contains("accountNumber"), "{all}");
        for secret in ["987654321012", "123456789099", "021000021", "21000089"] {
            assert!(!all.contains(secret), "{secret}\n{all}");
        }
    }
}

#[test]
fn mappings_are_found_and_one_that_cannot_be_used_is_exit_2() {
    let dir = Workdir::new();
    let none = dir.run(&["test"]).finish().expect_exit(2);
    assert!(none.stderr.contains("no mapping"), "{}", none.stderr);
    std::fs::create_dir(dir.path("mappings")).unwrap();
    let good = "\n[[test]]\nrow = { Id = \"1\", Name = \"Acme\" }\nproblems = []\n";
    dir.write("mappings/a.toml", mapping(good));
    dir.write("mappings/b.toml", MAPPING);
    let all = dir.run(&["test"]).finish().expect_exit(0);
    assert!(
        all.stdout.contains("a.toml, line 22: test 1"),
        "{}",
        all.stdout
    );
    assert!(
        all.stdout.contains("b.toml: it has no [[test]]"),
        "{}",
        all.stdout
    );
    // The jobs of a configuration come before the folder.
    dir.write(
        "c.toml",
        "[[job]]\nname = \"j\"\nfile = \"e*.csv\"\nmapping = \"mappings/a.toml\"\n",
    );
    let job = dir.run(&["test", "-c", "c.toml"]).finish().expect_exit(0);
    assert!(!job.stdout.contains("b.toml"), "{}", job.stdout);
    dir.write(
        "bad.toml",
        mapping("\n[[test]]\nrows = 1\nproblems = [\"date.invalud\"]\n"),
    );
    let bad = dir
        .run(&["test", "mappings", "bad.toml", "--json"])
        .finish()
        .expect_exit(2);
    for expected in [
        "unknown key of a test \"rows\"",
        "did you mean \"date.invalid\"?",
        "a test needs a row",
    ] {
        assert!(bad.stderr.contains(expected), "{expected}\n{}", bad.stderr);
    }
    let json: Value = serde_json::from_str(&bad.stdout).unwrap();
    assert_eq!(json["exit"], 2);
    assert_eq!(json["failed"], 0);
    assert_eq!(json["tests"].as_array().unwrap().len(), 1);
    assert_eq!(json["unusable"].as_array().unwrap().len(), 1);
    let bad = dir.run(&["test", "bad.toml"]).finish().expect_exit(2);
    let said = "0 tests, none failed. 1 mapping cannot be used.\n";
    assert_eq!(bad.stdout, said);
}

/// The tests of the shipped mappings pass, and each mapping has some. A run does not look at them.
#[test]
fn all_shipped_mappings_are_tested() {
    let dir = Workdir::new();
    let mappings = repository("mappings");
    let tried = dir
        .run(&["test", mappings.to_str().unwrap(), "--json"])
        .finish();
    let tried = tried.expect_exit(0);
    let json: Value = serde_json::from_str(&tried.stdout).unwrap();
    assert_eq!(json["untested"].as_array().unwrap().len(), 0);
    assert!(json["tests"].as_array().unwrap().len() >= 12);
    dir.simple_export(2);
    let simple = dir.read("m.toml");
    let wrong =
        "\n[[test]]\nrow = { Id = \"1\", Name = \"Acme\" }\nproblems = [\"date.invalid\"]\n";
    dir.write("m.toml", format!("{simple}{wrong}"));
    dir.run(&["check", "e.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
    dir.run(&["test", "m.toml"]).finish().expect_exit(1);
}

/// A row of a real export is kept as a test without its bank data, and passes as it is written.
#[test]
fn a_row_becomes_a_test_without_bank_data() {
    use partner_sync::mapping::Mapping;
    use partner_sync::mapping::edit::{Change, apply};
    let dir = Workdir::new();
    let path = dir.write("m.toml", MAPPING);
    let mapping = Mapping::read(&path).unwrap();
    let cells = [
        ("Id", "1"),
        ("Name", "Acme \"Home\""),
        ("City", "Berlin"),
        ("Country", ""),
        ("Account", "987654321012"),
        ("ABA", "021000021"),
        ("First", "A"),
        ("Apptivo", "yes"),
        ("Not mapped", "x"),
    ];
    let cells = cells.map(|(column, cell)| (column.to_owned(), cell.to_owned()));
    for (cells, sent) in [(&cells[..], true), (&cells[1..], false)] {
        let made = partner_sync::ops::test_of_row(&mapping, cells).unwrap();
        assert_eq!(made.sends.is_some(), sent);
        let text = apply(MAPPING, &Change::AddTest(made)).unwrap();
        assert!(text.starts_with(MAPPING), "{text}");
        for secret in ["987654321012", "021000021"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("Berlin"), "{text}");
        dir.write("kept.toml", &text);
        let tried = dir.run(&["test", "kept.toml"]).finish().expect_exit(0);
        assert!(
            tried.stdout.contains("1 test, none failed."),
            "{}",
            tried.stdout
        );
    }
}
