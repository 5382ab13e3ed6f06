//! What of a workbook becomes rows, and what is reported about it.

use super::super::detect;
use super::super::fixtures::{Old, Xlsx, ods, text_row, xls, xlsb, zip_of};
use super::{open, read, refused};
use crate::source::input::Input;
use crate::source::stamp::Stamp;
use crate::source::{SheetChoice, SourceError, SourceOptions};

/// What is found changed when the last row was parsed makes all of it void.
#[test]
fn a_book_that_changes_while_it_is_parsed_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("book.xlsx");
    let book = Xlsx {
        rows: text_row(1, &["Id"]) + &text_row(2, &["1"]),
        ..Xlsx::default()
    };
    std::fs::write(&path, &book.bytes()[1..]).unwrap();
    let stamp = || Stamp::of(std::fs::File::open(&path).unwrap().into()).unwrap();
    let before = stamp();
    std::fs::write(&path, book.bytes()).unwrap();
    let now = stamp();
    let (input, outside) = Input::take(&path, &mut Vec::new()).unwrap();
    for (stamp, changed) in [(now, false), (before, true)] {
        let found = detect(&input, outside, &SourceOptions::default(), Some(&stamp)).unwrap();
        let end = found.spool.unwrap().wait();
        assert_eq!(matches!(end, Err(SourceError::Changed { .. })), changed);
    }
}

#[test]
fn cells_keep_their_types() {
    let rows = text_row(1, &["Id", "Value"])
        + r#"<row r="2"><c r="A2" t="inlineStr"><is><t>00042</t></is></c><c r="B2" s="1"><v>46085</v></c></row>
        <row r="3"><c r="A3"><v>12345678901</v></c><c r="B3" s="2"><v>0.5</v></c></row>
        <row r="4"><c r="A4" t="b"><v>1</v></c><c r="B4" t="e"><v>#N/A</v></c></row>
        <row r="5"><c r="A5" s="3"><v>2139</v></c><c r="B5" s="4"><v>1234.5</v></c></row>
        <row r="6"><c r="A6"><f>1+1</f><v>2</v></c><c r="B6"><f>NOW()</f></c></row>
        <row r="7"><c r="A7" t="str"><f>A2</f><v>text</v></c><c r="B7" s="1"><v>60</v></c></row>
        <row r="8"><c r="A8" t="d"><v>2026-03-04T00:00:00</v></c><c r="B8" s="5"><v>1.5</v></c></row>
        <row r="1000"><c r="A1000" s="1"/></row>"#;
    let book = Xlsx {
        rows,
        formats: &["yyyy-mm-dd", "0%", "00000", "#,##0.00", "[h]:mm"],
        ..Xlsx::default()
    };
    let (header, rows, _) = read(&book.bytes());
    assert_eq!(header, ["Id", "Value"]);
    let cells: Vec<_> = rows
        .iter()
        .map(|(n, c)| format!("{n}: {}", c.join(", ")))
        .collect();
    assert_eq!(
        cells,
        [
            "2: text 00042, date 2026-03-04",
            "3: number 12345678901, number 0.5",
            "4: true, error #N/A",
            "5: text 02139, number 1234.5",
            "6: number 2, no value",
            "7: text text, date 60",
            "8: iso 2026-03-04T00:00:00, duration 1.5",
        ]
    );
}

#[test]
fn the_1904_system_counts_from_its_own_day() {
    let rows = text_row(1, &["Day"])
        + r#"<row r="2"><c r="A2" s="1"><v>44623</v></c></row><row r="3"><c r="A3" s="1"><v>0</v></c></row>"#;
    let book = Xlsx {
        rows,
        formats: &["yyyy-mm-dd"],
        from_1904: true,
        ..Xlsx::default()
    };
    let (_, rows, _) = read(&book.bytes());
    assert_eq!(rows[0].1, ["date 2026-03-04"]);
    assert_eq!(rows[1].1, ["date 1904-01-01"]);
}

