use proptest::prelude::*;

use super::*;

#[test]
fn whatever_looks_like_a_token_is_masked() {
    for (text, plain) in [
        ("", ""),
        ("permission denied", "permission denied"),
        (
            "cannot open /usr/local/lib/python3.12/site-packages/vault.py, line 12",
            "cannot open /usr/local/lib/python3.12/site-packages/vault.py, line 12",
        ),
        ("invalid token: expired", "invalid token: expired"),
        ("Bearer token expired", "Bearer token expired"),
        (
            "get https://vault.example.com:8200/v1/x: 403",
            "get https://vault.example.com:8200/v1/x: 403",
        ),
        ("Authorization: Bearer a1b2", "Authorization: Bearer ***"),
        (
            "authorization: basic dXNlcjpwYXNz==",
            "authorization: basic ***==",
        ),
        ("token=swordfish&x=1", "token=***&x=1"),
        (
            "{\"client_secret\": \"swordfish\"}",
            "{\"client_secret\": \"***\"}",
        ),
        ("password: hunter2", "password: ***"),
        ("password: swordfish", "password: ***"),
        ("passphrase=foo", "passphrase=***"),
        ("X-Api-Key: zzzyyyxxx", "X-Api-Key: ***"),
        ("client_secret: swordfish", "client_secret: ***"),
        ("Bearer abcdefghijklmnop", "Bearer ***"),
        (
            "Bearer authentication is required",
            "Bearer authentication is required",
        ),
        ("was eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "was ***"),
        ("was eyJhbGci.eyJz.c2ln", "was ***"),
        ("eyJoke", "eyJoke"),
        ("hvs.CAESIJ1a2b3c4d5e6f7g8h9i0jklm", "***"),
        ("in Version2Beta", "in Version2Beta"),
        ("pages 1-2-3-4-5", "pages 1-2-3-4-5"),
        (
            "donaudampfschifffahrtsgesellschaften",
            "donaudampfschifffahrtsgesellschaften",
        ),
        (
            "id 5f0c6a52-8f2e-4f0e-9a53-0c1b2d3e4f50 is gone",
            "id *** is gone",
        ),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "***"),
        (
            "Authorization: Bearer swordfish",
            "Authorization: Bearer ***",
        ),
        ("Cookie: sid=a1b2c3", "Cookie: sid=a1b2c3"),
        ("a\u{1b}[31mb\u{7}c\n", "a b c "),
    ] {
        assert_eq!(Scrubber::new().without_uuids().scrub(text), plain, "{text}");
    }
}

#[test]
fn words_of_an_api_keep_what_a_person_needs() {
    for text in [
        "organization.phoneNumbers.0.phoneNumber must be a valid phone number",
        "vendorAccount.bankAccount.regulatoryFields.0.value should not be empty",
        "Partner 5f0c6a52-8f2e-4f0e-9a53-0c1b2d3e4f50 exists already",
        "Cannot POST /api/v2/partners/5f0c6a52-8f2e-4f0e-9a53-0c1b2d3e4f50",
        "accountNumber must be longer than or equal to 4 and shorter than 34 characters",
        "the account ending 1012 is closed",
        "no answer within 30s; since 2026-11-26T06:52:15Z, at 127.0.0.1:8080",
        "error 400 in row 4711: 12 of 200 fields",
        "connect to https://orgs.ecg-api.com:443 refused (os error 111)",
    ] {
        assert_eq!(Scrubber::new().scrub(text), text);
    }
}

#[test]
fn a_token_is_masked_in_every_form() {
    let token = Secret::new("sword/fish+eel=");
    let scrubber = Scrubber::new().with_token(&token);
    let base64 = |text: &str| STANDARD_NO_PAD.encode(text);
    for (text, plain) in [
        ("got sword/fish+eel=!".to_owned(), "got ***!"),
        ("?t=sword%2Ffish%2Beel%3D&x".to_owned(), "?t=***&x"),
        ("not swordfish".to_owned(), "not swordfish"),
    ] {
        assert_eq!(scrubber.scrub(&text), plain);
    }
    for before in ["", "a", "ab", "user:", "Bearer "] {
        let text = base64(&format!("{before}sword/fish+eel=, and more"));
        let plain = scrubber.scrub(&text);
        assert!(plain.contains("***"), "{text}: {plain}");
    }
    let short = Scrubber::new().with_token(&Secret::new("eel"));
    assert_eq!(short.scrub("a reel"), "a reel");
}

