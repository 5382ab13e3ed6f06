use crate::support::{Server, Workdir, repository, wait_until};

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
        rejects.starts_with(b"\nId;Name;Since;_problems;_dates\n2;Caf\xe9;31/31/2026;"),
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

/// One date that is typed the other way round says nothing of those that nobody touched.
#[test]
fn repaired_rows_keep_the_order_of_dates_that_their_export_proved() {
    let dir = Workdir::new();
    dir.write(
        "m.toml",
        "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\nonBoardingStatus = \"Stage\"\n",
    );
    let check = |file: &str, out: &str| {
        dir.run(&["check", file, "-m", "m.toml", "--report", out])
            .finish()
    };
    for (out, proof, sent, other) in [
        ("day", "31/12/2025", "2026-03-05", "12/25/2026"),
        ("month", "12/31/2025", "2026-05-03", "25/12/2026"),
    ] {
        dir.write(
            "e.csv",
            format!("Id,Name,Signed,Stage\n1,One,{proof},Completed\n2,Two,05/03/2026,Done\n3,Three,32/13/2026,Completed\n"),
        );
        check("e.csv", out).expect_exit(1);
        for rejects in [
            std::fs::read_to_string(dir.path(&format!("{out}/rejects.csv"))).unwrap(),
            text_of(&dir.path(&format!("{out}/report.xlsx"))),
        ] {
            let rejects = rejects.replace("Done", "Completed");
            // The other way round than all others were: of the column nothing is decided any more.
            dir.write("wrong.csv", rejects.replace("32/13/2026", other));
            let run = check("wrong.csv", "wrong");
            assert!(run.stdout.contains("date.ambiguous"), "{}", run.stdout);
            let says = "as in the report that these rows come from, but 1 can only be";
            assert!(run.stderr.contains(says), "{}", run.stderr);
            run.expect_exit(1);
            dir.write("right.csv", rejects.replace("32/13/2026", "5 April 2026"));
            check("right.csv", "right").expect_exit(0);
            let page = std::fs::read_to_string(dir.path("right/report.html")).unwrap();
            assert!(page.contains(sent) && page.contains("2026-04-05"), "{sent}");
        }
    }
}

/// The rows of a workbook's first sheet as CSV.
fn text_of(path: &std::path::Path) -> String {
    use calamine::Reader as _;
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
    let rows = book.worksheet_range("Rows").unwrap();
    let mut text = csv::Writer::from_writer(Vec::new());
    for row in rows.rows() {
        text.write_record(row.iter().map(ToString::to_string))
            .unwrap();
    }
    String::from_utf8(text.into_inner().unwrap()).unwrap()
}

/// What somebody repairs in the report of one run is still there after the next one.
#[test]
fn no_report_is_overwritten_and_no_file_is_read_from_where_it_goes() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("e.csv", "Id,Name\nA,Alpha\nB,\n");
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    let run = |command: &str, file: &str, out: &str| {
        dir.run(&[command, file, "-m", "m.toml", "--json", "--report", out])
            .at(&server)
            .finish()
    };
    let first = run("import", "e.csv", "out").expect_exit(1).summary();
    let repaired = dir.read("out/rejects.csv").replace("B,", "B,Beta");
    dir.write("out/rejects.csv", &repaired);
    dir.write("out/notes.txt", "mine");
    for command in ["import", "check", "verify"] {
        let refused = run(command, "out/rejects.csv", "./out/../out").expect_exit(2);
        for words in [
            "out/rejects.csv lies in ./out/../out",
            "--report ./out/../out-2",
        ] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
        assert_eq!(dir.read("out/rejects.csv"), repaired);
    }
    run("check", "e.csv", "out").expect_exit(1);
    let name = crate::support::text(first.value(), "/run");
    assert_eq!(
        dir.read(&format!("out/previous/{name}/rejects.csv")),
        repaired
    );
    assert_eq!(dir.read("out/notes.txt"), "mine");
    let second = format!("out/previous/{name}/rejects.csv");
    run("import", &second, "out").expect_exit(0);
    assert_eq!(dir.read(&second), repaired);
    // A run that cannot begin reports nothing, and moves nothing.
    let before = dir.read("out/summary.json");
    run("import", "none.csv", "out").expect_exit(2);
    assert_eq!(dir.read("out/summary.json"), before);
}

