//! Each rule of a mapping, by one cell.

use std::fmt::Write as _;

use partner_sync::mapping::Mapping;
use serde_json::Value;

use crate::mapping::rows_of;
use crate::support::Workdir;

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
            r#"displayName = "Cell""#,
            "Smith &amp; Sons",
            r#"{"displayName":"Smith &amp; Sons"} text.html"#,
        ),
        (r#"displayName = "Cell""#, "NULL", "cell.null_word"),
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

/// Numbers without a country code are of the country of their row's own address.
#[test]
fn the_region_of_a_number_is_its_rows_country() {
    let dir = Workdir::new();
    let file = dir.write(
        "e.csv",
        "Id,Name,Country,Phone\n1,A,Germany,030 123456\n2,B,US,(619) 555-0134\n3,C,,(619) 555-0134\n\
         4,D,GB,+49 30 123456\n5,E,DE,12\n6,F,US,+49 151 23456789 mobil\n7,G,AT,0049 151 23456789 DW 3\n",
    );
    let mapping = Mapping::parse(
        "m.toml",
        "name = \"t\"\nkey = \"Id\"\n[source]\nphone_region = \"address\"\n[organization]\nbusinessName = \"Name\"\n\
         [[organization.phoneNumbers]]\nphoneNumber = \"Phone\"\n[[organization.addresses]]\ncountryCode = \"Country\"\n",
    )
    .unwrap_or_else(|e| panic!("{e}"));
    let sent: Vec<(String, String, usize)> = rows_of(&file, &mapping)
        .into_iter()
        .map(|row| {
            let body: Value = serde_json::from_slice(&row.body.unwrap()).unwrap();
            let phone = &body["organization"]["phoneNumbers"][0];
            let text = |field: &str| phone[field].as_str().unwrap_or_default().to_owned();
            (text("phoneNumber"), text("extension"), row.problems.len())
        })
        .collect();
    let row = |number: &str, extension: &str, problems| {
        (number.to_owned(), extension.to_owned(), problems)
    };
    assert_eq!(
        sent,
        [
            row("+4930123456", "", 0),
            row("+16195550134", "", 0),
            row("(619) 555-0134", "", 1),
            row("+4930123456", "", 0),
            row("12", "", 1),
            row("+4915123456789", "", 1),
            row("+4915123456789", "3", 0),
        ]
    );
}

/// A dump of a database writes NULL into its empty cells: `init` says so, and its mapping reads them as empty.
#[test]
fn init_proposes_the_words_that_stand_for_nothing() {
    let dir = Workdir::new();
    let mut csv = "Customer Number,Customer Name,City\n".to_owned();
    for n in 1..=30 {
        let city = if n % 3 == 0 { "NULL" } else { "Boston" };
        let city = if n == 7 { "\\N" } else { city };
        let _ = writeln!(csv, "C-{n},Partner {n},{city}");
    }
    dir.write("e.csv", csv);
    let proposed = dir.run(&["init", "e.csv"]).finish().expect_exit(0).stdout;
    assert!(proposed.contains(r#"null = ["NULL", '\N']"#), "{proposed}");
    let mapping = Mapping::parse("m.toml", &proposed).unwrap();
    let rows = rows_of(&dir.path("e.csv"), &mapping);
    assert!(rows.iter().all(|r| r.problems.is_empty()), "{proposed}");
}
