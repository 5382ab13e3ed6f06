//! The tree of the request body with numbered leaves, made once for a mapping.

use std::fmt::Write as _;
use std::sync::Arc;

use super::catalogue::{self, Field};

/// A step of a field's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathSegment {
    /// A key of an object.
    Name(String),
    /// An array's element, from 0.
    Index(usize),
}

/// The path as people read it, `organization.addresses[0].city`.
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
    /// A row without a value for it is refused.
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
    /// One value, by leaf number.
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
    /// The tree of the whole body, without the query flags.
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
