use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::mapping::Contact::{Email, Phone, PostalCode};

/// A row of a test: its number is its key. Zero is nothing.
#[derive(Debug, Clone)]
struct Row {
    number: u32,
    name: u8,
    contacts: [u8; 3],
    parent: Option<u32>,
}

fn row(number: u32, name: u8, contacts: [u8; 3]) -> Row {
    Row {
        number,
        name,
        contacts,
        parent: None,
    }
}

fn member(row: &Row) -> Member {
    let mut likeness = Likeness::default();
    likeness.name = vec![b'n', row.name];
    likeness.contacts = row
        .contacts
        .map(|c| if c == 0 { Vec::new() } else { vec![b'c', c] });
    let place = Place {
        file: 0,
        row: row.number.into(),
    };
    let parents = row.parent.into_iter().map(u64::from).collect();
    let (key, content) = (u64::from(row.number), u64::from(row.number) << 32);
    Member::new(&likeness, &place, key, parents, content)
}

fn find(rows: &[Row]) -> Clusters {
    Clusters::find(rows.iter().map(member).collect(), &FxHashSet::default())
}

/// The rows of each cluster, by their numbers.
fn sets(clusters: &Clusters) -> BTreeSet<BTreeSet<u32>> {
    let mut sets: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for ((_, row), cluster) in &clusters.of_row {
        sets.entry(*cluster).or_default().insert(*row);
    }
    sets.into_values().collect()
}

#[test]
fn what_rows_have_in_common_is_named() {
    let of = |rows: &[Row]| {
        let found = find(rows);
        let cluster = found.of(0, 1).cloned();
        cluster.map(|c| (c.rows, c.contacts, c.by_all))
    };
    let a = row(1, 1, [1, 1, 1]);
    assert_eq!(
        of(&[a.clone(), row(2, 1, [1, 1, 1])]),
        Some((2, vec![Phone, Email, PostalCode], true))
    );
    assert_eq!(
        of(&[a.clone(), row(2, 1, [2, 0, 1])]),
        Some((2, vec![PostalCode], true))
    );
    // The third row has the phone number of the first and the postal code of the second.
    assert_eq!(
        of(&[a.clone(), row(2, 1, [2, 2, 2]), row(3, 1, [1, 0, 2])]),
        Some((3, vec![Phone, PostalCode], false))
    );
    // Each has its phone number in common with one, and none with all.
    let two_and_two = [
        a.clone(),
        row(2, 1, [1, 0, 1]),
        row(3, 1, [2, 0, 1]),
        row(4, 1, [2, 0, 1]),
    ];
    assert_eq!(of(&two_and_two), Some((4, vec![PostalCode], true)));
    assert_eq!(of(&[a.clone(), row(2, 2, [1, 1, 1])]), None);
    assert_eq!(of(&[a.clone(), row(2, 1, [2, 2, 2])]), None);
    assert_eq!(of(&[a, row(2, 1, [0, 0, 0])]), None);
}

#[test]
fn a_head_office_is_not_its_branches() {
    let branch = |n: u32, postal: u8| row(n, 1, [1, 1, postal]);
    // Two may have moved, three are branches.
    assert_eq!(sets(&find(&[branch(1, 1), branch(2, 2)])).len(), 1);
    let branches = [branch(1, 1), branch(2, 2), branch(3, 3)];
    assert!(sets(&find(&branches)).is_empty());
    // One of them stands twice.
    let more = [&branches[..], &[branch(4, 3)]].concat();
    assert_eq!(sets(&find(&more)), BTreeSet::from([BTreeSet::from([3, 4])]));
}

#[test]
fn a_parent_is_not_its_child() {
    let child = |n: u32, parent| Row {
        parent: Some(parent),
        ..row(n, 1, [1, 0, 1])
    };
    let parent = row(1, 1, [1, 0, 1]);
    assert!(sets(&find(&[parent.clone(), child(2, 1)])).is_empty());
    assert!(sets(&find(&[child(2, 1), parent.clone()])).is_empty());
    // Two children of one parent may be one.
    let three = find(&[parent, child(2, 1), child(3, 1)]);
    assert_eq!(sets(&three), BTreeSet::from([BTreeSet::from([2, 3])]));
}

