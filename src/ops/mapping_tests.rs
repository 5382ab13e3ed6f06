//! `test`: the `[[test]]` tables of mappings. A row goes the way of a `check`: read, mapped, validated. No network, no state.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::error::OpError;
use super::named_files;
use super::payload_part::{Difference, Payload};
use crate::config::ConfigFile;
use crate::diagnostic::counted;
use crate::mapping::edit::NewTest;
use crate::mapping::{Mapping, MappingTest, Plan, columns_of_feed};
use crate::partner::{Fingerprinter, HashScheme, Query};
use crate::prepare::{Ahead, Exports, PrepareError, PreparedRow};
use crate::report::RunEnding;
use crate::secret::Scrubber;
use crate::source::{Escape, Flow, Header, Quote};

/// Where mappings are looked for if none is named and the configuration has no jobs.
const FOLDER: &str = "mappings";

/// One test that was tried.
#[derive(Debug)]
pub struct TriedTest {
    /// The mapping, as it was named.
    pub mapping: String,
    /// Its number in the mapping, from 1.
    pub number: usize,
    /// The line it begins in.
    pub line: usize,
    /// What it is called.
    pub name: Option<String>,
    /// What is not as the test says; nothing where it passes.
    pub differences: Vec<Difference>,
}

/// All tests that were tried.
#[derive(Debug, Default)]
pub struct TriedTests {
    /// In the order of the mappings and of their tests.
    pub tests: Vec<TriedTest>,
    /// Mappings without a test.
    pub untested: Vec<String>,
    /// What is wrong with mappings that cannot be used.
    pub unusable: Vec<String>,
}

/// The mappings that are meant: those that were named (a folder is all mappings in it), else those of the configuration's
/// jobs, else all in `mappings`.
///
/// # Errors
/// [`OpError::NoMapping`] where there is none.
pub fn mappings_to_test(named: &[PathBuf], config: &ConfigFile) -> Result<Vec<PathBuf>, OpError> {
    let mut all = Vec::new();
    if !named.is_empty() {
        for name in named {
            for path in named_files::here(name)? {
                if path.is_dir() {
                    all.extend(mappings_in(&path));
                } else {
                    all.push(path);
                }
            }
        }
    } else if config.job.is_empty() {
        all = mappings_in(Path::new(FOLDER));
    } else {
        for job in &config.job {
            if !all.contains(&job.mapping) {
                all.push(job.mapping.clone());
            }
        }
    }
    if all.is_empty() {
        return Err(OpError::NoMapping);
    }
    Ok(all)
}

fn mappings_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml") && p.is_file())
        .collect();
    found.sort();
    found
}

/// Tries all tests of the mappings.
#[must_use]
pub fn mapping_tests(mappings: &[PathBuf]) -> TriedTests {
    let mut tried = TriedTests::default();
    for path in mappings {
        let mapping = match Mapping::read(path) {
            Ok(mapping) => mapping,
            Err(error) => {
                tried.unusable.push(error.to_string());
                continue;
            }
        };
        if mapping.tests.is_empty() {
            tried.untested.push(mapping.path.clone());
        }
        match tests_of(&mapping, &|| false, &mut tried.tests) {
            Ok(()) => {}
            // What does not fit the columns of one test is wrong in the mapping itself.
            Err(error) => tried.unusable.push(error.to_string()),
        }
    }
    tried
}

/// Tries the tests of one mapping, which no file need have yet, until it is stopped.
///
/// # Errors
/// [`OpError`] where the mapping does not fit its own tests, or no temporary file can be written.
pub fn tests_of(
    mapping: &Mapping,
    is_stopped: &dyn Fn() -> bool,
    tried: &mut Vec<TriedTest>,
) -> Result<(), OpError> {
    for (index, test) in mapping.tests.iter().enumerate() {
        if is_stopped() {
            break;
        }
        tried.push(TriedTest {
            mapping: mapping.path.clone(),
            number: index + 1,
            line: mapping.text[..test.span.start].matches('\n').count() + 1,
            name: test.name.clone(),
            differences: differences(mapping, test)?,
        });
    }
    Ok(())
}

