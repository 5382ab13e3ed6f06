//! Workbooks whose cells, rows, sheets and number formats are not where and what a program usually puts there.

use proptest::prelude::*;

use super::super::fixtures::{Old, Xlsx, ods, text, text_row, xls_with, xlsb_with, zip_of};
use super::{open, read, refused};
use crate::source::{Flow, RowFault, SheetChoice, SourceError, SourceOptions};

fn book(rows: String) -> Vec<u8> {
    Xlsx {
        rows,
        ..Xlsx::default()
    }
    .bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// Whatever order the cells of a row are stored in, each stands in its own column.
    #[test]
    fn cells_stand_at_their_own_address(order in Just(vec![0_usize, 1, 2, 3, 4]).prop_shuffle(), filled in proptest::collection::vec(any::<bool>(), 5)) {
        let names = ["Id", "Name", "Street", "City", "Zip"];
        let letters = ["A", "B", "C", "D", "E"];
        let cells: String = order.iter().filter(|c| filled[**c]).map(|c| text(&format!("{}2", letters[*c]), names[*c])).collect();
        let rows = text_row(1, &names.map(str::to_lowercase).each_ref().map(String::as_str)) + &format!("<row r=\"2\">{cells}</row>") + &text_row(3, &["z"]);
        let (_, rows, _) = read(&book(rows));
        let expected: Vec<String> = (0..5).map(|c| if filled[c] { format!("text {}", names[c]) } else { "-".to_owned() }).collect();
        let found = rows.iter().find(|(row, _)| *row == 2).map(|(_, cells)| cells.clone());
        prop_assert_eq!(found, filled.contains(&true).then_some(expected));
    }
}

#[test]
fn a_row_wider_than_the_header_is_ragged() {
    let rows = text_row(1, &["Id", "Name"])
        + &text_row(2, &["1", "A", "x"])
        + &text_row(3, &["2", "B", "", " "])
        + r#"<row r="4"><c r="A4" t="inlineStr"><is><t>3</t></is></c><c r="E4" s="0"/></row>"#
        + r#"<row r="5"><c r="F5"><v>1</v></c></row>"#;
    let (_dir, source) = open(&book(rows), &SourceOptions::default());
    let source = source.unwrap();
    for _ in 0..2 {
        let mut faults = Vec::new();
        source
            .read(&mut |batch| {
                faults.extend(
                    batch
                        .rows()
                        .map(|row| (row.row(), row.fault(), row.width())),
                );
                Flow::More
            })
            .unwrap();
        let ragged = |found| Some(RowFault::Ragged { found });
        assert_eq!(
            faults,
            [
                (2, ragged(3), 2),
                (3, None, 2),
                (4, None, 2),
                (5, ragged(6), 2)
            ]
        );
    }
}

