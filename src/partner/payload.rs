//! The create-partner body exactly as sent.
//!
//! The shape is walked in documented order, once for each set of leaves that rows fill ([`Layout`]), and values go
//! straight into a byte buffer: no JSON tree is built. What leaves no value leaves no key; an object or element that
//! stays empty is taken back.

use std::fmt;
use std::io::Write as _;

use bytes::Bytes;

use super::draft::{Draft, Filled, Slot};
use super::layout::{Form, Layout};
use super::shape::Shape;

/// A place in the body where another partner's id goes once it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Byte offset in the body, between the quotes that stand there already.
    pub at: usize,
    /// The leaf it belongs to.
    pub leaf: usize,
}

/// A request body. It may hold bank data, so `Debug` shows only its length. A clone is the same bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Bytes);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

impl Body {
    /// Wraps the bytes of a body whose links are still open.
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The bytes without a copy, for a request that owns its body.
    #[must_use]
    pub fn shared(&self) -> Bytes {
        self.0.clone()
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

/// Layouts that a writer remembers.
const MOST_LAYOUTS: usize = 32;

/// Writes bodies of one shape.
#[derive(Debug)]
pub struct PayloadWriter {
    shape: Shape,
    layouts: Vec<(Filled, Layout)>,
    /// The one that was used last.
    last: usize,
}

impl PayloadWriter {
    /// A writer for bodies of `shape`.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        Self {
            shape: shape.clone(),
            layouts: Vec::new(),
            last: 0,
        }
    }

    /// Writes the body of `draft` behind what `out` holds and returns its holes, in ascending order.
    pub fn write(&mut self, draft: &Draft, out: &mut Vec<u8>) -> Vec<Hole> {
        let Some(filled) = draft.filled() else {
            return write_values(&Layout::of(&self.shape, draft), draft, out);
        };
        if self.layouts.get(self.last).is_none_or(|l| l.0 != filled) {
            let known = self.layouts.iter().position(|l| l.0 == filled);
            self.last = known.unwrap_or_else(|| self.remember(filled, draft));
        }
        write_values(&self.layouts[self.last].1, draft, out)
    }

    /// Makes the layout of these leaves; returns where it is. Where rows fill ever other leaves, layouts take turns.
    fn remember(&mut self, filled: Filled, draft: &Draft) -> usize {
        let layout = (filled, Layout::of(&self.shape, draft));
        if self.layouts.len() < MOST_LAYOUTS {
            self.layouts.push(layout);
            return self.layouts.len() - 1;
        }
        let at = (self.last + 1) % MOST_LAYOUTS;
        self.layouts[at] = layout;
        at
    }
}

/// Writes one body of `shape`.
pub fn write_payload(shape: &Shape, draft: &Draft, out: &mut Vec<u8>) -> Vec<Hole> {
    write_values(&Layout::of(shape, draft), draft, out)
}

fn write_values(layout: &Layout, draft: &Draft, out: &mut Vec<u8>) -> Vec<Hole> {
    let mut holes = Vec::new();
    // What is no text takes a few bytes.
    let needed = layout.literals.len() + draft.texts().len() + layout.places.len() * 12;
    out.reserve(needed);
    let plain = !must_be_escaped(draft.texts());
    let mut from = 0;
    for place in &layout.places {
        out.extend_from_slice(&layout.literals[from..place.end]);
        from = place.end;
        match (place.form, draft.slot(place.leaf)) {
            (Form::Text, Slot::Text { at }) if plain => {
                out.extend_from_slice(draft.bytes(at));
            }
            (Form::Text, Slot::Text { at }) => write_escaped(draft.text(at), out),
            (Form::Value, Slot::Date(date)) => write_date(date, out),
            (Form::Value, Slot::Boolean(b)) => write_boolean(b, out),
            (Form::List, slot) => write_list(place.leaf, slot, draft, plain, out, &mut holes),
            (_, slot) => write_slot(place.leaf, slot, draft, plain, out, &mut holes),
        }
    }
    out.extend_from_slice(&layout.literals[from..]);
    holes
}

fn write_list(
    leaf: usize,
    slot: Slot,
    draft: &Draft,
    plain: bool,
    out: &mut Vec<u8>,
    holes: &mut Vec<Hole>,
) {
    out.push(b'[');
    if let Slot::List { of } = slot {
        for (i, text) in draft.list(of).enumerate() {
            if i > 0 {
                out.push(b',');
            }
            write_text(text, plain, out);
        }
    } else {
        write_slot(leaf, slot, draft, plain, out, holes);
    }
    out.push(b']');
}

fn write_slot(
    leaf: usize,
    slot: Slot,
    draft: &Draft,
    plain: bool,
    out: &mut Vec<u8>,
    holes: &mut Vec<Hole>,
) {
    match slot {
        Slot::Empty => {}
        Slot::Text { at } => write_text(draft.text(at), plain, out),
        Slot::Integer(n @ 0..=9) => out.push(b'0' + u8::try_from(n).unwrap_or(0)),
        Slot::Integer(n) => {
            let _ = write!(out, "{n}");
        }
        Slot::Boolean(b) => write_boolean(b, out),
        Slot::Date(date) => write_date(date, out),
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
            write_text(&joined, false, out);
        }
    }
}

fn write_boolean(b: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if b { b"true" } else { b"false" });
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
    out.push(b'"');
    if plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        write_escaped(text, out);
    }
    out.push(b'"');
}

/// A text between its quotes.
fn write_escaped(text: &str, out: &mut Vec<u8>) {
    if !must_be_escaped(text) {
        return out.extend_from_slice(text.as_bytes());
    }
    let before = out.len();
    // Writing a str into a Vec cannot fail.
    let _ = serde_json::to_writer(&mut *out, text);
    // Its own quotes are taken off.
    out.pop();
    out.remove(before);
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::super::shape::{LeafInfo, PathSegment};
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