/// Rejects were repaired and imported; the source itself, read again, has nothing left to do, and says which rows to correct.
#[test]
fn the_source_of_repaired_rejects_ends_well() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write(
        "e.csv",
        "Id,Name,Since,Parent\nA,Alpha,2026-02-31,\nB,Beta,2026-03-04,A\nC,,2026-03-04,\nD,Delta,2026-03-04,\n",
    );
    dir.write(
        "m.toml",
        "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Since\"\nparentId = { partner = \"Parent\" }\n",
    );
    let import = |file: &str, out: &str, more: &[&str]| {
        dir.run(&["import", file, "-m", "m.toml", "--json", "--report", out])
            .args(more)
            .at(&server)
            .finish()
    };
    let first = import("e.csv", "out", &[]).expect_exit(1).summary();
    let counts = ["created", "blocked", "invalid"].map(|c| first.get(c));
    assert_eq!(counts, [1, 1, 2]);
    // Only the parent is repaired at first.
    let repaired = dir
        .read("out/rejects.csv")
        .replace("2026-02-31", "2026-02-28");
    dir.write("repaired.csv", repaired);
    let second = import("repaired.csv", "out2", &[]).expect_exit(1).summary();
    let counts = ["created", "invalid"].map(|c| second.get(c));
    assert_eq!(counts, [2, 1]);
    let dry = import("e.csv", "out", &["--dry-run"])
        .expect_exit(1)
        .summary();
    let again = import("e.csv", "out", &["--max-errors", "1"]).expect_exit(1);
    for summary in [dry, again.summary()] {
        let counts = ["skipped", "invalid", "created"].map(|c| summary.get(c));
        assert_eq!(counts, [3, 1, 0], "{}", again.stderr);
    }
    let problems = dir.read("out/problems.csv");
    let warning = problems.lines().find(|l| l.contains("row.repaired"));
    let warning = warning.unwrap_or_else(|| panic!("{problems}"));
    assert!(
        warning.contains("date.invalid in \"\"Since\"\""),
        "{warning}"
    );
    assert!(!problems.contains(",date.invalid,"), "{problems}");
    dir.write(
        "repaired.csv",
        dir.read("out/rejects.csv").replace("C,", "C,Gamma"),
    );
    import("repaired.csv", "out2", &[]).expect_exit(0);
    let done = import("e.csv", "out", &["--max-errors", "0"]).expect_exit(0);
    assert_eq!(done.summary().get("skipped"), 4);
    server.assert_each_once(4);
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
            .contains("The API rejected the row (400): organization.businessName")
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
            .matches("Rows 2 and 4 have the same key, so neither is sent.")
            .count(),
        2,
        "{problems}"
    );
}

/// What the owner of the data does with each row of the dirty sample, by its key.
fn repair(header: &[String], row: &mut [String], place: usize) {
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    let set = |row: &mut [String], name: &str, value: &str| value.clone_into(&mut row[at(name)]);
    if row[at("Account Name")].is_empty() {
        set(row, "Account Name", "A name");
    }
    for date in ["Sign On Date", "Onboarding Date"] {
        if matches!(row[at(date)].as_str(), "31/31/2025" | "2/30/2026") {
            set(row, date, "2026-03-04");
        }
    }
    if row[at("Onboarding Stage")] == "Kickoff" {
        set(row, "Onboarding Stage", "Welcome Call");
    }
    if row[at("_problems")].contains("key.duplicate") {
        let key = format!("{}-{place}", row[at("Account ID")]);
        set(row, "Account ID", &key);
    }
    if row[at("_problems")].contains("reference.missing") {
        set(row, "Parent Account ID", "");
    }
}

/// The dirty sample is imported, its rejects are repaired as a file or as a workbook, and nothing is left.
#[test]
fn the_dirty_sample_is_repaired_and_imported() {
    for name in ["rejects.csv", "report.xlsx"] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[]);
        let sample = repository("samples/salesforce-report-dirty.csv");
        let mapping = repository("mappings/salesforce-report.toml");
        // Few rows decide no order of their own.
        let text = std::fs::read_to_string(&mapping).unwrap();
        let text = text.replace("# date_order = \"mdy\"", "date_order = \"mdy\"");
        dir.write("m.toml", text);
        let import = |file: &str| {
            dir.run(&[
                "import",
                file,
                "-m",
                "m.toml",
                "--rate",
                "unlimited",
                "--report",
                "out",
                "--json",
            ])
            .at(&server)
            .finish()
        };
        let first = import(sample.to_str().unwrap()).expect_exit(1).summary();
        let left = first.get("invalid") + first.get("blocked");
        assert!(left > 5);
        let rows: Vec<Vec<String>> = if name == "rejects.csv" {
            csv::Reader::from_path(dir.path("out/rejects.csv"))
                .map(|mut r| {
                    let header = r.headers().unwrap().clone();
                    std::iter::once(header)
                        .chain(r.records().map(Result::unwrap))
                        .collect::<Vec<_>>()
                })
                .unwrap()
                .iter()
                .map(|r| r.iter().map(str::to_owned).collect())
                .collect()
        } else {
            use calamine::Reader as _;
            let mut book: calamine::Xlsx<_> =
                calamine::open_workbook(dir.path("out/report.xlsx")).unwrap();
            let range = book.worksheet_range("Rows").unwrap();
            range
                .rows()
                .map(|r| r.iter().map(ToString::to_string).collect())
                .collect()
        };
        let header = rows[0].clone();
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let mut text = csv::Writer::from_writer(Vec::new());
        for (place, row) in rows.iter().enumerate() {
            let mut row = row.clone();
            if place > 0 {
                repair(&header, &mut row, place);
            }
            text.write_record(&row).unwrap();
            for (column, cell) in row.iter().enumerate() {
                sheet.write(place as u32, column as u16, cell).unwrap();
            }
        }
        let repaired = if name == "rejects.csv" {
            dir.write("repaired.csv", text.into_inner().unwrap());
            "repaired.csv"
        } else {
            book.save(dir.path("repaired.xlsx")).unwrap();
            "repaired.xlsx"
        };
        let second = import(repaired).expect_exit(0).summary();
        assert_eq!(second.get("created"), left, "{name}");
    }
}

