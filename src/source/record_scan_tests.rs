use super::*;

const USUAL: Grammar = Grammar {
    delimiter: b',',
    quote: Some(b'"'),
    backslash: false,
    blanks: false,
};

#[test]
fn records_end_where_they_do_however_their_bytes_come() {
    let text = b"\"a\nb\",c\r\n\"d\"\"e\",f\r\"g\"\n5\" x,y\n";
    for at in 0..=text.len() {
        let mut scan = RecordScan::new(USUAL, 0, 9, 0);
        scan.advance(&text[..at], false);
        scan.advance(text, true);
        assert_eq!(scan.last_end, Some(text.len()), "{at}");
        let ends = (scan.ends.row, scan.ends.embedded);
        assert_eq!((ends, scan.in_quotes), ((4, 1), false), "{at}");
    }
}

#[test]
fn what_was_found_moves_down_with_its_bytes() {
    let mut scan = RecordScan::new(USUAL, 0, 9, 3);
    scan.advance(b"xx\na,b\n\"c", false);
    assert_eq!((scan.last_end, scan.in_quotes), (Some(7), true));
    scan.moved_down(3);
    scan.advance(b"a,b\n\"c,d", true);
    assert_eq!((scan.last_end, scan.in_quotes), (Some(4), true));
}

/// The ends of rows, how many breaks stand in cells, and the records that do not fit, however the bytes come.
fn scanned(text: &str, grammar: Grammar, width: usize) -> (u64, u64, Vec<String>) {
    let bytes = text.as_bytes();
    let all = |at: usize| {
        let mut scan = RecordScan::new(grammar, width, u64::MAX, 0);
        scan.advance(&bytes[..at], false);
        loop {
            scan.advance(bytes, true);
            if !scan.let_go(bytes) {
                break;
            }
        }
        scan.end_last(bytes);
        let unfit = scan.unfit_records.iter();
        let unfit = unfit.map(|r| text[r.clone()].trim_end().to_owned());
        (scan.ends.row, scan.ends.embedded, unfit.collect::<Vec<_>>())
    };
    let found = all(bytes.len());
    for at in 0..bytes.len() {
        assert_eq!(all(at), found, "{at} {text:?}");
    }
    found
}

#[test]
fn a_record_that_does_not_fit_takes_none_along() {
    for (text, rows, embedded, unfit) in [
        // Not doubled.
        (
            "1,\"A \"B\" C\",X\n2,B,Y\n",
            2,
            0,
            &["1,\"A \"B\" C\",X"][..],
        ),
        // Not closed: the lines behind it are records.
        ("1,\"A,X\n2,\"B\",Y\n3,C,Z\n", 3, 0, &["1,\"A,X"]),
        ("1,\"A,X\n2,B,Y\n3,\"C\",Z\n4,D,U\n", 4, 0, &["1,\"A,X"]),
        ("1,\"A,X\n2,B,Y\n3,C,Z\n", 3, 0, &["1,\"A,X"]),
        ("1,A,\"X\n2,B,Y", 1, 0, &["1,A,\"X"]),
        // Not doubled in a cell of several lines, which are none.
        (
            "1,A,\"He said\ncall, on, Monday\nthe \"boss\" is\"\n2,B,Y\n",
            2,
            2,
            &["1,A,\"He said\ncall, on, Monday\nthe \"boss\" is\""],
        ),
        // What follows is looked at twice.
        (
            "1,\"A \"B\" C\",\"X\nrest, of, it\"\n2,B,Y\n",
            3,
            0,
            &["1,\"A \"B\" C\",\"X", "rest, of, it\""],
        ),
        (
            "1,\"A \"B\" C\",\"X\nrest\"\n\n2,B,Y\n",
            4,
            0,
            &["1,\"A \"B\" C\",\"X", "rest\""],
        ),
        ("1,\"A \"B\" C\",X", 0, 0, &["1,\"A \"B\" C\",X"]),
    ] {
        let expected = unfit.iter().map(|r| (*r).to_owned()).collect();
        assert_eq!(
            scanned(text, USUAL, 3),
            (rows, embedded, expected),
            "{text:?}"
        );
    }
    // A file that breaks off in a cell of several lines is torn, and has no records behind it.
    let mut scan = RecordScan::new(USUAL, 3, 9, 0);
    let text = b"1,A,\"several\nlines, of text";
    scan.advance(text, true);
    assert!(!scan.let_go(text) && scan.in_quotes);
}

