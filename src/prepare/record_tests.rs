use super::super::ahead::Ahead;
use super::super::exports::Exports;
use super::*;
use crate::mapping::Mapping;
use crate::partner::Query;
use crate::source::Flow;

/// The rows of a table that look like no records, by code. Two letters of the header name the key and the name.
fn told(table: &str) -> Vec<(u64, &'static str)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.csv");
    std::fs::write(&path, table).unwrap();
    let mapping = "name = \"t\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n";
    let mapping = Mapping::parse("m.toml", mapping).unwrap();
    let mut by_workers = [1, 2].map(|workers| {
        let exports = Exports::open(std::slice::from_ref(&path), &mapping, Query::default())
            .unwrap()
            .with_workers(workers);
        let survey = exports.survey(Ahead::Valid, &|| false, &|_| {}).unwrap();
        let mut told = Vec::new();
        exports
            .judge(&survey, &|_| false, &mut |rows, _| {
                for row in rows {
                    for d in &row.diagnostics {
                        if matches!(
                            d.code,
                            Code::RowTotal | Code::RowSecondHeader | Code::RowSeparator
                        ) {
                            assert!(row.partner.is_none());
                            told.push((row.origin.row, d.code.as_str()));
                        }
                    }
                }
                Flow::More
            })
            .unwrap();
        told
    });
    assert_eq!(by_workers[0], by_workers[1]);
    std::mem::take(&mut by_workers[0])
}

#[test]
fn captions_of_totals_are_words_for_totals_and_nothing_else() {
    for (text, is_caption) in [
        ("Total", true),
        ("TOTALS:", true),
        ("Grand Total (3 records)", true),
        ("Grand Totals", true),
        ("Total Count", true),
        ("Sub-total", true),
        ("Subtotal", true),
        ("Total: 3", true),
        ("Summe", true),
        ("Gesamt", true),
        ("Gesamtsumme", true),
        ("Total général", true),
        ("Sous-total", true),
        ("Итого", true),
        ("合計", true),
        ("Total Energies", false),
        ("TotalEnergies SE", false),
        ("Sum Ltd", false),
        ("Summit", false),
        ("Gesamthochschule Kassel", false),
        ("General", false),
        ("Total Total Total Total Total Total", false),
        ("A-1001", false),
        ("1001", false),
        ("", false),
        ("All Records", false),
    ] {
        assert_eq!(is_total_caption(text), is_caption, "{text}");
    }
}

/// Every word begins with letters by which it is looked at.
#[test]
fn no_caption_is_passed_over_by_its_first_letters() {
    for word in TOTALS {
        for text in [
            (*word).to_owned(),
            word.to_uppercase(),
            format!(" 3 {word}: 4"),
        ] {
            assert!(is_total_caption(&text), "{text}");
        }
        for before in BESIDE.iter().filter(|b| b.chars().all(char::is_alphabetic)) {
            assert!(
                is_total_caption(&format!("{before} {word}")),
                "{before} {word}"
            );
        }
    }
}

#[test]
fn drawn_lines_are_no_records() {
    for (rows, lines) in [
        ("--,----,-\n1,Alpha,X\n2,Beta,Y\n", &[2][..]),
        ("1,Alpha,X\n2,Beta,Y\n=====,=====,===\n", &[4]),
        (":---,:---:,\n1,Alpha,X\n", &[2]),
        ("1,Alpha,X\n─────,─────,\n", &[3]),
        ("1,Alpha,X\n---,Beta,Y\n", &[]),
        ("-,Alpha,X\n--1,--,X\n", &[]),
    ] {
        let expected: Vec<(u64, &str)> = lines.iter().map(|row| (*row, "row.separator")).collect();
        assert_eq!(told(&format!("Id,Name,More\n{rows}")), expected, "{rows}");
    }
}

