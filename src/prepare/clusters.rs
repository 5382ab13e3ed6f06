//! Rows that are likely the same partner under several keys: which of them belong together, and by what.
//!
//! Two rows belong together that have the same business name and something else in common. They do not where one refers
//! to the other (a company and its subsidiary), nor where a telephone number or an e-mail address is that of rows in three or
//! more postal codes: it is the head office's, and they are its branches.

use rustc_hash::{FxHashMap, FxHashSet};

use super::place::{NAMED_ROWS, Place};
use crate::mapping::{Contact, Likeness};

/// Beyond this many rows with a value in common who refers to whom is not looked at.
const COMPARED_ROWS: usize = 32;
/// A cluster of more rows than this is reported once, not on each of its rows.
const EACH_REPORTED: u64 = 50;
/// A telephone number or an e-mail address of so many places is that of a head office.
const HEAD_OFFICE_PLACES: usize = 3;

/// A digest of a name and what stands beside it. Sixteen bytes of BLAKE3: two texts of one digest are not found by chance.
type Digest = [u8; 16];

/// A row that is worth a second look.
#[derive(Debug, Clone)]
pub(super) struct Member {
    file: u32,
    row: u32,
    /// Hashes of its key and of the keys that it refers to.
    key: u64,
    refers_to: Vec<u64>,
    /// The hash of its content.
    content: u64,
    /// By [`Contact`]: none where it has nothing.
    contacts: [Option<Digest>; 3],
}

impl Member {
    pub(super) fn new(
        likeness: &Likeness,
        place: &Place,
        key: u64,
        refers_to: Vec<u64>,
        content: u64,
    ) -> Self {
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let mut contacts = [None; 3];
        for (of, contact) in contacts.iter_mut().zip(&likeness.contacts) {
            if !contact.is_empty() {
                let mut hasher = blake3::Hasher::new();
                hasher.update(&likeness.name);
                hasher.update(&[0]);
                hasher.update(contact);
                let mut digest = Digest::default();
                hasher.finalize_xof().fill(&mut digest);
                *of = Some(digest);
            }
        }
        Self {
            file: number(place.file as u64),
            row: number(place.row),
            key,
            refers_to,
            content,
            contacts,
        }
    }

    fn refers_to(&self, other: &Self) -> bool {
        self.refers_to.contains(&other.key)
    }
}

/// Rows that are likely one partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cluster {
    /// The first of them, one more than a message names.
    pub(super) places: Vec<Place>,
    pub(super) rows: u64,
    /// What they have in common beside the name.
    pub(super) contacts: Vec<Contact>,
    /// Whether all of them have all of that in common; otherwise each has something of it in common with another.
    pub(super) by_all: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    clusters: Vec<Cluster>,
    /// By file and row. Of a large one the first row alone is here.
    of_row: FxHashMap<(u32, u32), u32>,
}

impl Clusters {
    /// The cluster that is to be reported on a row.
    pub(super) fn of(&self, file: usize, row: u64) -> Option<&Cluster> {
        if self.of_row.is_empty() {
            return None;
        }
        let at = (u32::try_from(file).ok()?, u32::try_from(row).ok()?);
        self.clusters.get(*self.of_row.get(&at)? as usize)
    }

    /// Finds them among rows, in the order of the files. Rows with one of the keys of `repeated` have an error already; of
    /// rows that are alike in all columns, which have a warning of their own, the first stands for all.
    pub(super) fn find(mut members: Vec<Member>, repeated: &FxHashSet<u64>) -> Self {
        let mut contents = FxHashSet::default();
        members.retain(|m| !repeated.contains(&m.key) && contents.insert(m.content));
        let mut forest = Forest::new(members.len());
        let mut linked = vec![[false; 3]; members.len()];
        for (at, contact) in Contact::ALL.into_iter().enumerate() {
            for group in groups(&members, at) {
                if contact == Contact::PostalCode || !is_head_offices(&members, &group) {
                    link(&members, &group, &mut forest, |row| linked[row][at] = true);
                }
            }
        }
        let mut rows_of: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        let mut roots = Vec::new();
        for (row, linked) in linked.iter().enumerate() {
            if *linked != [false; 3] {
                let root = forest.root(row);
                let rows = rows_of.entry(root).or_default();
                if rows.is_empty() {
                    roots.push(root);
                }
                rows.push(row);
            }
        }
        let mut found = Self::default();
        for root in roots {
            found.add(&members, &linked, &rows_of[&root]);
        }
        found
    }

