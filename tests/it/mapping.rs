use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use partner_sync::mapping::Mapping;
use partner_sync::mapping::starter::{json_schema, template};
use partner_sync::partner::{Fingerprinter, HashScheme, Query};
use partner_sync::prepare::{Ahead, Exports};
use partner_sync::source::Flow;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Workdir, assert_current, repository};

/// Each shipped mapping and the samples it is for.
const SHIPPED: &[(&str, &[&str])] = &[
    (
        "apptivo",
        &["apptivo-customers.csv", "apptivo-customers.xlsx"],
    ),
    (
        "salesforce",
        &["salesforce-accounts.csv", "salesforce-accounts.xlsx"],
    ),
    ("salesforce-report", &["salesforce-report-dirty.csv"]),
    (
        "hubspot",
        &["hubspot-companies.csv", "hubspot-companies.xlsx"],
    ),
    ("zoho", &["zoho-accounts.csv", "zoho-accounts.xlsx"]),
    (
        "dynamics",
        &["dynamics-accounts.csv", "dynamics-accounts.xlsx"],
    ),
    (
        "pipedrive",
        &[
            "pipedrive-organizations.csv",
            "pipedrive-organizations.xlsx",
        ],
    ),
    ("template", &["template.csv"]),
];

/// A row that went through the pipeline: its body, or none, and its problems.
pub(crate) struct Row {
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) problems: Vec<String>,
}

/// Takes a file through the pipeline.
pub(crate) fn rows_of(file: &Path, mapping: &Mapping) -> Vec<Row> {
    let exports = Exports::open(&[file.to_owned()], mapping, Query::default()).unwrap();
    let survey = exports.survey(Ahead::Nothing, &|| false, &|_| {}).unwrap();
    let mut out = Vec::new();
    exports
        .prepare(
            &survey,
            Some(&Fingerprinter::new([0; 32], HashScheme::Folded)),
            None,
            &|_| false,
            &mut |rows| {
                out.extend(rows.into_iter().map(|row| {
                    Row {
                        body: row.partner.map(|p| {
                            // Ids of parents are not known here; a UUID stands for each.
                            let ids = p
                                .links
                                .iter()
                                .map(|l| (l.at, "00000000-0000-4000-8000-000000000000"));
                            p.body.filled(ids)
                        }),
                        problems: row
                            .diagnostics
                            .iter()
                            .map(|d| {
                                format!(
                                    "row {}: {} {}: {}",
                                    d.at.row.unwrap_or(0),
                                    d.severity,
                                    d.code,
                                    d.message
                                )
                            })
                            .collect(),
                    }
                }));
                Flow::More
            },
        )
        .unwrap();
    out
}

/// Every leaf of the documented body, filled from one row, byte for byte.
#[test]
fn one_row_makes_the_documented_example() {
    let mapping = Mapping::read(&repository("mappings/template.toml")).unwrap();
    let rows = rows_of(&repository("samples/template.csv"), &mapping);
    assert_eq!(rows.len(), 1);
    let body = String::from_utf8(rows[0].body.clone().unwrap()).unwrap();
    assert_eq!(
        body,
        include_str!("support/documented_example.json").trim_end()
    );
}

#[test]
fn shipped_files_are_current() {
    assert_current("mappings/template.toml", &template());
    let schema = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    assert_current("docs/mapping.schema.json", &schema);
}

pub(crate) fn shipped() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHIPPED
        .iter()
        .flat_map(|(mapping, samples)| samples.iter().map(move |s| (*mapping, *s)))
}

pub(crate) fn mapping_path(name: &str) -> PathBuf {
    repository(&format!("mappings/{name}.toml"))
}

/// The first payloads of every sample, and all its problems.
#[test]
fn every_sample_becomes_what_it_did() {
    let mut out = String::new();
    for (mapping, sample) in shipped() {
        let read = Mapping::read(&mapping_path(mapping)).unwrap();
        let rows = rows_of(&repository(&format!("samples/{sample}")), &read);
        let sent = rows.iter().filter(|r| r.body.is_some()).count();
        let _ = writeln!(
            out,
            "== {sample} by {mapping}: {sent} of {} rows",
            rows.len()
        );
        for body in rows.iter().filter_map(|r| r.body.as_ref()).take(2) {
            let _ = writeln!(out, "{}", String::from_utf8_lossy(body));
        }
        for problem in rows.iter().flat_map(|r| &r.problems) {
            let _ = writeln!(out, "{problem}");
        }
    }
    insta::assert_snapshot!(out);
}

/// The workbook of an export holds the same as its CSV.
#[test]
fn a_workbook_makes_the_payloads_of_its_csv() {
    for (mapping, samples) in SHIPPED {
        let [csv, xlsx] = samples else { continue };
        let read = Mapping::read(&mapping_path(mapping)).unwrap();
        let bodies = |sample: &str| -> Vec<Value> {
            rows_of(&repository(&format!("samples/{sample}")), &read)
                .iter()
                .map(|r| serde_json::from_slice(r.body.as_ref().unwrap()).unwrap())
                .collect()
        };
        assert_eq!(bodies(csv), bodies(xlsx), "{mapping}");
    }
}

