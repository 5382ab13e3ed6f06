//! Workbooks: date cells, and numbers that may be dates.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use crate::support::{Server, Workdir, text};

#[test]
fn a_workbook_with_date_cells_and_the_same_csv_make_the_same_partners() {
    let rows = [
        ("A-1", "Alpha", (2026, 3, 4), 1.5),
        ("A-2", "Müller & Söhne", (2024, 2, 29), 2.0),
        ("A-3", "株式会社", (1999, 12, 31), 3.0),
    ];
    let mapping = "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Since\"\n\
                   integrationMetadata.crm = { factor = \"Factor\" }\n[partnerCriteria]\nonboardingDate = \"Since\"\n";
    let csv_dir = Workdir::new();
    let mut text_table = String::from("Id,Name,Since,Factor\n");
    for (id, name, (y, m, d), factor) in rows {
        text_table.push_str(&format!("{id},{name},{y:04}-{m:02}-{d:02},{factor}\n"));
    }
    csv_dir.write("e.csv", text_table);
    csv_dir.write("m.toml", mapping);

    let xlsx_dir = Workdir::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let date = Format::new().set_num_format("m/d/yyyy");
    for (column, name) in ["Id", "Name", "Since", "Factor"].into_iter().enumerate() {
        sheet
            .write(0, u16::try_from(column).unwrap(), name)
            .unwrap();
    }
    for (row, (id, name, (y, m, d), factor)) in rows.into_iter().enumerate() {
        let row = u32::try_from(row + 1).unwrap();
        sheet.write(row, 0, id).unwrap();
        sheet.write(row, 1, name).unwrap();
        sheet
            .write_with_format(row, 2, ExcelDateTime::from_ymd(y, m, d).unwrap(), &date)
            .unwrap();
        sheet.write(row, 3, factor).unwrap();
    }
    book.save(xlsx_dir.path("e.xlsx")).unwrap();
    xlsx_dir.write("m.toml", mapping);

    let made = |dir: &Workdir, file: &str| {
        let server = Server::start(dir, &[]);
        dir.run(&["import", file, "-m", "m.toml", "--rate", "unlimited"])
            .at(&server)
            .finish()
            .expect_exit(0);
        let mut partners: Vec<_> = server
            .partners()
            .into_iter()
            .map(|p| {
                (
                    text(&p, "/party/legacyIdentifier"),
                    text(&p, "/businessName"),
                    text(&p, "/signOnDate"),
                    text(&p, "/partnerCriteria/onboardingDate"),
                    p["integrationMetadata"].to_string(),
                )
            })
            .collect();
        partners.sort();
        partners
    };
    let (from_csv, from_xlsx) = (made(&csv_dir, "e.csv"), made(&xlsx_dir, "e.xlsx"));
    assert_eq!(from_csv, from_xlsx);
    assert_eq!(from_csv[0].2, "2026-03-04T00:00:00.000Z");
}

/// A workbook of one number a row in the column of dates, without a date style.
fn numbers(dir: &Workdir, numbers: &[f64]) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in ["Id", "Name", "Since"].into_iter().enumerate() {
        sheet
            .write(0, u16::try_from(column).unwrap(), name)
            .unwrap();
    }
    for (row, number) in (1..).zip(numbers) {
        sheet.write(row, 0, format!("A-{row}")).unwrap();
        sheet.write(row, 1, format!("Company {row}")).unwrap();
        sheet.write(row, 2, *number).unwrap();
    }
    book.save(dir.path("e.xlsx")).unwrap();
}

fn number_mapping(rule: &str) -> String {
    format!(
        "name = \"n\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = {rule}\n"
    )
}

