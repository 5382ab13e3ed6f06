//! Telephone numbers: E.164 where the region is known, as written with a warning where it is not.
//!
//! The rules of every country's numbers are libphonenumber's, by the `phonenumber` crate. North American
//! numbers, by far the most, take a short way: once its shape is right, whether one is valid depends on its
//! area code and exchange alone, so each pair is asked about once.

use std::sync::atomic::{AtomicU8, Ordering};

use phonenumber::country::Id as Region;

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

/// Area codes of the United States and Canada all of whose exchanges from 200 on are valid, ascending. A test compares
/// them with the library, whose table takes longer to read than a hundred rows take in all.
#[rustfmt::skip]
const WHOLE_AREAS: [u16; 436] = [
    201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 220,
    223, 224, 225, 226, 227, 228, 229, 231, 234, 235, 236, 239, 240, 248, 249, 250, 251, 252, 253,
    254, 256, 257, 260, 262, 263, 267, 269, 270, 272, 276, 279, 281, 283, 289, 301, 302, 303, 304,
    305, 306, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 324, 325,
    326, 327, 329, 330, 331, 332, 334, 336, 337, 339, 341, 343, 346, 347, 350, 351, 352, 353, 354,
    360, 361, 363, 364, 365, 367, 368, 369, 380, 382, 385, 386, 401, 402, 403, 404, 405, 406, 407,
    408, 409, 410, 412, 413, 414, 415, 416, 417, 418, 419, 423, 424, 425, 428, 430, 431, 432, 434,
    435, 437, 438, 440, 442, 443, 445, 447, 448, 450, 458, 463, 464, 468, 469, 470, 474, 475, 478,
    479, 480, 484, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 512, 513, 514, 515, 516,
    517, 518, 519, 520, 521, 522, 525, 526, 527, 528, 529, 530, 531, 532, 533, 534, 539, 540, 541,
    544, 548, 551, 557, 559, 561, 562, 563, 564, 566, 567, 570, 571, 572, 573, 574, 575, 577, 579,
    580, 581, 582, 584, 585, 586, 587, 588, 600, 601, 602, 603, 604, 605, 606, 607, 608, 609, 610,
    612, 613, 614, 615, 616, 617, 618, 619, 620, 622, 623, 626, 628, 629, 630, 631, 633, 636, 639,
    640, 641, 645, 646, 647, 650, 651, 656, 657, 659, 660, 661, 662, 667, 669, 672, 678, 680, 681,
    682, 683, 686, 689, 701, 702, 703, 704, 705, 706, 707, 708, 709, 712, 713, 714, 715, 716, 717,
    718, 719, 720, 724, 725, 726, 727, 728, 730, 731, 732, 734, 737, 738, 740, 742, 743, 747, 748,
    753, 754, 757, 760, 762, 763, 765, 769, 770, 771, 772, 773, 774, 775, 778, 779, 780, 781, 782,
    785, 786, 800, 801, 802, 803, 804, 805, 806, 807, 808, 810, 812, 813, 814, 815, 816, 817, 818,
    819, 820, 821, 825, 826, 828, 830, 831, 832, 833, 835, 838, 839, 840, 843, 844, 845, 847, 848,
    850, 854, 855, 856, 857, 858, 859, 860, 862, 863, 864, 865, 866, 867, 870, 872, 873, 877, 878,
    879, 888, 900, 901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 912, 913, 914, 915, 916, 917,
    918, 919, 920, 925, 928, 929, 930, 931, 934, 936, 937, 938, 940, 941, 942, 943, 945, 947, 948,
    949, 951, 952, 954, 956, 959, 970, 971, 972, 973, 975, 978, 979, 980, 984, 985, 986, 989,
];

fn is_north_american(region: Region) -> bool {
    matches!(region, Region::US | Region::CA)
}

/// Whether an area code and exchange are in use in the United States or Canada: asked of the library once.
fn is_mainland_office(office: usize) -> bool {
    const UNKNOWN: u8 = 0;
    const YES: u8 = 1;
    const NO: u8 = 2;
    static OFFICES: [AtomicU8; 1_000_000] = [const { AtomicU8::new(UNKNOWN) }; 1_000_000];
    if WHOLE_AREAS
        .binary_search(&u16::try_from(office / 1000).unwrap_or(0))
        .is_ok()
    {
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
