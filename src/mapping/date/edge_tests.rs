//! The edges of the date policy that `docs/dates.md` need not show: last and first values of every part, instants,
//! what is remembered, and the words of refusals.

use jiff::civil::{Date, date};

use super::case::Setting;
use super::settle::settle_quietly;
use super::*;
use crate::diagnostic::Code;
use crate::source::{Cell, Epoch};

fn becomes(text: &str, hints: &Hints) -> String {
    match read_text(text, hints).and_then(|r| settle(&r, Verdict::Silent, hints)) {
        Ok(settled) => settled
            .warnings
            .iter()
            .fold(settled.date.to_string(), |all, (code, _)| {
                format!("{all} {code}")
            }),
        Err(refusal) => refusal.code.to_string(),
    }
}

#[test]
fn what_stands_at_an_edge_is_on_its_own_side() {
    let nothing = Hints::default();
    for (text, expected) in [
        // Zeros are a placeholder only together.
        ("00/04/2026", "date.invalid"),
        ("04/00/2026", "date.invalid"),
        ("04/00/0000", "date.invalid"),
        ("00/00/2026", "date.invalid"),
        ("00-04-0000", "date.invalid"),
        ("0/0/0000", "0001-01-01 date.sentinel"),
        ("00000000", "0001-01-01 date.sentinel"),
        // Only hyphens have the look of a year first.
        ("26/03/04", "2004-03-26 date.two_digit_year"),
        ("26.03.04", "2004-03-26 date.two_digit_year"),
        ("26-13-04", "date.invalid"),
        ("26-03-32", "2032-03-26 date.two_digit_year"),
        // The last second of a day, and what is past it.
        ("20260304000000", "2026-03-04"),
        ("20260304235959", "2026-03-04"),
        ("20260304240000", "date.invalid"),
        ("20260304236000", "date.invalid"),
        ("20260304235960", "date.invalid"),
        ("20260304240060", "date.invalid"),
        // Numbers that may be serials have at most eighteen digits.
        ("999999999999999999", "date.ambiguous"),
        ("1000000000000000000", "date.invalid"),
        ("46085.5x", "date.invalid"),
        ("46085.x", "date.invalid"),
        ("2026 Mar 04", "2026-03-04"),
        ("2026 Mar 004", "date.invalid"),
        ("4March2026", "2026-03-04"),
        ("4 (March) 2026", "date.invalid"),
        ("2026-03-04,10:00", "2026-03-04"),
        ("4 March 2026,", "2026-03-04"),
        ("2026-03-04T", "date.invalid"),
        ("2026-03-04 1727", "date.invalid"),
        ("2026-03-04 172705", "date.invalid"),
        ("2026-03-04 5", "date.invalid"),
        ("2026-03-04 13:00 PM", "date.invalid"),
        ("2026-03-04 13 PM", "date.invalid"),
        ("2026-03-04 24:00", "date.invalid"),
        ("2026-03-04 23:60", "date.invalid"),
        ("2026-03-04 24:60", "date.invalid"),
        ("2026-03-04 23:59:61", "date.invalid"),
    ] {
        assert_eq!(becomes(text, &nothing), expected, "{text}");
    }
    for (locale, text, expected) in [
        ("pt", "4 de março de 2026 às 17:27", "2026-03-04"),
        ("it", "4 marzo 2026 alle 17:27", "2026-03-04"),
        ("nl", "4 maart 2026 om 17:27", "2026-03-04"),
        ("nl", "4 maart 2026 alle 17:27", "date.invalid"),
        ("it", "1° maggio 2026", "2026-05-01"),
        ("it", "1°maggio 2026", "date.invalid"),
    ] {
        assert_eq!(
            becomes(text, &Setting::Locale(locale).hints()),
            expected,
            "{text}"
        );
    }
    for (format, text, expected) in [
        // A pattern without a year of its own letters says nothing about its length.
        ("%F %H:%M", "2026-03-04 17:27", "2026-03-04"),
        (
            "%d of %m, %y",
            "13 of 04, 26",
            "2026-04-13 date.two_digit_year",
        ),
    ] {
        assert_eq!(
            becomes(text, &Setting::Format(format).hints()),
            expected,
            "{text}"
        );
    }
}

