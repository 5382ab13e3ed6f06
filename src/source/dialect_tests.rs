use super::*;

fn judged(sample: &str, wanted: Wanted) -> Dialect {
    Dialect::judge(sample.as_bytes(), sample.ends_with('\n'), wanted)
}

#[test]
fn delimiters_are_judged_by_agreement() {
    for (sample, delimiter, sep) in [
        ("a,b,c\n1,2,3\n", b',', false),
        ("a;b;c\n1,5;2,5;3,5\n2,5;1,5;0,5\n", b';', false),
        ("a\tb\n1\t2\n", b'\t', false),
        ("a|b\n1|2\n", b'|', false),
        ("sep=;\na,b;c\n", b';', true),
        ("Name\nMüller, Hans\nSchmidt\n", b',', false),
        ("a,b\n\"x;y;z\",\"1;2;3\"\n", b',', false),
        ("Name\nAlpha\n", b',', false),
        // By semicolons this falls into five lines, four of which agree.
        ("a,b\n1,\"x;y\nz;u\nv;w\ns;t\"\n", b',', false),
    ] {
        let dialect = judged(sample, Wanted::default());
        assert_eq!(
            (dialect.delimiter, dialect.sep_line),
            (delimiter, sep),
            "{sample:?}"
        );
    }
}

#[test]
fn a_rare_delimiter_is_taken_only_beyond_doubt() {
    for (sample, delimiter) in [
        ("a^b^c\n1^2^3\n4^5, x^6\n", b'^'),
        ("a~b~c\n1~2~3\n4~~6\n", b'~'),
        ("a\u{1}b\u{1}c\n1\u{1}2\u{1}3\n4\u{1}5\u{1}6\n", 1),
        ("a:b:c\n1:2:3\n", b':'),
        ("a^b^c\n1^\"x^y\"^3\n4^5^6\n", b'^'),
        // A usual one is in the header; a row has another number of cells; too few rows or columns; a name is missing.
        ("a^b^c, d\n1^2^3\n4^5^6\n", b','),
        ("a^b^c\n1^2^3\n4^5\n", b','),
        ("a^b^c\n", b','),
        ("a^b\n1^2\n3^4\n", b','),
        ("a::b::c\n1::2::3\n4::5::6\n", b','),
    ] {
        let dialect = judged(sample, Wanted::default());
        assert_eq!(dialect.delimiter, delimiter, "{sample:?}");
    }
}

#[test]
fn of_equal_shares_the_wider_wins_and_a_record_cut_off_does_not_count() {
    let judged = |sample: &str| judged(sample, Wanted::default()).delimiter;
    assert_eq!(judged("a,b;c;d\n1,2;3;4\n"), b';');
    assert_eq!(judged("a;b\n1,2,3,4,5,6"), b';');
    assert_eq!(judged("a;b\n1,2,3,4,5,6\n"), b',');
}

#[test]
fn what_the_mapping_says_stands_above_the_sep_line() {
    for (sample, wanted, delimiter, sep_line) in [
        ("\"sep=;\"\na;b\n", None, b';', true),
        ("sep=;\na|b\n", Some(b'|'), b'|', true),
        ("sep=\na,b\n", None, b',', false),
        ("a;b\n", Some(b','), b',', false),
    ] {
        let wanted = Wanted {
            delimiter: wanted,
            ..Wanted::default()
        };
        let judged = judged(sample, wanted);
        assert_eq!(
            (judged.delimiter, judged.sep_line),
            (delimiter, sep_line),
            "{sample:?}"
        );
    }
}

fn quoting(sample: &str) -> (Quote, Escape, bool) {
    let dialect = judged(sample, Wanted::default());
    (dialect.quote, dialect.escape, dialect.blanks)
}

