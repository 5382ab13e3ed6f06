use super::super::cutter::RECORD_LIMIT_BYTES;
use super::super::{Source, SourceOptions};
use super::*;

#[derive(Debug, PartialEq)]
struct Seen {
    row: u64,
    line: Option<u64>,
    cells: Vec<String>,
    fault: Option<RowFault>,
}

fn rows_of(bytes: &[u8]) -> (Source, Vec<Seen>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, bytes).unwrap();
    let source = Source::open(&path, &SourceOptions::default()).unwrap();
    let read = || {
        let mut rows = Vec::new();
        let end = source.read(&mut |batch| {
            rows.extend(batch.rows().map(|r| Seen {
                row: r.row(),
                line: r.line(),
                cells: r.texts(),
                fault: r.fault(),
            }));
            Flow::More
        });
        (rows, end.unwrap())
    };
    let first = read();
    // The second time the pieces are known already.
    assert_eq!(first, read());
    let (rows, _) = first;
    (source, rows)
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
    let (_, rows) = rows_of(b"Id,Note\r\n\r\n1,\"two\r\nlines\"\r\n,\r\n2,x\r\n\r\n3,y");
    let seen: Vec<_> = rows
        .iter()
        .map(|r| (r.row, r.line, r.cells[0].as_str()))
        .collect();
    assert_eq!(seen, [(3, None, "1"), (5, Some(6), "2"), (7, Some(8), "3")]);
    assert_eq!(rows[0].cells[1], "two\r\nlines");
}

#[test]
fn carriage_returns_alone_end_lines() {
    let (_, rows) = rows_of(b"Id,Name\r1,A\r2,B\r");
    assert_eq!(rows.iter().map(|r| r.row).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn faults_belong_to_their_row() {
    let (_, rows) = rows_of(b"Id,Name\n1\n2,B,C\n3,C,\n4,D\n5,\"torn");
    let faults: Vec<_> = rows.iter().map(|r| r.fault).collect();
    assert_eq!(
        faults,
        [
            Some(RowFault::Ragged { found: 1 }),
            Some(RowFault::Ragged { found: 3 }),
            None,
            None,
            Some(RowFault::Torn),
        ]
    );
}

#[test]
fn a_closed_quote_at_the_very_end_is_not_torn() {
    let (_, rows) = rows_of(b"Id,Name\n1,\"A\"");
    assert_eq!(rows[0].fault, None);
    assert_eq!(rows[0].cells, ["1", "A"]);
}

#[test]
fn undecodable_bytes_are_told_with_their_column() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, b"Id,Name\n1,Caf\xe9\n2,B\n").unwrap();
    let options = SourceOptions {
        encoding: Some(encoding_rs::UTF_8),
        ..SourceOptions::default()
    };
    let source = Source::open(&path, &options).unwrap();
    let mut faults = Vec::new();
    source
        .read(&mut |batch| {
            faults.extend(batch.rows().map(super::super::row::SourceRow::fault));
            Flow::More
        })
        .unwrap();
    assert_eq!(faults, [Some(RowFault::Undecodable { column: 1 }), None]);
}

/// Texts of cells stand one behind the other while they are read.
#[test]
fn halves_of_a_character_in_two_cells_are_no_character() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(
        &path,
        b"Id,Name,City\n1,A\xc3,\xa9B\n2,C,D\xc3\n\xa9,E,F\n4,G,\xc3\xa9\n",
    )
    .unwrap();
    let options = SourceOptions {
        encoding: Some(encoding_rs::UTF_8),
        ..SourceOptions::default()
    };
    let source = Source::open(&path, &options).unwrap();
    let mut faults = Vec::new();
    source
        .read(&mut |batch| {
            faults.extend(batch.rows().map(super::super::row::SourceRow::fault));
            Flow::More
        })
        .unwrap();
    let broken = |column| Some(RowFault::Undecodable { column });
    assert_eq!(faults, [broken(1), broken(2), broken(0), None]);
}

