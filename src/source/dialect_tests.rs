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