impl TriedTests {
    fn failed(&self) -> usize {
        (self.tests.iter())
            .filter(|t| !t.differences.is_empty())
            .count()
    }

    /// How it ends: a mapping that cannot be used is worse than a test that fails.
    #[must_use]
    pub fn ending(&self) -> RunEnding {
        if !self.unusable.is_empty() {
            RunEnding::Refused
        } else if self.failed() > 0 {
            RunEnding::Problems
        } else {
            RunEnding::Done
        }
    }

    /// The tests in words, or as one JSON object.
    #[must_use]
    pub fn words(&self, json: bool) -> String {
        if json {
            return self.json();
        }
        let mut out = String::new();
        for test in &self.tests {
            let is_ok = test.differences.is_empty();
            let word = if is_ok { "ok    " } else { "failed" };
            let name = match &test.name {
                Some(name) => name.clone(),
                None => format!("test {}", test.number),
            };
            let _ = writeln!(out, "{word}  {}, line {}: {name}", test.mapping, test.line);
            for difference in &test.differences {
                let _ = writeln!(out, "          {difference}");
            }
        }
        for mapping in &self.untested {
            let _ = writeln!(out, "none    {mapping}: it has no [[test]]");
        }
        let all = counted(self.tests.len() as u64, "test");
        let failed = match self.failed() {
            0 => "none".to_owned(),
            failed => failed.to_string(),
        };
        let unusable = match self.unusable.len() as u64 {
            0 => String::new(),
            n => format!(" {} cannot be used.", counted(n, "mapping")),
        };
        let _ = writeln!(out, "{all}, {failed} failed.{unusable}");
        out
    }

    fn json(&self) -> String {
        let test = |t: &TriedTest| {
            json!({
                "mapping": t.mapping, "test": t.number, "line": t.line, "name": t.name,
                "ok": t.differences.is_empty(),
                "differences": t.differences.iter().map(Difference::json).collect::<Vec<_>>(),
            })
        };
        let all = json!({
            "tests": self.tests.iter().map(test).collect::<Vec<_>>(),
            "untested": self.untested,
            "unusable": self.unusable,
            "failed": self.failed(),
            "exit": self.ending().code(),
        });
        format!("{all:#}\n")
    }
}

/// A test that says of a row what becomes of it now: for whoever keeps a row as an example. Cells of bank data are left out,
/// and so is what they would fill; cells that repeat a number of these, empty cells, and columns that the mapping does not
/// use, too. No file is written that holds them.
///
/// # Errors
/// [`OpError`] where the mapping does not fit, or no temporary file can be written.
pub fn test_of_row(mapping: &Mapping, cells: &[(String, String)]) -> Result<NewTest, OpError> {
    let header = header_of(mapping, cells);
    let plan = Plan::compile(mapping, &header).map_err(PrepareError::from)?;
    let mut is_used = vec![false; header.len()];
    let feeds = mapping.rules.iter().map(|rule| &rule.rule.feed);
    let named = mapping.columns();
    let named = named.iter().filter_map(|column| header.find(column));
    for column in feeds
        .flat_map(|feed| columns_of_feed(feed, &header))
        .chain(named)
    {
        is_used[column] = true;
    }
    let is_hidden = |column: usize| plan.hidden_columns.contains(&column);
    let hidden = cells.iter().enumerate().filter(|(at, _)| is_hidden(*at));
    let secrets = Scrubber::new().with_values(hidden.map(|(_, (_, cell))| cell));
    let stays = |(at, (_, cell)): &(usize, &(String, String))| {
        let is_shown = is_used[*at] && !is_hidden(*at);
        is_shown && !cell.trim().is_empty() && secrets.scrub_values(cell) == *cell
    };
    let row = cells.iter().enumerate().filter(stays);
    let row: Vec<(String, String)> = row.map(|(_, cell)| cell.clone()).collect();
    expectation(mapping, row)
}