/// The workbook has the rows with problems, in the source's own columns and types, and nothing else.
#[test]
fn the_marked_workbook_is_the_source_with_its_problems() {
    use calamine::Reader as _;
    let dir = Workdir::new();
    let sample = repository("samples/dynamics-accounts.xlsx");
    let mapping = std::fs::read_to_string(repository("mappings/dynamics.toml")).unwrap();
    dir.write(
        "m.toml",
        mapping.replace(
            "[organization]",
            "[validation]\ndeny = [\"phone.invalid\"]\n\n[organization]",
        ),
    );
    for (flag, all) in [(None, false), (Some("--report-all"), true)] {
        let arguments = [
            "check",
            sample.to_str().unwrap(),
            "-m",
            "m.toml",
            "--report",
            "out",
        ];
        let run = dir
            .run(&arguments)
            .args(flag.as_slice())
            .finish()
            .expect_exit(0);
        assert!(run.stdout.contains("out/report.xlsx"), "{}", run.stdout);
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook(dir.path("out/report.xlsx")).unwrap();
        assert_eq!(
            book.sheet_names(),
            ["Active Accounts", "Summary of problems"]
        );
        let range = book.worksheet_range("Active Accounts").unwrap();
        assert_eq!(range.height(), if all { 41 } else { 1 });
        if all {
            let since = range
                .rows()
                .next()
                .unwrap()
                .iter()
                .position(|c| *c == "Customer Since")
                .unwrap();
            assert!(matches!(
                range.get((1, since)),
                Some(calamine::Data::DateTime(_))
            ));
        }
    }
}

/// Reports without anything that stood in a cell, bank data above all.
#[test]
fn reports_can_be_without_source_values() {
    let dir = Workdir::new();
    dir.write(
        "e.csv",
        "Id,Name,Signed,ABA\nK-1,Acme Corp,99/99/2026,021000022\n",
    );
    dir.write("m.toml", "name = \"v\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\n[vendorAccount.bankAccount]\nroutingNumber = \"ABA\"\n");
    for command in [
        &["check", "e.csv", "-m", "m.toml"][..],
        &["import", "e.csv", "-m", "m.toml", "--sandbox"][..],
        &["import", "e.csv", "-m", "m.toml", "--sandbox", "--dry-run"][..],
    ] {
        let _ = std::fs::remove_dir_all(dir.path("out"));
        let done = dir
            .run(command)
            .args(&["--no-source-values", "--report", "out"])
            .finish()
            .expect_exit(1);
        let mut all = done.stdout + &done.stderr;
        for entry in std::fs::read_dir(dir.path("out")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(
                !["rejects.csv", "report.xlsx", "created.csv"].contains(&name.as_str()),
                "{name}"
            );
            all.push_str(&std::fs::read_to_string(path).unwrap());
        }
        for value in ["Acme", "99/99", "K-1", "000022", "*22"] {
            assert!(!all.contains(value), "{value} in {command:?}:\n{all}");
        }
        assert!(all.contains("routing.invalid") && all.contains("date.invalid"));
    }
}

