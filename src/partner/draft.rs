//! A row's typed values on their way to the payload.
//!
//! A [`Shape`] is made once for a mapping: the tree of the request body with numbered leaves. A [`Draft`]
//! is its values for one row, by leaf number, and is reused from row to row: texts lie in one buffer, so
//! filling a draft allocates nothing once the buffer has grown.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;

use super::catalogue::{self, Field};
use crate::diagnostic::Code;

/// A step of a field's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathSegment {
    /// An object's key.
    Name(String),
    /// An array's element, from 0.
    Index(usize),
}

/// `organization.addresses[0].city`.
#[must_use]
pub fn display_path(path: &[PathSegment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            PathSegment::Name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            PathSegment::Index(i) => {
                let _ = write!(text, "[{i}]");
            }
        }
    }
    text
}

/// What is known of a leaf.
#[derive(Debug, Clone)]
pub struct LeafInfo {
    /// Its path with array indices, for people.
    pub path: Arc<str>,
    /// Its catalogue entry; for a leaf below a free-form object, that object's.
    pub field: &'static Field,
    /// Refused when empty.
    pub required: bool,
    /// Whether a column can fill it; false for constants.
    pub from_columns: bool,
}

/// The tree of the request body.
#[derive(Debug, Clone)]
pub enum Node {
    /// Keys in documented order. The key text is JSON-escaped, with quotes and colon.
    Object(Vec<(Box<[u8]>, Node)>),
    /// Elements in the mapping's order; an element with columns, none of which is filled, is left out.
    Array(Vec<(Node, ElementRule)>),
    /// A single value.
    Leaf(usize),
    /// An array of values out of one leaf.
    ListLeaf(usize),
}

/// When an array element is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementRule {
    /// It has columns: it needs at least one of them filled.
    NeedsData,
    /// It is made of constants only: it always stands.
    Always,
}

/// The request body of one mapping: tree and leaves.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The body.
    pub root: Node,
    /// What is known of each leaf, by number.
    pub leaves: Vec<LeafInfo>,
    /// Leaves that have to agree with each other.
    pub(super) pairs: Pairs,
}

/// Leaves that have to agree with each other, where both are mapped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pairs {
    /// Onboarding and deactivation.
    pub(super) days: Option<(usize, usize)>,
    /// Routing number and account number.
    pub(super) bank: Option<(usize, usize)>,
}

impl Pairs {
    fn of(leaves: &[LeafInfo]) -> Self {
        let leaf = |path: &str| leaves.iter().position(|l| l.field.path == path);
        let both = |a: &str, b: &str| Some((leaf(a)?, leaf(b)?));
        Self {
            days: both(
                "partnerCriteria.onboardingDate",
                "partnerCriteria.deactivatedDate",
            ),
            bank: both(
                "vendorAccount.bankAccount.routingNumber",
                "vendorAccount.bankAccount.accountNumber",
            ),
        }
    }
}

/// A tree under construction; keys are ordered at the end.
enum Building {
    Object(Vec<(String, Building)>),
    Array(Vec<Building>),
    Leaf(usize),
    ListLeaf(usize),
}

impl Shape {
    /// Builds the tree of all leaves of the body; those under `query` are no part of it.
    ///
    /// `paths` holds, by leaf number, the path and what is known of the leaf. Paths that collide (a leaf
    /// where another has an object) are found by the mapping before; a later one loses here.
    #[must_use]
    pub fn new(paths: &[Vec<PathSegment>], leaves: Vec<LeafInfo>) -> Self {
        let mut root = Building::Object(Vec::new());
        for (leaf, path) in paths.iter().enumerate() {
            if path.first() != Some(&PathSegment::Name("query".into())) {
                let list = leaves[leaf].field.path.ends_with("[]");
                insert(
                    &mut root,
                    path,
                    if list {
                        Building::ListLeaf(leaf)
                    } else {
                        Building::Leaf(leaf)
                    },
                );
            }
        }
        Self {
            root: finish(root, "", &leaves),
            pairs: Pairs::of(&leaves),
            leaves,
        }
    }
}

