//! Eight bytes of a row, by which rows are found that are likely the same partner, or alike in all but their keys.
//!
//! Where a row has a name and something beside it, they are made of these: forty bits of the name, and eight each of
//! telephone number, e-mail address and postal code, which are zero where there is none. Sorted, rows of a name stand beside
//! each other, and two that have a byte in common are worth a second look. Rows that are alike in all columns have all
//! eight bytes in common. Of any other row they are a hash of its content.

use std::hash::Hasher as _;

use rustc_hash::{FxHashSet, FxHasher};

use super::content::ContentHash;
use crate::mapping::{Likeness, Plan};
use crate::source::SourceRow;

/// Bits behind the name's.
const CONTACT_BITS: u32 = 24;

/// Makes them; one for each thread.
#[derive(Debug, Default)]
pub(super) struct RowWords {
    content: ContentHash,
    pub(super) likeness: Likeness,
}

/// The words of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WordsOf {
    /// By name and contacts, where it has them.
    pub(super) likeness: Option<u64>,
    /// By all its cells, where the other does not find rows that are alike in these.
    pub(super) content: Option<u64>,
}

impl RowWords {
    pub(super) fn of(&mut self, plan: &Plan, row: SourceRow<'_>) -> WordsOf {
        let likeness = plan
            .likeness(row, &mut self.likeness)
            .then(|| likeness_word(&self.likeness));
        let is_found = likeness.is_some() && plan.likeness_is_content();
        let has_content = !is_found && !plan.content_columns().is_empty();
        WordsOf {
            likeness,
            content: has_content.then(|| self.content.of(plan, row)),
        }
    }

    /// The hash of the row's content, for rows that are worth a second look.
    pub(super) fn content(&mut self, plan: &Plan, row: SourceRow<'_>) -> u64 {
        self.content.of(plan, row)
    }
}

impl WordsOf {
    pub(super) fn each(self) -> impl Iterator<Item = u64> {
        self.likeness.into_iter().chain(self.content)
    }
}

fn likeness_word(likeness: &Likeness) -> u64 {
    let name = hash(&likeness.name) >> CONTACT_BITS << CONTACT_BITS;
    (likeness.contacts.iter().zip([16, 8, 0]))
        .filter(|(contact, _)| !contact.is_empty())
        .fold(name, |word, (contact, shift)| {
            word | (hash(contact) >> 56).max(1) << shift
        })
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    // Short texts differ in few bits, and the upper ones are used.
    hasher.finish().wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Words that are worth a second look.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Words of rows that have something in common with another.
    pub(super) related: FxHashSet<u64>,
    /// Those that several rows have.
    pub(super) repeated: FxHashSet<u64>,
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        self.related.is_empty()
    }

    /// Which of these words have something in common.
    pub(super) fn of(mut words: Vec<u64>) -> Self {
        words.sort_unstable();
        let mut wanted = Self::default();
        for group in words.chunk_by(|a, b| a >> CONTACT_BITS == b >> CONTACT_BITS) {
            if group.len() > 1 {
                wanted.add(group);
            }
        }
        wanted
    }

    /// Takes what is wanted of the words of one name, sorted.
    fn add(&mut self, group: &[u64]) {
        let mut seen = [[false; 256]; 3];
        let mut shared = [[false; 256]; 3];
        for word in group {
            for (at, byte) in contacts(*word) {
                shared[at][byte] |= seen[at][byte];
                seen[at][byte] = true;
            }
        }
        for same in group.chunk_by(|a, b| a == b) {
            if same.len() > 1 {
                self.repeated.insert(same[0]);
            }
            if same.len() > 1 || contacts(same[0]).any(|(at, byte)| shared[at][byte]) {
                self.related.insert(same[0]);
            }
        }
    }
}

