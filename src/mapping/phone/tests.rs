use proptest::prelude::*;

use super::*;

#[test]
fn numbers_become_international_where_the_region_is_known() {
    let international = |t: &str| Phone::International(t.to_owned());
    for (text, region_code, expected) in [
        ("(619) 555-0134", Some("US"), international("+16195550134")),
        ("619.555.0134", Some("US"), international("+16195550134")),
        ("1-619-555-0134", Some("US"), international("+16195550134")),
        ("+1 619 555 0134", None, international("+16195550134")),
        ("6195550134", Some("CA"), international("+16195550134")),
        ("(800) 555-0134", Some("US"), international("+18005550134")),
        ("030 123456", Some("DE"), international("+4930123456")),
        ("+49 30 123456", Some("US"), international("+4930123456")),
        ("020 7946 0958", Some("GB"), international("+442079460958")),
        ("555-0134", Some("US"), Phone::Invalid),
        ("(999) 999-9999", Some("US"), Phone::Invalid),
        ("call me", Some("US"), Phone::Invalid),
        ("", Some("US"), Phone::Invalid),
        ("(619) 555-0134", None, Phone::RegionUnknown),
        ("001-999-999-9999", None, Phone::Invalid),
        ("001 619 555 0134", None, international("+16195550134")),
    ] {
        assert_eq!(read(text, region_code.and_then(region)), expected, "{text}");
    }
}

/// What looks like a note is one only where there is a number without it, too.
#[test]
fn digits_that_the_number_cannot_do_without_are_no_note() {
    for (text, of, expected) in [
        ("(8-495) 123-45-67", "RU", "+74951234567"),
        ("8 47222 1-10-20", "RU", "+74722211020"),
        ("(06-1) 212-3456", "HU", "+3612123456"),
        ("06 (1) 212-3456", "HU", "+3612123456"),
        ("(1-416) 555-0134", "CA", "+14165550134"),
        ("619) 555-0134", "US", "+16195550134"),
        ("619 555 0134 h", "US", "+16195550134"),
        ("06 12 34 56 78 h", "FR", "+33612345678"),
        ("0120(123)456", "JP", "+81120123456"),
        ("(51) 3212 10-20", "BR", "+555132121020"),
    ] {
        let written = cut(text);
        assert!(!has_notes(&written, region(of)), "{text}");
        let expected = Phone::International(expected.to_owned());
        assert_eq!(read(written.number, region(of)), expected, "{text}");
    }
    for (text, of) in [
        ("(24/7) 030 1234567", "DE"),
        ("030 1234567 (2)", "DE"),
        ("02 1234567 (2)", "IT"),
        ("01 42 68 53 00 9h", "FR"),
        ("+49 30 123456 (9-17)", "US"),
        ("Raum 12 030 1234567", "DE"),
    ] {
        assert!(has_notes(&cut(text), region(of)), "{text}");
    }
}

/// The short way gives what the library gives, for every area code.
#[test]
fn the_short_way_is_the_long_way() {
    for area in 200..1000 {
        for exchange in [200, 211, 345, 400, 555, 678, 700, 844, 911, 999] {
            let text = format!("({area}) {exchange}-0134");
            let long = match phonenumber::parse(Some(Region::US), &text) {
                Ok(n) if n.is_valid() => {
                    Phone::International(n.format().mode(phonenumber::Mode::E164).to_string())
                }
                _ => Phone::Invalid,
            };
            assert_eq!(read(&text, Some(Region::US)), long, "{text}");
        }
    }
}

/// Numbers of all regions that are valid by Google's own library, in its international and national spelling: none becomes
/// another one, and none is called invalid. The table is made by the Python package `phonenumbers` 9.0.33. One line of ten is
/// read, each with `ALL_PHONES=1`.
#[test]
fn numbers_of_all_regions_are_what_googles_library_says() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/phones.tsv");
    let text = std::fs::read_to_string(table).unwrap();
    let us = region("US");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 5000);
    let each = if std::env::var_os("ALL_PHONES").is_some() {
        1
    } else {
        10
    };
    for line in lines.into_iter().step_by(each) {
        let [code, e164, national] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let zeros = e164.replacen('+', "00", 1);
        // What has a country code is read so whatever the region is.
        for (text, region) in [(e164, us), (zeros.as_str(), us), (national, region(code))] {
            let written = cut(text);
            assert_eq!(written.beside, Beside::Nothing, "{line}");
            let number = read(written.number, region);
            assert_eq!(
                number,
                Phone::International(e164.to_owned()),
                "{line}: {text}"
            );
        }
    }
}

/// The digits that are sent are those that were written, but for the country code and a trunk digit.
#[test]
fn no_digit_is_added_changed_or_lost() {
    let mut random = fastrand::Rng::with_seed(1);
    let separators = ["", " ", "-", ".", " (", ") ", "/", "\u{a0}"];
    for _ in 0..2_000 {
        let code = ["US", "DE", "GB", "IT", "BR", "RU", "MX", "AR"][random.usize(..8)];
        let mut text =
            ["", "+", "00", "0", "+49", "+39", "+1", "+44 (0)"][random.usize(..8)].to_owned();
        for _ in 0..random.usize(5..14) {
            text.push(char::from(b'0' + random.u8(..10)));
            if random.u8(..4) == 0 {
                text.push_str(separators[random.usize(..separators.len())]);
            }
        }
        let written = cut(&text);
        let Phone::International(sent) = read(written.number, region(code)) else {
            continue;
        };
        let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
        let (written, sent) = (digits(written.number), digits(&sent));
        // What is sent ends with what was written behind a country code, 00 or trunk digits: at most the longest of them.
        let shared = written.bytes().rev().zip(sent.bytes().rev());
        let same = shared.take_while(|(a, b)| a == b).count();
        assert!(same + 3 >= sent.len(), "{text}: {sent}");
        assert!(same + 5 >= written.len(), "{text}: {sent}");
        assert!(same >= 4, "{text}: {sent}");
    }
}