fn insert(node: &mut Building, path: &[PathSegment], leaf: Building) {
    let Some((segment, rest)) = path.split_first() else {
        *node = leaf;
        return;
    };
    match segment {
        PathSegment::Name(name) => {
            if !matches!(node, Building::Object(_)) {
                *node = Building::Object(Vec::new());
            }
            if let Building::Object(children) = node {
                let at = children
                    .iter()
                    .position(|(n, _)| n == name)
                    .unwrap_or_else(|| {
                        children.push((name.clone(), Building::Object(Vec::new())));
                        children.len() - 1
                    });
                insert(&mut children[at].1, rest, leaf);
            }
        }
        PathSegment::Index(index) => {
            if !matches!(node, Building::Array(_)) {
                *node = Building::Array(Vec::new());
            }
            if let Building::Array(elements) = node {
                while elements.len() <= *index {
                    elements.push(Building::Object(Vec::new()));
                }
                insert(&mut elements[*index], rest, leaf);
            }
        }
    }
}

fn finish(node: Building, prefix: &str, leaves: &[LeafInfo]) -> Node {
    match node {
        Building::Leaf(leaf) => Node::Leaf(leaf),
        Building::ListLeaf(leaf) => Node::ListLeaf(leaf),
        Building::Object(mut children) => {
            let child_prefix = |name: &str| {
                if prefix.is_empty() {
                    name.to_owned()
                } else {
                    format!("{prefix}.{name}")
                }
            };
            // Free-form keys have no rank and stand in the order of their names: two spellings of one
            // mapping make one body, and so one hash.
            children.sort_by_cached_key(|(name, _)| {
                (catalogue::rank(&child_prefix(name)), name.clone())
            });
            Node::Object(
                children
                    .into_iter()
                    .map(|(name, child)| {
                        let mut key = serde_json::to_vec(&name).unwrap_or_default();
                        key.push(b':');
                        let prefix = child_prefix(&name);
                        (key.into_boxed_slice(), finish(child, &prefix, leaves))
                    })
                    .collect(),
            )
        }
        Building::Array(elements) => Node::Array(
            elements
                .into_iter()
                .map(|element| {
                    let node = finish(element, &format!("{prefix}[]"), leaves);
                    let rule = if has_columns(&node, leaves) {
                        ElementRule::NeedsData
                    } else {
                        ElementRule::Always
                    };
                    (node, rule)
                })
                .collect(),
        ),
    }
}

fn has_columns(node: &Node, leaves: &[LeafInfo]) -> bool {
    match node {
        Node::Leaf(leaf) | Node::ListLeaf(leaf) => leaves[*leaf].from_columns,
        Node::Object(children) => children.iter().any(|(_, n)| has_columns(n, leaves)),
        Node::Array(elements) => elements.iter().any(|(n, _)| has_columns(n, leaves)),
    }
}

/// A leaf's value in a row. Texts are ranges of the draft's buffer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slot {
    /// No value: no key in the JSON.
    Empty,
    /// A text.
    Text {
        /// Byte range in the draft's text buffer.
        at: (u32, u32),
    },
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// A calendar date.
    Date(Date),
    /// The key of another row, whose partner id stands here once it is known.
    Link {
        /// Byte range in the draft's text buffer.
        at: (u32, u32),
    },
    /// JSON as it is, from a constant.
    Raw {
        /// Byte range in the draft's text buffer.
        at: (u32, u32),
    },
    /// Several texts.
    List {
        /// Range in the draft's list of ranges.
        of: (u32, u32),
    },
}

/// Leaves that a [`Filled`] can tell of.
const MOST_LEAVES: usize = 128;

/// Which leaves have a value, which of these a text, and which of the row's own cells: a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Filled {
    any: u128,
    text: u128,
    data: u128,
}

impl Filled {
    #[inline]
    fn set(&mut self, leaf: usize, slot: Slot, from_data: bool) {
        let bit = 1_u128 << (leaf % MOST_LEAVES);
        let put = |bits: &mut u128, on: bool| *bits = if on { *bits | bit } else { *bits & !bit };
        put(&mut self.any, slot != Slot::Empty);
        put(&mut self.text, matches!(slot, Slot::Text { .. }));
        put(&mut self.data, from_data);
    }
}

/// One row's values.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    filled: Filled,
    slots: Vec<Slot>,
    from_data: Vec<bool>,
    text: String,
    ranges: Vec<(u32, u32)>,
}

