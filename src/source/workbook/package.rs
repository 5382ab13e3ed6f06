//! Workbooks that are zip archives (XLSX, XLSB, ODS), looked at before a parser takes them in.
//!
//! What a parser loads whole is measured first, so that a small file cannot unpack into all of memory; and
//! what calamine does not tell is read here: hidden rows, merged cells, formulas whose result was never
//! stored.

use std::collections::HashSet;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::super::error::SourceError;
use super::super::input::Input;
use super::gate::{Gate, Gated};
use super::guard::EventLimit;
use super::plain::is_plain;
use super::unpacked::ShownSheets;
use super::{Facts, Kind};

/// Bytes that a part loaded whole may unpack to: shared strings, styles.
const PART_BYTES: u64 = 256 * 1024 * 1024;
/// A packed part below this size cannot become large: deflate makes at most 1,032 bytes of one.
const HARMLESS_BYTES: u64 = 64 * 1024;
/// Bytes that the streamed sheet may unpack to: the largest sheet Excel can hold, generously.
const SHEET_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// Cells of an ODS workbook, repeated ones counted: it is loaded whole.
const ODS_CELLS: u64 = 10_000_000;
/// Formulas without a result that are remembered.
const MOST_VALUELESS: usize = 1_000_000;

/// An opened archive.
pub(super) struct Package {
    archive: ZipArchive<BufReader<Gated>>,
    gate: Arc<Gate>,
    input: Input,
    names: Vec<String>,
    sheets: ShownSheets,
}

impl Package {
    /// Opens the archive and refuses parts that would not fit in memory.
    pub(super) fn open(input: &Input, gate: &Arc<Gate>) -> Result<(Self, Kind), SourceError> {
        let path = input.path();
        let stream = input.open().map_err(|e| SourceError::open(path, e))?;
        let archive = ZipArchive::new(BufReader::new(Gated::leader(stream, gate)))
            .map_err(|e| broken(input, format!("its zip archive is broken: {e}")))?;
        let names: Vec<String> = (0..archive.len())
            .map(|i| match archive.name_for_index(i) {
                Some(Ok(name)) => name.into_owned(),
                _ => String::new(),
            })
            .collect();
        let kind = if names.iter().any(|n| n == "mimetype") {
            Kind::Ods
        } else if names.iter().any(|n| n.ends_with("workbook.bin")) {
            Kind::Xlsb
        } else {
            Kind::Xlsx
        };
        let mut package = Self {
            archive,
            gate: Arc::clone(gate),
            input: input.clone(),
            names,
            sheets: ShownSheets::default(),
        };
        package.measure()?;
        let names = &package.names;
        let sheets = (0..names.len()).filter(|i| {
            let name = names[*i].to_ascii_lowercase();
            name.contains("/worksheets/") && matches!(extension(&name), "xml" | "bin")
        });
        package.sheets = ShownSheets::of(&mut package.archive, input, sheets)
            .map_err(|e| SourceError::read(path, e))?;
        Ok((package, kind))
    }

    /// What a parser may be shown unpacked.
    pub(super) fn sheets(&self) -> &ShownSheets {
        &self.sheets
    }

    /// Unpacks, and throws away, every part that a parser loads whole.
    fn measure(&mut self) -> Result<(), SourceError> {
        for index in 0..self.names.len() {
            let name = self.names[index].to_ascii_lowercase();
            let part = matches!(extension(&name), "xml" | "bin" | "rels");
            if !part || name.contains("/worksheets/") {
                continue;
            }
            let input = self.input.clone();
            let member = self
                .archive
                .by_index(index)
                .map_err(|e| broken(&input, format!("\"{name}\" in it cannot be read: {e}")))?;
            if member.compressed_size() < HARMLESS_BYTES {
                continue;
            }
            let mut limited = member.take(PART_BYTES + 1);
            let size = io::copy(&mut limited, &mut io::sink())
                .map_err(|e| broken(&input, format!("\"{name}\" in it cannot be read: {e}")))?;
            if size > PART_BYTES {
                return Err(too_large(
                    &input,
                    format!("\"{name}\" in it unpacks to more than 256 MiB"),
                ));
            }
        }
        self.shared_strings()
    }

