//! Date cells of a column that a spreadsheet understood by half (point 12).
//!
//! Excel that opens `03/04/2026` and `13/04/2026` under American settings makes a date cell of the first, 4 March
//! where 3 April was meant, and leaves the second as text. The texts that are left prove the order in which the
//! column was written; whether the date cells were exchanged only a person knows, who says so by `date_order`.

use jiff::civil::Date;

use super::calendar::is_placeholder;
use super::evidence::Verdict;
use super::hints::{Hints, Order};
use super::reading::{Meaning, Reading, Refusal};
use crate::diagnostic::Code;

/// What is reported about a date cell that is sent.
type Warning = (Code, String);

/// A date cell of a column with this verdict: its date as it is, or with day and month exchanged back, and what there
/// is to report of it.
///
/// # Errors
/// `date.mixed` where the column is mixed and no `date_order` says what it was, or where that shows nothing.
pub fn settle_date_cell(
    reading: Reading,
    verdict: Verdict,
    hints: &Hints,
) -> Result<(Reading, Option<Warning>), Refusal> {
    let (Verdict::Mixed { order, whole }, Meaning::Sure { date, .. }) = (verdict, &reading.meaning)
    else {
        return Ok((reading, None));
    };
    let date = *date;
    // Equal parts are the same day in both orders.
    let Some(exchanged) = exchanged(date).filter(|e| *e != date && !is_placeholder(date)) else {
        return Ok((reading, None));
    };
    match hints.order {
        Some(said) if Some(said) == order && whole && hints.formats.is_empty() => {
            let (was, read) = match said {
                Order::DayFirst => ("day first", "month first"),
                _ => ("month first", "day first"),
            };
            let message = format!(
                "The date cell is {date}. The column was written {was}, but a spreadsheet read it {read}; {exchanged} is sent."
            );
            let meaning = Meaning::Sure {
                date: exchanged,
                proves: None,
            };
            let reading = Reading { meaning, ..reading };
            Ok((reading, Some((Code::DateExchanged, message))))
        }
        // The column was written as the spreadsheet read it: its date cells are right, and its texts are not.
        Some(said) if order.is_some_and(|proved| proved != said) => {
            let message = format!(
                "The date cell is sent as {date}, following date_order = \"{}\", but texts of the column are written the other way round.",
                said.word()
            );
            Ok((reading, Some((Code::DateContradicts, message))))
        }
        said => {
            let why = match said {
                None => "the column also has texts with days over 12",
                Some(_) => "the column has texts of both orders, so date_order does not settle it",
            };
            Err(Refusal::new(
                Code::DateMixed,
                format!(
                    "A spreadsheet may have swapped day and month: the date cell is {date} and may have been {exchanged}; {why}."
                ),
                None,
            ))
        }
    }
}

/// The date with its day as the month; none where the day is over 12.
fn exchanged(date: Date) -> Option<Date> {
    Date::new(date.year(), date.day(), date.month()).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::mapping::date::{Evidence, read_text, settle};
    use crate::source::{Cell, Epoch};

    /// What a date cell becomes under a verdict: its date and code, or the code of its refusal.
    fn of_date_cell(day: Date, verdict: Verdict, order: Option<Order>) -> String {
        let hints = Hints {
            order,
            ..Hints::default()
        };
        match settle_date_cell(Reading::sure(day), verdict, &hints) {
            Err(refusal) => refusal.code.to_string(),
            Ok((reading, warning)) => {
                let settled = settle(&reading, verdict, &hints).unwrap();
                let code = warning.map_or(String::new(), |(code, _)| format!(" {code}"));
                format!("{}{code}", settled.date)
            }
        }
    }

    /// A column that Excel understood by half (point 12): what its evidence is, and what becomes of its date cells.
    #[test]
    fn date_cells_beside_texts_with_late_days_are_refused_until_the_order_is_known() {
        let column = |cells: &[Date], texts: &[&str]| {
            let mut evidence = Evidence::default();
            let hints = Hints::default();
            for day in cells {
                evidence.add_cell(Cell::Serial(0.0, Epoch::Y1900), &Reading::sure(*day), 2);
            }
            for text in texts {
                let cell = Cell::Text(text);
                evidence.add_cell(cell, &read_text(text, &hints).unwrap(), 3);
            }
            evidence.verdict()
        };
        let mixed = |order, whole| Verdict::Mixed { order, whole };
        let (dmy, mdy) = (Order::DayFirst, Order::MonthFirst);
        let march = date(2026, 3, 4);
        for (cells, texts, verdict) in [
            (&[march][..], &["13/04/2026"][..], mixed(Some(dmy), true)),
            (&[march], &["04/13/2026"], mixed(Some(mdy), true)),
            (
                &[march],
                &["13/04/2026", "03/04/2026"],
                mixed(Some(dmy), false),
            ),
            (&[march], &["13/04/2026", "04/13/2026"], mixed(None, true)),
            // A date cell with a late day was not exchanged, and texts that prove nothing say nothing.
            (
                &[march, date(2026, 3, 20)],
                &["13/04/2026"],
                Verdict::DayFirst,
            ),
            (&[march], &["2026-04-13", "03/04/2026"], Verdict::Silent),
            // A placeholder is no date that somebody typed.
            (
                &[march, date(1899, 12, 30)],
                &["13/04/2026"],
                mixed(Some(dmy), true),
            ),
            (&[date(1899, 12, 30)], &["13/04/2026"], Verdict::DayFirst),
            (&[], &["13/04/2026"], Verdict::DayFirst),
        ] {
            assert_eq!(column(cells, texts), verdict, "{cells:?} {texts:?}");
        }
        let (whole, half) = (mixed(Some(dmy), true), mixed(Some(dmy), false));
        for (verdict, order, becomes) in [
            (whole, None, "date.mixed"),
            (whole, Some(dmy), "2026-04-03 date.exchanged"),
            (whole, Some(mdy), "2026-03-04 date.contradicts_column"),
            (
                mixed(Some(mdy), true),
                Some(mdy),
                "2026-04-03 date.exchanged",
            ),
            // Excel would have understood one of the texts as well: nothing shows that it exchanged the cells.
            (half, Some(dmy), "date.mixed"),
            (mixed(None, true), Some(dmy), "date.mixed"),
            (Verdict::DayFirst, Some(dmy), "2026-03-04"),
            (Verdict::Silent, None, "2026-03-04"),
        ] {
            assert_eq!(
                of_date_cell(march, verdict, order),
                becomes,
                "{verdict:?} {order:?}"
            );
        }
        // Equal parts are one day in both orders.
        assert_eq!(of_date_cell(date(2026, 5, 5), whole, None), "2026-05-05");
        // The texts keep their date by what they prove.
        let text = |text: &str, verdict| {
            let reading = read_text(text, &Hints::default()).unwrap();
            settle(&reading, verdict, &Hints::default()).map_or(None, |s| Some(s.date))
        };
        assert_eq!(text("13/04/2026", whole), Some(date(2026, 4, 13)));
        assert_eq!(text("03/04/2026", half), Some(date(2026, 4, 3)));
        assert_eq!(text("03/04/2026", mixed(None, true)), None);
    }
}