#[test]
fn quoting_is_as_usual_unless_the_table_proves_another() {
    let usual = (Quote::Double, Escape::Double, false);
    let escaped = (Quote::Double, Escape::Backslash, false);
    let single = (Quote::Single, Escape::Double, false);
    let single_escaped = (Quote::Single, Escape::Backslash, false);
    let blanks = (Quote::Double, Escape::Double, true);
    let none = (Quote::None, Escape::Double, false);
    for (sample, found) in [
        ("Id,Name\n1,\"A \"\"B\"\"\"\n", usual),
        ("Id,Name\n1,\"A \\\"B\\\" C\"\n", escaped),
        ("Id,Name\n1,\"A, \\\"B\\\"\"\n2,\"C\"\n", escaped),
        ("Id,Name\n1,Acme\\, Inc\n2,Beta\n3,Gamma\n", escaped),
        // Paths.
        (
            "Id,Dir,Name\n1,\"C:\\new\\\",A\n2,\"D:\\x\\\",\"B\"\n",
            usual,
        ),
        ("Id,Dir\n1,C:\\new\\\n2,\\\\server\\share\n", usual),
        ("Id,Dir\n1,C:\\temp\\,extra\n2,D:\\x\n3,E\n", usual),
        ("Id,Name,City\n1,Acme\\, Inc,\\N\n2,Beta,X\n", escaped),
        ("'Id','Name'\n'1','Acme, Inc'\n", single),
        ("'Id','Name'\n'1','O''Brien'\n", single),
        ("'Id','Name'\n'1','O\\'Brien'\n", single_escaped),
        ("Id,Name\n1,'Acme, Inc'\n2,'Beta'\n", single),
        ("Id,Name,City\n1,'Acme','X'\n2,'Beta','Y'\n", single),
        // Names with apostrophes.
        ("Id,Name\n1,'n Roll\n2,O'Brien\n", usual),
        ("Id,Name\n1,'t Hart\n2,'s-Hertogenbosch\n", usual),
        ("Id,Name\n1,'Best'\n2,Beta\n3,'Gamma'\n", usual),
        ("Id,Name\n1,Rock 'n' Roll\n2,'47 Brand\n", usual),
        ("Id,Name\n'00123,A\n'00124,B\n", usual),
        ("Id, Name, City\n1, \"A, B\", C\n2, \"D\", E\n", blanks),
        ("Id, Name\n1, A\n2, B\n", usual),
        ("Id\tName\n1\t\"Best\" Co\n2\tB\n", none),
        ("Id\tName\n1\t5\" pipe\n2\tB\n", usual),
        // It is not closed, or not doubled: nothing is proved.
        ("Id,Name,City\n1,\"Acme,X\n2,Beta,Y\n", usual),
        ("Id,Name\n1,\"Acme \"Best\" Ltd\"\n2,Beta\n", usual),
        ("Id,Name\n1,=\"00123\"\n", usual),
    ] {
        assert_eq!(quoting(sample), found, "{sample:?}");
    }
}

#[test]
fn what_the_mapping_says_of_quotes_is_obeyed() {
    let wanted = |quote, escape| Wanted {
        delimiter: None,
        quote,
        escape,
    };
    let sample = "'Id','Name'\n'1','O\\'Brien'\n";
    for (quote, escape) in [
        (Quote::Double, Escape::Double),
        (Quote::None, Escape::Double),
        (Quote::Single, Escape::Double),
        (Quote::Double, Escape::Backslash),
    ] {
        let dialect = judged(sample, wanted(Some(quote), Some(escape)));
        assert_eq!((dialect.quote, dialect.escape), (quote, escape));
    }
    // What is not said is judged.
    assert_eq!(
        judged(sample, wanted(Some(Quote::Single), None)).escape,
        Escape::Backslash
    );
}

#[test]
fn marks_and_the_sep_line_are_passed_over() {
    for (sample, delimiter, head, marks) in [
        ("a,b\n", b',', 0, 0),
        ("\u{feff}\"a\",b\n", b',', 3, 1),
        ("sep=;\r\n\u{feff}\"a\";b\n", b';', 10, 1),
        ("\u{feff}sep=\t\r\u{feff}\u{feff}a\tb\n", b'\t', 15, 3),
        ("\"sep=|\"\na|b\n", b'|', 8, 0),
        ("sep=;", b';', 5, 0),
    ] {
        let dialect = judged(sample, Wanted::default());
        assert_eq!(
            (dialect.delimiter, dialect.head, dialect.marks),
            (delimiter, head, marks),
            "{sample:?}"
        );
    }
    assert_eq!(
        judged("a\u{1f}b\n1\u{1f}2\n", Wanted::default()).delimiter,
        UNIT_SEPARATOR
    );
}

#[test]
fn a_dialect_is_described_where_it_is_unusual() {
    let usual = judged("a,b\n1,2\n", Wanted::default());
    for (delimiter, name) in [
        (b',', "comma"),
        (b';', "semicolon"),
        (b'\t', "tab"),
        (b'|', "bar"),
        (UNIT_SEPARATOR, "unit separator (U+001F)"),
        (b'~', "\"~\""),
    ] {
        assert_eq!(Dialect { delimiter, ..usual }.describe(), name);
    }
    let (double, single, none) = (Quote::Double, Quote::Single, Quote::None);
    let (doubled, backslash) = (Escape::Double, Escape::Backslash);
    for (quote, escape, blanks, said) in [
        (double, doubled, false, None),
        (
            double,
            backslash,
            false,
            Some("double quotes, escaped by a backslash"),
        ),
        (
            double,
            doubled,
            true,
            Some("double quotes, also behind blanks"),
        ),
        (single, doubled, false, Some("single quotes (apostrophes)")),
        (
            single,
            backslash,
            true,
            Some("single quotes (apostrophes), escaped by a backslash, also behind blanks"),
        ),
        (none, doubled, false, Some("none: quotes are text")),
    ] {
        let dialect = Dialect {
            quote,
            escape,
            blanks,
            ..usual
        };
        assert_eq!(dialect.describe_quoting().as_deref(), said);
        let grammar = dialect.grammar();
        assert_eq!(
            (grammar.quote, grammar.backslash, grammar.blanks),
            (quote.byte(), escape == backslash, blanks)
        );
    }
    for (marks, sep_line, said) in [
        (0, false, None),
        (
            1,
            false,
            Some("another byte order mark at the beginning was skipped"),
        ),
        (
            2,
            true,
            Some("another byte order mark beside the line that names the delimiter was skipped"),
        ),
    ] {
        let dialect = Dialect {
            sep_line,
            marks,
            ..usual
        };
        assert_eq!(dialect.describe_marks().as_deref(), said);
    }
}