    /// The number of shared strings that is promised is reserved at once; a lie would take all memory.
    fn shared_strings(&mut self) -> Result<(), SourceError> {
        let Some(index) = self
            .names
            .iter()
            .position(|n| n.to_ascii_lowercase().ends_with("sharedstrings.xml"))
        else {
            return Ok(());
        };
        let input = self.input.clone();
        let mut promised = 0_u64;
        let mut read = 0_u64;
        self.events(index, PART_BYTES, &mut |event| {
            let Seen::Start(tag) = event else {
                return Ok(true);
            };
            match tag.local_name().as_ref() {
                b"sst" => {
                    promised = attribute(tag, "uniqueCount")
                        .and_then(|v| v.parse().ok())
                        .unwrap_or(0);
                    // Most books have a few thousand; only a large promise is worth a count.
                    return Ok(promised > 100_000);
                }
                b"si" => read += 1,
                _ => {}
            }
            Ok(read < promised)
        })?;
        if promised > 100_000 && read < promised {
            return Err(broken(
                &input,
                format!("it promises {promised} shared strings and has {read}"),
            ));
        }
        Ok(())
    }

    /// Finds the sheet's part and names it to the gate: it is to be parsed behind [`Package::sheet_facts`].
    pub(super) fn name_sheet(&mut self, sheet: &str) -> Option<usize> {
        let part = self.sheet_part(sheet)?;
        let member = self.archive.by_index(part).ok()?;
        let start = member.data_start()?;
        let bytes = start..start + member.compressed_size();
        drop(member);
        self.gate.name(bytes);
        Some(part)
    }

    /// What the sheet of an XLSX workbook holds beside its values.
    pub(super) fn sheet_facts(&mut self, part: Option<usize>) -> Result<Facts, SourceError> {
        let lead = self.gate.lead();
        let facts = self.look_over(part)?;
        lead.found_good();
        Ok(facts)
    }

