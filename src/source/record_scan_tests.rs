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
