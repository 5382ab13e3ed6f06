//! Rows that wait for other rows, and why: each chain is followed to the row at its end.

use std::collections::{HashMap, HashSet};

use crate::delivery::{Blocker, NoPartner, WaitedFor};
use crate::ops::error::OpError;
use crate::partner::{Origin, PreparedPartner, RowKey};
use crate::prepare::{Exports, Survey};
use crate::source::Flow;
use crate::state::{RecordState, StateError, StateReader};

/// Keys that the state is asked for at once.
const AT_ONCE: usize = 1000;

/// Where a row is: the number of its file, and its row there.
pub(super) type Place = (u32, u64);

/// Rows that wait, and the rows at the end of their chains.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The names of the files.
    files: Vec<String>,
    /// Rows that wait, with the keys of those that they refer to.
    parents: HashMap<RowKey, Vec<RowKey>>,
    /// What keeps other rows from being created.
    why: HashMap<RowKey, NoPartner>,
    /// Rows that have their partner.
    created: HashSet<RowKey>,
    places: HashMap<RowKey, Place>,
}

impl Waiting {
    pub(super) fn new(exports: &Exports) -> Self {
        let files = exports.files().iter();
        Self {
            files: files.map(|f| f.source.name().to_string()).collect(),
            ..Self::default()
        }
    }

    /// The rows with these ordinals, which no pass could send. Reads them, and then the files up to the rows that they wait for.
    pub(super) fn of(
        exports: &Exports,
        survey: &Survey,
        reader: &StateReader,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        ordinals: &[u32],
    ) -> Result<Self, OpError> {
        let mut all = Self::new(exports);
        exports.prepare(survey, None, Some(ordinals), known, &mut |rows| {
            for partner in rows.into_iter().filter_map(|row| row.partner) {
                let place = (partner.origin.file, partner.origin.row);
                let parents = partner.links.into_iter().map(|l| l.key).collect();
                all.add(partner.key, parents, place);
            }
            Flow::More
        })?;
        all.look_up(reader)?;
        let mut open = all.unplaced();
        exports.prepare(survey, None, None, known, &mut |rows| {
            for row in rows {
                if let Some(key) = row.key.filter(|key| open.remove(key)) {
                    all.found(key, &row.origin, row.partner.is_some());
                }
            }
            if open.is_empty() {
                Flow::Enough
            } else {
                Flow::More
            }
        })?;
        Ok(all)
    }

    /// A row that waits.
    pub(super) fn add(&mut self, key: RowKey, parents: Vec<RowKey>, place: Place) {
        self.places.insert(key.clone(), place);
        self.parents.insert(key, parents);
    }

    /// A row that others may wait for, and what is the matter with it.
    pub(super) fn add_end(&mut self, key: RowKey, why: NoPartner, place: Place) {
        self.places.insert(key.clone(), place);
        self.why.insert(key, why);
    }

    pub(super) fn contains(&self, key: &RowKey) -> bool {
        self.parents.contains_key(key)
    }

    /// Asks the state what it knows of the rows that others wait for.
    pub(super) fn look_up(&mut self, reader: &StateReader) -> Result<(), StateError> {
        let all: HashSet<&RowKey> = self.parents.values().flatten().collect();
        let all: Vec<RowKey> = all.into_iter().cloned().collect();
        for keys in all.chunks(AT_ONCE) {
            let known = reader.known(keys.iter().map(RowKey::as_str))?;
            for (key, known) in keys.iter().zip(known) {
                let Some(known) = known else { continue };
                let why = match known.state {
                    RecordState::Created => {
                        self.created.insert(key.clone());
                        continue;
                    }
                    RecordState::Rejected => NoPartner::Rejected(known.status),
                    RecordState::InDoubt | RecordState::InFlight => NoPartner::InDoubt,
                    RecordState::Unsent => NoPartner::Unsent,
                };
                // A row that waits itself was not sent: its chain goes on.
                if !(self.contains(key) && why == NoPartner::Unsent) {
                    self.why.insert(key.clone(), why);
                }
            }
        }
        Ok(())
    }

