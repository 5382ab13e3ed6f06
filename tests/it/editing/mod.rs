mod changes;
mod layout;
mod meaning;

use partner_sync::mapping::Constant;
use partner_sync::mapping::edit::{Change, EditError, Place, RulePart, apply, questions};
use proptest::prelude::*;

use crate::mapping::{mapping_path, shipped};
use crate::support::repository;
use changes::{FIELDS, What, field, named, what};
use layout::{comments, core, is_one_rule, lines_changed};
use meaning::Meaning;

/// All shipped mappings, and what `init` writes for every sample.
fn corpus() -> &'static [(String, String)] {
    static ALL: std::sync::OnceLock<Vec<(String, String)>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        for (mapping, sample) in shipped() {
            let text = std::fs::read_to_string(mapping_path(mapping)).unwrap();
            all.push((mapping.to_owned(), text));
            let sample = repository(&format!("samples/{sample}"));
            let proposed = partner_sync::ops::propose(&sample).unwrap().text;
            all.push((format!("init {}", sample.display()), proposed));
        }
        all
    })
}

fn is_block(change: &Change) -> bool {
    matches!(
        change,
        Change::AddTest(_) | Change::Expect { .. } | Change::RemoveTest(_)
    )
}

/// One change, with all that has to hold of it.
fn checked(before: &str, change: &Change) -> Result<String, TestCaseError> {
    let mut expected = Meaning::of(before);
    let possible = expected.change(change);
    let after = match (apply(before, change), possible) {
        (Ok(after), Ok(())) => after,
        (Err(EditError::NoRule(_) | EditError::Unusual(_)), Err(())) => {
            return Ok(before.to_owned());
        }
        (result, possible) => {
            return Err(TestCaseError::fail(format!(
                "{change:?}: {result:?} {possible:?}\n{before}"
            )));
        }
    };
    prop_assert_eq!(Meaning::of(&after), expected, "{:?}\n{}", change, after);
    for comment in comments(before).iter().flat_map(|c| core(c)) {
        let (had, has) = (
            before.matches(&comment).count(),
            after.matches(&comment).count(),
        );
        prop_assert!(has >= had, "{:?} lost {}\n{}", change, comment, after);
    }
    if !is_block(change) {
        prop_assert!(is_one_rule(before, &after), "{change:?}\n{after}");
    }
    // Only the file's own line ends.
    prop_assert_eq!(
        after.contains("\r\n"),
        before.contains("\r\n"),
        "{:?}",
        change
    );
    if before.contains("\r\n") {
        prop_assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    }
    Ok(after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// What is edited can be read, means what it meant but for the change, has every comment, and differs in a line.
    #[test]
    fn a_change_changes_what_it_says_and_nothing_else(
        (at, is_windows) in (any::<prop::sample::Index>(), any::<bool>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), what()), 1..7),
    ) {
        let (name, text) = &corpus()[at.index(corpus().len())];
        let mut text = text.clone();
        if is_windows {
            text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        }
        for (choice, what) in changes {
            let field = field(&text, choice);
            let change = match what {
                What::Part(part) => Change::Field { field, part },
                What::Remove => Change::RemoveField(field),
                What::Ask(question) => Change::Decide { place: Place::Field(field), question },
                What::Other(change) => change,
            };
            text = checked(&text, &change).map_err(|e| TestCaseError::fail(format!("{name}: {e}")))?;
        }
    }
}

/// A line that is put in is gone again when it is taken out; one that is changed is the old one when it is changed back.
#[test]
fn what_is_undone_leaves_nothing() {
    for (name, text) in corpus() {
        for path in FIELDS {
            let field = named(text, path);
            if Meaning::of(text).rules.contains_key(&field) {
                continue;
            }
            let put_in = Change::Field {
                field: field.clone(),
                part: RulePart::Column("X".to_owned()),
            };
            let with = apply(text, &put_in).unwrap();
            assert_ne!(&with, text);
            let without = apply(&with, &Change::RemoveField(field)).unwrap();
            assert_eq!(&without, text, "{name}: {path}");
        }
        for (field, rule) in Meaning::of(text).rules {
            let Some(column) = rule.get("column").filter(|_| !rule.contains_key("decide")) else {
                continue;
            };
            let column = column.as_str().unwrap().to_owned();
            let set = |to: &str| Change::Field {
                field: field.clone(),
                part: RulePart::Column(to.to_owned()),
            };
            let other = apply(text, &set("another")).unwrap();
            assert_eq!(lines_changed(text, &other), (1, 1));
            assert_eq!(apply(&other, &set(&column)).unwrap(), *text, "{name}");
            let word = |becomes| Change::Field {
                field: field.clone(),
                part: RulePart::Word {
                    word: "a new word".to_owned(),
                    becomes,
                },
            };
            let with = apply(text, &word(Some(Constant::Integer(1)))).unwrap();
            assert_eq!(lines_changed(text, &with), (1, 1));
            assert_eq!(apply(&with, &word(None)).unwrap(), *text, "{name}");
        }
    }
}

/// Every question of a proposal can be answered through its place; then none is left.
#[test]
fn all_questions_can_be_answered() {
    let mut asked = 0;
    for (name, text) in corpus() {
        let mut text = text.clone();
        for question in questions(&text).unwrap() {
            asked += 1;
            let answered = Change::Decide {
                place: question.place,
                question: None,
            };
            text = apply(&text, &answered).unwrap();
        }
        assert_eq!(questions(&text).unwrap(), [], "{name}");
        assert!(
            !text
                .lines()
                .any(|l| !l.starts_with('#') && l.contains("decide = "))
        );
    }
    assert!(asked > 10, "{asked}");
}