/// What becomes now of a row that a test has, as that test would say it; neither values nor problems where the row is left out.
///
/// # Errors
/// [`OpError`] where the mapping does not fit, or no temporary file can be written.
pub fn expectation(mapping: &Mapping, row: Vec<(String, String)>) -> Result<NewTest, OpError> {
    let payload = row_of(mapping, &row)?;
    Ok(NewTest {
        name: None,
        sends: payload.as_ref().and_then(Payload::sends),
        problems: payload.map_or_else(Vec::new, |p| p.codes()),
        row,
    })
}

/// What becomes of the test's row, and is not as the test says.
fn differences(mapping: &Mapping, test: &MappingTest) -> Result<Vec<Difference>, OpError> {
    let row = row_of(mapping, &test.row)?;
    let Some(payload) = row else {
        let words = "the row is left out: by [source] only or except, or because it is empty";
        return Ok(vec![Difference::words(words)]);
    };
    let mut found = Vec::new();
    match &test.problems {
        Some(expected) => found.extend(payload.other_problems(expected)),
        None => found.extend(payload.errors()),
    }
    if let Some(expected) = &test.sends {
        payload.compare(expected, &mut found);
    }
    Ok(found)
}

/// The row's columns, and behind them those that the mapping names and the row does not.
fn header_of(mapping: &Mapping, row: &[(String, String)]) -> Arc<Header> {
    let mut columns: Vec<String> = row.iter().map(|(column, _)| column.clone()).collect();
    for column in mapping.columns() {
        if Header::new(columns.clone()).find(&column).is_none() {
            columns.push(column);
        }
    }
    Arc::new(Header::new(columns))
}

/// The row, taken through a file of its own: nothing says better what a check would find.
fn row_of(mapping: &Mapping, row: &[(String, String)]) -> Result<Option<Payload>, OpError> {
    let header = header_of(mapping, row);
    let columns = header.raw();
    let cells = (0..columns.len()).map(|i| row.get(i).map_or("", |(_, cell)| cell));
    let unmade = |source: std::io::Error| OpError::TestFile(source);
    let file = tempfile::Builder::new()
        .suffix(".csv")
        .tempfile()
        .map_err(unmade)?;
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(file.as_file());
    let written = (writer.write_record(columns))
        .and_then(|()| writer.write_record(cells))
        .and_then(|()| Ok(writer.flush()?));
    written.map_err(|e| unmade(std::io::Error::other(e)))?;
    drop(writer);
    // The file is ours: what the mapping says about the export's layout is not meant for it.
    let mut mapping = mapping.clone();
    mapping.source.sheets = Vec::new();
    mapping.source.header_row = Some(1);
    mapping.source.delimiter = Some(b',');
    mapping.source.quote = Some(Quote::Double);
    mapping.source.escape = Some(Escape::Double);
    mapping.source.encoding = Some(encoding_rs::UTF_8);
    let exports = Exports::open(&[file.path().to_owned()], &mapping, Query::default())?;
    let survey = exports.survey(Ahead::Nothing, &|| false, &|_| {})?;
    let mut rows: Vec<PreparedRow> = Vec::new();
    let hasher = Fingerprinter::new([0; 32], HashScheme::Folded);
    exports
        // Every parent counts as created: its key stands where its id will.
        .prepare(&survey, Some(&hasher), None, &|_| true, &mut |batch| {
            rows.extend(batch);
            Flow::More
        })?;
    let plan = exports.files().first().map(|f| &f.plan);
    let row = rows.into_iter().next().zip(plan);
    Ok(row.map(|(row, plan)| Payload::new(&row, plan)))
}
