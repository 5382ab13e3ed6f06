//! The create-partner body exactly as sent.
//!
//! The shape is walked in documented order and values go straight into a byte buffer: no JSON tree is
//! built. What leaves no value leaves no key; an object or element that stays empty is taken back.

use std::fmt;
use std::io::Write as _;

use super::draft::{Draft, ElementRule, Node, Shape, Slot};

/// A place in the body where another partner's id goes once it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Byte offset in the body, between the quotes that stand there already.
    pub at: usize,
    /// The leaf it belongs to.
    pub leaf: usize,
}

/// A request body. It may hold bank data, so `Debug` tells only its length.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Vec<u8>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

impl Body {
    /// Wraps bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for sending and hashing.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes with `ids` put at their offsets, which must ascend.
    #[must_use]
    pub fn filled<'a>(&self, ids: impl Iterator<Item = (usize, &'a str)>) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() + 80);
        let mut from = 0;
        for (at, id) in ids {
            out.extend_from_slice(&self.0[from..at]);
            // An id is the API's own text; anything that JSON must escape is escaped.
            let quoted = serde_json::to_string(id).unwrap_or_default();
            out.extend_from_slice(quoted.trim_matches('"').as_bytes());
            from = at;
        }
        out.extend_from_slice(&self.0[from..]);
        out
    }
}

/// Writes the body of `draft` behind what `out` holds and returns its holes, in ascending order.
pub fn write_payload(shape: &Shape, draft: &Draft, out: &mut Vec<u8>) -> Vec<Hole> {
    // Keys and signs take about as much again as the row's own texts.
    out.reserve(draft.texts().len() + shape.leaves.len() * 32);
    let mut body = Writing {
        draft,
        out,
        holes: Vec::new(),
        plain: !must_be_escaped(draft.texts()),
    };
    if !body.node(&shape.root) {
        body.out.extend_from_slice(b"{}");
    }
    body.holes
}

/// A body under way.
struct Writing<'w> {
    draft: &'w Draft,
    out: &'w mut Vec<u8>,
    holes: Vec<Hole>,
    /// No text of the draft has anything to escape.
    plain: bool,
}

