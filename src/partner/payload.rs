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
    let mut holes = Vec::new();
    if !write_node(&shape.root, draft, out, &mut holes) {
        out.extend_from_slice(b"{}");
    }
    holes
}

/// Writes a node; false, and nothing written, where it has no value.
fn write_node(node: &Node, draft: &Draft, out: &mut Vec<u8>, holes: &mut Vec<Hole>) -> bool {
    match node {
        Node::Leaf(leaf) => write_slot(*leaf, draft.slot(*leaf), draft, out, holes),
        Node::ListLeaf(leaf) => match draft.slot(*leaf) {
            Slot::Empty => false,
            Slot::List { of } => {
                for (i, text) in draft.list(of).enumerate() {
                    out.push(if i == 0 { b'[' } else { b',' });
                    write_text(text, out);
                }
                out.push(b']');
                true
            }
            single => {
                out.push(b'[');
                write_slot(*leaf, single, draft, out, holes);
                out.push(b']');
                true
            }
        },
        Node::Object(children) => {
            let start = out.len();
            out.push(b'{');
            let mut any = false;
            for (key, child) in children {
                // Nothing is written for the many leaves that have nothing.
                if let Node::Leaf(leaf) | Node::ListLeaf(leaf) = child
                    && draft.slot(*leaf) == Slot::Empty
                {
                    continue;
                }
                let before = out.len();
                if any {
                    out.push(b',');
                }
                out.extend_from_slice(key);
                if write_node(child, draft, out, holes) {
                    any = true;
                } else {
                    out.truncate(before);
                }
            }
            if any {
                out.push(b'}');
            } else {
                out.truncate(start);
            }
            any
        }
        Node::Array(elements) => {
            let start = out.len();
            out.push(b'[');
            let mut any = false;
            for (element, rule) in elements {
                if *rule == ElementRule::NeedsData && !has_data(element, draft) {
                    continue;
                }
                let before = out.len();
                if any {
                    out.push(b',');
                }
                if write_node(element, draft, out, holes) {
                    any = true;
                } else {
                    out.truncate(before);
                }
            }
            if any {
                out.push(b']');
            } else {
                out.truncate(start);
            }
            any
        }
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

fn write_slot(
    leaf: usize,
    slot: Slot,
    draft: &Draft,
    out: &mut Vec<u8>,
    holes: &mut Vec<Hole>,
) -> bool {
    match slot {
        Slot::Empty => return false,
        Slot::Text { at } => write_text(draft.text(at), out),
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
            holes.push(Hole {
                at: out.len(),
                leaf,
            });
            out.push(b'"');
        }
        Slot::Raw { at } => out.extend_from_slice(draft.text(at).as_bytes()),
        Slot::List { of } => {
            // A list on a single field: its texts, joined, are what the field can hold.
            let joined = draft.list(of).collect::<Vec<_>>().join(", ");
            write_text(&joined, out);
        }
    }
    true
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

fn write_text(text: &str, out: &mut Vec<u8>) {
    // Not cut short, so that many bytes are looked at at once.
    let escaped = text.bytes().fold(0_u8, |escaped, b| {
        escaped | u8::from(b < b' ') | u8::from(b == b'"') | u8::from(b == b'\\')
    });
    if escaped == 0 {
        out.reserve(text.len() + 2);
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
