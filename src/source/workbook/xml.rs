//! Walking the XML of a workbook's part, event by event: each bounded, and all of them together by what is read.

use std::fmt::Display;
use std::io::{self, BufReader, Read};
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;

use super::damage::{broken, too_large};
use super::guard::EventLimit;
use crate::source::error::SourceError;
use crate::source::flow::Flow;

/// Bytes that are read ahead of the parser.
const READ_AHEAD: usize = 64 * 1024;
/// After so many events the caller hears how far the walk has come.
const EVENTS_BETWEEN_REPORTS: u64 = 1024;

/// A part of a workbook, as errors name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartName<'p> {
    pub(super) book: &'p Path,
    pub(super) part: &'p str,
}

impl PartName<'_> {
    pub(super) fn unreadable(self, error: &dyn Display) -> SourceError {
        let part = self.part;
        broken(
            self.book,
            format!("\"{part}\" in it cannot be read: {error}"),
        )
    }

    pub(super) fn too_large(self, reason: &dyn Display) -> SourceError {
        too_large(self.book, format!("in \"{}\", {reason}", self.part))
    }
}

/// What a walk meets.
pub(super) enum XmlEvent<'e> {
    Start(Tag<'e>),
    /// Text that is not empty, as it is written; none where it is a reference to a character or stands in CDATA.
    Text(Option<&'e str>),
    End(Name<'e>),
}

/// A tag's name.
#[derive(Clone, Copy)]
pub(super) struct Name<'e>(QName<'e>);

impl<'e> Name<'e> {
    /// Without its prefix: an XLSX workbook may choose any.
    pub(super) fn local(self) -> &'e str {
        self.0.local_name().into_inner()
    }

    /// With its prefix, by which the parser of ODS workbooks goes.
    pub(super) fn full(self) -> &'e str {
        self.0.into_inner()
    }
}

/// A tag that opens an element.
#[derive(Clone, Copy)]
pub(super) struct Tag<'e>(&'e BytesStart<'e>);

impl<'e> Tag<'e> {
    pub(super) fn name(self) -> Name<'e> {
        Name(self.0.name())
    }

    /// The value of an attribute by its full name; `None` also where it is damaged.
    pub(super) fn attribute(self, name: &str) -> Option<String> {
        let found = self.0.try_get_attribute(name).ok()??;
        let value = found.normalized_value(quick_xml::XmlVersion::Explicit1_0);
        value.ok().map(std::borrow::Cow::into_owned)
    }

    /// The value, as it is written, of the first attribute with this name behind any prefix.
    pub(super) fn prefixed_attribute(self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let mut read = attributes.with_checks(false).flatten();
        let found = read.find(|a| a.key.local_name().as_ref() == name)?;
        Some(found.value.into_owned())
    }

    /// How often something is repeated: once where the attribute does not say.
    pub(super) fn repetitions(self, name: &str) -> u64 {
        let number = self.attribute(name).and_then(|value| value.parse().ok());
        number.unwrap_or(1)
    }

    /// Whether an attribute has this value.
    pub(super) fn is(self, name: &str, value: &str) -> bool {
        let found = self.0.try_get_attribute(name);
        found.is_ok_and(|found| found.is_some_and(|a| a.value == value))
    }

    pub(super) fn is_true(self, name: &str) -> bool {
        matches!(self.attribute(name).as_deref(), Some("1" | "true"))
    }
}

/// Hands each event over until that is enough. `passed` is called now and then: all that came before was handed over.
///
/// # Errors
/// Those of `each`, and [`SourceError`]s for XML that is broken or holds an event of more than 16 MiB.
pub(super) fn walk(
    name: PartName<'_>,
    part: impl Read,
    passed: &dyn Fn(),
    each: &mut dyn FnMut(XmlEvent<'_>) -> Result<Flow, SourceError>,
) -> Result<(), SourceError> {
    let (limited, used) = EventLimit::new(BufReader::with_capacity(READ_AHEAD, part));
    let mut reader = Reader::from_reader(limited);
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    let mut walked = 0_u64;
    loop {
        buffer.clear();
        used.set(0);
        walked += 1;
        if walked.is_multiple_of(EVENTS_BETWEEN_REPORTS) {
            passed();
        }
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(e)) if e.kind() == io::ErrorKind::FileTooLarge => {
                return Err(name.too_large(&e));
            }
            Err(e) => return Err(name.unreadable(&e)),
        };
        let flow = match &event {
            Event::Start(tag) => each(XmlEvent::Start(Tag(tag)))?,
            Event::Empty(tag) => match each(XmlEvent::Start(Tag(tag)))? {
                Flow::More => each(XmlEvent::End(Name(tag.name())))?,
                Flow::Enough => Flow::Enough,
            },
            Event::End(tag) => each(XmlEvent::End(Name(tag.name())))?,
            Event::Text(text) if text.is_empty() => Flow::More,
            Event::Text(text) => each(XmlEvent::Text(Some(text.as_ref())))?,
            Event::CData(_) | Event::GeneralRef(_) => each(XmlEvent::Text(None))?,
            Event::Eof => Flow::Enough,
            _ => Flow::More,
        };
        if flow == Flow::Enough {
            return Ok(());
        }
    }
}
