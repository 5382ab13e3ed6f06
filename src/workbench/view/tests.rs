//! The mapping's own tests: which fail now, and why.

use serde::Serialize;

use super::shared::Selection;
use crate::diagnostic::{counted, thousands};
use crate::ops::{Difference, TriedTest};
use crate::partner::field_name;
use crate::workbench::bench::Bench;
use crate::workbench::model::Model;

/// All tests of the mapping.
#[derive(Debug, Serialize)]
pub(super) struct TestsView {
    /// `1 of 3 fails`, `3, none fails`.
    words: String,
    failed: usize,
    /// The version of the mapping that they were tried with: their numbers count for no other.
    version: u64,
    tests: Vec<TestView>,
}

/// One test.
#[derive(Debug, Serialize)]
struct TestView {
    /// Its number from 0, for the forms.
    index: usize,
    name: String,
    line: usize,
    is_failed: bool,
    differences: Vec<DifferenceView>,
}

/// Something that is not as the test says.
#[derive(Debug, Serialize)]
struct DifferenceView {
    /// The field's name, or `Problems`.
    name: String,
    /// Where its rule is on the page.
    query: Option<String>,
    expected: Option<String>,
    now: Option<String>,
    note: Option<String>,
}

/// The tests; none where the mapping has none.
pub(super) fn tests(bench: &Bench, model: Option<&Model>, at: &Selection) -> Option<TestsView> {
    let tried = bench.tests().ok().filter(|tests| !tests.is_empty())?;
    let failed = tried.iter().filter(|t| !t.differences.is_empty()).count();
    let all = counted(tried.len() as u64, "test");
    Some(TestsView {
        words: match failed {
            0 => format!("{all}, none fails"),
            1 => format!("1 of {all} fails"),
            failed => format!("{} of {all} fail", thousands(failed as u64)),
        },
        failed,
        version: bench.checked_version(),
        tests: tried.iter().map(|t| test(t, model, at)).collect(),
    })
}

fn test(tried: &TriedTest, model: Option<&Model>, at: &Selection) -> TestView {
    TestView {
        index: tried.number - 1,
        name: match &tried.name {
            Some(name) => name.clone(),
            None => format!("test {}", tried.number),
        },
        line: tried.line,
        is_failed: !tried.differences.is_empty(),
        differences: (tried.differences.iter())
            .map(|d| difference(d, model, at))
            .collect(),
    }
}

fn difference(found: &Difference, model: Option<&Model>, at: &Selection) -> DifferenceView {
    let rule = model.and_then(|model| Some((model, rule_of(model, &found.path)?)));
    DifferenceView {
        name: match (found.path.as_str(), rule) {
            ("problems", _) => "Problems".to_owned(),
            ("row", _) => "Row".to_owned(),
            (_, Some((model, rule))) => field_name(&model.path(rule)),
            (path, None) => field_name(path),
        },
        query: rule.map(|(model, rule)| place_of(model, rule, at).query()),
        expected: found.expected.clone(),
        now: found.sent.clone(),
        note: found.note().map(str::to_owned),
    }
}

/// The rule that fills what stands at a path of the request; an element of a list is its list's.
fn rule_of(model: &Model, path: &str) -> Option<usize> {
    let list = path.strip_suffix(']').and_then(|p| p.rsplit_once('['));
    let of_list = || model.rule_of(list?.0);
    model.rule_of(path).or_else(of_list)
}

/// Where the page shows a rule: at its column, or at the field where no column fills it.
fn place_of(model: &Model, rule: usize, at: &Selection) -> Selection {
    let column = model.columns[rule].first().copied();
    let is_shown = column.filter(|c| model.rules[*c].contains(&rule));
    Selection {
        column: is_shown,
        field: is_shown.is_none().then(|| model.path(rule)),
        show: at.show.clone(),
    }
}