#[test]
fn hidden_and_merged_and_below_a_title_are_told() {
    let rows = text_row(1, &["Partners of 2026"])
        + &text_row(3, &["Id", "Name", "City"])
        + &text_row(4, &["1", "Alpha", "Rome"])
        + &text_row(5, &["2", "Beta", "Oslo"]).replace("<row ", "<row hidden=\"1\" ")
        + &text_row(6, &["3", "Gamma", "Bern"])
        + "<row r=\"7\" hidden=\"1\"/>"
        + &text_row(9, &["Partner report"])
        + &text_row(10, &["Copyright (c) 2026"]);
    let book = Xlsx {
        rows,
        // Protected against changes, not encrypted: it opens.
        behind: r#"<sheetProtection sheet="1" password="CC1A" objects="1" scenarios="1"/><mergeCells count="1"><mergeCell ref="C4:C5"/></mergeCells>"#,
        sheets: &[
            ("hiddenSheet", "hidden"),
            ("Accounts &amp; more", "visible"),
        ],
        ..Xlsx::default()
    };
    let (header, rows, notes) = read(&book.bytes());
    assert_eq!(header, ["Id", "Name", "City"]);
    assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [4, 5, 6]);
    assert_eq!(
        notes,
        [
            "sheet \"Accounts & more\" is read, the first visible one; not read: \"hiddenSheet\"; [source] sheet settles it",
            "the header was found in row 3, below lines with fewer cells",
            "1 hidden row is read like all others: row 5",
            "1 merged range has a value in the first cell only, and the others are empty: C4:C5",
            "rows 9 to 10 at the end are a footer and are not imported: \"Partner report\"",
        ]
    );
}

#[test]
fn sheets_are_chosen_by_name_and_number() {
    let book = Xlsx {
        rows: text_row(1, &["Id"]) + &text_row(2, &["1"]),
        sheets: &[("First", "visible"), ("Second", "visible")],
        ..Xlsx::default()
    };
    for (choice, header) in [
        (Some(SheetChoice::Name("Second".to_owned())), true),
        (Some(SheetChoice::Name(" second".to_owned())), true),
        (Some(SheetChoice::Number(2)), true),
        (Some(SheetChoice::Number(1)), false),
        (Some(SheetChoice::Number(3)), false),
        (None, false),
    ] {
        let options = SourceOptions {
            sheet: choice.clone(),
            ..SourceOptions::default()
        };
        assert_eq!(
            open(&book.bytes(), &options).1.is_ok(),
            header,
            "{choice:?}"
        );
    }
}

#[test]
fn old_workbooks_are_read() {
    let cells = [
        Old::Text(0, 0, "Id"),
        Old::Text(0, 1, "Since"),
        Old::Text(1, 0, "Zoë"),
        Old::Number(1, 1, 1, 46085.0),
        Old::Number(2, 0, 0, 7.0),
        Old::Boolean(2, 1, true),
        Old::Error(3, 0, 0x2A),
        Old::Number(3, 1, 1, 1.0),
    ];
    let (header, rows, _) = read(&xls(&cells, false));
    assert_eq!(header, ["Id", "Since"]);
    assert_eq!(rows[0].1, ["text Zoë", "date 2026-03-04"]);
    assert_eq!(rows[1].1, ["number 7", "true"]);
    assert_eq!(rows[2].1, ["error #N/A", "date 1900-01-01"]);
    let (_, rows, _) = read(&xls(&cells, true));
    assert_eq!(rows[0].1[1], "date 2030-03-05");
}

