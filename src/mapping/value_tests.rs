use proptest::prelude::*;

use super::coerce::{is_blank, is_invisible};
use super::trial::{Became, Trial};
use super::value_cases::{Case, Section, TABLE};
use crate::diagnostic::Code;
use crate::source::{Cell, Epoch};

impl Section {
    fn trial(&self) -> Trial {
        Trial::new(self.source, self.rule)
    }
}

#[test]
fn texts_become_values_by_the_table() {
    let mut wrong = Vec::new();
    for section in TABLE {
        let mut trial = section.trial();
        for Case(text, sends, codes) in section.cases {
            let became = trial.text(text, section.beside);
            let sent = became.at(section.pointer).unwrap_or_default();
            if (sent.as_str(), became.codes.join(" ").as_str()) != (*sends, *codes) {
                let title = section.title;
                wrong.push(format!("{text:?} ({title}): {sent:?} {:?}", became.codes));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table in docs/values.md is this table, with what the program itself says of each text.
#[test]
fn the_documented_values_are_the_tested_ones() {
    use std::fmt::Write as _;
    let mut table = String::new();
    for section in TABLE {
        let _ = writeln!(table, "\n### {}\n", section.title);
        if !section.why.is_empty() {
            let _ = writeln!(table, "{}\n", section.why);
        }
        let _ = writeln!(
            table,
            "| in the cell | is sent | what is reported |\n|---|---|---|"
        );
        let mut trial = section.trial();
        for Case(text, sends, _) in section.cases {
            let Became {
                codes,
                words,
                is_refused,
                ..
            } = trial.text(text, section.beside);
            let sends = match (sends.is_empty(), is_refused) {
                (true, true) => "refused".to_owned(),
                (true, false) => "nothing".to_owned(),
                (false, _) => format!("`{}`", shown(sends)),
            };
            let reported: Vec<String> = (codes.iter().zip(words))
                .map(|(code, words)| format!("{} `{code}`", shown(&words)))
                .collect();
            let _ = writeln!(
                table,
                "| `{}` | {sends} | {} |",
                shown(text),
                reported.join(" ")
            );
        }
    }
    super::page::assert_current("values.md", &table);
}

/// A text as a cell of a table in Markdown.
fn shown(text: &str) -> String {
    let shown = crate::diagnostic::visible(text, 200).replace('|', "\\|");
    (shown.chars())
        .flat_map(|c| match c {
            '\u{feff}' | '\u{a0}' => c.escape_unicode().collect::<Vec<_>>(),
            c => vec![c],
        })
        .collect()
}

/// A workbook's column that Excel understood by half, through a whole mapping: `docs/dates.md` has the rule.
#[test]
fn a_date_cell_with_a_map_is_judged_like_one_without() {
    let march = Cell::Serial(46085.0, Epoch::Y1900);
    for (rule, sent) in [
        ("signOnDate = \"V\"", "2026-03-04"),
        (
            "signOnDate = { column = \"V\", map = { \"open\" = \"2026-01-01\" } }",
            "2026-03-04",
        ),
        (
            "signOnDate = { column = \"V\", map = { \"2026-03-04\" = \"2026-01-01\" } }",
            "2026-01-01",
        ),
        (
            "signOnDate = { column = \"V\", transform = \"upper\" }",
            "2026-03-04",
        ),
    ] {
        let became = Trial::new("", rule).cells(march, Cell::Empty);
        let date = became.at("/organization/signOnDate");
        assert_eq!(date.as_deref(), Some(sent), "{rule}");
    }
    // The two date columns of a rule are judged each by itself.
    let mut trial = Trial::new("", "signOnDate = { columns = [\"V\", \"W\"] }");
    let became = trial.cells(Cell::Empty, march);
    assert_eq!(
        became.at("/organization/signOnDate").as_deref(),
        Some("2026-03-04")
    );
}

#[test]
fn a_null_word_is_no_date_and_the_hint_says_what_to_do() {
    for word in ["NULL", "N/A", "nan"] {
        let became = Trial::new("", "signOnDate = \"V\"").text(word, "");
        assert_eq!(became.codes, ["date.invalid"], "{word}");
    }
    let became = Trial::new("", "signOnDate = \"V\"").text("#REF!", "");
    assert_eq!(became.codes, ["cell.error"]);
    // A placeholder that is left out leaves a required field empty.
    let mut required = Trial::new("", "signOnDate = { column = \"V\", required = true }");
    let became = required.text("1970-01-01", "");
    assert_eq!(became.codes, ["date.sentinel", "required.missing"]);
    let mut allowed = Trial::new(
        "",
        "signOnDate = { column = \"V\", required = true }\n[validation]\nallow = [\"date.sentinel\"]",
    );
    let became = allowed.text("1970-01-01", "");
    assert_eq!(became.codes, ["date.sentinel"]);
    assert_eq!(
        became.at("/organization/signOnDate").as_deref(),
        Some("1970-01-01")
    );
    assert!(became.words[0].ends_with("it is sent, because the mapping allows it."));
}

/// A map adds to its field and shuts nothing out, whatever the field's kind; a field of free text knows no words.
#[test]
fn a_map_shuts_nothing_out_that_its_field_knows() {
    let address = |field: &str| format!("[[organization.addresses]]\n{field} = RULE");
    for (rule, known, unknown) in [
        ("signOnDate = RULE".to_owned(), "2026-03-04", "soon"),
        ("onBoardingStatus = RULE".to_owned(), "Completed", "Later"),
        ("timezoneId = RULE".to_owned(), "America/New_York", "Mars"),
        (address("stateProvinceCode"), "CA", "Elsewhere"),
        (address("countryCode"), "Germany", "Narnia"),
        (address("addressType"), "3", "third"),
        (
            "[partnerCriteria]\nw9Submitted = RULE".to_owned(),
            "no",
            "later",
        ),
        (
            "[vendorAccount]\ncurrency = RULE".to_owned(),
            "EUR",
            "Taler",
        ),
        (
            "[vendorAccount]\nemail = RULE".to_owned(),
            "jane@example.com",
            "Jane",
        ),
        (
            "[[organization.phoneNumbers]]\nphoneNumber = RULE".to_owned(),
            "+1 619 555 0134",
            "none yet",
        ),
    ] {
        let becomes = match rule.split(' ').next().unwrap_or_default() {
            "signOnDate" => "2026-01-01",
            "onBoardingStatus" => "1",
            "timezoneId" => "Europe/Berlin",
            r if r.contains("stateProvinceCode") => "NY",
            r if r.contains("countryCode") => "US",
            r if r.contains("addressType") => "1",
            r if r.contains("w9Submitted") => "yes",
            r if r.contains("currency") => "USD",
            r if r.contains("email") => "joe@example.com",
            _ => "+16195550134",
        };
        let map = format!("{{ column = \"V\", map = {{ \"word\" = \"{becomes}\" }} }}");
        let mut trial = Trial::new("", &rule.replace("RULE", &map));
        for text in ["word", known] {
            assert_eq!(trial.text(text, "").codes, [""; 0], "{rule}: {text}");
        }
        assert_eq!(
            trial.text(unknown, "").codes,
            ["map.missed"],
            "{rule}: {unknown}"
        );
    }
    let mut text = Trial::new(
        "",
        "displayName = { column = \"V\", map = { \"a\" = \"b\" } }",
    );
    assert_eq!(text.text("c", "").codes, ["map.missed"]);
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Texts with what goes wrong in texts: entities, words for nothing, blanks of all kinds, other scripts.
fn any_text() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("&amp;"),
        Just("&"),
        Just("NULL"),
        Just("#REF!"),
        Just("\u{a0}"),
        Just("\u{200b}"),
        Just("\u{feff}"),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("é"),
        Just("e\u{301}"),
        Just("日本"),
        Just("0"),
        Just("=1+1"),
        Just("\t"),
        Just("\u{fffd}"),
        Just("\u{7}"),
        Just(";"),
        Just(" "),
    ];
    prop_oneof![
        "\\PC{0,20}",
        "[A-Za-z0-9 .,'&;#-]{0,24}",
        prop::collection::vec(odd, 0..6).prop_map(|parts| parts.concat()),
    ]
}

/// What is sent of a text by a field that sends texts as they are: its letters and digits, or nothing and a reason.
fn is_conserved(
    trial: &mut Trial,
    pointer: &str,
    text: &str,
    beside: &str,
) -> Result<(), TestCaseError> {
    let became = trial.text(text, beside);
    match became.at(pointer) {
        Some(sent) => {
            prop_assert_eq!(letters_and_digits(&sent), letters_and_digits(text));
            // Nothing that can be seen is taken off inside.
            prop_assert!(sent.chars().all(|c| !is_invisible(c) || text.contains(c)));
        }
        None => {
            let is_blank = text.chars().all(|c| is_blank(c) || is_invisible(c));
            prop_assert!(is_blank || !became.codes.is_empty(), "{text:?} is lost");
        }
    }
    Ok(())
}

proptest! {
    /// A text that is not looked at character by character holds no character that no field takes.
    #[test]
    fn what_is_unsendable_is_seen_by_its_bytes(text in "[ -~\u{7f}\t\n\r\u{0}-\u{1f}\u{80}-\u{c0}\u{e9}\u{fffd}\u{f000}日]{0,12}") {
        let is_odd = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || c == '\u{fffd}';
        prop_assert_eq!(super::unsendable::unsendable(&text).is_some(), text.chars().any(is_odd));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn text_is_sent_as_written(text in any_text()) {
        is_conserved(&mut Trial::new("", "displayName = \"V\""), "/organization/displayName", &text, "")?;
        is_conserved(&mut Trial::new("", "hcoXrefId = \"V\""), "/organization/hcoXrefId", &text, "")?;
        let free = "integrationMetadata.crm = { id = \"V\" }";
        is_conserved(&mut Trial::new("", free), "/organization/integrationMetadata/crm/id", &text, "")?;
    }

    /// Of a postal code no digit is changed; a zero that is put before it is reported.
    #[test]
    fn postal_codes_are_sent_as_written(text in prop_oneof![any_text(), "[0-9]{3,9}", "[0-9]{4}-[0-9]{4}"], country in prop_oneof![Just("US"), Just("DE"), Just("")]) {
        let rule = "[[organization.addresses]]\npostalCode = \"V\"\nstateProvinceCode = { value = \"MA\" }\ncountryCode = \"W\"";
        let became = Trial::new("", rule).text(&text, country);
        if let Some(sent) = became.at("/organization/addresses/0/postalCode") {
            let restored = became.codes.contains(&Code::PostalZeroRestored.as_str());
            let sent = letters_and_digits(&sent);
            let sent = if restored { sent.trim_start_matches('0').to_owned() } else { sent };
            let written = letters_and_digits(&text);
            let written = if restored { written.trim_start_matches('0') } else { &written };
            prop_assert_eq!(sent, written);
        }
    }

    /// A state is its own code, or sent as written.
    #[test]
    fn states_are_known_or_sent_as_written(text in prop_oneof![any_text(), "[A-Z]{2,3}", "[A-Z]{2}-[A-Z]{2}"], country in prop_oneof![Just("US"), Just("DE"), Just("AR"), Just("")]) {
        let rule = "[[organization.addresses]]\nstateProvinceCode = \"V\"\ncountryCode = \"W\"";
        let mut trial = Trial::new("", rule);
        let became = trial.text(&text, country);
        let pointer = "/organization/addresses/0/stateProvinceCode";
        if let Some(sent) = became.at(pointer) {
            let country = (!country.is_empty()).then_some(country);
            let known = super::lookup::state_code(text.trim(), country);
            prop_assert!(
                known == Some(sent.as_str()) || letters_and_digits(&sent) == letters_and_digits(&text),
                "{text}: {sent}"
            );
        }
    }

    /// A country is sent by its own name or code, or not at all: no other text makes one.
    #[test]
    fn a_country_is_never_made_of_another_text(text in any_text()) {
        let mut trial = Trial::new("", "[[organization.addresses]]\ncountryCode = \"V\"");
        let became = trial.text(&text, "");
        let sent = became.at("/organization/addresses/0/countryCode");
        let text = super::coerce::trim(&text).0;
        // What no field takes is refused before.
        prop_assume!(super::unsendable::unsendable(text).is_none());
        prop_assert_eq!(sent.as_deref(), super::lookup::country_code(text));
    }

    /// An e-mail address is a part of what was written, whole from letter to letter; what is cut off is reported.
    #[test]
    fn an_address_is_a_part_of_what_was_written(
        local in "[a-z0-9.+_-]{1,8}", domain in "[a-z0-9-]{1,6}\\.[a-z]{2,3}", name in any_text(),
    ) {
        let address = format!("{local}@{domain}");
        for text in [address.clone(), format!("{name} <{address}>"), format!("{address} {name}"), format!("{name}{address}")] {
            let became = Trial::new("", "[vendorAccount]\nemail = \"V\"").text(&text, "");
            if let Some(sent) = became.at("/vendorAccount/email") {
                let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
                prop_assert!(visible.contains(&sent), "{text:?}: {sent}");
                prop_assert_eq!(visible.matches('@').count(), 1);
                let all = letters_and_digits(&sent) == letters_and_digits(&text);
                prop_assert!(all || became.codes.contains(&"email.name_cut"), "{text:?}: {sent}");
            }
        }
    }

    /// A whole number keeps its value, a currency its letters.
    #[test]
    fn numbers_and_currencies_keep_what_they_say(n in any::<i64>(), zeros in 0_usize..3, text in any_text(), code in "[A-Za-z]{3}") {
        let mut number = Trial::new("", "[[organization.addresses]]\naddressType = \"V\"");
        let pointer = "/organization/addresses/0/addressType";
        let written = if zeros > 0 { format!("{n}.{}", "0".repeat(zeros)) } else { n.to_string() };
        prop_assert_eq!(number.text(&written, "").at(pointer), Some(n.to_string()));
        if let Some(sent) = number.text(&text, "").at(pointer) {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            prop_assert!(digits.contains(sent.trim_start_matches('-')), "{text}: {sent}");
        }
        let mut currency = Trial::new("", "[vendorAccount]\ncurrency = \"V\"");
        for text in [&text, &code] {
            if let Some(sent) = currency.text(text, "").at("/vendorAccount/currency") {
                prop_assert_eq!(sent.to_lowercase(), letters_and_digits(text).to_lowercase());
            }
        }
    }

    /// Yes and no are said by a word of the list, and never by two languages at once.
    #[test]
    fn only_words_for_yes_and_no_say_it(text in prop_oneof![any_text(), "[a-zA-Z]{1,3}"], locale in prop_oneof![Just(""), Just("locale = \"de\""), Just("locale = \"pt\"")]) {
        let became = Trial::new(locale, "[partnerCriteria]\nw9Submitted = \"V\"").text(&text, "");
        let language = locale.split('"').nth(1).and_then(super::date::Locale::from_word);
        let says = super::yes_no::read(super::coerce::trim(&text).0, language);
        prop_assert_eq!(became.at("/partnerCriteria/w9Submitted"), says.map(|s| s.to_string()));
    }

    /// The numbers of a date that is sent stand in what was written.
    #[test]
    fn the_parts_of_a_date_are_those_that_were_written(
        text in "([0-9]{1,2}[-/. ]){2}(19|20)[0-9]{2}|(19|20)[0-9]{2}([-/.][0-9]{1,2}){2}|(19|20)[0-9]{6}",
    ) {
        let became = Trial::new("", "signOnDate = \"V\"").text(&text, "");
        if let Some(sent) = became.at("/organization/signOnDate") {
            let numbers = |t: &str| -> Vec<u32> {
                let parts = t.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty());
                let mut parts: Vec<u32> = parts.map(|p| p.parse().unwrap()).collect();
                parts.sort_unstable();
                parts
            };
            let written = match text.len() {
                8 if text.bytes().all(|b| b.is_ascii_digit()) => {
                    format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
                }
                _ => text.clone(),
            };
            prop_assert_eq!(numbers(&sent), numbers(&written), "{}: {}", text, sent);
        }
    }

    /// Every digit of a phone number is sent, in the number or as its extension, but for a trunk digit; none is added
    /// but the country code of its region.
    #[test]
    fn the_digits_of_a_telephone_number_are_those_that_were_written(
        number in "(\\+49 |0)30[ -/]?[0-9]{5,8}|\\+1 \\(?[2-9][0-9]{2}\\)?[ -][2-9][0-9]{2}-[0-9]{4}",
        mark in prop_oneof![Just(""), Just(" x12"), Just(" ext. 345"), Just(" DW 7"), Just(" (Max)"), Just(" / 030 7654321"), Just("-Raum 3")],
    ) {
        let rule = "[[organization.phoneNumbers]]\nphoneNumber = \"V\"";
        let text = format!("{number}{mark}");
        let became = Trial::new("phone_region = \"DE\"", rule).text(&text, "");
        let at = |field: &str| became.at(&format!("/organization/phoneNumbers/0/{field}")).unwrap_or_default();
        let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
        let sent = digits(&at("phoneNumber")) + &digits(&at("extension"));
        let written = digits(&text);
        let national = written.strip_prefix('0').unwrap_or(&written);
        prop_assert!(sent == written || sent == format!("49{national}"), "{text}: {sent}");
    }
}
