//! Addresses and telephone numbers: which columns belong to one of them, and in which order they are proposed.

use super::columns::Columns;
use super::content::{Content, Look};
use super::name::{HOUSE_NUMBER, Named};
use super::name_words::Group;
use super::proposal::Assignment;

const ADDRESSES: &str = "organization.addresses[].";
const PHONES: &str = "organization.phoneNumbers[].";
const STREET: &str = "organization.addresses[].addressLine1";
const CITY: &str = "organization.addresses[].city";

/// Numbers the elements of the lists without gaps.
pub(super) fn arrange(assignments: &mut [Assignment]) {
    unite_addresses(assignments);
    for list in [ADDRESSES, PHONES] {
        let mut groups: Vec<Group> = of(assignments, list).map(|a| a.group).collect();
        groups.sort_unstable();
        groups.dedup();
        for assignment in assignments.iter_mut().filter(|a| a.path.starts_with(list)) {
            assignment.element = groups
                .iter()
                .position(|g| *g == assignment.group)
                .unwrap_or(0);
        }
    }
    ask_for_whole_addresses(assignments);
    ask_for_fragments(assignments);
}

fn of<'a>(assignments: &'a [Assignment], list: &'a str) -> impl Iterator<Item = &'a Assignment> {
    assignments.iter().filter(move |a| a.path.starts_with(list))
}

/// Often only the first column of an address says which one it is: `Payment Address, City, State`. Parts that no other says are
/// parts of it.
fn unite_addresses(assignments: &mut [Assignment]) {
    let has = |all: &[Assignment], group: Group, path: &str| {
        all.iter().any(|a| a.group == group && a.path == path)
    };
    let is_whole =
        |all: &[Assignment], group: Group| has(all, group, STREET) && has(all, group, CITY);
    if is_whole(assignments, Group::Main)
        && of(assignments, ADDRESSES).any(|a| a.group == Group::Main)
    {
        return;
    }
    for group in [Group::Billing, Group::Mailing, Group::Shipping] {
        let is_there = of(assignments, ADDRESSES).any(|a| a.group == group);
        let is_apart = !of(assignments, ADDRESSES)
            .filter(|a| a.group == Group::Main)
            .any(|a| has(assignments, group, a.path));
        if is_there && is_apart {
            for assignment in assignments
                .iter_mut()
                .filter(|a| a.path.starts_with(ADDRESSES))
            {
                if assignment.group == Group::Main {
                    assignment.group = group;
                }
            }
            return;
        }
    }
}

/// A column that is only called "Address" holds the whole of it where there is no column of towns.
fn ask_for_whole_addresses(assignments: &mut [Assignment]) {
    let with_city: Vec<Group> = assignments
        .iter()
        .filter(|a| a.path == CITY)
        .map(|a| a.group)
        .collect();
    for assignment in assignments.iter_mut() {
        let is_bare = assignment.path == STREET && assignment.surety <= super::name::Surety::Usual;
        if is_bare && assignment.undecided.is_none() && !with_city.contains(&assignment.group) {
            assignment.undecided = Some(
                "there is no column of towns; is it only the street, and not the whole address?"
                    .to_owned(),
            );
        }
    }
}

/// A second address that has neither street nor town is hardly one.
fn ask_for_fragments(assignments: &mut [Assignment]) {
    let is_place = |a: &Assignment| a.path == STREET || a.path == CITY;
    let with_place: Vec<usize> = assignments
        .iter()
        .filter(|a| is_place(a))
        .map(|a| a.element)
        .collect();
    if with_place.is_empty() {
        return;
    }
    for assignment in assignments
        .iter_mut()
        .filter(|a| a.path.starts_with(ADDRESSES))
    {
        if assignment.undecided.is_none() && !with_place.contains(&assignment.element) {
            assignment.undecided =
                Some("this address has neither a street nor a town; is it one?".to_owned());
        }
    }
}

/// Puts the number of the house beside its street; gives the columns that were placed.
pub(super) fn place_house_numbers(
    assignments: &mut [Assignment],
    named: &[Vec<Named>],
    columns: &Columns,
) -> Vec<usize> {
    let mut placed = Vec::new();
    for (column, names) in named.iter().enumerate() {
        let Some(name) = names.iter().find(|n| n.path == HOUSE_NUMBER) else {
            continue;
        };
        if placed.contains(&column)
            || assignments.iter().any(|a| a.column == column)
            || !is_house_number(columns.content(column))
        {
            continue;
        }
        let street = assignments.iter_mut().find(|a| {
            a.path == STREET
                && a.group == name.group
                && a.house_number.is_none()
                && a.undecided.is_none()
        });
        if let Some(street) = street
            && !has_numbers(columns, street.column)
        {
            // In French the number stands before the street.
            street.house_number = Some((column, name.language == "fr"));
            street
                .evidence
                .push_str("; the house number is a column of its own");
            placed.push(column);
        }
    }
    placed
}

fn is_house_number(content: Option<&Content>) -> bool {
    content.is_some_and(|c| c.filled > 0 && c.looks(Look::Extension) >= 0.8)
}

/// Whether the street has its number already: half of the streets end or begin with one.
fn has_numbers(columns: &Columns, street: usize) -> bool {
    let (mut filled, mut numbered) = (0, 0);
    for [text] in columns.first_rows([street]) {
        filled += usize::from(!text.is_empty());
        let is_digit =
            |part: Option<&str>| part.is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()));
        let mut parts = text.split_whitespace();
        numbered += usize::from(is_digit(parts.next()) || is_digit(parts.next_back()));
    }
    numbered * 2 > filled
}
