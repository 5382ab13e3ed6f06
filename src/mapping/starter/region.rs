//! The region of telephone numbers without a country code: by trial, on the numbers themselves.

use phonenumber::country::Id as Region;
use phonenumber::metadata::DATABASE;

use super::super::lookup;
use super::super::phone::{self, Phone};
use super::judge::percent;

/// Numbers that are tried: with each row's own country, and with each region.
const MOST_TRIED: usize = 400;
const MOST_TRIED_BY_REGION: usize = 120;
/// Numbers that say something: of fewer, all may be valid by chance.
const LEAST: usize = 5;
/// The share of valid numbers from which on a region is theirs.
const NEARLY_ALL: f64 = 0.95;
/// How much better than any other it has to be.
const CLEARLY: f64 = 0.25;
/// The same for the rows' own countries, which are evidence of their own.
const MOST: f64 = 0.8;

/// Countries that are tried, those of one numbering plan once.
const CANDIDATES: [&str; 44] = [
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "CH", "AT", "PT", "IE", "LU", "DK", "SE", "NO",
    "FI", "PL", "CZ", "SK", "HU", "RO", "GR", "TR", "RU", "UA", "IL", "ZA", "AU", "NZ", "JP", "KR",
    "CN", "HK", "TW", "SG", "MY", "IN", "PH", "MX", "BR", "AR", "CL", "CO",
];

/// What a trial shows.
#[derive(Debug, PartialEq)]
pub(super) enum Trial {
    /// The value of `phone_region`, and why.
    Shown(String, String),
    /// Why nothing is proposed.
    Open(String),
    /// All numbers have their country code.
    NotNeeded,
}

/// Tries the numbers of rows, each with the country of its row; an empty text where there is none.
pub(super) fn try_numbers<'r>(
    rows: impl Iterator<Item = [&'r str; 2]>,
    has_country: bool,
) -> Trial {
    let national: Vec<(&str, &str)> = rows
        .filter_map(|[number, country]| Some((national(number)?, country)))
        .take(MOST_TRIED)
        .collect();
    if national.is_empty() {
        return Trial::NotNeeded;
    }
    let of_rows = has_country.then(|| by_own_country(&national));
    if let Some((valid, tried)) = of_rows
        && tried > 0
        && share(valid, tried) >= MOST
    {
        let why = format!(
            "{valid} of {tried} numbers without a country code are valid in their row's own country"
        );
        return Trial::Shown("address".to_owned(), why);
    }
    let numbers: Vec<&str> = national
        .iter()
        .map(|(number, _)| *number)
        .take(MOST_TRIED_BY_REGION)
        .collect();
    let mut shares: Vec<(f64, &str)> = CANDIDATES
        .iter()
        .map(|code| (by_region(&numbers, code), *code))
        .collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (best, second) = (shares[0], shares[1]);
    if numbers.len() >= LEAST && best.0 >= NEARLY_ALL && best.0 - second.0 >= CLEARLY {
        let why = format!(
            "{} % of {} numbers without a country code are valid there, and {} % in the next country",
            percent(best.0),
            numbers.len(),
            percent(second.0)
        );
        return Trial::Shown(best.1.to_owned(), why);
    }
    let own = match of_rows {
        Some((valid, tried)) => format!(
            "{valid} of {tried} numbers without a country code are valid in their row's own country; "
        ),
        None => String::new(),
    };
    let why = match numbers.len() {
        n if n < LEAST => "there are too few numbers to try regions".to_owned(),
        _ if best.0 >= NEARLY_ALL => {
            let may_be = shares
                .iter()
                .take_while(|(share, _)| *share > best.0 - CLEARLY);
            let codes: Vec<&str> = may_be.map(|(_, code)| *code).collect();
            format!("they may be of {}", codes.join(", "))
        }
        _ => "no region makes nearly all of them valid".to_owned(),
    };
    Trial::Open(format!("{own}{why}"))
}

#[expect(clippy::cast_precision_loss, reason = "a share of at most 400")]
fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

