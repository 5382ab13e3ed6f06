use jiff::civil::date;
use proptest::prelude::*;

use super::*;

/// What a text becomes: a date with the codes of its warnings, or a code.
fn outcome(text: &str, verdict: Verdict, hints: &Hints) -> String {
    match read_text(text, hints).and_then(|r| settle(&r, verdict, hints)) {
        Ok(settled) => {
            let mut words = settled.date.to_string();
            for (code, _) in &settled.warnings {
                words.push(' ');
                words.push_str(code.as_str().trim_start_matches("date."));
            }
            words
        }
        Err(refusal) => refusal.code.as_str().to_owned(),
    }
}

#[test]
fn texts_become_dates_by_the_policy() {
    let silent = [
        // ISO and its relatives
        ("2026-03-04", "2026-03-04"),
        ("2026-3-4", "2026-03-04"),
        ("2026/03/04", "2026-03-04"),
        ("2026.03.04", "2026-03-04"),
        ("2026-03-04T17:27:05.253Z", "2026-03-04"),
        ("2022-06-23T21:00:14.000+0000", "2022-06-23"),
        ("2026-03-04T23:30:00-08:00", "2026-03-04"),
        ("2026-03-04 09:30", "2026-03-04"),
        ("2026-03-04T09:30[America/Los_Angeles]", "2026-03-04"),
        ("20260304", "2026-03-04"),
        ("20260304172705", "2026-03-04"),
        ("20260304T172705Z", "2026-03-04"),
        // month names
        ("4 March 2026", "2026-03-04"),
        ("4-Mar-2026", "2026-03-04"),
        ("4-Mar-26", "2026-03-04 two_digit_year"),
        ("March 4th, 2026", "2026-03-04"),
        ("Mar 04 2026", "2026-03-04"),
        ("2026 Mar 4", "2026-03-04"),
        ("4th of March 2026", "2026-03-04"),
        ("09 Sep, 2020 04:32:27", "2020-09-09"),
        ("Wed, 04 Mar 2026 17:27:05 +0000", "2026-03-04"),
        ("Wednesday, March 4, 2026", "2026-03-04"),
        ("Thu, 04 Mar 2026 17:27:05 +0000", "date.invalid"),
        (
            "Wed Mar 04 2026 10:00:00 GMT+0000 (Coordinated Universal Time)",
            "2026-03-04",
        ),
        // day and month
        ("03/04/2026", "date.ambiguous"),
        ("3/4/2026 12:00:00 AM", "date.ambiguous"),
        ("13/04/2026", "2026-04-13"),
        ("04/13/2026", "2026-04-13"),
        ("4/13/2026 5:30 PM", "2026-04-13"),
        ("04/04/2026", "2026-04-04"),
        ("04.03.2026", "2026-03-04"),
        ("4. 3. 2026", "2026-03-04"),
        ("03.13.2026", "2026-03-13"),
        ("13/13/2026", "date.invalid"),
        ("31/04/2026", "date.invalid"),
        ("31-04-2026", "date.invalid"),
        ("02/29/2026", "date.invalid"),
        // two digits
        ("02/23/26", "2026-02-23 two_digit_year"),
        ("13/04/68", "2068-04-13 two_digit_year"),
        ("13/04/69", "1969-04-13 two_digit_year"),
        ("26-03-04", "date.ambiguous"),
        ("03/04/26", "date.ambiguous"),
        // numbers
        ("46085", "date.ambiguous"),
        ("1772645225", "date.ambiguous"),
        ("1772645225000", "date.ambiguous"),
        ("20261304", "date.invalid"),
        ("2026", "date.invalid"),
        ("03042026", "date.invalid"),
        // sentinels and far years
        ("0001-01-01", "0001-01-01 sentinel"),
        ("1900-01-01", "1900-01-01 sentinel"),
        ("1970-01-01T00:00:00Z", "1970-01-01 sentinel"),
        ("9999-12-31", "9999-12-31 sentinel"),
        ("0000-00-00", "0001-01-01 sentinel"),
        ("00/00/0000", "0001-01-01 sentinel"),
        ("1850-06-01", "1850-06-01 out_of_range"),
        // what is no date
        ("N/A", "date.invalid"),
        ("today", "date.invalid"),
        ("March 2026", "date.invalid"),
        ("03/2026", "date.invalid"),
        ("2026-03-04 to 2026-04-01", "date.invalid"),
        ("2026-03-04 2026-04-01", "date.invalid"),
        ("2026-03-04 approx", "date.invalid"),
        ("2026-03-04 25:00", "date.invalid"),
        ("2026-03-04x", "date.invalid"),
        ("4/3", "date.invalid"),
        ("1/2/3", "date.invalid"),
        ("2026-W10-3", "date.invalid"),
        // what stands around
        ("\u{feff} '2026-03-04\u{a0}", "2026-03-04"),
        ("\"2026-03-04\"", "2026-03-04"),
        ("\u{200e}2026-03-04\u{200e}", "2026-03-04"),
    ];
    for (text, expected) in silent {
        assert_eq!(
            outcome(text, Verdict::Silent, &Hints::default()),
            expected,
            "{text}"
        );
    }
}

