//! What looks like the number of an account in a text of which nothing is known: long runs of digits, also in groups, and
//! IBANs.

use std::ops::Range;

use super::text::Sign;

/// So many digits are taken for the number of an account or a bank.
const LONG: usize = 7;
/// Characters between two groups of one number, at most: ` - `.
const BETWEEN: usize = 3;

/// The bytes of each long number.
pub(super) fn long_numbers(text: &str, signs: &[Sign]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut digits: Vec<Range<usize>> = Vec::new();
    let mut end_number = |digits: &mut Vec<Range<usize>>| {
        if digits.len() >= LONG
            && let (Some(first), Some(last)) = (digits.first(), digits.last())
        {
            found.push(first.start..last.end);
        }
        digits.clear();
    };
    let known = known_shapes(text);
    for sign in signs {
        let in_shape = known.iter().any(|shape| shape.contains(&sign.at.start));
        if !sign.what.is_ascii_digit() || in_shape {
            end_number(&mut digits);
            continue;
        }
        let goes_on = digits
            .last()
            .is_none_or(|last| is_grouping(&text[last.end..sign.at.start]));
        if !goes_on {
            end_number(&mut digits);
        }
        digits.push(sign.at.clone());
    }
    end_number(&mut digits);
    found
}

/// Digits that may be the whole number of a short account, where nobody knows which values a text may quote: a year, a count
/// of a page and an HTTP status have fewer.
const SHORT: usize = 5;

/// The bytes of each number that may be that of a short account: unbroken, or in groups with hyphens, as sort codes are.
pub(super) fn short_numbers(text: &str, signs: &[Sign]) -> Vec<Range<usize>> {
    let known = known_shapes(text);
    let in_shape = |sign: &Sign| known.iter().any(|shape| shape.contains(&sign.at.start));
    let digits: Vec<&Sign> = (signs.iter())
        .filter(|sign| sign.what.is_ascii_digit() && !in_shape(sign))
        .collect();
    let goes_on = |a: &&Sign, b: &&Sign| matches!(&text[a.at.end..b.at.start], "" | "-");
    digits
        .chunk_by(goes_on)
        .filter(|number| number.len() >= SHORT)
        .filter_map(|number| Some(number.first()?.at.start..number.last()?.at.end))
        .collect()
}

/// Whether what stands between two digits only groups them.
fn is_grouping(between: &str) -> bool {
    let is_separator = |c: char| {
        c.is_whitespace()
            || matches!(c, '.' | '-' | '/' | '_' | '+' | '\u{2010}'..='\u{2015}' | '\u{2212}')
            // Of no width.
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
    };
    let is_encoded = |text: &str| {
        [
            "%20", "%2D", "%2d", "%C2%A0", "&nbsp;", "\\u00a0", "\\u00A0",
        ]
        .contains(&text)
    };
    is_encoded(between) || (between.chars().count() <= BETWEEN && between.chars().all(is_separator))
}

/// Dates, addresses of machines and UUIDs: numbers in groups that are nobody's account.
fn known_shapes(text: &str) -> Vec<Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/');
    let mut shapes = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let Some(begin) = text[at..]
            .find(|c: char| c.is_ascii_alphanumeric())
            .map(|n| at + n)
        else {
            break;
        };
        let end = text[begin..]
            .find(|c| !is_part(c))
            .map_or(text.len(), |n| begin + n);
        let run = text[begin..end].trim_end_matches(['.', '-', '/']);
        // A time may follow a date, and a path an address.
        let ends = [run.find('T'), run.find('/'), Some(run.len())];
        for length in ends.into_iter().flatten() {
            let shape = &run[..length];
            if is_date(shape) || is_ipv4(shape) || is_uuid(shape) {
                shapes.push(begin..begin + length);
                break;
            }
        }
        // The last part of a path may be an id.
        if let Some(slash) = run.rfind('/')
            && is_uuid(&run[slash + 1..])
        {
            shapes.push(begin + slash + 1..begin + run.len());
        }
        at = end;
    }
    shapes
}