#[test]
fn totals_are_told_from_partners_by_their_keys() {
    const TOTAL: &str = "row.total";
    for (rows, expected) in [
        // With a key of another kind, wherever the row stands and whatever else it holds.
        ("1,Alpha,X\n2,Beta,Y\nTotal,2,\n", vec![(4, TOTAL)]),
        (
            "1,Alpha,X\nSubtotal,1,\n2,Beta,Y\nSubtotal,1,\n",
            vec![(3, TOTAL), (5, TOTAL)],
        ),
        (
            "A-1,Alpha,X\nA-2,Beta,Y\n2,Total Count,\n",
            vec![(4, TOTAL)],
        ),
        (
            "A-1,Alpha,X\n2,Grand Total,Y\nA-2,Beta,Y\n",
            vec![(3, TOTAL)],
        ),
        (
            "A-1,Alpha,X\nA-2,Beta,Y\nRecords,,Total: 2\n",
            vec![(4, TOTAL)],
        ),
        // A real partner has a real key.
        ("1,Alpha,X\n2,Total,Paris\n", vec![]),
        ("1,Alpha,X\n2,Total,\n", vec![]),
        ("1,Total Energies,X\n2,Sum Ltd,\n", vec![]),
        ("A-1,Alpha,X\nA-2,Total,\n", vec![]),
        ("1004,Total,\n", vec![]),
        // The caption is no key like the others, and stands in another column of a row that is not the last.
        ("A-1,Alpha,Total\nrest,Beta,Total\nA-2,Beta,Y\n", vec![]),
        // Keys that are names: only at the end, with numbers beside.
        ("Alpha,Alpha,X\nTotal,Total SE,Paris\n", vec![]),
        ("Alpha,Alpha,X\nTotal,2,2\n", vec![(3, TOTAL)]),
        ("Total,2,2\nAlpha,Alpha,X\n", vec![]),
        ("Alpha,Alpha,X\nTotal,,\n", vec![]),
        // A key that counts the rows above it.
        ("7,Alpha,X\n8,Beta,Y\n2,Total,\n", vec![(4, TOTAL)]),
    ] {
        assert_eq!(told(&format!("Id,Name,City\n{rows}")), expected, "{rows}");
    }
}

#[test]
fn a_second_header_is_told_from_a_partner() {
    const SECOND: &str = "row.second_header";
    for (table, expected) in [
        (
            "Id,Name,Billing City\nid,name,BillingCity\n1,A,X\n2,B,Y\n",
            vec![(2, SECOND)],
        ),
        (
            "Id,Name,City\ntext,Text(255),[text]\n1,A,X\n2,B,Y\n",
            vec![(2, SECOND)],
        ),
        ("Id,Name,Since\nId,,\n1,A,X\n", vec![(2, SECOND)]),
        // Where keys are names it takes two such cells.
        ("Id,Name,City\nkey,text,\nAlpha,A,X\n", vec![(2, SECOND)]),
        ("Id,Name,City\nkey,,X\nAlpha,A,X\n", vec![]),
        ("Id,Name,City\ntext,The Text Company,X\nAlpha,A,X\n", vec![]),
        // Only directly below the header.
        ("Id,Name,City\n1,A,X\nid,name,city\n", vec![]),
        ("Id,Name,City\n1,Name,City\n", vec![]),
    ] {
        assert_eq!(told(table), expected, "{table}");
    }
}

#[test]
fn a_caption_is_short_and_its_first_letters_are_known() {
    let long = format!("Total{}", " ".repeat(70)) + "x";
    let just = format!("Total{}", ".".repeat(LONGEST - 5));
    let past = format!("Total{}", ".".repeat(LONGEST - 4));
    for (text, is_caption) in [
        (long.as_str(), false),
        (&just, true),
        (&past, false),
        ("(Total)", true),
        ("T", false),
        ("T otal", false),
        ("総計", true),
        ("总", false),
        ("1 総計", true),
    ] {
        assert_eq!(is_total_caption(text), is_caption, "{text}");
    }
    for (text, may) in [
        ("total", true),
        ("Zw", true),
        ("zwischen", true),
        ("Acme", false),
        ("Mu", false),
        ("x", false),
        ("1", false),
        ("", false),
        ("é", true),
        ("Éa", true),
        ("ab", false),
    ] {
        assert_eq!(may_begin_total(text), may, "{text}");
    }
    for (byte, number) in [
        (b'a', Some(0)),
        (b'Z', Some(25)),
        (b'm', Some(12)),
        (b'1', None),
    ] {
        assert_eq!(letter(byte), number);
    }
}

