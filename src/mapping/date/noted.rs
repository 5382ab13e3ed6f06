//! How a column's dates were read, as a report notes it beside the rows that it gives back.
//!
//! A file of rejects is small. Its own dates may prove nothing any more, or the contrary of what the whole export proved:
//! one date that a person types the other way round would turn those that nobody touched. So each row says how
//! the dates of its columns were read, and that counts as what the row proves.

use super::evidence::Verdict;
use super::hints::Order;

/// What stands between the notes of two columns.
const BETWEEN: &str = " | ";

const DAY_FIRST: &str = "day/month/year";
const MONTH_FIRST: &str = "month/day/year";
const BOTH: &str = "both orders";

/// The words of a verdict; none where the column proves nothing.
fn words(verdict: Verdict) -> Option<String> {
    let of_texts = match verdict.of_texts() {
        Verdict::DayFirst => DAY_FIRST,
        Verdict::MonthFirst => MONTH_FIRST,
        Verdict::Contradicts | Verdict::Mixed { .. } => BOTH,
        Verdict::Silent => return None,
    };
    Some(match verdict {
        Verdict::Mixed { whole: true, .. } => format!("{of_texts}, its date cells swapped"),
        Verdict::Mixed { whole: false, .. } => format!("{of_texts}, its date cells may be swapped"),
        _ => of_texts.to_owned(),
    })
}

/// Verdicts that are noted.
const NOTED: [Verdict; 9] = {
    const fn mixed(order: Option<Order>, whole: bool) -> Verdict {
        Verdict::Mixed { order, whole }
    }
    [
        Verdict::DayFirst,
        Verdict::MonthFirst,
        Verdict::Contradicts,
        mixed(Some(Order::DayFirst), true),
        mixed(Some(Order::DayFirst), false),
        mixed(Some(Order::MonthFirst), true),
        mixed(Some(Order::MonthFirst), false),
        mixed(None, true),
        mixed(None, false),
    ]
};

/// The notes of columns by their labels; none where no column proves anything.
#[must_use]
pub fn noted<'l>(columns: impl Iterator<Item = (&'l str, Verdict)>) -> Option<String> {
    let mut notes: Vec<String> = columns
        .filter_map(|(label, verdict)| Some(format!("{label}: {}", words(verdict)?)))
        .collect();
    // A column may fill several fields.
    notes.dedup();
    (!notes.is_empty()).then(|| notes.join(BETWEEN))
}

/// The notes that a row can have of one column.
#[derive(Debug, Clone)]
pub struct NotesOf(Vec<(String, Verdict)>);

impl NotesOf {
    /// Those of the column with this label.
    #[must_use]
    pub fn column(label: &str) -> Self {
        let note = |verdict| {
            let words = words(verdict)?;
            Some((format!("{BETWEEN}{label}: {words}{BETWEEN}"), verdict))
        };
        Self(NOTED.into_iter().filter_map(note).collect())
    }

    /// What a row's notes say of the column.
    #[must_use]
    pub fn find(&self, notes: &str) -> Option<Verdict> {
        let notes = format!("{BETWEEN}{}{BETWEEN}", notes.trim());
        let found = self.0.iter().find(|(note, _)| notes.contains(note));
        found.map(|(_, verdict)| *verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_found_again() {
        let other = Verdict::MonthFirst;
        for verdict in NOTED {
            for label in ["Signed", "Signed | On", "x: day/month/year", "\"a, b\""] {
                let columns = [("Before", other), (label, verdict), ("Behind", other)];
                let text = noted(columns.into_iter()).unwrap();
                let found = NotesOf::column(label).find(&format!(" {text}\n"));
                assert_eq!(found, Some(verdict), "{text}");
            }
        }
        assert_eq!(noted([("Signed", Verdict::Silent)].into_iter()), None);
    }

    #[test]
    fn a_note_of_another_column_is_none_of_this_one() {
        let signed = NotesOf::column("Signed");
        for text in [
            "",
            "Resigned: day/month/year",
            "Signed On: day/month/year",
            "Signed: day/month",
            "Signed: day/month/year and more",
            "signed: day/month/year",
        ] {
            assert_eq!(signed.find(text), None, "{text}");
        }
    }
}
