//! Whether an export is still what it was: columns, words of fixed lists, how full the fields are (pure).

use super::contents::{Contents, FieldShare};
use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location};

/// In what `now` differs from the last good run. A field's share counts where it fell by more than `most`.
#[must_use]
pub fn drift(last: &Contents, now: &Contents, most: Option<f64>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if !last.columns.is_empty() {
        for (index, name) in now.columns.iter().enumerate() {
            if !last.columns.contains(name) {
                let at = column(Some(index), name, None);
                found.push(Diagnostic::new(
                    Code::ColumnNew,
                    at,
                    format!("The column \"{name}\" is new."),
                ));
            }
        }
        for name in last.columns.iter().filter(|n| !now.columns.contains(n)) {
            found.push(Diagnostic::new(
                Code::ColumnGone,
                Location::default(),
                format!("The column \"{name}\" is missing."),
            ));
        }
    }
    for words in &now.words {
        let Some(before) = last.words.iter().find(|w| w.field == words.field) else {
            continue;
        };
        for word in &words.seen {
            if before.seen.iter().any(|w| w.hash == word.hash) {
                continue;
            }
            let index = now.columns.iter().position(|c| *c == words.column);
            let at = column(index, &words.column, Some(&words.field));
            let diagnostic = Diagnostic::new(
                Code::WordNew,
                at,
                "The value did not occur at the last good run.",
            );
            found.push(diagnostic.with_value(word.text.as_deref().unwrap_or("(not shown)"), false));
        }
    }
    for field in &now.fields {
        let before = last.fields.iter().find(|f| f.field == field.field);
        let orders = (before.and_then(date_order), date_order(field));
        if let (Some(was), Some(is)) = orders
            && was != is
        {
            let name = field.column.as_deref().unwrap_or("");
            let index = now.columns.iter().position(|c| c == name);
            let at = column(index, name, Some(&field.field));
            found.push(Diagnostic::new(
                Code::DateOrderChanged,
                at,
                format!(
                    "The dates are read as {is}; at the last good run they were read as {was}."
                ),
            ));
        }
    }
    if let Some(most) = most {
        for field in &now.fields {
            let Some(before) = last.fields.iter().find(|f| f.field == field.field) else {
                continue;
            };
            let (was, is) = (share(before), share(field));
            if was - is > most {
                let name = field.column.as_deref().unwrap_or("");
                let index = now.columns.iter().position(|c| c == name);
                let at = column(index, name, Some(&field.field));
                found.push(Diagnostic::new(
                    Code::ShareFell,
                    at,
                    format!(
                        "{:.1} % of the rows fill the field; at the last good run {:.1} % did.",
                        is * 100.0,
                        was * 100.0
                    ),
                ));
            }
        }
    }
    found
}

fn column(index: Option<usize>, name: &str, field: Option<&str>) -> Location {
    Location {
        column: index.map(|index| ColumnAt {
            index,
            name: name.into(),
        }),
        field: field.map(Into::into),
        ..Location::default()
    }
}

/// The order that a field's dates decided themselves, where all files agree.
fn date_order(field: &FieldShare) -> Option<&'static str> {
    let order = field.order.as_deref()?;
    let (day, month) = ("day/month/year", "month/day/year");
    match (order.contains(day), order.contains(month)) {
        (true, false) => Some(day),
        (false, true) => Some(month),
        _ => None,
    }
}

fn share(field: &FieldShare) -> f64 {
    let rows = field.filled + field.empty + field.invalid;
    #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
    let share = (field.filled + field.invalid) as f64 / rows.max(1) as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{FieldWords, Word};

    fn contents(columns: &[&str], words: &[&str], filled: u64) -> Contents {
        Contents {
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            words: vec![FieldWords {
                field: "organization.onBoardingStatus".to_owned(),
                column: "Stage".to_owned(),
                seen: words.iter().map(|w| Word::of(w)).collect(),
            }],
            fields: vec![FieldShare {
                field: "organization.signOnDate".to_owned(),
                column: Some("Stage".to_owned()),
                filled,
                empty: 100 - filled,
                ..FieldShare::default()
            }],
            samples: Vec::new(),
        }
    }

    #[test]
    fn what_changed_is_told_and_nothing_else() {
        let last = contents(&["Id", "Stage", "Fax"], &["Done", "Open"], 90).without_values();
        let codes = |now: &Contents, most| -> Vec<Code> {
            drift(&last, now, most).iter().map(|d| d.code).collect()
        };
        assert_eq!(
            codes(&contents(&["Id", "Stage", "Fax"], &["Open"], 85), Some(0.1)),
            []
        );
        assert_eq!(
            codes(
                &contents(&["Id", "Stage", "Mobile"], &["Open", "Lost"], 70),
                Some(0.1)
            ),
            [
                Code::ColumnNew,
                Code::ColumnGone,
                Code::WordNew,
                Code::ShareFell
            ]
        );
        assert_eq!(
            codes(&contents(&["Id", "Stage", "Fax"], &["Open"], 0), None),
            []
        );
    }

    #[test]
    fn another_order_of_day_and_month_is_reported() {
        let with = |order: Option<&str>| {
            let mut contents = contents(&["Signed"], &[], 10);
            contents.fields[0].order = order.map(str::to_owned);
            contents
        };
        let day = Some("day/month/year: 1 of 5 dates can only be read so, none the other way");
        let month = Some("month/day/year: 3 of 5 dates can only be read so, none the other way");
        let undecided = Some("not decided: 2 of 2 dates can be read as day/month or month/day");
        for (last, now, count) in [
            (day, month, 1),
            (month, day, 1),
            (day, day, 0),
            (day, undecided, 0),
            (day, Some("set by the mapping"), 0),
            (None, day, 0),
            (Some("day/month/year: 1 | month/day/year: 1"), day, 0),
        ] {
            let found = drift(&with(last), &with(now), None);
            let codes: Vec<Code> = found.iter().map(|d| d.code).collect();
            assert_eq!(
                codes,
                vec![Code::DateOrderChanged; count],
                "{last:?} {now:?}"
            );
        }
    }
}
