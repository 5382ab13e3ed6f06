use super::*;
use crate::mapping::rule::Constant;
use crate::partner::PathSegment;

/// `organization.addresses[0].city`.
fn field(path: &str) -> Vec<PathSegment> {
    let mut segments = Vec::new();
    for name in path.split('.') {
        let (name, index) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            Some((name, index)) => (name, Some(index.parse().unwrap())),
            None => (name, None),
        };
        segments.push(PathSegment::Name(name.to_owned()));
        segments.extend(index.map(PathSegment::Index));
    }
    segments
}

fn part(path: &str, part: RulePart) -> Change {
    Change::Field {
        field: field(path),
        part,
    }
}

fn column(path: &str, name: &str) -> Change {
    part(path, RulePart::Column(name.to_owned()))
}

fn word(path: &str, word: &str, becomes: Option<&str>) -> Change {
    part(
        path,
        RulePart::Word {
            word: word.to_owned(),
            becomes: becomes.map(|b| Constant::Text(b.to_owned())),
        },
    )
}

fn setting(name: &str, value: Option<&str>) -> Change {
    Change::Setting {
        name: name.to_owned(),
        value: value.map(|v| SettingValue::Text(v.to_owned())),
    }
}

fn default(path: &str, value: Option<&str>) -> Change {
    part(
        path,
        RulePart::Default(value.map(|v| Constant::Text(v.to_owned()))),
    )
}