/// The second of the day and the offset in minutes, as they are written.
#[test]
fn an_instant_is_the_time_and_zone_that_are_written() {
    let at = |h: i64, m: i64, s: i64| h * 3600 + m * 60 + s;
    for (time, expected) in [
        ("T17:27:05.253Z", (at(17, 27, 5), 0)),
        ("T1727Z", (at(17, 27, 0), 0)),
        ("T172705Z", (at(17, 27, 5), 0)),
        ("T172705+0100", (at(17, 27, 5), 60)),
        (" 17:27 GMT", (at(17, 27, 0), 0)),
        (" 17:27 UTC", (at(17, 27, 0), 0)),
        (" 23:59:60 UTC", (at(23, 59, 60), 0)),
        (" 5 PM EST", (at(17, 0, 0), -300)),
        (" 5:30 a.m. EDT", (at(5, 30, 0), -240)),
        (" 11:59 AM CST", (at(11, 59, 0), -360)),
        (" 12:05 PM CDT", (at(12, 5, 0), -300)),
        (" 12:05 AM MST", (at(0, 5, 0), -420)),
        (" 0:30 AM MDT", (at(0, 30, 0), -360)),
        (" 0:30 PM PST", (at(12, 30, 0), -480)),
        (" 11:59 PM PDT", (at(23, 59, 0), -420)),
        (" 17:27 CET", (at(17, 27, 0), 60)),
        (" 17:27 BST", (at(17, 27, 0), 60)),
        (" 17:27 CEST", (at(17, 27, 0), 120)),
        (" 17:27 +05:59", (at(17, 27, 0), 359)),
        (" 17:27 -0330", (at(17, 27, 0), -210)),
        (" 17:27 +5", (at(17, 27, 0), 300)),
        // An offset behind a name is what counts.
        (" 17:27 GMT+0200", (at(17, 27, 0), 120)),
    ] {
        let text = format!("2026-03-04{time}");
        let reading =
            read_text(&text, &Hints::default()).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        assert_eq!(reading.instant, Some(expected), "{text}");
    }
    let before_year = read_text("Wed Mar  4 10:15:00 CET 2026", &Hints::default()).unwrap();
    assert_eq!(before_year.instant, Some((at(10, 15, 0), 60)));
    for text in ["2026-03-04", "2026-03-04 17:27", "Mar 4 10:15:00 2026"] {
        assert_eq!(read_text(text, &Hints::default()).unwrap().instant, None);
    }
}

#[test]
fn cells_are_read_by_their_kind() {
    let day = date(2026, 3, 4);
    let words = |format: &'static str| Setting::Format(format).hints();
    let read = |cell, hints: &Hints| match read_cell(cell, hints) {
        Ok(Some(Reading {
            meaning: Meaning::Sure { date, .. },
            ..
        })) => Ok(Some(date)),
        Ok(None) => Ok(None),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal.code),
    };
    let nothing = Hints::default();
    for (cell, hints, expected) in [
        (Cell::Number(46085.5), &words("excel"), Ok(Some(day))),
        (
            Cell::Number(1_772_645_225.0),
            &words("epoch_s"),
            Ok(Some(day)),
        ),
        (
            Cell::Number(1_772_645_225_000.0),
            &words("epoch_ms"),
            Ok(Some(day)),
        ),
        (
            Cell::Number(20_260_304.0),
            &words("%d.%m.%Y"),
            Ok(Some(day)),
        ),
        (Cell::Number(46085.0), &nothing, Err(Code::DateAmbiguous)),
        (Cell::Serial(44623.0, Epoch::Y1904), &nothing, Ok(Some(day))),
        (Cell::Text(" \u{a0}"), &nothing, Ok(None)),
        (Cell::Empty, &nothing, Ok(None)),
        (Cell::Bool(true), &nothing, Err(Code::DateInvalid)),
        (Cell::NoValue, &nothing, Err(Code::CellNoCachedValue)),
    ] {
        assert_eq!(read(cell, hints), expected, "{cell:?}");
    }
}