#[test]
fn rows_that_have_a_message_of_their_own_are_none() {
    let rows = [row(1, 1, [1, 0, 0]), row(2, 1, [1, 0, 0])];
    let members: Vec<Member> = rows.iter().map(member).collect();
    let repeated = FxHashSet::from_iter([2]);
    assert!(sets(&Clusters::find(members.clone(), &repeated)).is_empty());
    let alike = members.into_iter().map(|m| Member { content: 7, ..m });
    assert!(sets(&Clusters::find(alike.collect(), &FxHashSet::default())).is_empty());
}

#[test]
fn hundreds_of_rows_are_reported_once() {
    let rows: Vec<Row> = (1..=400).map(|n| row(n, 1, [1, 0, 0])).collect();
    let found = find(&rows);
    assert_eq!(found.of_row.len(), 1);
    let cluster = found.of(0, 1).unwrap();
    assert_eq!((cluster.rows, cluster.places.len()), (400, NAMED_ROWS + 1));
    let few = find(&rows[..50]);
    assert_eq!(few.of_row.len(), 50);
}

/// Others than those of which one refers to another are compared pair by pair: of many rows, all are one.
#[test]
fn of_many_rows_it_is_not_looked_at_who_refers_to_whom() {
    for (rows, clustered) in [(32, 31), (33, 33), (34, 34)] {
        let children = (2..=rows).map(|n| Row {
            parent: Some(1),
            ..row(n, 1, [1, 0, 0])
        });
        let all: Vec<Row> = [row(1, 1, [1, 0, 0])].into_iter().chain(children).collect();
        assert_eq!(find(&all).of_row.len(), clustered, "{rows}");
    }
}

/// Two by their phone number and two by their postal code, of one name and of two; none has anything of the other two.
#[test]
fn rows_without_anything_in_common_are_apart() {
    for other in [1, 2] {
        let rows = [
            row(1, 1, [1, 0, 0]),
            row(2, other, [0, 0, 1]),
            row(3, 1, [1, 0, 0]),
            row(4, other, [0, 0, 1]),
        ];
        let expected = [BTreeSet::from([1, 3]), BTreeSet::from([2, 4])];
        assert_eq!(sets(&find(&rows)), BTreeSet::from(expected));
    }
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let one = (
        1..3_u8,
        [0..4_u8, 0..4_u8, 0..4_u8],
        prop::option::weighted(0.3, 0..24_u32),
    );
    prop::collection::vec(one, 0..24).prop_map(|rows| {
        (0..)
            .zip(rows)
            .map(|(number, (name, contacts, parent))| Row {
                number,
                name,
                contacts,
                parent: parent.filter(|p| *p != number),
            })
            .collect()
    })
}

/// Whether two rows alone, and the head offices of all rows, make them one partner.
fn are_one(rows: &[Row], a: &Row, b: &Row) -> bool {
    let related = a.parent == Some(b.number) || b.parent == Some(a.number);
    let shares = |at: usize| {
        let value = a.contacts[at];
        let same = |r: &&Row| r.name == a.name && r.contacts[at] == value;
        let places: BTreeSet<u8> = rows.iter().filter(same).map(|r| r.contacts[2]).collect();
        let is_head_offices = at < 2 && places.iter().filter(|p| **p != 0).count() >= 3;
        value != 0 && value == b.contacts[at] && !is_head_offices
    };
    a.name == b.name && !related && (0..3).any(shares)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Each pair that is one is in one cluster, and a cluster holds no row that is not one with another of it.
    #[test]
    fn clusters_are_the_rows_that_are_one(rows in any_rows()) {
        let sets = sets(&find(&rows));
        for a in &rows {
            for b in rows.iter().filter(|b| b.number != a.number) {
                let together = sets.iter().any(|s| s.contains(&a.number) && s.contains(&b.number));
                if are_one(&rows, a, b) {
                    prop_assert!(together, "{a:?} {b:?}");
                }
            }
        }
        for set in &sets {
            prop_assert!(set.len() > 1);
            for number in set {
                let a = &rows[*number as usize];
                prop_assert!(rows.iter().any(|b| {
                    b.number != a.number && set.contains(&b.number) && are_one(&rows, a, b)
                }), "{a:?}");
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in any_rows(), seed in any::<u64>()) {
        let mut shuffled = rows.clone();
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        prop_assert_eq!(sets(&find(&rows)), sets(&find(&shuffled)));
    }
}
