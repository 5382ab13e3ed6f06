//! Cells of every kind through a rule: what is sent of them and what is reported.

use super::trial::{Became, Trial};
use super::unsendable::LONGEST_TEXT;
use crate::source::{Cell, Epoch};

const NAME: &str = "displayName = \"V\"";
const NAME_AT: &str = "/organization/displayName";
const POSTAL: &str = "[[organization.addresses]]\npostalCode = \"V\"";
const POSTAL_AT: &str = "/organization/addresses/0/postalCode";
const FLAG: &str = "[partnerCriteria]\nw9Submitted = \"V\"";
const FLAG_AT: &str = "/partnerCriteria/w9Submitted";
const DATE: &str = "signOnDate = \"V\"";
const DATE_AT: &str = "/organization/signOnDate";

/// What is sent at a place, and the codes.
fn sent(became: &Became, pointer: &str) -> (Option<String>, String) {
    (became.at(pointer), became.codes.join(" "))
}

#[test]
fn cells_of_every_kind_are_sent_or_reported() {
    let march = Cell::Serial(46085.0, Epoch::Y1900);
    for (rule, pointer, cell, value, codes) in [
        (
            NAME,
            NAME_AT,
            march,
            Some("2026-03-04"),
            "cell.date_as_text",
        ),
        (NAME, NAME_AT, Cell::Number(12.0), Some("12"), ""),
        (NAME, NAME_AT, Cell::Bool(true), Some("TRUE"), ""),
        (NAME, NAME_AT, Cell::Error("#REF!"), None, "cell.error"),
        (
            NAME,
            NAME_AT,
            Cell::NoValue,
            None,
            "cell.formula_without_value",
        ),
        (NAME, NAME_AT, Cell::Empty, None, ""),
        (
            NAME,
            NAME_AT,
            Cell::Number(1e15),
            Some("1000000000000000"),
            "cell.precision",
        ),
        (POSTAL, POSTAL_AT, march, None, "cell.type"),
        (POSTAL, POSTAL_AT, Cell::Bool(true), None, "cell.type"),
        (
            POSTAL,
            POSTAL_AT,
            Cell::Number(2139.0),
            Some("2139"),
            "cell.number_as_text",
        ),
        (
            POSTAL,
            POSTAL_AT,
            Cell::Number(1e15),
            None,
            "cell.precision",
        ),
        (POSTAL, POSTAL_AT, Cell::Error("#REF!"), None, "cell.error"),
        (
            POSTAL,
            POSTAL_AT,
            Cell::Text("1.58E+17"),
            None,
            "cell.scientific",
        ),
        (FLAG, FLAG_AT, march, None, "boolean.invalid"),
        (FLAG, FLAG_AT, Cell::Bool(true), Some("true"), ""),
        (FLAG, FLAG_AT, Cell::Number(1.0), Some("true"), ""),
        (DATE, DATE_AT, march, Some("2026-03-04"), ""),
        (DATE, DATE_AT, Cell::Number(46085.0), None, "date.ambiguous"),
        (DATE, DATE_AT, Cell::Empty, None, ""),
        (
            DATE,
            DATE_AT,
            Cell::Text("4 March 2026"),
            Some("2026-03-04"),
            "",
        ),
    ] {
        let became = Trial::new("", rule).cells(cell, Cell::Empty);
        let expected = (value.map(str::to_owned), codes.to_owned());
        assert_eq!(sent(&became, pointer), expected, "{rule} {cell:?}");
    }
    // An identifier that the mapping takes for an empty cell is none.
    let became = Trial::new("null = [\"1.58E+17\"]", POSTAL).text("1.58E+17", "");
    assert_eq!(sent(&became, POSTAL_AT), (None, String::new()));
}

#[test]
fn odd_texts_are_sent_as_written_and_reported() {
    for (rule, pointer, cell, value, codes) in [
        (
            NAME,
            NAME_AT,
            Cell::Text("=A1"),
            Some("=A1"),
            "text.formula",
        ),
        (
            NAME,
            NAME_AT,
            Cell::Text("'47 Brand"),
            Some("'47 Brand"),
            "text.guard",
        ),
        (NAME, NAME_AT, Cell::Text("A & B"), Some("A & B"), ""),
        (NAME, NAME_AT, Cell::Text("A\nB"), Some("A\nB"), ""),
        (
            NAME,
            NAME_AT,
            Cell::Text("CafÃ©"),
            Some("CafÃ©"),
            "text.double_encoded",
        ),
    ] {
        let became = Trial::new("", rule).cells(cell, Cell::Empty);
        let expected = (value.map(str::to_owned), codes.to_owned());
        assert_eq!(sent(&became, pointer), expected, "{rule} {cell:?}");
    }
}

