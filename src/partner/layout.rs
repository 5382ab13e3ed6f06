//! What the body looks like when just these leaves have values: all its bytes but the values.
//!
//! Rows of one export fill the same few sets of leaves again and again. For each set the tree is walked once; from then on
//! a body is what stands between its values, copied, and the values.

use super::draft::{Draft, Slot};
use super::shape::{ElementRule, Node, Shape};

/// A place between the literals where a value goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The literals before it end here.
    pub(super) end: usize,
    pub(super) leaf: usize,
    pub(super) form: Form,
}

/// How a value stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Value,
    /// A text between quotes that stand there already.
    Text,
    /// An array out of one leaf.
    List,
}

/// All bytes of a body but its values.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) literals: Vec<u8>,
    pub(super) places: Vec<Place>,
}

impl Layout {
    /// That of the leaves that have values in `draft`.
    pub(super) fn of(shape: &Shape, draft: &Draft) -> Self {
        let mut layout = Self::default();
        if !layout.node(&shape.root, draft) {
            layout.literals.extend_from_slice(b"{}");
        }
        layout
    }

    /// Adds a node; false, and nothing added, where it has no value.
    fn node(&mut self, node: &Node, draft: &Draft) -> bool {
        let start = self.literals.len();
        match node {
            Node::Leaf(leaf) | Node::ListLeaf(leaf) => {
                let is_list = matches!(node, Node::ListLeaf(_));
                let form = match draft.slot(*leaf) {
                    Slot::Empty => return false,
                    _ if is_list => Form::List,
                    Slot::Text { .. } => Form::Text,
                    _ => Form::Value,
                };
                let quote: &[u8] = if form == Form::Text { b"\"" } else { b"" };
                self.literals.extend_from_slice(quote);
                self.places.push(Place {
                    end: self.literals.len(),
                    leaf: *leaf,
                    form,
                });
                self.literals.extend_from_slice(quote);
                true
            }
            Node::Object(children) => {
                self.literals.push(b'{');
                let mut any = false;
                for (key, child) in children {
                    let before = self.literals.len();
                    if any {
                        self.literals.push(b',');
                    }
                    self.literals.extend_from_slice(key);
                    if self.node(child, draft) {
                        any = true;
                    } else {
                        self.literals.truncate(before);
                    }
                }
                self.close(b'}', any, start)
            }
            Node::Array(elements) => {
                self.literals.push(b'[');
                let mut any = false;
                for (element, rule) in elements {
                    if *rule == ElementRule::NeedsData && !has_data(element, draft) {
                        continue;
                    }
                    let before = self.literals.len();
                    if any {
                        self.literals.push(b',');
                    }
                    if self.node(element, draft) {
                        any = true;
                    } else {
                        self.literals.truncate(before);
                    }
                }
                self.close(b']', any, start)
            }
        }
    }

    /// Closes what began at `start`, or takes it back where it stayed empty.
    fn close(&mut self, bracket: u8, any: bool, start: usize) -> bool {
        if any {
            self.literals.push(bracket);
        } else {
            self.literals.truncate(start);
        }
        any
    }
}

fn has_data(node: &Node, draft: &Draft) -> bool {
    match node {
        Node::Leaf(leaf) | Node::ListLeaf(leaf) => {
            draft.is_from_data(*leaf) && draft.slot(*leaf) != Slot::Empty
        }
        Node::Object(children) => children.iter().any(|(_, n)| has_data(n, draft)),
        Node::Array(elements) => elements.iter().any(|(n, _)| has_data(n, draft)),
    }
}