    fn look_over(&mut self, part: Option<usize>) -> Result<Facts, SourceError> {
        let parts = match part {
            Some(index) => vec![index],
            // Where the sheet's part is not found by name, all of them are looked at for their size.
            None => (0..self.names.len())
                .filter(|i| {
                    self.names[*i].contains("/worksheets/") && extension(&self.names[*i]) == "xml"
                })
                .collect(),
        };
        let known = parts.len() == 1;
        let mut facts = Facts::default();
        for index in parts {
            let found = self.scan_sheet(index)?;
            if known {
                facts = found;
            }
        }
        Ok(facts)
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n.eq_ignore_ascii_case(name))
    }

    /// The archive's part of a sheet, by the workbook's own list and relations.
    fn sheet_part(&mut self, sheet: &str) -> Option<usize> {
        let book = self
            .names
            .iter()
            .position(|n| n.ends_with("workbook.xml"))?;
        let (folder, file) = match self.names[book].rsplit_once('/') {
            Some((folder, file)) => (format!("{folder}/"), file.to_owned()),
            None => (String::new(), self.names[book].clone()),
        };
        let mut relation = None;
        self.events(book, PART_BYTES, &mut |event| {
            if let Seen::Start(tag) = event
                && tag.local_name().as_ref() == b"sheet"
                && attribute(tag, "name").as_deref() == Some(sheet)
            {
                relation = tag
                    .attributes()
                    .with_checks(false)
                    .flatten()
                    .find(|a| a.key.local_name().as_ref() == b"id")
                    .and_then(|a| String::from_utf8(a.value.into_owned()).ok());
            }
            Ok(relation.is_none())
        })
        .ok()?;
        let relation = relation?;
        let relations = self.index_of(&format!("{folder}_rels/{file}.rels"))?;
        let mut target = None;
        self.events(relations, PART_BYTES, &mut |event| {
            if let Seen::Start(tag) = event
                && tag.local_name().as_ref() == b"Relationship"
                && attribute(tag, "Id").as_deref() == Some(relation.as_str())
            {
                target = attribute(tag, "Target");
            }
            Ok(target.is_none())
        })
        .ok()?;
        let target = target?;
        match target.strip_prefix('/') {
            Some(absolute) => self.index_of(absolute),
            None => self.index_of(&format!("{folder}{target}")),
        }
    }

    fn scan_sheet(&mut self, index: usize) -> Result<Facts, SourceError> {
        let mut facts = Facts::default();
        let gate = Arc::clone(&self.gate);
        let plain = self.archive.by_index(index).is_ok_and(|member| {
            let looked = is_plain(member.take(SHEET_BYTES), &|| gate.passed());
            looked.is_ok_and(|plain| plain)
        });
        if plain {
            return Ok(facts);
        }
        let (mut row, mut column) = (0_u64, 0_u64);
        let (mut formula, mut value, mut in_value, mut hidden) = (false, false, false, false);
        let input = self.input.clone();
        self.events(index, SHEET_BYTES, &mut |event| {
            match event {
                Seen::Start(tag) => match tag.local_name().as_ref() {
                    b"row" => {
                        row = match attribute(tag, "r").and_then(|r| r.parse().ok()) {
                            Some(number) => number,
                            None => row + 1,
                        };
                        column = 0;
                        hidden = is_true(attribute(tag, "hidden").as_deref());
                    }
                    b"c" => {
                        if std::mem::take(&mut hidden) {
                            facts.hide(row);
                        }
                        (formula, value) = (false, false);
                        column = match attribute(tag, "r") {
                            Some(place) => column_of(&place).unwrap_or(column + 1),
                            None => column + 1,
                        };
                    }
                    b"f" => formula = true,
                    b"v" | b"is" => in_value = true,
                    b"mergeCell" => facts.merge(attribute(tag, "ref").unwrap_or_default()),
                    _ => {}
                },
                Seen::Text => value |= in_value,
                Seen::End(name) => match name {
                    b"v" | b"is" => in_value = false,
                    b"c" if formula && !value => {
                        if facts.valueless.len() >= MOST_VALUELESS {
                            return Err(too_large(
                                &input,
                                "more than a million formulas have no stored result",
                            ));
                        }
                        facts.valueless.insert((row, column));
                    }
                    _ => {}
                },
            }
            Ok(true)
        })?;
        Ok(facts)
    }

    /// Refuses an ODS workbook whose repeated rows and cells would fill memory; tells its hidden rows.
    pub(super) fn ods_facts(&mut self, sheet: Option<&str>) -> Result<Facts, SourceError> {
        let Some(content) = self.index_of("content.xml") else {
            return Err(broken(&self.input, "it has no content.xml"));
        };
        let input = self.input.clone();
        let mut facts = Facts::default();
        let (mut cells, mut row, mut column) = (0_u64, 0_u64, 0_u64);
        let (mut widest, mut filled_rows, mut repeat) = (0_u64, 0_u64, 1_u64);
        let (mut wanted, mut hidden) = (false, false);
        let mut filled = 0_u64;
        self.events(content, PART_BYTES, &mut |event| {
            match event {
                Seen::Start(tag) => match tag.name().as_ref() {
                    b"table:table" => {
                        (row, widest, filled_rows) = (0, 0, 0);
                        wanted =
                            sheet.is_some() && attribute(tag, "table:name").as_deref() == sheet;
                    }
                    b"table:table-row" => {
                        (column, filled) = (0, 0);
                        repeat = number(tag, "table:number-rows-repeated");
                        hidden = attribute(tag, "table:visibility").is_some_and(|v| v != "visible");
                    }
                    b"table:table-cell" | b"table:covered-table-cell" => {
                        column =
                            column.saturating_add(number(tag, "table:number-columns-repeated"));
                        if attribute(tag, "office:value-type").is_some() {
                            filled = column;
                        }
                    }
                    b"text:p" => filled = column,
                    _ => {}
                },
                Seen::End(b"table:table-row") => {
                    if wanted && hidden && filled > 0 {
                        facts.hide(row + 1);
                    }
                    row = row.saturating_add(repeat);
                    if filled > 0 {
                        widest = widest.max(filled);
                        filled_rows = row;
                    }
                }
                Seen::End(b"table:table") => {
                    cells = cells.saturating_add(widest.saturating_mul(filled_rows));
                    if cells > ODS_CELLS {
                        return Err(too_large(&input, "it has more than ten million cells"));
                    }
                }
                _ => {}
            }
            Ok(true)
        })?;
        Ok(facts)
    }

    /// Walks the events of a part, each bounded, and all of them together by `limit` bytes.
    fn events(
        &mut self,
        index: usize,
        limit: u64,
        each: &mut dyn FnMut(Seen<'_>) -> Result<bool, SourceError>,
    ) -> Result<(), SourceError> {
        let input = self.input.clone();
        let name = self.names[index].clone();
        let trouble = |e: &dyn std::fmt::Display| {
            broken(&input, format!("\"{name}\" in it cannot be read: {e}"))
        };
        let member = self.archive.by_index(index).map_err(|e| trouble(&e))?;
        let (limited, used) =
            EventLimit::new(BufReader::with_capacity(64 * 1024, member.take(limit)));
        let mut reader = Reader::from_reader(limited);
        reader.config_mut().check_end_names = false;
        let mut buffer = Vec::new();
        let gate = Arc::clone(&self.gate);
        let mut walked = 0_u64;
        loop {
            buffer.clear();
            used.set(0);
            walked += 1;
            if walked.is_multiple_of(1024) {
                gate.passed();
            }
            let event = match reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(e)) if e.kind() == io::ErrorKind::FileTooLarge => {
                    return Err(too_large(&input, format!("in \"{name}\", {e}")));
                }
                Err(e) => return Err(trouble(&e)),
            };
            let more = match event {
                Event::Start(tag) => each(Seen::Start(&tag))?,
                Event::Empty(tag) => {
                    let more = each(Seen::Start(&tag))?;
                    more && each(Seen::End(tag.local_or_full()))?
                }
                Event::End(tag) => each(Seen::End(local_or_full(tag.name().0)))?,
                Event::Text(text) => text.is_empty() || each(Seen::Text)?,
                Event::CData(_) | Event::GeneralRef(_) => each(Seen::Text)?,
                Event::Eof => return Ok(()),
                _ => true,
            };
            if !more {
                return Ok(());
            }
        }
    }
}

