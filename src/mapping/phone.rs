//! Telephone numbers: E.164 where the region is known, as written with a warning where it is not.
//!
//! The rules of every country's numbers are libphonenumber's, by the `phonenumber` crate. North American
//! numbers, by far the most, take a short way: once its shape is right, whether one is valid depends on its
//! area code and exchange alone, so each pair is asked about once.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

use phonenumber::country::Id as Region;

use super::data::lines;

/// What became of a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Phone {
    /// `+16195550134`.
    International(String),
    /// No region is set and the number does not begin with a plus.
    RegionUnknown,
    /// It is no number of its region.
    Invalid,
}

/// The region of a two-letter country code.
pub(super) fn region(code: &str) -> Option<Region> {
    code.parse().ok()
}

/// Reads a number without its extension.
pub(super) fn read(text: &str, region: Option<Region>) -> Phone {
    if let Some(number) = north_american(text, region) {
        return number;
    }
    if region.is_none() && !text.trim_start().starts_with('+') {
        return Phone::RegionUnknown;
    }
    match phonenumber::parse(region, text) {
        Ok(number) if number.is_valid() => {
            Phone::International(number.format().mode(phonenumber::Mode::E164).to_string())
        }
        _ => Phone::Invalid,
    }
}

/// A number of ten digits, or of eleven that begin with 1: none where it is something else.
fn north_american(text: &str, region: Option<Region>) -> Option<Phone> {
    let mut digits = [0_u8; 11];
    let mut count = 0;
    let mut plus = false;
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'0'..=b'9' => {
                *digits.get_mut(count)? = b - b'0';
                count += 1;
            }
            b'+' if at == 0 => plus = true,
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' => {}
            _ => return None,
        }
    }
    let national = match (plus, count) {
        (true, 11) if digits[0] == 1 => &digits[1..],
        (false, 11) if digits[0] == 1 && is_north_american(region?) => &digits[1..],
        (false, 10) if is_north_american(region?) => &digits[..10],
        _ => return None,
    };
    // Area code and exchange begin with 2 to 9; what has another shape is left to the library.
    if national[0] < 2 || national[3] < 2 {
        return None;
    }
    let office = national[..6]
        .iter()
        .fold(0_usize, |n, d| n * 10 + usize::from(*d));
    if !is_mainland_office(office) {
        return None;
    }
    let mut number = String::with_capacity(12);
    number.push_str("+1");
    number.extend(national.iter().map(|d| char::from(b'0' + d)));
    Some(Phone::International(number))
}

/// Whether all exchanges of an area code from 200 on are valid, by area code. The library would say so too, but takes
/// longer to read its metadata than a hundred rows take in all.
static WHOLE_AREAS: LazyLock<[bool; 1000]> = LazyLock::new(|| {
    let mut whole = [false; 1000];
    let areas = lines(include_str!("data/whole_areas.txt")).flat_map(|line| line.split(' '));
    for area in areas.filter_map(|area| area.parse::<usize>().ok()) {
        whole[area] = true;
    }
    whole
});

fn is_north_american(region: Region) -> bool {
    matches!(region, Region::US | Region::CA)
}

/// Whether an area code and exchange are in use in the United States or Canada: asked of the library once.
fn is_mainland_office(office: usize) -> bool {
    const UNKNOWN: u8 = 0;
    const YES: u8 = 1;
    const NO: u8 = 2;
    static OFFICES: [AtomicU8; 1_000_000] = [const { AtomicU8::new(UNKNOWN) }; 1_000_000];
    if WHOLE_AREAS[office / 1000] {
        return true;
    }
    match OFFICES[office].load(Ordering::Relaxed) {
        YES => return true,
        NO => return false,
        _ => {}
    }
    let yes = phonenumber::parse(None, format!("+1{office}2345"))
        .is_ok_and(|n| n.is_valid() && n.country().id().is_some_and(is_north_american));
    OFFICES[office].store(if yes { YES } else { NO }, Ordering::Relaxed);
    yes
}

#[cfg(test)]
mod tests {
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
            ("001-999-999-9999", None, Phone::RegionUnknown),
        ] {
            assert_eq!(read(text, region_code.and_then(region)), expected, "{text}");
        }
    }

    /// Whether a pattern of the library takes numbers of this area code and exchange. Asking it to read whole numbers
    /// would take minutes; that both agree is what the test below sees.
    fn is_in_use(office: usize) -> bool {
        let number = format!("{office}2345");
        ["US", "CA"].iter().any(|region| {
            let metadata = phonenumber::metadata::DATABASE.by_id(*region).unwrap();
            let d = metadata.descriptors();
            let kinds = [
                d.fixed_line(),
                d.mobile(),
                d.toll_free(),
                d.premium_rate(),
                d.shared_cost(),
                d.personal_number(),
                d.voip(),
                d.pager(),
                d.uan(),
                d.voicemail(),
            ];
            d.general().is_match(&number)
                && kinds.into_iter().flatten().any(|k| k.is_match(&number))
        })
    }

    /// `data/whole_areas.txt` is what the library's metadata says. Of an area code that stands there, only one of ten
    /// exchanges is asked about, another one in each ten, unless the file is made anew.
    #[test]
    fn whole_areas_are_those_of_the_library() {
        const AREAS: std::ops::Range<usize> = 200..1000;
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/mapping/data/whole_areas.txt"
        );
        let file = std::fs::read_to_string(path).unwrap();
        let update = std::env::var_os("UPDATE_DATA").is_some();
        let is_whole = |area: &usize| {
            let is_asked = |exchange: &usize| (area + exchange + exchange / 10).is_multiple_of(10);
            let all = update || !WHOLE_AREAS[*area];
            (200..1000)
                .filter(|exchange| all || is_asked(exchange))
                .all(|exchange| is_in_use(area * 1000 + exchange))
        };
        let areas: Vec<String> = AREAS
            .filter(is_whole)
            .map(|area| area.to_string())
            .collect();
        let comment = file.lines().filter(|line| line.starts_with('#'));
        let current: String = comment
            .map(str::to_owned)
            .chain(areas.chunks(25).map(|line| line.join(" ")))
            .map(|line| line + "\n")
            .collect();
        if update {
            std::fs::write(path, &current).unwrap();
            return;
        }
        assert!(
            file == current,
            "data/whole_areas.txt is not current: run UPDATE_DATA=1 cargo test --lib whole_areas and commit it"
        );
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
}