/// The number of a cell, where it is one without a country code.
fn national(text: &str) -> Option<&str> {
    let number = phone::cut(text).number.trim();
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let has_code = number.contains('+') || number.starts_with("00") || number.starts_with("(00");
    ((6..=15).contains(&digits) && !has_code).then_some(number)
}

/// How many are valid in their row's country, and how many have one.
fn by_own_country(numbers: &[(&str, &str)]) -> (usize, usize) {
    let (mut valid, mut tried) = (0, 0);
    for (number, country) in numbers {
        let Some(region) = lookup::country_code(country).and_then(phone::region) else {
            continue;
        };
        tried += 1;
        valid += usize::from(is_valid(number, region));
    }
    (valid, tried)
}

/// The share that is valid in a region, and written as there: where numbers begin with a trunk zero, they do.
fn by_region(numbers: &[&str], code: &str) -> f64 {
    let Some(region) = phone::region(code) else {
        return 0.0;
    };
    let has_zero = DATABASE
        .by_id(region.as_ref())
        .and_then(|m| m.national_prefix())
        == Some("0");
    let is_of = |number: &str| {
        let first = number.bytes().find(u8::is_ascii_digit);
        (!has_zero || first == Some(b'0')) && is_valid(number, region)
    };
    let mut valid = 0;
    for (at, number) in numbers.iter().enumerate() {
        // A region that most numbers are none of need not be tried to the end.
        if at >= 20 && valid * 2 < at {
            break;
        }
        valid += usize::from(is_of(number));
    }
    share(valid, numbers.len())
}

fn is_valid(number: &str, region: Region) -> bool {
    matches!(phone::read(number, Some(region)), Phone::International(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(numbers: &[&str], country: &str) -> Trial {
        try_numbers(numbers.iter().map(|n| [*n, country]), !country.is_empty())
    }

    fn region(trial: &Trial) -> Option<&str> {
        match trial {
            Trial::Shown(region, _) => Some(region),
            Trial::Open(_) | Trial::NotNeeded => None,
        }
    }

    #[test]
    fn the_numbers_show_their_region_or_nothing() {
        const AMERICAN: &[&str] = &[
            "619-555-0134",
            "(312) 555-0108",
            "6195550110",
            "1-800-555-0199",
            "212 555 0100",
            "415.555.0123",
        ];
        const FRENCH: &[&str] = &[
            "01 42 68 53 00",
            "04 91 13 89 00",
            "06 12 34 56 78",
            "01 44 55 66 77",
            "05 56 00 11 22",
            "03 88 10 20 30",
        ];
        const SPANISH: &[&str] = &[
            "912 345 678",
            "934 567 890",
            "612 345 678",
            "954 123 456",
            "963 123 456",
            "600 123 456",
        ];
        const AUSTRALIAN: &[&str] = &[
            "(02) 9374 4000",
            "0412 345 678",
            "(03) 9123 4567",
            "07 3123 4567",
            "1300 123 456",
            "08 8123 4567",
        ];
        for (numbers, country, expected) in [
            (AMERICAN, "", Some("US")),
            (AMERICAN, "United States", Some("address")),
            (AMERICAN, "France", Some("US")),
            (FRENCH, "FR", Some("address")),
            (AUSTRALIAN, "AU", Some("address")),
            (&["619-555-0134"], "", None),
            (
                &[
                    "12 34 56", "99 88 77", "11 22 33", "44 55 66", "77 88 99", "00 11 22",
                ],
                "",
                None,
            ),
        ] {
            let trial = shown(numbers, country);
            assert_eq!(region(&trial), expected, "{numbers:?} {country}: {trial:?}");
        }
        // Italy has numbers like the French ones, so that nothing is shown; whatever is shown is no other country's.
        assert_eq!(region(&shown(FRENCH, "")), None);
        for (numbers, own) in [(FRENCH, "FR"), (SPANISH, "ES"), (AUSTRALIAN, "AU")] {
            let trial = shown(numbers, "");
            assert!(region(&trial).is_none_or(|r| r == own), "{trial:?}");
        }
        assert_eq!(
            shown(&["+49 30 123456", "0049 30 123456"], ""),
            Trial::NotNeeded
        );
    }
}
