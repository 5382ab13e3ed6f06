//! Digits that stand between the digits of a number's text and are none of the number's: `(24/7) 030 1234567`,
//! `030 1234567 (2)`, `030 1234567 9-17 Uhr` (pure).
//!
//! Where numbers have no fixed length, the plan cannot tell: one digit more is a valid number, too. So it is seen by the way
//! in which it is written.

/// Groups of digits in a number at most: nobody writes more.
const MOST_GROUPS: usize = 16;
/// Digits before an area code in brackets at most, without plus and zeros: a country code, and a trunk digit or the 9 of
/// Argentina.
const BEFORE_AREA: usize = 4;
/// Digits behind an area code in brackets at least.
const SUBSCRIBER: usize = 4;
/// Digits of a number that begins with its trunk zero at least, where a counter is looked for before it.
const WITH_TRUNK: usize = 9;
/// Digits of a group that is a number by itself, apart from its area code.
const WHOLE: usize = 8;
/// Hours of a day.
const HOURS: u8 = 24;
/// Words behind digits that are an hour, or a floor, in small letters.
const UNITS: &[&str] = &[
    "h", "hrs", "hours", "uhr", "std", "am", "pm", "heures", "ore", "uur", "ч", "stock", "og",
    "etage", "floor",
];

/// Digits that nothing stands between.
#[derive(Debug, Clone, Copy, Default)]
struct Group<'t> {
    /// What stands between it and the one before.
    before: &'t str,
    digits: &'t str,
    /// Where its digits begin in the number.
    at: usize,
}

impl Group<'_> {
    fn len(self) -> usize {
        self.digits.len()
    }

    /// Whether nothing but blanks stands before it.
    fn is_apart(self) -> bool {
        !self.before.is_empty() && self.before.chars().all(char::is_whitespace)
    }

    fn number(self) -> u8 {
        self.digits.parse().unwrap_or(u8::MAX)
    }
}

/// Whether a number, as it was cut out of its text, may hold digits that are none of it: what it would be without them, before
/// them and behind. They are a note only where one of these is a number, which its region tells: `(51) 3212` is none in Brazil,
/// so that `(51) 3212 10-20` has no hours behind it. `label` is what stands before it, and `behind` what stands behind it and is
/// no extension.
pub(super) fn without_notes<'t>(
    label: &str,
    number: &'t str,
    behind: &str,
) -> Option<[&'t str; 2]> {
    let mut groups = [Group::default(); MOST_GROUPS];
    let count = split(number, &mut groups)?;
    let groups = &groups[..count];
    let is_labelled = label.chars().any(char::is_alphabetic);
    if let Some(without) = odd_bracket(number) {
        return Some(without);
    }
    if begins_with_a_counter(number, groups, is_labelled) {
        return Some(["", &number[groups[1].at..]]);
    }
    note_at_the_end(number, groups, behind).map(|at| [&number[..at], ""])
}