#[test]
fn the_column_decides_and_nothing_else() {
    for (text, verdict, expected) in [
        ("03/04/2026", Verdict::DayFirst, "2026-04-03"),
        ("03/04/2026", Verdict::MonthFirst, "2026-03-04"),
        ("03/04/2026", Verdict::Contradicts, "date.ambiguous"),
        (
            "13/04/2026",
            Verdict::Contradicts,
            "2026-04-13 contradicts_column",
        ),
        ("04.03.2026", Verdict::MonthFirst, "2026-04-03"),
        ("04.03.2026", Verdict::Contradicts, "date.ambiguous"),
        ("26-03-04", Verdict::DayFirst, "2004-03-26 two_digit_year"),
        ("26-03-04", Verdict::MonthFirst, "date.ambiguous"),
    ] {
        assert_eq!(
            outcome(text, verdict, &Hints::default()),
            expected,
            "{text} {verdict:?}"
        );
    }
}

#[test]
fn hints_are_obeyed_and_never_swapped() {
    let order = |order| Hints {
        order: Some(order),
        ..Hints::default()
    };
    let format = |text: &str| Hints {
        formats: vec![Format::from_word(text).unwrap()],
        ..Hints::default()
    };
    for (text, hints, expected) in [
        ("03/04/2026", order(Order::DayFirst), "2026-04-03"),
        ("03/04/2026", order(Order::MonthFirst), "2026-03-04"),
        ("13/04/2026", order(Order::MonthFirst), "date.invalid"),
        ("04.13.2026", order(Order::DayFirst), "date.invalid"),
        (
            "26-03-04",
            order(Order::YearFirst),
            "2026-03-04 two_digit_year",
        ),
        ("03/04/2026", order(Order::YearFirst), "date.invalid"),
        ("2026-03-04", order(Order::DayFirst), "2026-03-04"),
        ("04 Mar 2026", format("%d %b %Y"), "2026-03-04"),
        ("04 March 2026", format("%d %b %Y"), "2026-03-04"),
        ("03042026", format("%m%d%Y"), "2026-03-04"),
        ("03/04/2026", format("%m/%d/%Y"), "2026-03-04"),
        ("13/04/2026", format("%m/%d/%Y"), "date.invalid"),
        ("03/04/26", format("%m/%d/%Y"), "date.invalid"),
        ("03/04/26", format("%m/%d/%y"), "2026-03-04 two_digit_year"),
        ("2026-03-04", format("%m/%d/%Y"), "2026-03-04"),
        ("46085", format("excel"), "2026-03-04"),
        ("1772645225", format("epoch_s"), "2026-03-04"),
        ("1772645225000", format("epoch_ms"), "2026-03-04"),
    ] {
        assert_eq!(
            outcome(text, Verdict::Silent, &hints),
            expected,
            "{text} {hints:?}"
        );
    }
}

#[test]
fn a_time_zone_converts_only_what_has_an_offset() {
    let hints = Hints {
        timezone: Some(jiff::tz::TimeZone::get("America/Los_Angeles").unwrap()),
        ..Hints::default()
    };
    for (text, expected) in [
        ("2026-03-04T02:00:00Z", "2026-03-03"),
        ("2026-03-04T02:00:00", "2026-03-04"),
        ("2026-03-04", "2026-03-04"),
        ("2026-03-04T23:00:00-08:00", "2026-03-04"),
    ] {
        assert_eq!(outcome(text, Verdict::Silent, &hints), expected, "{text}");
    }
}

