//! `init` measured: over the samples, whose right answer is the shipped mapping, and over ten exports in seven languages, each with a
//! right answer written by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use partner_sync::mapping::{Feed, Mapping};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use toml::{Table, Value};

use crate::mapping::{mapping_path, shipped};
use crate::support::{Workdir, repository};

/// The exports, and what is particular about each.
const EXPORTS: &[(&str, &str)] = &[
    ("de", "German, windows-1252, house number apart"),
    ("es", "Spanish, names of months, Sí and No"),
    ("fr", "French, names of months, O and N"),
    ("pt", "Portuguese (Brazil), S and N"),
    ("nl", "Dutch, house number apart, IBAN"),
    ("it", "Italian"),
    (
        "legacy",
        "a database's columns (`cust_nm`), NULL, bank account",
    ),
    ("report", "a report with titles and footer, parents by name"),
    (
        "workbook",
        "a workbook with date cells, persons and a bank account",
    ),
    ("au", "Australian, two numbers, no country"),
];

/// The words of a rule.
const RULE: [&str; 7] = [
    "column", "partner", "template", "value", "decide", "map", "split",
];

/// A line of a mapping: the columns, the template or the setting, and whether it is a question.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    values: Vec<String>,
    is_question: bool,
}

/// The lines of a proposed mapping by their paths. Comments are no lines.
fn lines_of(text: &str) -> BTreeMap<String, Line> {
    let mut lines = BTreeMap::new();
    let table: Table = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    for (name, value) in &table {
        if name != "name" {
            collect(name, value, &mut lines);
        }
    }
    lines
}