fn is_ipv4(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// A day of this age, in figures.
fn is_date(text: &str) -> bool {
    let Some(separator) = text.chars().find(|c| !c.is_ascii_digit()) else {
        return false;
    };
    let parts: Vec<&str> = text.split(separator).collect();
    let of_length = |part: &str, length: usize| -> Option<u32> {
        (part.len() == length).then(|| part.parse().ok()).flatten()
    };
    let [first, second, third] = parts[..] else {
        return false;
    };
    let (year, short) = if first.len() == 4 {
        (
            of_length(first, 4),
            [of_length(second, 2), of_length(third, 2)],
        )
    } else {
        (
            of_length(third, 4),
            [of_length(first, 2), of_length(second, 2)],
        )
    };
    let [Some(a), Some(b)] = short else {
        return false;
    };
    year.is_some_and(|y| (1900..2100).contains(&y))
        && (1..=31).contains(&a.max(b))
        && (1..=12).contains(&a.min(b))
}

/// Whether a text is a UUID in its usual form.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Characters of an IBAN by its country. Source: SWIFT's IBAN Registry, release 99.
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("ad", 24),
    ("ae", 23),
    ("al", 28),
    ("at", 20),
    ("az", 28),
    ("ba", 20),
    ("be", 16),
    ("bg", 22),
    ("bh", 22),
    ("bi", 27),
    ("br", 29),
    ("by", 28),
    ("ch", 21),
    ("cr", 22),
    ("cy", 28),
    ("cz", 24),
    ("de", 22),
    ("dj", 27),
    ("dk", 18),
    ("do", 28),
    ("ee", 20),
    ("eg", 29),
    ("es", 24),
    ("fi", 18),
    ("fk", 18),
    ("fo", 18),
    ("fr", 27),
    ("gb", 22),
    ("ge", 22),
    ("gi", 23),
    ("gl", 18),
    ("gr", 27),
    ("gt", 28),
    ("hr", 21),
    ("hu", 28),
    ("ie", 22),
    ("il", 23),
    ("iq", 23),
    ("is", 26),
    ("it", 27),
    ("jo", 30),
    ("kw", 30),
    ("kz", 20),
    ("lb", 28),
    ("lc", 32),
    ("li", 21),
    ("lt", 20),
    ("lu", 20),
    ("lv", 21),
    ("ly", 25),
    ("mc", 27),
    ("md", 24),
    ("me", 22),
    ("mk", 19),
    ("mn", 20),
    ("mr", 27),
    ("mt", 31),
    ("mu", 30),
    ("ni", 28),
    ("nl", 18),
    ("no", 15),
    ("om", 23),
    ("pk", 24),
    ("pl", 28),
    ("ps", 29),
    ("pt", 25),
    ("qa", 29),
    ("ro", 24),
    ("rs", 22),
    ("ru", 33),
    ("sa", 24),
    ("sc", 31),
    ("sd", 18),
    ("se", 24),
    ("si", 19),
    ("sk", 24),
    ("sm", 27),
    ("so", 23),
    ("st", 25),
    ("sv", 28),
    ("tl", 23),
    ("tn", 24),
    ("tr", 26),
    ("ua", 29),
    ("va", 22),
    ("vg", 24),
    ("xk", 20),
    ("ye", 30),
];
/// Characters of an IBAN at least that are digits.
const IBAN_DIGITS: usize = 8;
/// Characters of an IBAN of any country: two letters, two digits, and 11 to 30 more. Source: ISO 13616.
const IBAN_LENGTH: std::ops::RangeInclusive<usize> = 15..=34;

/// The bytes of each IBAN, in groups or not, in capitals or not. Whether its check digits are right does not matter: the API
/// quotes those that are wrong above all.
pub(super) fn ibans(text: &str, signs: &[Sign]) -> Vec<Range<usize>> {
    let touches = |n: usize| n > 0 && signs[n - 1].at.end == signs[n].at.start;
    let mut found = Vec::new();
    let mut n = 0;
    while n + *IBAN_LENGTH.start() <= signs.len() {
        let begins = signs[n..n + 2].iter().all(|s| s.what.is_ascii_alphabetic())
            && signs[n + 2..n + 4].iter().all(|s| s.what.is_ascii_digit())
            && !touches(n);
        let length = begins.then(|| iban_length(text, &signs[n..])).flatten();
        match length {
            Some(length) => {
                found.push(signs[n].at.start..signs[n + length - 1].at.end);
                n += length;
            }
            None => n += 1,
        }
    }
    found
}

