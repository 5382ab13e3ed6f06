//! The fields that can be chosen: required first, in plain words with the path beside it.

use serde::Serialize;

use crate::mapping::Feed;
use crate::partner::catalogue::FIELDS;
use crate::partner::{Field, FieldKind, PathSegment, field_name};
use crate::workbench::model::Model;

/// Fields to choose from.
#[derive(Debug, Serialize)]
pub(super) struct PickerView {
    groups: Vec<GroupView>,
}

#[derive(Debug, Serialize)]
struct GroupView {
    label: &'static str,
    options: Vec<OptionView>,
}

#[derive(Debug, Serialize)]
struct OptionView {
    path: String,
    name: String,
    /// What fills it now: a column's name, or a constant.
    now: String,
    is_chosen: bool,
}

/// Groups in their order, with the paths that they begin with.
const GROUPS: &[(&str, &[&str])] = &[
    ("Required", &[]),
    ("Organization", &["organization."]),
    ("Address", &["organization.addresses[]."]),
    ("Phone", &["organization.phoneNumbers[]."]),
    ("Partner criteria", &["partnerCriteria."]),
    ("Payment and bank", &["vendorAccount."]),
    ("What the API creates beside it", &["query."]),
];

/// The fields for a column; `chosen` is the one that it fills.
pub(super) fn for_column(model: Option<&Model>, chosen: Option<&str>) -> PickerView {
    picker(model, chosen, &|_| true)
}

/// The fields for a constant.
pub(super) fn fixed(model: Option<&Model>) -> PickerView {
    picker(model, None, &|field| {
        !field.sensitive && field.kind != FieldKind::PartnerReference
    })
}

fn picker(
    model: Option<&Model>,
    chosen: Option<&str>,
    fits: &dyn Fn(&Field) -> bool,
) -> PickerView {
    let mut groups: Vec<GroupView> = GROUPS
        .iter()
        .map(|(label, _)| GroupView {
            label,
            options: Vec::new(),
        })
        .collect();
    let fields = FIELDS
        .iter()
        .filter(|f| fits(f) && f.kind != FieldKind::FreeForm);
    for field in fields {
        let group = group_of(field);
        let options = paths(model, field).into_iter().map(|path| OptionView {
            name: field_name(&path),
            now: model.map_or_else(String::new, |m| now(m, &path)),
            is_chosen: chosen == Some(path.as_str()),
            path,
        });
        groups[group].options.extend(options);
    }
    groups.retain(|g| !g.options.is_empty());
    PickerView { groups }
}

fn group_of(field: &Field) -> usize {
    if field.required {
        return 0;
    }
    // The last that fits is the narrowest.
    let fits = |(_, starts): &&(&str, &[&str])| starts.iter().any(|s| field.path.starts_with(s));
    let last = GROUPS.iter().rev().find(fits);
    last.and_then(|(label, _)| GROUPS.iter().position(|(l, _)| l == label))
        .unwrap_or(1)
}

/// Where a field can stand: in each element of its list that there is, and in one more.
fn paths(model: Option<&Model>, field: &Field) -> Vec<String> {
    let Some((list, rest)) = field.path.split_once("[].") else {
        return vec![field.path.trim_end_matches("[]").to_owned()];
    };
    let elements = model.map_or(0, |m| elements(m, list));
    (0..=elements)
        .map(|at| format!("{list}[{at}].{rest}"))
        .collect()
}

/// How many elements of a list the mapping has.
fn elements(model: &Model, list: &str) -> usize {
    let prefix = format!("{list}[");
    let rules = &model.mapping.rules;
    let indices = rules.iter().enumerate().filter_map(|(at, rule)| {
        let is_in = model.path(at).starts_with(&prefix);
        let index = rule.path.iter().find_map(|s| match s {
            PathSegment::Index(i) => Some(i + 1),
            PathSegment::Name(_) => None,
        });
        index.filter(|_| is_in)
    });
    indices.max().unwrap_or(0)
}

fn now(model: &Model, path: &str) -> String {
    let Some(rule) = model.rule_of(path) else {
        return String::new();
    };
    match &model.mapping.rules[rule].rule.feed {
        Feed::Column(column) | Feed::Partner(column) => column.text.clone(),
        Feed::Columns(columns) => {
            let names: Vec<&str> = columns.iter().map(|c| c.text.as_str()).collect();
            names.join(", ")
        }
        Feed::Value(constant) => format!("always {}", constant.to_text()),
        Feed::Template(_) => "a template".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::model::catalogue_path;

    #[test]
    fn every_field_can_be_chosen_once_and_the_required_one_comes_first() {
        let view = for_column(None, None);
        assert_eq!(view.groups[0].label, "Required");
        assert_eq!(view.groups[0].options[0].path, "organization.businessName");
        let options = view.groups.iter().flat_map(|g| &g.options);
        let paths: Vec<&str> = options.map(|o| o.path.as_str()).collect();
        assert_eq!(paths.len(), FIELDS.len() - 1);
        assert!(paths.contains(&"organization.addresses[0].city"));
        assert!(paths.contains(&"organization.vendorProfileIds"));
        let is_known = |p: &str| crate::partner::catalogue::find(&catalogue_path(p)).is_some();
        assert!(paths.iter().copied().all(is_known));
        let address = view.groups.iter().find(|g| g.label == "Address").unwrap();
        assert_eq!(address.options.len(), 8);
    }
}