/// The groups of a number, and how many; none where there are too many.
fn split<'t>(number: &'t str, groups: &mut [Group<'t>; MOST_GROUPS]) -> Option<usize> {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut rest = number;
    let mut count = 0;
    while let Some(begin) = rest.find(is_digit) {
        let (before, group) = rest.split_at(begin);
        let end = group.find(|c| !is_digit(c)).unwrap_or(group.len());
        *groups.get_mut(count)? = Group {
            before,
            digits: &group[..end],
            at: number.len() - group.len(),
        };
        count += 1;
        rest = &group[end..];
    }
    Some(count)
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Digits in brackets, or before a closing one, that are no area code, no trunk zero and no country code: what stands before
/// and behind them.
fn odd_bracket(number: &str) -> Option<[&str; 2]> {
    let mut open = None;
    for (at, c) in number.char_indices() {
        match c {
            '(' | '[' if open.is_some() => return Some([&number[..at], &number[at..]]),
            '(' | '[' => open = Some(at),
            ')' | ']' => {
                let behind = &number[at + 1..];
                let begin = open.take();
                let is_odd = match begin {
                    Some(begin) => is_odd_inside(&number[..begin], &number[begin + 1..at], behind),
                    // The opening one of an area code was forgotten, or stands before words: `(Max 030 1234567)`.
                    None => {
                        digits(behind) > 0
                            && !(number.starts_with(['0', '+'])
                                && without_prefix(&number[..at]) <= BEFORE_AREA + 2)
                    }
                };
                if is_odd {
                    return Some([&number[..begin.unwrap_or(0)], behind]);
                }
            }
            _ => {}
        }
    }
    // Unclosed: around the whole number, or words behind digits in it (`(24h)`).
    open.map(|at| [&number[..at], &number[at..]])
        .filter(|around| around.iter().all(|part| digits(part) > 0))
}

/// Digits behind a plus, 00 or 011, which go before a country code.
fn without_prefix(text: &str) -> usize {
    let all = digits(text);
    let bare = text.trim_start_matches(['(', '[']);
    ["011", "00"]
        .iter()
        .find(|prefix| bare.starts_with(**prefix))
        .map_or(all, |prefix| all - prefix.len())
}

fn is_odd_inside(before: &str, inside: &str, behind: &str) -> bool {
    let (lead, rest) = (digits(before), digits(behind));
    if inside.is_empty() || (lead == 0 && rest == 0) {
        return false;
    }
    if rest < SUBSCRIBER || without_prefix(before) > BEFORE_AREA {
        return true;
    }
    // Signs between digits in brackets are those of an hour, but for the ones behind a country code or a trunk zero.
    let is_code = inside.starts_with('+') || inside.starts_with("00");
    let is_trunk = inside
        .strip_prefix('0')
        .is_some_and(|i| !i.starts_with(|c: char| c.is_ascii_digit()));
    let is_blank = |c: char| c.is_ascii_digit() || c.is_whitespace();
    if !is_code && !is_trunk && !inside.chars().all(is_blank) {
        return true;
    }
    if inside.len() == 1 && inside != "0" && lead > 0 {
        return !before.starts_with('+');
    }
    // A counter before a number with its trunk zero.
    let next = behind.bytes().find(u8::is_ascii_digit);
    lead == 0 && !inside.starts_with(['0', '+']) && next == Some(b'0') && rest >= WITH_TRUNK
}

/// Whether the first digit counts numbers, or is of the words before: `2. 030 1234567`, `Raum 12 030 1234567`.
fn begins_with_a_counter(number: &str, groups: &[Group<'_>], is_labelled: bool) -> bool {
    let [first, second, ..] = groups else {
        return false;
    };
    if !first.before.is_empty() || first.digits.starts_with('0') || !second.digits.starts_with('0')
    {
        return false;
    }
    let is_short = match first.len() {
        // Belarus dials 8 before 0.
        1 => first.digits != "8" || !second.is_apart(),
        2 => is_labelled || !second.is_apart(),
        _ => false,
    };
    let has_blank = second.before.ends_with(char::is_whitespace);
    is_short && has_blank && digits(number) - first.len() >= WITH_TRUNK
}

/// Where the last digits begin, if they stand apart from a number and are an hour (`8.30`, `9-17`), or are of the words behind
/// (`3 Max`, `24h`, `2. Stock`).
fn note_at_the_end(number: &str, groups: &[Group<'_>], behind: &str) -> Option<usize> {
    // An hour is written with signs between its digits.
    let is_joined = |group: &Group<'_>| {
        let sign = group.before.trim();
        group.len() <= 2
            && sign.chars().count() == 1
            && sign.chars().all(|c| is_separator(c) && !"()[]".contains(c))
    };
    let joined = groups.iter().rev().take_while(|g| is_joined(g)).count();
    let at = groups.len().checked_sub(joined + 1)?;
    let (body, note) = groups.split_at(at);
    let prior = body.last()?;
    let is_lone = note.len() == 1;
    let first = note[0];
    if !first.is_apart() || first.len() > if is_lone { 4 } else { 2 } {
        // Words that are glued to a few digits, wherever these stand.
        let glued = note.last().filter(|last| last.len() <= 2);
        return glued
            .filter(|_| behind.starts_with(char::is_alphabetic))
            .map(|last| last.at);
    }
    if is_followed_by_a_unit(behind) {
        return Some(first.at);
    }
    let is_whole = is_whole(number, body);
    if !is_followed_by_words(behind, note) {
        let is_note = !is_lone && is_whole && prior.len() >= 4 && is_hour(note);
        return is_note.then_some(first.at);
    }
    if behind.starts_with(char::is_alphabetic) && first.len() <= 2 {
        return Some(first.at);
    }
    let is_note = match (is_lone, first.len()) {
        (true, 1) => first.digits != "0",
        (true, 3..) => is_whole && prior.len() >= 5,
        _ => is_whole && prior.len() >= 4,
    };
    is_note.then_some(first.at)
}

/// Whether groups are a number without what follows: an area code and more, or all of it in one.
fn is_whole(number: &str, body: &[Group<'_>]) -> bool {
    let is_international =
        number.trim_start_matches(['(', '[']).starts_with(['+']) || number.starts_with("00");
    let national = match body {
        [code, rest @ ..] if is_international && code.digits.len() < WHOLE => rest,
        body => body,
    };
    let mut parts = national.iter().filter(|group| group.digits != "0");
    parts.clone().count() >= 2 || parts.any(|group| group.len() >= WHOLE)
}

/// `8.30`, `9-17`, `8.30-17.30`. A last zero is the switchboard's.
fn is_hour(note: &[Group<'_>]) -> bool {
    let [first, second, ..] = note else {
        return false;
    };
    if first.number() > HOURS {
        return false;
    }
    match (note.len(), second.before.trim()) {
        (2, ".") => second.len() == 2 && second.number() < 60,
        (2, _) => second.digits != "0" && second.number() <= HOURS,
        _ => true,
    }
}

/// Whether words follow directly: behind blanks, or behind the dot of an ordinal number.
fn is_followed_by_words(behind: &str, note: &[Group<'_>]) -> bool {
    let is_short = note.len() == 1 && note[0].len() <= 2;
    let behind = match behind.strip_prefix('.') {
        Some(behind) if is_short => behind,
        _ => behind,
    };
    behind.trim_start().starts_with(char::is_alphabetic)
}

fn is_followed_by_a_unit(behind: &str) -> bool {
    let behind = behind.trim_start_matches(|c: char| c == '.' || c.is_whitespace());
    let end = behind
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(behind.len());
    let word = behind[..end].to_lowercase();
    UNITS.contains(&word.as_str())
}

/// What people write between digits.
pub(super) fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '-'
            | '.'
            | '('
            | ')'
            | '/'
            | '['
            | ']'
            | '·'
            | '\u{a0}'
            | '\u{2007}'
            | '\u{2009}'
            | '\u{202f}'
            | '\u{2010}'..='\u{2015}' | '\u{2212}'
    )
}