/// The bytes of a word's contacts that are there.
fn contacts(word: u64) -> impl Iterator<Item = (usize, usize)> {
    let [.., phone, email, postal] = word.to_be_bytes();
    [phone, email, postal]
        .into_iter()
        .map(usize::from)
        .enumerate()
        .filter(|(_, byte)| *byte != 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::mapping::Mapping;
    use crate::source::{Cell, Header, RowBatch};

    fn likeness(name: &str, contacts: [&str; 3]) -> u64 {
        let mut of = Likeness::default();
        of.name = name.into();
        of.contacts = contacts.map(|text| text.as_bytes().to_vec());
        likeness_word(&of)
    }

    #[test]
    fn one_thing_beside_the_name_is_enough() {
        let acme = likeness("acme", ["55550123", "a@acme.com", "10115"]);
        for (other, is_related) in [
            (likeness("acme", ["55550123", "", ""]), true),
            (likeness("acme", ["", "a@acme.com", "20095"]), true),
            (likeness("acme", ["55550199", "b@acme.com", "10115"]), true),
            (likeness("acme", ["55550199", "b@acme.com", "20095"]), false),
            // A number is no postal code.
            (likeness("acme", ["10115", "", "55550123"]), false),
            (likeness("acme", ["", "", ""]), false),
            (likeness("apex", ["55550123", "a@acme.com", "10115"]), false),
        ] {
            let wanted = Wanted::of(vec![other, acme]);
            assert_eq!(wanted.related.contains(&acme), is_related);
            assert_eq!(wanted.related.contains(&other), is_related);
            assert!(wanted.repeated.is_empty());
        }
        let wanted = Wanted::of(vec![acme, 7, acme]);
        assert!(wanted.repeated.contains(&acme) && wanted.related.contains(&acme));
        assert_eq!(wanted.related.len(), 1);
        // The hash of a content may look like a name without anything beside it.
        let wanted = Wanted::of(vec![1 << CONTACT_BITS; 2]);
        assert!(wanted.repeated.len() == 1 && wanted.related.len() == 1);
        assert!(!wanted.is_empty() && Wanted::of(vec![acme, 7]).is_empty());
    }

    /// Rows that are alike are found by one word: the other one would cost as much memory again.
    #[test]
    fn a_row_has_a_word_for_its_content_where_the_other_does_not_find_it() {
        let name = "[organization]\nbusinessName = \"Name\"\n";
        let zip = "[[organization.addresses]]\npostalCode = \"Zip\"\n";
        let (by_id, by_name, by_all) = (
            "key = \"Id\"\n",
            "key = \"Name\"\n",
            "key = [\"Name\", \"Zip\"]\n",
        );
        for (mapping, zip_of_row, expected) in [
            ([by_id, name, zip], "10115", (true, false)),
            ([by_id, name, zip], "", (false, true)),
            ([by_id, name, ""], "10115", (false, true)),
            ([by_name, name, zip], "10115", (true, true)),
            ([by_name, name, ""], "10115", (false, false)),
            ([by_all, name, zip], "10115", (true, false)),
        ] {
            let columns = ["Id", "Name", "Zip"].map(str::to_owned).to_vec();
            let parsed = format!("name = \"m\"\n{}", mapping.concat());
            let parsed = Mapping::parse("m.toml", &parsed).unwrap();
            let plan = Plan::compile(&parsed, &Arc::new(Header::new(columns))).unwrap();
            let cells = ["1", "Acme", zip_of_row].map(Cell::Text);
            let batch = RowBatch::of_cells(Arc::clone(plan.header()), &cells);
            let row = batch.rows().next().unwrap();
            let mut words = RowWords::default();
            let of = words.of(&plan, row);
            let found = (of.likeness.is_some(), of.content.is_some());
            assert_eq!(found, expected, "{mapping:?} {zip_of_row:?}");
            let content = words.content(&plan, row);
            assert_eq!(content, ContentHash::default().of(&plan, row));
            assert!(of.content.is_none_or(|of| of == content));
        }
    }

    /// Rows of any export without two of a name need no second look.
    #[test]
    fn names_of_a_million_rows_are_told_apart() {
        let words = (0..1_000_000).map(|n| {
            let phone = format!("{:08}", n % 9_973);
            likeness(&format!("harbordental{n}"), [&phone, "", "92075"])
        });
        assert!(Wanted::of(words.collect()).related.len() <= 2);
    }
}
