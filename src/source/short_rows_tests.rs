use std::fmt::Write as _;

use super::super::row::RowFault;
use super::super::{Flow, Source, SourceOptions};

/// The numbers of the rows that are filled, and of those that are refused as ragged.
fn judged(text: &str) -> (Vec<u64>, Vec<u64>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, text).unwrap();
    let source = Source::open(&path, &SourceOptions::default()).unwrap();
    let (mut filled, mut ragged) = (Vec::new(), Vec::new());
    source
        .read(&mut |batch| {
            for row in batch.rows() {
                match row.fault() {
                    Some(RowFault::Ragged { .. }) => ragged.push(row.row()),
                    Some(other) => panic!("{other:?}"),
                    None if row.is_short() => filled.push(row.row()),
                    None => {}
                }
            }
            Flow::More
        })
        .unwrap();
    (filled, ragged)
}

const HEADER: &str = "Id,Name,City,Notes,Fax\n";

fn full(range: std::ops::Range<u32>) -> String {
    range.fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "{i},Partner {i},Boston,note,+1 555 01{i:02}");
        text
    })
}

fn short(range: std::ops::Range<u32>) -> String {
    range.fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "{i},Partner {i},Boston");
        text
    })
}

#[test]
fn blocks_of_short_rows_are_filled_wherever_they_stand() {
    // Excel decides for sixteen rows at a time.
    for (text, from, to) in [
        (short(1..17) + &full(17..21), 2, 17),
        (full(1..17) + &short(17..33) + &full(33..50), 18, 33),
        (short(1..3), 2, 3),
    ] {
        let (filled, ragged) = judged(&format!("{HEADER}{text}"));
        assert_eq!(filled, (from..=to).collect::<Vec<_>>());
        assert_eq!(ragged, [0_u64; 0]);
    }
    // Far behind the beginning, over the border of pieces, and a last block that is a row.
    let text = full(0..6134) + &short(6134..6150) + &full(6150..8000) + &short(8000..8001);
    let (filled, ragged) = judged(&format!("{HEADER}{text}"));
    assert_eq!(filled, (6136..6152).collect::<Vec<_>>());
    // Nothing in the beginning has shown that rows may be short.
    assert_eq!(ragged, [8002]);
    let text = short(0..16) + &full(16..5000) + &short(5000..5001);
    assert_eq!(judged(&format!("{HEADER}{text}")).1, [0_u64; 0]);
}

#[test]
fn rows_that_end_with_their_last_filled_cell_are_filled() {
    let text = "1,A,Boston,note,5\n2,B,Salem\n3,C,Boston,note\n4,D\n5,E,Boston,note,5\n6,F,Boston,x,6\n7,G,Lynn,x,7\n8,H,Lynn,y\n";
    let (filled, ragged) = judged(&format!("{HEADER}{text}"));
    assert_eq!((filled, ragged), (vec![3, 4, 5, 9], vec![]));
}

#[test]
fn a_lone_short_row_is_refused() {
    for (bad, why) in [
        ("90,Partner Boston,note,+1 555 0190\n", "a lost delimiter"),
        (
            "90,Partner 90,Boston\n",
            "nothing shows that rows may end there",
        ),
        ("90\n", "a key alone"),
    ] {
        for text in [
            full(1..9) + bad + &full(10..20),
            full(1..9) + bad,
            bad.to_owned() + &full(10..20),
        ] {
            let (filled, ragged) = judged(&format!("{HEADER}{text}"));
            assert_eq!((filled.len(), ragged.len()), (0, 1), "{why}: {text}");
        }
    }
}

#[test]
fn a_record_that_is_broken_in_two_is_refused_in_both_halves() {
    let (filled, ragged) = judged(&format!(
        "{HEADER}{}9,Acme\nInc,Boston,note,5\n{}",
        full(1..5),
        full(10..12)
    ));
    assert_eq!((filled, ragged), (vec![], vec![6, 7]));
    // Also where this table ends its rows early, and where every record is broken.
    let trimmed = "1,A,Boston,note,5\n2,B,Salem\n3,C,Boston,note\n4,D,Lynn\n5,Acme\nInc,Boston,x,5\n6,F,Boston,x,6\n";
    let (filled, ragged) = judged(&format!("{HEADER}{trimmed}"));
    assert_eq!((filled, ragged), (vec![3, 4, 5], vec![6, 7]));
    let broken = (1..9).fold(String::new(), |mut text, i| {
        let _ = write!(text, "{i},Acme,1 Main St\nSuite 4,note,5\n");
        text
    });
    let (filled, ragged) = judged(&format!("{HEADER}{broken}"));
    assert_eq!((filled.len(), ragged.len()), (0, 16));
}

