//! `init`: what it proposes for an export.

use crate::support::Workdir;

/// Writes an export and gives what `init` says about it: the mapping, and how many lines are left to decide.
fn propose(dir: &Workdir, rows: &[&str]) -> (String, String) {
    dir.write("e.csv", rows.join("\n"));
    let run = dir.run(&["init", "e.csv"]).finish().expect_exit(0);
    (run.stdout, run.stderr)
}

/// The line of a field in a mapping.
fn line<'t>(text: &'t str, field: &str) -> &'t str {
    let begin = format!("{field} = ");
    text.lines().find(|l| l.starts_with(&begin)).unwrap_or("")
}

#[test]
fn a_proposal_is_never_written_over_a_mapping() {
    let dir = Workdir::new();
    dir.simple_export(2);
    let run = dir
        .run(&["init", "e.csv", "-o", "m.toml"])
        .finish()
        .expect_exit(2);
    assert!(run.stderr.contains("m.toml exists"), "{}", run.stderr);
    assert_eq!(dir.read("m.toml"), crate::support::SIMPLE_MAPPING);
}

/// A question stops `check` and `import` and is named with its line; without its word the mapping works.
#[test]
fn a_question_stops_every_run_until_it_is_answered() {
    let dir = Workdir::new();
    let rows = [
        "Id,Name,Routing Number,Account No",
        "A1,Acme Ltd,021000021,12345678",
        "A2,Birch Ltd,011401533,87654321",
    ];
    let (text, told) = propose(&dir, &rows);
    assert!(told.contains("1 line is left to decide"), "{told}");
    dir.write("m.toml", &text);
    let at = text
        .lines()
        .position(|l| l.starts_with("accountNumber"))
        .unwrap()
        + 1;
    for arguments in [
        &["check", "e.csv", "-m", "m.toml"][..],
        &["import", "e.csv", "-m", "m.toml", "--sandbox", "--yes"],
    ] {
        let run = dir.run(arguments).finish().expect_exit(2);
        assert!(
            run.stderr
                .contains("vendorAccount.bankAccount.accountNumber is not decided yet"),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.contains(&format!("m.toml:{at}:")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("remove decide"), "{}", run.stderr);
    }
    dir.write(
        "m.toml",
        text.replace(", decide = \"is it the bank account number?\"", ""),
    );
    dir.run(&["check", "e.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
}

/// Nothing is proposed without a question by half a name, by a name alone, or by cells alone.
#[test]
fn what_is_not_known_is_asked_or_left_out() {
    let dir = Workdir::new();
    let (text, _) = propose(
        &dir,
        &[
            "Account ID,Account Name,Account Owner,Account Number,Phone,Phone Extension,Status,Commission,Sign On Date,Fax,Type",
            "A1,Acme Ltd,Ana Garcia,Z-01,619-555-0110 (office),,1,5%,TBD,619-555-0210,Savings",
            "A2,Birch Ltd,Ben Okafor,Z-02,619-555-0111 (office),12,2,7%,,619-555-0211,Checking",
            "A3,Cedar Ltd,Ana Garcia,Z-03,619-555-0112 (office),,2,5%,TBD,619-555-0212,Checking",
            "A4,Dogwood Ltd,Ben Okafor,Z-04,619-555-0113 (office),14,1,7%,,619-555-0213,Checking",
            "A5,Elm Ltd,Ben Okafor,Z-05,619-555-0114 (office),14,1,7%,,619-555-0214,Checking",
        ],
    );
    assert_eq!(
        line(&text, "phoneNumber").split("   ").next(),
        Some("phoneNumber = \"Phone\""),
        "{text}"
    );
    assert_eq!(
        line(&text, "extension").split("   ").next(),
        Some("extension = \"Phone Extension\""),
        "{text}"
    );
    assert!(
        line(&text, "phone_region").starts_with("phone_region = \"US\""),
        "{text}"
    );
    for field in ["organizationStatus", "enableCommissions", "signOnDate"] {
        assert!(line(&text, field).contains("decide = "), "{field}\n{text}");
    }
    assert!(
        !text.contains("accountNumber") && !text.contains("column = \"Fax\""),
        "{text}"
    );
    assert_eq!(line(&text, "type"), "", "{text}");
    let listed = text.split_once("fill no field").unwrap().1;
    for column in ["Account Owner", "Account Number", "Fax", "Type"] {
        assert!(
            listed.contains(&format!("\"{column}\"")),
            "{column}\n{text}"
        );
    }
}

/// The key is unique and filled, and no name, day, amount or telephone number; a name is not a number and no flag.
#[test]
fn neither_key_nor_name_is_guessed() {
    let dir = Workdir::new();
    let rows: Vec<String> = (10..40)
        .map(|i| {
            format!(
                "{i}.5,2024-01-{:02} 10:00,(619) 555-01{i},a{i}@x.example,Partner {i} Ltd,Yes,{i}",
                i - 9
            )
        })
        .collect();
    let header = "Score,Created,Phone,Email,Title,Company,Name".to_owned();
    let all: Vec<&str> = std::iter::once(header.as_str())
        .chain(rows.iter().map(String::as_str))
        .collect();
    let (text, _) = propose(&dir, &all);
    assert!(
        line(&text, "key").contains("decide = ") && !line(&text, "key").contains("column = "),
        "{text}"
    );
    assert!(
        line(&text, "businessName").starts_with("businessName = { column = \"Title\", decide = "),
        "{text}"
    );

    let (text, _) = propose(
        &dir,
        &[
            "No.,Customer,Name",
            "1,True,Acme Ltd",
            "2,False,Birch Ltd",
            "3,True,Cedar Ltd",
        ],
    );
    assert!(
        line(&text, "key").starts_with("key = { column = \"No.\", decide = "),
        "{text}"
    );
    assert!(
        line(&text, "businessName").starts_with("businessName = \"Name\""),
        "{text}"
    );
}

/// Days and amounts are no identifiers, whatever their column is called.
#[test]
fn days_and_amounts_are_no_key() {
    let dir = Workdir::new();
    for (first, second) in [
        ("2024-01-02", "2024-01-03"),
        ("10.25", "11.75"),
        ("a@x.example", "b@x.example"),
    ] {
        let rows = [format!("{first},Acme Ltd"), format!("{second},Birch Ltd")];
        let (text, _) = propose(&dir, &["Reference,Name", &rows[0], &rows[1]]);
        assert!(
            !line(&text, "key").contains("\"Reference\""),
            "{first}\n{text}"
        );
    }
}

/// Of two columns with equally good names none is taken without a question, and an empty one is no rival.
/// Where the key is open, nothing is said of how many references are keys.
#[test]
fn references_are_asked_for_while_the_key_is_open() {
    let dir = Workdir::new();
    let rows = [
        "Name,Phone,Parent Id",
        "Acme,555-0101,",
        "Beta,555-0102,1",
        "Beta,555-0103,1",
    ];
    let (text, said) = propose(&dir, &rows);
    let parent = line(&text, "parentId");
    assert!(line(&text, "key").contains("decide = "), "{text}\n{said}");
    assert!(
        parent.contains("which column is the key is open"),
        "{parent}"
    );
}

#[test]
fn two_columns_for_one_field_are_a_question() {
    let dir = Workdir::new();
    let rows = [
        "Id,Company Name,Account Name,City,Town",
        "A1,Acme Ltd,Acme East,Boston,",
        "A2,Birch Ltd,Birch West,Chicago,",
    ];
    let (text, _) = propose(&dir, &rows);
    assert!(
        line(&text, "businessName").contains("has such a name, too"),
        "{text}"
    );
    assert!(
        line(&text, "city").starts_with("city = \"City\"   #"),
        "{text}"
    );
}

/// An order of day and month that the column leaves open is asked; dots and a proof are not.
#[test]
fn only_an_open_order_is_asked() {
    let dir = Workdir::new();
    for (day, expected) in [
        ("03/04/2024", "date_order = { decide = "),
        ("13/04/2024", "date_order = \"dmy\"   #"),
        ("04/13/2024", "date_order = \"mdy\"   #"),
        ("03.04.2024", ""),
        ("2024-04-03", ""),
    ] {
        let row = format!("A1,Acme Ltd,{day}");
        let (text, _) = propose(&dir, &["Id,Name,Sign On Date", &row]);
        let found = line(&text, "date_order");
        assert!(
            found.starts_with(expected) && found.is_empty() == expected.is_empty(),
            "{day}\n{text}"
        );
    }
}
