//! Every format from one hand-made run.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use calamine::Reader as _;

use super::ending::RunEnding;
use super::*;
use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location};
use crate::partner::{
    ExternalId, Origin, PartnerId, RowKey, RowOutcome, RowResult, SourceCells, SourceValue,
};

#[derive(Debug)]
struct Cells(Vec<&'static str>);

impl SourceCells for Cells {
    fn cells(&self, _: u32) -> Vec<Cow<'_, str>> {
        self.0.iter().map(|c| Cow::Borrowed(*c)).collect()
    }

    fn each_value(&self, _: u32, each: &mut dyn FnMut(usize, SourceValue<'_>)) {
        for (column, cell) in self.0.iter().enumerate() {
            let value = cell.parse::<f64>();
            each(
                column,
                value.map_or(SourceValue::Text(cell), SourceValue::Number),
            );
        }
    }
}

fn row(
    row: u64,
    outcome: RowOutcome,
    cells: [&'static str; 3],
    diagnostics: Vec<Diagnostic>,
) -> RowResult {
    RowResult {
        origin: Origin {
            file: 0,
            ordinal: u32::try_from(row).unwrap(),
            row,
            batch: Arc::new(Cells(cells.to_vec())),
            index: 0,
        },
        key: Some(RowKey::new(cells[0])),
        legacy_identifier: Some(ExternalId::new(cells[0])),
        outcome,
        partner: (outcome == RowOutcome::Created).then(|| PartnerId::new("p-1")),
        diagnostics,
    }
}

fn found(code: Code, row: u64, column: (usize, &str), value: &str, sensitive: bool) -> Diagnostic {
    let at = Location {
        row: Some(row),
        column: Some(ColumnAt {
            index: column.0,
            name: column.1.into(),
        }),
        field: Some("organization.signOnDate".into()),
        ..Location::default()
    };
    Diagnostic::new(code, at, "It is wrong.").with_value(value, sensitive)
}

/// What a hand-made run leaves: a folder with its files, and its report.
#[expect(clippy::too_many_lines, reason = "a whole report, written out")]
fn hand_made(values: SourceValues) -> (tempfile::TempDir, RunReport) {
    let dir = tempfile::tempdir().unwrap();
    let folder = ReportFolder::create(dir.path()).unwrap();
    let format = RejectFormat {
        sheet: None,
        header: ["Id", "Signed \"On\"", "ABA"].map(str::to_owned).to_vec(),
        dropped: Vec::new(),
        added_column: "_problems",
        dates: None,
        rules: super::CsvRules::usual(b';'),
        blank_lines: 0,
        mark: b"",
        encode: None,
    };
    let wanted = Wanted {
        per_row: PerRow::Created,
        marked: MarkedRows::Problems,
        values,
    };
    let mut collector = Collector::new(
        Some(&folder),
        vec![("export.csv".into(), None)],
        vec![format],
        wanted,
        Arc::default(),
    )
    .unwrap();
    collector.set_name_columns(vec![Some(0)]);
    collector.add(row(
        2,
        RowOutcome::Created,
        ["K-1", "2026-03-04", "021000021"],
        Vec::new(),
    ));
    collector.add(row(
        3,
        RowOutcome::Invalid,
        ["K-2", "<script>alert(1)</script>", "021000022"],
        vec![
            found(
                Code::DateInvalid,
                3,
                (1, "Signed \"On\""),
                "<script>alert(1)</script>",
                false,
            ),
            found(Code::RoutingInvalid, 3, (2, "ABA"), "021000022", true),
        ],
    ));
    collector.add(row(
        4,
        RowOutcome::Invalid,
        ["K-3", "=1+1", "021000021"],
        vec![found(
            Code::DateInvalid,
            4,
            (1, "Signed \"On\""),
            "=1+1",
            false,
        )],
    ));
    collector.count(RowOutcome::Skipped, 1_200);
    collector.set_contents(Contents {
        fields: vec![FieldShare {
            field: "organization.signOnDate".to_owned(),
            column: Some("Signed \"On\"".to_owned()),
            filled: 1_000,
            empty: 201,
            invalid: 2,
            order: Some("day first: 1,000 values".to_owned()),
            dates: Some(("1999-12-31".to_owned(), "2026-03-04".to_owned())),
            example: Some(("04/03/2026".to_owned(), "2026-03-04".to_owned())),
        }],
        samples: vec![SamplePayload {
            file: "export.csv".to_owned(),
            row: 2,
            body: r#"{"organization":{"businessName":"A & B"},"vendorAccount":{"bankAccount":{"routingNumber":"*******21"}}}"#.to_owned(),
        }],
        columns: Vec::new(),
        words: Vec::new(),
    });
    let collected = collector.finish(Kind::Import);
    let mut report = RunReport {
        run: "20261124T010203Z-abcd".to_owned(),
        kind: Kind::Import,
        target: Some("https://orgs.ecg-api.com".to_owned()),
        mapping: "hand-made".to_owned(),
        files: vec!["export.csv".to_owned()],
        counts: collected.counts,
        verified: None,
        groups: collected.groups,
        errors: collected.errors,
        warnings: collected.warnings,
        detected: vec![Detected {
            file: "export.csv".to_owned(),
            decisions: vec![Decision {
                subject: "delimiter".to_owned(),
                found: "semicolon: 4 of 4 records have 3 cells".to_owned(),
                setting: "delimiter".into(),
                brief: Some("semicolon".to_owned()),
            }],
            notes: vec!["2 rows are hidden".to_owned()],
            left_out: 2,
            etag: None,
            footer: None,
            unused: vec!["Fax".to_owned()],
        }],
        contents: collected.contents,
        timeline: Some(Timeline {
            step: 250,
            rows: vec![10, 0, 0, 5],
            pauses: vec![Pause {
                from: 250,
                to: 750,
                throttled: true,
            }],
        }),
        values,
        stopped: None,
        together: None,
        seconds: 1.25,
        ending: RunEnding::Problems,
        written: Vec::new(),
        holds_bank_data: collected.has_rejects,
    };
    write_page(&folder, &report, &collected.findings).unwrap();
    folder
        .write("summary.json", summary_json(&report).as_bytes())
        .unwrap();
    report.written = ["report.html", "problems.csv"].map(Into::into).to_vec();
    (dir, report)
}

fn read(dir: &tempfile::TempDir, name: &str) -> String {
    std::fs::read_to_string(dir.path().join(name)).unwrap()
}

#[test]
fn the_terminal() {
    let (_dir, report) = hand_made(SourceValues::Shown);
    insta::assert_snapshot!(render_terminal(&report, Examples::Shown));
}

#[test]
fn the_text_files() {
    let (dir, _) = hand_made(SourceValues::Shown);
    let names = [
        "summary.json",
        "problems.csv",
        "problems.jsonl",
        "rejects.csv",
        "created.csv",
    ];
    let mut all = String::new();
    for name in names {
        let _ = writeln!(
            all,
            "== {name}
{}",
            read(&dir, name)
        );
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_page() {
    let (dir, _) = hand_made(SourceValues::Shown);
    let page = read(&dir, "report.html");
    // Style and script have their own files; what is made of the run is what lies between.
    let style = page.find("<style").unwrap()..page.find("</style>").unwrap();
    let script = page.rfind("<script nonce").unwrap();
    let nonce = page.split("nonce-").nth(1).unwrap()[..32].to_owned();
    let shown = format!("{}{}", &page[..style.start], &page[style.end..script]);
    insta::assert_snapshot!(shown.replace(&nonce, "NONCE"));
}

#[test]
fn the_workbook() {
    let (dir, _) = hand_made(SourceValues::Shown);
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook(dir.path().join("report.xlsx")).unwrap();
    let mut shown = String::new();
    for name in book.sheet_names() {
        let _ = writeln!(shown, "== {name}");
        for row in book.worksheet_range(&name).unwrap().rows() {
            let cells: Vec<String> = row.iter().map(|c| format!("{c:?}")).collect();
            shown.push_str(&(cells.join(" | ") + "\n"));
        }
    }
    insta::assert_snapshot!(shown);
}

/// Nothing that stood in a cell is left in any file.
#[test]
fn without_source_values() {
    let (dir, report) = hand_made(SourceValues::LeftOut);
    for gone in ["rejects.csv", "report.xlsx", "created.csv"] {
        assert!(!dir.path().join(gone).exists(), "{gone}");
    }
    let mut all = render_terminal(&report, Examples::Shown);
    for name in [
        "summary.json",
        "problems.csv",
        "problems.jsonl",
        "report.html",
    ] {
        all.push_str(&read(&dir, name));
    }
    for value in ["alert(1)", "1+1", "K-2", "A & B", "*22", "1999-12-31"] {
        assert!(!all.contains(value), "{value}");
    }
    insta::assert_snapshot!(read(&dir, "problems.csv"));
}