/// A run's reports are made again from the state alone.
#[test]
fn a_runs_reports_are_made_again() {
    let dir = Workdir::new();
    dir.write(
        "e.csv",
        "Id,Name,Signed\nK-1,One,2026-03-04\nK-2,Two,oops\nK-3,Three,2026-03-05\n",
    );
    dir.write("m.toml", "name = \"v\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\n");
    let first = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--sandbox",
            "--report",
            "one",
            "--json",
        ])
        .finish()
        .expect_exit(1);
    let summary = first.summary();
    let run = summary.value()["run"].as_str().unwrap().to_owned();
    std::fs::remove_file(dir.path("e.csv")).unwrap();
    let again = dir
        .run(&["status", "--run", &run, "--report", "two", "--json"])
        .finish()
        .expect_exit(0);
    for name in ["rows", "created", "invalid", "exit", "errors"] {
        assert_eq!(summary.get(name), again.summary().get(name), "{name}");
    }
    let created = |name: &str| {
        let text = dir.read(name);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(created("one/created.csv"), created("two/created.csv"));
    let problems = dir.read("two/problems.csv");
    assert!(
        problems.contains("e.csv,3,Signed,organization.signOnDate,date.invalid,error,,"),
        "{problems}"
    );
    assert!(!problems.contains("oops"));
    let page = dir.read("two/report.html");
    assert!(page.contains("Field coverage") && !page.contains("oops"));
    assert!(dir.read("one/report.html").contains("oops"));
    dir.run(&["status", "--run", "nobody"])
        .finish()
        .expect_exit(2);
}

/// A run that died is reported as far as the state knows it.
#[test]
fn a_dead_runs_reports_are_made_too() {
    let dir = Workdir::new();
    dir.simple_export(200);
    let server = Server::start(&dir, &["--latency", "20ms"]);
    let mut child = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--rate", "unlimited"])
        .at(&server)
        .start();
    wait_until("some were made", || server.count("POST") > 20);
    child.kill().unwrap();
    child.wait().unwrap();
    let listed = dir.run(&["status", "--json"]).finish().expect_exit(0);
    let status: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let run = status["runs"][0]["run"].as_str().unwrap().to_owned();
    let told = dir
        .run(&["status", "--run", &run, "--report", "out"])
        .finish()
        .expect_exit(0);
    assert!(
        told.stdout.contains("the run has not ended"),
        "{}",
        told.stdout
    );
    let made = dir.read("out/created.csv").lines().count() - 1;
    assert!(made > 0 && made < 200, "{made}");
}

/// A cell of a workbook takes 32,767 characters, a cell of a CSV file any number. The workbook is written all the same, and what
/// had to be cut for it is not sent for the whole when the workbook comes back.
#[test]
fn texts_that_no_cell_takes_are_cut_in_the_workbook_and_not_sent_cut() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write(
        "m.toml",
        "name = \"t\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nonBoardingStatus = \"Stage\"\ndisplayName = { column = \"D\", map = { \"a\" = \"b\" } }\n",
    );
    let (nines, accents) = ("9".repeat(40_000), "\u{e9}".repeat(32_767));
    let completed = "Completed ".repeat(4_000);
    let name = "n".repeat(33_000);
    let mut export = "Id,Name,Stage,D\n".to_owned();
    for (key, name, stage, d) in [
        ("K1", "A", nines.as_str(), ""),
        ("K2", "B", completed.trim_end(), ""),
        ("K3", "C", accents.as_str(), ""),
        ("K4", "D", "1", accents.as_str()),
        ("K5", name.as_str(), "wrong", ""),
        ("K6", "F", "1", "a"),
    ] {
        export.push_str(&format!("{key},{name},{stage},{d}\n"));
    }
    dir.write("e.csv", &export);
    let import = |file: &str, exit| {
        dir.run(&["import", file, "-m", "m.toml", "--report", "out"])
            .at(&server)
            .finish()
            .expect_exit(exit)
    };
    import("e.csv", 1);
    assert_eq!(server.partners().len(), 1);
    let problems = dir.read("out/problems.csv");
    assert!(problems.lines().all(|line| line.len() < 2_000));
    assert!(dir.read("out/rejects.csv").contains(&name));
    // Repaired in all but the name that did not fit, the workbook comes back.
    let table = text_of(&dir.path("out/report.xlsx"));
    assert_eq!(table.matches("\u{26a0} Too long for a cell").count(), 3);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let mut rows = csv::ReaderBuilder::new();
    let mut rows = rows.has_headers(false).from_reader(table.as_bytes());
    for (at, row) in (0..).zip(rows.records()) {
        for (column, cell) in (0..).zip(&row.unwrap()) {
            let cell = if cell == "wrong" { "1" } else { cell };
            sheet.write_string(at, column, cell).unwrap();
        }
    }
    book.save(dir.path("repaired.xlsx")).unwrap();
    import("repaired.xlsx", 1);
    assert_eq!(server.partners().len(), 1);
    let problems = dir.read("out/problems.csv");
    assert_eq!(
        problems.matches(",cell.uncertain,").count(),
        3,
        "{problems}"
    );
}
