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