/// Nothing in this file says what it is: init says so on each line.
#[test]
fn a_proposal_for_a_strange_file_says_what_is_left() {
    let dir = Workdir::new();
    dir.write("e.csv", "a,b,c\n1,x,3/4/2026\n1,y,5/6/2026\n");
    dir.run(&["init", "e.csv", "-o", "m.toml"])
        .finish()
        .expect_exit(0);
    insta::assert_snapshot!(dir.read("m.toml"));
}

/// A JSON Schema.
struct Schema {
    all: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Schema {
    fn new(schema: Value) -> Self {
        let mut all = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("schema.json", schema).unwrap();
        let index = compiler.compile("schema.json", &mut all).unwrap();
        Self { all, index }
    }

    /// What does not fit it, and where.
    fn problem(&self, value: &Value) -> Option<String> {
        let result = self.all.validate(value, self.index);
        result.err().map(|error| format!("{error:#}"))
    }
}

fn as_json(toml_text: &str) -> Value {
    let value: toml::Value = toml::from_str(toml_text).unwrap();
    serde_json::to_value(value).unwrap()
}

/// Editors see what the program sees: shipped and documented mappings fit the schema, wrong ones do not.
#[test]
fn the_schema_fits_every_mapping() {
    let schema = Schema::new(json_schema());
    for entry in std::fs::read_dir(repository("mappings")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("#:schema ../docs/mapping.schema.json\n"),
            "{}",
            path.display()
        );
        if let Some(problem) = schema.problem(&as_json(&text)) {
            panic!("{}: {problem}", path.display());
        }
    }
    let page = std::fs::read_to_string(repository("docs/mapping.md")).unwrap();
    let contract = include_str!("support/contract.toml");
    let examples = page
        .split("```toml\n")
        .skip(1)
        .map(|b| b.split("```").next().unwrap());
    for text in examples.chain([contract]) {
        if let Some(problem) = schema.problem(&as_json(text)) {
            panic!("{problem}\n{text}");
        }
    }
    let good = "name = \"a\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n";
    assert_eq!(schema.problem(&as_json(good)), None);
    for wrong in [
        "nmae = \"a\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n".to_owned(),
        format!("{good}bussinessName = \"x\"\n"),
        format!("{good}displayName = {{ colunm = \"x\" }}\n"),
        format!("{good}displayName = {{ column = \"x\", value = 1 }}\n"),
        format!("{good}displayName = {{ column = \"x\", transform = \"uper\" }}\n"),
        format!("{good}displayName = 5\n"),
        format!("{good}[source]\ndate_order = \"mddy\"\n"),
        format!("{good}[validation]\nallow = [\"date.ambigous\"]\n"),
    ] {
        assert!(schema.problem(&as_json(&wrong)).is_some(), "{wrong}");
    }
}

/// The cells that a row may hold: what is right, what is nearly right, and anything.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "", " ", "x", "1", "12.0", "yes", "No", "2026-03-04", "3/4/2026", "13/04/2026", "4. März", "US", "United States",
            "California", "CA", "02139", "2139", "(619) 555-0134 x12", "+49 30 123456", "a@example.com", "USD", "021000021",
            "ae23fba4-f740-4d74-bbd6-80beee24f8f2", "{AE23FBA4-F740-4D74-BBD6-80BEEE24F8F2};x", "Welcome Call", "Active",
            "Eastern Time", "line one\nline two", "\u{a0}\u{200b}", "a\"b\\c", "'007", "=1+1", "\u{7}", "\u{fffd}", "N/A", "0001-01-01",
        ]).prop_map(str::to_owned),
        2 => "\\PC{0,12}",
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Whatever the cells hold, the body fits the documented structure, or the row has an error.
    #[test]
    fn a_payload_is_valid_or_the_row_has_an_error(cells in prop::collection::vec(cell(), 60)) {
        thread_local! {
            static SCHEMA: Schema =
                Schema::new(serde_json::from_str(include_str!("support/request.schema.json")).unwrap());
        }
        let mapping = Mapping::read(&mapping_path("template")).unwrap();
        let sample = std::fs::read_to_string(repository("samples/template.csv")).unwrap();
        let header: Vec<&str> = sample.lines().next().unwrap().split(',').collect();
        let mut text = Vec::new();
        {
            let mut writer = csv::Writer::from_writer(&mut text);
            writer.write_record(&header).unwrap();
            // Key, name and identifier are there, so that the rest is looked at.
            let row = header.iter().enumerate().map(|(i, name)| match *name {
                "Id" | "Legacy Identifier" => "K-1",
                "Business Name" => "Name",
                _ => cells[i % cells.len()].as_str(),
            });
            writer.write_record(row).unwrap();
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("e.csv");
        std::fs::write(&file, text).unwrap();
        for row in rows_of(&file, &mapping) {
            match row.body {
                None => prop_assert!(row.problems.iter().any(|p| p.contains(": error ")), "{:?}", row.problems),
                Some(body) => {
                    let value: Value = serde_json::from_slice(&body).unwrap();
                    SCHEMA.with(|schema| {
                        if let Some(problem) = schema.problem(&value) {
                            panic!("{problem}: {value}");
                        }
                    });
                }
            }
        }
    }
}
