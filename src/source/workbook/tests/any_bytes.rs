//! Any bytes are a table or are refused; a workbook with a byte changed anywhere too.

use proptest::prelude::*;

use super::super::fixtures::{Old, Xlsx, ods, text, text_row, xls, xlsb, xlsb_with};
use super::open;
use crate::source::{Flow, SourceOptions};

fn walk(bytes: &[u8]) {
    let (_dir, source) = open(bytes, &SourceOptions::default());
    if let Ok(source) = source {
        let mut rows = 0;
        let _ = source.read(&mut |batch| {
            for row in batch.rows() {
                rows += row.texts().len();
            }
            Flow::More
        });
    }
}

fn books() -> Vec<Vec<u8>> {
    let rows = text_row(1, &["Id", "Name"]) + &text("A2", "x") + &text_row(3, &["1", "y"]);
    let xlsx = Xlsx {
        rows,
        formats: &["00000"],
        ..Xlsx::default()
    };
    vec![
        xlsx.bytes(),
        xlsb(&[&[Ok("Id")], &[Err((1.0, 1))]]),
        xlsb_with(&[&[Ok("Id")], &[Err((1.0, 2))]], &[(14, "000")], false),
        xls(
            &[Old::Text(0, 0, "Id"), Old::Number(1, 0, 1, 46085.0)],
            false,
        ),
        ods(
            "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>Id</text:p></table:table-cell></table:table-row>",
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), magic in 0_usize..5) {
        let magic: &[u8] = [b"".as_slice(), b"PK\x03\x04", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe"][magic];
        walk(&[magic, &bytes].concat());
    }

    #[test]
    fn tables_never_panic(text in "[\"';,\t|\r\n a-c\u{e9}\0]{0,300}") {
        walk(text.as_bytes());
    }

    #[test]
    fn damaged_books_never_panic(which in 0_usize..5, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = books().swap_remove(which);
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = byte;
        }
        walk(&bytes);
    }
}