#[test]
fn a_row_whose_cells_moved_is_refused_where_their_kinds_show_it() {
    // All rows end with their last filled cell; in the last one a delimiter is lost.
    let mut text = String::from("Id,Name,Since,Mail,City\n");
    for i in 1..20 {
        let city = if i % 3 == 0 { ",Boston" } else { "" };
        let _ = writeln!(text, "{i},Partner,2026-03-{i:02},a{i}@example.com{city}");
    }
    let (filled, ragged) = judged(&format!(
        "{text}90,Partner,2026-03-04,b@example.com\n91,Partner 2026-03-04,c@example.com,Lynn\n"
    ));
    assert_eq!((filled.last(), ragged), (Some(&21), vec![22]));
}

#[test]
fn the_last_row_of_a_file_that_was_cut_is_not_filled() {
    let text = format!("{HEADER}{}", short(1..17));
    let (filled, ragged) = judged(text.trim_end());
    assert_eq!((filled.len(), ragged), (15, vec![17]));
}

#[test]
fn kinds_are_what_a_text_is_made_of() {
    use super::{DIGITS, DIGITS_AND_SIGNS, LETTERS, LETTERS_AND_DIGITS, MAIL, kind, wider};
    for (text, expected) in [
        ("", 0),
        (" - ", 0),
        ("12", DIGITS),
        ("+1 555", DIGITS_AND_SIGNS),
        ("Boston", LETTERS),
        ("St. Paul", LETTERS),
        ("Zürich", LETTERS),
        ("ß", LETTERS),
        ("A1", LETTERS_AND_DIGITS),
        ("1 Main St", LETTERS_AND_DIGITS),
        ("a1@example.com", MAIL),
    ] {
        assert_eq!(kind(text.as_bytes()), expected, "{text}");
    }
    let numbers = DIGITS | DIGITS_AND_SIGNS;
    for (kinds, expected) in [
        (0, 0),
        (MAIL, MAIL),
        (DIGITS, numbers | LETTERS_AND_DIGITS),
        (DIGITS_AND_SIGNS, numbers | LETTERS_AND_DIGITS),
        (LETTERS, LETTERS | LETTERS_AND_DIGITS),
        (LETTERS_AND_DIGITS, numbers | LETTERS | LETTERS_AND_DIGITS),
        (LETTERS | MAIL, LETTERS | LETTERS_AND_DIGITS | MAIL),
        (DIGITS | LETTERS, numbers | LETTERS | LETTERS_AND_DIGITS),
    ] {
        assert_eq!(wider(kinds), expected, "{kinds}");
    }
}

/// A table that has a row with an empty cell at its end does not end rows early.
#[test]
fn a_table_with_empty_ends_lacks_no_cells() {
    let text = "1,A,Boston,note,\n2,B,Salem\n3,C,Boston,note\n4,D\n5,E,Boston,note,5\n6,F,Boston,x,6\n7,G,Lynn,x,7\n8,H,Lynn,y\n";
    let (filled, ragged) = judged(&format!("{HEADER}{text}"));
    assert_eq!((filled, ragged), (vec![], vec![3, 4, 5, 9]));
}

/// Short rows are a habit of the table where they are not fewer than one of fifty.
#[test]
fn a_few_short_rows_of_many_are_no_habit() {
    let text = |rows: u32| {
        let places = [rows / 4, rows / 2, rows / 4 * 3];
        (1..=rows).fold(String::new(), |text, i| {
            let row = if places.contains(&i) {
                short(i..i + 1)
            } else {
                full(i..i + 1)
            };
            text + &row
        })
    };
    let judged = |rows| judged(&format!("{HEADER}{}", text(rows)));
    assert_eq!(judged(100).0.len(), 3);
    assert_eq!(judged(160).1.len(), 3);
}

/// Keys alone are no rows, however many stand together.
#[test]
fn rows_of_one_cell_are_refused_in_blocks_too() {
    let text = full(1..9) + "9\n10\n11\n" + &full(12..20) + &short(20..21);
    let (filled, ragged) = judged(&format!("{HEADER}{text}"));
    assert_eq!((filled, ragged), (vec![], vec![10, 11, 12, 21]));
}

/// In a block a name may have a digit where others have none; a row alone may not.
#[test]
fn a_block_is_judged_less_strictly_than_a_row() {
    let full = (1..9).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "{i},Partner,Boston,note,+1 555 010{i}");
        text
    });
    let short = |from: u32, rows: u32| {
        (from..from + rows).fold(String::new(), |mut text, i| {
            let _ = writeln!(text, "{i},Partner {i},Boston");
            text
        })
    };
    let text = full.clone() + &short(20, 3) + &full + &short(30, 1);
    let (filled, ragged) = judged(&format!("{HEADER}{text}"));
    assert_eq!((filled, ragged), (vec![10, 11, 12], vec![21]));
}
