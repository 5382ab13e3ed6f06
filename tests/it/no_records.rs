use rust_xlsxwriter::{
    ExcelDateTime, Format, Formula, Table, TableColumn, TableFunction, Workbook,
};

use crate::support::{Finished, Server, Workdir, text};

const MAPPING: &str = "name = \"t\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n";

fn import(dir: &Workdir, server: &Server, file: &str) -> Finished {
    dir.run(&[
        "import",
        file,
        "-m",
        "m.toml",
        "--rate",
        "unlimited",
        "--json",
    ])
    .at(server)
    .finish()
}

/// Keys on the server, sorted.
fn keys(server: &Server) -> Vec<String> {
    let mut keys: Vec<String> = server
        .partners()
        .iter()
        .map(|p| text(p, "/party/legacyIdentifier"))
        .collect();
    keys.sort();
    keys
}

/// Codes of the problems, sorted and each once.
fn codes(run: &Finished) -> Vec<String> {
    let summary = run.summary();
    let problems = summary.value()["problems"].as_array().unwrap();
    let mut codes: Vec<String> = problems
        .iter()
        .map(|p| p["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn rows_are_taken_by_words_of_their_columns() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write(
        "e.csv",
        "Id,Name,Status,Kind\n1,Alpha,Active,a\n2,Beta,closed,a\n3,Gamma, ACTIVE ,\n4,Total Test,Active,a\n5,Delta,pending,b\n6,Ex,Active,b\n",
    );
    dir.write(
        "m.toml",
        format!(
            "{MAPPING}[source]\nonly = {{ Status = [\"Active\", \"Pending\"] }}\nexcept = {{ Name = [\"Total*\"], kind = \"B\" }}\n"
        ),
    );
    let run = import(&dir, &server, "e.csv").expect_exit(0);
    assert_eq!(keys(&server), ["1", "3"]);
    let summary = run.summary();
    assert_eq!((summary.get("rows"), summary.get("left_out")), (2, 4));
    for says in [
        "note: row 3 is left out by [source] only",
        "note: 3 rows are left out by [source] except: 5, 6, 7",
    ] {
        assert!(run.stderr.contains(says), "{says}\n{}", run.stderr);
    }
    // Again, nothing is new, and the same rows are left out.
    let again = import(&dir, &server, "e.csv").expect_exit(0).summary();
    assert_eq!((again.get("skipped"), again.get("left_out")), (2, 4));
    // The report says it, on the page and in the summary.
    let run = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--report", "r"])
        .finish()
        .expect_exit(0);
    assert!(run.stdout.contains("4  left out"), "{}", run.stdout);
    let page = std::fs::read_to_string(dir.path("r/report.html")).unwrap();
    assert!(page.contains("Left out beside them: 4"));
    // A column that is not there is an error of the mapping.
    dir.write(
        "m.toml",
        format!("{MAPPING}[source]\nonly = {{ Sttus = [\"Active\"] }}\n"),
    );
    let run = import(&dir, &server, "e.csv").expect_exit(2);
    assert!(
        run.stderr.contains("the file has no column \"Sttus\"")
            && run.stderr.contains("did you mean \"Status\"?"),
        "{}",
        run.stderr
    );
}

#[test]
fn joined_exports_are_read_on_or_refused() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    dir.write(
        "e.csv",
        "Id,Name,City\n1,Alpha,X\n\u{feff}Id,Name,City\n2,Beta,Y\nId,Name,City\n",
    );
    let run = import(&dir, &server, "e.csv").expect_exit(0);
    assert_eq!(keys(&server), ["1", "2"]);
    assert_eq!(run.summary().get("left_out"), 2);
    assert!(run.stderr.contains("rows 3 and 5 repeat the header"));
    // Columns in another order: all rows below would be read wrong.
    dir.write(
        "e.csv",
        "Id,Name,City\n3,Gamma,X\nName,City,Id\nDelta,Y,4\n",
    );
    let run = import(&dir, &server, "e.csv").expect_exit(2);
    assert!(
        run.stderr
            .contains("e.csv, row 3: another header begins here"),
        "{}",
        run.stderr
    );
    assert_eq!(keys(&server), ["1", "2"]);
}

#[test]
fn a_total_is_refused_unless_the_mapping_allows_it() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    dir.write(
        "e.csv",
        "Id,Name,City\nid,name,city\nA-1,Total,X\nA-2,Sum Ltd,Y\nTotal,2,\n",
    );
    let run = import(&dir, &server, "e.csv").expect_exit(1);
    assert_eq!(keys(&server), ["A-1", "A-2"]);
    assert_eq!(codes(&run), ["row.second_header", "row.total"]);
    dir.write(
        "m.toml",
        format!("{MAPPING}[validation]\nallow = [\"row.total\", \"row.second_header\"]\n"),
    );
    import(&dir, &server, "e.csv").expect_exit(0);
    assert_eq!(keys(&server), ["A-1", "A-2", "Total", "id"]);
}