#[test]
fn serials_follow_their_epoch() {
    for (days, epoch, expected) in [
        (1.0, Epoch::Y1900, Some(date(1900, 1, 1))),
        (59.0, Epoch::Y1900, Some(date(1900, 2, 28))),
        (60.0, Epoch::Y1900, None),
        (61.0, Epoch::Y1900, Some(date(1900, 3, 1))),
        (46085.0, Epoch::Y1900, Some(date(2026, 3, 4))),
        (46_085.999_999_999, Epoch::Y1900, Some(date(2026, 3, 5))),
        (46085.99, Epoch::Y1900, Some(date(2026, 3, 4))),
        (2_958_465.0, Epoch::Y1900, Some(date(9999, 12, 31))),
        (2_958_466.0, Epoch::Y1900, None),
        (0.0, Epoch::Y1900, None),
        (0.5, Epoch::Y1900, None),
        (-1.0, Epoch::Y1900, None),
        (f64::NAN, Epoch::Y1900, None),
        (0.0, Epoch::Y1904, Some(date(1904, 1, 1))),
        (44623.0, Epoch::Y1904, Some(date(2026, 3, 4))),
    ] {
        assert_eq!(read_serial(days, epoch).ok(), expected, "{days} {epoch:?}");
    }
}

#[test]
fn evidence_counts_and_names_its_first_proof() {
    let mut evidence = Evidence::default();
    for (row, text) in [
        (2, "03/04/2026"),
        (3, "2026-03-04"),
        (4, "13/04/2026"),
        (5, "14/04/2026"),
        (6, "5/5/2026"),
    ] {
        evidence.add(&read_text(text, &Hints::default()).unwrap(), row);
    }
    assert_eq!(evidence.verdict(), Verdict::DayFirst);
    assert_eq!(
        evidence.describe(),
        "day first: 5 values; 2 only fit day first; none only month first; 1 fit both; first proof: row 4"
    );
}

fn any_date() -> impl Strategy<Value = Date> {
    (0_i32..73_413).prop_map(|n| {
        date(1900, 1, 2)
            .checked_add(jiff::Span::new().days(n))
            .unwrap()
    })
}

proptest! {
    #[test]
    fn every_unambiguous_format_keeps_every_date(d in any_date()) {
        for pattern in [
            "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d %B %Y", "%d-%b-%Y", "%B %d, %Y", "%b %d %Y", "%A, %B %d, %Y",
            "%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S +0000", "%d.%m.%Y",
        ] {
            let text = d.at(1, 2, 3, 0).to_zoned_datetime(jiff::tz::TimeZone::UTC).unwrap().strftime(pattern).to_string();
            let settled = read_text(&text, &Hints::default())
                .and_then(|r| settle(&r, Verdict::Silent, &Hints::default()))
                .unwrap();
            prop_assert_eq!(settled.date, d, "{}", text);
        }
    }

    #[test]
    fn a_numeric_date_is_never_read_the_wrong_way(d in any_date(), day_first: bool) {
        let text = d.strftime(if day_first { "%d/%m/%Y" } else { "%m/%d/%Y" }).to_string();
        let verdict = if day_first { Verdict::DayFirst } else { Verdict::MonthFirst };
        let reading = read_text(&text, &Hints::default()).unwrap();
        prop_assert_eq!(settle(&reading, verdict, &Hints::default()).unwrap().date, d);
        if let Ok(alone) = settle(&reading, Verdict::Silent, &Hints::default()) {
            prop_assert_eq!(alone.date, d);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = read_text(&text, &Hints::default()).map(|r| settle(&r, Verdict::DayFirst, &Hints::default()));
    }

    #[test]
    fn date_like_texts_are_read_or_refused(text in "[0-9/.,: TZaApPmM+-]{0,24}") {
        if let Ok(settled) = read_text(&text, &Hints::default())
            .and_then(|r| settle(&r, Verdict::MonthFirst, &Hints::default()))
        {
            let out = settled.date.to_string();
            prop_assert!(out.len() == 10, "{}", out);
        }
    }
}
