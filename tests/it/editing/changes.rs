//! Any change to any field.

use partner_sync::mapping::Constant;
use partner_sync::mapping::edit::{
    Change, Level, LookupFile, NewTest, Place, RowsRule, RulePart, SettingValue,
};
use partner_sync::partner::PathSegment;
use proptest::prelude::*;
use toml::{Table, Value};

use super::meaning::Meaning;

pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["Name", "Billing City", "Stage", "Welcome Call", "US"]),
        1 => prop::sample::select(vec![
            "", "#", "a # b", "it's \"x\"", "C:\\new", "two\nlines", "a\tb", "Straße", "= {}", "]", "'''", "\u{7f}",
        ]),
    ]
    .prop_map(str::to_owned)
}

pub(super) fn constant() -> impl Strategy<Value = Constant> {
    prop_oneof![
        text().prop_map(Constant::Text),
        any::<i32>().prop_map(|n| Constant::Integer(n.into())),
        any::<bool>().prop_map(Constant::Boolean),
    ]
}

pub(super) fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

pub(super) fn part() -> impl Strategy<Value = RulePart> {
    let lookup = (text(), text(), text());
    prop_oneof![
        3 => text().prop_map(RulePart::Column),
        1 => texts().prop_map(RulePart::Columns),
        1 => constant().prop_map(RulePart::Value),
        1 => text().prop_map(RulePart::Template),
        1 => text().prop_map(RulePart::Partner),
        2 => prop::option::of(constant()).prop_map(RulePart::Default),
        1 => prop::option::of(text()).prop_map(RulePart::Split),
        1 => texts().prop_map(RulePart::Formats),
        1 => texts().prop_map(RulePart::Transform),
        3 => (text(), prop::option::of(constant()))
            .prop_map(|(word, becomes)| RulePart::Word { word, becomes }),
        1 => prop::option::of(lookup.prop_map(|(file, from, to)| LookupFile { file, from, to }))
            .prop_map(RulePart::Lookup),
        1 => any::<bool>().prop_map(RulePart::Required),
    ]
}

/// What is changed; fields are chosen when the text is known.
#[derive(Debug, Clone)]
pub(super) enum What {
    Part(RulePart),
    Remove,
    Ask(Option<String>),
    Other(Change),
}

pub(super) fn what() -> impl Strategy<Value = What> {
    let setting = prop::sample::select(vec!["delimiter", "quote", "date_order", "locale"]);
    let setting_value = prop_oneof![
        text().prop_map(SettingValue::Text),
        (1..90u64).prop_map(SettingValue::Number),
    ];
    let rule = prop::sample::select(vec![RowsRule::Only, RowsRule::Except]);
    let level = prop::sample::select(vec![None, Some(Level::Allow), Some(Level::Deny)]);
    let other = prop_oneof![
        text().prop_map(Change::Name),
        prop::collection::vec(text(), 1..3).prop_map(Change::Key),
        (setting, prop::option::of(setting_value)).prop_map(|(name, value)| Change::Setting {
            name: name.to_owned(),
            value
        }),
        (rule, text(), texts()).prop_map(|(rule, column, words)| Change::Rows {
            rule,
            column,
            words
        }),
        (text(), any::<bool>()).prop_map(|(word, is_null)| Change::NullWord { word, is_null }),
        (
            prop::sample::select(vec!["date.ambiguous", "row.alike"]),
            level
        )
            .prop_map(|(code, level)| Change::Level {
                code: code.to_owned(),
                level
            }),
        (
            prop::option::of(text()),
            prop::collection::btree_map(text(), text(), 1..6),
            texts()
        )
            .prop_map(|(name, row, problems)| Change::AddTest(NewTest {
                name,
                row: row.into_iter().collect(),
                sends: None,
                problems,
            })),
        (0..4_usize).prop_map(Change::RemoveTest),
        (0..4_usize, prop::option::of(text()), texts()).prop_map(|(number, sent, problems)| {
            Change::Expect {
                number,
                sends: sent
                    .map(|name| serde_json::json!({ "organization": { "businessName": name } })),
                problems,
            }
        }),
        prop::option::of(text()).prop_map(|question| Change::Decide {
            place: Place::Key,
            question
        }),
        prop::option::of(text()).prop_map(|question| Change::Decide {
            place: Place::Setting("date_order".to_owned()),
            question
        }),
    ];
    prop_oneof![
        5 => part().prop_map(What::Part),
        2 => Just(What::Remove),
        1 => prop::option::of(text()).prop_map(What::Ask),
        3 => other.prop_map(What::Other),
    ]
}

/// Fields that a mapping may have or not have.
pub(super) const FIELDS: &[&str] = &[
    "organization.type",
    "organization.hcoXrefId",
    "organization.integrationMetadata.erp.id",
    "organization.integrationMetadata.erp.a b",
    "partnerCriteria.status",
    "vendorAccount.email",
    "vendorAccount.bankAccount.accountNumber",
    "query.createApptivoAccount",
    "organization.addresses.+.city",
    "organization.phoneNumbers.+.phoneType",
];

/// A field of the mapping or of those above; a `+` is one element more than there are.
pub(super) fn field(text: &str, choice: prop::sample::Index) -> Vec<PathSegment> {
    let meaning = Meaning::of(text);
    let there: Vec<&Vec<PathSegment>> = meaning.rules.keys().collect();
    let at = choice.index(there.len() + FIELDS.len());
    if let Some(path) = there.get(at) {
        return (*path).clone();
    }
    named(text, FIELDS[at - there.len()])
}

/// The path of one of [`FIELDS`].
pub(super) fn named(text: &str, field: &str) -> Vec<PathSegment> {
    let document: Table = (text.trim_start_matches('\u{feff}')).parse().unwrap();
    let mut value = Some(Value::Table(document));
    let mut path = Vec::new();
    for name in field.split('.') {
        let elements = value.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        let step = match name {
            "+" => PathSegment::Index(elements),
            name => PathSegment::Name(name.to_owned()),
        };
        value = value.and_then(|v| match &step {
            PathSegment::Name(name) => v.get(name).cloned(),
            PathSegment::Index(i) => v.get(i).cloned(),
        });
        path.push(step);
    }
    path
}
