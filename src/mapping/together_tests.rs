//! Places of a row that belong together: a number and its extension, a template's columns, two days, a bank account.

use super::trial::Trial;

const NAME_AT: &str = "/organization/displayName";

/// An extension goes into its own field; where that has a value, the text stays whole.
#[test]
fn a_telephone_number_and_its_extension_lose_nothing() {
    let alone = "[[organization.phoneNumbers]]\nphoneNumber = \"V\"";
    let both = "[[organization.phoneNumbers]]\nphoneNumber = \"V\"\nextension = \"W\"";
    let at = |field: &str| format!("/organization/phoneNumbers/0/{field}");
    for (rule, text, extension, number, beside, codes) in [
        (alone, "030 123456 x12", "", "+4930123456", Some("12"), ""),
        (both, "030 123456 x12", "", "+4930123456", Some("12"), ""),
        (
            both,
            "030 123456 x12",
            "7",
            "030 123456 x12",
            Some("7"),
            "phone.invalid",
        ),
        (both, "030 123456", "7", "+4930123456", Some("7"), ""),
        (
            alone,
            "030 123456 (Max)",
            "",
            "+4930123456",
            None,
            "phone.words",
        ),
        (
            alone,
            "030 123456 / 030 654321",
            "",
            "030 123456 / 030 654321",
            None,
            "phone.second_number",
        ),
        (
            alone,
            "030 123456 Raum 12",
            "",
            "030 123456 Raum 12",
            None,
            "phone.invalid",
        ),
        (alone, "123 (Max)", "", "123 (Max)", None, "phone.invalid"),
        (alone, "123", "", "123", None, "phone.invalid"),
        (alone, "123 x4", "", "123", Some("4"), "phone.invalid"),
        (alone, "+1 800 FLOWERS", "", "+18003569377", None, ""),
        (alone, "'030 123456", "", "+4930123456", None, "text.guard"),
    ] {
        let became = Trial::new("phone_region = \"DE\"", rule).text(text, extension);
        let parts = (became.at(&at("phoneNumber")), became.at(&at("extension")));
        let expected = (Some(number.to_owned()), beside.map(str::to_owned));
        assert_eq!(
            (parts, became.codes.join(" ").as_str()),
            (expected, codes),
            "{text} {extension}"
        );
    }
    let by_country = format!("[[organization.addresses]]\ncountryCode = \"W\"\n{alone}");
    for (country, number, codes) in [
        ("Germany", "+4930123456", ""),
        ("", "030 123456", "phone.region_unknown"),
    ] {
        let became =
            Trial::new("phone_region = \"address\"", &by_country).text("030 123456", country);
        let sent = became.at(&at("phoneNumber"));
        assert_eq!(
            (sent.as_deref(), became.codes.join(" ").as_str()),
            (Some(number), codes),
            "{country}"
        );
    }
}

/// A template takes columns of the row, and says which one is not there.
#[test]
fn a_template_is_filled_from_its_row() {
    let rule = "displayName = { template = \"{{ row['V'] }} ({{ row[\\\"W\\\"] }}) {{ row['Name'] }}\" }\noriginationSource = { template = \"from {{ row['W'] }}\" }";
    let became = Trial::new("", rule).text(" A & B ", "x");
    assert_eq!(became.at(NAME_AT).as_deref(), Some("A & B (x) Alpha"));
    assert_eq!(
        became.at("/organization/originationSource").as_deref(),
        Some("from x")
    );
}

/// What has to agree: two days, and two numbers of a bank account.
#[test]
fn fields_that_belong_together_are_compared() {
    let days = "[partnerCriteria]\nonboardingDate = \"V\"\ndeactivatedDate = \"W\"";
    for (from, to, codes) in [
        ("2026-03-04", "2026-03-05", ""),
        ("2026-03-04", "2026-03-04", ""),
        ("2026-03-04", "2026-03-03", "date.reversed"),
        ("", "2026-03-03", ""),
    ] {
        let became = Trial::new("", days).text(from, to);
        assert_eq!(became.codes.join(" "), codes, "{from} {to}");
    }
    let bank = "[vendorAccount.bankAccount]\nroutingNumber = \"V\"\naccountNumber = \"W\"";
    for (routing, account, codes, words) in [
        ("021000021", "123456", "", ""),
        ("", "", "", ""),
        (
            "021000021",
            "",
            "bank.incomplete",
            "There is a routing number but no account number.",
        ),
        (
            "",
            "123456",
            "bank.incomplete",
            "There is an account number but no routing number.",
        ),
        // What is refused is not missing as well.
        (
            "12",
            "123456",
            "routing.invalid",
            "A routing number has nine digits with a valid checksum; this one does not.",
        ),
    ] {
        let became = Trial::new("", bank).text(routing, account);
        let said = (became.codes.join(" "), became.words.join(" "));
        assert_eq!(
            said,
            (codes.to_owned(), words.to_owned()),
            "{routing} {account}"
        );
    }
}

/// A required field without a value is an error, unless the row has one of the same field already.
#[test]
fn a_required_field_is_missed_once() {
    let rule = "displayName = { column = \"V\", required = true }\nhcoXrefId = { column = \"W\", required = true }";
    for (name, id, codes) in [
        ("A", "B", ""),
        ("", "B", "required.missing"),
        ("", "", "required.missing required.missing"),
        ("A\u{7}B", "", "text.control required.missing"),
        ("NULL", "B", "cell.null_word required.missing"),
    ] {
        let became = Trial::new("", rule).text(name, id);
        assert_eq!(became.codes.join(" "), codes, "{name} {id}");
    }
}

/// An address of constants alone is sent; one with columns only where a column has something.
#[test]
fn an_element_is_sent_for_its_own_data() {
    let kind = "/organization/addresses/0/addressType";
    let constant = "[[organization.addresses]]\naddressType = { value = 1 }";
    let became = Trial::new("", constant).text("", "");
    assert_eq!(became.at(kind).as_deref(), Some("1"));
    let with_column = format!("{constant}\ncity = \"V\"");
    for (city, sent) in [("Boston", Some("1")), ("", None)] {
        let became = Trial::new("", &with_column).text(city, "");
        assert_eq!(became.at(kind).as_deref(), sent, "{city}");
    }
}
