use super::*;

fn problems(text: &str) -> Vec<String> {
    match Mapping::parse("m.toml", text) {
        Ok(_) => Vec::new(),
        Err(MappingError::Invalid { problems, text, .. }) => problems
            .into_iter()
            .map(|p| {
                let line = text[..p.span.start].matches('\n').count() + 1;
                format!(
                    "{line}: {}{}",
                    p.message,
                    p.help.map(|h| format!(" | {h}")).unwrap_or_default()
                )
            })
            .collect(),
        Err(other) => vec![other.to_string()],
    }
}

#[test]
fn the_contracts_example_is_a_mapping() {
    let mapping = Mapping::parse(
        "m.toml",
        include_str!("../../../tests/it/support/contract.toml"),
    )
    .unwrap();
    assert_eq!(mapping.name, "apptivo-customers");
    assert_eq!(mapping.rules.len(), 20);
    assert_eq!(mapping.source.date_order, Some(Order::MonthFirst));
}

#[test]
fn everything_wrong_is_told_at_once_with_its_line() {
    let text = r#"nmae = "x"
key = []
[source]
delimeter = ";"
date_order = "mdx"
encoding = "windoes-1252"
[organization]
bussinessName = "Name"
displayName = { colum = "Name" }
onBoardingStatus = { column = "A", value = 1 }
type = 1
signOnDate = { column = "D", transform = "uper" }
hcoXrefId = { partner = "P" }
[[organization.addresses]]
street = "S"
[validation]
allow = ["date.amb", "key.missing"]
"#;
    insta::assert_snapshot!(problems(text).join("\n"));
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let found = problems("name = \"x\"\nkey = \"Id\n[organization]\n");
    assert!(found[0].starts_with("2: not TOML"), "{found:?}");
}

#[test]
fn no_key_and_no_name_are_told() {
    let found = problems("[organization]\nbusinessName = \"N\"\n");
    assert_eq!(found.len(), 2);
    assert!(found[0].contains("no name") && found[1].contains("no key"));
}

#[test]
fn a_question_is_a_problem_until_it_is_taken_out() {
    let text = r#"name = "x"
key = { column = "Id", decide = "is it unique?" }
[source]
date_order = { decide = "write \"mdy\" or \"dmy\"" }
locale = { value = "de", decide = "is it German?" }
[organization]
businessName = { decide = "which column?" }
displayName = { column = "N", decide = "is it the name?" }
parentId = { partner = "P", decide = 4 }
integrationMetadata.x = { decide = "Column" }
"#;
    insta::assert_snapshot!(problems(text).join("\n"));
    let decided = r#"name = "x"
key = { column = "Id" }
[source]
locale = { value = "de" }
[organization]
businessName = { column = "N" }
"#;
    let mapping = Mapping::parse("m.toml", decided).unwrap();
    assert_eq!(mapping.key.0[0].text, "Id");
    assert!(mapping.source.locale.is_some());
    let wrong = "name = \"x\"\nkey = { colum = \"Id\" }\n[organization]\nbusinessName = \"N\"\n";
    let found = problems(wrong).join("\n");
    assert!(
        found.contains("2: unknown word of key \"colum\""),
        "{found}"
    );
}