/// An event as the walks need it.
enum Seen<'e> {
    Start(&'e BytesStart<'e>),
    Text,
    End(&'e [u8]),
}

/// `table:table` keeps its prefix, `x:row` loses it: only `OpenDocument`'s own names hold one.
fn local_or_full(name: &[u8]) -> &[u8] {
    if name.starts_with(b"table:") || name.starts_with(b"text:") {
        name
    } else {
        name.rsplit(|b| *b == b':').next().unwrap_or(name)
    }
}

trait LocalOrFull {
    fn local_or_full(&self) -> &[u8];
}

impl LocalOrFull for BytesStart<'_> {
    fn local_or_full(&self) -> &[u8] {
        local_or_full(self.name().0)
    }
}

fn extension(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or("")
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok()??;
    found
        .normalized_value(quick_xml::XmlVersion::Explicit1_0)
        .ok()
        .map(std::borrow::Cow::into_owned)
}

fn number(tag: &BytesStart<'_>, name: &str) -> u64 {
    attribute(tag, name)
        .and_then(|v| v.parse().ok())
        .unwrap_or(1)
}

fn is_true(value: Option<&str>) -> bool {
    matches!(value, Some("1" | "true"))
}

/// The column of `AB12`, from 1.
fn column_of(place: &str) -> Option<u64> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let mut column = 0_u64;
    for letter in letters.take(4) {
        column = column * 26 + u64::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    (column > 0).then_some(column)
}

fn broken(input: &Input, reason: impl Into<String>) -> SourceError {
    SourceError::BrokenWorkbook {
        path: input.path().to_owned(),
        reason: reason.into(),
    }
}

fn too_large(input: &Input, reason: impl Into<String>) -> SourceError {
    SourceError::TooLarge {
        path: input.path().to_owned(),
        reason: reason.into(),
    }
}

/// Places of formulas whose result was never stored: row and column from 1.
pub(super) type Valueless = HashSet<(u64, u64)>;
