//! North American numbers, by far the most: once the shape of one is right, whether it is valid depends on its area code and
//! exchange alone, so each pair is asked about once.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

use phonenumber::country::Id as Region;

use crate::mapping::data::lines;

/// Area codes of numbers that cost the caller nothing, which are written with letters. Source: NANPA, "Toll-Free".
const TOLL_FREE: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];
/// Letters of the seven places behind it at least: fewer are a word beside a number.
const LETTERS: usize = 3;

/// A number of which letters stand for digits, as on a telephone's keys: a toll-free area code and seven letters and digits
/// (`1-800-FLOWERS`). None where it has another shape.
pub(in crate::mapping) fn vanity(text: &str, region: Option<Region>) -> Option<String> {
    if !text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let international = text.strip_prefix('+');
    if international.is_none() && !region.is_some_and(is_north_american) {
        return None;
    }
    let mut written = String::new();
    for c in international.unwrap_or(text).chars() {
        match c {
            c if c.is_ascii_alphanumeric() => written.push(c.to_ascii_uppercase()),
            c if super::notes::is_separator(c) => {}
            _ => return None,
        }
    }
    let national = match (written.strip_prefix('1'), international) {
        (Some(national), _) => national,
        (None, Some(_)) => return None,
        (None, None) => &written,
    };
    let (area, name) = national.split_at_checked(3)?;
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
    if !TOLL_FREE.contains(&area) || name.len() != 7 || letters < LETTERS {
        return None;
    }
    let digits: String = name.chars().map(key).collect();
    Some(format!("+1{area}{digits}"))
}

/// The key of a telephone that has this letter. Source: ITU-T E.161.
fn key(c: char) -> char {
    match c {
        'A'..='C' => '2',
        'D'..='F' => '3',
        'G'..='I' => '4',
        'J'..='L' => '5',
        'M'..='O' => '6',
        'P'..='S' => '7',
        'T'..='V' => '8',
        'W'..='Z' => '9',
        digit => digit,
    }
}

/// A number with its country code, `+16195550134`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mapping) struct International([u8; 12]);

impl International {
    pub(in crate::mapping) fn as_str(&self) -> &str {
        // A plus and digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A number of digits and separators with nothing beside it, as nearly all are: what cutting and reading it gives. Behind a
/// slash another number may begin.
pub(in crate::mapping) fn usual(text: &str, region: Option<Region>) -> Option<International> {
    if text.contains('/') {
        return None;
    }
    let number = short_way(text, region)?;
    let (written, _) = super::written::without_open_end(text);
    let is_number = |text: &str| short_way(text, region).is_some();
    let has_notes = super::notes::without_notes("", written, "")
        .is_some_and(|rest| rest.into_iter().any(is_number));
    (!has_notes).then_some(number)
}

/// A number of ten digits, or of eleven that begin with 1: none where it is something else.
pub(super) fn short_way(text: &str, region: Option<Region>) -> Option<International> {
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
    let mut number = *b"+1..........";
    for (place, digit) in number[2..].iter_mut().zip(national) {
        *place = b'0' + digit;
    }
    Some(International(number))
}

/// Whether all exchanges of an area code from 200 on are valid, by area code. The library would say so too, but takes
/// longer to read its metadata than a hundred rows take in all.
static WHOLE_AREAS: LazyLock<[bool; 1000]> = LazyLock::new(|| {
    let mut whole = [false; 1000];
    let areas = lines(include_str!("../data/whole_areas.txt")).flat_map(|line| line.split(' '));
    for area in areas.filter_map(|area| area.parse::<usize>().ok()) {
        whole[area] = true;
    }
    whole
});

pub(super) fn is_north_american(region: Region) -> bool {
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
}