/// What a calculation left behind the fifteenth digit.
#[test]
fn digits_that_no_spreadsheet_shows_are_refused_or_told() {
    for (rule, pointer, cell, value, codes) in [
        (
            NAME,
            NAME_AT,
            Cell::Number(1_234.560_000_000_000_1),
            Some("1234.56"),
            "cell.rounded",
        ),
        (
            POSTAL,
            POSTAL_AT,
            Cell::Number(42.000_000_000_000_01),
            None,
            "cell.precision",
        ),
        (
            FLAG,
            FLAG_AT,
            Cell::Number(1.000_000_000_000_000_2),
            Some("true"),
            "cell.rounded",
        ),
        (
            DATE,
            DATE_AT,
            Cell::Number(20_260_304.000_000_004),
            None,
            "date.ambiguous",
        ),
    ] {
        let became = Trial::new("", rule).cells(cell, Cell::Empty);
        let expected = (value.map(str::to_owned), codes.to_owned());
        assert_eq!(sent(&became, pointer), expected, "{rule} {cell:?}");
    }
}

/// Nobody sees that two identifiers are two.
#[test]
fn invisible_characters_are_refused_in_identifiers_and_keys_only() {
    let id = ("hcoXrefId = \"V\"", "/organization/hcoXrefId");
    for ((rule, pointer), text, value, codes) in [
        (id, "K\u{200d}3", None, "text.control"),
        (id, "K\u{fe0f}3", None, "text.control"),
        (id, "K\u{200b}3", None, "text.control"),
        (id, "K3\u{3164}", None, "text.control"),
        (id, "K3\u{200b}", Some("K3"), "text.trimmed"),
        ((POSTAL, POSTAL_AT), "021\u{2800}39", None, "text.control"),
        ((NAME, NAME_AT), "K\u{200d}3", Some("K\u{200d}3"), ""),
        (
            (NAME, NAME_AT),
            "\u{2764}\u{fe0f}",
            Some("\u{2764}\u{fe0f}"),
            "",
        ),
    ] {
        let became = Trial::new("", rule).text(text, "");
        let expected = (value.map(str::to_owned), codes.to_owned());
        assert_eq!(sent(&became, pointer), expected, "{rule} {text:?}");
    }
}

/// What a reference of HTML stands for is judged like what stands in a cell.
#[test]
fn decoded_references_are_trimmed_and_refused_as_cells_are() {
    let rule = "displayName = { column = \"V\", transform = \"html\" }";
    for (text, value, codes) in [
        ("Preis 5 &#128;", Some("Preis 5 €"), ""),
        ("&#145;Alpha&#146;", Some("‘Alpha’"), ""),
        ("&#128;", Some("€"), ""),
        ("&#150;", Some("–"), ""),
        ("&#8203;", None, "text.trimmed"),
        ("&nbsp;Alpha", Some("Alpha"), "text.trimmed"),
        ("x&#129;y", None, "text.control"),
        ("&#129;", None, "text.control"),
        ("Alpha&#129;", None, "text.control"),
        ("Alpha&#32;", Some("Alpha"), ""),
    ] {
        let became = Trial::new("", rule).text(text, "");
        let expected = (value.map(str::to_owned), codes.to_owned());
        assert_eq!(sent(&became, NAME_AT), expected, "{text}");
    }
}

#[test]
fn a_text_is_sent_up_to_its_longest() {
    for (length, codes) in [(LONGEST_TEXT, ""), (LONGEST_TEXT + 1, "text.too_long")] {
        let text = "a".repeat(length);
        let became = Trial::new("", NAME).text(&text, "");
        let value = codes.is_empty().then_some(text);
        assert_eq!(sent(&became, NAME_AT), (value, codes.to_owned()));
    }
}

/// A map or a transform comes first, and then the field's own rules.
#[test]
fn what_a_map_gives_is_judged_by_its_field() {
    for (rule, pointer, text, value, codes) in [
        (
            "signOnDate = { column = \"V\", map = { \"start\" = \"13/04/2026\" } }",
            DATE_AT,
            "start",
            Some("2026-04-13"),
            "",
        ),
        (
            "signOnDate = { column = \"V\", transform = \"upper\" }",
            DATE_AT,
            "4 march 2026",
            Some("2026-03-04"),
            "",
        ),
        (
            "[[organization.phoneNumbers]]\nphoneNumber = { column = \"V\", map = { \"head office\" = \"030 123456\" } }",
            "/organization/phoneNumbers/0/phoneNumber",
            "head office",
            Some("+4930123456"),
            "",
        ),
        (
            "displayName = { column = \"V\", map = { \"a\" = \"b\" }, default = \"c\" }",
            NAME_AT,
            "x",
            Some("c"),
            "map.defaulted",
        ),
        (
            "displayName = { column = \"V\", map = { \"a\" = \"b\" }, default = \"\" }",
            NAME_AT,
            "x",
            None,
            "map.defaulted",
        ),
        (
            "displayName = { column = \"V\", map = { \"a\" = \"b\" } }",
            NAME_AT,
            "a",
            Some("b"),
            "",
        ),
    ] {
        let became = Trial::new("phone_region = \"DE\"", rule).text(text, "");
        let expected = (value.map(str::to_owned), codes.to_owned());
        assert_eq!(sent(&became, pointer), expected, "{rule} {text}");
    }
}