/// What a change takes out of a text and puts into it, line by line.
fn diff(before: &str, after: &str) -> String {
    let (a, b): (Vec<_>, Vec<_>) = (
        before.split_inclusive('\n').collect(),
        after.split_inclusive('\n').collect(),
    );
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    let ends = (rest_a.iter().rev())
        .zip(rest_b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let mut out = String::new();
    for line in &rest_a[..rest_a.len() - ends] {
        out.push('-');
        out.push_str(line);
    }
    for line in &rest_b[..rest_b.len() - ends] {
        out.push('+');
        out.push_str(line);
    }
    out
}

const MAPPING: &str = r#"# A mapping.
name = "x"   # the name
key  = "Id"  # the key

[source]
null = ["", "-"]   # words for nothing
# date_order = "mdy"   # a report's dates

[organization]
businessName      = "Name"        # by its name
displayName       = { columns = ["Trading As", "Name"] }   # two
onBoardingStatus  = { column = "Stage", map = { "Kick-off" = "Welcome Call" } }
signOnDate        = { column = "Signed On", decide = "a date?" }   # a remark
#   2 values are unusual
integrationMetadata.crm = { id = "Id" }

# The address.
[[organization.addresses]]   # one block
city = "Town"

# Columns that fill no field:
#   "Fax"
"#;

/// Each change, and what it takes out of the mapping and puts in.
fn check(cases: &[(Change, &str)]) {
    for (change, expected) in cases {
        let after = apply(MAPPING, change).unwrap();
        assert_eq!(diff(MAPPING, &after), *expected, "{change:?}\n{after}");
        // With Windows' line ends, and with a mark at the beginning, nothing else changes either.
        let windows = format!("\u{feff}{}", MAPPING.replace('\n', "\r\n"));
        let after_windows = apply(&windows, change).unwrap();
        assert_eq!(
            after_windows,
            format!("\u{feff}{}", after.replace('\n', "\r\n"))
        );
    }
}

#[test]
fn a_column_that_is_used_leaves_the_list_of_those_that_are_not() {
    let after = apply(MAPPING, &column("organization.displayName", "Fax")).unwrap();
    let expected = MAPPING
        .replace("{ columns = [\"Trading As\", \"Name\"] }", "\"Fax\"")
        .replace("\n# Columns that fill no field:\n#   \"Fax\"\n", "");
    assert_eq!(after, expected);
}

#[test]
fn a_rule_changes_in_its_line() {
    check(&[
        (
            column("organization.businessName", "Firm \"X\""),
            "-businessName      = \"Name\"        # by its name\n+businessName      = 'Firm \"X\"'        # by its name\n",
        ),
        (
            column("organization.displayName", "Name"),
            "-displayName       = { columns = [\"Trading As\", \"Name\"] }   # two\n+displayName       = \"Name\"   # two\n",
        ),
        (
            part(
                "organization.displayName",
                RulePart::Value(Constant::Integer(4)),
            ),
            "-displayName       = { columns = [\"Trading As\", \"Name\"] }   # two\n+displayName       = { value = 4 }   # two\n",
        ),
        (
            word("organization.onBoardingStatus", "Done", Some("Completed")),
            "-onBoardingStatus  = { column = \"Stage\", map = { \"Kick-off\" = \"Welcome Call\" } }\n+onBoardingStatus  = { column = \"Stage\", map = { \"Kick-off\" = \"Welcome Call\", \"Done\" = \"Completed\" } }\n",
        ),
        (
            word(
                "organization.onBoardingStatus",
                "Kick-off",
                Some("Not Started"),
            ),
            "-onBoardingStatus  = { column = \"Stage\", map = { \"Kick-off\" = \"Welcome Call\" } }\n+onBoardingStatus  = { column = \"Stage\", map = { \"Kick-off\" = \"Not Started\" } }\n",
        ),
        (
            word("organization.onBoardingStatus", "Kick-off", None),
            "-onBoardingStatus  = { column = \"Stage\", map = { \"Kick-off\" = \"Welcome Call\" } }\n+onBoardingStatus  = \"Stage\"\n",
        ),
        (
            default("organization.addresses[0].city", Some("X")),
            "-city = \"Town\"\n+city = { column = \"Town\", default = \"X\" }\n",
        ),
        (
            column("organization.addresses[0].countryCode", "Land"),
            "+countryCode = \"Land\"\n",
        ),
        (
            column("organization.addresses[1].city", "Other town"),
            "+[[organization.addresses]]\n+city = \"Other town\"\n+\n",
        ),
        (
            column("vendorAccount.bankAccount.accountNumber", "IBAN"),
            "+[vendorAccount.bankAccount]\n+accountNumber = \"IBAN\"\n+\n",
        ),
        (
            column("organization.type", "Kind"),
            "+type              = \"Kind\"\n",
        ),
        (
            column("organization.integrationMetadata.crm.b c", "B"),
            "-integrationMetadata.crm = { id = \"Id\" }\n+integrationMetadata.crm = { id = \"Id\", \"b c\" = \"B\" }\n",
        ),
        (
            column("organization.integrationMetadata.erp.id", "B"),
            "+integrationMetadata.erp.id = \"B\"\n",
        ),
    ]);
}

#[test]
fn a_field_is_a_line_more_or_less() {
    check(&[
        (
            Change::RemoveField(field("organization.businessName")),
            "-businessName      = \"Name\"        # by its name\n+# businessName      = \"Name\"        # by its name\n",
        ),
        (
            Change::RemoveField(field("organization.onBoardingStatus")),
            "-onBoardingStatus  = { column = \"Stage\", map = { \"Kick-off\" = \"Welcome Call\" } }\n",
        ),
        (
            Change::RemoveField(field("organization.integrationMetadata")),
            "-integrationMetadata.crm = { id = \"Id\" }\n",
        ),
        (
            Change::Decide {
                place: Place::Field(field("organization.signOnDate")),
                question: None,
            },
            "-signOnDate        = { column = \"Signed On\", decide = \"a date?\" }   # a remark\n+signOnDate        = \"Signed On\"   # a remark\n",
        ),
        (
            column("organization.signOnDate", "Since"),
            "-signOnDate        = { column = \"Signed On\", decide = \"a date?\" }   # a remark\n+signOnDate        = \"Since\"   # a remark\n",
        ),
        (
            Change::Decide {
                place: Place::Key,
                question: Some("is it?".to_owned()),
            },
            "-key  = \"Id\"  # the key\n+key  = { column = \"Id\", decide = \"is it?\" }  # the key\n",
        ),
        (
            Change::Key(vec!["A".to_owned(), "B".to_owned()]),
            "-key  = \"Id\"  # the key\n+key  = [\"A\", \"B\"]  # the key\n",
        ),
        (
            setting("date_order", Some("dmy")),
            "-# date_order = \"mdy\"   # a report's dates\n+date_order = \"dmy\"   # a report's dates\n",
        ),
        (setting("quote", Some("'")), "+quote = \"'\"\n"),
        (
            Change::Setting {
                name: "header_row".to_owned(),
                value: Some(SettingValue::Number(3)),
            },
            "+header_row = 3\n",
        ),
        (
            setting("null", None),
            "-null = [\"\", \"-\"]   # words for nothing\n+# null = [\"\", \"-\"]   # words for nothing\n",
        ),
        (
            Change::NullWord {
                word: "N/A".to_owned(),
                is_null: true,
            },
            "-null = [\"\", \"-\"]   # words for nothing\n+null = [\"\", \"-\", \"N/A\"]   # words for nothing\n",
        ),
    ]);
}

#[test]
fn questions_and_settings_are_lines() {
    check(&[
        (
            Change::NullWord {
                word: String::new(),
                is_null: false,
            },
            "-null = [\"\", \"-\"]   # words for nothing\n+null = [\"-\"]   # words for nothing\n",
        ),
        (
            Change::Rows {
                rule: RowsRule::Except,
                column: "Name".to_owned(),
                words: vec!["Total*".to_owned()],
            },
            "+except = { Name = \"Total*\" }\n",
        ),
        (
            Change::Level {
                code: "date.ambiguous".to_owned(),
                level: Some(Level::Allow),
            },
            "+[validation]\n+allow = [\"date.ambiguous\"]\n+\n",
        ),
        (part("organization.type", RulePart::Lookup(None)), ""),
        (
            Change::AddTest(NewTest {
                name: None,
                row: vec![("Id".to_owned(), "1".to_owned())],
                sends: Some(serde_json::json!({"organization": {"legacyIdentifier": "1"}})),
                problems: Vec::new(),
            }),
            "+[[test]]\n+row = { \"Id\" = \"1\" }\n+sends = { organization = { legacyIdentifier = \"1\" } }\n+\n",
        ),
    ]);
}

fn check_layouts(cases: &[(&str, Change, &str)]) {
    let base = "name = \"x\"\nkey = \"Id\"\n";
    for (text, change, expected) in cases {
        let before = format!("{base}{text}");
        let after = apply(&before, change).unwrap();
        assert_eq!(diff(&before, &after), *expected, "{change:?}\n{after}");
    }
}

/// Layouts that this program does not write, but people do.
#[test]
fn other_layouts_are_edited_where_they_are() {
    check_layouts(&[
        (
            "organization.businessName = \"Name\"\n",
            column("organization.displayName", "D"),
            "+organization.displayName = \"D\"\n",
        ),
        (
            "organization.businessName = \"Name\"\n",
            column("organization.addresses[0].city", "C"),
            "+organization.addresses = [{ city = \"C\" }]\n",
        ),
        (
            "organization = { businessName = \"Name\" }\n",
            column("organization.displayName", "D"),
            "-organization = { businessName = \"Name\" }\n+organization = { businessName = \"Name\", displayName = \"D\" }\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\n[organization.displayName]\ncolumn = \"D\" # here\n",
            default("organization.displayName", Some("x")),
            "+default = \"x\"\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\n[organization.displayName]\ncolumn = \"D\" # here\n",
            Change::RemoveField(field("organization.displayName")),
            "-[organization.displayName]\n-column = \"D\" # here\n+# [organization.displayName]\n+# column = \"D\" # here\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\naddresses = [{ city = \"A\" }, { city = \"B\" }]\n",
            Change::RemoveField(field("organization.addresses[0].city")),
            "-addresses = [{ city = \"A\" }, { city = \"B\" }]\n+addresses = [{}, { city = \"B\" }]\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\naddresses = [{ city = \"A\" }, { city = \"B\" }]\n",
            column("organization.addresses[2].city", "C"),
            "-addresses = [{ city = \"A\" }, { city = \"B\" }]\n+addresses = [{ city = \"A\" }, { city = \"B\" }, { city = \"C\" }]\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\ntype = { column = \"T\", map = {\n  \"a\" = \"1\",  # one\n  \"b\" = \"2\"   # two\n} }\n",
            word("organization.type", "c", Some("3")),
            "-  \"b\" = \"2\"   # two\n+  \"b\" = \"2\",   # two\n+  \"c\" = \"3\"\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\ntype = { column = \"T\", map = {\n  \"a\" = \"1\",  # one\n  \"b\" = \"2\"   # two\n} }\n",
            word("organization.type", "b", None),
            "-  \"b\" = \"2\"   # two\n+  # two\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\nvendorProfileIds = [\"V\"]\n",
            part(
                "organization.vendorProfileIds",
                RulePart::Split(Some(";".to_owned())),
            ),
            "-vendorProfileIds = [\"V\"]\n+vendorProfileIds = { column = \"V\", split = \";\" }\n",
        ),
        (
            "[organization]\nbusinessName = \"Name\"\n[vendorAccount.bankAccount]\naccountNumber = \"A\"",
            column("vendorAccount.email", "E"),
            "-accountNumber = \"A\"+accountNumber = \"A\"\n+\n+[vendorAccount]\n+email = \"E\"\n",
        ),
    ]);
}

#[test]
fn values_in_brackets_are_edited_where_they_are() {
    check_layouts(&[
        (
            "[organization]\nbusinessName = \"Name\"\n\n[query]\ncreateApptivoAccount = \"A\"\n",
            Change::RemoveField(field("query.createApptivoAccount")),
            "-\n-[query]\n-createApptivoAccount = \"A\"\n",
        ),
        (
            "[organization]\nbusinessName = { column = \"N\", decide = \"?\" } # why\ndisplayName = { decide = \"?\" } # what\n",
            Change::Decide {
                place: Place::Field(field("organization.displayName")),
                question: None,
            },
            "-displayName = { decide = \"?\" } # what\n+# displayName = { decide = \"?\" } # what\n",
        ),
    ]);
}

#[test]
fn what_cannot_be_edited_is_refused_with_words() {
    let not_toml = apply("name = ", &column("organization.type", "T")).unwrap_err();
    assert!(matches!(not_toml, EditError::NotToml(_)), "{not_toml}");
    assert_eq!(
        apply(MAPPING, &default("organization.type", Some("1"))).unwrap_err(),
        EditError::NoRule("organization.type".to_owned())
    );
    let gap = column("organization.addresses[3].city", "C");
    assert_eq!(
        apply(MAPPING, &gap).unwrap_err(),
        EditError::Unusual("organization.addresses[3].city".to_owned())
    );
    // A list that is written as one table has no second element.
    let text = "name = \"x\"\n[organization.addresses]\ncity = \"A\"\n";
    let second = column("organization.addresses[1].city", "C");
    assert!(matches!(
        apply(text, &second).unwrap_err(),
        EditError::Unusual(_)
    ));
}

#[test]
fn questions_are_found_in_all_tables() {
    let text = r#"key = { column = "Id", decide = "unique?" }
[source]
date_order = { decide = "which?" }
[organization]
businessName = { decide = "which column?" }
[[organization.addresses]]
city = { column = "C", decide = "a city?" }
"#;
    let found = questions(text).unwrap();
    let shown: Vec<_> = (found.iter())
        .map(|q| format!("{:?} {} {}", q.place, q.text, q.has_answer))
        .collect();
    let city = field("organization.addresses[0].city");
    assert_eq!(
        shown,
        [
            "Key unique? true".to_owned(),
            "Setting(\"date_order\") which? false".to_owned(),
            format!(
                "{:?} which column? false",
                Place::Field(field("organization.businessName"))
            ),
            format!("{:?} a city? true", Place::Field(city)),
        ]
    );
}