#[test]
fn rare_dialects_are_followed_alike() {
    let escaped = Grammar {
        backslash: true,
        ..USUAL
    };
    for (text, rows, embedded, unfit) in [
        ("1,\"A \\\"B\\\", C\",X\n2,\"B\nb\",Y\n", 2, 1, &[][..]),
        ("1,\"C:\\\",\"X\"\n2,B,Y\n", 2, 0, &["1,\"C:\\\",\"X\""]),
        ("1,\"C:\\\",X\n2,B,Y\n3,C,Z\n", 3, 0, &["1,\"C:\\\",X"]),
    ] {
        let expected = unfit.iter().map(|r| (*r).to_owned()).collect();
        assert_eq!(
            scanned(text, escaped, 3),
            (rows, embedded, expected),
            "{text:?}"
        );
    }
    let blanks = Grammar {
        blanks: true,
        ..USUAL
    };
    assert_eq!(scanned("1, \"A,\nB\", X\n", blanks, 3), (1, 1, Vec::new()));
}

#[test]
fn all_that_is_known_moves_down() {
    let mut scan = RecordScan::new(USUAL, 0, 9, 3);
    (scan.at, scan.last_end, scan.unfit) = (10, Some(8), Some(9));
    scan.unfit_records = vec![4..6, 6..8];
    scan.moved_down(3);
    assert_eq!((scan.begin, scan.at), (0, 7));
    assert_eq!((scan.last_end, scan.unfit), (Some(5), Some(6)));
    assert_eq!(scan.unfit_records, [1..3, 3..5]);
}

#[test]
fn line_ends_of_every_kind_end_a_record_each() {
    for text in ["a,b\r\nc,d\r\n", "a,b\rc,d\r", "a,b\nc,d\n"] {
        assert_eq!(scanned(text, USUAL, 2), (2, 0, Vec::new()), "{text:?}");
    }
}

/// What stands at the end of a file behind a record that does not fit is looked at like any other.
#[test]
fn the_end_of_a_file_is_judged_like_its_middle() {
    let unfit = "1,\"A \"B\" C\",X";
    for (behind, rows, odd) in [
        ("2,B,Y", 1, None),
        ("rest, of", 1, Some("rest, of")),
        ("2,B,Y\nrest, of", 2, None),
    ] {
        let expected = [Some(unfit), odd].into_iter().flatten().map(str::to_owned);
        let text = format!("{unfit}\n{behind}");
        assert_eq!(
            scanned(&text, USUAL, 3),
            (rows, 0, expected.collect()),
            "{text:?}"
        );
    }
    // Of a table whose width is not known each record may be one.
    let text = format!("{unfit}\n2,B\n3,C,Z\n");
    assert_eq!(scanned(&text, USUAL, 0), (3, 0, vec![unfit.to_owned()]));
    // An empty last cell is a cell.
    let expected = vec!["1,\"A,X".to_owned()];
    assert_eq!(scanned("1,\"A,X\n2,B,\n", USUAL, 3), (2, 0, expected));
}

#[test]
fn a_rare_dialect_is_open_only_where_the_file_ends() {
    let escaped = Grammar {
        backslash: true,
        ..USUAL
    };
    let text = b"1,A,\"several";
    for (ended, is_open) in [(false, false), (true, true)] {
        let mut scan = RecordScan::new(escaped, 3, 9, 0);
        scan.advance(text, ended);
        assert_eq!(scan.in_quotes, is_open);
    }
}
