//! What stands at a path of a TOML document.

use toml_edit::{ArrayOfTables, InlineTable, Item, Table, Value};

use crate::partner::PathSegment;

/// What stands at a path.
#[derive(Clone, Copy)]
pub(super) enum Node<'d> {
    /// A table with a header, one that only dotted keys make, one that only the headers below it make, or the whole document.
    Table(&'d Table),
    /// The blocks of a `[[list]]`.
    Tables(&'d ArrayOfTables),
    /// A value, which may be a table or a list in brackets.
    Value(&'d Value),
}

impl<'d> Node<'d> {
    fn of(item: &'d Item) -> Option<Self> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(Node::Value(value)),
            Item::Table(table) => Some(Node::Table(table)),
            Item::ArrayOfTables(tables) => Some(Node::Tables(tables)),
        }
    }

    /// One step further. A table where a list belongs is its only element.
    fn step(self, segment: &PathSegment) -> Option<Self> {
        match (self, segment) {
            (Node::Table(table), PathSegment::Name(name)) => table.get(name).and_then(Node::of),
            (Node::Table(_), PathSegment::Index(0)) => Some(self),
            (Node::Tables(tables), PathSegment::Index(i)) => tables.get(*i).map(Node::Table),
            (Node::Value(Value::InlineTable(table)), PathSegment::Name(name)) => {
                table.get(name).map(Node::Value)
            }
            (Node::Value(Value::InlineTable(_)), PathSegment::Index(0)) => Some(self),
            (Node::Value(Value::Array(array)), PathSegment::Index(i)) => {
                array.get(*i).map(Node::Value)
            }
            _ => None,
        }
    }

    /// Whether it is made by keys with dots, and so has no place of its own.
    pub(super) fn is_dotted(self) -> bool {
        match self {
            Node::Table(table) => table.is_dotted(),
            Node::Value(Value::InlineTable(table)) => table.is_dotted(),
            _ => false,
        }
    }

    /// The table in braces, if it is one.
    pub(super) fn inline(self) -> Option<&'d InlineTable> {
        match self {
            Node::Value(value) => value.as_inline_table(),
            _ => None,
        }
    }
}

/// A way from the document down: `nodes[i]` is reached by `i` steps.
pub(super) struct Walk<'d> {
    pub(super) nodes: Vec<Node<'d>>,
}

impl<'d> Walk<'d> {
    pub(super) fn new(root: &'d Table, path: &[PathSegment]) -> Self {
        let mut nodes = vec![Node::Table(root)];
        let mut node = Node::Table(root);
        for segment in path {
            let Some(next) = node.step(segment) else {
                break;
            };
            nodes.push(next);
            node = next;
        }
        Self { nodes }
    }

    /// How many steps could be taken.
    pub(super) fn steps(&self) -> usize {
        self.nodes.len() - 1
    }

    pub(super) fn last(&self) -> Node<'d> {
        self.nodes[self.nodes.len() - 1]
    }

    /// The last node up to `at` that has a place of its own, and how many steps lead to it.
    pub(super) fn owner(&self, at: usize) -> (usize, Node<'d>) {
        let is_own = |i: &usize| !self.nodes[*i].is_dotted();
        let i = (0..=at).rev().find(is_own).unwrap_or(0);
        (i, self.nodes[i])
    }
}