/// What a text became before, it becomes again, and a report is made of each row.
#[test]
fn the_second_row_is_like_the_first() {
    for (rule, pointer, text, value, codes) in [
        (FLAG, FLAG_AT, "Yes", Some("true"), ""),
        (FLAG, FLAG_AT, "perhaps", None, "boolean.invalid"),
        (
            "onBoardingStatus = \"V\"",
            "/organization/onBoardingStatus",
            "Completed",
            Some("4"),
            "",
        ),
        (
            "[[organization.addresses]]\ncountryCode = \"V\"",
            "/organization/addresses/0/countryCode",
            "Germany",
            Some("DE"),
            "",
        ),
        (
            "timezoneId = \"V\"",
            "/organization/timezoneId",
            "Mars/Olympus",
            Some("Mars/Olympus"),
            "timezone.unknown",
        ),
        (
            "onBoardingStatus = { column = \"V\", map = { \"a\" = \"4\" }, default = 1 }",
            "/organization/onBoardingStatus",
            "x",
            Some("1"),
            "map.defaulted",
        ),
        (DATE, DATE_AT, "4 March 2026", Some("2026-03-04"), ""),
        (
            DATE,
            DATE_AT,
            "4 March 26",
            Some("2026-03-04"),
            "date.two_digit_year",
        ),
        (DATE, DATE_AT, "1970-01-01", None, "date.sentinel"),
    ] {
        let mut trial = Trial::new("", rule);
        let expected = (value.map(str::to_owned), codes.to_owned());
        for _ in 0..3 {
            assert_eq!(
                sent(&trial.text(text, ""), pointer),
                expected,
                "{rule} {text}"
            );
        }
    }
}

#[test]
fn a_list_is_cut_into_its_parts_or_refused_as_a_whole() {
    let (one, two) = (
        "ae23fba4-f740-4d74-bbd6-80beee24f8f2",
        "0b5ee9a0-1c4e-4f0e-9a35-2d6f9d3f7f10",
    );
    let rule = "vendorProfileIds = { column = \"V\", split = \";\" }";
    for (text, value, codes) in [
        (
            format!("{one}; {two}"),
            Some(format!("[\"{one}\",\"{two}\"]")),
            "",
        ),
        (format!(";{one};;"), Some(format!("[\"{one}\"]")), ""),
        (format!("{one};x"), None, "uuid.invalid"),
        (format!("{one};\u{1};{two}"), None, "text.control"),
        (
            format!("\u{a0}{one};{two}\u{a0};"),
            Some(format!("[\"{one}\",\"{two}\"]")),
            "text.trimmed text.trimmed",
        ),
        (String::new(), None, ""),
    ] {
        let became = Trial::new("", rule).text(&text, "");
        let expected = (value, codes.to_owned());
        assert_eq!(
            sent(&became, "/organization/vendorProfileIds"),
            expected,
            "{text}"
        );
    }
    let became = Trial::new("", rule).cells(Cell::Empty, Cell::Empty);
    assert_eq!(became.at("/organization/vendorProfileIds"), None);
}

#[test]
fn lines_of_a_street_go_on_in_the_second_field_where_it_is_free() {
    let first = "[[organization.addresses]]\naddressLine1 = \"V\"";
    let mapped = "[[organization.addresses]]\naddressLine1 = { column = \"V\", map = { \"a\" = \"Main St 1\\n\" } }";
    let both = "[[organization.addresses]]\naddressLine1 = \"V\"\naddressLine2 = \"W\"";
    let line = |n: u32| format!("/organization/addresses/0/addressLine{n}");
    for (rule, street, second, one, two) in [
        (
            first,
            "Main St 1\r\n Suite 5 ",
            "",
            "Main St 1",
            Some("Suite 5"),
        ),
        (
            first,
            "Main St 1\n\nSuite 5\nRear",
            "",
            "Main St 1",
            Some("Suite 5, Rear"),
        ),
        (first, "Main St 1", "", "Main St 1", None),
        (both, "Main St 1\nSuite 5", "", "Main St 1", Some("Suite 5")),
        (
            both,
            "Main St 1\nSuite 5",
            "Floor 2",
            "Main St 1, Suite 5",
            Some("Floor 2"),
        ),
        (both, "Main St 1\n", "Floor 2", "Main St 1", Some("Floor 2")),
        (mapped, "a", "", "Main St 1", None),
    ] {
        let became = Trial::new("", rule).text(street, second);
        let lines = (became.at(&line(1)), became.at(&line(2)));
        let expected = (Some(one.to_owned()), two.map(str::to_owned));
        assert_eq!(lines, expected, "{street:?} {second:?}");
        assert_eq!(became.codes, [""; 0]);
    }
}
