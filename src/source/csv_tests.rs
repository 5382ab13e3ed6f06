use super::super::{Source, SourceOptions};
use super::*;

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
    let mut rows = Vec::new();
    source
        .read(&mut |batch| {
            rows.extend(batch.rows().map(|r| Seen {
                row: r.row(),
                line: r.line(),
                cells: r.texts(),
                fault: r.fault(),
            }));
            Flow::More
        })
        .unwrap();
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
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(row.cells, expected);
        assert_eq!(row.fault, None, "row {}", row.row);
    }
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