#[test]
fn blocks_give_the_rows_that_one_parse_gives() {
    // Quotes, doubled quotes, stray quotes and line breaks around every block border.
    let mut text = String::from("Id,Name,Note\n");
    for i in 0..20_000 {
        use std::fmt::Write as _;
        let note = match i % 5 {
            0 => "\"a \"\"quoted\"\" word\"".to_owned(),
            1 => "\"line\nbreak, and comma\"".to_owned(),
            2 => "5\" pipe".to_owned(),
            3 => "\"\"".to_owned(),
            _ => "plain".repeat(i % 7),
        };
        let _ = writeln!(text, "{i},Name {i},{note}");
    }
    let mut expected = Vec::new();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        expected.push(
            record
                .unwrap()
                .iter()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        );
    }
    let (_, rows) = rows_of(text.as_bytes());
    assert_eq!(rows.len(), expected.len());
    // Every piece knows which row it begins with, in a spreadsheet and in an editor.
    let mut line = 2;
    for (number, (seen, cells)) in (2..).zip(rows.iter().zip(&expected)) {
        assert_eq!((seen.row, seen.line.unwrap_or(seen.row)), (number, line));
        line += 1 + cells
            .iter()
            .map(|c| c.matches('\n').count() as u64)
            .sum::<u64>();
    }
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(row.cells, expected);
        assert_eq!(row.fault, None, "row {}", row.row);
    }
}

/// Files are put one behind the other, and then a block may begin with the mark of one.
#[test]
fn a_byte_order_mark_inside_a_file_is_text() {
    let row = |i: u32| format!("{i},A\n");
    let first: String = (2..=1024).map(row).collect();
    let rest: String = (1027..4000).map(row).collect();
    let marked = "\u{feff}\n\u{feff}1026,\"B\"\n";
    let (_, rows) = rows_of(format!("Id,Name\n{first}{marked}{rest}").as_bytes());
    let numbers: Vec<u64> = rows.iter().map(|r| r.row).collect();
    assert_eq!(numbers, (2..4000).collect::<Vec<_>>());
    assert_eq!(rows[1023].cells, ["\u{feff}"]);
    assert_eq!(rows[1024].cells, ["\u{feff}1026", "B"]);
}

#[test]
fn a_record_without_end_is_refused_in_bounded_memory() {
    let mut bytes = b"Id,Name\n1,\"".to_vec();
    bytes.resize(RECORD_LIMIT_BYTES + 4096, b'x');
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, &bytes).unwrap();
    let result =
        Source::open(&path, &SourceOptions::default()).and_then(|s| s.read(&mut |_| Flow::More));
    assert!(
        matches!(result, Err(SourceError::RecordTooLong { .. })),
        "{result:?}"
    );
}

#[test]
fn a_sep_line_names_the_delimiter() {
    let (source, rows) = rows_of(b"sep=;\nId;Name\n1;A\n");
    assert_eq!(source.header_row(), 2);
    assert_eq!(rows[0].cells, ["1", "A"]);
    assert_eq!(rows[0].row, 3);
}

#[test]
fn a_changed_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, b"Id\n1\n").unwrap();
    let source = Source::open(&path, &SourceOptions::default()).unwrap();
    std::fs::write(&path, b"Id\n1\n2\n").unwrap();
    assert!(matches!(
        source.read(&mut |_| Flow::More),
        Err(SourceError::Changed { .. })
    ));
}

fn cells_of(bytes: &[u8]) -> (String, Vec<Vec<String>>) {
    let (source, rows) = rows_of(bytes);
    let encoding = match source.format() {
        Format::Text { encoding, .. } => encoding.encoding.name().to_owned(),
        Format::Workbook { .. } => String::new(),
    };
    (encoding, rows.into_iter().map(|r| r.cells).collect())
}

#[test]
fn every_usual_encoding_and_delimiter_is_found() {
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let mark = if big { [0xfe, 0xff] } else { [0xff, 0xfe] };
        let units = text.encode_utf16();
        let bytes: Vec<u8> = if big {
            units.flat_map(u16::to_be_bytes).collect()
        } else {
            units.flat_map(u16::to_le_bytes).collect()
        };
        [&mark, bytes.as_slice()].concat()
    };
    let encoded =
        |text: &str, encoding: &'static encoding_rs::Encoding| encoding.encode(text).0.into_owned();
    let western = "Id;Name;City\r\n1;Café Müller;Köln\r\n2;Señor Núñez;Málaga\r\n";
    let cyrillic = "Id,Name,City\n1,Общество Ромашка,Москва\n2,Завод Прогресс,Санкт-Петербург\n";
    let japanese = "Id,Name,City\n1,株式会社サンプル,東京都千代田区\n2,有限会社テスト,大阪市北区\n";
    let polish = "Id,Name,City\n1,Spółka Żółć,Łódź\n2,Zakład Święty,Gdańsk\n";
    let table = "Id\tName\tCity\n1\tZoë\tOslo\n2\tBjørn\tBergen\n";
    for (name, bytes, text, delimiter) in [
        ("UTF-8", western.as_bytes().to_vec(), western, ';'),
        (
            "UTF-8",
            [b"\xef\xbb\xbf", western.as_bytes()].concat(),
            western,
            ';',
        ),
        (
            "windows-1252",
            encoded(western, encoding_rs::WINDOWS_1252),
            western,
            ';',
        ),
        (
            "windows-1251",
            encoded(cyrillic, encoding_rs::WINDOWS_1251),
            cyrillic,
            ',',
        ),
        (
            "Shift_JIS",
            encoded(japanese, encoding_rs::SHIFT_JIS),
            japanese,
            ',',
        ),
        (
            "windows-1250",
            encoded(polish, encoding_rs::WINDOWS_1250),
            polish,
            ',',
        ),
        ("UTF-16LE", utf16(table, false), table, '\t'),
        ("UTF-16BE", utf16(table, true), table, '\t'),
        (
            "UTF-8",
            b"Id|Name\n1|A\n2|B\n".to_vec(),
            "Id|Name\n1|A\n2|B\n",
            '|',
        ),
    ] {
        let (found, cells) = cells_of(&bytes);
        let expected: Vec<Vec<String>> = text
            .lines()
            .skip(1)
            .map(|l| l.split(delimiter).map(str::to_owned).collect())
            .collect();
        assert_eq!((found.as_str(), cells), (name, expected));
    }
}