/// A number is a date only where the mapping says so: by itself it might be anything.
#[test]
fn a_number_without_a_date_style_is_a_date_only_by_a_hint() {
    let dir = Workdir::new();
    // The third is half a second before midnight; the fourth is the 29th of February 1900, which never was.
    numbers(&dir, &[46_085.0, 61.0, 46_085.999_994_3, 60.0]);
    dir.write("m.toml", number_mapping("\"Since\""));
    let check = ["check", "e.xlsx", "-m", "m.toml", "--json"];
    let unhinted = dir.run(&check).finish().expect_exit(1).summary();
    assert_eq!((unhinted.get("valid"), unhinted.get("invalid")), (0, 4));

    let hinted = "{ column = \"Since\", formats = [\"excel\"] }";
    dir.write("m.toml", number_mapping(hinted));
    let server = Server::start(&dir, &[]);
    let import = ["import", "e.xlsx", "-m", "m.toml", "--json", "--rate"];
    let run = dir.run(&import).args(&["unlimited"]).at(&server).finish();
    let summary = run.expect_exit(1).summary();
    assert_eq!((summary.get("created"), summary.get("invalid")), (3, 1));
    let mut dates: Vec<(String, String)> = server
        .partners()
        .iter()
        .map(|p| (text(p, "/party/legacyIdentifier"), text(p, "/signOnDate")))
        .collect();
    dates.sort();
    let shown: Vec<&str> = dates.iter().map(|(_, date)| &date[..10]).collect();
    assert_eq!(shown, ["2026-03-04", "1900-03-01", "2026-03-04"]);
}

/// Eight digits are a day where there is such a day, and epochs are read by their own hints.
#[test]
fn numbers_of_other_kinds_are_read_by_their_digits_or_their_hint() {
    for (rule, number, date) in [
        ("\"Since\"", 20_260_304.0, Some("2026-03-04")),
        ("\"Since\"", 20_261_304.0, None),
        (
            "{ column = \"Since\", formats = [\"epoch_s\"] }",
            1_772_582_400.0,
            Some("2026-03-04"),
        ),
        (
            "{ column = \"Since\", formats = [\"epoch_ms\"] }",
            1_772_582_400_000.0,
            Some("2026-03-04"),
        ),
    ] {
        let dir = Workdir::new();
        numbers(&dir, &[number]);
        dir.write("m.toml", number_mapping(rule));
        let server = Server::start(&dir, &[]);
        let run = dir
            .run(&["import", "e.xlsx", "-m", "m.toml"])
            .at(&server)
            .finish();
        let partners = server.partners();
        let day = partners.first().map(|p| text(p, "/signOnDate"));
        assert_eq!(
            day.as_deref().map(|d| &d[..10]),
            date,
            "{rule} {number}: {run:?}"
        );
        assert_eq!(run.exit, i32::from(date.is_none()));
    }
}

/// What a calculation left behind the fifteenth digit is no key and no identifier, whatever its format shows, and in a text it
/// is sent as the spreadsheet shows it.
#[test]
fn digits_that_no_spreadsheet_shows_are_refused_or_told() {
    let dir = Workdir::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["Id", "Name", "Amount", "Code"]) {
        sheet.write(0, column, name).unwrap();
    }
    let zeros = rust_xlsxwriter::Format::new().set_num_format("00000");
    let keys = [10_011.000_000_000_002, 10_012.0, 10_013.0];
    let codes = [7.0, 42.000_000_000_000_01, 43.0];
    for (row, (key, code)) in (1..).zip(keys.into_iter().zip(codes)) {
        sheet.write(row, 0, key).unwrap();
        sheet.write(row, 1, format!("Company {row}")).unwrap();
        sheet.write(row, 2, 1_234.560_000_000_000_1).unwrap();
        sheet.write_with_format(row, 3, code, &zeros).unwrap();
    }
    book.save(dir.path("e.xlsx")).unwrap();
    dir.write(
        "m.toml",
        "name = \"n\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\ndisplayName = \"Amount\"\nhcoXrefId = \"Code\"\n",
    );
    let server = Server::start(&dir, &[]);
    let import = ["import", "e.xlsx", "-m", "m.toml", "--report", "out"];
    dir.run(&import).at(&server).finish().expect_exit(1);
    let partners = server.partners();
    let sent: Vec<String> = (partners.iter())
        .map(|p| {
            let at = |pointer| text(p, pointer);
            format!(
                "{} {} {}",
                at("/party/legacyIdentifier"),
                at("/displayName"),
                at("/hcoXrefId")
            )
        })
        .collect();
    assert_eq!(sent, ["10013 1234.56 00043"]);
    let problems = dir.read("out/problems.csv");
    assert_eq!(
        problems.matches(",cell.precision,").count(),
        2,
        "{problems}"
    );
    assert_eq!(problems.matches(",cell.rounded,").count(), 3, "{problems}");
    // As text it would look certain.
    let rejects = dir.read("out/rejects.csv");
    assert!(rejects.contains("\u{26a0} 10011,"), "{rejects}");
}
