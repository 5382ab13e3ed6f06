use std::sync::Arc;

use proptest::prelude::*;

use super::super::file::Mapping;
use super::contact::{email, phone, postal_code};
use super::name::NameFolder;
use super::*;
use crate::source::{Header, RowBatch};

fn folded(name: &str) -> String {
    let mut out = Vec::new();
    NameFolder::default().fold(name, &mut out);
    String::from_utf8(out).unwrap()
}

fn by(fold: fn(&str, &mut Vec<u8>), text: &str) -> String {
    let mut out = b"left from before".to_vec();
    fold(text, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn one_name_is_written_in_many_ways() {
    for names in [
        ["Acme, Inc.", "ACME", "acme incorporated", "The Acme Inc"].as_slice(),
        &[
            "Müller GmbH & Co. KG",
            "Mueller GmbH",
            "MÜLLER G.m.b.H.",
            "Muller",
        ],
        &["Groß AG", "GROSS A.G.", "Gross"],
        &[
            "Société Générale S.A.",
            "Societe Generale SA",
            "Société Générale S. A.",
        ],
        &["Café d’Or SARL", "Cafe d'Or S.à r.l.", "CAFÉ D'OR"],
        &[
            "Peña y Hijos, S. de R.L. de C.V.",
            "Pena y Hijos",
            "PEÑA Y HIJOS S.A. de C.V.",
        ],
        &["Kowalski Sp. z o.o.", "KOWALSKI spółka z o.o.", "Kowalski"],
        &["Novák spol. s r.o.", "Novak s.r.o.", "Novák"],
        &["Rødgrød A/S", "Rodgrod AS", "RØDGRØD a/s"],
        &["ООО Ромашка", "Ромашка", "Ромашка, ООО"],
        &["株式会社トヨタ", "トヨタ株式会社", "トヨタ", "ﾄﾖﾀ"],
        &["삼성 주식회사", "삼성"],
        &["Αθήνα Α.Ε.", "ΑΘΗΝΑ", "Αθηνα"],
        &["Smith & Sons Ltd", "Smith and Sons Limited", "SMITH+SONS"],
        &["Tata Private Limited", "Tata Pvt. Ltd.", "TATA"],
        &["Yıldız A.Ş.", "YILDIZ AS", "Yildiz"],
        &["Straße eins", "STRASSE EINS"],
        &["Sao Export", "SaoExport", "Sao Xport"],
        &["OOO Elektron", "Elektron"],
        &["Cafe\u{301} Bleu", "Café-Bleu", "cafébleu"],
    ] {
        for name in names {
            assert_eq!(folded(name), folded(names[0]), "{name}");
            assert!(!folded(name).is_empty(), "{name}");
        }
    }
}

#[test]
fn other_names_stay_others() {
    for (one, other) in [
        ("Acme East", "Acme West"),
        ("Acme 1", "Acme 2"),
        ("Limited", "Company"),
        ("Co. KG", "Co. AG"),
        ("3M", "3D"),
        ("Generation Z", "Generation"),
        ("Vitamin S", "Vitamin"),
        ("दिल्ली", "दल्ल"),
        ("東京", "京都"),
        ("Holding Sachs", "Sachs"),
        // A byte that was read in another encoding may have been any letter.
        ("M\u{81}ller", "Mller"),
    ] {
        assert_ne!(folded(one), folded(other), "{one}, {other}");
    }
}

#[test]
fn what_is_left_of_a_name_says_something() {
    for (name, left) in [
        ("A Ltd", "altd"),
        ("GmbH", "gmbh"),
        ("S.A.", "sa"),
        ("The Co", "theco"),
        ("HP Inc.", "hp"),
        ("Ltd. Ltd", "ltdltd"),
        ("The", "the"),
        ("AA", "aa"),
        ("王", ""),
        ("X", ""),
        ("", ""),
        (" - ", ""),
        ("N/A", ""),
        ("Test", ""),
        ("test account", ""),
        ("UNKNOWN", ""),
        ("xxxx", ""),
        ("0000", ""),
        ("Test Systems", "testsystems"),
    ] {
        assert_eq!(folded(name), left, "{name}");
    }
}

#[test]
fn one_number_is_written_in_many_ways() {
    for (text, digits) in [
        ("+1 (415) 555-0123", "55550123"),
        ("415.555.0123", "55550123"),
        ("001-415-555-0123 x12", "55550123"),
        ("(415) 555-0123 ext. 9", "55550123"),
        ("Tel. 415 555 0123", "55550123"),
        ("+44 (0)20 7946 0958", "79460958"),
        ("020 7946 0958", "79460958"),
        ("4155550123, 4155550199", "55550123"),
        ("4155550123 / 4155550199", "55550123"),
        ("555-0123", "5550123"),
        ("", ""),
        ("12345", ""),
        ("000-000-0000", ""),
        ("0000000001", ""),
        ("555-555-5555", ""),
        ("(123) 456-7890", ""),
        ("1-800-FLOWERS", ""),
        ("800 FLOWERS, 356 9377", ""),
        ("123456789155550123", "55550123"),
        ("1234567891555501234", ""),
        ("n/a", ""),
    ] {
        let number = digits.parse::<u64>().map(u64::to_be_bytes);
        let mut folded = b"left from before".to_vec();
        phone(text, &mut folded);
        assert_eq!(folded, number.map_or(Vec::new(), Vec::from), "{text}");
    }
}

#[test]
fn addresses_that_nobody_reads_are_none() {
    for (text, address) in [
        (" Info@Acme.COM ", "info@acme.com"),
        ("büro@ACME.de", "büro@acme.de"),
        ("BÜRO@acme.de", "büro@acme.de"),
        ("info@example.com", ""),
        ("a@b.invalid", ""),
        ("noreply@acme.com", ""),
        ("NONE@acme.com", ""),
        ("acme.com", ""),
        ("@acme.com", ""),
        ("info@", ""),
        ("", ""),
    ] {
        assert_eq!(by(email, text), address, "{text}");
    }
}

#[test]
fn one_code_is_written_in_many_ways() {
    for (text, code) in [
        ("02134", "2134"),
        ("2134", "2134"),
        ("02134-1234", "2134"),
        ("sw1a 1aa", "SW1A1AA"),
        ("SW1A1AA", "SW1A1AA"),
        ("D-10115", "D10115"),
        ("00-950", "950"),
        ("101", "101"),
        ("02134-12", "213412"),
        ("1234-5678", "12345678"),
        ("00000", ""),
        ("99999", ""),
        ("12", ""),
        ("NULL", ""),
        ("", ""),
    ] {
        assert_eq!(by(postal_code, text), code, "{text}");
    }
}

/// Names of western letters cost a fraction of others.
#[test]
fn letters_of_latin_1_take_the_short_way() {
    let mut folder = NameFolder::default();
    for c in '\u{c0}'..='\u{ff}' {
        let is_letter = !matches!(c, '×' | '÷');
        assert_eq!(
            folder.take_western(&format!("Acme {c} 1")),
            is_letter,
            "{c}"
        );
    }
    assert!(!folder.take_western("Łódź"));
}

/// A mapping compiled against a file of these columns.
fn plan(rules: &str) -> Plan {
    let columns = ["Id", "Name", "Alias", "Zip", "Mail"].map(str::to_owned);
    let mapping = format!("name = \"m\"\n{rules}");
    let mapping = Mapping::parse("m.toml", &mapping).unwrap();
    Plan::compile(&mapping, &Arc::new(Header::new(columns.to_vec()))).unwrap()
}

/// Which columns a row is compared by: its name, and what stands beside it.
#[test]
fn rows_are_compared_by_their_names_and_something_else() {
    let zip = "[[organization.addresses]]\npostalCode = \"Zip\"\n";
    let named = "key = \"Id\"\n[organization]\nbusinessName = \"Name\"\n";
    let of_two =
        "key = \"Id\"\n[organization]\nbusinessName = { columns = [\"Name\", \"Alias\"] }\n";
    let by_name = "key = \"Name\"\n[organization]\nbusinessName = \"Name\"\n";
    let by_zip = "key = [\"Id\", \"Zip\"]\n[organization]\nbusinessName = \"Name\"\n";
    let constant = "key = \"Id\"\n[organization]\nbusinessName = { value = \"Acme\" }\n";
    let allowed = "[validation]\nallow = [\"row.similar\"]\n";
    for (rules, is_compared, is_content, filled) in [
        ([named, zip, ""], true, true, Some("acme")),
        ([of_two, zip, ""], true, true, Some("acme")),
        ([by_name, zip, ""], true, false, Some("acme")),
        ([by_zip, zip, ""], true, false, Some("acme")),
        ([named, "", ""], false, false, None),
        ([constant, zip, ""], false, false, None),
        ([named, zip, allowed], false, false, None),
    ] {
        let plan = plan(&rules.concat());
        assert_eq!(plan.likeness.is_some(), is_compared, "{rules:?}");
        assert_eq!(plan.likeness_is_content(), is_content, "{rules:?}");
        let cells = ["1", "Acme", "", "10115", "a@acme.com"].map(Cell::Text);
        let batch = RowBatch::of_cells(Arc::clone(plan.header()), &cells);
        let mut of = Likeness::default();
        let is_filled = plan.likeness(batch.rows().next().unwrap(), &mut of);
        let name = is_filled.then(|| String::from_utf8(of.name).unwrap());
        assert_eq!(name.as_deref(), filled, "{rules:?}");
    }
    // The first name that is filled counts.
    let plan = plan(&[of_two, zip].concat());
    let cells = ["1", "", "Alias Ltd", "10115", ""].map(Cell::Text);
    let batch = RowBatch::of_cells(Arc::clone(plan.header()), &cells);
    let mut of = Likeness::default();
    assert!(plan.likeness(batch.rows().next().unwrap(), &mut of));
    assert_eq!(of.name, b"alias");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Any text can be folded, and what stands around its words does not count.
    #[test]
    fn folding_takes_any_text(name in "\\PC{0,24}", sign in "[ ,;_-]{1,3}") {
        let once = folded(&name);
        prop_assert_eq!(&folded(&format!("{sign}{name}{sign}")), &once);
        phone(&name, &mut Vec::new());
        by(email, &name);
        by(postal_code, &name);
    }

    /// The short way for western letters is the long one.
    #[test]
    fn western_letters_are_folded_as_all_others(name in "[a-zA-Z0-9À-ÖØ-öø-ÿ .&-]{0,24}") {
        // The sign behind it has to be looked up, and is only a separator.
        prop_assert_eq!(folded(&name), folded(&format!("{name}\u{2014}")));
    }
}