/// Ways in which services write a number.
fn grouped(value: &str) -> Vec<String> {
    let groups = |size: usize, by: &str| {
        let chars: Vec<char> = value.chars().collect();
        let groups: Vec<String> = chars.chunks(size).map(|c| c.iter().collect()).collect();
        groups.join(by)
    };
    let mut all = vec![
        value.to_owned(),
        value.to_lowercase(),
        value.to_uppercase(),
        format!("{value}.0"),
        format!("0{value}"),
    ];
    for by in [
        " ", "-", ".", "/", "\u{a0}", "\u{202f}", " - ", "%20", "&nbsp;", "\\u00a0", ",", "\n",
        "\u{2011}",
    ] {
        all.extend([1, 2, 3, 4].map(|size| groups(size, by)));
    }
    all
}

#[test]
fn a_known_value_is_masked_however_it_is_grouped() {
    for value in [
        "987654321012",
        "DE89370400440532013000",
        "GB33BUKB20201555555555",
        "021000021",
        "482913",
        "1234",
        "12-34-56",
        "00482913",
        "AB 12 cd",
    ] {
        let scrubber = Scrubber::new().with_values([value]);
        for written in grouped(value) {
            let text = format!("The field \"{written}\" is not valid; account{written}x");
            let plain = scrubber.scrub(&text);
            let left: String = letters_and_digits(&plain).into_iter().collect();
            let value: String = letters_and_digits(value).into_iter().collect();
            assert!(!left.contains(&value), "{text}: {plain}");
            assert!(
                plain.starts_with("The field \"") && plain.contains("is not valid"),
                "{plain}"
            );
        }
    }
}

#[test]
fn parts_and_short_values_are_masked_with_measure() {
    let scrubber = Scrubber::new().with_values(["000482913", "77", "1", "", "checking"]);
    for (text, plain) in [
        ("number 482913 is wrong", "number ****13 is wrong"),
        ("number 4829-13", "number ****13"),
        ("begins with 48291", "begins with ***91"),
        ("ending 2913", "ending 2913"),
        ("bank 77 of 1", "bank ** of 1"),
        ("bank 770 or a77", "bank 770 or a77"),
        ("a CHECKING account", "a ******NG account"),
    ] {
        assert_eq!(scrubber.scrub(text), plain);
    }
    assert_eq!(
        scrubber.scrub_values("7 digits: 1234567, 482913"),
        "7 digits: 1234567, ****13"
    );
}

#[test]
fn of_other_values_long_numbers_and_ibans_are_masked() {
    for (text, plain) in [
        (
            "accountNumber 1234567890 of row 4711",
            "accountNumber ********90 of row 4711",
        ),
        ("9876 5432 1012 is closed", "**********12 is closed"),
        (
            "DE89 3704 0044 0532 0130 00 is wrong",
            "************00 is wrong",
        ),
        ("gb33bukb20201555555555", "***"),
        ("sort code 12-34-56", "sort code 12-34-56"),
    ] {
        assert_eq!(Scrubber::new().scrub(text), plain);
    }
}

proptest! {
    /// No text makes it fail, and what is known is never left.
    #[test]
    fn nothing_that_is_known_is_left(
        before in "\\PC{0,30}",
        value in "[0-9A-Z]{4,24}",
        gaps in proptest::collection::vec("[ ./\u{a0}-]{0,2}", 24),
        behind in "\\PC{0,30}",
    ) {
        let mut written = String::new();
        for (c, gap) in value.chars().zip(&gaps) {
            written.push(c);
            written.push_str(gap);
        }
        let plain = Scrubber::new().with_values([&value]).scrub(&format!("{before}{written}{behind}"));
        let left: String = letters_and_digits(&plain).into_iter().collect();
        prop_assert!(!left.contains(&value.to_lowercase()), "{plain}");
    }

    /// A second time takes nothing more away.
    #[test]
    fn scrubbed_words_stay(text in "\\PC{0,80}") {
        let once = Scrubber::new().scrub(&text);
        prop_assert_eq!(Scrubber::new().scrub(&once), once);
    }
}