#[test]
fn amounts_and_headings_are_told_from_names() {
    for (text, amount) in [
        ("3", true),
        ("1,234.50", true),
        ("12 %", true),
        ("$5", true),
        ("%", false),
        ("5 kg", false),
        ("", false),
    ] {
        assert_eq!(is_amount(text), amount, "{text}");
    }
    let (just, past) = ("a".repeat(LONGEST), "a".repeat(LONGEST + 1));
    for (text, name, is_one) in [
        ("BillingCity", "Billing City", true),
        ("Name", "Account Name", true),
        ("accountid", "Account ID", true),
        // As long as a name may be, and longer.
        (&just, &just, true),
        (&past, &past, false),
        // One letter says nothing.
        ("D", "Account ID", false),
        ("N", "N", false),
        ("id", "Account ID", true),
        ("Customer ID", "ID", false),
        ("Customer Num", "Num", true),
        ("Boston", "City", false),
        ("text", "City", true),
        ("(text)", "City", true),
    ] {
        assert_eq!(is_heading(text, name), is_one, "{text} {name}");
    }
}

#[test]
fn keys_are_of_four_kinds() {
    let kinds = ["", "A", "1", "A1", "ä", "ä1", "-"].map(KeyKinds::kind);
    assert_eq!(kinds, [0, 1, 2, 3, 1, 3, 0]);
    let mut keys = KeyKinds::default();
    assert!(keys.has_like("A"));
    keys.add("1");
    assert!(!keys.has_like("A"));
    assert!(keys.has_like("2"));
    let mut all = KeyKinds::default();
    all.add("A");
    all.merge(&keys);
    assert_eq!(all.0, [0, 1, 1, 0]);
}

#[test]
fn rows_of_numbers_and_of_names_are_told_apart() {
    use crate::source::{Header, RowBatch};
    let names = ["Id", "Name", "City"].map(str::to_owned).to_vec();
    let header = std::sync::Arc::new(Header::new(names));
    let of = |cells: &[Cell<'_>]| RowBatch::of_cells(std::sync::Arc::clone(&header), cells);
    let (total, number) = (Cell::Text("Total"), Cell::Number(3.0));
    for (cells, numbers_only) in [
        ([total, Cell::Empty, number], true),
        ([total, number, number], true),
        ([total, Cell::Text(" "), Cell::Text("1,234.50")], true),
        ([total, Cell::Text("Sum"), number], true),
        ([total, Cell::Text("Alpha"), number], false),
        ([total, Cell::Bool(true), number], false),
        ([total, Cell::Empty, Cell::Empty], false),
        ([total, Cell::Text("Sum"), Cell::Text("")], false),
    ] {
        let batch = of(&cells);
        let row = batch.rows().next().unwrap();
        assert_eq!(holds_numbers_only(row, &[0]), numbers_only, "{cells:?}");
    }
    for (cells, found) in [
        (
            [Cell::Text("id"), Cell::Text("name"), Cell::Text("city")],
            Some(3),
        ),
        ([Cell::Text("id"), Cell::Text(" "), Cell::Empty], Some(1)),
        ([Cell::Text("id"), Cell::Text("Alpha"), Cell::Empty], None),
        ([Cell::Text("id"), number, Cell::Empty], None),
        ([Cell::Empty, Cell::Text(" "), Cell::Empty], None),
    ] {
        let batch = of(&cells);
        let row = batch.rows().next().unwrap();
        assert_eq!(headings(row), found, "{cells:?}");
    }
}

/// One cell that is its column's name is a heading only where the key is not like the others; a key that counts one row is
/// a key.
#[test]
fn little_evidence_is_none() {
    for (table, expected) in [
        ("Id,Name\nid,\n1,Gamma\n", &[(2, "row.second_header")][..]),
        ("Id,Name\nid,\nA,Gamma\nB,Delta\n", &[]),
        ("Id,Name\n7,Alpha\n1,Total\n", &[]),
    ] {
        assert_eq!(told(table), expected, "{table:?}");
    }
}
