//! A row of the file → a `[[test]]` that says what becomes of it, or a test's own row → what the test expects of it from now on.
//!
//! In three steps, so that nobody waits while a long file is looked through: what is wanted, the row and what becomes of it, and the
//! change of the mapping.

use super::bench::{Bench, words};
use super::forms::{Asked, Form, FormReader, Made, STALE, asked};
use super::model::is_open;
use super::view::file_name;
use crate::diagnostic::{Code, thousands};
use crate::mapping::Mapping;
use crate::mapping::edit::{Change, NewTest};
use crate::ops::{ReviewedRows, expectation, test_of_row};
use crate::report::SourceValues;

/// Bytes of a row that becomes a test: a mapping is read by people.
const LONGEST_ROW: usize = 20_000;

/// A test that somebody asks for.
pub(super) struct Wanted {
    mapping: Mapping,
    version: u64,
    of: Of,
}

enum Of {
    /// A row of the file.
    Row {
        rows: ReviewedRows,
        row: u64,
        sheet: Option<String>,
        /// The name of the test.
        name: String,
        /// By column: whether its cells are shown to nobody, and whether the mapping knows why. What it does not know is not even
        /// looked at.
        closed: Vec<(bool, bool)>,
        /// Whether the file itself has dates that can be read in two ways.
        has_ambiguous: bool,
    },
    /// The row of a test that the mapping has.
    Test(usize),
}

/// What a form asks for: `at` is a row, with its sheet behind a colon where there are several; `again` is a test's number.
pub(super) fn wanted(form: &Form, bench: &Bench) -> Made<Wanted> {
    if bench.values == SourceValues::LeftOut {
        let words = "The page shows no values (--no-source-values), so no test is made of them.";
        return Err(words.to_owned());
    }
    let model = bench.model().map_err(|_| {
        "The mapping has an error, so no test can be made. Correct its text below, or undo the last change.".to_owned()
    })?;
    let of = if form.get("again").is_some() {
        Of::Test(test_of(form, bench, "again")?)
    } else {
        let at = form.text("at");
        let (row, sheet) = match at.split_once(':') {
            Some((row, sheet)) => (row, Some(sheet.to_owned())),
            None => (at, None),
        };
        let row: u64 = row.parse().map_err(|_| STALE.to_owned())?;
        let review = bench.review().ok_or_else(|| STALE.to_owned())?;
        let explored = &bench.explored;
        let is_closed = |column: usize| {
            let is_closed = !is_open(explored, Some(model), bench.values, column);
            (is_closed, !model.rules[column].is_empty())
        };
        let mut groups = review.report.groups.iter();
        Of::Row {
            rows: review.rows(),
            row,
            sheet,
            name: format!("row {row} of {}", file_name(&explored.name)),
            closed: (0..explored.header.len()).map(is_closed).collect(),
            has_ambiguous: groups.any(|g| g.code == Code::DateAmbiguous),
        }
    };
    Ok(Wanted {
        mapping: model.mapping.clone(),
        version: bench.version(),
        of,
    })
}

impl FormReader<'_> {
    /// A test is taken out.
    pub(super) fn untest(&self) -> Made<Asked> {
        let test = test_of(self.form, self.bench, "test")?;
        Ok(asked(
            vec![Change::RemoveTest(test)],
            "The test is removed from the mapping.",
        ))
    }
}

/// A test by its number from 0, which counts only for the mapping that the page showed.
fn test_of(form: &Form, bench: &Bench, name: &str) -> Made<usize> {
    let is_shown = form.text("version").parse() == Ok(bench.version());
    let test: Option<usize> = form.text(name).parse().ok();
    let tests = bench.model().map_or(0, |m| m.mapping.tests.len());
    test.filter(|at| is_shown && *at < tests)
        .ok_or_else(|| STALE.to_owned())
}

/// A test that is made.
pub(super) struct MadeTest {
    version: u64,
    change: Change,
    words: String,
}

