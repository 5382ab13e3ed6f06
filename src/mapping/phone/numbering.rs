//! Which digits are a number of which country, by libphonenumber's metadata.
//!
//! The `phonenumber` crate is asked about whole numbers only, and has to give back the digits that it was asked about: with a
//! region, it takes that region's trunk digit off numbers of other countries (rust-phonenumber issues 68, 76 and 81). What is
//! sent is the country's code and the digits that were written, without a trunk digit where the country has one.

use phonenumber::Mode;
use phonenumber::country::Id as Region;
use phonenumber::metadata::DATABASE;

/// Digits of a number with its country code at most. Source: ITU-T E.164, section 6.1.
const LONGEST: usize = 15;
/// The trunk digit that most countries have, which people leave in a number with its country code: `+49 (0) 30`.
const TRUNK: &str = "0";

/// A number in E.164, from digits that begin with a country code; none where they are no number of it.
pub(super) fn international(digits: &str) -> Option<String> {
    let (code, national) = split_country_code(digits)?;
    let national = if is_valid(code, national) {
        national
    } else {
        let without = national.strip_prefix(TRUNK)?;
        is_valid(code, without).then_some(without)?
    };
    e164(code, national)
}

/// What digits that are dialled within a region are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum National {
    /// The number in E.164.
    One(String),
    /// With the region's own country code in front, or a number of the region without its trunk digit: `49 30 123456`.
    Either,
    /// No number of the region.
    None,
}

/// Reads digits without a mark of a country code.
pub(super) fn national(digits: &str, region: Region) -> National {
    let Some(metadata) = DATABASE.by_id(region.as_ref()) else {
        return National::None;
    };
    let code = metadata.country_code();
    // As libphonenumber: without its trunk digits where that leaves a number. Belarus dials 8 and then 0.
    let behind_trunk = metadata
        .national_prefix()
        .and_then(|prefix| digits.strip_prefix(prefix));
    let without = [
        behind_trunk,
        behind_trunk.and_then(|d| d.strip_prefix(TRUNK)),
    ]
    .into_iter()
    .flatten()
    .find(|without| is_valid(code, without));
    let national = match without {
        Some(without) => without,
        None if !is_valid(code, digits) => return National::None,
        None => {
            let behind_code = digits.strip_prefix(&code.to_string());
            if behind_code.is_some_and(|behind| is_valid(code, behind)) {
                return National::Either;
            }
            digits
        }
    };
    e164(code, national).map_or(National::None, National::One)
}

/// The country code that digits begin with, and the rest: no code is the beginning of another.
fn split_country_code(digits: &str) -> Option<(u16, &str)> {
    (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let code: u16 = code.parse().ok()?;
        (!digits.starts_with('0') && DATABASE.by_code(&code).is_some()).then_some((code, national))
    })
}

/// Whether these very digits are a number of the country code, as libphonenumber writes it.
fn is_valid(code: u16, national: &str) -> bool {
    let number = format!("+{code}{national}");
    phonenumber::parse(None, &number)
        .is_ok_and(|read| read.is_valid() && read.format().mode(Mode::E164).to_string() == number)
}

fn e164(code: u16, national: &str) -> Option<String> {
    let number = format!("+{code}{national}");
    (number.len() <= LONGEST + 1).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_fifteen_digits_at_most() {
        assert_eq!(
            e164(49, "1234567890123").as_deref(),
            Some("+491234567890123")
        );
        assert_eq!(e164(49, "12345678901234"), None);
    }

    #[test]
    fn a_country_code_is_the_shortest_that_is_one() {
        for (digits, expected) in [
            ("16195550134", Some((1, "6195550134"))),
            ("4930123456", Some((49, "30123456"))),
            ("352123456", Some((352, "123456"))),
            ("999123456", None),
            ("0049301234", None),
            ("4", None),
            ("", None),
        ] {
            assert_eq!(split_country_code(digits), expected, "{digits}");
        }
        assert_eq!(international("49030123456").as_deref(), Some("+4930123456"));
        assert_eq!(international("490030123456"), None);
    }
}
