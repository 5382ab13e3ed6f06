//! A workbook's column that Excel understood by half: nothing is sent of it before a person says in which order it was
//! written.

use std::collections::BTreeMap;

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use crate::support::{Server, Workdir, text};

/// A cell of the column: a date cell, or a text.
#[derive(Clone, Copy)]
enum Cell {
    Date(u16, u8, u8),
    Text(&'static str),
}

/// What an American Excel leaves of the days 3 April, 13 April, 11 May, 31 January, 5 May.
const HALF: [Cell; 5] = [
    Cell::Date(2026, 3, 4),
    Cell::Text("13/04/2026"),
    Cell::Date(2026, 11, 5),
    Cell::Text("31/01/2026"),
    Cell::Date(2026, 5, 5),
];

fn workbook(dir: &Workdir, cells: impl Iterator<Item = Cell>) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let date = Format::new().set_num_format("m/d/yyyy");
    for (column, name) in (0..).zip(["Id", "Name", "Signed"]) {
        sheet.write(0, column, name).unwrap();
    }
    for (row, cell) in (1..).zip(cells) {
        sheet.write(row, 0, format!("K-{row}")).unwrap();
        sheet.write(row, 1, format!("Partner {row}")).unwrap();
        match cell {
            Cell::Date(year, month, day) => {
                let day = ExcelDateTime::from_ymd(year, month, day).unwrap();
                sheet.write_with_format(row, 2, day, &date).unwrap();
            }
            Cell::Text(text) => {
                sheet.write(row, 2, text).unwrap();
            }
        }
    }
    book.save(dir.path("e.xlsx")).unwrap();
}

fn mapping(dir: &Workdir, source: &str) {
    let head = format!("name = \"mixed\"\nkey = \"Id\"\n[source]\n{source}\n[organization]\n");
    dir.write(
        "m.toml",
        head + "businessName = \"Name\"\nsignOnDate = \"Signed\"\n",
    );
}

/// The dates of the partners that were made, and how often each code was reported.
fn imported(source: &str, exit: i32) -> (String, BTreeMap<String, usize>) {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    workbook(&dir, HALF.into_iter());
    mapping(&dir, source);
    dir.run(&["import", "e.xlsx", "-m", "m.toml", "--report", "out"])
        .at(&server)
        .finish()
        .expect_exit(exit);
    let mut dates: Vec<String> = (server.partners().iter())
        .map(|p| {
            format!(
                "{} {}",
                text(p, "/party/legacyIdentifier"),
                text(p, "/signOnDate").get(..10).unwrap_or_default()
            )
        })
        .collect();
    dates.sort();
    let mut codes = BTreeMap::new();
    for line in dir.read("out/problems.jsonl").lines() {
        let problem: serde_json::Value = serde_json::from_str(line).unwrap();
        *codes.entry(text(&problem, "/code")).or_default() += 1;
    }
    (dates.join(", "), codes)
}

#[test]
fn the_order_that_was_written_says_what_the_date_cells_are() {
    for (source, exit, dates, codes) in [
        (
            "",
            1,
            "K-2 2026-04-13, K-4 2026-01-31, K-5 2026-05-05",
            vec![("date.mixed", 2)],
        ),
        (
            "date_order = \"dmy\"",
            0,
            "K-1 2026-04-03, K-2 2026-04-13, K-3 2026-05-11, K-4 2026-01-31, K-5 2026-05-05",
            vec![("date.exchanged", 2)],
        ),
        (
            "date_order = \"mdy\"",
            1,
            "K-1 2026-03-04, K-3 2026-11-05, K-5 2026-05-05",
            vec![("date.contradicts_column", 2), ("date.invalid", 2)],
        ),
    ] {
        let expected = codes.into_iter().map(|(code, n)| (code.to_owned(), n));
        assert_eq!(
            imported(source, exit),
            (dates.to_owned(), expected.collect()),
            "{source}"
        );
    }
}

/// Rejected rows come back as they are: nobody has said which of the two days it is.
#[test]
fn a_date_that_may_be_swapped_is_no_certain_text_in_the_rejects() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    workbook(&dir, HALF.into_iter());
    mapping(&dir, "");
    let import = |file: &str, report: &str| {
        let words = ["import", file, "-m", "m.toml", "--report", report];
        dir.run(&words).at(&server).finish()
    };
    import("e.xlsx", "out").expect_exit(1);
    let sent = server.count("POST");
    let rejects = dir.read("out/rejects.csv");
    assert_eq!(rejects.matches('\u{26a0}').count(), 2, "{rejects}");
    dir.write("again.csv", &rejects);
    import("again.csv", "again").expect_exit(1);
    let problems = dir.read("again/problems.csv");
    assert_eq!(problems.matches("cell.uncertain").count(), 2, "{problems}");
    assert_eq!(server.count("POST"), sent);
    // One is typed anew, of the other the mark is taken away.
    let (first, second) = rejects.split_at(rejects.find("K-3").unwrap());
    let typed =
        first.replace("\u{26a0} 2026-03-04", "2026-04-03") + &second.replace("\u{26a0} ", "");
    dir.write("again.csv", typed);
    import("again.csv", "last").expect_exit(0);
    assert_eq!(server.count("POST"), sent + 2);
}

/// What the last row shows is true of the first one, which was looked at long before.
#[test]
fn one_text_at_the_end_of_a_long_column_is_seen() {
    let dir = Workdir::new();
    mapping(&dir, "");
    let cells = |last| {
        let first = (0..6_000).map(|n| Cell::Date(2026, 3, if n % 2 == 0 { 1 } else { 2 }));
        first.chain([last])
    };
    for (last, exit, mixed) in [
        (Cell::Text("2026-12-25"), 0, 0),
        (Cell::Text("25/12/2026"), 1, 6_000),
        (Cell::Text("12/25/2026"), 1, 6_000),
    ] {
        workbook(&dir, cells(last));
        let run = dir
            .run(&["check", "e.xlsx", "-m", "m.toml", "--json"])
            .finish()
            .expect_exit(exit);
        let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(summary["invalid"].as_u64(), Some(mixed), "{summary}");
        let is_said = run
            .stderr
            .contains("6,000 date cells without a day over 12");
        assert_eq!(is_said, mixed > 0, "{}", run.stderr);
    }
    // A date cell with a late day was typed as it is: Excel understood the column.
    workbook(
        &dir,
        cells(Cell::Date(2026, 3, 20)).chain([Cell::Text("25/12/2026")]),
    );
    dir.run(&["check", "e.xlsx", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
}
