//! The lookup file of a rule as a form: which file, which columns, and how many of the export's words are in it.

use serde::Serialize;

use crate::diagnostic::{Code, counted, thousands};
use crate::mapping::{Constant, Feed, FieldRule};
use crate::ops::LookupCoverage;
use crate::workbench::bench::Bench;
use crate::workbench::model::{Model, is_open};

/// Where a rule's words are looked up.
#[derive(Debug, Serialize)]
pub(super) struct LookupView {
    /// The file as the mapping names it; empty where there is none.
    file: String,
    /// Files that can be chosen.
    files: Vec<String>,
    columns: Vec<String>,
    from: String,
    to: String,
    /// By what a form says which file was shown.
    stamp: String,
    /// `38 of 40 different words are in it (1,180 of 1,200 cells).`, more lines behind it.
    found: Vec<String>,
    /// The most frequent words that are not in it, with their counts.
    missed: Vec<(String, String)>,
    /// `error`, `leave_out` or `send`.
    missing: &'static str,
    default: String,
}

/// The form; none where no column's words could be looked up.
pub(super) fn lookup(bench: &Bench, model: &Model, at: usize) -> Option<LookupView> {
    let FieldRule { rule, .. } = &model.mapping.rules[at];
    let is_of_cells = matches!(rule.feed, Feed::Column(_) | Feed::Columns(_));
    if !is_of_cells || (rule.lookup.is_none() && bench.beside.is_empty()) {
        return None;
    }
    let known = rule.lookup.as_ref();
    let file = known.map_or_else(String::new, |l| l.file.text.clone());
    let mut files = bench.beside.clone();
    if !file.is_empty() && !files.contains(&file) {
        files.insert(0, file.clone());
    }
    let table = model.tables.iter().find(|t| t.file == file);
    let path = model.path(at);
    let review = bench.review().filter(|_| known.is_some());
    let coverage = review.and_then(|r| r.lookups.iter().find(|l| *l.field == *path));
    let values = bench.values;
    let is_shown = |c: &usize| is_open(&bench.explored, Some(model), values, *c);
    let is_shown = model.columns[at].iter().all(is_shown);
    let first = coverage.map_or(&[][..], |c| &c.first_missed);
    let missed = first.iter().filter(|_| is_shown);
    let is_allowed = model.mapping.validation.allow.contains(&Code::LookupMissed);
    Some(LookupView {
        files,
        columns: table.map_or_else(Vec::new, |t| t.columns.clone()),
        stamp: table.map_or_else(String::new, |t| t.stamp.clone()),
        from: known.map_or_else(String::new, |l| l.from.text.clone()),
        to: known.map_or_else(String::new, |l| l.to.text.clone()),
        found: coverage.map_or_else(Vec::new, found),
        missed: missed.map(|(w, n)| (w.clone(), thousands(*n))).collect(),
        missing: match (&rule.default, is_allowed) {
            (Some(_), _) => "send",
            (None, true) => "leave_out",
            (None, false) => "error",
        },
        default: (rule.default.as_ref()).map_or_else(String::new, Constant::to_text),
        file,
    })
}

/// The counts in words.
fn found(coverage: &LookupCoverage) -> Vec<String> {
    let LookupCoverage {
        found,
        known,
        missed,
        is_cut,
        ..
    } = coverage;
    let words = found.words + known.words + missed.words;
    let cells = found.rows + known.rows + missed.rows;
    if words == 0 {
        return vec!["No row has a word to look up.".to_owned()];
    }
    let more = if *is_cut { "more than " } else { "" };
    let mut lines = vec![format!(
        "{} of {more}{} in it ({} of {}).",
        thousands(found.words),
        match words {
            1 => "1 word is".to_owned(),
            n => format!("{} different words are", thousands(n)),
        },
        thousands(found.rows),
        counted(cells, "row")
    )];
    if known.words > 0 {
        lines.push(format!(
            "{} not in it, and the field takes {} as written ({}).",
            is_or_are(known.words),
            if known.words == 1 { "it" } else { "them" },
            counted(known.rows, "row")
        ));
    }
    if missed.words > 0 {
        let rows = counted(missed.rows, "row");
        lines.push(format!("{} not in it ({rows}).", is_or_are(missed.words)));
    }
    lines
}

fn is_or_are(words: u64) -> String {
    match words {
        1 => "1 is".to_owned(),
        n => format!("{} are", thousands(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::WordCount;

    #[test]
    fn what_is_found_is_said_with_counts() {
        let count = |words, rows| WordCount { words, rows };
        let mut coverage = LookupCoverage {
            found: count(38, 1180),
            known: count(0, 0),
            missed: count(2, 20),
            ..LookupCoverage::default()
        };
        assert_eq!(
            found(&coverage),
            [
                "38 of 40 different words are in it (1,180 of 1,200 rows).",
                "2 are not in it (20 rows)."
            ]
        );
        coverage.known = count(1, 1);
        coverage.missed = count(0, 0);
        assert_eq!(
            found(&coverage)[1],
            "1 is not in it, and the field takes it as written (1 row)."
        );
        let one = LookupCoverage {
            found: count(1, 3),
            ..LookupCoverage::default()
        };
        assert_eq!(found(&one), ["1 of 1 word is in it (3 of 3 rows)."]);
        assert_eq!(
            found(&LookupCoverage::default()),
            ["No row has a word to look up."]
        );
    }
}