/// Only zeros are no day of the calendar; the first day of the first year is one.
#[test]
fn zeros_are_told_from_the_first_day() {
    for (text, no_day) in [
        ("00000000", true),
        ("00000000000000", true),
        ("0000-00-00", true),
        ("00010101", false),
        ("0001-01-01", false),
    ] {
        let reading = read_text(text, &Hints::default()).unwrap();
        let settled = settle(&reading, Verdict::Silent, &Hints::default()).unwrap();
        assert_eq!((settled.sentinel, settled.no_day), (true, no_day), "{text}");
    }
}

#[test]
fn evidence_is_described_by_what_it_proves() {
    let of = |cells: &[Date], texts: &[&str]| {
        let mut evidence = Evidence::default();
        for day in cells {
            evidence.add_cell(Cell::Serial(0.0, Epoch::Y1900), &Reading::sure(*day), 2);
        }
        for (row, text) in (3..).zip(texts) {
            let reading = read_text(text, &Hints::default()).unwrap();
            evidence.add_cell(Cell::Text(text), &reading, row);
        }
        evidence
    };
    let twelfth = date(2026, 3, 12);
    for (cells, texts, verdict, words) in [
        (
            &[][..],
            &["03/04/2026", "2026-03-04"][..],
            Verdict::Silent,
            "not decided: 1 of 2 dates can be read as day/month or month/day",
        ),
        (
            &[],
            &["2026-03-04"],
            Verdict::Silent,
            "1 date, none ambiguous",
        ),
        (
            &[],
            &["04/13/2026"],
            Verdict::MonthFirst,
            "month/day/year: 1 of 1 date can only be read so (first: row 3), none the other way",
        ),
        // A day of 12 may be a month.
        (
            &[twelfth],
            &["13/04/2026", "04/13/2026"],
            Verdict::Mixed {
                order: None,
                whole: true,
            },
            "both orders occur: of 3 dates, 1 can only be day/month (first: row 3) and 1 only month/day (first: row 4); \
             beside these texts there is 1 date cell without a day over 12: a spreadsheet may have swapped day and month",
        ),
        (
            &[date(2026, 3, 13)],
            &["13/04/2026", "04/13/2026"],
            Verdict::Contradicts,
            "both orders occur: of 3 dates, 1 can only be day/month (first: row 3) and 1 only month/day (first: row 4)",
        ),
        (
            &[date(2026, 3, 13)],
            &["04/13/2026"],
            Verdict::MonthFirst,
            "month/day/year: 1 of 2 dates can only be read so (first: row 3), none the other way",
        ),
    ] {
        let evidence = of(cells, texts);
        assert_eq!(evidence.verdict(), verdict, "{cells:?} {texts:?}");
        assert_eq!(evidence.describe(), words);
    }
}