    /// The rows that others wait for and whose place is not known yet.
    pub(super) fn unplaced(&self) -> HashSet<RowKey> {
        let parents = self.parents.values().flatten();
        let open = parents.filter(|p| !self.created.contains(p) && !self.places.contains_key(p));
        open.cloned().collect()
    }

    /// A row that others wait for was met in the files.
    pub(super) fn found(&mut self, key: RowKey, origin: &Origin, is_valid: bool) {
        if !is_valid {
            self.why.insert(key.clone(), NoPartner::Invalid);
        }
        self.places.insert(key, (origin.file, origin.row));
    }

    /// What a row waits for, in the end.
    pub(super) fn blocker(&self, row: &PreparedPartner) -> Blocker {
        let first = row.links.iter().position(|l| self.is_open(&l.key));
        let link = first.unwrap_or_default();
        let parent = row.links.get(link).map_or(&row.key, |link| &link.key);
        let (end, why) = self.end_of(parent);
        Blocker {
            link,
            parent: self.named(parent),
            root: (end != parent).then(|| self.named(end)),
            why,
        }
    }

    fn is_open(&self, key: &RowKey) -> bool {
        !self.created.contains(key) && (self.contains(key) || self.places.contains_key(key))
    }

    /// The row at the end of a chain, and what is the matter with it.
    fn end_of<'k>(&'k self, start: &'k RowKey) -> (&'k RowKey, NoPartner) {
        let (mut at, mut met) = (start, HashSet::new());
        loop {
            if let Some(why) = self.why.get(at) {
                return (at, *why);
            }
            if !met.insert(at) {
                return (start, NoPartner::Circle);
            }
            let mut parents = self.parents.get(at).into_iter().flatten();
            match parents.find(|p| self.is_open(p)) {
                Some(next) => at = next,
                None => return (at, NoPartner::Unsent),
            }
        }
    }

    fn named(&self, key: &RowKey) -> WaitedFor {
        let place = self.places.get(key).map(|(file, row)| {
            match (self.files.len(), self.files.get(*file as usize)) {
                (2.., Some(file)) => format!("row {row} of {file}"),
                _ => format!("row {row}"),
            }
        });
        WaitedFor {
            key: key.as_str().to_owned(),
            place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> RowKey {
        RowKey::new(name)
    }

    fn waiting(files: &[&str], rows: &[(&str, &[&str])]) -> Waiting {
        let mut waiting = Waiting {
            files: files.iter().map(|f| (*f).to_owned()).collect(),
            ..Waiting::default()
        };
        for (row, (name, parents)) in rows.iter().enumerate() {
            let parents = parents.iter().map(|p| key(p)).collect();
            waiting.add(key(name), parents, (0, row as u64 + 10));
        }
        waiting
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let mut all = waiting(
            &["a.csv", "b.csv"],
            &[
                ("child", &["mid"]),
                ("mid", &["done", "top"]),
                ("top", &["root"]),
            ],
        );
        all.created.insert(key("done"));
        all.add_end(key("root"), NoPartner::Invalid, (1, 3));
        for start in ["child", "mid", "top", "root"] {
            let start = key(start);
            let (end, why) = all.end_of(&start);
            assert_eq!((end.as_str(), why), ("root", NoPartner::Invalid));
        }
        assert_eq!(
            all.named(&key("root")).place.as_deref(),
            Some("row 3 of b.csv")
        );
        let one = waiting(&["a.csv"], &[("child", &["top"])]);
        assert_eq!(one.named(&key("child")).place.as_deref(), Some("row 10"));
        assert_eq!(one.named(&key("nowhere")).place, None);
    }

    #[test]
    fn a_circle_and_a_chain_without_an_end_come_to_an_end() {
        let all = waiting(&["a"], &[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
        assert_eq!(all.end_of(&key("a")).1, NoPartner::Circle);
        let open = waiting(&["a"], &[("a", &["b"]), ("b", &["gone"])]);
        let start = key("a");
        let (end, why) = open.end_of(&start);
        assert_eq!((end.as_str(), why), ("b", NoPartner::Unsent));
    }
}