#[test]
fn line_ends_may_be_mixed_and_cells_may_hold_anything() {
    let (_, rows) =
        rows_of(b"Id,Name\r\n1,A\n2,\"B\r\nB\"\r3,C\0C\r\n\"\"\r\n4,\"D \"\"d\"\", d\"\n");
    let cells: Vec<_> = rows.iter().map(|r| (r.row, r.cells[1].as_str())).collect();
    assert_eq!(
        cells,
        [(2, "A"), (3, "B\r\nB"), (4, "C\0C"), (6, "D \"d\", d")]
    );
    assert!(rows.iter().all(|r| r.fault.is_none()));
}

#[test]
fn the_header_may_stand_below_other_lines_and_name_columns_twice() {
    let (source, rows) = rows_of(
        b"Partner list\nAs of,2026-03-04\n\nId,Name,Name,,Since\n1,A,B,,2026\n2,C,D,,2026\n",
    );
    assert_eq!(source.header_row(), 4);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        source.notes(),
        [
            "the header was found in row 4, below lines with fewer cells",
            "2 columns are named \"Name\"; a mapping addresses them as \"Name\", \"Name (2)\"",
            "columns without a name are addressed by their position: \"column 4\"",
        ]
    );
}

/// Text that was written twice through a conversion of line ends: every row has a blank line behind it.
#[test]
fn a_last_row_with_its_key_only_is_no_footer_where_all_lines_are_doubled() {
    let (_, rows) = rows_of(b"Id,Name,City\r\r\n1,A,B\r\r\n2,C,D\r\r\n3,,\r\r\n");
    let cells: Vec<_> = rows.iter().map(|r| r.cells[0].as_str()).collect();
    assert_eq!(cells, ["1", "2", "3"]);
}

/// Rows and footer, at every number of rows around the size of a batch.
#[test]
fn the_footer_of_a_report_is_told_and_not_read() {
    let footer = "\n\n\"Partner report\"\n\"Copyright (c) 2000-2026 salesforce.com, inc.\"\n\"Generated By: Joe\"\n";
    for rows in [1, 2, 511, 512, 513, 1024] {
        let mut text = "Id,Name,City\n".to_owned();
        text.extend((0..rows).map(|i| format!("{i},A,B\n")));
        for (tail, kept, told) in [
            (footer, rows, true),
            // A row of data behind it: these are rows with cells missing.
            (&*format!("{footer}9,A,B\n"), rows + 4, false),
            // No blank line before it.
            ("lonely,,\n", rows + 1, false),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("f.csv");
            std::fs::write(&path, format!("{text}{tail}")).unwrap();
            let source = Source::open(&path, &SourceOptions::default()).unwrap();
            let mut read = 0;
            let end = source
                .read(&mut |batch| {
                    read += batch.len();
                    Flow::More
                })
                .unwrap();
            assert_eq!(
                (read, end.left_out.footer.is_some()),
                (kept, told),
                "{rows} rows, {tail:?}"
            );
            if let Some(footer) = end.left_out.footer {
                assert_eq!(
                    footer.describe(),
                    format!(
                        "rows {} to {} at the end are a footer and are not imported: \"Partner report\"",
                        rows + 4,
                        rows + 6
                    )
                );
            }
        }
    }
}