impl Wanted {
    /// Looks the row up, and what becomes of it.
    pub(super) fn made(self) -> Made<MadeTest> {
        let Self {
            mapping, version, ..
        } = self;
        let (change, words) = match self.of {
            Of::Test(test) => again(&mapping, test)?,
            Of::Row {
                rows,
                row,
                sheet,
                name,
                closed,
                has_ambiguous,
            } => {
                let cells = rows.cells(sheet.as_deref(), row).map_err(|e| words(&e))?;
                let missing = || format!("Row {} cannot be read.", thousands(row));
                let cells = cells.ok_or_else(missing)?;
                let (new, leaves_out) = test_of_cells(&mapping, &cells, &closed)?;
                let is_asked = new
                    .problems
                    .iter()
                    .any(|p| p == Code::DateAmbiguous.as_str());
                if is_asked && !has_ambiguous {
                    return Err(format!(
                        "A test has one row alone, and alone a date of row {} can be read in two ways: in the file its column decides. Choose the order of dates at a column of dates first, then make the test.",
                        thousands(row)
                    ));
                }
                let bank = if leaves_out {
                    " Bank data of the row is left out of it."
                } else {
                    ""
                };
                let words = format!(
                    "A test of row {} is added to the mapping: it expects {}.{bank}",
                    thousands(row),
                    expected(&new)
                );
                let name = Some(name);
                (Change::AddTest(NewTest { name, ..new }), words)
            }
        };
        Ok(MadeTest {
            version,
            change,
            words,
        })
    }
}

/// The test of a row, and whether something was left out that nobody may see.
fn test_of_cells(
    mapping: &Mapping,
    cells: &[(String, String)],
    closed: &[(bool, bool)],
) -> Made<(NewTest, bool)> {
    // What the mapping itself calls sensitive is left out by the operation, which has to know it; what no rule takes, here.
    let of = |at: usize| closed.get(at).copied().unwrap_or((true, false));
    let is_known = |(at, _): &(usize, &(String, String))| {
        let (is_closed, is_fed) = of(*at);
        !is_closed || is_fed
    };
    let known = cells.iter().enumerate().filter(is_known);
    let open: Vec<(String, String)> = known.map(|(_, cell)| cell.clone()).collect();
    let new = test_of_row(mapping, &open).map_err(|e| words(&e))?;
    if new.sends.is_none() && new.problems.is_empty() {
        return Err("This row is left out of the import, so there is nothing to test.".to_owned());
    }
    let bytes: usize = new.row.iter().map(|(_, cell)| cell.len()).sum();
    if bytes > LONGEST_ROW {
        return Err(format!(
            "The cells of this row have {} bytes; a test takes {} at most. Choose a shorter row.",
            thousands(bytes as u64),
            thousands(LONGEST_ROW as u64)
        ));
    }
    // A mapping's tables have no order.
    let sorted = |row: &[(String, String)]| {
        let mut row = row.to_vec();
        row.sort();
        row
    };
    let row = sorted(&new.row);
    if mapping.tests.iter().any(|t| sorted(&t.row) == row) {
        return Err("The mapping has a test of this row already.".to_owned());
    }
    let is_left_out = |(at, (_, cell)): (usize, &(String, String))| {
        of(at) == (true, true) && !cell.trim().is_empty()
    };
    let leaves_out = cells.iter().enumerate().any(is_left_out);
    Ok((new, leaves_out))
}

/// What a test expects from now on.
fn again(mapping: &Mapping, test: usize) -> Made<(Change, String)> {
    let known = mapping.tests.get(test).ok_or_else(|| STALE.to_owned())?;
    let new = expectation(mapping, known.row.clone()).map_err(|e| words(&e))?;
    if new.sends.is_none() && new.problems.is_empty() {
        let words = "The row of this test is left out of the import, so it can expect nothing. Remove the test.";
        return Err(words.to_owned());
    }
    let words = format!("The test now expects {}.", expected(&new));
    let change = Change::Expect {
        number: test,
        sends: new.sends,
        problems: new.problems,
    };
    Ok((change, words))
}

fn expected(test: &NewTest) -> String {
    let codes = test.problems.join(", ");
    match (test.sends.is_some(), codes.as_str()) {
        (true, "") => "that the row is sent as it is sent now".to_owned(),
        (true, codes) => format!("that the row is sent as it is sent now, with {codes}"),
        (false, codes) => codes.to_owned(),
    }
}

impl MadeTest {
    /// Changes the mapping, if it is still the one that the test was made with. What is said then.
    pub(super) fn put(self, bench: &mut Bench) -> Made<String> {
        if bench.version() != self.version {
            return Err("The mapping was changed meanwhile. Make the test again.".to_owned());
        }
        bench.change(&[self.change])?;
        Ok(self.words)
    }
}