/// The short way of settling has nothing to say of a date that needs more than its column.
#[test]
fn only_a_plain_date_is_settled_quietly() {
    let (march, april) = (Some(date(2026, 3, 4)), Some(date(2026, 4, 3)));
    let late = Some(date(2026, 4, 13));
    for (text, verdict, expected) in [
        ("2026-03-04", Verdict::Silent, march),
        ("2026-03-04", Verdict::Contradicts, march),
        ("03/04/2026", Verdict::DayFirst, april),
        ("03/04/2026", Verdict::MonthFirst, march),
        ("03/04/2026", Verdict::Silent, None),
        ("13/04/2026", Verdict::Silent, late),
        ("13/04/2026", Verdict::DayFirst, late),
        ("13/04/2026", Verdict::Contradicts, None),
        ("Wed 4 Mar 2026", Verdict::Silent, None),
        ("2026-03-04T10:00Z", Verdict::Silent, None),
        ("4 Mar 26", Verdict::Silent, None),
        ("Wed 4 Mar 26", Verdict::Silent, None),
        ("00/00/0000", Verdict::Silent, None),
        ("1969-12-30", Verdict::Silent, Some(date(1969, 12, 30))),
        ("1969-12-31", Verdict::Silent, None),
        ("1970-01-01", Verdict::Silent, None),
        ("1970-01-02", Verdict::Silent, Some(date(1970, 1, 2))),
        ("1900-12-31", Verdict::Silent, None),
        ("1901-01-01", Verdict::Silent, Some(date(1901, 1, 1))),
        ("2100-12-31", Verdict::Silent, Some(date(2100, 12, 31))),
        ("2101-01-01", Verdict::Silent, None),
    ] {
        let reading = read_text(text, &Hints::default()).unwrap();
        assert_eq!(
            settle_quietly(&reading, verdict),
            expected,
            "{text} {verdict:?}"
        );
    }
}

/// What a mapping says about dates, and what is said of a word that is none.
#[test]
fn words_of_a_mapping_are_known_or_explained() {
    for order in [Order::DayFirst, Order::MonthFirst, Order::YearFirst] {
        assert_eq!(Order::from_word(order.word()), Some(order));
    }
    assert_eq!(Order::from_word("ydm"), None);
    for (word, expected) in [
        ("yyyy-mm-dd", "\"yyyy-mm-dd\" is not a date format: write"),
        ("%H:%M", "\"%H:%M\" does not give a date"),
        ("%!", "\"%!\" is not a strptime pattern"),
    ] {
        let said = Format::from_word(word).unwrap_err();
        assert!(said.starts_with(expected), "{said}");
    }
    let hints = Hints {
        formats: vec![Format::Excel],
        order: Some(Order::DayFirst),
        locale: Locale::from_word("pt_BR"),
        timezone: Some(jiff::tz::TimeZone::UTC),
    };
    let undecided = hints.undecided();
    assert_eq!(
        (undecided.formats.len(), undecided.order, undecided.locale),
        (0, None, Some(Locale::Portuguese))
    );
    assert_eq!(undecided.timezone, Some(jiff::tz::TimeZone::UTC));
}

#[test]
fn a_refusal_says_which_part_is_wrong() {
    let hints = Hints::default();
    for (text, words) in [
        ("March 32, 2026", "There is no such day as 2026-03-32."),
        ("32 March 2026", "There is no such day as 2026-03-32."),
        ("Monday 32, 2026", "It is not a date."),
        ("4 mars 2026", "\"mars\" is the name of a month in French."),
        (
            "1er mars 2026",
            "\"mars\" is the name of a month in French.",
        ),
        ("13/4-2026", "Its parts are separated by different signs."),
        (
            "13/4",
            "The date is incomplete: a part is missing, and nothing is filled in.",
        ),
        ("4 Brumaire 2026", "It is not a date."),
        ("4 March 002026", "A year has four digits, or two."),
    ] {
        assert_eq!(
            read_text(text, &hints).unwrap_err().message,
            words,
            "{text}"
        );
    }
}

/// What a date cell that was exchanged was, and how it was read, in the words of its report.
#[test]
fn an_exchanged_cell_says_which_way_round() {
    for (order, words) in [
        (
            Order::DayFirst,
            "The column was written day first, but a spreadsheet read it month first; 2026-04-03 is sent.",
        ),
        (
            Order::MonthFirst,
            "The column was written month first, but a spreadsheet read it day first; 2026-04-03 is sent.",
        ),
    ] {
        let hints = Setting::Order(order).hints();
        let verdict = Verdict::Mixed {
            order: Some(order),
            whole: true,
        };
        let cell = Reading::sure(date(2026, 3, 4));
        let (_, warning) = settle_date_cell(cell, verdict, &hints).unwrap();
        let said = warning.unwrap().1;
        assert!(said.ends_with(words), "{said}");
    }
}
