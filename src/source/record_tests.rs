use proptest::prelude::*;

use super::*;

fn usual(delimiter: u8) -> Grammar {
    Grammar {
        delimiter,
        quote: Some(b'"'),
        backslash: false,
        blanks: false,
    }
}

/// A record in full: blank lines before it, its breaks, its width with trailing empty cells, which of them are
/// odd, and its cells.
type Seen = (u64, u64, usize, OddCells, Vec<String>);

fn seen(text: &str, delimiter: u8, width: usize) -> Vec<Seen> {
    let parser = RecordParser::new(usual(delimiter));
    // Nothing of a piece before it is left in a parser.
    Parsed::of(b"a,\"b\"\"\n", &parser, 2, &[]);
    let parsed = Parsed::of(text.as_bytes(), &parser, width, &[]);
    let cell = |span: &Span| {
        parsed.bytes[span.start as usize..span.end as usize]
            .escape_ascii()
            .to_string()
    };
    let cells = |r: &Record| parsed.cells[r.cells.clone()].iter().map(cell).collect();
    let all = parsed.records.iter();
    all.map(|r| (r.blank_lines, r.breaks, r.found, r.odd, cells(r)))
        .collect()
}

/// The same by the csv crate's reader, from the cells and positions that it tells.
fn seen_by_the_csv_crate(text: &str, delimiter: u8, width: usize) -> Vec<Seen> {
    // The reader takes one byte order mark off a file.
    let file = format!("\u{feff}{text}");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(256)
        .from_reader(file.as_bytes());
    let mut all = Vec::new();
    for record in reader.byte_records() {
        let record = record.unwrap();
        let at = record.position().unwrap().byte();
        // A record is told to begin where the one before it ended, which may be between \r and \n.
        let (before, behind) = file.split_at(usize::try_from(at).unwrap().max(3));
        let behind = match behind.strip_prefix('\n') {
            Some(rest) if before.ends_with('\r') => rest,
            _ => behind,
        };
        let lines = behind.replace("\r\n", "\n").replace('\r', "\n");
        let blank_lines = lines.bytes().take_while(|b| *b == b'\n').count() as u64;
        let mut cells: Vec<&[u8]> = record.iter().collect();
        while cells.len() > width && cells.ends_with(&[b""]) {
            cells.pop();
        }
        let breaks = record.iter().flatten().filter(|b| **b == b'\n').count() as u64;
        let is_plain =
            |byte: &u8| byte.is_ascii() && !byte.is_ascii_control() && !b"\"'\\&".contains(byte);
        let odd = record.iter().zip(0..);
        let odd = odd.filter(|(cell, _)| !cell.iter().all(is_plain));
        let odd = odd.fold(0, |odd, (_, number)| odd | 1_u64 << number.min(63));
        let cells = cells.iter().map(|c| c.escape_ascii().to_string());
        all.push((
            blank_lines,
            breaks,
            record.len(),
            OddCells(odd),
            cells.collect(),
        ));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn records_are_those_of_the_csv_crate(
        text in "([ab\u{e9}\u{1f600}]{0,5}|[,;]|\"|\"\"|\",\"|[ab]{60}|,{70}|[ ~&\t\x00\x01\x7f\\\\\u{feff}]|\r\n|\n|\r|\"a\"\"b\"|\"a,\nb\"){0,40}",
        delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'a'), Just(b'\0')],
    ) {
        let expected = seen_by_the_csv_crate(&text, delimiter, 3);
        prop_assert_eq!(seen(&text, delimiter, 3), expected);
    }
}

/// What the parser makes of quotes that are out of the ordinary; nothing of it may change unnoticed.
#[test]
fn quotes_count_only_where_a_cell_begins() {
    for (text, cells) in [
        ("a,\"b, \"\"c\"\"\nd\",e", &["a", r#"b, \"c\"\nd"#, "e"][..]),
        ("5\" pipe,x", &[r#"5\" pipe"#, "x"]),
        ("a,\"b", &["a", "b"]),
        ("a,\"b\"c", &["a", "bc"]),
        ("\"a\" ,b", &["a ", "b"]),
        ("\"\"", &[""]),
        ("a,", &["a", ""]),
        // A mark that is not the file's own is text.
        ("\u{feff}\"a\",b", &[r#"\xef\xbb\xbf\"a\""#, "b"]),
    ] {
        for end in ["", "\n", "\r", "\r\n"] {
            let all = seen(&format!("{text}{end}"), b',', 3);
            let found: Vec<_> = all.iter().map(|r| r.4.as_slice()).collect();
            // An open quote takes the line end too.
            if text == "a,\"b" && !end.is_empty() {
                assert_eq!(found[0][1], format!("b{}", end.escape_debug()));
            } else {
                assert_eq!(found, [cells], "{text:?} {end:?}");
            }
        }
    }
}

/// Wherever an odd byte stands, and wherever the record ends.
#[test]
fn an_odd_byte_is_seen_at_every_place() {
    for length in 1..200 {
        for at in [0, length / 2, length - 1] {
            for end in ["", "\n", "\r\n", "\nb,c"] {
                let mut text = "a".repeat(length);
                text.replace_range(at..=at, "\u{7f}");
                let records = seen(&format!("a\n{text}{end}"), b',', 1);
                let plain: Vec<bool> = records.iter().map(|r| r.3.is_none()).collect();
                let rest = if end.len() > 2 { &[true][..] } else { &[] };
                assert_eq!(
                    plain,
                    [&[true, false], rest].concat(),
                    "{length} {at} {end:?}"
                );
            }
        }
    }
}
