//! Workbooks that are refused, each in words of its own.

use super::super::fixtures::{Old, Xlsx, ods, ole_of, text_row, xls, xls_stream, zip_of};
use super::super::guard;
use super::refused;

#[test]
fn encrypted_and_broken_books_are_refused_in_words() {
    let mut torn = Xlsx::default().bytes();
    torn.truncate(torn.len() / 2);
    let encrypted = ole_of("/EncryptedPackage", &[0; 5000]);
    let mut protected = xls_stream(&[Old::Text(0, 0, "Id")], false);
    // FilePass, right behind the first record.
    protected.splice(20..20, [0x2F, 0, 2, 0, 1, 0]);
    let at = protected.windows(2).position(|w| w == [0x85, 0]).unwrap() + 4;
    protected[at] += 6;
    protected.resize(5000, 0);
    for (bytes, words) in [
        (
            torn,
            "is a workbook that cannot be read: its zip archive is broken",
        ),
        (encrypted, "is encrypted. Save it without a password"),
        (ole_of("/Workbook", &protected), "is encrypted."),
        (
            ole_of("/WordDocument", &[0; 5000]),
            "is a Word document, not a text table (CSV) or a workbook. Copy its table",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more".to_vec(),
            "is a workbook that cannot be read: its structure is damaged",
        ),
        (
            zip_of(&[("[Content_Types].xml", b"<Types/>")]),
            "is a workbook that cannot be read:",
        ),
        (
            zip_of(&[("a.csv", b"Id\n1\n"), ("b.csv", b"Id\n1\n")]),
            "cannot be unpacked: its zip archive contains 2 files (a.csv, b.csv)",
        ),
        (
            zip_of(&[]),
            "cannot be unpacked: it is a zip archive without a file",
        ),
        (Xlsx::default().bytes(), "has no header row."),
    ] {
        let said = refused(&bytes);
        assert!(said.starts_with(words), "{said}");
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let long = "a".repeat(guard::EVENT_BYTES + 100_000);
    let cdata = format!("<![CDATA[{}]]>", "<>".repeat(guard::EVENT_BYTES));
    let in_cell = |value: &str| Xlsx {
        rows: text_row(1, &["Id"]) + &text_row(2, &[value]),
        ..Xlsx::default()
    };
    let promising = Xlsx {
        rows: text_row(1, &["Id"]),
        shared: Some("<sst uniqueCount=\"99999999999\"><si><t>x</t></si></sst>".to_owned()),
        ..Xlsx::default()
    };
    let huge = Xlsx {
        rows: text_row(1, &["Id"]),
        shared: Some(format!(
            "<sst>{}</sst>",
            "<si><t>xxxxxxxxxxxxxxxx</t></si>".repeat(9_000_000)
        )),
        ..Xlsx::default()
    };
    let one_text = Xlsx {
        rows: text_row(1, &["Id"]),
        shared: Some(format!(
            "<sst><si><t>{}</t></si></sst>",
            "x".repeat(80 * 1024 * 1024)
        )),
        ..Xlsx::default()
    };
    let repeated = r#"<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="1000" office:value-type="float" office:value="1"/></table:table-row>"#;
    let corners = [Old::Number(0, 0, 0, 1.0), Old::Number(65535, 65535, 0, 1.0)];
    for (name, bytes, words) in [
        (
            "text",
            in_cell(&long).bytes(),
            "is a workbook that would not fit in memory: in \"xl/worksheets/sheet1.xml\"",
        ),
        (
            "cdata",
            in_cell(&cdata).bytes(),
            "is a workbook that would not fit in memory",
        ),
        (
            "promise",
            promising.bytes(),
            "is a workbook that cannot be read: it promises 99999999999 shared strings and has 1",
        ),
        (
            "shared strings",
            huge.bytes(),
            "is a workbook that would not fit in memory: \"xl/sharedstrings.xml\" in it unpacks to more than 256 MiB",
        ),
        (
            "a shared string",
            one_text.bytes(),
            "is a workbook that would not fit in memory: \"xl/sharedstrings.xml\" in it unpacks to more than 200 times its size",
        ),
        (
            "ods",
            ods(repeated),
            "is a workbook that would not fit in memory: it has more than ten million cells",
        ),
        (
            "xls",
            xls(&corners, false),
            "is a workbook that would not fit in memory",
        ),
    ] {
        let said = refused(&bytes);
        assert!(said.starts_with(words), "{name}: {said}");
    }
}