#[test]
fn binary_and_open_document_workbooks_are_read() {
    let book = xlsb(&[
        &[Ok("Id"), Ok("Since")],
        &[Ok("007"), Err((46085.0, 1))],
        &[Err((12.0, 0)), Ok("x")],
    ]);
    let (header, rows, _) = read(&book);
    assert_eq!(header, ["Id", "Since"]);
    assert_eq!(rows[0].1, ["text 007", "date 2026-03-04"]);
    assert_eq!(rows[1].1, ["number 12", "text x"]);

    let cell = |t: &str| {
        format!(
            r#"<table:table-cell office:value-type="string"><text:p>{t}</text:p></table:table-cell>"#
        )
    };
    let row = |cells: &str| format!("<table:table-row>{cells}</table:table-row>");
    let book = ods(&(row(&(cell("Id") + &cell("Since")))
        + &row(&(cell("007")
            + r#"<table:table-cell office:value-type="date" office:date-value="2026-03-04"><text:p>4 Mar</text:p></table:table-cell>"#))
        + &row(&(cell("008") + &cell("x"))).replace(
            "<table:table-row>",
            r#"<table:table-row table:visibility="collapse">"#,
        )
        + r#"<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16000"/></table:table-row>"#));
    let (header, rows, notes) = read(&book);
    assert_eq!(header, ["Id", "Since"]);
    assert_eq!(rows[0].1, ["text 007", "iso 2026-03-04"]);
    assert_eq!(rows[1].1, ["text 008", "text x"]);
    assert_eq!(notes, ["1 hidden row is read like all others: row 3"]);
}

#[test]
fn text_tables_are_unpacked() {
    let table = b"Id,Name\n1,Alpha\n";
    let gzip = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let zipped = zip_of(&[
        ("__MACOSX/._e.csv", b"x"),
        ("folder/", b""),
        ("folder/e.csv", table),
    ]);
    let book = Xlsx {
        rows: text_row(1, &["Id", "Name"]) + &text_row(2, &["1", "Alpha"]),
        ..Xlsx::default()
    };
    for bytes in [
        gzip(table),
        zipped.clone(),
        gzip(&zipped),
        gzip(&book.bytes()),
        zip_of(&[("book.xlsx", &book.bytes())]),
    ] {
        let (header, rows, _) = read(&bytes);
        assert_eq!(header, ["Id", "Name"]);
        assert_eq!(
            rows,
            [(2, vec!["text 1".to_owned(), "text Alpha".to_owned()])]
        );
    }
    let zeros = gzip(&vec![b'a'; 300 * 1024 * 1024]);
    assert!(
        refused(&zeros)
            .starts_with("cannot be unpacked: it unpacks to more than 200 times its size")
    );
    assert!(
        refused(&gzip(&gzip(&gzip(table))))
            .starts_with("cannot be unpacked: it is packed more than twice")
    );
    let mut torn = gzip(table);
    torn.truncate(torn.len() - 5);
    assert!(refused(&torn).starts_with("cannot be unpacked: "));
}

/// Errors that Excel has made since the parser's list was written, and those of other programs.
#[test]
fn an_error_that_the_parser_does_not_know_is_one_of_its_cell() {
    let error = |place: &str, text: &str| format!(r#"<c r="{place}" t="e"><v>{text}</v></c>"#);
    for text_of_error in [
        "#GETTING_DATA",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#BUSY!",
        "#CONNECT!",
        "#BLOCKED!",
        "#UNKNOWN!",
        "#PYTHON!",
        "Err:502",
    ] {
        let rows = text_row(1, &["Id", "A", "B"])
            + &format!(
                r#"<row r="2"><c r="A2"><v>7</v></c>{}{}</row>"#,
                error("B2", text_of_error),
                error("C2", "#N/A")
            )
            + &text_row(3, &["8", "x", "y"])
            + &format!(
                r#"<row r="4">{}<c r="B4"><f>X()</f><v>2</v></c><c r="C4"><f>Y()</f></c></row>"#,
                error("A4", text_of_error)
            );
        for formats in [&[][..], &["00000"]] {
            let book = Xlsx {
                rows: rows.clone(),
                formats,
                ..Xlsx::default()
            };
            let (_, rows, _) = read(&book.bytes());
            let cells: Vec<_> = (rows.iter())
                .map(|(n, c)| format!("{n}: {}", c.join(", ")))
                .collect();
            assert_eq!(
                cells,
                [
                    format!("2: number 7, error {text_of_error}, error #N/A"),
                    "3: text 8, text x, text y".to_owned(),
                    format!("4: error {text_of_error}, number 2, no value"),
                ]
            );
        }
    }
}

/// Behind such an error the parser does not count the cells that have no place of their own.
#[test]
fn cells_without_a_place_behind_an_unknown_error_are_not_moved() {
    let rows = text_row(1, &["Id", "A", "B"])
        + r#"<row r="2"><c><v>7</v></c><c t="e"><v>#SPILL!</v></c><c><v>8</v></c></row>"#;
    let book = Xlsx {
        rows,
        ..Xlsx::default()
    };
    assert!(refused(&book.bytes()).contains("damaged"));
}