/// How many cells most records of a sample have, by commas and double quotes, and how far they agree.
fn measured(sample: &str, is_whole: bool) -> (usize, f64) {
    let grammar = Grammar {
        delimiter: b',',
        quote: Some(b'"'),
        backslash: false,
        blanks: false,
    };
    let measure = Measure::of(sample.as_bytes(), is_whole, grammar);
    (measure.usual_width(), measure.agreement())
}

#[test]
fn agreement_is_the_share_of_the_commonest_width() {
    let share = |records: f64, all: f64, width: f64| records / all * (1.0 - 1.0 / width);
    for (sample, is_whole, width, agreement) in [
        ("a,b\n1,2\n", true, 2, share(2.0, 2.0, 2.0)),
        ("a,b\n1,2\n3\n", true, 2, share(2.0, 3.0, 2.0)),
        ("a\nb\n", true, 1, 0.0),
        ("a,b\n1,2\n,,\n", true, 2, share(2.0, 3.0, 2.0)),
        ("", true, 0, 0.0),
        // Blank lines are no records; a record that does not fit is one.
        ("a,b\n\n1,2\n", true, 2, share(2.0, 2.0, 2.0)),
        ("a,b\n1,\"2\"x\n", true, 2, share(1.0, 2.0, 2.0)),
        // A sample may be cut in its last record, the whole table may not.
        ("a,b\n1,2\n3", false, 2, share(2.0, 2.0, 2.0)),
        ("a,b\n1,2\n3", true, 2, share(2.0, 3.0, 2.0)),
        ("a,b\n1,2\n3,\"x", false, 2, share(2.0, 2.0, 2.0)),
        ("a,b\n1,2\n3,\"x", true, 2, share(2.0, 3.0, 2.0)),
        // A quote that is not closed, in the first half: what is behind it would be more than half of the sample.
        ("a,\"b\n1,2\n3,4\n5,6\n", false, 2, share(2.0, 3.0, 2.0)),
        // In the second half, it may be a long cell.
        (
            "a,b\n1,2\n3,4\n5,\"6\n7,8\n",
            false,
            2,
            share(3.0, 3.0, 2.0),
        ),
        ("a,b\n1,2\n3,\"\n5,6\n", false, 2, share(2.0, 3.0, 2.0)),
        ("a,b\n1,\"xxxxxxxxxxxx", false, 2, share(1.0, 1.0, 2.0)),
        ("a,b,c\n1,2,3\n1,2\n", true, 3, share(2.0, 3.0, 3.0)),
    ] {
        let (found, share) = measured(sample, is_whole);
        assert_eq!(found, width, "{sample:?}");
        assert!(
            (share - agreement).abs() < 1e-9,
            "{sample:?} {is_whole}: {share}"
        );
    }
    // Of a hundred records, and no more, the agreement is made.
    let long = "a,b\n".repeat(100) + &"x\n".repeat(100);
    assert!((measured(&long, true).1 - 0.5).abs() < 1e-9);
    let unfit = "a,b\n".repeat(50) + &"1,\"2\"x\n".repeat(200);
    assert!((measured(&unfit, true).1 - 0.25).abs() < 1e-9);
}

#[test]
fn apostrophes_and_backslashes_are_proved_or_text() {
    let usual = (Quote::Double, Escape::Double, false);
    for sample in [
        // A header without names is no quoted one.
        ",\n'1','A'\n2,B\n3,C\n4,D\n",
        // Too few words, and not all of them.
        "a,b\n'x',1\n'y',2\n",
        "a,b\n'x',1\n'y',2\nz,3\nw,4\n",
        // In one column, and in one record, quotes that do not fit prove nothing.
        "Name\n\"5\" pipe\nB\nC\n",
        "a,\"b\"c\n",
        // A backslash at the end of a line.
        "a,b\n1,x\\\ny\n2,z\n",
    ] {
        assert_eq!(quoting(sample), usual, "{sample:?}");
    }
    assert_eq!(
        quoting("a,b\n'x',1\n'y',2\n'z',3\n'w',4\n"),
        (Quote::Single, Escape::Double, false)
    );
}