impl Writing<'_> {
    /// Writes a node; false, and nothing written, where it has no value.
    fn node(&mut self, node: &Node) -> bool {
        match node {
            Node::Leaf(leaf) => self.slot(*leaf, self.draft.slot(*leaf)),
            Node::ListLeaf(leaf) => match self.draft.slot(*leaf) {
                Slot::Empty => false,
                Slot::List { of } => {
                    for (i, text) in self.draft.list(of).enumerate() {
                        self.out.push(if i == 0 { b'[' } else { b',' });
                        write_text(text, self.plain, self.out);
                    }
                    self.out.push(b']');
                    true
                }
                single => {
                    self.out.push(b'[');
                    self.slot(*leaf, single);
                    self.out.push(b']');
                    true
                }
            },
            Node::Object(children) => {
                let start = self.out.len();
                self.out.push(b'{');
                let mut any = false;
                for (key, child) in children {
                    // Nothing is written for the many leaves that have nothing.
                    if let Node::Leaf(leaf) | Node::ListLeaf(leaf) = child
                        && self.draft.slot(*leaf) == Slot::Empty
                    {
                        continue;
                    }
                    let before = self.out.len();
                    // A key stands there with its comma.
                    self.out.extend_from_slice(&key[usize::from(!any)..]);
                    if self.node(child) {
                        any = true;
                    } else {
                        self.out.truncate(before);
                    }
                }
                self.close(b'}', any, start)
            }
            Node::Array(elements) => {
                let start = self.out.len();
                self.out.push(b'[');
                let mut any = false;
                for (element, rule) in elements {
                    if *rule == ElementRule::NeedsData && !has_data(element, self.draft) {
                        continue;
                    }
                    let before = self.out.len();
                    if any {
                        self.out.push(b',');
                    }
                    if self.node(element) {
                        any = true;
                    } else {
                        self.out.truncate(before);
                    }
                }
                self.close(b']', any, start)
            }
        }
    }

    /// Closes what began at `start`, or takes it back where it stayed empty.
    fn close(&mut self, bracket: u8, any: bool, start: usize) -> bool {
        if any {
            self.out.push(bracket);
        } else {
            self.out.truncate(start);
        }
        any
    }

    fn slot(&mut self, leaf: usize, slot: Slot) -> bool {
        let out = &mut *self.out;
        match slot {
            Slot::Empty => return false,
            Slot::Text { at } => write_text(self.draft.text(at), self.plain, out),
            Slot::Integer(n @ 0..=9) => out.push(b'0' + u8::try_from(n).unwrap_or(0)),
            Slot::Integer(n) => {
                let _ = write!(out, "{n}");
            }
            Slot::Boolean(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
            Slot::Date(date) => {
                write_date(date, out);
            }
            Slot::Link { .. } => {
                out.push(b'"');
                self.holes.push(Hole {
                    at: out.len(),
                    leaf,
                });
                out.push(b'"');
            }
            Slot::Raw { at } => out.extend_from_slice(self.draft.text(at).as_bytes()),
            Slot::List { of } => {
                // A list on a single field: its texts, joined, are what the field can hold.
                let joined = self.draft.list(of).collect::<Vec<_>>().join(", ");
                write_text(&joined, false, out);
            }
        }
        true
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

/// `"yyyy-MM-dd"`, digit by digit: this is done for every date of every row.
fn write_date(date: jiff::civil::Date, out: &mut Vec<u8>) {
    // Dates of the draft lie in the years 0 to 9999.
    let (year, month, day) = (
        date.year().unsigned_abs(),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    );
    let digit = |n: u16| b'0' + u8::try_from(n % 10).unwrap_or(0);
    let (month, day) = (u16::from(month), u16::from(day));
    out.extend_from_slice(&[
        b'"',
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(day / 10),
        digit(day),
        b'"',
    ]);
}

/// Whether JSON writes any byte of `text` in another way.
fn must_be_escaped(text: &str) -> bool {
    // Not cut short, so that many bytes are looked at at once.
    text.bytes().fold(0_u8, |escaped, b| {
        escaped | u8::from(b < b' ') | u8::from(b == b'"') | u8::from(b == b'\\')
    }) != 0
}

fn write_text(text: &str, plain: bool, out: &mut Vec<u8>) {
    if plain || !must_be_escaped(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        return out.push(b'"');
    }
    // Writing a str into a Vec cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::super::draft::{LeafInfo, PathSegment};
    use super::*;

    fn path(text: &str) -> Vec<PathSegment> {
        let mut segments = Vec::new();
        for part in text.split('.') {
            match part.split_once('[') {
                Some((name, index)) => {
                    segments.push(PathSegment::Name(name.into()));
                    segments.push(PathSegment::Index(
                        index.trim_end_matches(']').parse().unwrap(),
                    ));
                }
                None => segments.push(PathSegment::Name(part.into())),
            }
        }
        segments
    }

    fn shape(fields: &[(&str, &str, bool)]) -> Shape {
        let leaves = fields
            .iter()
            .map(|(p, catalogue_path, from_columns)| LeafInfo {
                path: (*p).into(),
                field: catalogue::find(catalogue_path).unwrap().1,
                required: false,
                from_columns: *from_columns,
            })
            .collect();
        Shape::new(
            &fields.iter().map(|(p, ..)| path(p)).collect::<Vec<_>>(),
            leaves,
        )
    }

    #[test]
    fn keys_stand_in_documented_order_and_empties_leave_nothing() {
        let shape = shape(&[
            ("partnerCriteria.isW2", "partnerCriteria.isW2", true),
            (
                "organization.addresses[0].city",
                "organization.addresses[].city",
                true,
            ),
            (
                "organization.addresses[0].addressType",
                "organization.addresses[].addressType",
                false,
            ),
            (
                "organization.businessName",
                "organization.businessName",
                true,
            ),
            (
                "organization.integrationMetadata.b",
                "organization.integrationMetadata",
                true,
            ),
            (
                "organization.integrationMetadata.a",
                "organization.integrationMetadata",
                true,
            ),
        ]);
        let mut draft = Draft::default();
        draft.reset(6);
        draft.set(2, Slot::Integer(1), false);
        draft.set_text(3, "Müller \"&\" Söhne\n", true);
        draft.set_text(4, "2", true);
        draft.set_text(5, "1", true);
        let mut out = Vec::new();
        assert!(write_payload(&shape, &draft, &mut out).is_empty());
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"organization":{"businessName":"Müller \"&\" Söhne\n","integrationMetadata":{"a":"1","b":"2"}}}"#
        );
    }

    #[test]
    fn an_id_is_put_where_its_link_stands() {
        let shape = shape(&[
            ("organization.parentId", "organization.parentId", true),
            (
                "organization.businessName",
                "organization.businessName",
                true,
            ),
        ]);
        let mut draft = Draft::default();
        draft.reset(2);
        let at = draft.push_text("P-1");
        draft.set(0, Slot::Link { at }, true);
        draft.set_text(1, "A", true);
        let mut out = Vec::new();
        let holes = write_payload(&shape, &draft, &mut out);
        let body = Body::new(out);
        let filled = body.filled(holes.iter().map(|h| (h.at, "id-7")));
        assert_eq!(
            String::from_utf8(filled).unwrap(),
            r#"{"organization":{"parentId":"id-7","businessName":"A"}}"#
        );
        assert_eq!(
            format!("{body:?}"),
            format!("Body({} bytes)", body.bytes().len())
        );
    }
}
