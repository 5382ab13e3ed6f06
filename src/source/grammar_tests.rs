use super::*;

/// The cells of a record, `|` between them, and how it ends.
struct Joined(String);

impl Cells for Joined {
    fn push(&mut self, byte: u8) {
        self.0.push(char::from(byte));
    }
    fn end(&mut self) {
        self.0.push('|');
    }
}

fn grammar(quote: Option<u8>, backslash: bool, blanks: bool) -> Grammar {
    Grammar {
        delimiter: b',',
        quote,
        backslash,
        blanks,
    }
}

fn read(grammar: Grammar, text: &str) -> Result<(String, usize), Ending> {
    let mut cells = Joined(String::new());
    match grammar.record(text.as_bytes(), 0, true, &mut cells, &mut Seen::default()) {
        Ending::Whole(end) => Ok((cells.0, end)),
        ending => Err(ending),
    }
}

#[test]
fn cells_are_read_by_their_grammar_or_not_at_all() {
    let usual = grammar(Some(b'"'), false, false);
    let single = grammar(Some(b'\''), false, false);
    let escaped = grammar(Some(b'"'), true, false);
    let blanks = grammar(Some(b'"'), false, true);
    let bare = grammar(None, false, false);
    let bare_escaped = grammar(None, true, false);
    for (grammar, text, cells) in [
        (usual, "a,\"b, \"\"c\"\"\nd\",e\nf", "a|b, \"c\"\nd|e|"),
        (usual, "5\" pipe,x", "5\" pipe|x|"),
        (usual, "a,\"b\" \t,c", "a|b|c|"),
        (usual, "\"a\"\r\nb", "a|"),
        (usual, "a, \"b\"", "a| \"b\"|"),
        (usual, "\"C:\\dir\\\",b", "C:\\dir\\|b|"),
        (single, "'O''Brien','a, b',\"c\"", "O'Brien|a, b|\"c\"|"),
        (
            escaped,
            r#""a \"b\", c","C:\\x\y",d"#,
            "a \"b\", c|C:\\x\\y|d|",
        ),
        (escaped, "a\\, b,c", "a, b|c|"),
        (escaped, "a\\\nb,c\nd", "a\nb|c|"),
        (escaped, "\"\",b", "|b|"),
        (blanks, "1, \"a, b\" , c", "1|a, b| c|"),
        (bare, "\"a\",'b", "\"a\"|'b|"),
        (bare_escaped, "\\N,a\\\\b,c\\,d", "\\N|a\\b|c,d|"),
    ] {
        let (found, _) = read(grammar, text).unwrap();
        assert_eq!(found, cells, "{text:?}");
    }
    for (grammar, text, ending) in [
        (usual, "1,\"a \"b\" c\"", Ending::Unfit(5)),
        (usual, "1,\"a \\\"b\\\" c\"", Ending::Unfit(6)),
        (usual, "1,\"a", Ending::Open),
        (single, "'n Roll,b", Ending::Open),
        (single, "'Rock 'n' Roll'", Ending::Unfit(6)),
        (escaped, "\"a\\\"", Ending::Open),
    ] {
        assert_eq!(read(grammar, text), Err(ending), "{text:?}");
    }
}

#[test]
fn lines_are_records_only_where_each_is_one() {
    let usual = grammar(Some(b'"'), false, false);
    for (lines, are) in [
        ("2,Beta,Salem\n", true),
        ("\n2,\"Beta\",Salem\r\n3,C,D", true),
        // The last may go on.
        ("2,Beta,\"Suite 1\n", true),
        ("2,Beta\n", false),
        ("2,Be\"ta,Salem\n", false),
        ("call, on, Monday\nthe \"boss\" is\"", false),
        ("2,Beta,\"Suite 1\n3,C,D\n", false),
        ("\n", false),
        ("", false),
    ] {
        assert_eq!(usual.are_records(lines.as_bytes(), 3), are, "{lines:?}");
    }
}

#[test]
fn a_backslash_at_the_end_of_all_bytes_is_text() {
    let escaped = grammar(Some(b'"'), true, false);
    let mut seen = Seen::default();
    let ending = escaped.record(b"a\\", 0, true, &mut 0_usize, &mut seen);
    assert_eq!((ending, seen.idle), (Ending::Whole(2), 1));
    let ending = escaped.record(b"a\\", 0, false, &mut 0_usize, &mut Seen::default());
    assert_eq!(ending, Ending::Unknown);
}

#[test]
fn a_line_end_counts_as_it_comes() {
    let usual = grammar(Some(b'"'), false, false);
    for (text, ended, ending) in [
        ("a\rb", false, Ending::Whole(2)),
        ("a\r", false, Ending::Unknown),
        ("a\r", true, Ending::Whole(2)),
        ("a\r\n", false, Ending::Whole(3)),
        ("\"a\"", false, Ending::Unknown),
        ("a", false, Ending::Unknown),
    ] {
        let found = usual.record(
            text.as_bytes(),
            0,
            ended,
            &mut 0_usize,
            &mut Seen::default(),
        );
        assert_eq!(found, ending, "{text:?} {ended}");
    }
}

/// The last line may be the beginning of a record whose cell goes on in the next one.
#[test]
fn the_last_line_may_be_begun() {
    let usual = grammar(Some(b'"'), false, false);
    for (lines, are_records) in [
        ("1,2\n3,\"x", true),
        ("1,2\n\"x", false),
        ("1,2\n3,4,\"x", false),
        ("1,2\n3\"4,\"x", false),
        ("1,2\n3,\"x\n5,6", false),
        ("1,2\n\n3,4", true),
        ("\n", false),
    ] {
        assert_eq!(
            usual.are_records(lines.as_bytes(), 2),
            are_records,
            "{lines:?}"
        );
    }
}