#[test]
fn what_no_sheet_holds_is_refused() {
    let id = text_row(1, &["Id"]);
    for (cell, says) in [
        (r#"<row r="2"><c r="XFD2"><v>1</v></c></row>"#, None),
        (
            r#"<row r="1048576"><c r="A1048576"><v>1</v></c></row>"#,
            None,
        ),
        (
            r#"<row r="2"><c r="XFE2"><v>1</v></c></row>"#,
            Some("it has a cell at XFE2, and a sheet ends at XFD1048576"),
        ),
        (
            r#"<row r="2"><c r="ZZZZZ2"><v>1</v></c></row>"#,
            Some("it has a cell at ZZZZZ2"),
        ),
        (
            r#"<row r="1048577"><c r="A1048577"><v>1</v></c></row>"#,
            Some("it has a cell at A1048577"),
        ),
        (
            r#"<row r="4000000000"><c r="A4000000000"><v>1</v></c></row>"#,
            Some(""),
        ),
        (
            r#"<row r="9"><c r="A9"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>"#,
            Some("its rows are out of order: row 3 comes after a later one"),
        ),
        (
            r#"<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>"#,
            Some("it has two cells at A2"),
        ),
        (
            r#"<row r="2"><c r="A2"/><c r="A2"><v>2</v></c><c r="A2"/></row>"#,
            None,
        ),
    ] {
        let (_dir, source) = open(&book(id.clone() + cell), &SourceOptions::default());
        let end = source.and_then(|source| source.read(&mut |_| Flow::More).map(|_| ()));
        match says {
            None => assert!(end.is_ok(), "{cell}"),
            Some(says) => {
                let said = end.unwrap_err().to_string();
                assert!(said.contains("is a workbook that cannot be read"), "{said}");
                assert!(said.contains(says), "{said}");
            }
        }
    }
}

/// Numbers are numbers and dates are dates, whatever number of a format and whatever language.
#[test]
fn number_formats_are_read_by_what_they_say() {
    #[expect(clippy::format_collect, reason = "a few rows")]
    let cells: String = (1..=7)
        .map(|style| {
            format!(
                r#"<row r="{0}"><c r="A{0}" s="{style}"><v>46099</v></c></row>"#,
                style + 1
            )
        })
        .collect();
    let (_, rows, _) = read(
        &Xlsx {
            rows: text_row(1, &["Value"]) + &cells,
            formats: &["Standard", "Og\u{f3}lny", "yyyy-mm-dd", "[h]:mm"],
            own_formats: &[(50, "000000000000"), (14, "0"), (30, "")],
            ..Xlsx::default()
        }
        .bytes(),
    );
    let shown: Vec<&str> = rows.iter().map(|(_, cells)| cells[0].as_str()).collect();
    assert_eq!(
        shown,
        [
            "number 46099",
            "number 46099",
            "date 2026-03-18",
            "duration 46099",
            "text 000000046099",
            "number 46099",
            // A date of East Asian programs, which has no code.
            "date 2026-03-18",
        ]
    );
    let formats = [
        (50, "000000000000"),
        (14, "0"),
        (2, "dd.mm.yyyy"),
        (400, "[h]:mm"),
        (164, "Standard"),
        (165, "d/m/yyyy"),
    ];
    let mut cells = vec![Old::Text(0, 0, "Value")];
    cells.extend((0..8).map(|style| Old::Number(style + 1, 0, style, 46099.0)));
    for (from_1904, date) in [(false, "date 2026-03-18"), (true, "date 2030-03-19")] {
        let (_, rows, _) = read(&xls_with(&cells, &formats, from_1904));
        let shown: Vec<&str> = rows.iter().map(|(_, cells)| cells[0].as_str()).collect();
        assert_eq!(
            shown,
            [
                "number 46099",
                // The workbook itself says what 14 is.
                "number 46099",
                "text 000000046099",
                "number 46099",
                date,
                "duration 46099",
                "number 46099",
                date,
            ]
        );
    }
}

#[test]
fn number_formats_of_binary_workbooks_are_read_by_what_they_say() {
    let formats = [
        (50, "000000000000"),
        (14, "0"),
        (14, ""),
        (2, "dd.mm.yyyy"),
        (164, "Standard"),
        (165, "Estándar"),
        (166, "d/m/yyyy"),
        (45, "[h]:mm"),
        (46, "yyyy-mm-dd"),
        (47, "General"),
        (167, "00000"),
        (30, ""),
    ];
    let header: Vec<Result<&str, (f64, u8)>> = vec![Ok("Id"), Ok("Gap"), Ok("Value")];
    let cells: Vec<Vec<Result<&str, (f64, u8)>>> = (0..14)
        .map(|style| vec![Ok("x"), Ok(""), Err((46099.0, style))])
        .collect();
    let rows: Vec<&[Result<&str, (f64, u8)>]> = std::iter::once(header.as_slice())
        .chain(cells.iter().map(Vec::as_slice))
        .collect();
    for (from_1904, date) in [(false, "date 2026-03-18"), (true, "date 2030-03-19")] {
        let (_, rows, _) = read(&xlsb_with(&rows, &formats, from_1904));
        let shown: Vec<&str> = rows.iter().map(|(_, cells)| cells[2].as_str()).collect();
        assert_eq!(
            shown,
            [
                "number 46099",
                // The workbook itself says what 14 is, wherever it is named.
                "number 46099",
                "text 000000046099",
                "number 46099",
                "number 46099",
                date,
                "number 46099",
                "number 46099",
                date,
                "duration 46099",
                date,
                "number 46099",
                "text 46099",
                date,
            ]
        );
    }
    // Without a format of its own nothing is walked twice; the dates are the parser's.
    let (_, rows, _) = read(&xlsb_with(&rows, &[(30, ""), (164, "yyyy-mm-dd")], false));
    assert_eq!(rows[1].1[2], "date 2026-03-18");
    assert_eq!(rows[3].1[2], "date 2026-03-18");
}

#[test]
fn the_workbook_says_which_rows_are_totals() {
    let rows = text_row(1, &["Id", "Name"])
        + &text_row(2, &["1", "A"])
        + &text_row(3, &["Total", "1"])
        + &text_row(5, &["2", "B"]);
    for (table, left) in [
        (r#"<table ref="A1:B3" totalsRowCount="1"/>"#, &[2, 5][..]),
        (r#"<table ref="A1:B3" totalsRowShown="1"/>"#, &[2, 3, 5]),
        (r#"<table ref="A2:B3" totalsRowCount="1"/>"#, &[2, 3, 5]),
        (r#"<table ref="A1" totalsRowCount="9"/>"#, &[2, 3, 5]),
        (
            r#"<table ref="A1:B3" totalsRowCount="18446744073709551615"/>"#,
            &[2, 3, 5],
        ),
    ] {
        let relations = |target| {
            format!(
                r#"<Relationships><Relationship Id="rId1" Type="http://x/relationships/table" Target="{target}"/></Relationships>"#
            )
        };
        for target in ["../tables/table1.xml", "/xl/tables/table1.xml"] {
            let relations: &'static str = relations(target).leak();
            let parts: &'static [(&str, &str)] = vec![
                ("xl/worksheets/_rels/sheet1.xml.rels", relations),
                ("xl/tables/table1.xml", table),
            ]
            .leak();
            let book = Xlsx {
                rows: rows.clone(),
                parts,
                ..Xlsx::default()
            };
            let (_, rows, notes) = read(&book.bytes());
            let numbers: Vec<u64> = rows.iter().map(|(row, _)| *row).collect();
            assert_eq!(numbers, left, "{table}");
            assert_eq!(notes.len(), 3 - left.len(), "{notes:?}");
        }
    }
}

#[test]
fn a_cover_sheet_is_named_with_the_others() {
    let sheets = &[
        ("Cover", "visible"),
        ("Old", "hidden"),
        ("Partners", "visible"),
    ];
    let book = |other_rows: String| Xlsx {
        rows: text_row(1, &["Id"]) + &text_row(2, &["1"]),
        sheets,
        other_rows,
        ..Xlsx::default()
    };
    let (_dir, source) = open(&book(String::new()).bytes(), &SourceOptions::default());
    let said = source.map(|_| ()).unwrap_err();
    assert!(matches!(&said, SourceError::EmptySheet { sheet, .. } if sheet == "Cover"));
    assert!(
        said.to_string()
            .ends_with("In the mapping: [source] sheet = \"Partners\"."),
        "{said}"
    );
    let options = SourceOptions::default();
    let (_dir, source) = open(&book(text_row(1, &["A summary"])).bytes(), &options);
    let source = source.unwrap();
    let fitting = source.other_sheets(&options, &|header| header.find("Id").is_some());
    assert_eq!(
        fitting.iter().map(|s| &**s).collect::<Vec<_>>(),
        ["Partners"]
    );
    assert!(
        source
            .other_sheets(&options, &|header| header.find("x").is_some())
            .is_empty()
    );
    // Where the mapping names a sheet, nothing else is looked at.
    let named = SourceOptions {
        sheet: Some(SheetChoice::Number(1)),
        ..options
    };
    let (_dir, source) = open(&book(text_row(1, &["A summary"])).bytes(), &named);
    assert!(source.unwrap().other_sheets(&named, &|_| true).is_empty());
}

#[test]
fn a_file_of_another_program_is_called_what_it_is() {
    for (bytes, says) in [
        (
            zip_of(&[
                ("[Content_Types].xml", b"<Types/>"),
                ("word/document.xml", b"<w/>"),
            ]),
            "is a Word document",
        ),
        (
            zip_of(&[("Index/Document.iwa", b"x"), ("Metadata/a", b"x")]),
            "is an Apple Numbers document",
        ),
        (
            b"<html><table><tr><td>Id</td></tr></table></html>".to_vec(),
            "is an HTML page with a table, not a text table (CSV) or a workbook. Open it in Excel and save it as XLSX",
        ),
    ] {
        let said = refused(&bytes);
        assert!(said.starts_with(says), "{said}");
    }
}

#[test]
fn an_ods_workbook_with_a_password_is_encrypted() {
    for entry in ["content.xml", "encrypted-package"] {
        let manifest = format!(
            r#"<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="{entry}"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"#
        );
        let book = zip_of(&[
            (
                "mimetype",
                b"application/vnd.oasis.opendocument.spreadsheet",
            ),
            ("META-INF/manifest.xml", manifest.as_bytes()),
            (entry, b"\x00\x01\x02"),
        ]);
        assert!(refused(&book).starts_with("is encrypted. Save it without a password"));
    }
}

#[test]
fn times_of_an_ods_workbook_are_lengths_of_time() {
    let row = |cell: &str| format!("<table:table-row>{cell}</table:table-row>");
    let named =
        r#"<table:table-cell office:value-type="string"><text:p>At</text:p></table:table-cell>"#;
    let time = r#"<table:table-cell office:value-type="time" office:time-value="PT12H30M00S"><text:p>12:30</text:p></table:table-cell>"#;
    let (_, rows, _) = read(&ods(&(row(named) + &row(time))));
    let days = 12.5 / 24.0;
    assert_eq!(rows[0].1, [format!("duration {days}")]);
}