#[test]
fn what_a_spreadsheet_did_to_a_key_is_seen_in_key_and_parent() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write(
        "m.toml",
        format!("{MAPPING}parentId = {{ partner = \"Parent\" }}\n"),
    );
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["Id", "Name", "Parent"]) {
        sheet.write(0, column, name).unwrap();
    }
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let padded = Format::new().set_num_format("00000");
    let day = ExcelDateTime::from_ymd(2026, 3, 4).unwrap();
    for row in 1..=9 {
        sheet.write(row, 1, format!("Company {row}")).unwrap();
    }
    sheet.write(1, 0, 158_291_753_387_385_241.0).unwrap();
    sheet.write_with_format(2, 0, &day, &date).unwrap();
    sheet.write(3, 0, true).unwrap();
    sheet
        .write(4, 0, Formula::new("=NA()").set_result("#N/A"))
        .unwrap();
    sheet.write(5, 0, "1.58E+17").unwrap();
    sheet.write_with_format(6, 0, 123.0, &padded).unwrap();
    // Parents that were changed like their keys, and one that was padded like its own.
    sheet.write(7, 0, "K-7").unwrap();
    sheet.write(7, 2, 158_291_753_387_385_241.0).unwrap();
    sheet.write(8, 0, "K-8").unwrap();
    sheet.write_with_format(8, 2, &day, &date).unwrap();
    sheet.write(9, 0, "K-9").unwrap();
    sheet.write_with_format(9, 2, 123.0, &padded).unwrap();
    book.save(dir.path("e.xlsx")).unwrap();
    let run = import(&dir, &server, "e.xlsx").expect_exit(1);
    assert_eq!(keys(&server), ["00123", "K-9"]);
    let expected = ["cell.precision", "cell.scientific", "cell.type"];
    for code in expected {
        assert!(codes(&run).contains(&code.to_owned()), "{:?}", codes(&run));
    }
    assert_eq!(run.summary().get("invalid"), 7);
}

#[test]
fn numbers_as_keys_are_told_where_zeros_may_be_gone() {
    let dir = Workdir::new();
    dir.write("m.toml", MAPPING);
    for (keys, warnings) in [
        (&[1.0, 2.0, 30.0, 400.0][..], 0),
        (&[10_123.0, 20_456.0, 30_789.0], 0),
        (&[10_123.0, 456.0, 30_789.0], 1),
    ] {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "Id").unwrap();
        sheet.write(0, 1, "Name").unwrap();
        for (row, key) in (1..).zip(keys) {
            sheet.write(row, 0, *key).unwrap();
            sheet.write(row, 1, format!("Company {row}")).unwrap();
        }
        book.save(dir.path("e.xlsx")).unwrap();
        let run = dir
            .run(&["check", "e.xlsx", "-m", "m.toml", "--json"])
            .finish()
            .expect_exit(0);
        assert_eq!(run.summary().get("warnings"), warnings, "{keys:?}");
    }
}

/// A key is what finds the row again: what is odd about it is told as of any other field.
#[test]
fn a_formula_as_a_key_is_told() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    dir.write(
        "e.csv",
        "Id,Name\n=00123,A\n=\"00124\",B\n`00125,C\n=mc2,D\n",
    );
    let run = import(&dir, &server, "e.csv").expect_exit(0);
    assert_eq!(keys(&server), ["00124", "=00123", "=mc2", "`00125"]);
    assert_eq!(codes(&run), ["text.formula", "text.guard"]);
}

/// What pandas makes of a column of whole numbers with gaps.
#[test]
fn keys_with_a_decimal_point_are_refused_unless_they_are_meant() {
    for (keys, allow, created) in [
        (["1001.0", "1002.0", "1003.0"], false, &[][..]),
        (["1001", "1002.0", "1003"], false, &["1001", "1003"]),
        (["1.0", "1.1", "2.0"], false, &["1.0", "1.1", "2.0"]),
        (["1.0", "2.0", "3.0"], true, &["1.0", "2.0", "3.0"]),
    ] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[]);
        let allow = if allow {
            "[validation]\nallow = [\"key.decimal\"]\n"
        } else {
            ""
        };
        dir.write("m.toml", format!("{MAPPING}{allow}"));
        let rows: Vec<String> = (keys.iter())
            .map(|key| format!("{key},Company {key}\n"))
            .collect();
        dir.write("e.csv", format!("Id,Name\n{}", rows.concat()));
        let exit = i32::from(created.len() < keys.len());
        let run = import(&dir, &server, "e.csv").expect_exit(exit);
        assert_eq!(self::keys(&server), created, "{keys:?}");
        if exit == 1 {
            assert!(codes(&run).contains(&"key.decimal".to_owned()), "{keys:?}");
        }
    }
}