fn collect(path: &str, value: &Value, lines: &mut BTreeMap<String, Line>) {
    match value {
        Value::Table(table) if table.keys().all(|k| RULE.contains(&k.as_str())) => {
            let is_value = |key: &str| !["decide", "map", "split"].contains(&key);
            let values = table
                .iter()
                .filter(|(k, _)| is_value(k))
                .flat_map(|(_, v)| texts(v))
                .collect();
            let is_question = table.contains_key("decide");
            lines.insert(
                path.to_owned(),
                Line {
                    values,
                    is_question,
                },
            );
        }
        Value::Table(table) => table
            .iter()
            .for_each(|(k, v)| collect(&format!("{path}.{k}"), v, lines)),
        Value::Array(all) if all.iter().any(Value::is_table) => {
            all.iter()
                .enumerate()
                .for_each(|(at, v)| collect(&format!("{path}[{at}]"), v, lines));
        }
        value => {
            let line = Line {
                values: texts(value),
                is_question: false,
            };
            lines.insert(path.to_owned(), line);
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// The answer written by hand: a field, and its columns or setting.
fn answer(name: &str) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(repository(&format!(
        "tests/it/support/exports/{name}.answer.toml"
    )))
    .unwrap();
    let table: Table = text.parse().unwrap();
    table
        .iter()
        .map(|(field, value)| (field.clone(), texts(value)))
        .collect()
}

/// What a shipped mapping says; constants, templates and free-form keys are nobody's to guess.
fn shipped_answer(name: &str) -> BTreeMap<String, Vec<String>> {
    let mapping = Mapping::read(&mapping_path(name)).unwrap();
    let mut found = BTreeMap::new();
    found.insert(
        "key".to_owned(),
        mapping.key.0.iter().map(|k| k.text.clone()).collect(),
    );
    for rule in &mapping.rules {
        let columns = match &rule.rule.feed {
            _ if rule.field.path == "organization.integrationMetadata" => continue,
            Feed::Column(c) | Feed::Partner(c) => vec![c.text.clone()],
            Feed::Columns(all) => all.iter().map(|c| c.text.clone()).collect(),
            Feed::Value(_) | Feed::Template(_) => continue,
        };
        found.insert(partner_sync::partner::display_path(&rule.path), columns);
    }
    found
}

/// What `init` proposed, against what is right.
#[derive(Debug, Default)]
struct Measure {
    right: usize,
    wrong: Vec<String>,
    to_decide: usize,
    missed: Vec<String>,
}

impl Measure {
    fn of(
        lines: &BTreeMap<String, Line>,
        right: &BTreeMap<String, Vec<String>>,
        has_settings: bool,
    ) -> Self {
        let mut measure = Self::default();
        for (path, line) in lines {
            if path.starts_with("source.") && !has_settings {
                continue;
            }
            let is_right = right
                .get(path)
                .is_some_and(|r| line.values.iter().all(|v| r.contains(v)));
            match (line.is_question, is_right) {
                (true, _) => measure.to_decide += 1,
                (false, true) => measure.right += 1,
                (false, false) => measure.wrong.push(format!("{path} = {:?}", line.values)),
            }
        }
        measure.missed = right
            .keys()
            .filter(|path| !lines.contains_key(*path))
            .cloned()
            .collect();
        measure
    }
}

/// Proposes a mapping, and checks the file with it: it can be used where nothing is left to decide, and else every question is named.
fn propose(dir: &Workdir, file: &Path) -> BTreeMap<String, Line> {
    let file = file.to_str().unwrap();
    dir.run(&["init", file, "-o", "m.toml"])
        .finish()
        .expect_exit(0);
    let text = dir.read("m.toml");
    let lines = lines_of(&text);
    let questions = lines.iter().filter(|(_, line)| line.is_question).count();
    let check = dir.run(&["check", file, "-m", "m.toml"]).finish();
    if questions > 0 {
        assert_eq!(check.exit, 2, "{text}\n{}", check.stderr);
        assert_eq!(
            check.stderr.matches("not decided yet").count(),
            questions,
            "{}",
            check.stderr
        );
    } else {
        assert!([0, 1].contains(&check.exit), "{text}\n{}", check.stderr);
    }
    std::fs::remove_file(dir.path("m.toml")).unwrap();
    lines
}

/// The workbook of `workbook.csv`: days are date cells, numbers are numbers, and codes are text.
fn workbook(dir: &Workdir) -> std::path::PathBuf {
    let text =
        std::fs::read_to_string(repository("tests/it/support/exports/workbook.csv")).unwrap();
    let mut book = Workbook::new();
    let days = Format::new().set_num_format("yyyy-mm-dd");
    let sheet = book.add_worksheet();
    for (row, line) in (0_u32..).zip(text.lines()) {
        for (column, cell) in (0_u16..).zip(line.split(',')) {
            let day = ExcelDateTime::parse_from_str(cell)
                .ok()
                .filter(|_| cell.len() == 10 && cell.as_bytes()[4] == b'-');
            let number = cell
                .parse::<f64>()
                .ok()
                .filter(|_| [0, 19].contains(&column));
            match (day, number) {
                (Some(day), _) => sheet.write_with_format(row, column, &day, &days).unwrap(),
                (None, Some(number)) => sheet.write(row, column, number).unwrap(),
                (None, None) => sheet.write(row, column, cell).unwrap(),
            };
        }
    }
    let path = dir.path("workbook.xlsx");
    book.save(&path).unwrap();
    path
}

/// A file that `init` is measured on.
struct Case {
    name: String,
    file: std::path::PathBuf,
    right: BTreeMap<String, Vec<String>>,
    /// Whether the answer names the settings, too: the shipped mappings have those of other exports.
    has_settings: bool,
}

fn cases(dir: &Workdir) -> Vec<Case> {
    let samples = shipped().map(|(mapping, sample)| Case {
        name: format!("`{sample}`"),
        file: repository(&format!("samples/{sample}")),
        right: shipped_answer(mapping),
        has_settings: false,
    });
    let exports = EXPORTS.iter().map(|(name, about)| Case {
        name: (*about).to_owned(),
        file: match *name {
            "workbook" => workbook(dir),
            name => repository(&format!("tests/it/support/exports/{name}.csv")),
        },
        right: answer(name),
        has_settings: true,
    });
    samples.chain(exports).collect()
}

/// Nothing is wrong that is not a question; the counts are those of docs/mapping.md.
#[test]
fn init_is_never_wrong_without_a_question() {
    let dir = Workdir::new();
    let cases = cases(&dir);
    let measure = |case: &Case| {
        Measure::of(
            &propose(&Workdir::new(), &case.file),
            &case.right,
            case.has_settings,
        )
    };
    let (front, back) = cases.split_at(cases.len() / 2);
    let measures = std::thread::scope(|scope| {
        let other = scope.spawn(|| back.iter().map(measure).collect::<Vec<_>>());
        let mut all: Vec<_> = front.iter().map(measure).collect();
        all.extend(other.join().unwrap());
        all
    });
    let mut table = String::from(
        "| export | right | wrong | to decide | not proposed |\n|---|---|---|---|---|\n",
    );
    let mut all = [0; 4];
    for (case, measure) in cases.iter().zip(&measures) {
        let name = &case.name;
        assert!(measure.wrong.is_empty(), "{name}: {measure:?}");
        assert!(
            measure.missed.len() * 10 <= measure.right,
            "{name}: {measure:?}"
        );
        let counts = [
            measure.right,
            measure.wrong.len(),
            measure.to_decide,
            measure.missed.len(),
        ];
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} |",
            counts[0], counts[1], counts[2], counts[3]
        );
        all.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
    }
    let _ = writeln!(
        table,
        "| all | {} | {} | {} | {} |",
        all[0], all[1], all[2], all[3]
    );
    assert_section("docs/mapping.md", "init measured", &table);
}

/// What stands between two marks of a page is as it would be generated now.
fn assert_section(path: &str, mark: &str, text: &str) {
    let page = std::fs::read_to_string(repository(path)).unwrap();
    let (begin, end) = (
        format!("<!-- {mark} -->\n"),
        format!("<!-- end of {mark} -->"),
    );
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    crate::support::assert_current(path, &format!("{before}{begin}{text}{end}{after}"));
}
