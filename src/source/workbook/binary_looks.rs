//! The looks of the cells of an XLSB workbook, whose parser goes by the number of a format alone where that is one of
//! Excel's own, and takes too many of the other formats for dates.
//!
//! The parser does not say which style a cell has, so a second reader walks the sheet's records beside it. It does so
//! only where a style needs a look. Source of the records: [MS-XLSB] 2.1.4 and 2.4.

use std::collections::HashMap;
use std::io::{self, BufReader, Read};

use zip::ZipArchive;

use super::look::Look;
use crate::source::input::Input;

/// Bytes of a record that are looked at: any format's code and any sheet's name fits into them.
const LOOKED_AT: u64 = 4096;
/// Cells that are nothing but their style; all others up to the last one have a value.
const FIRST_VALUE: u16 = 0x0002;
const LAST_VALUE: u16 = 0x000A;
const ROW: u16 = 0x0000;
const BEGIN_ROWS: u16 = 0x0091;
const END_ROWS: u16 = 0x0092;
const FORMAT: u16 = 0x002C;
const STYLE: u16 = 0x002F;
const BEGIN_CELL_STYLES: u16 = 0x0269;
const END_CELL_STYLES: u16 = 0x026A;
const BOOK_PROPERTIES: u16 = 0x0099;
const SHEET: u16 = 0x009C;
/// A sheet has relations only where this is not what stands for the length of their name.
const NO_RELATION: u32 = u32::MAX;

/// Cell styles that need a look, and the sheet to walk.
#[derive(Debug)]
pub(super) struct BinaryLooks {
    /// The number of the sheet's part in the archive.
    pub(super) part: usize,
    pub(super) from_1904: bool,
    /// For each cell style, in order.
    pub(super) styles: Vec<Option<Look>>,
}

/// What the part of a workbook says: the relation of the sheet with this name, and whether days count from 1904.
pub(super) fn read_book(part: impl Read, sheet: &str) -> io::Result<(Option<String>, bool)> {
    let mut records = Records::of(part);
    let (mut relation, mut from_1904) = (None, false);
    while let Some(kind) = records.next()? {
        let body = &records.body[..];
        match kind {
            BOOK_PROPERTIES => from_1904 = body.first().is_some_and(|flags| flags & 1 == 1),
            SHEET if relation.is_none() => {
                // State and number of the sheet stand before.
                let found = body.get(8..).and_then(|rest| {
                    let (id, rest) = wide_text(rest)?;
                    let (name, _) = wide_text(rest)?;
                    (name == sheet).then_some(id)
                });
                relation = found;
            }
            _ => {}
        }
    }
    Ok((relation, from_1904))
}

/// The looks of the cell styles that the part of the styles has; none where none of them needs one.
pub(super) fn read_styles(part: impl Read) -> io::Result<Option<Vec<Option<Look>>>> {
    let mut records = Records::of(part);
    let mut codes: HashMap<u16, String> = HashMap::new();
    let mut styles = Vec::new();
    let mut is_of_cells = false;
    while let Some(kind) = records.next()? {
        let body = &records.body[..];
        let word = |at: usize| Some(u16::from_le_bytes([*body.get(at)?, *body.get(at + 1)?]));
        match kind {
            FORMAT => {
                let code = body.get(2..).and_then(wide_text);
                if let (Some(id), Some((code, _))) = (word(0), code) {
                    codes.insert(id, code);
                }
            }
            BEGIN_CELL_STYLES => is_of_cells = true,
            END_CELL_STYLES => break,
            STYLE if is_of_cells => {
                let id = word(2).unwrap_or(0);
                let code = codes.get(&id);
                styles.push(code.and_then(|code| Look::beside_built_in(id, code)));
            }
            _ => {}
        }
    }
    Ok(styles.iter().any(Option::is_some).then_some(styles))
}

/// A text with its length before it, and what stands behind it.
fn wide_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if length == NO_RELATION {
        return Some((String::new(), rest));
    }
    let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?.checked_mul(2)?)?;
    let units: Vec<u16> = (text.as_chunks::<2>().0.iter().copied())
        .map(u16::from_le_bytes)
        .collect();
    Some((String::from_utf16_lossy(&units), rest))
}

/// A walk over the cells of a sheet, beside the parser.
pub(super) struct StyleWalk<'l, R> {
    records: Records<R>,
    looks: &'l BinaryLooks,
    row: u32,
    has_begun: bool,
}

/// An archive of its own, since the parser keeps the other one.
pub(super) fn open_archive(input: &Input) -> io::Result<ZipArchive<impl Read + io::Seek + use<>>> {
    ZipArchive::new(BufReader::new(input.open())).map_err(io::Error::other)
}

impl<'l, R: Read> StyleWalk<'l, R> {
    pub(super) fn new(sheet: R, looks: &'l BinaryLooks) -> Self {
        Self {
            records: Records::of(sheet),
            looks,
            row: 0,
            has_begun: false,
        }
    }

    /// The look of the next cell with a value, which the parser found at this place.
    ///
    /// # Errors
    /// Where the walk meets another cell than the parser, or none.
    pub(super) fn next(&mut self, row: u32, column: u32) -> io::Result<Option<&'l Look>> {
        while let Some(kind) = self.records.next()? {
            let body = &self.records.body[..];
            let number = |at: usize| Some(u32::from_le_bytes(*body.get(at..)?.first_chunk::<4>()?));
            match kind {
                BEGIN_ROWS => self.has_begun = true,
                END_ROWS => break,
                ROW if self.has_begun => self.row = number(0).unwrap_or(u32::MAX),
                FIRST_VALUE..=LAST_VALUE if self.has_begun => {
                    if (self.row, number(0)) != (row, Some(column)) {
                        break;
                    }
                    // The style has three bytes of these four.
                    let style = number(4).map_or(usize::MAX, |n| (n & 0x00ff_ffff) as usize);
                    return Ok(self.looks.styles.get(style).and_then(Option::as_ref));
                }
                _ => {}
            }
        }
        Err(io::Error::other("its cells are not where its styles are"))
    }
}

/// The records of a part, one after the other: the kind of each, and the first bytes of its body.
struct Records<R> {
    part: BufReader<R>,
    body: Vec<u8>,
}

impl<R: Read> Records<R> {
    fn of(part: R) -> Self {
        Self {
            part: BufReader::new(part),
            body: Vec::new(),
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.part.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// The kind of the next record; none at the end of the part.
    fn next(&mut self) -> io::Result<Option<u16>> {
        let first = match self.byte() {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            first => first?,
        };
        let mut kind = u16::from(first & 0x7f);
        if first & 0x80 != 0 {
            kind |= u16::from(self.byte()? & 0x7f) << 7;
        }
        let mut length = 0;
        for place in 0..4 {
            let byte = self.byte()?;
            length |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        self.body.clear();
        let mut body = (&mut self.part).take(length);
        (&mut body).take(LOOKED_AT).read_to_end(&mut self.body)?;
        io::copy(&mut body, &mut io::sink())?;
        Ok(Some(kind))
    }
}
