use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use partner_sync::mapping::starter::{json_schema, template};
use partner_sync::mapping::{Feed, Mapping};
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

/// A row that went through the corridor: its body, or none, and its problems.
struct Row {
    body: Option<Vec<u8>>,
    problems: Vec<String>,
}

/// Takes a file through the corridor.
fn rows_of(file: &Path, mapping: &Mapping) -> Vec<Row> {
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

/// One cell through one rule: the body's organization, or the codes.
fn through(rule: &str, cell: &str) -> String {
    let dir = Workdir::new();
    let mut text = Vec::new();
    {
        let mut writer = csv::Writer::from_writer(&mut text);
        writer
            .write_record(["Id", "Name", "Cell", "Other"])
            .unwrap();
        writer.write_record(["1", "N", cell, "other"]).unwrap();
    }
    let file = dir.write("e.csv", text);
    let mapping =
        format!("name = \"t\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n{rule}\n");
    let mapping = Mapping::parse("m.toml", &mapping).unwrap_or_else(|e| panic!("{e}"));
    let row = rows_of(&file, &mapping).remove(0);
    let codes: Vec<&str> = row
        .problems
        .iter()
        .filter_map(|p| p.split(' ').nth(3))
        .map(|c| c.trim_end_matches(':'))
        .collect();
    let mut out = match row.body {
        None => "refused".to_owned(),
        Some(body) => {
            let mut value: Value = serde_json::from_slice(&body).unwrap();
            let organization = value["organization"].as_object_mut().unwrap();
            organization.remove("legacyIdentifier");
            organization.remove("businessName");
            let mut parts = Vec::new();
            if !organization.is_empty() {
                parts.push(serde_json::to_string(&organization).unwrap());
            }
            for other in ["partnerCriteria", "vendorAccount"] {
                if let Some(part) = value.get(other) {
                    parts.push(part.to_string());
                }
            }
            parts.join(" ")
        }
    };
    for code in codes {
        let _ = write!(out, " {code}");
    }
    out.trim().to_owned()
}

#[test]
fn every_rule_does_what_the_page_says() {
    for (rule, cell, expected) in [
        (r#"displayName = "Cell""#, " x ", r#"{"displayName":"x"}"#),
        (r#"displayName = { column = "Cell" }"#, "", ""),
        (
            r#"displayName = { columns = ["Cell", "Other"] }"#,
            "",
            r#"{"displayName":"other"}"#,
        ),
        (
            r#"displayName = { columns = ["Cell", "Other"] }"#,
            "c",
            r#"{"displayName":"c"}"#,
        ),
        (
            r#"displayName = { value = "fixed" }"#,
            "x",
            r#"{"displayName":"fixed"}"#,
        ),
        (
            r#"displayName = { template = "{{ row['Cell'] }}-{{ row['Other'] }}" }"#,
            "a",
            r#"{"displayName":"a-other"}"#,
        ),
        (
            r#"displayName = { template = "{% if row['Cell'] %}yes{% endif %}" }"#,
            "",
            "",
        ),
        (
            r#"displayName = { column = "Cell", required = true }"#,
            "",
            "refused required.missing",
        ),
        (
            r#"displayName = { column = "Cell", default = "d" }"#,
            "",
            r#"{"displayName":"d"}"#,
        ),
        (
            r#"displayName = { column = "Cell", map = { "A b" = "mapped" } }"#,
            "A b",
            r#"{"displayName":"mapped"}"#,
        ),
        (
            r#"displayName = { column = "Cell", map = { "A b" = "mapped" } }"#,
            "a  B",
            r#"{"displayName":"mapped"}"#,
        ),
        (
            r#"displayName = { column = "Cell", map = { "A b" = "mapped" } }"#,
            "c",
            "refused map.missed",
        ),
        (
            r#"displayName = { column = "Cell", map = { "A b" = "mapped" }, default = "d" }"#,
            "c",
            r#"{"displayName":"d"} map.defaulted"#,
        ),
        (
            r#"displayName = { column = "Cell", transform = "upper" }"#,
            "straße",
            r#"{"displayName":"STRASSE"}"#,
        ),
        (
            r#"displayName = { column = "Cell", transform = ["lower", "title"] }"#,
            "ALPHA beta",
            r#"{"displayName":"Alpha Beta"}"#,
        ),
        (
            r#"hcoXrefId = { column = "Cell", transform = "digits" }"#,
            "A-12",
            r#"{"hcoXrefId":"12"}"#,
        ),
        (
            r#"vendorProfileIds = { column = "Cell", split = ";" }"#,
            "ae23fba4-f740-4d74-bbd6-80beee24f8f2; ;AE23FBA4F7404D74BBD680BEEE24F8F3",
            r#"{"vendorProfileIds":["ae23fba4-f740-4d74-bbd6-80beee24f8f2","ae23fba4-f740-4d74-bbd6-80beee24f8f3"]}"#,
        ),
        (
            r#"vendorProfileIds = { column = "Cell", split = ";" }"#,
            "x",
            "refused uuid.invalid",
        ),
        (
            r#"vendorProfileIds = { column = "Cell", split = ";" }"#,
            ";",
            "",
        ),
        (
            r#"onBoardingStatus = "Cell""#,
            "welcome call",
            r#"{"onBoardingStatus":2}"#,
        ),
        (
            r#"onBoardingStatus = "Cell""#,
            "3",
            r#"{"onBoardingStatus":3}"#,
        ),
        (
            r#"onBoardingStatus = { column = "Cell", map = { "Kick-off" = "Welcome Call" }, default = "Not Started" }"#,
            "Kick-off",
            r#"{"onBoardingStatus":2}"#,
        ),
        (
            r#"signOnDate = { column = "Cell", formats = ["%d %b %Y"] }"#,
            "4 Mar 2026",
            r#"{"signOnDate":"2026-03-04"}"#,
        ),
        (
            r#"signOnDate = "Cell""#,
            "3/4/2026",
            "refused date.ambiguous",
        ),
        (r#"signOnDate = "Cell""#, "1970-01-01", "date.sentinel"),
        (
            r#"integrationMetadata.crm = { a = "Cell", deep = { b = { value = 7 } } }"#,
            "x",
            r#"{"integrationMetadata":{"crm":{"a":"x","deep":{"b":7}}}}"#,
        ),
        (r#"integrationMetadata.crm = { a = "Cell" }"#, "", ""),
        (
            "[[organization.addresses]]\ncity = \"Cell\"\naddressType = { value = 1 }",
            "",
            "",
        ),
        (
            "[[organization.addresses]]\ncity = \"Cell\"\naddressType = { value = 1 }",
            "Rome",
            r#"{"addresses":[{"addressType":1,"city":"Rome"}]}"#,
        ),
        (
            "[[organization.addresses]]\naddressLine1 = \"Cell\"",
            "12 Main St\nSuite 5\r\nFloor 2",
            r#"{"addresses":[{"addressLine1":"12 Main St","addressLine2":"Suite 5, Floor 2"}]}"#,
        ),
        (
            "[[organization.phoneNumbers]]\nphoneNumber = \"Cell\"",
            "+1 619 555 0134 ext. 7",
            r#"{"phoneNumbers":[{"extension":"7","phoneNumber":"+16195550134"}]}"#,
        ),
        (
            r#"displayName = "Cell""#,
            "\u{a0}x\u{200b}",
            r#"{"displayName":"x"} text.trimmed"#,
        ),
        (r#"displayName = "Cell""#, "a\u{7}b", "refused text.control"),
        (
            "[partnerCriteria]\nenableCommissions = \"Cell\"",
            "Y",
            r#"{"enableCommissions":true}"#,
        ),
        ("[partnerCriteria]\nenableCommissions = \"Cell\"", "", ""),
        (
            "[partnerCriteria]\nonboardingDate = { value = \"2026-03-04\" }\ndeactivatedDate = \"Cell\"",
            "2026-03-03",
            "refused date.reversed",
        ),
        (
            "[partnerCriteria]\nonboardingDate = { value = \"2026-03-04\" }\ndeactivatedDate = \"Cell\"",
            "2026-03-04",
            r#"{"deactivatedDate":"2026-03-04","onboardingDate":"2026-03-04"}"#,
        ),
        (
            "[vendorAccount.bankAccount]\nroutingNumber = { value = \"021000021\" }\naccountNumber = \"Cell\"",
            "",
            "refused bank.incomplete",
        ),
        (
            "[vendorAccount.bankAccount]\nroutingNumber = \"Cell\"\naccountNumber = \"Cell\"",
            "",
            "",
        ),
        (
            "[vendorAccount.bankAccount]\nroutingNumber = \"Cell\"",
            "021000021",
            r#"{"bankAccount":{"routingNumber":"021000021"}}"#,
        ),
    ] {
        assert_eq!(through(rule, cell), expected, "{rule} of {cell:?}");
    }
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

fn shipped() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHIPPED
        .iter()
        .flat_map(|(mapping, samples)| samples.iter().map(move |s| (*mapping, *s)))
}

fn mapping_path(name: &str) -> PathBuf {
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

/// Fields and the columns that feed them; constants, templates and free-form keys are nobody's to guess.
fn assignments(mapping: &Mapping) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    found.insert(
        "key".to_owned(),
        mapping.key.0.iter().map(|k| k.text.clone()).collect(),
    );
    for rule in &mapping.rules {
        if rule.field.path == "organization.integrationMetadata" {
            continue;
        }
        let columns: Vec<String> = match &rule.rule.feed {
            Feed::Column(c) | Feed::Partner(c) => vec![c.text.clone()],
            Feed::Columns(all) => all.iter().map(|c| c.text.clone()).collect(),
            Feed::Value(_) | Feed::Template(_) => continue,
        };
        found.insert(partner_sync::partner::display_path(&rule.path), columns);
    }
    found
}

/// `init` finds at least 90 % of the shipped mapping's assignments in each sample, and what it proposes passes
/// `check` on the file or says what is left to decide.
#[test]
fn init_finds_the_shipped_assignments() {
    let mut told = String::new();
    for (mapping, sample) in shipped() {
        let dir = Workdir::new();
        let file = repository(&format!("samples/{sample}"));
        let file = file.to_str().unwrap();
        dir.run(&["init", file, "-o", "m.toml"])
            .finish()
            .expect_exit(0);
        let text = dir.read("m.toml");
        let proposed = Mapping::parse("m.toml", &text).unwrap_or_else(|e| panic!("{sample}: {e}"));
        let proposed = assignments(&proposed);
        let right = assignments(&Mapping::read(&mapping_path(mapping)).unwrap());
        let mut missed = Vec::new();
        for (field, columns) in &right {
            if !proposed.get(field).is_some_and(|p| columns.contains(&p[0])) {
                missed.push(format!(
                    "{field} = {columns:?}, not {:?}",
                    proposed.get(field)
                ));
            }
        }
        let found = right.len() - missed.len();
        let _ = writeln!(
            told,
            "{sample}: {found} of {}; missed {missed:?}",
            right.len()
        );
        assert!(found * 10 >= right.len() * 9, "{told}");
        let wrong: Vec<_> = proposed
            .iter()
            .filter(|(field, columns)| right.get(*field).is_some_and(|r| !r.contains(&columns[0])))
            .collect();
        assert!(wrong.len() * 20 <= right.len(), "{sample}: {wrong:?}");

        let check = dir.run(&["check", file, "-m", "m.toml"]).finish();
        assert!(
            check.exit == 0 || text.contains("decide") || text.contains("#   "),
            "{sample}\n{text}\n{}",
            check.stdout
        );
    }
    println_told(&told);
}

fn println_told(told: &str) {
    // Shown by `cargo test -- --nocapture`: the measured shares.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), told.as_bytes());
}

#[test]
fn a_proposal_is_never_written_over_a_mapping() {
    let dir = Workdir::new();
    dir.simple_export(2);
    let run = dir
        .run(&["init", "e.csv", "-o", "m.toml"])
        .finish()
        .expect_exit(2);
    assert!(run.stderr.contains("cannot write m.toml"), "{}", run.stderr);
    assert_eq!(dir.read("m.toml"), crate::support::SIMPLE_MAPPING);
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