impl Draft {
    /// Empties the draft for a shape of `leaves` leaves; buffers are kept.
    pub fn reset(&mut self, leaves: usize) {
        self.slots.clear();
        self.slots.resize(leaves, Slot::Empty);
        self.from_data.clear();
        self.from_data.resize(leaves, false);
        self.text.clear();
        self.ranges.clear();
        self.filled = Filled::default();
    }

    /// Which leaves have which values; none where there are too many leaves.
    pub(super) fn filled(&self) -> Option<Filled> {
        (self.slots.len() <= MOST_LEAVES).then_some(self.filled)
    }

    /// A leaf's value.
    #[inline]
    #[must_use]
    pub fn slot(&self, leaf: usize) -> Slot {
        self.slots.get(leaf).copied().unwrap_or(Slot::Empty)
    }

    /// Whether the row's own cells, not a constant or default, filled the leaf.
    #[must_use]
    pub fn is_from_data(&self, leaf: usize) -> bool {
        self.from_data.get(leaf).copied().unwrap_or(false)
    }

    /// All texts, one behind the other.
    #[must_use]
    pub fn texts(&self) -> &str {
        &self.text
    }

    /// The text of a range.
    #[must_use]
    pub fn text(&self, at: (u32, u32)) -> &str {
        self.text.get(at.0 as usize..at.1 as usize).unwrap_or("")
    }

    /// A leaf's text, where it is text.
    #[must_use]
    pub fn leaf_text(&self, leaf: usize) -> Option<&str> {
        match self.slot(leaf) {
            Slot::Text { at } => Some(self.text(at)),
            _ => None,
        }
    }

    /// The texts of a list.
    pub fn list(&self, of: (u32, u32)) -> impl Iterator<Item = &str> {
        self.ranges
            .get(of.0 as usize..of.1 as usize)
            .unwrap_or(&[])
            .iter()
            .map(|at| self.text(*at))
    }

    /// Puts a text into the buffer and returns its range.
    #[inline]
    pub fn push_text(&mut self, text: &str) -> (u32, u32) {
        let start = to_u32(self.text.len());
        self.text.push_str(text);
        (start, to_u32(self.text.len()))
    }

    /// Fills a leaf.
    #[inline]
    pub fn set(&mut self, leaf: usize, slot: Slot, from_data: bool) {
        if let Some(place) = self.slots.get_mut(leaf) {
            *place = slot;
            self.from_data[leaf] = from_data;
            self.filled.set(leaf, slot, from_data);
        }
    }

    /// Fills a leaf with a text.
    #[inline]
    pub fn set_text(&mut self, leaf: usize, text: &str, from_data: bool) {
        let at = self.push_text(text);
        self.set(leaf, Slot::Text { at }, from_data);
    }

    /// Puts another text into a leaf; whether it came from the row stays as it was.
    pub fn replace_text(&mut self, leaf: usize, text: &str) {
        let from_data = self.from_data.get(leaf).copied().unwrap_or(false);
        self.set_text(leaf, text, from_data);
    }

    /// Fills a leaf with several texts.
    pub fn set_list<'t>(
        &mut self,
        leaf: usize,
        texts: impl Iterator<Item = &'t str>,
        from_data: bool,
    ) {
        let first = to_u32(self.ranges.len());
        for text in texts {
            let at = self.push_text(text);
            self.ranges.push(at);
        }
        let of = (first, to_u32(self.ranges.len()));
        self.set(
            leaf,
            if of.0 == of.1 {
                Slot::Empty
            } else {
                Slot::List { of }
            },
            from_data,
        );
    }
}

/// A row's texts stay far below 4 GiB: the reader refuses longer records.
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Something found while a draft was filled or checked; the corridor adds the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The leaf it is about; none for the whole row.
    pub leaf: Option<usize>,
    /// The source column it is about, where that is not the leaf's own.
    pub column: Option<usize>,
    /// What kind.
    pub code: Code,
    /// The value seen, unmasked: masked when it becomes a diagnostic.
    pub value: Option<String>,
    /// What is wrong and what was expected.
    pub message: String,
    /// A hint more precise than the code's own.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding about a leaf.
    #[must_use]
    pub fn new(leaf: impl Into<Option<usize>>, code: Code, message: impl Into<String>) -> Self {
        Self {
            leaf: leaf.into(),
            column: None,
            code,
            value: None,
            message: message.into(),
            hint: None,
        }
    }

    /// With the value seen.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// With a more precise hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