/// A row of texts by its number, from 0.
type Row<'t> = (u32, &'t [&'t str]);

/// A workbook of these sheets by their names.
fn sheets(dir: &Workdir, all: &[(&str, &[Row<'_>])]) {
    let mut book = Workbook::new();
    for (name, rows) in all {
        let sheet = book.add_worksheet();
        sheet.set_name(*name).unwrap();
        for (row, cells) in *rows {
            for (column, cell) in (0..).zip(*cells) {
                sheet.write(*row, column, *cell).unwrap();
            }
        }
    }
    book.save(dir.path("e.xlsx")).unwrap();
}

#[test]
fn the_sheet_that_fits_is_named_and_several_are_read() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    sheets(
        &dir,
        &[
            ("Cover", &[(0, &["Exported"]), (1, &["Today"])]),
            ("A", &[(0, &["Id", "Name"]), (1, &["1", "Alpha"])]),
            (
                "B",
                &[
                    (0, &["Id", "Name"]),
                    (1, &["2", "Beta"]),
                    (2, &["1", "Twice"]),
                ],
            ),
        ],
    );
    let run = import(&dir, &server, "e.xlsx").expect_exit(2);
    assert!(
        run.stderr
            .contains("sheet \"A\", \"B\" does. In the mapping: [source] sheet = \"A\"."),
        "{}",
        run.stderr
    );
    dir.write("m.toml", format!("{MAPPING}[source]\nsheet = [\"A\", 3]\n"));
    let run = import(&dir, &server, "e.xlsx").expect_exit(1);
    assert_eq!(keys(&server), ["2"]);
    assert!(
        run.stderr
            .contains("e.xlsx sheet A row 2 and e.xlsx sheet B row 3")
            || run
                .stdout
                .contains("e.xlsx sheet A row 2 and e.xlsx sheet B row 3"),
        "{}\n{}",
        run.stdout,
        run.stderr
    );
    assert_eq!(
        run.summary().value()["files"],
        serde_json::json!(["e.xlsx"])
    );
    dir.write(
        "m.toml",
        format!("{MAPPING}[source]\nsheet = [\"A\", \"A\"]\n"),
    );
    import(&dir, &server, "e.xlsx").expect_exit(2);
}

#[test]
fn a_long_sheet_that_goes_on_is_told() {
    let dir = Workdir::new();
    dir.write("m.toml", MAPPING);
    let rows = |last: u32| -> [Row<'_>; 2] { [(0, &["Id", "Name"]), (last, &["1", "A"])] };
    for (last, is_told) in [(49_999, true), (49_998, false)] {
        sheets(
            &dir,
            &[
                ("A", &rows(last)),
                ("B", &rows(1)),
                ("C", &[(0, &["x", "y"])]),
            ],
        );
        let run = dir
            .run(&["check", "e.xlsx", "-m", "m.toml"])
            .finish()
            .expect_exit(0);
        let told = run.stderr.contains(
            "\"B\" has the same header and is not read; to read it too: [source] sheet = [\"A\", \"B\"]",
        );
        assert_eq!(told, is_told, "{last}\n{}", run.stderr);
    }
}

#[test]
fn the_totals_row_of_a_table_is_left_out() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let columns = vec![
        TableColumn::new().set_header("Id").set_total_label("Total"),
        TableColumn::new()
            .set_header("Name")
            .set_total_function(TableFunction::Count),
    ];
    let table = Table::new().set_columns(&columns).set_total_row(true);
    for (row, (id, name)) in (1..).zip([("T-1", "Alpha"), ("T-2", "Beta")]) {
        sheet.write(row, 0, id).unwrap();
        sheet.write(row, 1, name).unwrap();
    }
    sheet.add_table(0, 0, 3, 1, &table).unwrap();
    book.save(dir.path("e.xlsx")).unwrap();
    let run = import(&dir, &server, "e.xlsx").expect_exit(0);
    assert_eq!(keys(&server), ["T-1", "T-2"]);
    assert_eq!(run.summary().get("left_out"), 1);
    assert!(
        run.stderr.contains("row 4 is the totals row of a table"),
        "{}",
        run.stderr
    );
}