#[test]
fn letters_are_digits_only_in_a_toll_free_number() {
    let us = region("US");
    for (text, region, expected) in [
        ("1-800-FLOWERS", us, Some("+18003569377")),
        ("(888) GO-FEDEX", us, Some("+18884633339")),
        ("1 (800) GoFedEx", us, Some("+18004633339")),
        ("+1 877 ASK-USPS", None, Some("+18772758777")),
        ("800-FLOWERS", None, None),
        ("619-FLOWERS", us, None),
        ("1-800-FLOWERSHOP", us, None),
        ("800 555 0134 Max", us, None),
    ] {
        assert_eq!(vanity(text, region).as_deref(), expected, "{text}");
    }
}

/// The short way takes what is North American beyond doubt, and leaves the rest to the library.
#[test]
fn the_short_way_takes_whole_north_american_numbers_alone() {
    let (us, ca, de) = (region("US"), region("CA"), region("DE"));
    for (text, region, expected) in [
        ("6195550134", us, Some("+16195550134")),
        ("(619) 555.01-34", ca, Some("+16195550134")),
        ("619/555/0134", us, Some("+16195550134")),
        ("16195550134", us, Some("+16195550134")),
        ("+1 619 555 0134", None, Some("+16195550134")),
        ("+16195550134", de, Some("+16195550134")),
        // The first area code and the first exchange that there can be.
        ("2015550134", us, Some("+12015550134")),
        ("6192000134", us, Some("+16192000134")),
        ("1195550134", us, None),
        ("6191550134", us, None),
        ("16195550134", None, None),
        ("6195550134", None, None),
        ("16195550134", de, None),
        ("6195550134", de, None),
        ("26195550134", us, None),
        ("+26195550134", us, None),
        ("619+5550134", us, None),
        ("1619+5550134", us, None),
        ("619555013", us, None),
        ("116195550134", us, None),
        ("6195550134x", us, None),
        // No area code; an area code of Jamaica, which the library knows.
        ("9996190134", us, None),
        ("8765550134", us, None),
    ] {
        // What is known of an exchange says the same the second time.
        for _ in 0..2 {
            let number = north_america::short_way(text, region);
            assert_eq!(
                number.as_ref().map(north_america::International::as_str),
                expected,
                "{text} {region:?}"
            );
        }
    }
}

/// A plus stands in front or nowhere, and nothing but separators stands between digits.
#[test]
fn what_is_no_number_is_not_made_one() {
    for (text, region_code, expected) in [
        ("()", None, Phone::Invalid),
        ("4930+123456", None, Phone::Invalid),
        ("030 12a3456", Some("DE"), Phone::Invalid),
        (
            "030 12\u{a0}3456",
            Some("DE"),
            Phone::International("+4930123456".to_owned()),
        ),
    ] {
        assert_eq!(read(text, region_code.and_then(region)), expected, "{text}");
    }
    let us = region("US");
    for (text, expected) in [
        ("1-800-FLOWERS!", None),
        ("800-3569ABC", Some("+18003569222")),
        ("800-35693AB", None),
        ("800-FLOWER", None),
    ] {
        assert_eq!(vanity(text, us).as_deref(), expected, "{text}");
    }
    assert_eq!(vanity("+2 800 FLOWERS", None), None);
}

#[test]
fn regions_are_named_by_their_codes_or_the_rows_address() {
    for (word, expected) in [
        ("address", Some(PhoneRegion::OfAddress)),
        ("US", region("US").map(PhoneRegion::Of)),
        ("DE", region("DE").map(PhoneRegion::Of)),
        ("Germany", None),
        ("", None),
    ] {
        assert_eq!(PhoneRegion::from_word(word), expected, "{word}");
    }
}
proptest! {
    /// The usual way gives what cutting and reading give, and leaves nothing beside the number.
    #[test]
    fn the_usual_way_is_the_long_way(text in "[+(]?[0-9 ().+/-]{8,16}|[+]?1?[ (]{0,2}[2-9][0-9]{2}[ )-]{0,2}[2-9][0-9]{2}[-. /]?[0-9]{4}[ ()/-]{0,3}") {
        for region in [None, region("US"), region("CA"), region("DE")] {
            // A text comes trimmed.
            let text = text.trim();
            if let Some(number) = usual(text, region) {
                let written = cut(text);
                prop_assert_eq!(written.extension, None);
                prop_assert_eq!(written.beside, Beside::Nothing);
                prop_assert_eq!(vanity(text, region), None);
                prop_assert_eq!(read(written.number, region), Phone::International(number.as_str().to_owned()));
            }
        }
    }
}