/// How many of these letters and digits are an IBAN, where they begin as one does.
fn iban_length(text: &str, signs: &[Sign]) -> Option<usize> {
    let country: String = signs[..2].iter().map(|s| s.what).collect();
    let known = IBAN_LENGTHS.iter().find(|(c, _)| *c == country);
    let unbroken = 1 + signs
        .windows(2)
        .take_while(|pair| pair[0].at.end == pair[1].at.start)
        .count();
    let length = match known {
        Some((_, length)) => signs
            .get(..*length)
            .filter(|all| {
                all.windows(2)
                    .all(|pair| is_grouping(&text[pair[0].at.end..pair[1].at.start]))
            })
            .map(|_| (*length).max(unbroken)),
        None => None,
    };
    let length = length.or_else(|| IBAN_LENGTH.contains(&unbroken).then_some(unbroken))?;
    let all = &signs[..length];
    let digits = all.iter().filter(|s| s.what.is_ascii_digit()).count();
    (all.iter().all(|s| s.what.is_ascii_alphanumeric()) && digits >= IBAN_DIGITS).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::super::text::{Reading, signs};
    use super::*;

    fn found(ranges: Vec<Range<usize>>, text: &str) -> Vec<String> {
        ranges.into_iter().map(|r| text[r].to_owned()).collect()
    }

    #[test]
    fn long_numbers_are_found_in_groups_too() {
        for (text, numbers) in [
            ("accountNumber 1234567890 of row 4711", vec!["1234567890"]),
            ("9876 5432 1012", vec!["9876 5432 1012"]),
            (
                "021-000-021 and 021.000.021",
                vec!["021-000-021", "021.000.021"],
            ),
            ("021 - 000 - 021", vec!["021 - 000 - 021"]),
            (
                "9876\u{a0}5432\u{202f}1012",
                vec!["9876\u{a0}5432\u{202f}1012"],
            ),
            ("12/345/67", vec!["12/345/67"]),
            ("9876%205432", vec!["9876%205432"]),
            (r"9876\u00a05432", vec![r"9876\u00a05432"]),
            ("98765\u{200b}43", vec!["98765\u{200b}43"]),
            ("482913", vec![]),
            ("row 4711, 10 of 200", vec![]),
            ("on 2026-11-26T06:52:15Z", vec![]),
            ("on 26.11.2026, 06/15/2026.", vec![]),
            ("at 10.20.130.240:8443", vec![]),
            ("http://192.168.100.200/x", vec![]),
            ("5f0c6a52-8f2e-4f0e-9a53-012345678901", vec![]),
            ("/partners/00000000-0000-0000-0000-000000000000", vec![]),
            ("2026-13-26-1", vec!["2026-13-26-1"]),
            ("1,234,567 rows", vec![]),
            ("nginx/1.18.0", vec![]),
        ] {
            assert_eq!(
                found(long_numbers(text, &signs(text, Reading::Decoded)), text),
                numbers,
                "{text}"
            );
        }
    }

    #[test]
    fn short_numbers_are_those_that_no_status_and_no_year_is() {
        for (text, numbers) in [
            ("account 482913 is closed", vec!["482913"]),
            ("account=48291", vec!["48291"]),
            ("sort code 12-34-56", vec!["12-34-56"]),
            ("K-10023", vec!["10023"]),
            ("HTTP/1.1 503 Service Unavailable", vec![]),
            ("row 4711 of 9999, 404, page 12 of 30", vec![]),
            ("limit must not be greater than 100", vec![]),
            ("on 2026-11-26T06:52:15Z", vec![]),
            ("at 10.20.130.240:8443", vec![]),
            ("5f0c6a52-8f2e-4f0e-9a53-012345678901", vec![]),
            ("1.2.3.4.5 and 12 34 56", vec![]),
        ] {
            assert_eq!(
                found(short_numbers(text, &signs(text, Reading::Decoded)), text),
                numbers,
                "{text}"
            );
        }
    }

    #[test]
    fn ibans_are_found_with_and_without_groups() {
        for (text, numbers) in [
            (
                "DE89 3704 0044 0532 0130 00 is no IBAN",
                vec!["DE89 3704 0044 0532 0130 00"],
            ),
            (
                "iban de89370400440532013000!",
                vec!["de89370400440532013000"],
            ),
            ("GB33BUKB20201555555555", vec!["GB33BUKB20201555555555"]),
            (
                "GB33-BUKB-2020-1555-5555-55",
                vec!["GB33-BUKB-2020-1555-5555-55"],
            ),
            (
                "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
                vec!["MT84 MALT 0110 0001 2345 MTLC AST0 01S"],
            ),
            ("NO93 8601 1117 947", vec!["NO93 8601 1117 947"]),
            // A digit too many, as in a mistyped one.
            ("DE893704004405320130001", vec!["DE893704004405320130001"]),
            ("ZZ12345678901234567", vec!["ZZ12345678901234567"]),
            ("in 12 of the 30 rows there is none", vec![]),
            ("no10 downing street and so on for ever", vec![]),
            ("DE89", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(
                found(ibans(text, &signs(text, Reading::Decoded)), text),
                numbers,
                "{text}"
            );
        }
    }

    #[test]
    fn the_lengths_are_sorted_and_within_the_standard() {
        assert!(IBAN_LENGTHS.is_sorted());
        assert!(
            IBAN_LENGTHS
                .iter()
                .all(|(c, n)| c.len() == 2 && IBAN_LENGTH.contains(n))
        );
    }
}
