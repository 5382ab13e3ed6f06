//! What a number format makes of a number: a date, a length of time, or a number still.
//!
//! The library that reads workbooks takes every format with a d, m, y, h or s in it for a date: also `Standard`, which a
//! localized program writes for General, and also one that a workbook gave to the number of a built-in date.

/// What a cell's number is by its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Number,
    /// A date, a time of day, or both.
    Date,
    /// A length of time: `[h]:mm`.
    Duration,
}

/// Whether a format's code has letters that no date has: `General`, `Standard`, `Estándar`.
pub(super) fn has_other_letters(code: &str) -> bool {
    let mut runs = Runs::of(code);
    runs.any(|run| matches!(run, Run::Other))
}

/// What a format's code says. Source: ECMA-376 part 1, 18.8.31; the first section counts, as it is for positive numbers.
pub(super) fn meaning(code: &str) -> Meaning {
    let mut found = Meaning::Number;
    for run in Runs::of(code) {
        match run {
            Run::Other => return Meaning::Number,
            Run::Elapsed => found = Meaning::Duration,
            Run::Date if found == Meaning::Number => found = Meaning::Date,
            Run::Date | Run::Beside => {}
        }
    }
    found
}

/// What a built-in format says. Source: ECMA-376 part 1, 18.8.30; 27 to 36 and 50 to 58 are dates of East Asian programs.
pub(super) fn built_in(id: u16) -> Meaning {
    match id {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Meaning::Date,
        46 => Meaning::Duration,
        _ => Meaning::Number,
    }
}

/// Letters in a row, of a format's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    /// Parts of a date or time.
    Date,
    /// `[h]`, `[mm]`, `[s]`.
    Elapsed,
    /// Letters that stand beside such parts, and in numbers: the E of an exponent, an era.
    Beside,
    /// Letters that no date has.
    Other,
}

/// The runs of letters outside quotes, escapes and brackets.
struct Runs<'c> {
    chars: std::iter::Peekable<std::str::Chars<'c>>,
}

impl<'c> Runs<'c> {
    fn of(code: &'c str) -> Self {
        Self {
            chars: code.chars().peekable(),
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        loop {
            match self.chars.next()? {
                ';' => return None,
                // The next character is shown, skipped or repeated.
                '\\' | '_' | '*' => {
                    self.chars.next();
                }
                '"' => while self.chars.next()? != '"' {},
                '[' => {
                    let mut inside = String::new();
                    loop {
                        match self.chars.next()? {
                            ']' => break,
                            c => inside.push(c.to_ascii_lowercase()),
                        }
                    }
                    let all = |letter| !inside.is_empty() && inside.chars().all(|c| c == letter);
                    if all('h') || all('m') || all('s') {
                        return Some(Run::Elapsed);
                    }
                }
                c if c.is_ascii_alphabetic() => {
                    let mut run = String::from(c.to_ascii_lowercase());
                    while let Some(c) = self.chars.next_if(char::is_ascii_alphabetic) {
                        run.push(c.to_ascii_lowercase());
                    }
                    return Some(kind(&run));
                }
                _ => {}
            }
        }
    }
}

fn kind(run: &str) -> Run {
    let is_of = |letters: &str| run.chars().all(|c| letters.contains(c));
    let repeats = |letters: &str| letters.chars().any(|l| run.chars().all(|c| c == l));
    if is_of("aegbrp") {
        // `E`, an era, one letter of `A/P`; `AAAA` is a year or a day's name.
        if run.len() > 1 && repeats("a") {
            return Run::Date;
        }
        return Run::Beside;
    }
    // A day and a year as a German or Dutch program calls them stand alone: `TT.MM.JJJJ`.
    if is_of("dmyhsaegbrp") || repeats("tj") {
        return Run::Date;
    }
    Run::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_say_what_they_are() {
        for (code, expected) in [
            ("General", Meaning::Number),
            ("Standard", Meaning::Number),
            ("Standaard", Meaning::Number),
            ("Est\u{e1}ndar", Meaning::Number),
            ("Og\u{f3}lny", Meaning::Number),
            ("V\u{161}eobecn\u{fd}", Meaning::Number),
            ("Yleinen", Meaning::Number),
            ("0", Meaning::Number),
            ("000000000000", Meaning::Number),
            ("0.00E+00", Meaning::Number),
            ("##0.0E+0", Meaning::Number),
            ("#,##0.00 \"USD\"", Meaning::Number),
            ("#,##0\\ [$\u{20bd}-46D]", Meaning::Number),
            ("[Red]0;[Blue]-0", Meaning::Number),
            ("0;d", Meaning::Number),
            ("\\Y000000", Meaning::Number),
            ("_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)", Meaning::Number),
            ("@", Meaning::Number),
            ("", Meaning::Number),
            ("\"unclosed", Meaning::Number),
            ("[unclosed", Meaning::Number),
            ("yyyy-mm-dd", Meaning::Date),
            ("mm-dd-yy", Meaning::Date),
            ("DD/MM/YY", Meaning::Date),
            ("d-mmm", Meaning::Date),
            ("[$-409]d\\ mmmm\\,\\ yyyy;@", Meaning::Date),
            (
                "[$-404]e\"\u{5e74}\"m\"\u{6708}\"d\"\u{65e5}\"",
                Meaning::Date,
            ),
            ("yyyy\u{5e74}m\u{6708}d\u{65e5}", Meaning::Date),
            ("h:mm AM/PM", Meaning::Date),
            ("h:mm A/P", Meaning::Date),
            ("mm:ss.0", Meaning::Date),
            ("TT.MM.JJJJ", Meaning::Date),
            ("jj/mm/aaaa", Meaning::Date),
            ("dddd, mmmm dd, yyyy", Meaning::Date),
            ("yyyymmdd", Meaning::Date),
            ("d\" de \"mmmm\" de \"yyyy", Meaning::Date),
            ("[h]:mm:ss", Meaning::Duration),
            ("[Blue]\\+[h]:mm", Meaning::Duration),
            ("[mm]:ss", Meaning::Duration),
            ("[s].000", Meaning::Duration),
        ] {
            assert_eq!(meaning(code), expected, "{code}");
        }
        assert!(has_other_letters("Standard") && has_other_letters("General"));
        assert!(!has_other_letters("yyyy-mm-dd") && !has_other_letters("0.00E+00 \"USD\""));
    }
}