    fn add(&mut self, members: &[Member], linked: &[[bool; 3]], rows: &[usize]) {
        let first = &members[rows[0]];
        let is_by_all = |at: &usize| {
            // Those that are linked by a value have one.
            rows.iter().all(|row| linked[*row][*at])
                && rows
                    .iter()
                    .all(|row| members[*row].contacts[*at] == first.contacts[*at])
        };
        let by_all: Vec<usize> = (0..3).filter(is_by_all).collect();
        let by_some = (0..3).filter(|at| rows.iter().any(|row| linked[*row][*at]));
        let contacts = if by_all.is_empty() {
            by_some.collect()
        } else {
            by_all.clone()
        };
        let named = rows.iter().take(NAMED_ROWS + 1).map(|row| Place {
            file: members[*row].file as usize,
            row: u64::from(members[*row].row),
        });
        let number = u32::try_from(self.clusters.len()).unwrap_or(u32::MAX);
        let reported = if rows.len() as u64 > EACH_REPORTED {
            &rows[..1]
        } else {
            rows
        };
        for row in reported {
            let member = &members[*row];
            self.of_row.insert((member.file, member.row), number);
        }
        self.clusters.push(Cluster {
            places: named.collect(),
            rows: rows.len() as u64,
            contacts: contacts
                .into_iter()
                .map(|at: usize| Contact::ALL[at])
                .collect(),
            by_all: !by_all.is_empty(),
        });
    }
}

/// The rows that have one value in common, by their numbers in ascending order, each two or more.
fn groups(members: &[Member], at: usize) -> Vec<Vec<usize>> {
    let mut rows: Vec<(Digest, usize)> = members
        .iter()
        .enumerate()
        .filter_map(|(row, member)| Some((member.contacts[at]?, row)))
        .collect();
    rows.sort_unstable();
    rows.chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
        .map(|group| group.iter().map(|(_, row)| *row).collect())
        .collect()
}

/// Whether rows of one telephone number or e-mail address are in several places.
fn is_head_offices(members: &[Member], group: &[usize]) -> bool {
    let postal = |row: &usize| members[*row].contacts[2];
    let places: FxHashSet<Digest> = group.iter().filter_map(postal).collect();
    places.len() >= HEAD_OFFICE_PLACES
}

/// Links the rows of a group, but for those of which one refers to the other. `seen` gets those that are linked.
fn link(members: &[Member], group: &[usize], forest: &mut Forest, mut seen: impl FnMut(usize)) {
    if group.len() > COMPARED_ROWS {
        for row in group {
            forest.unite(group[0], *row);
            seen(*row);
        }
        return;
    }
    for (at, one) in group.iter().enumerate() {
        for other in &group[at + 1..] {
            let (a, b) = (&members[*one], &members[*other]);
            if !a.refers_to(b) && !b.refers_to(a) {
                forest.unite(*one, *other);
                seen(*one);
                seen(*other);
            }
        }
    }
}

/// Rows that belong together: a forest whose trees are the clusters.
struct Forest(Vec<usize>);

impl Forest {
    fn new(rows: usize) -> Self {
        Self((0..rows).collect())
    }

    fn root(&mut self, mut row: usize) -> usize {
        while self.0[row] != row {
            self.0[row] = self.0[self.0[row]];
            row = self.0[row];
        }
        row
    }

    /// The first row of a tree is its root.
    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
#[path = "clusters_tests.rs"]
mod tests;
