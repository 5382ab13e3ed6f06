use crate::support::{Server, Workdir};

#[test]
fn rejects_are_repaired_and_imported_with_the_same_mapping() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    // Windows-1252, semicolons, a title above the header.
    dir.write(
        "e.csv",
        b"Partner list;;\nId;Name;Since\n1;M\xfcller;13/04/2026\n2;Caf\xe9;31/31/2026\n3;;01/02/2026\n".as_slice(),
    );
    dir.write(
        "m.toml",
        "name = \"x\"\nkey = \"Id\"\n[source]\nheader_row = 2\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Since\"\n",
    );
    let import = |file: &str| {
        dir.run(&["import", file, "-m", "m.toml", "--json", "--report", "out"])
            .at(&server)
            .finish()
    };
    let first = import("e.csv").expect_exit(1).summary();
    assert_eq!((first.get("created"), first.get("invalid")), (1, 2));
    let rejects = std::fs::read(dir.path("out/rejects.csv")).unwrap();
    assert!(
        rejects.starts_with(b"\nId;Name;Since;_problems\n2;Caf\xe9;31/31/2026;"),
        "{:?}",
        String::from_utf8_lossy(&rejects)
    );
    let repaired: Vec<u8> = rejects
        .split(|b| *b == b'\n')
        .map(|line| match line {
            [b'2', ..] => b"2;Caf\xe9;30/11/2026;".to_vec(),
            [b'3', ..] => b"3;Ros\xe9;01/02/2026;was empty".to_vec(),
            other => other.to_vec(),
        })
        .collect::<Vec<_>>()
        .join(&b'\n');
    dir.write("repaired.csv", repaired);
    let second = import("repaired.csv").expect_exit(0).summary();
    assert_eq!(second.get("created"), 2);
    let mut names: Vec<_> = server
        .partners()
        .iter()
        .map(|p| crate::support::text(p, "/businessName"))
        .collect();
    names.sort();
    assert_eq!(names, ["Café", "Müller", "Rosé"]);
}

#[test]
fn what_the_api_refuses_is_told_and_not_sent_again_unchanged() {
    let dir = Workdir::new();
    // Our own checks let nothing through that the sandbox refuses, so this sandbox refuses a name.
    let server = Server::start(&dir, &["--refuse-name", "Beta"]);
    dir.write("e.csv", "Id,Name\nA,Alpha\nB,Beta\n");
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    let import = |more: &[&str]| {
        dir.run(&[
            "import", "e.csv", "-m", "m.toml", "--json", "--report", "out",
        ])
        .args(more)
        .at(&server)
        .finish()
    };
    let first = import(&[]).expect_exit(1).summary();
    assert_eq!((first.get("created"), first.get("rejected")), (1, 1));
    assert!(
        dir.read("out/rejects.csv")
            .contains("The API refused the row (400): organization.businessName")
    );
    assert_eq!(server.count("POST"), 2);
    let again = import(&[]).expect_exit(1).summary();
    assert_eq!((again.get("skipped"), again.get("rejected")), (1, 1));
    assert_eq!(
        server.count("POST"),
        2,
        "an unchanged row is not sent again"
    );
    import(&["--retry-rejected"]).expect_exit(1);
    assert_eq!(server.count("POST"), 3);
    dir.write("e.csv", "Id,Name\nA,Alpha\nB,Beta repaired\n");
    assert_eq!(import(&[]).expect_exit(0).summary().get("created"), 1);
    let status = dir.run(&["status", "--row", "B"]).finish().expect_exit(0);
    assert!(status.stdout.contains("created"), "{}", status.stdout);
}

#[test]
fn duplicate_keys_name_both_rows_and_send_neither() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("e.csv", "Id,Name\nA,Alpha\nB,Beta\n A ,Alpha again\n");
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    let summary = dir
        .run(&[
            "import", "e.csv", "-m", "m.toml", "--json", "--report", "out",
        ])
        .at(&server)
        .finish()
        .expect_exit(1)
        .summary();
    assert_eq!((summary.get("created"), summary.get("invalid")), (1, 2));
    let problems = dir.read("out/problems.csv");
    assert_eq!(
        problems
            .matches("The key stands in rows 2 and 4; none is sent.")
            .count(),
        2,
        "{problems}"
    );
}
